"""Orders over REST: acceptance, rejection, execution, fees, rows."""

import pytest

from tests.simulators.exchange.conftest import TUESDAY, Bench

NOW = int(TUESDAY * 1000)


async def test_resting_limit_order(still: Bench) -> None:
    """The reply of an accepted order has zeros where its row has nulls; the hold includes the fee."""
    order = still.client.order(
        clientOrderId="mine", amountCcy1="0.01", price=59000, comment="hello"
    )
    reply = await still.client.ok("do_my_new_order", **order)
    order_id, execution_id = reply["orderId"], reply["executionId"]
    assert reply == {
        "messageType": "executionReport",
        "clientId": "IT_DEMO",
        "orderId": order_id,
        "clientOrderId": "mine",
        "accountId": "trading",
        "status": "NEW",
        "currency1": "BTC",
        "currency2": "USD",
        "side": "BUY",
        "executedAmountCcy1": "0.00000000",
        "executedAmountCcy2": "0.00000000",
        "requestedAmountCcy1": "0.01000000",
        "requestedAmountCcy2": None,
        "orderType": "Limit",
        "timeInForce": "GTC",
        "comment": "hello",
        "executionType": "New",
        "executionId": execution_id,
        "transactTime": "2026-11-10T10:20:00.000Z",
        "expireTime": None,
        "effectiveTime": None,
        "price": "59000.0",
        "averagePrice": None,
        "feeAmount": "0.00000000",
        "feeCurrency": "USD",
        "clientCreateTimestamp": NOW,
        "serverCreateTimestamp": NOW,
        "lastUpdateTimestamp": NOW,
    }
    assert await still.client.row(order_id) == {
        "orderId": order_id,
        "clientOrderId": "mine",
        "clientId": "IT_DEMO",
        "accountId": "trading",
        "status": "NEW",
        "statusIsFinal": False,
        "currency1": "BTC",
        "currency2": "USD",
        "side": "BUY",
        "orderType": "Limit",
        "timeInForce": "GTC",
        "comment": "hello",
        "rejectCode": None,
        "rejectReason": None,
        "executedAmountCcy1": None,
        "executedAmountCcy2": None,
        "requestedAmountCcy1": "0.01000000",
        "requestedAmountCcy2": None,
        "initialOnHoldAmountCcy1": None,
        "initialOnHoldAmountCcy2": "591.47500000",
        "feeAmount": None,
        "feeCurrency": "USD",
        "price": "59000.0",
        "averagePrice": None,
        "clientCreateTimestamp": NOW,
        "serverCreateTimestamp": NOW,
        "lastUpdateTimestamp": NOW,
        "expireTime": None,
        "effectiveTime": None,
    }
    assert await still.client.balance("trading", "USD") == (
        "50000.00000000",
        "591.47500000",
    )


async def test_market_order_by_base(still: Bench) -> None:
    """A market order fills at once; its reply has no price, its row shows IOC."""
    reply = await still.client.ok(
        "do_my_new_order", **still.client.market(amountCcy1="0.01")
    )
    assert "price" not in reply
    assert (reply["status"], reply["executionType"], reply["timeInForce"]) == (
        "FILLED",
        "Trade",
        None,
    )
    assert (reply["executedAmountCcy1"], reply["executedAmountCcy2"]) == (
        "0.01000000",
        "600.06000000",
    )
    assert (reply["averagePrice"], reply["feeAmount"]) == ("60006.0", "1.50015000")
    row = await still.client.row(reply["orderId"])
    assert (row["timeInForce"], row["price"], row["statusIsFinal"]) == (
        "IOC",
        None,
        True,
    )
    assert await still.client.balance("trading", "USD") == (
        "49398.43985000",
        "0.00000000",
    )
    assert await still.client.balance("trading", "BTC") == ("1.51000000", "0.00000000")


