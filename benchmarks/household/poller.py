"""The peer of points: ccxt asks for what a household shows; `poller.py EXCHANGE SYMBOLS ACCOUNTS` (JSON).

A line on the standard input is one round, which a line on the standard output ends. Runs in an environment of its own.
"""

import asyncio
import json
import sys
from typing import Any

import ccxt.async_support as ccxt


async def poll(ready: dict[str, Any], symbols: list[str], accounts: list[str]) -> None:
    """Ask for everything whenever told to."""
    exchange = ccxt.cex(
        {"apiKey": ready["key"], "secret": ready["secret"], "enableRateLimit": False}
    )
    exchange.urls["api"] = {"public": ready["rest_public"], "private": ready["rest"]}
    try:
        await exchange.load_markets()
        print("{}", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            for account in accounts:
                await exchange.fetch_balance(
                    {"method": "privatePostGetMyAccountStatusV3", "account": account}
                )
            await exchange.fetch_tickers(symbols)
            await exchange.fetch_open_orders()
            print("{}", flush=True)
    finally:
        await exchange.close()


if __name__ == "__main__":
    asyncio.run(poll(*map(json.loads, sys.argv[1:])))
