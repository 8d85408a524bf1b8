"""The session to Home Assistant: lost and found again, nothing missed, nothing read twice."""

import asyncio
from collections.abc import AsyncIterator
import logging
from random import Random
from typing import Any

import aiohttp
import pytest

from telegram_bot.errors import NotConnectedError, RefusedError, UnansweredError
from telegram_bot.feed import FeedCursor
from telegram_bot.home_assistant import HomeAssistant
from tests.patience import PATIENCE
from tests.telegram_bot.fake_desk import Refusal
from tests.telegram_bot.fake_home_assistant import TOKEN, FakeHomeAssistant, price_alert
from tests.telegram_bot.manual_clock import ManualClock

type Json = dict[str, Any]


class Follower:
    """Somebody who reads the feed and remembers it in memory."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self.at: FeedCursor | None = None
        self.read: list[Json] = []
        self.gaps = 0
        self.failures = 0
        self.changed = asyncio.Condition()

    async def cursor(self) -> FeedCursor | None:
        """Return how far it was read."""
        return self.at

    async def started(self, feed_id: str, newest: int, *, gap: bool) -> None:
        """Note the start."""
        self.gaps += gap
        if self.at is None:
            self.at = FeedCursor(feed_id, newest)
        elif self.at.feed_id != feed_id or self.at.seq > newest:
            self.at = FeedCursor(feed_id, 0)

    async def entries(self, feed_id: str, entries: list[Json]) -> None:
        """Read entries, or fail as a full disk would."""
        if self.failures:
            self.failures -= 1
            raise OSError("the disk is full")
        self.read += entries
        self.at = FeedCursor(feed_id, entries[-1]["seq"])
        async with self.changed:
            self.changed.notify_all()

    async def wait_read(self, *ids: str) -> None:
        """Wait until exactly these entries have been read."""
        async with asyncio.timeout(PATIENCE), self.changed:
            await self.changed.wait_for(lambda: len(self.read) >= len(ids))
        assert [entry["id"] for entry in self.read] == list(ids)


class Session:
    """A session under test with its fake and its clock."""

    def __init__(self, home: FakeHomeAssistant, http: aiohttp.ClientSession) -> None:
        """Put it together."""
        self.home = home
        self.http = http
        self.clock = ManualClock()
        self.follower = Follower()
        self.client = self.make()

    def make(self, token: str = TOKEN) -> HomeAssistant:
        """Return a client that is not started."""
        return HomeAssistant(
            self.http,
            url=self.home.url,
            token=token,
            config_entry_id="entry-1",
            follower=self.follower,
            clock=self.clock,
            random=Random(1),
        )

    async def start(self) -> None:
        """Start and wait for the feed."""
        await self.client.start()
        async with asyncio.timeout(PATIENCE):
            await self.client.wait_following()

    async def reconnect(self, count: int) -> None:
        """Let the pause pass until the fake has seen so many connections and subscriptions."""
        async with asyncio.timeout(PATIENCE):
            while self.home.connections < count or not self.client.following:
                self.clock.advance(1)
                await asyncio.sleep(0.001)


@pytest.fixture
async def session() -> AsyncIterator[Session]:
    """Return a session that is not started."""
    async with FakeHomeAssistant() as home, aiohttp.ClientSession() as http:
        session = Session(home, http)
        yield session
        await session.client.stop()


async def test_call(session: Session) -> None:
    """An action is called for the account of the settings and answers with its response."""
    await session.start()
    answer = await session.client.call("get_ticker", {"pairs": ["BTC-USD"]})
    assert answer["tickers"]["BTC-USD"]["last"] == "60500"
    assert session.home.calls == [
        ("get_ticker", {"pairs": ["BTC-USD"], "config_entry_id": "entry-1"})
    ]


async def test_refusal_keeps_everything(session: Session) -> None:
    """Code, key and placeholders survive; Home Assistant's prefix does not."""
    await session.start()
    session.home.refusals["preview_order"] = Refusal(
        "amount_below_minimum", "Too little.", minimum="0.1"
    )
    with pytest.raises(RefusedError) as caught:
        await session.client.call("preview_order", {})
    assert caught.value.code == "service_validation_error"
    assert caught.value.translation_key == "amount_below_minimum"
    assert caught.value.placeholders == {"minimum": "0.1"}
    assert caught.value.text == "Too little."


