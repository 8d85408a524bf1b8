"""The flows, with real calls to the exchange: every way through, every error and its recovery."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
import re
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.account_identity import async_identity
from custom_components.cexio.config_flow import _unique_id
from custom_components.cexio.const import DOMAIN
from custom_components.cexio.exchange import (
    AccountStatus,
    AuthenticationError,
    Balance,
    MaintenanceError,
    Order,
    Pair,
    RestClient,
    TransportError,
)
from custom_components.cexio.permissions import async_find_permissions
from simulators.exchange.keys import Permission
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, MockUser, async_fire_time_changed
from tests.integration.helpers import (
    act,
    change_key,
    control,
    key_named,
    settled,
    switch_trading,
    truth,
    until,
)


def credentials(exchange: ExchangeServer, key: str = "all") -> dict[str, Any]:
    """Return the fields of the first step."""
    chosen = key_named(exchange, key)
    return {
        "api_key": f" {chosen.key} ",
        "api_secret": f"{chosen.secret}\n",
        "server": {"url": f"{exchange.base}/"},
    }


async def begin(hass: HomeAssistant, kind: str) -> ConfigFlowResult:
    """Start the flow and choose what to set up."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["account", "prices"]
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": kind}
    )
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == kind
    return result


async def answer(
    hass: HomeAssistant, result: ConfigFlowResult, fields: dict[str, Any]
) -> ConfigFlowResult:
    """Fill in a form."""
    return await hass.config_entries.flow.async_configure(result["flow_id"], fields)


async def test_account(hass: HomeAssistant, exchange: ExchangeServer) -> None:
    """The usual way: key, pairs, sub-account; nothing was moved meanwhile."""
    before = (await truth(exchange))["balances"]
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange))
    assert result["step_id"] == "pairs"
    result = await answer(hass, result, {"pairs": ["BTC-USD", "ETH-BTC"]})
    assert result["step_id"] == "sub_account"
    result = await answer(hass, result, {"default_account_id": "trading"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.title == "CEX.IO"
    assert entry.data == {
        "kind": "account",
        "url": exchange.base,
        "api_key": exchange.key,
        "api_secret": exchange.secret,
    }
    assert entry.options == {"default_account_id": "trading"}
    assert exchange.key not in (entry.unique_id or "")
    assert [item.title for item in entry.subentries.values()] == ["BTC-USD", "ETH-BTC"]
    assert entry.state is ConfigEntryState.LOADED
    await settled(entry)
    assert hass.states.is_state("switch.cex_io_trading", "off")
    found = await truth(exchange)
    assert found["balances"] == before
    assert found["orders"] == []


async def test_prices_only(hass: HomeAssistant, exchange: ExchangeServer) -> None:
    """Without a key there are only markets, and a second time it is refused."""
    result = await begin(hass, "prices")
    result = await answer(hass, result, {"server": {"url": exchange.base}})
    assert result["step_id"] == "pairs"
    result = await answer(hass, result, {"pairs": ["BTC-USD"]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    await settled(entry)
    await hass.async_block_till_done()
    assert entry.runtime_data.account is None
    assert sorted(hass.states.async_entity_ids()) == [
        "event.btc_usd_price_alert",
        "sensor.btc_usd_ask",
        "sensor.btc_usd_bid",
        "sensor.btc_usd_last_price",
        "sensor.btc_usd_mid_price",
    ]
    requests = (await truth(exchange))["requests"]
    assert not [action for action in requests if "_my_" in action]
    result = await begin(hass, "prices")
    result = await answer(hass, result, {"server": {"url": exchange.base}})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_same_account_twice(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """The same key is refused a second time."""
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange))
    result = await answer(hass, result, {"pairs": []})
    result = await answer(hass, result, {"default_account_id": "trading"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange))
    assert result["reason"] == "already_configured"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"api_key": "nobody"}, "invalid_key"),
        ({"api_secret": "wrong"}, "invalid_signature"),
        ({"key": "inactive"}, "key_not_activated"),
        ({"key": "other-address"}, "address_not_allowed"),
        ({"server": {"url": "http://127.0.0.1:9/api/spot"}}, "cannot_connect"),
        ({"server": {"url": "trade.cex.io"}}, "invalid_url"),
        ({"server": {"url": "http://[/api"}}, "invalid_url"),
    ],
)
async def test_refused_and_recovered(
    hass: HomeAssistant, exchange: ExchangeServer, changes: dict[str, Any], error: str
) -> None:
    """Each mistake has its own words, and mending it leads on."""
    fields = credentials(exchange, changes.pop("key", "all")) | changes
    result = await begin(hass, "account")
    result = await answer(hass, result, fields)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": error}
    assert exchange.secret not in str(result["description_placeholders"])
    result = await answer(hass, result, credentials(exchange))
    assert result["step_id"] == "pairs"


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (401, "Timestamp is not in 20sec range", "clock_wrong"),
        (401, "Authorization Failed", "invalid_auth"),
        (403, "Forbidden", "read_permission_missing"),
        (429, "API rate limit reached", "rate_limited"),
        (500, "account is on maintenance", "maintenance"),
        (500, "Unexpected error", "cannot_connect"),
        (422, "Parameter is odd", "unexpected_answer"),
    ],
)
async def test_refusals_that_the_exchange_rarely_gives(
    hass: HomeAssistant, exchange: ExchangeServer, status: int, text: str, error: str
) -> None:
    """The same for what is not the fault of what was entered, or is not documented."""
    result = await begin(hass, "account")
    refuse = {"kind": "refuse", "match": "get_my_account_status_v3"}
    await control(exchange, "faults", refuse | {"status": status, "text": text})
    result = await answer(hass, result, credentials(exchange))
    assert result["errors"] == {"base": error}
    assert placeholders(result)["reason"] == text
    exchange.venue.faults.remove()
    # The next minute has new points.
    hass.data.pop(f"{DOMAIN}_exchanges")
    result = await answer(hass, result, credentials(exchange))
    assert result["step_id"] == "pairs"


