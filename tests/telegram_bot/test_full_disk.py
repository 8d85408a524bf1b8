"""A disk that takes nothing after Telegram has answered: what is in the chat must not come a second time."""

import asyncio
import sqlite3
from typing import Any

import pytest

from telegram_bot.markup import Message
from telegram_bot.transaction import Transaction
from tests.telegram_bot.conftest import OWNER
from tests.telegram_bot.post import Post


class FullDisk:
    """Refuses to note that a message was sent, as long as it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be full from now on."""
        self.is_full = True
        self.tries = 0
        real = Transaction.mark

        def mark(store: Transaction, rows: list[int], state: str, **more: Any) -> None:
            """Note all but that."""
            if state == "sent":
                self.tries += 1
                if self.is_full:
                    error = sqlite3.OperationalError("database or disk is full")
                    error.sqlite_errorcode = sqlite3.SQLITE_FULL
                    raise error
            real(store, rows, state, **more)

        monkeypatch.setattr(Transaction, "mark", mark)


async def until_refused(post: Post, disk: FullDisk, tries: int = 1) -> None:
    """Wait until the disk has refused so often, and the outbox waits for the next try."""
    await post.clock.pass_until(
        lambda: disk.tries == tries and bool(post.clock.awaited()), step=0
    )


async def test_delivered_but_not_noted(
    post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is tried each second, even while messages are held, and said once; then the next message goes."""
    disk = FullDisk(monkeypatch)
    await post.enqueue("one")
    for number in range(1, 6):
        await until_refused(post, disk, number)
        post.outbox.hold(20)
        assert post.clock.awaited() == [1.0]
        post.clock.advance(1.0)
    await until_refused(post, disk, 6)
    disk.is_full = False
    post.clock.advance(1.0)
    await post.until_quiet()
    assert await post.states() == ["sent"]
    assert caplog.text.count("Messages wait for the database") == 1
    post.outbox.release()
    disk.is_full = True
    await post.enqueue("two")
    await until_refused(post, disk, 8)
    assert post.shown() == ["one", "two"]
    assert post.calls("sendMessage") == 2
    assert caplog.text.count("Messages wait for the database") == 2


async def test_answers_while_it_is_not_noted(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks need not wait for the disk."""
    disk = FullDisk(monkeypatch)
    await post.enqueue("one")
    await until_refused(post, disk)
    answer = asyncio.create_task(post.outbox.say(OWNER, Message("answer")))
    await post.clock.pass_until(answer.done, step=0)
    assert post.shown() == ["one", "answer"]


async def test_noted_for_a_chat_that_refuses(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever blocks the bot after a message has arrived does not get it again."""
    disk = FullDisk(monkeypatch)
    await post.enqueue("one")
    await until_refused(post, disk)
    await post.fault("forbidden")
    answer = asyncio.create_task(post.outbox.say(OWNER, Message("answer")))
    await post.clock.pass_until(answer.done, step=0)
    assert answer.result() is None
    assert post.parked == [OWNER]
    await until_refused(post, disk, 2)
    disk.is_full = False
    post.clock.advance(1.0)
    await post.until_quiet()
    assert await post.states() == ["sent"]


async def test_stop_before_it_is_noted(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop tries once more at once, and takes nothing new."""
    disk = FullDisk(monkeypatch)
    await post.enqueue("one")
    await until_refused(post, disk)
    await post.enqueue("two")
    await until_refused(post, disk, 2)
    disk.is_full = False
    await post.outbox.stop()
    assert await post.states() == ["sent", "waiting"]
    await post.restart()
    await post.until_shown("one", "two")
