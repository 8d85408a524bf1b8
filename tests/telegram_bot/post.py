"""An outbox between a store and the stand-in, and the hands of a test."""

import asyncio
from random import Random
from typing import Any

import aiohttp
from telegram import Bot

from simulators.telegram.server import TelegramServer
from telegram_bot.outbox import Outbox
from telegram_bot.records import Line
from telegram_bot.store import Store
from telegram_bot.transaction import Transaction
from tests.telegram_bot.manual_clock import ManualClock

MARK = "Telegram left it open whether this message had arrived"


class Post:
    """An outbox under test between a store and the stand-in."""

    def __init__(
        self,
        telegram: TelegramServer,
        store: Store,
        bot: Bot,
        http: aiohttp.ClientSession,
        chat_id: int,
    ) -> None:
        """Put it together."""
        self.telegram = telegram
        self.store = store
        self.bot = bot
        self.http = http
        self.chat_id = chat_id
        self.clock = ManualClock()
        self.parked: list[int] = []
        self.bad_tokens = 0
        self.outbox = self.make()

    def make(self) -> Outbox:
        """Return an outbox that is not started."""

        async def on_parked(chat_id: int) -> None:
            """Note a chat that refuses."""
            self.parked.append(chat_id)

        def on_bad_token() -> None:
            """Note a refused token."""
            self.bad_tokens += 1

        return Outbox(
            self.bot,
            self.store,
            clock=self.clock,
            random=Random(1),
            on_parked=on_parked,
            on_bad_token=on_bad_token,
        )

    async def restart(self) -> None:
        """Stop, and start a new one on the same store."""
        await self.outbox.stop()
        self.outbox = self.make()
        await self.outbox.start()

    async def enqueue(
        self,
        text: str,
        *,
        kind: str = "notice",
        card_id: int | None = None,
        buttons: str = "[]",
    ) -> None:
        """Put a message into the store."""
        now = self.clock.time()
        await self.store.run(
            lambda tx: tx.enqueue(
                event_id=text,
                chat_id=self.chat_id,
                kind=kind,
                text=text,
                lines=(Line(text, kind, text),),
                card_id=card_id,
                buttons=buttons,
                occurred=now,
            )
        )
        self.outbox.wake([self.chat_id])

    async def fault(self, kind: str, **fault: Any) -> None:
        """Let the next sending go wrong."""
        body = {"kind": kind, "method": "sendMessage", **fault}
        async with self.http.post(
            f"{self.telegram.control}/faults", json=body
        ) as response:
            assert response.status == 200, await response.text()

    def shown(self) -> list[str]:
        """Return what a person sees."""
        chat = next(iter(self.telegram.world.bots.values())).chats.get(self.chat_id)
        messages = chat.messages.values() if chat else ()
        return [
            message.text or ""
            for message in messages
            if message.sender_id != self.chat_id
        ]

    def calls(self, method: str) -> int:
        """Return how often a method was called."""
        return sum(call["method"] == method for call in self.telegram.world.calls)

    async def until_shown(self, *texts: str) -> None:
        """Let time pass until a person sees exactly these messages."""
        await self.clock.pass_until(lambda: len(self.shown()) >= len(texts), step=0.1)
        await self.until_quiet()
        assert self.shown() == list(texts)

    async def until_quiet(self) -> None:
        """Let time pass until nothing waits."""
        waiting = [self.chat_id]
        while waiting:
            self.clock.advance(0.1)
            await asyncio.sleep(0.001)
            waiting = await self.store.run(Transaction.waiting_chats)

    async def states(self) -> list[str]:
        """Return the states of all messages."""
        return await self.store.run(
            lambda tx: [
                row[0] for row in tx.db.execute("SELECT state FROM outbox ORDER BY id")
            ]
        )