async def test_server_without_pairs(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """A server that is no exchange is refused."""
    result = await begin(hass, "prices")
    with patch.object(RestClient, "get_pairs_info", return_value=[]):
        result = await answer(hass, result, {"server": {"url": exchange.base}})
    assert result["errors"] == {"base": "no_pairs"}
    result = await answer(hass, result, {"server": {"url": exchange.base}})
    assert result["step_id"] == "pairs"


PROBES = (
    "do_cancel_my_order",
    "do_my_internal_transfer",
    "do_deposit_funds_from_wallet",
)
GRANTED, MISSING, UNTOLD = "\u2705", "\u274c", "\u2753"
MARKS = ("read", "trade", "funds_internal", "funds_wallet")


def placeholders(result: ConfigFlowResult) -> Mapping[str, str]:
    """Return what the words of a form are filled with."""
    found = result["description_placeholders"]
    assert found is not None
    return found


def marks(result: ConfigFlowResult) -> list[str]:
    """Return what the form says of each permission."""
    return [placeholders(result)[name] for name in MARKS]


def with_permissions(exchange: ExchangeServer, *permissions: Permission) -> None:
    """Let the client's first key have these permissions."""
    change_key(exchange, permissions=permissions)


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        ([Permission.READ], [GRANTED, MISSING, MISSING, MISSING]),
        (
            [Permission.READ, Permission.TRADE],
            [GRANTED, GRANTED, MISSING, MISSING],
        ),
        (
            [Permission.READ, Permission.FUNDS_INTERNAL, Permission.FUNDS_WALLET],
            [GRANTED, MISSING, GRANTED, GRANTED],
        ),
        (
            [Permission.READ, Permission.TRADE, Permission.FUNDS_INTERNAL],
            [GRANTED, GRANTED, GRANTED, MISSING],
        ),
        (
            [Permission.READ, Permission.TRADE, Permission.FUNDS_WALLET],
            [GRANTED, GRANTED, MISSING, GRANTED],
        ),
    ],
)
async def test_missing_permissions(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    permissions: list[Permission],
    expected: list[str],
) -> None:
    """Each permission is found out by itself, what is missing is told, and set-up goes on."""
    with_permissions(exchange, *permissions)
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "permissions"
    assert marks(result) == expected
    result = await answer(hass, result, {})
    assert result["step_id"] == "pairs"


async def test_key_that_may_not_read(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """Without that one nothing works; adding it leads on."""
    with_permissions(exchange, Permission.TRADE)
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange))
    assert result["errors"] == {"base": "read_permission_missing"}
    with_permissions(exchange, *Permission)
    result = await answer(hass, result, credentials(exchange))
    assert result["step_id"] == "pairs"


