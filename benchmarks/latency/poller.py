"""The peer of fill-to-chat: ccxt asks for the orders again and again; `poller.py EXCHANGE TELEGRAM` (ready lines).

It asks only for ended orders, at once when the points allow the next question, and tells the chat by itself, which is
quicker than a bot. Runs in an environment of its own.
"""

import asyncio
import json
import sys
import time
from typing import Any

import aiohttp
import ccxt.async_support as ccxt

# 200 points a minute, five for each question.
PACE = 60 / (200 / 5)


async def poll(ready: dict[str, Any], telegram: dict[str, Any]) -> None:
    """Tell the chat of each order that has been filled."""
    url = f"{telegram['base_url']}{telegram['token']}/sendMessage"
    chat_id = telegram["users"][0]["id"]
    exchange = ccxt.cex(
        {"apiKey": ready["key"], "secret": ready["secret"], "enableRateLimit": False}
    )
    exchange.urls["api"] = {"public": ready["rest_public"], "private": ready["rest"]}
    began, seen = int(time.time() * 1000) - 60_000, set()
    try:
        async with aiohttp.ClientSession() as session:
            await exchange.load_markets()
            print("{}", flush=True)
            while True:
                due = time.monotonic() + PACE
                for order in await exchange.fetch_closed_orders("BTC/USD", began, 100):
                    if order["id"] in seen:
                        continue
                    seen.add(order["id"])
                    text = f"{order['side']} {order['info']['requestedAmountCcy1']} at {order['average']}"
                    body = {"chat_id": chat_id, "text": text}
                    async with session.post(url, json=body) as response:
                        await response.read()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
    finally:
        await exchange.close()


if __name__ == "__main__":
    asyncio.run(poll(*map(json.loads, sys.argv[1:])))
