"""What the flows have in common: fields, questions to the exchange, checked answers."""

from base64 import b64decode, b64encode
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
import logging
from typing import Any

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
from .const import (
    CONF_API_SECRET,
    CONF_KIND,
    CONF_SECRET_IS_BASE64,
    KIND_ACCOUNT,
    SECTION_SERVER,
)
from .coordinator import CexioConfigEntry
from .errors import set_up_error_key
from .exchange import (
    DEFAULT_BASE,
    AccountStatus,
    AuthenticationError,
    BadSignatureError,
    Balance,
    CexioError,
    Pair,
    Permission,
    RestClient,
)
from .log_filter import async_redact, secrets_of
from .permissions import Permissions, async_find_permissions
from .schema import vol

_LOGGER = logging.getLogger(__name__)

# What text that was copied may be wrapped in.
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"
_MARKS = {True: "\u2705", False: "\u274c", None: "\u2753"}

# The quote currencies that most people reckon in, best known first.
USUAL_QUOTES = ("USD", "EUR", "GBP", "USDT", "USDC")
WELL_KNOWN = ("BTC-USD",)
MOST_PROPOSED = 10

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
    """What the exchange told during set-up, and the data that it told it to."""

    data: Mapping[str, Any]
    rest: RestClient
    pairs: Mapping[str, Pair]
    balances: Mapping[str, Mapping[str, Balance]]
    permissions: Permissions

    @property
    def sub_accounts(self) -> list[str]:
        """The sub-accounts that the exchange lists: those that are not empty."""
        return sorted(account_id for account_id in self.balances if account_id)

    @property
    def may_everything(self) -> bool:
        """Whether the key surely has every permission that there is."""
        return all(self.permissions.get(permission) for permission in Permission)


class StepError(Exception):
    """A step cannot go on; the keys of the fields and of what to say about them."""

    def __init__(self, errors: dict[str, str], reason: str = "") -> None:
        """Keep what to show."""
        super().__init__(errors)
        self.errors = errors
        self.reason = reason


def entry_data(kind: str, user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an entry from the fields of its first step."""
    return {
        CONF_KIND: kind,
        CONF_URL: user_input[SECTION_SERVER][CONF_URL].strip().rstrip("/"),
        **credential_data(user_input),
    }


def credential_data(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return key and secret as they were meant: copying brings line ends and quotes along."""
    return {
        key: "".join(
            letter
            for letter in user_input[key]
            if letter.isprintable() and not letter.isspace()
        ).strip(_QUOTES)
        for key in (CONF_API_KEY, CONF_API_SECRET)
        if key in user_input
    }


def changed_data(
    data: Mapping[str, Any], updates: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the data of an entry with what was entered anew."""
    kept = dict(data)
    if CONF_API_SECRET in updates:
        # How the old secret was meant says nothing of the new one.
        kept.pop(CONF_SECRET_IS_BASE64, None)
    return {**kept, **updates}


def _secret_forms(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the data with the secret as it was typed, then as it may have been meant.

    The reference's prose wants the secret base64-decoded, all that is known to work uses
    it as it is (rest.md 2.2): so the exchange may want it decoded after all, and somebody
    who followed the prose may have decoded it already.
    """
    forms = [data]
    if (secret := data.get(CONF_API_SECRET)) is None or CONF_SECRET_IS_BASE64 in data:
        return forms
    try:
        is_base64 = bool(b64decode(secret, validate=True))
    except ValueError:
        is_base64 = False
    if is_base64:
        forms.append({**data, CONF_SECRET_IS_BASE64: True})
    forms.append({**data, CONF_API_SECRET: b64encode(secret.encode()).decode()})
    return forms


async def async_ask(hass: HomeAssistant, data: Mapping[str, Any]) -> Found:
    """Find out with real calls whether the data works, and what it may do.

    Raises:
        StepError: It does not.
    """
    if not _is_address(data[CONF_URL]):
        raise StepError({"base": "invalid_url"})
    forms = _secret_forms(data)
    release = async_redact({secret for form in forms for secret in secrets_of(form)})
    try:
        return await _async_find_out(hass, forms)
    except CexioError as err:
        _LOGGER.debug("Set-up was refused: %s", err)
        raise StepError({"base": set_up_error_key(err)}, str(err)) from err
    finally:
        release()


async def _async_find_out(
    hass: HomeAssistant, forms: Sequence[Mapping[str, Any]]
) -> Found:
    """Ask the exchange for everything that set-up wants to know."""
    rest = async_create_client(hass, forms[0]).rest
    pairs = {pair.name: pair for pair in await rest.get_pairs_info()}
    if not pairs:
        raise StepError({"base": "no_pairs"})
    if CONF_API_KEY not in forms[0]:
        return Found(forms[0], rest, pairs, {}, {})
    data, rest, status = await _async_sign_in(hass, forms)
    permissions = await async_find_permissions(rest)
    return Found(data, rest, pairs, status.balances, permissions)


async def _async_sign_in(
    hass: HomeAssistant, forms: Sequence[Mapping[str, Any]]
) -> tuple[Mapping[str, Any], RestClient, AccountStatus]:
    """Ask for the balances with each form of the secret until one is accepted.

    Raises:
        CexioError: What the exchange says to the secret as it was typed.
    """
    refusals: list[CexioError] = []
    for data in forms:
        rest = async_create_client(hass, data).rest
        try:
            return data, rest, await rest.get_my_account_status_v3()
        except AuthenticationError as err:
            # How a wrong signature is told is not documented: it may come without a reason.
            if type(err) not in (BadSignatureError, AuthenticationError):
                raise
            refusals.append(err)
    raise refusals[0]


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


def permission_marks(permissions: Permissions) -> dict[str, str]:
    """Return what stands beside each permission in the form that lists them."""
    return {
        permission.name.lower(): _MARKS[permissions.get(permission)]
        for permission in Permission
    }


def pair_selector(pairs: Iterable[str], *, multiple: bool) -> SelectSelector:
    """Return a searchable choice of pairs."""
    return SelectSelector(
        SelectSelectorConfig(
            options=sorted(pairs),
            multiple=multiple,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def choice(
    options: Iterable[str], *, translation_key: str, multiple: bool = False
) -> SelectSelector:
    """Return a choice of translated words."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options),
            translation_key=translation_key,
            multiple=multiple,
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
    """Return a pair for each held asset, those worth most first, else a well-known one."""
    worth: dict[str, Decimal] = {}
    for balances in found.balances.values():
        for currency, balance in balances.items():
            if balance.total:
                value = balance.converted or Decimal()
                worth[currency] = worth.get(currency, Decimal()) + value
    proposed: list[str] = []
    for held in sorted(worth, key=lambda currency: (-worth[currency], currency)):
        pairs = {
            _preference(pair.quote, worth): name
            for name, pair in found.pairs.items()
            if pair.base == held
        }
        proposed += [pairs[best] for best in sorted(pairs)[:1]]
    well_known = [name for name in WELL_KNOWN if name in found.pairs]
    return proposed[:MOST_PROPOSED] or well_known


def _preference(quote: str, held: Container[str]) -> tuple[bool, bool, int, str]:
    """Return where a quote currency stands: usual ones first, held ones first of those."""
    is_usual = quote in USUAL_QUOTES
    place = USUAL_QUOTES.index(quote) if is_usual else 0
    return not is_usual, quote not in held, place, quote


def positive_number(text: str) -> Decimal | None:
    """Return a number above zero, None when the text is none."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and number > 0 else None
