"""REST: who is let in, and how the public methods answer."""

import base64
import hashlib
import hmac
from typing import Any

import pytest

from simulators.exchange.signing import rest_signature
from tests.simulators.exchange.conftest import Bench


@pytest.mark.parametrize(
    ("secret", "action", "body", "signature"),
    [
        (
            "base64_string_secret",
            "get_order_book",
            '{"pair":"BTC-USD"}',
            "XE8WBVBha6aWp+ITSVTMBZAvh5RGmyW38Gp1VowJUmQ=",
        ),
        (
            "base64_string_secret",
            "get_my_orders",
            "{}",
            "fSiFM59oalAceZlJq41pe4YlV8Q0UmGk8kxO21FU0rw=",
        ),
        (
            "c2VjcmV0LWtleS1mb3ItdGVzdHM=",
            "get_order_book",
            '{"pair":"BTC-USD"}',
            "dRZSNp7/Y+A0VO9/YxF+mSjjeCoQ+os18DHCUc8UTY0=",
        ),
    ],
)
def test_signature_of_the_reference(
    secret: str, action: str, body: str, signature: str
) -> None:
    """The published vectors come out."""
    assert rest_signature(secret, action, "1700000000", body.encode()) == signature


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"X-AGGR-KEY": ""}, "API key not passed or incorrect"),
        ({"X-AGGR-KEY": "nobody"}, "API key not passed or incorrect"),
        ({"X-AGGR-TIMESTAMP": "1700000000"}, "Timestamp is not in 20sec range"),
        ({"X-AGGR-TIMESTAMP": "soon"}, "Timestamp is not in 20sec range"),
        ({"X-AGGR-SIGNATURE": "AAAA"}, "Invalid signature"),
        ({"X-AGGR-SIGNATURE": ""}, "Invalid signature"),
    ],
)
async def test_bad_credentials_are_refused(
    bench: Bench, headers: dict[str, str], text: str
) -> None:
    """Each wrong header gives 401 and says which."""
    assert await bench.client.private("get_fee_strategy", headers=headers) == (
        401,
        {"error": text},
    )


async def test_base64_decoded_secret_is_wrong(bench: Bench) -> None:
    """The prose of the documentation is wrong about the secret, and so is a client that believes it."""
    client = bench.client
    timestamp = str(int(client.clock.time()))
    mac = hmac.new(
        base64.b64decode(client.secret),
        f"get_fee_strategy{timestamp}{{}}".encode(),
        hashlib.sha256,
    )
    answer = await client.private(
        "get_fee_strategy",
        headers={"X-AGGR-SIGNATURE": base64.b64encode(mac.digest()).decode()},
    )
    assert answer == (401, {"error": "Invalid signature"})


@pytest.mark.parametrize(
    ("name", "action", "answer"),
    [
        ("inactive", "get_fee_strategy", (401, "API key is not activated")),
        (
            "other-address",
            "get_fee_strategy",
            (401, "IP address is not allowed for this API key"),
        ),
        (
            "read-only",
            "do_my_new_order",
            (403, "API key does not have permission Trade"),
        ),
        (
            "no-trade",
            "do_cancel_all_orders",
            (403, "API key does not have permission Trade"),
        ),
        (
            "read-only",
            "do_my_internal_transfer",
            (403, "API key does not have permission Funds Internal"),
        ),
        (
            "read-only",
            "do_deposit_funds_from_wallet",
            (403, "API key does not have permission Funds Wallet"),
        ),
    ],
)
async def test_keys_may_do_what_they_may(
    bench: Bench, name: str, action: str, answer: tuple[int, str]
) -> None:
    """Keys that are not activated, used from elsewhere or lack a permission are refused."""
    assert await bench.as_key(name).refused(action) == answer


async def test_creating_an_account_needs_only_read(bench: Bench) -> None:
    """So the documentation says."""
    assert await bench.as_key("read-only").ok(
        "do_create_account", accountId="mine", currency="BTC"
    ) == {"accountId": "mine"}


async def test_signed_text_is_the_sent_text(bench: Bench) -> None:
    """Spaces in the JSON do no harm, for the body is signed as it is."""
    status, _ = await bench.client.private("get_my_orders", body='{ "pageSize" :  5 }')
    assert status == 200


@pytest.mark.parametrize("body", ["", "{}"])
async def test_empty_body_is_no_parameters(bench: Bench, body: str) -> None:
    """Both spellings of nothing are served."""
    status, _ = await bench.client.private("get_fee_strategy", body=body)
    assert status == 200


@pytest.mark.parametrize("body", ['{""}', "{[]}", "[]", "null", "3", "nonsense"])
async def test_malformed_body(bench: Bench, body: str) -> None:
    """What is not a JSON object is a bad request on both sides."""
    assert await bench.client.private("get_my_volume", body=body) == (
        400,
        {"error": "Bad Request"},
    )
    url = f"{bench.client.base}/rest-public/get_server_time"
    assert await bench.client.raw("POST", url, data=body) == (
        400,
        {"error": "Bad Request"},
    )


