"""Bad disks and old files: said clearly, kept aside, and nothing lost that Home Assistant still knows."""

import asyncio
import contextlib
from pathlib import Path
import sqlite3
from typing import Any

import pytest

from telegram_bot.alarm import alarm
from telegram_bot.config import AccessConfig
from telegram_bot.records import Line
from telegram_bot.store import Store, StoreError
from telegram_bot.transaction import Transaction
from tests.patience import PATIENCE
from tests.telegram_bot.conftest import OWNER, TRADER, Rig
from tests.telegram_bot.fake_desk import make_order
from tests.telegram_bot.fake_home_assistant import execution, price_alert
from tests.telegram_bot.manual_clock import ManualClock
from tests.telegram_bot.processes import running, write_config

OLD = "2027-01-15T07:00:00+00:00"


def full() -> sqlite3.OperationalError:
    """Return the error of a full disk."""
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def damaged_copies(path: Path) -> list[Path]:
    """Return the copies of damaged files beside a file."""
    return list(path.parent.glob("*.damaged-*"))


async def open_and_close(path: Path) -> None:
    """Open a store, and leave no thread behind."""
    store = Store(path, clock=ManualClock())
    try:
        await store.open()
    finally:
        await store.close()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("PRAGMA user_version = 99", "belongs to a newer version of this bot"),
        ("CREATE TABLE states (id INTEGER)", "belongs to another program"),
    ],
)
async def test_file_of_somebody_else(
    tmp_path: Path, statement: str, words: str
) -> None:
    """A file that is whole but not ours is refused and left as it is."""
    path = tmp_path / "bot.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(statement)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=words):
        await open_and_close(path)
    assert path.read_bytes() == before
    assert not damaged_copies(path)


async def test_file_that_cannot_be_used(tmp_path: Path) -> None:
    """What stands in the way is named, with what to do."""
    (tmp_path / "bot.sqlite").mkdir()
    with pytest.raises(StoreError, match=r"bot\.sqlite: the bot's database can't be"):
        await open_and_close(tmp_path / "bot.sqlite")
    store = Store(tmp_path / "closed.sqlite")
    with pytest.raises(StoreError, match="is closed"):
        await store.run(lambda transaction: None)
    await store.close()


async def test_disk_that_takes_nothing_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is found out at the start, not by the first order."""

    def fail(*_: object) -> None:
        """Fail as a full disk does."""
        raise full()

    await open_and_close(tmp_path / "bot.sqlite")
    monkeypatch.setattr("telegram_bot.transaction.Transaction.set_note", fail)
    with pytest.raises(StoreError, match=r"disk is full.*Make room"):
        await open_and_close(tmp_path / "bot.sqlite")


async def test_refusal_is_told_by_chat_once(
    stopped_rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot that can't start says why on stderr each time, and to its owner once."""
    rig = stopped_rig
    await rig.send("hello")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "data").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "data/bot.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    file = write_config(tmp_path, rig.telegram, rig.home)
    for _ in range(2):
        async with running(file) as process, asyncio.timeout(PATIENCE):
            _, errors = await process.communicate()
            assert process.returncode == 1
            assert errors.decode().count("CRITICAL") == 1
            assert "Traceback" not in errors.decode()
    (text,) = await rig.texts()
    assert text.startswith("🛑 I don't run: ")
    assert "belongs to a newer version of this bot. Install that one" in text


