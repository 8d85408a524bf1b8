"""The floor of tap-to-order: a tap in, a service call out; `tapper.py TELEGRAM HOME_ASSISTANT TOKEN ORDER STORE`.

TELEGRAM is a ready line, HOME_ASSISTANT the address of the WebSocket API, ORDER the fields of the order as JSON. A tap
names the service; before one that keeps the order the tap is written to the file STORE, too. Prints the id of the
message to tap.
"""

import asyncio
from pathlib import Path
import sys
from typing import Any

import aiohttp
import orjson

from benchmarks.latency.kept import Kept

POLL_SECONDS = 50
DOMAIN = "benchmark"
PLACE, KEEP_AND_PLACE = "place", "keep_and_place"


async def serve(
    telegram: dict[str, Any],
    home_assistant: str,
    token: str,
    order: dict[str, Any],
    kept: Kept,
) -> None:
    """Hand each tap to Home Assistant."""
    url = f"{telegram['base_url']}{telegram['token']}"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(home_assistant) as socket,
    ):
        await socket.receive()
        await socket.send_json({"type": "auth", "access_token": token})
        await socket.receive()
        message = await ask(session, url, telegram["users"][0]["id"])
        print(orjson.dumps({"message_id": message}).decode(), flush=True)
        number, offset = 0, 0
        while True:
            body = {"offset": offset, "timeout": POLL_SECONDS}
            for update in await call(session, f"{url}/getUpdates", body):
                offset = update["update_id"] + 1
                if (tap := update.get("callback_query")) is None:
                    continue
                if tap["data"] == KEEP_AND_PLACE:
                    await kept.add(tap["id"])
                number += 1
                command = {
                    "id": number,
                    "type": "call_service",
                    "domain": DOMAIN,
                    "service": tap["data"],
                    "service_data": {**order, "clientOrderId": f"tap-{tap['id']}"},
                }
                await socket.send_str(orjson.dumps(command).decode())
                await socket.receive()


async def ask(session: aiohttp.ClientSession, url: str, chat_id: int) -> int:
    """Send the message with the buttons; return its id."""
    buttons = [
        {"text": name, "callback_data": name} for name in (PLACE, KEEP_AND_PLACE)
    ]
    body = {
        "chat_id": chat_id,
        "text": "Order?",
        "reply_markup": {"inline_keyboard": [buttons]},
    }
    message_id: int = (await call(session, f"{url}/sendMessage", body))["message_id"]
    return message_id


async def call(session: aiohttp.ClientSession, url: str, body: Any) -> Any:
    """Call a method of the Bot API."""
    async with session.post(url, json=body) as response:
        return orjson.loads(await response.read())["result"]


if __name__ == "__main__":
    _, ready, address, secret, fields, path = sys.argv
    asyncio.run(
        serve(
            orjson.loads(ready),
            address,
            secret,
            orjson.loads(fields),
            Kept(Path(path)),
        )
    )
