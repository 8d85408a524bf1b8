"""Events of orders: which, in which order, with what in them."""

from tests.simulators.exchange.conftest import Bench


async def test_limit_order_filled_at_once(still: Bench) -> None:
    """The documented sequence: reply New, hold, report New, proceeds, fee, report Trade."""
    client, socket = still.client, await still.private()
    await socket.send(
        e="do_my_new_order",
        oid="9",
        data=client.order(clientOrderId="s", side="SELL", price=59000),
    )
    frames = await socket.drain()
    assert [frame["e"] for frame in frames] == [
        "do_my_new_order", "account_update", "executionReport", "account_update", "account_update", "executionReport",
    ]  # fmt: skip
    reply, hold, new, proceeds, fee, trade = (frame["data"] for frame in frames)
    order_id = reply["orderId"]
    assert reply == {
        "clientId": "IT_DEMO",
        "orderId": order_id,
        "clientOrderId": "s",
        "accountId": "trading",
        "status": "NEW",
        "currency1": "BTC",
        "currency2": "USD",
        "side": "SELL",
        "executedAmountCcy1": "0.00000000",
        "executedAmountCcy2": "0.00000000",
        "requestedAmountCcy1": "0.01000000",
        "requestedAmountCcy2": None,
        "orderType": "Limit",
        "timeInForce": "GTC",
        "comment": None,
        "executionType": "New",
        "executionId": new["executionId"],
        "transactTime": None,
        "expireTime": None,
        "effectiveTime": None,
        "price": "59000.0",
        "averagePrice": None,
        "feeAmount": "0.00000000",
        "feeCurrency": "USD",
    }
    assert new == {"messageType": "executionReport"} | reply
    update = {
        "clientId": "IT_DEMO",
        "accountId": "trading",
        "timestamp": 1794306000000,
        "action": "order",
        "id": order_id,
    }
    assert hold == update | {
        "currency": "BTC",
        "balance": "1.49000000",
        "onHoldBalance": "0.01000000",
    }
    assert proceeds == update | {
        "currency": "USD",
        "balance": "50599.94000000",
        "onHoldBalance": "0.00000000",
    }
    assert fee == update | {
        "currency": "USD",
        "balance": "50598.44015000",
        "onHoldBalance": "0.00000000",
    }
    assert trade == new | {
        "status": "FILLED",
        "executedAmountCcy1": "0.01000000",
        "executedAmountCcy2": "599.94000000",
        "executionType": "Trade",
        "executionId": trade["executionId"],
        "averagePrice": "59994.0",
        "lastQuantity": "0.01000000",
        "lastPrice": "59994.0",
        "lastAmountCcy1": "0.01000000",
        "lastAmountCcy2": "599.94000000",
        "feeAmount": "1.49985000",
    }
    assert trade["executionId"] != new["executionId"]


async def test_purchase_settles_in_one_update(still: Bench) -> None:
    """Base arrives, then hold, cost and fee together."""
    socket = await still.private()
    await socket.send(
        e="do_my_new_order", oid="9", data=still.client.order(price="61000")
    )
    frames = await socket.drain()
    updates = [
        (
            frame["data"]["currency"],
            frame["data"]["balance"],
            frame["data"]["onHoldBalance"],
        )
        for frame in frames
        if frame["e"] == "account_update"
    ]
    assert updates == [
        ("USD", "49388.47500000", "611.52500000"),
        ("BTC", "1.51000000", "0.00000000"),
        ("USD", "49398.43985000", "0.00000000"),
    ]


async def test_partial_fills_report_last_and_cumulative(still: Bench) -> None:
    """Each fill has its own report and id."""
    socket = await still.private()
    await socket.ok(
        "do_my_new_order", still.client.order(price="60000", amountCcy1="0.03")
    )
    for _ in range(3):
        await still.client.control(
            "/market/trade", pair="BTC-USD", side="SELL", amount="0.01"
        )
    reports = [
        frame["data"]
        for frame in await socket.drain()
        if frame["e"] == "executionReport"
    ]
    assert [
        (report["status"], report["executedAmountCcy1"], report.get("lastAmountCcy1"))
        for report in reports
    ] == [
        ("NEW", "0.00000000", None),
        ("PARTIALLY_FILLED", "0.01000000", "0.01000000"),
        ("PARTIALLY_FILLED", "0.02000000", "0.01000000"),
        ("FILLED", "0.03000000", "0.01000000"),
    ]
    assert len({report["executionId"] for report in reports}) == 4


async def test_cancel_sequence(still: Bench) -> None:
    """Reply, PendingCancel, hold freed, Canceled; the client order id is that of the cancel."""
    socket = await still.private()
    placed = await socket.ok(
        "do_my_new_order", still.client.order(clientOrderId="mine")
    )
    await socket.drain()
    data = {"orderId": int(placed["orderId"]), "cancelRequestId": "c-1", "timestamp": 1}
    await socket.send(e="do_cancel_my_order", oid="2", data=data)
    reply, pending, update, cancelled = await socket.drain()
    assert reply == {"e": "do_cancel_my_order", "oid": "2", "data": {}, "ok": "ok"}
    for frame, status, kind in (
        (pending, "PENDING_CANCEL", "PendingCancel"),
        (cancelled, "CANCELLED", "Canceled"),
    ):
        report = frame["data"]
        assert (report["status"], report["executionType"]) == (status, kind)
        assert (report["clientOrderId"], report["OrigClOrdID"], report["orderId"]) == (
            "c-1",
            "mine",
            placed["orderId"],
        )
    assert update["data"]["onHoldBalance"] == "0.00000000"


