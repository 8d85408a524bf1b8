"""Messages whose prices follow the market."""

import asyncio
from collections.abc import Callable
import contextlib
from dataclasses import dataclass, field
import sqlite3
from typing import Any

import pytest

from telegram_bot.config import AccessConfig
from telegram_bot.store import Store
from tests.telegram_bot.conftest import OWNER, VIEWER, Json, Rig
from tests.telegram_bot.fake_desk import Refusal
from tests.telegram_bot.fake_market import ticker


@dataclass
class Market:
    """Prices that a test moves, and what was asked for."""

    rig: Rig
    prices: dict[str, str] = field(
        default_factory=lambda: {"BTC-USD": "60000", "ETH-USD": "3000"}
    )
    asked: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Be the market of Home Assistant."""
        self.rig.home.services["get_ticker"] = self.answer

    def answer(self, data: Json) -> Json:
        """Return the prices as they are now."""
        self.asked.append(data["pairs"])
        return {
            "tickers": {pair: ticker(pair, self.prices[pair]) for pair in data["pairs"]}
        }

    async def pass_until(self, so: Callable[[], bool]) -> None:
        """Let time pass until something is so."""
        await self.rig.clock.pass_until(so)

    async def rounds(self, count: int) -> None:
        """Let the prices be asked for some more times."""
        wanted = len(self.asked) + count
        await self.pass_until(lambda: len(self.asked) >= wanted)


def shown(rig: Rig, message: Json, user: int = OWNER) -> str:
    """Return what a message shows now."""
    bot = next(iter(rig.telegram.world.bots.values()))
    return bot.chats[user].messages[message["message_id"]].text


async def test_prices_follow_the_market(rig: Rig) -> None:
    """A message is edited when a price changed, and only then."""
    market = Market(rig)
    message = await rig.ask("/watch btcusd", "BTC-USD 60,000 USD")
    assert "🔴 Live until" in message["text"]
    await market.rounds(3)
    assert await rig.calls("editMessageText") == []
    market.prices["BTC-USD"] = "60001.5"
    await market.pass_until(lambda: "60,001.5" in shown(rig, message))
    assert len(await rig.calls("editMessageText")) == 1
    assert rig.home.count("get_ticker") == len(market.asked)


async def test_one_question_for_all(stopped_rig: Rig) -> None:
    """However many watch, Home Assistant is asked once a round."""
    rig = stopped_rig
    rig.people = AccessConfig(OWNER, (), (VIEWER,))
    await rig.start()
    market = Market(rig)
    one = await rig.ask("/watch BTC-USD", "BTC-USD 60,000 USD")
    two = await rig.ask("/watch ETH-USD BTC-USD", "ETH-USD 3,000 USD", VIEWER)
    market.asked.clear()
    market.prices["BTC-USD"] = "59000"
    await market.pass_until(
        lambda: "59,000" in shown(rig, one) and "59,000" in shown(rig, two, VIEWER)
    )
    assert set(map(tuple, market.asked)) == {("BTC-USD", "ETH-USD")}


async def test_begun_within_a_round(
    stopped_rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who begins while the prices of others are asked for keeps the first prices until the next round."""
    rig = stopped_rig
    rig.people = AccessConfig(OWNER, (), (VIEWER,))
    await rig.start()
    market = Market(rig)
    one = await rig.ask("/watch BTC-USD", "BTC-USD 60,000 USD")
    real = Store.run
    begun: list[Json] = []

    async def run(store: Store, work: Any) -> Any:
        """Let somebody begin in the middle of a round."""
        task = asyncio.current_task()
        if task and task.get_name() == "watcher" and not begun:
            begun.append(
                await rig.ask("/watch ETH-USD", "ETH-USD 3,000 USD", VIEWER),
            )
        return await real(store, work)

    monkeypatch.setattr(Store, "run", run)
    market.prices["BTC-USD"] = "59000"
    await market.pass_until(lambda: "59,000" in shown(rig, one))
    (two,) = begun
    assert "ETH-USD 3,000 USD" in shown(rig, two, VIEWER)
    assert "could not be shown" not in caplog.text
    market.prices["ETH-USD"] = "2900"
    await market.pass_until(lambda: "2,900" in shown(rig, two, VIEWER))


async def test_stop(rig: Rig) -> None:
    """The button ends it and leaves the last prices; a second tap changes nothing."""
    market = Market(rig)
    message = await rig.ask("/watch BTC-USD", "BTC-USD 60,000 USD")
    market.prices["BTC-USD"] = "61000"
    assert await rig.wait_answer(await rig.tap("⏹ Stop", message)) == "Stopped."
    ended = await rig.wait_message("⏹ Prices of")
    assert "BTC-USD 61,000 USD" in ended["text"]
    assert ended["buttons"] == []
    data = message["buttons"][0][0]["callback_data"]
    tap = await rig.tap_data(data, message)
    assert await rig.wait_answer(tap) == "These prices had stopped already."
    count = len(market.asked)
    rig.clock.advance(60)
    await rig.ask("/help", "You own this bot")
    assert len(market.asked) == count


async def test_an_hour_is_enough(rig: Rig) -> None:
    """After an hour the prices stay as they are."""
    Market(rig)
    message = await rig.ask("/watch BTC-USD", "BTC-USD 60,000 USD")
    rig.clock.advance(3595)
    await rig.clock.pass_until(lambda: "⏹ Prices of" in shown(rig, message))


