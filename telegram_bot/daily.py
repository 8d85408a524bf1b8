"""Once a day, at the hour that a chat has chosen: what the account is worth and what was filled."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
import logging
import sqlite3

from telegram_bot import cards
from telegram_bot.access import Access
from telegram_bot.clock import Clock
from telegram_bot.commands.portfolio import change_within_a_day
from telegram_bot.errors import HomeAssistantError
from telegram_bot.feed import Json
from telegram_bot.home_assistant import HomeAssistant
from telegram_bot.languages import _, ngettext, number, speaking
from telegram_bot.markup import e
from telegram_bot.outbox import Outbox
from telegram_bot.settings import Kind, Loudness
from telegram_bot.store import Store
from telegram_bot.transaction import Transaction
from telegram_bot.zone import local_time, note_time_zone

_LOGGER = logging.getLogger(__name__)

_LOOK_EVERY = 60.0
_ZONE_EVERY = 3600.0
# A digest of the morning helps nobody in the evening.
_HOURS_LATE = 3
_DAY = 86_400.0
_MOST_FILLS = 20


class DailyDigest:
    """Tell each chat once a day."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        home_assistant: HomeAssistant,
        access: Access,
        clock: Clock,
    ) -> None:
        """Prepare; nothing runs before `start`."""
        self._store = store
        self._outbox = outbox
        self._home_assistant = home_assistant
        self._access = access
        self._clock = clock
        self._zone_until = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look at the clock."""
        self._task = asyncio.create_task(self._run(), name="daily-digest")

    async def stop(self) -> None:
        """Stop; what was not told is told after the next start, if that is soon."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        """Look every minute."""
        await self._home_assistant.wait_tried()
        while True:
            try:
                await self._learn_zone()
                await self._tell()
            except HomeAssistantError as err:
                _LOGGER.debug("The daily digest waits for Home Assistant: %s", err)
            except sqlite3.Error as err:
                _LOGGER.warning("The daily digest waits for the database: %s", err)
            except Exception:
                # An answer that nobody expected must not end all digests to come.
                _LOGGER.exception("The daily digest could not be made")
            await self._clock.sleep(_LOOK_EVERY)

    async def _learn_zone(self) -> None:
        """Ask Home Assistant now and then in which zone it lives."""
        if self._clock.monotonic() < self._zone_until:
            return
        name = await self._home_assistant.time_zone()
        await self._store.run(lambda store: note_time_zone(store, name))
        self._zone_until = self._clock.monotonic() + _ZONE_EVERY

    async def _tell(self) -> None:
        """Tell the chats whose hour has come."""
        now = self._clock.time()
        if not await self._store.run(lambda store: self._due(store, now)):
            return
        since = datetime.fromtimestamp(now - _DAY, UTC).isoformat()
        portfolio = (await self._home_assistant.call("get_portfolio"))["portfolio"]
        executions = (
            await self._home_assistant.call("get_executions", {"start": since})
        )["executions"]
        fills = [entry["data"] for entry in executions if entry["data"].get("fill")]

        def write(store: Transaction) -> list[int]:
            """Tell each chat in its language."""
            due = self._due(store, now)
            for chat_id, event_id in due.items():
                settings = store.settings(chat_id)
                with speaking(settings.language):
                    text = digest_text(portfolio, fills)
                loudness = settings.loudness(Kind.DIGEST, local_time(store, now))
                store.enqueue(
                    event_id=event_id,
                    chat_id=chat_id,
                    kind="daily",
                    text=text,
                    occurred=now,
                    silent=loudness is Loudness.SILENT,
                )
            return list(due)

        self._outbox.wake(await self._store.run(write))

    def _due(self, store: Transaction, now: float) -> dict[int, str]:
        """Return the chats that wait for their digest, each with the digest's id."""
        due = {}
        local = local_time(store, now)
        event_id = f"daily:{local.date()}"
        for chat_id in self._access.chats:
            settings = store.settings(chat_id)
            if settings.chosen(Kind.DIGEST) is Loudness.OFF:
                continue
            late = local.hour - settings.digest_hour
            if 0 <= late < _HOURS_LATE and not _is_told(store, chat_id, event_id):
                due[chat_id] = event_id
        return due


def _is_told(store: Transaction, chat_id: int, event_id: str) -> bool:
    """Return whether a chat has had its digest, or has it under way."""
    found = store.db.execute(
        "SELECT 1 FROM outbox WHERE chat_id = ? AND event_id = ?", (chat_id, event_id)
    )
    return found.fetchone() is not None


def digest_text(portfolio: Json, fills: Sequence[Json]) -> str:
    """Return the digest of a day, the value first; fills are the newest first."""
    currency = e(portfolio["currency"])
    value = portfolio["value"]
    lines = [
        _(
            "🗞 <b>Your day: {value} {currency}</b>",
            value=number(value),
            currency=currency,
        )
    ]
    lines += change_within_a_day(portfolio)
    if not fills:
        return "\n".join([*lines, _("No fills")])
    lines.append(ngettext("{count} fill", "{count} fills", len(fills)))
    shown = [cards.execution_line(fill, None) for fill in fills[:_MOST_FILLS]]
    if len(fills) > _MOST_FILLS:
        shown.append("…")
    return "\n".join(
        [*lines, f"<blockquote expandable>{'\n'.join(shown)}</blockquote>"]
    )
