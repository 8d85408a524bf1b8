"""What the flows have in common: fields, questions to the exchange, checked answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
import logging
from typing import Any
from uuid import uuid4

from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from yarl import URL

from .account_identity import async_identity, async_known_identity
from .client import async_create_client
from .const import CONF_API_SECRET, CONF_KIND, KIND_ACCOUNT, SECTION_SERVER
from .coordinator import CexioConfigEntry
from .errors import set_up_error_key
from .exchange import DEFAULT_BASE, CexioError, Pair, PermissionDeniedError, RestClient
from .log_filter import async_redact, secrets_of
from .schema import vol

_LOGGER = logging.getLogger(__name__)

# No order has this client order id: cancelling it moves nothing, but needs the right.
PROBE_ORDER_ID = "ha-permission-check"

SERVER_FIELDS = {
    vol.Required(SECTION_SERVER): section(
        vol.Schema(
            {
                vol.Required(CONF_URL, default=DEFAULT_BASE): TextSelector(
                    TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url")
                )
            }
        ),
        {"collapsed": True},
    )
}
CREDENTIAL_FIELDS = {
    vol.Required(CONF_API_KEY): TextSelector(
        TextSelectorConfig(type=TextSelectorType.TEXT, autocomplete="off")
    ),
    vol.Required(CONF_API_SECRET): TextSelector(
        TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
    ),
}
# The secret is never shown again; left out, it stays what it is.
CHANGED_CREDENTIAL_FIELDS = {
    vol.Required(CONF_API_KEY): CREDENTIAL_FIELDS[vol.Required(CONF_API_KEY)],
    vol.Optional(CONF_API_SECRET): CREDENTIAL_FIELDS[vol.Required(CONF_API_SECRET)],
}


@dataclass(frozen=True, slots=True)
class Found:
    """What the exchange told during set-up."""

    rest: RestClient
    pairs: Mapping[str, Pair]
    sub_accounts: tuple[str, ...]
    held: frozenset[str]
    may_trade: bool


class StepError(Exception):
    """A step cannot go on; the keys of the fields and of what to say about them."""

    def __init__(self, errors: dict[str, str], reason: str = "") -> None:
        """Keep what to show."""
        super().__init__(errors)
        self.errors = errors
        self.reason = reason


def entry_data(kind: str, user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an entry from the fields of its first step."""
    data = {
        CONF_KIND: kind,
        CONF_URL: user_input[SECTION_SERVER][CONF_URL].strip().rstrip("/"),
    }
    for key in (CONF_API_KEY, CONF_API_SECRET):
        if key in user_input:
            # Copying from a web page often brings a space or a line end along.
            data[key] = user_input[key].strip()
    return data


async def async_ask(hass: HomeAssistant, data: Mapping[str, Any]) -> Found:
    """Find out with real calls whether the data works, and what it may do.

    Raises:
        StepError: It does not.
    """
    release = async_redact(secrets_of(data))
    try:
        return await _async_find_out(hass, data)
    finally:
        release()


async def _async_find_out(hass: HomeAssistant, data: Mapping[str, Any]) -> Found:
    """Ask the exchange for everything that set-up wants to know."""
    if not _is_address(data[CONF_URL]):
        raise StepError({"base": "invalid_url"})
    rest = async_create_client(hass, data).rest
    try:
        pairs = {pair.name: pair for pair in await rest.get_pairs_info()}
        if not pairs:
            raise StepError({"base": "no_pairs"})
        if CONF_API_KEY not in data:
            return Found(rest, pairs, (), frozenset(), may_trade=False)
        status = await rest.get_my_account_status_v3()
        may_trade = await _async_may_trade(rest)
    except CexioError as err:
        _LOGGER.debug("Set-up was refused: %s", err)
        raise StepError({"base": set_up_error_key(err)}, str(err)) from err
    return Found(
        rest,
        pairs,
        tuple(sorted(account_id for account_id in status.balances if account_id)),
        frozenset(
            currency
            for balances in status.balances.values()
            for currency, balance in balances.items()
            if balance.total
        ),
        may_trade,
    )


async def async_is_another_account(
    hass: HomeAssistant, entry: CexioConfigEntry, found: Found
) -> bool:
    """Tell whether a key that works surely belongs to another account than an entry.

    Raises:
        StepError: The exchange did not answer.
    """
    if entry.data[CONF_KIND] != KIND_ACCOUNT:
        return False
    try:
        identity = await async_identity(found.rest)
    except CexioError as err:
        raise StepError({"base": set_up_error_key(err)}, str(err)) from err
    return identity.is_another_than(await async_known_identity(hass, entry))


def _is_address(text: str) -> bool:
    """Tell whether a text is the address of a server."""
    try:
        url = URL(text)
    except ValueError:
        return False
    return url.scheme in ("http", "https") and bool(url.host)


async def _async_may_trade(rest: RestClient) -> bool:
    """Find out whether the key has the right to trade, without moving anything."""
    try:
        await rest.do_cancel_my_order(
            client_order_id=PROBE_ORDER_ID, cancel_request_id=f"ha-{uuid4().hex}"
        )
    except PermissionDeniedError:
        return False
    except CexioError as err:
        # Whatever it says about the order, it did not say that the right is missing.
        _LOGGER.debug("The right to trade was looked for: %s", err)
    return True


def pair_selector(pairs: Iterable[str], *, multiple: bool) -> SelectSelector:
    """Return a searchable choice of pairs."""
    return SelectSelector(
        SelectSelectorConfig(
            options=sorted(pairs),
            multiple=multiple,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def choice(options: Iterable[str], *, translation_key: str) -> SelectSelector:
    """Return a choice of translated words."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options),
            translation_key=translation_key,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def named_choice(
    options: Mapping[str, str], *, multiple: bool = False
) -> SelectSelector:
    """Return a choice of values that have names of their own."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[
                SelectOptionDict(value=value, label=label)
                for value, label in options.items()
            ],
            multiple=multiple,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def proposed_pairs(found: Found) -> list[str]:
    """Return pairs of held assets against a held currency, else a well-known one."""
    held = sorted(
        name
        for name, pair in found.pairs.items()
        if pair.base in found.held and pair.quote in found.held
    )
    if held:
        return held[:5]
    return [name for name in ("BTC-USD",) if name in found.pairs]


def positive_number(text: str) -> Decimal | None:
    """Return a number above zero, None when the text is none."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and number > 0 else None