async def test_a_chat_has_one(rig: Rig) -> None:
    """A second one in the same chat takes the place of the first."""
    market = Market(rig)
    first = await rig.ask("/watch BTC-USD", "BTC-USD 60,000 USD")
    second = await rig.ask("/watch ETH-USD", "ETH-USD 3,000 USD")
    await rig.wait_message("⏹ Prices of")
    market.prices |= {"BTC-USD": "1", "ETH-USD": "2"}
    await market.pass_until(lambda: "ETH-USD 2 USD" in shown(rig, second))
    assert "BTC-USD 60,000 USD" in shown(rig, first)


async def test_it_goes_on_after_a_restart(rig: Rig) -> None:
    """Another start goes on with the same message, and its old button still stops it."""
    market = Market(rig)
    message = await rig.ask("/watch BTC-USD", "BTC-USD 60,000 USD")
    await rig.stop()
    market.prices["BTC-USD"] = "62000"
    await rig.start()
    await market.pass_until(lambda: "62,000" in shown(rig, message))
    data = message["buttons"][0][0]["callback_data"]
    assert await rig.wait_answer(await rig.tap_data(data, message)) == "Stopped."
    await rig.wait_message("⏹ Prices of")
    await rig.stop()
    await rig.start()
    market.prices["BTC-USD"] = "1"
    rig.clock.advance(30)
    await rig.ask("/help", "You own this bot")
    assert "62,000" in shown(rig, message)


async def test_it_ends_while_the_bot_is_away(rig: Rig) -> None:
    """What ended meanwhile says so after the start."""
    Market(rig)
    message = await rig.ask("/watch BTC-USD", "BTC-USD 60,000 USD")
    await rig.stop()
    rig.clock.advance(4000)
    await rig.start()
    await rig.clock.pass_until(lambda: "⏹ Prices of" in shown(rig, message))


async def test_old_prices_are_called_old(rig: Rig) -> None:
    """While Home Assistant does not answer the message says since when; later it goes on."""
    market = Market(rig)
    message = await rig.ask("/watch BTC-USD", "BTC-USD 60,000 USD")
    rig.home.refusals["get_ticker"] = Refusal(None, "no", code="not_found")
    await market.pass_until(lambda: "⚠️ No new prices since" in shown(rig, message))
    edits = len(await rig.calls("editMessageText"))
    asked = rig.home.count("get_ticker")
    await market.pass_until(lambda: rig.home.count("get_ticker") > asked + 2)
    assert len(await rig.calls("editMessageText")) == edits
    del rig.home.refusals["get_ticker"]
    await market.pass_until(lambda: "🔴 Live until" in shown(rig, message))
    rig.home.refusals["get_ticker"] = Refusal(None, "no", code="not_found")
    await rig.tap("⏹ Stop", message)
    ended = await rig.wait_message("⏹ Prices of")
    assert "BTC-USD 60,000 USD" in ended["text"]


async def test_deleted_message(rig: Rig) -> None:
    """A message that somebody deleted does not come back."""
    market = Market(rig)
    message = await rig.ask("/watch BTC-USD", "BTC-USD 60,000 USD")
    world = rig.telegram.world
    chat = next(iter(world.bots.values())).chats[OWNER]
    world.remove_message(chat, message["message_id"])
    market.prices["BTC-USD"] = "1"
    with contextlib.closing(sqlite3.connect(rig.store_path)) as db:
        kept = "SELECT count(*) FROM watches"
        await rig.clock.pass_until(lambda: db.execute(kept).fetchone() == (1,), step=0)
        await market.pass_until(lambda: db.execute(kept).fetchone() == (0,))
    count = len(market.asked)
    rig.clock.advance(30)
    await rig.ask("/help", "You own this bot")
    assert len(market.asked) == count
    assert not any("BTC-USD 1 USD" in text for text in await rig.texts())


async def test_flood_wait(rig: Rig) -> None:
    """While Telegram asks to wait there is one edit under way, not a heap of them."""
    market = Market(rig)
    message = await rig.ask("/watch BTC-USD", "BTC-USD 60,000 USD")
    await rig.fault("too_many_requests", methods=["editMessageText"], retry_after=30)
    for price in range(5):
        market.prices["BTC-USD"] = str(61000 + price)
        await market.rounds(1)
    assert len(await rig.calls("editMessageText")) <= 1
    await market.pass_until(lambda: "61,004" in shown(rig, message))
    assert len(await rig.calls("editMessageText")) <= 3


async def test_person_who_was_removed(rig: Rig) -> None:
    """Nobody goes on watching after they were taken off the list."""
    await rig.stop()
    rig.people = AccessConfig(OWNER, (), (VIEWER,))
    await rig.start()
    market = Market(rig)
    await rig.ask("/watch BTC-USD", "BTC-USD 60,000 USD", VIEWER)
    await rig.stop()
    rig.people = AccessConfig(OWNER, (), ())
    await rig.start()
    market.asked.clear()
    market.prices["BTC-USD"] = "1"
    rig.clock.advance(5)
    await asyncio.sleep(0.1)
    rig.clock.advance(30)
    await rig.ask("/help", "You own this bot")
    assert not any("BTC-USD 1 USD" in text for text in await rig.texts(VIEWER))


async def test_unknown_pair(rig: Rig) -> None:
    """What nobody trades can't be watched; a refusal is told."""
    await rig.ask("/watch BTCUSB", "I don't know the pair BTCUSB.")
    rig.home.refusals["get_ticker"] = Refusal(None, "No prices today.")
    await rig.ask("/watch BTC-USD", "No prices today.")