async def test_clocks_that_differ(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """A clock that is wrong by minutes is reckoned with, and set-up goes on."""
    await control(exchange, "clock", {"jump": 300})
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange))
    assert result["step_id"] == "pairs"


async def test_finding_out_moves_nothing(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """With every permission, money on the accounts and an open order, all stays as it is."""
    await switch_trading(hass)
    order = {"pair": "BTC-USD", "side": "buy", "order_type": "limit"}
    await act(hass, "place_order", None, **order, amount="0.01", price="50000")
    before = await truth(exchange)
    found = await async_find_permissions(entry.runtime_data.rest)
    assert list(found.values()) == [True] * 4
    after = await truth(exchange)
    for action in PROBES:
        assert after["requests"][action] == before["requests"].get(action, 0) + 1
    for told in (before, after):
        del told["requests"]
    assert after == before


async def test_finding_out_has_nothing_to_move(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What is sent names no account, no currency and no amount, and an id that is new each time."""
    sent: list[tuple[str, Mapping[str, Any]]] = []

    async def note(action: str, data: Mapping[str, Any]) -> None:
        """Keep what would be sent."""
        sent.append((action, data))

    rest = entry.runtime_data.rest
    with patch.object(rest, "request", note):
        await async_find_permissions(rest)
        await async_find_permissions(rest)
    assert [action for action, _ in sent] == [*PROBES, *PROBES]
    ids: list[str] = []
    for action, data in sent:
        ids.append(data["cancelRequestId" if "cancel" in action else "clientTxId"])
        if "cancel" in action:
            assert set(data) == {"clientOrderId", "cancelRequestId"}
            ids.append(data["clientOrderId"])
            continue
        assert data["amount"] == "0"
        assert data["currency"] not in entry.runtime_data.reference.data.currencies
        for name, value in data.items():
            if name.endswith("ccountId"):
                assert not re.fullmatch(r"[A-Za-z0-9_-]+", value)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (403, "Forbidden", MISSING),
        (401, "Authorization Failed", MISSING),
        (500, "Unexpected error", UNTOLD),
        (500, "order_cancellation is on maintenance", UNTOLD),
        (401, "Timestamp is not in 20sec range", UNTOLD),
        (500, "Insufficient funds", GRANTED),
        (404, "order not found", GRANTED),
    ],
)
async def test_words_that_are_not_documented(
    hass: HomeAssistant, exchange: ExchangeServer, status: int, text: str, expected: str
) -> None:
    """What cannot be told is said to be so; nothing is claimed to be missing for it."""
    with_permissions(exchange, Permission.READ, Permission.TRADE)
    refuse = {"kind": "refuse", "match": "do_cancel_my_order"}
    await control(exchange, "faults", refuse | {"status": status, "text": text})
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange))
    assert result["step_id"] == "permissions"
    assert marks(result) == [GRANTED, expected, MISSING, MISSING]


SECRET = "a-secret-of-some-length"
ENCODED = b64encode(SECRET.encode()).decode()


@pytest.mark.parametrize(
    ("real", "typed", "kept"),
    [
        pytest.param(
            SECRET,
            ENCODED,
            {"api_secret": ENCODED, "secret_is_base64": True},
            id="the exchange wants it decoded",
        ),
        pytest.param(ENCODED, SECRET, {"api_secret": ENCODED}, id="decoded already"),
        pytest.param(ENCODED, ENCODED, {"api_secret": ENCODED}, id="as it is"),
        pytest.param(SECRET, f"  '{SECRET}'\n", {"api_secret": SECRET}, id="quoted"),
        pytest.param(
            SECRET,
            f"\u201c{SECRET[:9]}\n{SECRET[9:]}\u200b\u201d",
            {"api_secret": SECRET},
            id="broken into lines",
        ),
    ],
)
async def test_secret_that_was_meant_otherwise(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    real: str,
    typed: str,
    kept: dict[str, Any],
) -> None:
    """What the exchange accepts is found out, and kept as it is used from then on."""
    change_key(exchange, secret=real)
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange) | {"api_secret": typed})
    assert result["step_id"] == "pairs"
    result = await answer(hass, result, {"pairs": []})
    result = await answer(hass, result, {"default_account_id": "trading"})
    entry = result["result"]
    assert {key: entry.data[key] for key in entry.data if "secret" in key} == kept
    assert entry.state is ConfigEntryState.LOADED
    # The private stream signs with it, too.
    await settled(entry)


async def test_new_secret_is_understood_anew(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """How the old secret was meant says nothing of a new one."""
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "secret_is_base64": True}
    )
    result = await entry.start_reconfigure_flow(hass)
    fields = reconfigured(exchange) | {"api_secret": exchange.secret}
    result = await answer(hass, result, fields)
    assert result["reason"] == "reconfigure_successful"
    assert "secret_is_base64" not in entry.data
    await hass.async_block_till_done()
    await settled(entry)


def proposed(result: ConfigFlowResult) -> list[str]:
    """Return the pairs that the form proposes."""
    assert result["step_id"] == "pairs"
    schema = result["data_schema"]
    assert schema is not None
    (key,) = schema.schema
    chosen = key.default()
    assert isinstance(chosen, list)
    return chosen


def holding(worth: Mapping[str, int | None]) -> AccountStatus:
    """Return balances that are worth so much, as far as the exchange says."""
    balances = {
        currency: Balance(
            account_id="trading",
            currency=currency,
            total=Decimal(1 if value is None else value),
            on_hold=Decimal(),
            converted=None if value is None else Decimal(value),
        )
        for currency, value in worth.items()
    }
    return AccountStatus(converted_currency="USD", balances={"trading": balances})


async def test_held_assets_are_proposed(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """One pair for each, in a currency that one reckons in; those worth most first."""
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange))
    assert proposed(result) == [
        "BTC-USD",
        "ETH-USD",
        "USDT-USD",
        "LTC-USD",
        "SHIB-USD",
    ]


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({}, ["BTC-USD"]),
        # Without a market there is nothing to watch.
        ({"USD": 1, "EUR": 2}, ["BTC-USD"]),
        ({"BTC": 0}, ["BTC-USD"]),
        ({"ETH": 5, "EUR": 1}, ["ETH-EUR"]),
        ({"ETH": 1, "BTC": 2}, ["BTC-USD", "ETH-USD"]),
        # The exchange does not value everything.
        ({"ETH": None, "BTC": 2}, ["BTC-USD", "ETH-USD"]),
    ],
)
async def test_proposals(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    held: dict[str, int | None],
    expected: list[str],
) -> None:
    """What is proposed follows from what is held and what there is."""
    result = await begin(hass, "account")
    status = holding(held)
    with patch.object(RestClient, "get_my_account_status_v3", return_value=status):
        result = await answer(hass, result, credentials(exchange))
    assert proposed(result) == expected


async def test_no_more_is_proposed_than_one_can_read(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """Somebody with many assets, or an exchange without the well-known pair."""
    ask = RestClient.get_pairs_info

    async def many(rest: RestClient) -> list[Pair]:
        """Answer with many pairs, none of them well known."""
        (pair, *_) = await ask(rest)
        return [replace(pair, base=f"C{number}", quote="USD") for number in range(20)]

    with (
        patch.object(RestClient, "get_pairs_info", many),
        patch.object(
            RestClient,
            "get_my_account_status_v3",
            return_value=holding({f"C{number}": number for number in range(20)}),
        ),
    ):
        result = await begin(hass, "account")
        result = await answer(hass, result, credentials(exchange))
        assert proposed(result) == [f"C{number}-USD" for number in range(19, 9, -1)]
        result = await begin(hass, "prices")
        result = await answer(hass, result, {"server": {"url": exchange.base}})
        assert proposed(result) == []


async def test_new_sub_account(hass: HomeAssistant, exchange: ExchangeServer) -> None:
    """A name that the exchange does not list leads to creating it."""
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange))
    result = await answer(hass, result, {"pairs": ["BTC-USD"]})
    result = await answer(hass, result, {"default_account_id": "bot"})
    assert result["step_id"] == "new_sub_account"
    result = await answer(hass, result, {"account_id": "no spaces!", "currency": "USD"})
    assert result["errors"] == {"account_id": "invalid_account_id"}
    for status, text, error in (
        (500, "account is on maintenance", "maintenance"),
        (500, "Maximum number of accounts is reached", "sub_account_refused"),
        (422, "Parameter is odd", "sub_account_refused"),
    ):
        refuse = {"kind": "refuse", "match": "do_create_account", "count": 1}
        await control(exchange, "faults", refuse | {"status": status, "text": text})
        result = await answer(hass, result, {"account_id": "bot", "currency": "USD"})
        assert result["errors"] == {"base": error}
        assert placeholders(result)["reason"] == text
    result = await answer(hass, result, {"account_id": "bot", "currency": "USD"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["options"] == {"default_account_id": "bot"}
    assert (await truth(exchange))["requests"]["do_create_account"] == 1


async def test_no_sub_account(hass: HomeAssistant, exchange: ExchangeServer) -> None:
    """Without any sub-account one is offered, and may be declined."""
    ask = RestClient.get_my_account_status_v3

    async def only_main(rest: RestClient) -> AccountStatus:
        """Answer as for a client without sub-accounts."""
        return await ask(rest, account_ids=[""])

    result = await begin(hass, "account")
    with patch.object(RestClient, "get_my_account_status_v3", only_main):
        result = await answer(hass, result, credentials(exchange))
    result = await answer(hass, result, {"pairs": ["BTC-USD"]})
    assert result["step_id"] == "new_sub_account"
    result = await answer(hass, result, {"currency": "USD"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["options"] == {}


async def test_reauth(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A refused key is replaced, and the entry works with the new one."""
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    fields = credentials(exchange, "no-trade")
    del fields["server"]
    result = await answer(hass, result, fields | {"api_secret": "wrong"})
    assert result["errors"] == {"base": "invalid_signature"}
    result = await answer(hass, result, fields)
    assert result["step_id"] == "permissions"
    assert marks(result) == [GRANTED, MISSING, GRANTED, GRANTED]
    assert entry.data["api_key"] == exchange.key
    result = await answer(hass, result, {})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.data["api_key"] == key_named(exchange, "no-trade").key
    assert entry.state is ConfigEntryState.LOADED
    await settled(entry)


async def test_reauth_of_an_entry_that_is_not_loaded(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The entry is set up again once the key works."""
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "api_secret": "x"}
    )
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    fields = credentials(exchange)
    del fields["server"]
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], fields)
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert hass.config_entries.async_loaded_entries(DOMAIN) == [entry]


async def test_options(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Guard rails are checked, kept, and in force without a reload."""
    user = MockUser(name="Ada").add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "traders": ["gone"]}
    )
    runtime = entry.runtime_data
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["step_id"] == "init"
    result = await hass.config_entries.options.async_configure(
        result["flow_id"],
        {"largest_order_value": "a lot", "largest_distance": "-1"},
    )
    assert result["errors"] == {
        "largest_order_value": "invalid_number",
        "largest_distance": "invalid_number",
    }
    chosen = {
        "portfolio_currency": "EUR",
        "default_account_id": "savings",
        "largest_order_value": "1000",
        "largest_distance": "2.5",
        "allowed_pairs": ["BTC-USD"],
        "traders": [user.id],
        "notices": ["funding"],
        "price_interval": 30,
    }
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], chosen
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options == chosen
    assert entry.runtime_data is runtime


