"""Use the exchange through ccxt and print what came of each call, as JSON.

Runs in an environment of its own, since ccxt wants other versions of what Home Assistant pins:
`python ccxt_client.py READY`, where READY is the simulator's ready line.
"""

import asyncio
from collections.abc import Awaitable, Callable
import json
import sys
from typing import Any

import ccxt.async_support as ccxt

SYMBOL = "BTC/USD"
TRADING = {"accountId": "trading"}


def client(ready: dict[str, Any]) -> Any:
    """Return ccxt's client of the exchange, pointed at the simulator."""
    exchange = ccxt.cex(
        {
            "apiKey": ready["key"],
            "secret": ready["secret"],
            "enableRateLimit": False,
        }
    )
    exchange.urls["api"] = {"public": ready["rest_public"], "private": ready["rest"]}
    return exchange


async def market_data(exchange: Any, told: dict[str, Any]) -> None:
    """Load markets and ask for everything public."""
    told["markets"] = sorted(await exchange.load_markets())
    told["price_tick"] = exchange.markets[SYMBOL]["precision"]["price"]
    told["currencies"] = sorted(await exchange.fetch_currencies())
    told["time"] = await exchange.fetch_time()
    ticker = await exchange.fetch_ticker(SYMBOL)
    told["ticker"] = [ticker["bid"], ticker["ask"]]
    told["tickers"] = sorted(await exchange.fetch_tickers())
    book = await exchange.fetch_order_book(SYMBOL)
    told["book"] = [len(book["bids"]), len(book["asks"])]
    candles = await exchange.fetch_ohlcv(
        SYMBOL, "1m", limit=5, params={"dataType": "bestAsk"}
    )
    told["candles"] = [candle[:6] for candle in candles]
    trades = await exchange.fetch_trades(SYMBOL, limit=3)
    told["trades"] = [trade["id"] for trade in trades]


async def account(exchange: Any, told: dict[str, Any]) -> None:
    """Ask for balances, fees and histories."""
    balance = await exchange.fetch_balance(
        {**TRADING, "method": "privatePostGetMyAccountStatusV3"}
    )
    told["balance"] = balance["BTC"]["total"]
    told["wallet"] = (await exchange.fetch_balance())["BTC"]["total"]
    told["accounts"] = len(await exchange.fetch_accounts())
    told["fees"] = (await exchange.fetch_trading_fees())[SYMBOL]["taker"]
    told["ledger"] = len(await exchange.fetch_ledger())
    told["funding"] = len(await exchange.fetch_deposits_withdrawals())
    address = await exchange.fetch_deposit_address(
        "BTC", {**TRADING, "network": "bitcoin"}
    )
    told["address"] = address["currency"]
    told["transfer"] = (await exchange.transfer("USD", 1, "trading", "savings"))["id"]


async def orders(exchange: Any, told: dict[str, Any]) -> None:
    """Place, fetch and cancel limit, market and trigger orders."""
    resting = await exchange.create_order(SYMBOL, "limit", "buy", 0.01, 50000, TRADING)
    told["limit"] = resting["status"]
    told["open"] = [
        order["id"] == resting["id"]
        for order in await exchange.fetch_open_orders(SYMBOL)
    ]
    told["fetched"] = (await exchange.fetch_open_order(resting["id"]))["price"]
    await exchange.cancel_order(resting["id"])
    told["cancelled"] = (await exchange.fetch_closed_order(resting["id"]))["status"]
    market = await exchange.create_order(SYMBOL, "market", "sell", 0.01, None, TRADING)
    told["market"] = [market["status"], market["filled"]]
    trigger = await exchange.create_order(
        SYMBOL, "limit", "sell", 0.01, 40000, {**TRADING, "triggerPrice": 45000}
    )
    told["trigger"] = trigger["status"]
    told["cancel_all"] = len(await exchange.cancel_all_orders())
    told["closed"] = len(await exchange.fetch_closed_orders(SYMBOL))


async def failure(call: Callable[[], Awaitable[Any]]) -> str:
    """Return the name of the exception that a call raises."""
    try:
        await call()
    except ccxt.BaseError as err:
        return type(err).__name__
    return "none"


async def failures(exchange: Any, stranger: Any, told: dict[str, Any]) -> None:
    """Make mistakes, the last one until the minute's points are spent."""
    told["insufficient"] = await failure(
        lambda: exchange.create_order(SYMBOL, "limit", "buy", 1.5, 50000, TRADING)
    )
    order = {
        "currency1": "BTC",
        "currency2": "USD",
        "side": "BUY",
        "orderType": "Limit",
        "timestamp": exchange.milliseconds(),
        "amountCcy1": "0.01",
    }
    told["main_account"] = await failure(
        lambda: exchange.private_post_do_my_new_order(
            {**order, "accountId": "", "price": "50000"}
        )
    )
    told["no_price"] = await failure(
        lambda: exchange.private_post_do_my_new_order({**order, **TRADING})
    )
    told["main_address"] = await failure(
        lambda: exchange.private_post_get_deposit_address(
            {"accountId": "", "currency": "BTC", "blockchain": "bitcoin"}
        )
    )
    told["wrong_key"] = await failure(stranger.fetch_accounts)
    for _ in range(100):
        told["spent"] = await failure(exchange.fetch_accounts)
        if told["spent"] != "none":
            return


async def main() -> None:
    """Make all calls and print what came of them."""
    ready = json.loads(sys.argv[1])
    told: dict[str, Any] = {}
    exchange, stranger = client(ready), client({**ready, "key": "wrong"})
    try:
        for part in (market_data, account, orders):
            await part(exchange, told)
        await failures(exchange, stranger, told)
    finally:
        await exchange.close()
        await stranger.close()
    json.dump(told, sys.stdout)


asyncio.run(main())
