"""Looking out for troubles: how requests go, and what was configured for what is."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
import logging
from time import monotonic

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval

from .client import Client
from .const import CONF_DEFAULT_ACCOUNT_ID, CONF_PAIR, DOMAIN
from .coordinator import CexioConfigEntry
from .errors import is_key_refusal, set_up_error_key
from .exchange import (
    METHODS,
    SIGN_IN,
    AuthenticationError,
    CexioError,
    ClockError,
    InsufficientFundsError,
    InvalidRequestError,
    MaintenanceError,
    OrderRejectedError,
    Permission,
    PermissionDeniedError,
    UnknownOrderError,
)
from .permissions import async_find_permissions
from .troubles import Trouble, Troubles

_LOGGER = logging.getLogger(__name__)

LOOK_INTERVAL = timedelta(minutes=1)
# Further than this from the exchange's clock its own tolerance ends (rest.md 4.B.9).
CLOCK_TOLERANCE = 30
# More minutes in a row without points than this are no passing rush.
LONG_SHORTAGE = 10
SHOWN_USES = 3
# Seconds after which nobody can tell any more whether a part is still on maintenance.
MAINTENANCE_LIFETIME = 600
WHOLE_EXCHANGE = "exchange"
# The exchange looked at what was wanted, so that the key was good for it.
_ADMITTED = (
    InvalidRequestError,
    InsufficientFundsError,
    UnknownOrderError,
    OrderRejectedError,
)


class TroubleWatch:
    """Tells when a trouble begins and when it ends."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CexioConfigEntry,
        client: Client,
        troubles: Troubles,
    ) -> None:
        """Hear how requests go; `async_start` adds what is configured."""
        self._hass = hass
        self._entry = entry
        self._client = client
        self.troubles = troubles
        self._is_time_refused = False
        self._asking: asyncio.Task[object] | None = None
        # By method: the part that refused it, and when.
        self._maintenance: dict[str, tuple[str, float]] = {}
        client.rest.on_outcome = partial(self._async_note, over_rest=True)
        if client.private_stream is not None:
            client.private_stream.on_outcome = partial(
                self._async_note, over_rest=False
            )

    @callback
    def async_start(self) -> None:
        """Look now and from now on."""
        runtime = self._entry.runtime_data
        # Whoever got here could read: the entry would not have been set up otherwise.
        self.troubles.async_end(Trouble.KEY_REJECTED)
        self.troubles.async_end(Trouble.PERMISSION_MISSING, _subject(Permission.READ))
        self.async_look()
        self.troubles.async_tidy()
        for remove in (
            runtime.reference.async_add_listener(self.async_look),
            async_track_time_interval(self._hass, self._async_tick, LOOK_INTERVAL),
        ):
            self._entry.async_on_unload(remove)
        if (Trouble.PERMISSION_MISSING, _subject(Permission.TRADE)) in self.troubles:
            self.async_ask_permission()

    @callback
    def async_look(self) -> None:
        """Compare what is wrong with what is known to be wrong."""
        self._async_look_at_clock()
        self._async_look_at_pairs()
        self._async_look_at_trading()
        for name, budget in self._client.budgets.items():
            # Said once: what it is spent on changes from minute to minute.
            if (Trouble.BUDGET_EXHAUSTED, name) in self.troubles:
                if not budget.short_minutes:
                    self.troubles.async_end(Trouble.BUDGET_EXHAUSTED, name)
            elif budget.short_minutes > LONG_SHORTAGE:
                self.troubles.async_begin(
                    Trouble.BUDGET_EXHAUSTED,
                    name,
                    limit=str(budget.limit),
                    uses=_uses(budget.uses),
                )

    async def async_stop(self) -> None:
        """Hear nothing any more; what was noticed is still written."""
        for channel in (self._client.rest, self._client.private_stream):
            if channel is not None:
                channel.on_outcome = None
        await self.troubles.async_stop()

    @callback
    def async_clock_is_right(self) -> None:
        """Take the measured clock's word for it: what was refused before is past."""
        self._is_time_refused = False
        self._async_look_at_clock()

    @property
    def maintenance(self) -> list[str]:
        """The parts of the exchange that refused for maintenance, and not long ago."""
        oldest = monotonic() - MAINTENANCE_LIFETIME
        return sorted(
            {part for part, time in self._maintenance.values() if time >= oldest}
        )

    @callback
    def async_ask_permission(self) -> None:
        """Find out in the background whether the key may trade; the answer is noted."""
        if self._is_asking:
            return
        self._asking = self._entry.async_create_background_task(
            self._hass,
            async_find_permissions(self._client.rest, (Permission.TRADE,)),
            f"{DOMAIN} permissions",
        )

    @callback
    def _async_tick(self, _now: datetime) -> None:
        """Look at what changes with time; the entry ends a question that waits for points."""
        self._entry.async_create_background_task(
            self._hass, self._async_look_again(), f"{DOMAIN} troubles"
        )

    async def _async_look_again(self) -> None:
        """Look; a wrong clock may have been set right."""
        if (Trouble.WRONG_CLOCK, "") in self.troubles:
            try:
                await self._client.rest.measure_clock()
            except CexioError as err:
                _LOGGER.debug("The clock could not be compared: %s", err)
        self.async_look()

    @callback
    def _async_note(
        self, action: str, error: CexioError | None, *, over_rest: bool
    ) -> None:
        """Take note of how a request went that the key was used for."""
        self._async_note_maintenance(action, error)
        method = METHODS.get(action)
        if action != SIGN_IN and (method is None or method.public):
            return
        permission = (method and method.permission) or Permission.READ
        if error is None or isinstance(error, _ADMITTED):
            self.troubles.async_end(Trouble.KEY_REJECTED)
            self.troubles.async_end(Trouble.PERMISSION_MISSING, _subject(permission))
            self._is_time_refused = False
            self._async_look_at_clock()
        elif isinstance(error, PermissionDeniedError):
            self._async_lack(error.permission or permission)
        elif type(error) is AuthenticationError and permission is not Permission.READ:
            # How a missing permission is told is not documented (rest.md 2.4), and a
            # wrong clock may look the same: it was measured now, so that asking tells.
            if self._is_asking:
                self._async_lack(permission)
            elif permission is Permission.TRADE and self._is_trading:
                self.async_ask_permission()
        elif not over_rest and type(error) in (ClockError, AuthenticationError):
            # The stream measures the clock first and comes again.
            return
        elif isinstance(error, ClockError):
            self._is_time_refused = True
            self._async_look_at_clock()
        elif is_key_refusal(error):
            self.troubles.async_begin(
                Trouble.KEY_REJECTED, reason=set_up_error_key(error)
            )
            self._entry.async_start_reauth(self._hass)

    @callback
    def _async_note_maintenance(self, action: str, error: CexioError | None) -> None:
        """Remember which part refused a method, until it lets the method pass again."""
        if isinstance(error, MaintenanceError):
            part = error.service or WHOLE_EXCHANGE
            self._maintenance[action] = part, monotonic()
        elif error is None or isinstance(error, _ADMITTED):
            self._maintenance.pop(action, None)

    @callback
    def _async_lack(self, permission: Permission) -> None:
        """Begin the trouble of a permission that something needs which is configured."""
        if permission is Permission.READ or (
            permission is Permission.TRADE and self._is_trading
        ):
            self.troubles.async_begin(
                Trouble.PERMISSION_MISSING,
                _subject(permission),
                permission=permission.value,
            )

    @callback
    def _async_look_at_clock(self) -> None:
        """Compare this machine's clock, as it was last measured, with the exchange's."""
        offset = self._client.clock.offset
        if self._is_time_refused or abs(offset) > CLOCK_TOLERANCE:
            self.troubles.async_begin(Trouble.WRONG_CLOCK, seconds=f"{abs(offset):.0f}")
        else:
            self.troubles.async_end(Trouble.WRONG_CLOCK)

    @callback
    def _async_look_at_pairs(self) -> None:
        """Look for pairs that are watched and no longer traded."""
        traded = self._entry.runtime_data.reference.data.pairs
        used = {
            subentry.data[CONF_PAIR]
            for subentry in self._entry.subentries.values()
            if CONF_PAIR in subentry.data
        }
        gone = used - traded.keys()
        for pair in sorted(gone):
            self.troubles.async_begin(Trouble.PAIR_DELISTED, pair, pair=pair)
        for pair in self.troubles.subjects(Trouble.PAIR_DELISTED) - gone:
            self.troubles.async_end(Trouble.PAIR_DELISTED, pair)

    @callback
    def _async_look_at_trading(self) -> None:
        """Look for what trading needs, while it is switched on."""
        is_trading = self._is_trading
        if is_trading and not self._entry.options.get(CONF_DEFAULT_ACCOUNT_ID):
            self.troubles.async_begin(Trouble.NO_SUB_ACCOUNT)
        else:
            self.troubles.async_end(Trouble.NO_SUB_ACCOUNT)
        if not is_trading:
            self.troubles.async_end(
                Trouble.PERMISSION_MISSING, _subject(Permission.TRADE)
            )

    @property
    def _is_asking(self) -> bool:
        """Whether it is being found out what the key may do."""
        return self._asking is not None and not self._asking.done()

    @property
    def _is_trading(self) -> bool:
        """Whether orders may be placed."""
        runtime = getattr(self._entry, "runtime_data", None)
        account = runtime and runtime.account
        return account is not None and account.desk.trading_enabled


def _subject(permission: Permission) -> str:
    """Return what tells the troubles of permissions apart."""
    return permission.name.lower()


def _uses(uses: Counter[str]) -> str:
    """Return in words what took the most points."""
    return ", ".join(
        f"{what} {points}" for what, points in uses.most_common(SHOWN_USES)
    )