async def test_market_order_by_quote_includes_the_fee(still: Bench) -> None:
    """The observed row: 10.234567 sent, 10.20904439 traded, the difference paid as fee."""
    order = still.client.market(
        currency1="LTC", currency2="USDT", amountCcy1=None, amountCcy2="10.23456700"
    )
    reply = await still.client.ok("do_my_new_order", **order)
    row = await still.client.row(reply["orderId"])
    assert row["status"] == "FILLED"
    assert row["executedAmountCcy2"] == row["requestedAmountCcy2"] == "10.20904439"
    assert row["requestedAmountCcy1"] is None
    assert row["originalAmountCcy2"] == row["initialOnHoldAmountCcy2"] == "10.23456700"
    assert (row["feeAmount"], row["feeCurrency"]) == ("0.02552261", "USDT")
    assert await still.client.balance("trading", "USDT") == (
        "19989.76543300",
        "0.00000000",
    )


async def test_market_sale_by_quote(still: Bench) -> None:
    """A sale for a quote amount sells just enough, and the fee is paid out of the proceeds."""
    reply = await still.client.ok(
        "do_my_new_order",
        **still.client.market(side="SELL", amountCcy1=None, amountCcy2="599.94"),
    )
    assert (
        reply["status"],
        reply["executedAmountCcy1"],
        reply["executedAmountCcy2"],
    ) == ("FILLED", "0.01000000", "599.94000000")
    assert reply["feeAmount"] == "1.49985000"
    assert await still.client.balance("trading", "USD") == (
        "50598.44015000",
        "0.00000000",
    )


async def test_market_order_through_several_levels(still: Bench) -> None:
    """Each level is a fill of its own; the average price is cut at the price precision."""
    client = still.client
    await client.control("/market/empty", pair="ETH-USD", side="SELL")
    for price in ("2500", "2500.01", "2501"):
        await client.control(
            "/orders", pair="ETH-USD", side="SELL", price=price, amount="0.1"
        )
    reply = await client.ok(
        "do_my_new_order", **client.market(currency1="ETH", amountCcy1="0.3")
    )
    assert (reply["executedAmountCcy2"], reply["averagePrice"]) == (
        "750.10100000",
        "2500.33",
    )
    fills = (await client.control("/truth", "GET"))["fills"]
    assert [fill["price"] for fill in fills] == ["2500.00", "2500.01", "2501.00"]
    assert [fill["fee"] for fill in fills] == ["0.62500000", "0.62500250", "0.62525000"]


async def test_market_order_is_protected_and_cut_short(still: Bench) -> None:
    """A market order takes nothing beyond 10 percent from the best; the rest is cancelled."""
    client = still.client
    await client.control("/market/empty", pair="ETH-USD", side="SELL")
    await client.control(
        "/orders", pair="ETH-USD", side="SELL", price="2500", amount="0.1"
    )
    await client.control(
        "/orders", pair="ETH-USD", side="SELL", price="2800", amount="5"
    )
    reply = await client.ok(
        "do_my_new_order", **client.market(currency1="ETH", amountCcy1="1")
    )
    assert (reply["status"], reply["executedAmountCcy1"]) == ("CANCELLED", "0.10000000")
    assert (await client.balance("trading", "USD"))[1] == "0.00000000"


async def test_market_order_without_anybody(still: Bench) -> None:
    """An empty book gives a cancelled order, not an error."""
    await still.client.control("/market/empty", pair="ETH-USD")
    reply = await still.client.ok(
        "do_my_new_order", **still.client.market(currency1="ETH", amountCcy1="1")
    )
    assert (reply["status"], reply["executedAmountCcy1"], reply["averagePrice"]) == (
        "CANCELLED",
        "0.00000000",
        None,
    )


async def test_partial_fill_then_rest(still: Bench) -> None:
    """A resting order fills in parts, its hold shrinks, the fee grows with it."""
    placed = await still.client.place(price="60000", amountCcy1="0.5")
    await still.client.control(
        "/market/trade", pair="BTC-USD", side="SELL", amount="0.2"
    )
    row = await still.client.row(placed["orderId"])
    assert (row["status"], row["executedAmountCcy1"], row["averagePrice"]) == (
        "PARTIALLY_FILLED",
        "0.20000000",
        "60000.0",
    )
    assert row["feeAmount"] == "30.00000000"
    assert await still.client.balance("trading", "USD") == (
        "37970.00000000",
        "18045.00000000",
    )
    await still.client.control(
        "/market/trade", pair="BTC-USD", side="SELL", amount="0.3"
    )
    row = await still.client.row(placed["orderId"])
    # 30,000 USD traded bring the client into the next tier, but an order keeps its fee.
    assert (row["status"], row["feeAmount"]) == ("FILLED", "75.00000000")
    assert await still.client.balance("trading", "USD") == (
        "19925.00000000",
        "0.00000000",
    )
    assert (await still.client.ok("get_my_current_fee", pairs=["BTC-USD"])) == {
        "tradingFee": {"BTC-USD": {"percent": "0.23"}}
    }


