"""Setting up, with real calls to the exchange: every way through, every error and its recovery."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.cexio.const import DOMAIN
from custom_components.cexio.exchange import AccountStatus, Balance, Pair, RestClient
from simulators.exchange.server import ExchangeServer
from tests.integration.flows import answer, begin, credentials, placeholders
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import change_key, control, settled, truth


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


async def test_clocks_that_differ(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """A clock that is wrong by minutes is reckoned with, and set-up goes on."""
    await control(exchange, "clock", {"jump": 300})
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange))
    assert result["step_id"] == "pairs"


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