@pytest.mark.parametrize(
    "path",
    [
        "rest-public/get_nothing",
        "rest-public/get_my_orders",
        "rest-public/order_book_subscribe",
    ],
)
async def test_unknown_action(bench: Bench, path: str) -> None:
    """An action that is not offered is a bad request."""
    assert await bench.client.raw("POST", f"{bench.client.base}/{path}", json={}) == (
        400,
        {"error": "Bad Request"},
    )


async def test_public_methods_are_not_private(bench: Bench) -> None:
    """There is no private get_ticker."""
    assert await bench.client.refused("get_ticker") == (400, "Bad Request")


async def test_server_time(still: Bench) -> None:
    """Both forms are the same moment, and GET is served too."""
    expected = {
        "ok": "ok",
        "data": {"timestamp": 1794306000000, "ISODate": "2026-11-10T10:20:00.000Z"},
    }
    assert await still.client.public("get_server_time") == (200, expected)
    assert await still.client.raw(
        "GET", f"{still.client.base}/rest-public/get_server_time"
    ) == (200, expected)


async def test_pairs_info(bench: Bench) -> None:
    """A row has exactly the documented fields; unknown pairs are left out."""
    _, answer = await bench.client.public(
        "get_pairs_info", pairs=["BTC-USD", "NOPE-USD"]
    )
    assert answer["data"] == [
        {
            "base": "BTC",
            "quote": "USD",
            "baseMin": "0.0002",
            "baseMax": "70",
            "baseLotSize": "0.00000001",
            "quoteMin": "10",
            "quoteMax": "1000000",
            "quoteLotSize": "0.01000000",
            "basePrecision": 8,
            "quotePrecision": 8,
            "pricePrecision": 1,
            "minPrice": "2400.0",
            "maxPrice": "240000.0",
        }
    ]
    _, answer = await bench.client.public("get_pairs_info")
    names = {f"{row['base']}-{row['quote']}" for row in answer["data"]}
    assert names >= {
        "BTC-USD",
        "ETH-USD",
        "BTC-EUR",
        "ETH-BTC",
        "LTC-USDT",
        "SHIB-USD",
        "USDT-USD",
    }


@pytest.mark.parametrize("pairs", [[], "BTC-USD", [1]])
async def test_pairs_info_error_comes_inside_ok(bench: Bench, pairs: Any) -> None:
    """The exchange calls this failure ok."""
    error = {"error": "Parameter pairs should be Array of Strings"}
    assert await bench.client.public("get_pairs_info", pairs=pairs) == (
        200,
        {"ok": "ok", "data": error},
    )


async def test_currencies_info(bench: Bench) -> None:
    """Fiat, precision and Wallet flags; unknown ones are left out; empty lists are refused inside ok."""
    _, answer = await bench.client.public(
        "get_currencies_info", currencies=["USD", "SHIB", "LUNC", "CCC"]
    )
    flags = {"walletDeposit": True, "walletWithdrawal": True}
    assert answer["data"] == [
        {
            "currency": "USD",
            **flags,
            "fiat": True,
            "precision": 8,
            "walletPrecision": 2,
        },
        {
            "currency": "SHIB",
            **flags,
            "fiat": False,
            "precision": 0,
            "walletPrecision": 0,
        },
        {
            "currency": "LUNC",
            "walletDeposit": False,
            "walletWithdrawal": False,
            "fiat": False,
            "precision": 2,
            "walletPrecision": None,
        },
    ]
    _, answer = await bench.client.public("get_currencies_info", currencies=[])
    assert answer == {
        "ok": "ok",
        "data": {"error": "Parameter currencies should be Array of Strings"},
    }
    _, answer = await bench.client.public("get_currencies_info")
    assert {row["currency"] for row in answer["data"]} >= {"BTC", "EUR", "USDT"}


async def test_order_book(bench: Bench) -> None:
    """20 levels a side, best first, prices at price precision."""
    _, answer = await bench.client.public("get_order_book", pair="BTC-USD")
    book = answer["data"]
    bids, asks = (
        [float(price) for price, _ in book["bids"]],
        [float(price) for price, _ in book["asks"]],
    )
    assert (len(bids), len(asks)) == (20, 20)
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert book["bids"][0][0] == "59994.0"
    assert len(book["bids"][0][1].partition(".")[2]) == 8
    assert (book["currency1"], book["currency2"]) == ("BTC", "USD")


async def test_order_book_of_a_coin_without_decimals(bench: Bench) -> None:
    """Amounts of SHIB are whole."""
    _, answer = await bench.client.public("get_order_book", pair="SHIB-USD")
    price, amount = answer["data"]["bids"][0]
    assert amount.isdecimal()
    assert len(price.partition(".")[2]) == 8


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        ({}, (422, {"error": "Mandatory parameter pair is missing"})),
        ({"pair": 5}, (422, {"error": "Parameter pair should be String"})),
        ({"pair": "NOPE-USD"}, (422, {"error": "pair NOPE-USD is not supported"})),
        (
            {"pair": "BTC-USD", "depth": 5},
            (422, {"error": "Parameter depth should be one of [0, 1]"}),
        ),
    ],
)
async def test_order_book_refusals(
    bench: Bench, data: dict[str, Any], answer: tuple[int, Any]
) -> None:
    """The words are those seen live."""
    assert await bench.client.public("get_order_book", **data) == answer