async def test_refusal_while_telegram_is_away(
    stopped_rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """Without Telegram the reason is in the log, and the next start tries again."""
    rig = stopped_rig
    await rig.telegram.stop()
    await alarm(rig.config(), "no reason")
    assert "The owner could not be told by chat" in caplog.text
    await rig.telegram.start()


def write_over(path: Path, how: str) -> bytes:
    """Damage a file; return what it holds then."""
    data = bytearray(path.read_bytes())
    if how == "header":
        data[:100] = bytes(100)
    elif how == "page":
        data[4096:] = b"\xa5" * len(data[4096:])
    else:
        data[:] = b"this is no database, but long enough to be taken for one" * 20
    path.write_bytes(data)
    return bytes(data)


@pytest.mark.parametrize("how", ["header", "page", "text"])
async def test_damaged_file(
    rig: Rig, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    """A copy is kept, the owner is told, and the journal is told again as one digest, however short."""
    rig.home.batch = 2
    await rig.home.publish(*[price_alert(number, time=OLD) for number in range(1, 4)])
    await rig.wait_message("70,003")
    card = await rig.ask("/buy 0.01 BTC-USD 60000", "Holds until")
    await rig.stop()
    filled = make_order(
        status="filled", executed_amount="0.01", executed_quote_amount="600"
    )
    await rig.home.publish(execution("filled", filled, time=OLD, late=True))
    damaged = write_over(rig.store_path, how)
    before = len(await rig.texts())
    await rig.start()
    await rig.wait_message("My database was damaged: a copy is kept as")
    digest = await rig.wait_message("While we were apart: 1 fill, 3 price alerts")
    assert "0.01 BTC at 60,000 = 600 USD, fee 1.5 USD" in digest["text"]
    assert len(await rig.texts()) == before + 2
    (kept,) = damaged_copies(rig.store_path)
    assert kept.name.startswith("bot.sqlite.damaged-2027")
    assert kept.read_bytes() == damaged
    assert f"a copy is kept as {kept.name}" in caplog.text
    tap = await rig.tap("Confirm", card)
    assert "I don't know this question" in await rig.wait_answer(tap)
    assert rig.home.count("place_order") == 0
    await rig.home.publish(price_alert(5))
    await rig.wait_message("70,005")


async def test_damage_while_running(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damage that shows later ends the bot, which begins anew at its next start."""
    assert rig.bot

    def fail(*_: object) -> None:
        """Fail as a page that can't be read does."""
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "set_cursor", fail)
        await rig.home.publish(price_alert(1))
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(StoreError, match=r"got damaged.*Start the bot again"):
                await rig.bot.wait_broken()
        await rig.stop()
    write_over(rig.store_path, "page")
    await rig.start()
    await rig.wait_message("My database was damaged")
    await rig.wait_message("70,001")


async def test_waiting_lines_of_the_last_version(tmp_path: Path) -> None:
    """A file of the last version keeps what waits in it."""
    path = tmp_path / "bot.sqlite"
    await open_and_close(path)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        for event, line in (("1", ""), ("2", "a\nb")):
            db.execute(
                "INSERT INTO outbox (event_id, chat_id, kind, text, line, buttons, occurred, state)"
                " VALUES (?, 1, 'card', 't', ?, '[]', 0, 'waiting')",
                (event, line),
            )
        db.execute("ALTER TABLE outbox DROP COLUMN silent")
        db.execute("DROP INDEX cards_confirmation")
        for table in ("settings", "people", "invitations", "watches"):
            db.execute(f"DROP TABLE {table}")
        db.execute("PRAGMA user_version = 1")
    store = Store(path)
    await store.open()
    rows = await store.run(lambda tx: tx.waiting(1))
    plan = await store.run(
        lambda tx: tx.db.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM cards WHERE confirmation_id = ?", ("x",)
        ).fetchall()
    )
    await store.close()
    assert [row.lines for row in rows] == [(), (Line("2", "card", "a\nb"),)]
    assert "INDEX cards_confirmation" in str(plan)


async def test_disk_full_after_a_delivery(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message whose delivery can't be written down is not sent again; the owner hears of the disk once."""
    real = Transaction.mark

    def mark(tx: Transaction, ids: list[int], state: str, **more: Any) -> None:
        """Fail to write that something was sent."""
        if state == "sent":
            raise full()
        real(tx, ids, state, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "mark", mark)
        await rig.home.publish(price_alert(1))
        await rig.wait_message("70,001")
        await rig.wait_message("My disk takes nothing: database or disk is full")
        await rig.home.publish(price_alert(2))
        await rig.until_kept()
        await rig.wait_message("I can write again")
        await rig.clock.pass_until(lambda: rig.clock.monotonic() > 200, step=5)
        assert sum("is at 70,00" in text for text in await rig.texts()) == 1
    await rig.clock.pass_until(lambda: rig.clock.monotonic() > 300)
    await rig.wait_message("70,002")
    texts = await rig.texts()
    assert sum("70,001" in text for text in texts) == 1
    assert (
        sum("My disk takes nothing: database or disk is full" in text for text in texts)
        == 1
    )


async def test_disk_full_for_the_feed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An entry that can't be kept is not counted as read, and the log stays short."""

    def fail(*_: object) -> None:
        """Fail as a full disk does."""
        raise full()

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "set_cursor", fail)
        await rig.home.publish(price_alert(1))
        await rig.wait_message("My disk takes nothing")
        subscriptions = len(rig.home.subscriptions)
        await rig.clock.pass_until(
            lambda: len(rig.home.subscriptions) > subscriptions + 2
        )
    assert caplog.text.count("Traceback") == 1
    subscriptions = len(rig.home.subscriptions)
    await rig.clock.pass_until(lambda: len(rig.home.subscriptions) > subscriptions)
    await rig.wait_message("70,001")
    await rig.wait_message("I can write again")
    assert sum("70,001" in text for text in await rig.texts()) == 1


async def test_person_without_access_any_more(rig: Rig) -> None:
    """What waited for somebody is not told to them once they have lost their access."""
    await rig.stop()
    rig.people = AccessConfig(OWNER, (TRADER,), ())
    await rig.start()
    await rig.ask("/help", "You may look and trade", TRADER)
    await rig.control(f"chats/{TRADER}/block", {"blocked": True})
    await rig.home.publish(price_alert(1))
    await rig.wait_message(f"{TRADER} does not accept my messages")
    await rig.stop()
    await rig.control(f"chats/{TRADER}/block", {"blocked": False})
    rig.people = AccessConfig(OWNER, (), ())
    await rig.start()
    await rig.send("hello", TRADER)
    await rig.wait_message("A stranger wrote to me")
    await rig.ask("/help", "You own this bot")
    assert len(await rig.texts(TRADER)) == 1
