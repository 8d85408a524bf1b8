"""What automations watch: entries as they come and go, prices of any pair."""

from collections.abc import Callable
from decimal import Decimal
import logging

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import ulid as ulid_util

from .const import DOMAIN
from .coordinator import CexioConfigEntry
from .market import PriceListener

_LOGGER = logging.getLogger(__name__)

type Attach = Callable[[CexioConfigEntry], CALLBACK_TYPE]


@callback
def meant_entries(
    hass: HomeAssistant, entry_id: str | None, *, with_account: bool
) -> list[CexioConfigEntry]:
    """Return the loaded entries that an automation means; without an id all that fit."""
    entries: list[CexioConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return [
        entry
        for entry in entries
        if entry_id in (None, entry.entry_id)
        and (entry.runtime_data.account is not None or not with_account)
    ]


class EntryWatch:
    """Attaches something to entries while they are loaded.

    An automation is set up once, its entry may be loaded later and as often as it likes.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str | None,
        attach: Attach,
        *,
        with_account: bool = False,
    ) -> None:
        """Prepare; with an account every entry that fits is meant, else one is enough."""
        self._hass = hass
        self._entry_id = entry_id
        self._attach = attach
        self._with_account = with_account
        self._attached: dict[str, CALLBACK_TYPE] = {}
        self._disconnect: CALLBACK_TYPE | None = None

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Attach to what is loaded now and later; the answer ends it."""
        self._disconnect = async_dispatcher_connect(
            self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_changed
        )
        self._async_update()
        return self.async_stop

    @callback
    def async_stop(self) -> None:
        """Detach from everything."""
        if self._disconnect is not None:
            self._disconnect()
            self._disconnect = None
        for entry_id in tuple(self._attached):
            self._attached.pop(entry_id)()

    @callback
    def _async_changed(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Follow an entry that came or went."""
        if entry.domain == DOMAIN:
            self._async_update()

    @callback
    def _async_update(self) -> None:
        """Bring what is attached in line with what is loaded."""
        meant = {
            entry.entry_id: entry
            for entry in meant_entries(
                self._hass, self._entry_id, with_account=self._with_account
            )
        }
        for entry_id in self._attached.keys() - meant.keys():
            self._attached.pop(entry_id)()
        for entry_id, entry in meant.items():
            # A price is the same wherever it is read: one entry is enough.
            if self._attached and not self._with_account:
                return
            if entry_id not in self._attached:
                self._attached[entry_id] = self._attach(entry)


@callback
def async_watch_price(
    hass: HomeAssistant, entry: CexioConfigEntry, pair: str, listener: PriceListener
) -> CALLBACK_TYPE:
    """Keep the book of a pair and tell each of its prices, the present one at once."""
    runtime = entry.runtime_data
    markets = runtime.markets
    if pair not in runtime.reference.data.pairs:
        _LOGGER.warning("An automation waits for %s, which is not traded", pair)
        return _nothing
    reason = f"automation_{ulid_util.ulid_now()}"

    @callback
    def take(changed: str, price: Decimal) -> None:
        """Hand on the prices of this pair."""
        if changed == pair:
            listener(pair, price)

    stop_listening = markets.async_listen_prices(take)
    # The pair is followed at once; only the question to the exchange takes its time.
    entry.async_create_background_task(
        hass, markets.async_follow(pair, reason), f"{DOMAIN} {reason}"
    )
    if (price := markets.markets[pair].newest.mid) is not None:
        listener(pair, price)

    @callback
    def stop() -> None:
        """Let the pair go, unless the entry has let go of everything."""
        stop_listening()
        if entry.state is ConfigEntryState.LOADED:
            entry.async_create_background_task(
                hass, markets.async_unfollow(pair, reason), f"{DOMAIN} {reason}"
            )

    return stop


@callback
def _nothing() -> None:
    """Stop what was not begun."""