async def test_options_of_an_entry_without_a_sub_account(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Somebody who went on without a sub-account chooses one here."""
    hass.config_entries.async_update_entry(entry, options={})
    result = await hass.config_entries.options.async_init(entry.entry_id)
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {"default_account_id": "savings"}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options["default_account_id"] == "savings"


async def test_options_of_prices(
    hass: HomeAssistant, exchange: ExchangeServer, prices: MockConfigEntry
) -> None:
    """Prices only have no guard rails, and an entry that is not loaded cannot be asked."""
    result = await hass.config_entries.options.async_init(prices.entry_id)
    assert result["step_id"] == "prices"
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {"price_interval": 600.0}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert prices.options == {"price_interval": 600}
    assert isinstance(prices.options["price_interval"], int)
    await hass.config_entries.async_unload(prices.entry_id)
    result = await hass.config_entries.options.async_init(prices.entry_id)
    assert result["reason"] == "entry_not_loaded"


async def test_prices_are_written_as_rarely_as_wanted(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The recorder sees few states, whoever listens to prices sees all of them."""
    options = {**entry.options, "price_interval": 600}
    hass.config_entries.async_update_entry(entry, options=options)
    market = entry.runtime_data.markets.markets["BTC-USD"]
    # The pause that began before is still a short one.
    await until(lambda: market._cancel_write is None)
    seen: list[Decimal] = []
    entry.runtime_data.markets.async_listen_prices(lambda _pair, mid: seen.append(mid))

    async def move(price: int) -> None:
        """Move the market and wait until everybody could know."""
        data = {"pair": "BTC-USD", "price": str(price)}
        await control(exchange, "market/price", data)
        await until(lambda: seen and abs(seen[-1] - price) < 20)
        await hass.async_block_till_done()

    def shown() -> float:
        """Return the state."""
        state = hass.states.get("sensor.btc_usd_mid_price")
        assert state is not None
        return float(state.state)

    await move(60100)
    written = shown()
    for price in (60200, 60300):
        await move(price)
        assert shown() == written
    assert float(market.newest.mid or 0) == pytest.approx(60300, abs=20)
    # What was lost and is back is not kept waiting.
    market.async_set_update_error(TransportError())
    assert hass.states.is_state("sensor.btc_usd_mid_price", "unavailable")
    await move(60400)
    assert shown() == pytest.approx(60400, abs=20)
    await move(60500)
    assert shown() == pytest.approx(60400, abs=20)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=601))
    await hass.async_block_till_done()
    assert shown() == pytest.approx(60500, abs=20)