async def test_price_time_priority(still: Bench) -> None:
    """Better price first, then who came first."""
    first = await still.client.place(price="60000", amountCcy1="0.01")
    second = await still.client.place(price="60000", amountCcy1="0.01")
    better = await still.client.place(price="60001", amountCcy1="0.01")
    await still.client.control(
        "/market/trade", pair="BTC-USD", side="SELL", amount="0.02"
    )
    statuses = [
        (await still.client.row(order["orderId"]))["status"]
        for order in (first, second, better)
    ]
    assert statuses == ["FILLED", "NEW", "FILLED"]


async def test_better_price_gives_the_difference_back(still: Bench) -> None:
    """A limit above the market trades at the market."""
    reply = await still.client.place(price="61000", amountCcy1="0.01")
    assert (reply["status"], reply["averagePrice"]) == ("FILLED", "60006.0")
    assert (await still.client.balance("trading", "USD"))[1] == "0.00000000"


async def test_own_orders_trade_with_each_other(still: Bench) -> None:
    """Two accounts of one client meet; both pay the fee."""
    sale = await still.client.place(
        side="SELL", accountId="savings", price="60000", amountCcy1="0.01"
    )
    purchase = await still.client.place(price="60000", amountCcy1="0.01")
    assert purchase["status"] == "FILLED"
    assert (await still.client.row(sale["orderId"]))["status"] == "FILLED"
    assert await still.client.balance("savings", "USD") == (
        "598.50000000",
        "0.00000000",
    )
    assert await still.client.balance("savings", "BTC") == ("0.74000000", "0.00000000")


async def test_ioc_rest_is_cancelled(still: Bench) -> None:
    """What does not trade at once is cancelled; what traded stays."""
    client = still.client
    await client.control(
        "/orders", pair="BTC-USD", side="SELL", price="60001", amount="0.004"
    )
    reply = await client.place(price="60001", amountCcy1="0.01", timeInForce="IOC")
    assert (reply["status"], reply["executedAmountCcy1"]) == ("CANCELLED", "0.00400000")
    assert (await client.balance("trading", "USD"))[1] == "0.00000000"


async def test_gtd_expires(still: Bench) -> None:
    """An order ends at its time, and its hold with it."""
    placed = await still.client.place(timeInForce="GTD", expireTime=NOW + 5000)
    assert placed["expireTime"] == NOW + 5000
    await still.advance(4.8)
    assert (await still.client.row(placed["orderId"]))["status"] == "NEW"
    await still.advance(0.4)
    row = await still.client.row(placed["orderId"])
    assert (row["status"], row["statusIsFinal"]) == ("EXPIRED", True)
    assert (await still.client.balance("trading", "USD"))[1] == "0.00000000"


@pytest.mark.parametrize("order_type", ["StopLimit", "Stop Limit", "Limit"])
async def test_stop_limit_waits_for_its_price(still: Bench, order_type: str) -> None:
    """It holds funds, is not in the book, and becomes a limit order once the price has passed."""
    client = still.client
    placed = await client.place(
        orderType=order_type, stopPrice="61000", price="61500", amountCcy1="0.01"
    )
    assert (placed["status"], placed["orderType"]) == ("NEW", "StopLimit")
    assert (await client.balance("trading", "USD"))[1] == "616.53750000"
    await client.control("/market/price", pair="BTC-USD", price="60900")
    assert (await client.row(placed["orderId"]))["status"] == "NEW"
    await client.control("/market/price", pair="BTC-USD", price="61100")
    assert (await client.row(placed["orderId"]))["status"] == "FILLED"
    truth = await client.control("/truth", "GET")
    assert truth["orders"][0]["stopPrice"] == "61000.0"
    assert "stopPrice" not in await client.row(placed["orderId"])