async def test_calls_at_once(session: Session) -> None:
    """Answers find their questions in any order."""
    await session.start()
    hold = session.home.holds["get_balances"] = asyncio.Event()
    slow = asyncio.create_task(session.client.call("get_balances"))
    await session.home.wait_called("get_balances")
    assert "orders" in await session.client.call("get_orders")
    hold.set()
    assert "balances" in await slow


async def test_not_connected(session: Session) -> None:
    """Before the session stands nothing is sent, and that is said."""
    with pytest.raises(NotConnectedError):
        await session.client.call("get_balances")


async def test_timeout_and_loss_leave_it_open(session: Session) -> None:
    """What was sent may have been carried out."""
    await session.start()
    session.home.silent.add("place_order")
    order = {
        "pair": "BTC-USD",
        "side": "buy",
        "order_type": "limit",
        "client_order_id": "1",
    }
    call = asyncio.create_task(session.client.call("place_order", order, within=5))
    await session.home.wait_called("place_order")
    session.clock.advance(5)
    with pytest.raises(UnansweredError):
        await call
    call = asyncio.create_task(session.client.call("place_order", order))
    await session.home.wait_called("place_order", 2)
    await session.home.cut()
    with pytest.raises(UnansweredError):
        await call


async def test_feed_from_now_on(session: Session) -> None:
    """The first time only what is new is read."""
    await session.home.publish(price_alert(1))
    await session.start()
    assert session.home.subscriptions[0]["since"] is None
    assert session.home.subscriptions[0]["config_entry_id"] == "entry-1"
    await session.home.publish(price_alert(2), price_alert(3))
    await session.follower.wait_read("alert:2", "alert:3")


async def test_feed_goes_on_after_a_loss(session: Session) -> None:
    """What happened meanwhile is read from the cursor on, also over a restart."""
    await session.start()
    await session.home.publish(price_alert(1))
    await session.follower.wait_read("alert:1")
    await session.home.cut()
    await session.home.publish(price_alert(2))
    await session.reconnect(2)
    await session.follower.wait_read("alert:1", "alert:2")
    await session.home.vanish()
    await session.home.publish(price_alert(3))
    await session.home.listen()
    await session.reconnect(3)
    await session.follower.wait_read("alert:1", "alert:2", "alert:3")
    assert [subscription["since"] for subscription in session.home.subscriptions] == [
        None,
        1,
        2,
    ]