async def test_add_market(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A market is added in the UI, once, and the entry follows."""
    flows = hass.config_entries.subentries
    handler = (entry.entry_id, "market")
    result = await flows.async_init(handler, context={"source": SOURCE_USER})
    second = await flows.async_init(handler, context={"source": SOURCE_USER})
    assert result["step_id"] == "user"
    result = await flows.async_configure(result["flow_id"], {"pair": "LTC-USDT"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    await settled(entry)
    assert hass.states.get("sensor.ltc_usdt_last_price") is not None
    result = await flows.async_configure(second["flow_id"], {"pair": "LTC-USDT"})
    assert result["reason"] == "already_configured"


@pytest.mark.parametrize("kind", ["market", "price_alert"])
async def test_subentries_need_a_loaded_entry(
    hass: HomeAssistant, entry: MockConfigEntry, kind: str
) -> None:
    """Without the exchange's list there is nothing to choose from."""
    await hass.config_entries.async_unload(entry.entry_id)
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, kind), context={"source": SOURCE_USER}
    )
    assert result["reason"] == "entry_not_loaded"


async def test_reauth_with_the_key_of_another_entry(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Two entries never share a key."""
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange, "no-trade"))
    result = await answer(hass, result, {})
    result = await answer(hass, result, {"pairs": []})
    result = await answer(hass, result, {"default_account_id": "trading"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    result = await entry.start_reauth_flow(hass)
    fields = credentials(exchange, "no-trade")
    del fields["server"]
    result = await answer(hass, result, fields)
    assert result["reason"] == "already_configured"


def reconfigured(exchange: ExchangeServer, key: str = "all") -> dict[str, Any]:
    """Return the fields of a changed access."""
    fields = credentials(exchange, key)
    if key == "all":
        del fields["api_secret"]
    return fields


async def test_reconfigure(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Another key of the same account and another server are tried, then used."""
    result = await entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    fields = reconfigured(exchange, "no-trade")
    result = await answer(
        hass, result, fields | {"server": {"url": "http://127.0.0.1:9/api/spot"}}
    )
    assert result["errors"] == {"base": "cannot_connect"}
    result = await answer(hass, result, fields | {"api_secret": "wrong"})
    assert result["errors"] == {"base": "invalid_signature"}
    result = await answer(hass, result, fields)
    assert result["step_id"] == "permissions"
    result = await answer(hass, result, {})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    chosen = key_named(exchange, "no-trade")
    assert entry.data["api_key"] == chosen.key
    assert entry.data["api_secret"] == chosen.secret
    assert entry.state is ConfigEntryState.LOADED
    await settled(entry)


async def test_reconfigure_keeps_the_secret(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Without a secret the present one stays."""
    result = await entry.start_reconfigure_flow(hass)
    result = await answer(hass, result, reconfigured(exchange))
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["api_secret"] == exchange.secret


async def test_reconfigure_prices(
    hass: HomeAssistant, exchange: ExchangeServer, prices: MockConfigEntry
) -> None:
    """Prices only have a server and nothing else."""
    result = await prices.start_reconfigure_flow(hass)
    result = await answer(hass, result, {"server": {"url": "nowhere"}})
    assert result["errors"] == {"base": "invalid_url"}
    result = await answer(hass, result, {"server": {"url": f" {exchange.base}/"}})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert prices.data == {"kind": "prices", "url": exchange.base}
    await settled(prices)


async def test_reconfigure_to_an_account_that_is_set_up_already(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Two entries never share a key."""
    hass.config_entries.async_update_entry(
        entry, unique_id=_unique_id({**entry.data, "api_key": "something else"})
    )
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange, "no-trade"))
    result = await answer(hass, result, {})
    result = await answer(hass, result, {"pairs": []})
    result = await answer(hass, result, {"default_account_id": "trading"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    result = await entry.start_reconfigure_flow(hass)
    result = await answer(hass, result, reconfigured(exchange, "no-trade"))
    assert result["reason"] == "already_configured"


async def test_reconfigure_to_another_account(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Orders of two clients give two accounts away, and nothing is changed."""
    await switch_trading(hass)
    order = {"pair": "BTC-USD", "side": "buy", "order_type": "limit"}
    await act(hass, "place_order", None, **order, amount="0.01", price="50000")
    ask = RestClient.get_my_orders
    other = key_named(exchange, "no-trade").key

    async def somebody_elses(rest: RestClient, **kwargs: Any) -> list[Order]:
        """Answer the other key as if it belonged to another client."""
        orders = await ask(rest, **kwargs)
        assert rest._credentials is not None
        if rest._credentials.key != other:
            return orders
        return [replace(order, client_id="somebody") for order in orders]

    before = dict(entry.data)
    for start in (entry.start_reconfigure_flow, entry.start_reauth_flow):
        result = await start(hass)
        fields = reconfigured(exchange, "no-trade")
        if start == entry.start_reauth_flow:
            del fields["server"]
        with patch.object(RestClient, "get_my_orders", somebody_elses):
            result = await answer(hass, result, fields)
        assert result["reason"] == "account_mismatch"
    assert entry.data == before


@pytest.mark.parametrize("state", ["loaded", "not loaded", "without a sub-account"])
async def test_account_of_a_key_that_works_no_longer(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, state: str
) -> None:
    """What is known without asking tells two accounts apart, as far as it goes."""
    ask = RestClient.get_my_account_status_v3

    async def other_accounts(rest: RestClient) -> AccountStatus:
        """Refuse the old key, and answer the new one with other sub-accounts."""
        assert rest._credentials is not None
        if rest._credentials.key == exchange.key:
            raise AuthenticationError("revoked")
        status = await ask(rest)
        balances = {
            f"other-{name}" if name else name: found
            for name, found in status.balances.items()
        }
        return replace(status, balances=balances)

    if state == "without a sub-account":
        hass.config_entries.async_update_entry(entry, options={})
    if state != "loaded":
        await hass.config_entries.async_unload(entry.entry_id)
    result = await entry.start_reconfigure_flow(hass)
    with patch.object(RestClient, "get_my_account_status_v3", other_accounts):
        result = await answer(hass, result, reconfigured(exchange, "no-trade"))
    if state == "without a sub-account":
        # Nothing tells them apart, so that the flow goes on.
        assert result["step_id"] == "permissions"
    else:
        assert result["reason"] == "account_mismatch"
    await hass.async_block_till_done()


async def test_the_exchange_falls_silent_while_accounts_are_compared(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Nothing is changed on a doubt; trying again leads on."""
    result = await entry.start_reconfigure_flow(hass)
    fields = reconfigured(exchange, "no-trade")
    with patch.object(
        RestClient, "get_my_funding_history", side_effect=MaintenanceError("later")
    ):
        result = await answer(hass, result, fields)
    assert result["errors"] == {"base": "maintenance"}
    result = await answer(hass, result, fields)
    assert result["step_id"] == "permissions"


async def test_any_trace_of_a_client_will_do(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An open order, an archived one or a movement of funds names the client."""
    rest = entry.runtime_data.rest
    nothing = await async_identity(rest)
    assert nothing.client_ids == frozenset()
    assert nothing.sub_accounts == {"trading", "savings"}
    await switch_trading(hass)
    order = {"pair": "BTC-USD", "side": "buy", "order_type": "limit"}
    placed = await act(hass, "place_order", None, **order, amount="0.01", price="50000")
    resting = await async_identity(rest)
    assert resting.client_ids
    await act(hass, "cancel_order", order_id=placed["order"]["order_id"])
    await until(lambda: not entry.runtime_data.account.ledger.open_orders)
    archived = await async_identity(rest)
    assert archived == resting
    assert not archived.is_another_than(nothing)