async def test_order_book_is_forgiving(bench: Bench) -> None:
    """Lower case works over REST, and so does the undocumented depth."""
    _, answer = await bench.client.public("get_order_book", pair="btc-usd", depth=1)
    assert len(answer["data"]["bids"]) == len(answer["data"]["asks"]) == 1


async def test_ticker(bench: Bench) -> None:
    """All pairs without a list, unknown ones left out, an empty list refused."""
    _, answer = await bench.client.public("get_ticker")
    assert len(answer["data"]) == 14
    ticker = answer["data"]["BTC-USD"]
    assert ticker["bestBid"] == "59994.0"
    assert ticker["last"] == ticker["bestAsk"] == "60006.0"
    assert float(ticker["low"]) <= 60000 <= float(ticker["high"])
    assert float(ticker["volume30d"]) > float(ticker["volume"]) > 0
    assert float(ticker["volumeUSD"]) == pytest.approx(
        float(ticker["quoteVolume"]), rel=0.001
    )
    assert set(ticker) == {
        "bestBid", "bestBidChange", "bestBidChangePercentage", "bestAsk", "bestAskChange", "bestAskChangePercentage",
        "volume30d", "low", "high", "volume", "quoteVolume", "lastTradeVolume", "last", "lastTradePrice",
        "priceChange", "priceChangePercentage", "lastTradeDateISO", "volumeUSD",
    }  # fmt: skip
    assert answer["data"]["SHIB-USD"]["volume"].isdecimal()
    assert (await bench.client.public("get_ticker", pairs=["NOPE-USD"]))[1][
        "data"
    ] == {}
    assert (await bench.client.public("get_ticker", pairs=[]))[0] == 422


async def test_ticker_of_an_empty_book_lacks_keys(bench: Bench) -> None:
    """A side without orders has no best price, and none is made up."""
    await bench.client.control("/market/empty", pair="BTC-USD", side="BUY")
    ticker = (await bench.client.public("get_ticker", pairs=["BTC-USD"]))[1]["data"][
        "BTC-USD"
    ]
    assert "bestBid" not in ticker
    assert "bestBidChange" not in ticker
    assert ticker["last"] == ticker["bestAsk"]
    await bench.client.control("/market/empty", pair="BTC-USD")
    ticker = (await bench.client.public("get_ticker", pairs=["BTC-USD"]))[1]["data"][
        "BTC-USD"
    ]
    assert "last" not in ticker
    assert "lastTradePrice" in ticker


async def test_ticker_follows_trades(still: Bench) -> None:
    """Volume grows by what was traded, whose price is the last one."""
    client = still.client
    before = (await client.public("get_ticker", pairs=["BTC-USD"]))[1]["data"][
        "BTC-USD"
    ]
    await client.control("/market/trade", pair="BTC-USD", side="BUY", amount="0.01")
    after = (await client.public("get_ticker", pairs=["BTC-USD"]))[1]["data"]["BTC-USD"]
    assert float(after["volume"]) - float(before["volume"]) == pytest.approx(0.01)
    assert (after["lastTradePrice"], after["lastTradeVolume"]) == (
        "60006.0",
        "0.01000000",
    )
    assert after["lastTradeDateISO"] == "2026-11-10T10:20:00.000Z"


async def test_rate_limit_is_inclusive_and_ends_with_the_minute(still: Bench) -> None:
    """The 100th public point is served, the 101st is not; a new calendar minute brings new points."""
    for _ in range(100):
        assert (await still.client.public("get_server_time"))[0] == 200
    assert await still.client.public("get_server_time") == (
        429,
        {"error": "API rate limit reached"},
    )
    assert (await still.client.private("get_fee_strategy"))[0] == 200
    await still.advance(59.9)
    assert (await still.client.public("get_server_time"))[0] == 429
    await still.advance(0.1)
    assert (await still.client.public("get_server_time"))[0] == 200


async def test_keys_have_budgets_of_their_own(still: Bench) -> None:
    """200 points a key; a dear call that does not fit is refused while a cheap one still fits."""
    for _ in range(39):
        await still.client.ok("get_my_volume")
    for _ in range(4):
        await still.client.ok("get_fee_strategy")
    assert await still.client.refused("get_my_volume") == (
        429,
        "API rate limit reached",
    )
    await still.client.ok("get_fee_strategy")
    assert await still.client.refused("get_fee_strategy") == (
        429,
        "API rate limit reached",
    )
    await still.as_key("read-only").ok("get_my_volume")
    assert (await still.client.control("/budgets", "GET"))["keys"]["all"] == 200


async def test_budget_is_shared_with_the_websocket(still: Bench) -> None:
    """Points spent on one channel are gone on the other."""
    socket = await still.private()
    for _ in range(39):
        await still.client.ok("get_my_volume")
    await socket.ok("get_my_volume")
    assert await still.client.refused("get_fee_strategy") == (
        429,
        "API rate limit reached",
    )
