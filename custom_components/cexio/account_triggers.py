"""Triggers on an account: a balance that changed, a stream that is lost."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, override

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, CONF_FOR
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.trigger import (
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)

from .actions.common import ATTR_ACCOUNT_ID, positive_decimal
from .automation_fields import ENTRY_FIELDS
from .const import CONF_KIND, DOMAIN, KIND_ACCOUNT
from .coordinator import CexioConfigEntry
from .exchange import Balance
from .price_moves import Direction
from .representation import plain
from .schema import vol
from .trigger_base import DIRECTION_FIELDS, CexioTrigger, is_wanted
from .watching import EntryWatch

CONF_AMOUNT = "amount"
CONF_BALANCE = "balance"
CONF_CURRENCY = "currency"
BALANCES = ("total", "available", "on_hold")


class BalanceChanged(CexioTrigger):
    """Fires when a balance has changed by some amount since it last did."""

    fields: ClassVar[Mapping[Any, Any]] = {
        **ENTRY_FIELDS,
        vol.Required(CONF_CURRENCY): vol.All(cv.string, vol.Upper),
        vol.Optional(CONF_AMOUNT): positive_decimal,
        vol.Optional(CONF_BALANCE, default="total"): vol.In(BALANCES),
        vol.Optional(ATTR_ACCOUNT_ID): cv.string,
        **DIRECTION_FIELDS,
    }

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Begin with nothing to compare with."""
        super().__init__(hass, config)
        self._known: dict[str, dict[str, Decimal]] = {}

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Follow the balances of every account that is meant."""

        @callback
        def attach(entry: CexioConfigEntry) -> CALLBACK_TYPE:
            """Follow the balances of one entry."""
            account = entry.runtime_data.account
            assert account is not None
            coordinator = account.balances

            @callback
            def take() -> None:
                """Fire for each account whose balance changed enough."""
                currency = self._options[CONF_CURRENCY]
                known = self._known.get(entry.entry_id)
                found: dict[str, Decimal] = dict.fromkeys(known or (), Decimal())
                for account_id, balances in coordinator.data.items():
                    balance = balances.get(currency)
                    found[account_id] = self._value(balance) if balance else Decimal()
                if known is None:
                    self._known[entry.entry_id] = found
                    return
                for account_id, value in found.items():
                    payload = self._see(known, account_id, value)
                    if payload is not None:
                        payload[ATTR_CONFIG_ENTRY_ID] = entry.entry_id
                        run_action(payload, f"balance of {currency}")

            take()
            return coordinator.async_add_listener(take)

        watch = EntryWatch(self._hass, self._entry_id, attach, with_account=True)
        return watch.async_start()

    def _value(self, balance: Balance) -> Decimal:
        """Return what of a balance is followed."""
        value: Decimal = getattr(balance, self._options[CONF_BALANCE])
        return value

    def _see(
        self, known: dict[str, Decimal], account_id: str, value: Decimal
    ) -> dict[str, Any] | None:
        """Return what to tell of a balance, None if it is not waited for."""
        options = self._options
        # An account that was not there before held nothing.
        change = value - known.setdefault(account_id, Decimal())
        if not change or abs(change) < options.get(CONF_AMOUNT, 0):
            return None
        known[account_id] = value
        direction = Direction.UP if change > 0 else Direction.DOWN
        is_meant = options.get(ATTR_ACCOUNT_ID, account_id) == account_id
        if not is_meant or not is_wanted(options, direction):
            return None
        return {
            ATTR_ACCOUNT_ID: account_id,
            CONF_CURRENCY: options[CONF_CURRENCY],
            CONF_BALANCE: plain(value),
            "change": plain(change),
            "direction": direction.value,
        }


# In these states an entry is on its way somewhere, and nothing is to be concluded.
_PASSING = {
    ConfigEntryState.SETUP_IN_PROGRESS,
    ConfigEntryState.UNLOAD_IN_PROGRESS,
}
# In these there should be a stream, and is none.
_FAILED = {ConfigEntryState.SETUP_ERROR, ConfigEntryState.SETUP_RETRY}


class StreamLost(CexioTrigger):
    """Fires when an account's stream has been lost for some time."""

    fields: ClassVar[Mapping[Any, Any]] = {
        **ENTRY_FIELDS,
        vol.Optional(CONF_FOR, default={"minutes": 5}): cv.positive_time_period,
    }

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Begin without anything lost."""
        super().__init__(hass, config)
        self._timers: dict[str, CALLBACK_TYPE] = {}
        self._run_action: TriggerActionRunner | None = None

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Follow the streams, and the entries that cannot be loaded at all."""
        self._run_action = run_action

        @callback
        def attach(entry: CexioConfigEntry) -> CALLBACK_TYPE:
            """Follow the stream of one entry."""
            account = entry.runtime_data.account
            assert account is not None
            return account.stream.async_listen(lambda: self._async_look(entry))

        @callback
        def changed(_change: ConfigEntryChange, entry: ConfigEntry) -> None:
            """Look at an entry that came or went."""
            if entry.domain == DOMAIN:
                self._async_look(entry)

        watch = EntryWatch(self._hass, self._entry_id, attach, with_account=True)
        stop_watching = watch.async_start()
        disconnect = async_dispatcher_connect(
            self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed
        )
        for entry in self._hass.config_entries.async_entries(DOMAIN):
            self._async_look(entry)

        @callback
        def stop() -> None:
            """Let everything go."""
            disconnect()
            stop_watching()
            while self._timers:
                self._timers.popitem()[1]()

        return stop

    @callback
    def _async_look(self, entry: CexioConfigEntry) -> None:
        """Begin to count when the stream is lost, end it when it is back."""
        is_meant = self._entry_id in (None, entry.entry_id)
        is_account = entry.data[CONF_KIND] == KIND_ACCOUNT
        if not is_meant or not is_account or entry.state in _PASSING:
            return
        is_lost = entry.state in _FAILED
        if entry.state is ConfigEntryState.LOADED:
            account = entry.runtime_data.account
            is_lost = account is not None and not account.stream.connected
        entry_id = entry.entry_id
        if not is_lost:
            if (cancel := self._timers.pop(entry_id, None)) is not None:
                cancel()
        elif entry_id not in self._timers:

            @callback
            def fire(_now: datetime) -> None:
                """Tell that it lasted long enough."""
                # What is left stands for a loss that was told already.
                self._timers[entry_id] = _nothing
                assert self._run_action is not None
                self._run_action(
                    {ATTR_CONFIG_ENTRY_ID: entry_id}, f"stream of {entry.title} lost"
                )

            self._timers[entry_id] = async_call_later(
                self._hass, self._options[CONF_FOR], fire
            )


@callback
def _nothing() -> None:
    """Cancel a timer that has ended."""
