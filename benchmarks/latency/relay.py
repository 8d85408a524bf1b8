"""The floor of fill-to-chat: one WebSocket in, one HTTP POST out; `relay.py EXCHANGE TELEGRAM` (ready lines)."""

import asyncio
import hashlib
import hmac
import sys
import time
from typing import Any

import aiohttp
import orjson

PING_SECONDS = 5.0


async def _keep_alive(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Speak now and then: who is silent is hung up on."""
    while True:
        await asyncio.sleep(PING_SECONDS)
        await socket.send_json({"e": "ping"})


async def relay(exchange: dict[str, Any], telegram: dict[str, Any]) -> None:
    """Tell the chat of each trade."""
    url = f"{telegram['base_url']}{telegram['token']}/sendMessage"
    chat_id = telegram["users"][0]["id"]
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(exchange["ws"]) as socket,
    ):
        await socket.receive()
        timestamp = int(time.time())
        digest = hmac.new(
            exchange["secret"].encode(),
            f"{timestamp}{exchange['key']}".encode(),
            hashlib.sha256,
        )
        auth = {
            "key": exchange["key"],
            "signature": digest.hexdigest(),
            "timestamp": timestamp,
        }
        await socket.send_json({"e": "auth", "oid": "auth", "auth": auth})
        await socket.receive()
        alive = asyncio.create_task(_keep_alive(socket))
        print("{}", flush=True)
        async for message in socket:
            frame = orjson.loads(message.data)
            if frame["e"] != "executionReport":
                continue
            data = frame["data"]
            if data["executionType"] != "Trade":
                continue
            text = f"{data['side']} {data['lastAmountCcy1']} at {data['lastPrice']}"
            body = {"chat_id": chat_id, "text": text}
            async with session.post(url, json=body) as response:
                await response.read()
        alive.cancel()


if __name__ == "__main__":
    asyncio.run(relay(*map(orjson.loads, sys.argv[1:])))
