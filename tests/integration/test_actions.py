"""The actions that tell of markets and of the account's past."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
import voluptuous as vol

from custom_components.cexio.actions import account as account_actions
from custom_components.cexio.exchange import InvalidRequestError, RestClient
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import act, control, refused, switch_trading, until
from tests.patience import PATIENCE

HOUR = timedelta(hours=1)


async def buy(hass: HomeAssistant, amount: str = "0.1") -> dict[str, Any]:
    """Buy some BTC at the market."""
    answer = await act(
        hass,
        "place_order",
        pair="BTC-USD",
        side="buy",
        order_type="market",
        amount=amount,
    )
    order: dict[str, Any] = answer["order"]
    return order


async def test_order_book(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A book has as many levels as were asked for, best first, in plain digits."""
    book = (await act(hass, "get_order_book", pair="shib-usd", depth=3))["order_book"]
    assert book["pair"] == "SHIB-USD"
    assert len(book["bids"]) == len(book["asks"]) == 3
    bids = [Decimal(level["price"]) for level in book["bids"]]
    asks = [Decimal(level["price"]) for level in book["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert "E" not in book["bids"][0]["price"]
    assert await refused(hass, "get_order_book", pair="FOO-USD") == "unknown_pair"
    with pytest.raises(vol.Invalid):
        await act(hass, "get_order_book", pair="BTC-USD", depth=0)


async def test_candles(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Candles come for a span or a number, the newest by default."""
    newest = (await act(hass, "get_candles", pair="BTC-USD", limit=3))["candles"]
    assert len(newest) == 3
    assert [item["start"] for item in newest] == sorted(
        item["start"] for item in newest
    )
    assert all(isinstance(item["close"], str) for item in newest)
    assert newest[0]["closed"] is True
    now = dt_util.utcnow()
    span = (
        await act(
            hass,
            "get_candles",
            pair="BTC-USD",
            resolution="30m",
            source="ask",
            start=(now - 2 * HOUR).isoformat(),
            end=(now - HOUR).isoformat(),
        )
    )["candles"]
    assert len(span) == 3
    both: dict[str, Any] = {"start": (now - HOUR).isoformat(), "end": now.isoformat()}
    pair: dict[str, Any] = {"pair": "BTC-USD"}
    assert await refused(hass, "get_candles", **pair, **both, limit=3) == (
        "limit_not_allowed"
    )
    assert await refused(
        hass, "get_candles", **pair, start=both["end"], end=both["start"]
    ) == ("span_reversed")


async def test_trades(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Trades of everybody, of one side or both."""
    for side in ("BUY", "SELL"):
        await control(
            exchange,
            "market/trade",
            {"pair": "BTC-USD", "side": side, "amount": "0.01"},
        )
    trades = (await act(hass, "get_trades", pair="BTC-USD", limit=2))["trades"]
    assert [trade["side"] for trade in trades] == ["buy", "sell"]
    assert trades[0]["amount"] == "0.01000000"
    start = (dt_util.utcnow() - HOUR).isoformat()
    only = await act(hass, "get_trades", pair="BTC-USD", side="sell", start=start)
    assert {trade["side"] for trade in only["trades"]} == {"sell"}
    assert await refused(hass, "get_trades", pair="BTC-USD", end=start) == (
        "start_required"
    )


async def test_order(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """One order is told by either id, whatever its state."""
    await switch_trading(hass)
    order = await buy(hass)
    for field in ("order_id", "client_order_id"):
        told = (await act(hass, "get_order", **{field: order[field]}))["order"]
        assert told["order_id"] == order["order_id"]
    assert await refused(hass, "get_order") == "order_id_required"
    assert await refused(hass, "get_order", order_id="999999999") == "unknown_order"


async def test_executions(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Executions come from the journal, newest first, of what was asked for."""
    await switch_trading(hass)
    first, second = await buy(hass), await buy(hass, "0.2")
    feed = entry.runtime_data.feed
    await until(lambda: feed.newest >= 2)

    async def ids(**wanted: Any) -> list[str]:
        """Return the order ids of the executions."""
        answer = await act(hass, "get_executions", **wanted)
        return [item["data"]["order"]["order_id"] for item in answer["executions"]]

    async def filled(order_id: str) -> bool:
        """Tell whether the end of an order is told."""
        answer = await act(hass, "get_executions", order_id=order_id, limit=1)
        return bool(
            answer["executions"]
            and answer["executions"][0]["data"]["event"] == "filled"
        )

    async with asyncio.timeout(PATIENCE):
        while not (
            await filled(first["order_id"]) and await filled(second["order_id"])
        ):
            await hass.async_block_till_done()
    every = await ids()
    assert every[0] == second["order_id"]
    assert every[-1] == first["order_id"]
    with patch.object(account_actions, "FEED_PART", 1):
        assert await ids() == every
        assert await ids(limit=1) == every[:1]
    assert set(await ids(client_order_id=first["client_order_id"])) == {
        first["order_id"]
    }
    assert await ids(pair="ETH-USD") == []
    assert await ids(account_id="savings") == []
    now = dt_util.utcnow()
    assert await ids(start=(now - HOUR).isoformat()) == every
    assert await ids(end=(now - HOUR).isoformat()) == []


async def test_fees(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Fees in force, the volume they depend on, and the strategy by weekday."""
    fees = await act(hass, "get_fees", pairs=["BTC-USD"])
    assert set(fees["fees"]) == {"BTC-USD"}
    assert Decimal(fees["fees"]["BTC-USD"]) >= 0
    assert fees["volume"]["currency"] == "USD"
    steps = fees["strategy"]["week"]["default"]
    assert [Decimal(step["up_to_volume"]) for step in steps] == sorted(
        Decimal(step["up_to_volume"]) for step in steps
    )
    assert set(fees["strategy"]) == {"week", "weekend"}
    assert len((await act(hass, "get_fees"))["fees"]) > 5
    assert await refused(hass, "get_fees", pairs=["FOO-USD"]) == "unknown_pair"


async def test_ledgers(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Transactions and fundings come by page, of one account or type or all."""
    await switch_trading(hass)
    await act(
        hass, "deposit_from_wallet", account_id="trading", currency="USD", amount="25"
    )
    await act(
        hass,
        "transfer",
        from_account_id="trading",
        to_account_id="savings",
        currency="USD",
        amount="5",
    )
    rows = (await act(hass, "get_transactions"))["transactions"]
    assert {row["type"] for row in rows} == {"deposit", "internal_transfer"}
    assert [Decimal(row["amount"]) for row in rows if row["account_id"] == "savings"]
    transfers = await act(
        hass, "get_transactions", type="internal_transfer", account_id="trading"
    )
    assert [row["amount"] for row in transfers["transactions"]] == ["-5.00000000"]
    second = await act(hass, "get_transactions", page=2, limit=2)
    assert second["transactions"] == rows[2:4]
    fundings = await act(
        hass, "get_funding_history", direction="deposit", currency="usd"
    )
    assert [row["amount"] for row in fundings["fundings"]] == ["25.00000000"]
    assert fundings["fundings"][0]["status"] == "approved"
    assert (await act(hass, "get_funding_history", direction="withdraw")) == {
        "fundings": []
    }
    assert (
        await refused(hass, "get_funding_history", currency="FOO") == "unknown_currency"
    )


async def test_deposit_address(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """An address, by the only network or the chosen one; memo where there is one."""
    answer = (await act(hass, "get_deposit_address", currency="btc"))["deposit_address"]
    assert answer["account_id"] == "trading"
    assert answer["address"]
    assert Decimal(answer["minimum"]) > 0
    assert await refused(hass, "get_deposit_address", currency="USDT") == (
        "blockchain_required"
    )
    assert (
        await refused(
            hass, "get_deposit_address", currency="USDT", blockchain="bitcoin"
        )
        == "unknown_blockchain"
    )
    assert await refused(hass, "get_deposit_address", currency="USD") == "no_deposits"
    assert await refused(hass, "get_deposit_address", currency="FOO") == (
        "unknown_currency"
    )
    with patch.object(
        RestClient, "get_processing_info", side_effect=InvalidRequestError("no")
    ):
        assert await refused(hass, "get_deposit_address", currency="BTC") == (
            "no_deposits"
        )
    hass.config_entries.async_update_entry(entry, options={})
    await hass.async_block_till_done()
    assert await refused(hass, "get_deposit_address", currency="BTC") == (
        "no_sub_account"
    )