async def test_stop_limit_sale_rests_when_its_limit_is_missed(still: Bench) -> None:
    """After a fall below stop and limit, the order waits in the book."""
    client = still.client
    placed = await client.place(
        side="SELL",
        orderType="StopLimit",
        stopPrice="59000",
        price="58900",
        amountCcy1="0.01",
    )
    await client.control("/market/price", pair="BTC-USD", price="58000")
    assert (await client.row(placed["orderId"]))["status"] == "NEW"
    book = (await client.public("get_order_book", pair="BTC-USD"))[1]["data"]
    assert not any(price == "58900.0" for price, _ in book["bids"])
    await client.control("/market/price", pair="BTC-USD", price="59100")
    assert (await client.row(placed["orderId"]))["status"] == "FILLED"


async def test_stop_in_an_empty_book_waits(still: Bench) -> None:
    """Without a market there is no price that could have passed."""
    await still.client.control("/market/empty", pair="BTC-USD")
    placed = await still.client.place(
        orderType="StopLimit", stopPrice="61000", price="61500"
    )
    assert placed["status"] == "NEW"
    await still.client.control("/market/refill", pair="BTC-USD")
    await still.client.control("/market/price", pair="BTC-USD", price="62000")
    row = await still.client.row(placed["orderId"])
    assert (row["status"], row["executedAmountCcy1"]) == ("NEW", None)


async def test_cancelled_stop_does_not_trade(still: Bench) -> None:
    """Not even while its cancel is pending."""
    await still.client.control("/switches", cancel_delay=5)
    placed = await still.client.place(
        orderType="StopLimit", stopPrice="61000", price="61500"
    )
    await still.client.ok("do_cancel_all_orders")
    await still.client.control("/market/price", pair="BTC-USD", price="61200")
    await still.advance(5.1)
    row = await still.client.row(placed["orderId"])
    assert (row["status"], row["executedAmountCcy1"]) == ("CANCELLED", None)
    assert (await still.client.balance("trading", "USD"))[1] == "0.00000000"


async def test_expire_time_without_gtd_means_nothing(still: Bench) -> None:
    """A GTC order stays."""
    placed = await still.client.place(expireTime=NOW + 1000)
    await still.advance(2)
    assert (await still.client.row(placed["orderId"]))["status"] == "NEW"


async def test_tiny_fill_costs_nothing(still: Bench) -> None:
    """A trade whose value is below the last decimal moves base alone."""
    await still.client.control("/market/empty", pair="ETH-BTC")
    placed = await still.client.place(
        currency1="ETH", currency2="BTC", price="0.04", amountCcy1="0.1"
    )
    await still.client.control(
        "/market/trade", pair="ETH-BTC", side="SELL", amount="0.00000001"
    )
    row = await still.client.row(placed["orderId"])
    assert (
        row["status"],
        row["executedAmountCcy1"],
        row["executedAmountCcy2"],
        row["feeAmount"],
    ) == ("PARTIALLY_FILLED", "0.00000001", None, None)


async def test_stop_that_is_passed_already(still: Bench) -> None:
    """Such an order is a limit order at once."""
    placed = await still.client.place(
        orderType="StopLimit", stopPrice="59000", price="61000", amountCcy1="0.01"
    )
    assert placed["status"] == "FILLED"


async def test_moving_the_market_fills_resting_orders(still: Bench) -> None:
    """An order at the new price, or beyond, fills at its own price."""
    at_price = await still.client.place(price="59000", amountCcy1="0.01")
    below = await still.client.place(price="58999", amountCcy1="0.01")
    best = await still.client.control("/market/price", pair="BTC-USD", price="59000")
    assert float(best["best_bid"]) < 59000 < float(best["best_ask"])
    assert (await still.client.row(at_price["orderId"]))["averagePrice"] == "59000.0"
    assert (await still.client.row(below["orderId"]))["status"] == "NEW"