async def test_feed_not_there_yet(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    """After a restart the command is unknown for minutes: asked again, said once."""
    session.home.feed_ready = False
    await session.client.start()
    async with asyncio.timeout(PATIENCE):
        await session.client.wait_tried()
    assert session.client.connected
    assert not session.client.following
    await session.clock.pass_until(lambda: len(session.home.subscriptions) >= 3)
    session.home.feed_ready = True
    await session.clock.pass_until(lambda: session.client.following)
    assert caplog.text.count("has no feed for the bot yet") == 1


@pytest.mark.parametrize(("feed_id", "journal"), [("feed-2", 1), ("feed-1", 2)])
async def test_other_journal_is_read_from_its_start(
    session: Session, feed_id: str, journal: int
) -> None:
    """A new journal, and one that was put back from a backup, begin anew."""
    session.follower.at = FeedCursor("feed-1", 50)
    session.home.feed_id = feed_id
    await session.home.publish(*[price_alert(number) for number in range(journal)])
    await session.start()
    await session.follower.wait_read(*[f"alert:{number}" for number in range(journal)])
    assert [subscription["since"] for subscription in session.home.subscriptions] == [
        50,
        0,
    ]
    assert session.follower.gaps == 0
    await session.home.publish(price_alert(9))
    await session.follower.wait_read(
        *[f"alert:{number}" for number in range(journal)], "alert:9"
    )


async def test_gap(session: Session) -> None:
    """A cursor older than the journal is told."""
    session.follower.at = FeedCursor("feed-1", 3)
    session.home.oldest = 10
    await session.home.publish(price_alert(10))
    await session.start()
    await session.follower.wait_read("alert:10")
    assert session.follower.gaps == 1


async def test_entries_that_could_not_be_kept_come_again(session: Session) -> None:
    """A full disk loses nothing."""
    await session.start()
    session.follower.failures = 1
    await session.home.publish(price_alert(1))
    await session.clock.pass_until(lambda: len(session.home.subscriptions) >= 2)
    await session.follower.wait_read("alert:1")


async def test_silent_feed_is_asked_for_again(session: Session) -> None:
    """A subscription that leads nowhere any more is noticed by its silence."""
    await session.start()
    session.home._sockets[next(iter(session.home._sockets))].clear()
    await session.home.publish(price_alert(1))
    await session.clock.pass_until(lambda: len(session.home.subscriptions) == 2, step=1)
    await session.follower.wait_read("alert:1")


async def test_greeting_that_ends_early(session: Session) -> None:
    """A Home Assistant that closes during the greeting is tried again."""
    session.home.closes_early = 2
    await session.client.start()
    await session.reconnect(1)
    assert session.home.closes_early == 0


async def test_odd_messages_are_passed_over(session: Session) -> None:
    """Binary frames, lists of messages and answers nobody waits for do no harm."""
    await session.start()
    socket = next(iter(session.home._sockets))
    await socket.send_bytes(b"?")
    await socket.send_json(
        [
            {"id": 99, "type": "event", "event": {}},
            {"id": 98, "type": "result", "success": True},
        ]
    )
    assert "orders" in await session.client.call("get_orders")
    assert session.home.connections == 1


async def test_flood_of_events_begins_anew(session: Session) -> None:
    """More events than fit end the session; the cursor brings them back."""
    await session.start()
    async with session.follower.changed:
        await session.home.publish(*[price_alert(number) for number in range(10)])
    socket, numbers = next(iter(session.home._sockets.items()))
    event = {"id": numbers[0], "type": "event", "event": {"entries": []}}
    await socket.send_json([event] * 1500)
    await session.reconnect(2)
    await session.follower.wait_read(*[f"alert:{number}" for number in range(10)])


async def test_ping_finds_a_dead_path(session: Session) -> None:
    """A Home Assistant that does not answer pings is left."""
    await session.start()
    session.clock.advance(12)
    await session.home.wait_for(lambda: session.home.pings == 1)
    session.home.answers_pings = False
    await session.clock.pass_until(lambda: session.home.pings >= 2)
    session.home.answers_pings = True
    session.clock.advance(10)
    await session.reconnect(2)


async def test_wrong_token(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    """A refused token is asked again only after minutes, and said once, without the token."""
    session.home.token = "another"
    with caplog.at_level(logging.WARNING):
        await session.client.start()
        await session.clock.pass_until(
            lambda: "does not accept the token" in caplog.text, step=0
        )
    session.home.token = TOKEN
    session.clock.advance(299)
    assert session.home.connections == 0
    session.clock.advance(1)
    await session.home.wait_for(lambda: session.home.connections == 1)
    assert TOKEN not in caplog.text


async def test_away_is_said_once(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    """Home Assistant may come up later; the log does not fill meanwhile."""
    await session.home.vanish()
    await session.client.start()
    await session.clock.pass_until(lambda: session.clock.monotonic() > 100)
    await session.home.listen()
    await session.reconnect(1)
    assert caplog.text.count("can't be reached") == 1


async def test_nonsense_ends_the_session_only(session: Session) -> None:
    """An answer that can't be read begins a new session."""
    await session.start()
    socket = next(iter(session.home._sockets))
    await socket.send_str("{nonsense")
    await session.reconnect(2)
    assert "orders" in await session.client.call("get_orders")