async def test_cancel_all_sequence(still: Bench) -> None:
    """All go pending first, then each is freed and ends, under generated ids."""
    socket = await still.private()
    orders = [
        await socket.ok("do_my_new_order", still.client.order()) for _ in range(2)
    ]
    await socket.drain()
    await socket.send(e="do_cancel_all_orders", oid="2", data={})
    reply, *events = await socket.drain()
    assert reply["data"] == {
        "clientOrderIds": [order["clientOrderId"] for order in orders]
    }
    assert [event["data"].get("executionType", "update") for event in events] == [
        "PendingCancel", "PendingCancel", "update", "Canceled", "update", "Canceled",
    ]  # fmt: skip
    assert (
        events[0]["data"]["clientOrderId"] == f"CANCEL_IT_DEMO_{orders[0]['orderId']}"
    )


async def test_cancel_of_an_unknown_order(still: Bench) -> None:
    """The reply is ok, the event tells."""
    socket = await still.private()
    await socket.send(
        e="do_cancel_my_order",
        oid="2",
        data={"clientOrderId": "never", "cancelRequestId": "c", "timestamp": 1},
    )
    reply, event = await socket.drain()
    assert reply["ok"] == "ok"
    assert event == {
        "e": "orderCancelReject",
        "data": {
            "messageType": "orderCancelReject",
            "clientId": "IT_DEMO",
            "orderId": "NONE",
            "cancelRequestId": "c",
            "clientOrderId": "never",
            "accountId": None,
            "orderStatus": "REJECTED",
            "responseTo": "order_cancel_request",
            "cancelRejectReason": "unknown_order",
        },
        "ok": "ok",
    }


async def test_cancel_of_a_finished_order(still: Bench) -> None:
    """The event names the order and its status."""
    socket = await still.private()
    placed = await socket.ok("do_my_new_order", still.client.order(price="61000"))
    await socket.drain()
    await socket.ok(
        "do_cancel_my_order",
        {
            "clientOrderId": placed["clientOrderId"],
            "cancelRequestId": "c",
            "timestamp": 1,
        },
    )
    event = await socket.next("orderCancelReject")
    assert (event["orderId"], event["orderStatus"], event["accountId"]) == (
        placed["orderId"],
        "FILLED",
        "trading",
    )


async def test_rejected_order_has_no_event(still: Bench) -> None:
    """Only the reply tells, and it is ok."""
    socket = await still.private()
    reply = await socket.request("do_my_new_order", still.client.order(amountCcy1="10"))
    assert (reply["ok"], reply["data"]["status"], reply["data"]["rejectCode"]) == (
        "ok",
        "REJECTED",
        403,
    )
    assert await socket.drain() == []


async def test_refused_order_is_an_error(still: Bench) -> None:
    """A request that is no order is not ok."""
    socket = await still.private()
    reply = await socket.request("do_my_new_order", still.client.order(price=None))
    assert reply == {
        "e": "do_my_new_order",
        "oid": "1",
        "data": {"error": "Mandatory parameter price is missing"},
    }


async def test_every_socket_of_the_client_hears_everything(still: Bench) -> None:
    """Orders over REST, by other keys or in the web terminal; sockets without auth hear nothing."""
    listening, reading = await still.private(), await still.private("read-only")
    deaf, public = await still.private(auth=False), await still.public()
    await still.client.place(clientOrderId="rest")
    await still.client.control(
        "/client-orders", **still.client.order(clientOrderId="terminal", timestamp=None)
    )
    for socket in (listening, reading):
        reports = [
            frame["data"]["clientOrderId"]
            for frame in await socket.drain()
            if frame["e"] == "executionReport"
        ]
        assert reports == ["rest", "terminal"]
    for socket in (deaf, public):
        assert await socket.drain() == []


async def test_ioc_rest_keeps_the_placement_id(still: Bench) -> None:
    """The cancel of a rest is reported under the order's own id, without PendingCancel."""
    socket = await still.private()
    await still.client.control(
        "/orders", pair="BTC-USD", side="SELL", price="60001", amount="0.004"
    )
    await socket.ok(
        "do_my_new_order",
        still.client.order(clientOrderId="ioc", price="60001", timeInForce="IOC"),
    )
    reports = [
        frame["data"]
        for frame in await socket.drain()
        if frame["e"] == "executionReport"
    ]
    assert [report["executionType"] for report in reports] == [
        "New",
        "Trade",
        "Canceled",
    ]
    assert (reports[-1]["clientOrderId"], reports[-1]["status"]) == ("ioc", "CANCELLED")
    assert "OrigClOrdID" not in reports[-1]
    assert reports[-1]["executedAmountCcy1"] == "0.00400000"
    assert "lastAmountCcy1" not in reports[-1]


async def test_expiry_report(still: Bench) -> None:
    """Canceled with EXPIRED."""
    socket = await still.private()
    await socket.ok(
        "do_my_new_order",
        still.client.order(timeInForce="GTD", expireTime=1794306001000),
    )
    await socket.drain()
    await still.advance(1.2)
    update, report = await socket.drain()
    assert update["data"]["onHoldBalance"] == "0.00000000"
    assert (report["data"]["executionType"], report["data"]["status"]) == (
        "Canceled",
        "EXPIRED",
    )
