"""Much at once: told together, new messages before edits, and taken in the step that writes it down."""

import asyncio
from collections.abc import Iterator
from functools import partial

from aiohttp import web
import pytest

from telegram_bot.digest import FLOOD
from telegram_bot.markup import Message
from telegram_bot.records import Line
from telegram_bot.transaction import Transaction
from telegram_bot.transport import Transport, _proxy
from tests.telegram_bot.conftest import OWNER
from tests.telegram_bot.manual_clock import START
from tests.telegram_bot.post import Post


def come(store: Transaction, texts: list[str], first: int = 0) -> None:
    """Let messages come into the store."""
    for number, text in enumerate(texts, first):
        store.enqueue(
            event_id=f"flood:{number}",
            chat_id=OWNER,
            kind="notice",
            text=text,
            lines=(Line(f"flood:{number}", "notice", text),),
            occurred=START,
        )


async def flood(post: Post, texts: list[str]) -> None:
    """Let messages come at once, and wait until the outbox has seen how many they are."""
    await post.store.run(lambda store: come(store, texts))
    post.outbox.wake([OWNER])
    lane = post.outbox._lanes[OWNER]
    await post.clock.pass_until(lambda: lane.flooded is not None, step=0)


async def test_flood_is_told_together(post: Post) -> None:
    """What would take longer than somebody looks on comes in one digest, each line once; answers come at once."""
    texts = [f"fill {number}" for number in range(FLOOD + 20)]
    await flood(post, texts)
    answer = asyncio.create_task(post.outbox.say(OWNER, Message("asked")))
    await post.clock.pass_until(answer.done, step=0)
    assert post.shown() == ["asked"]
    await post.clock.pass_until(lambda: len(post.shown()) == 2, step=None)
    assert post.clock.monotonic() == 1.0
    head, *lines = post.shown()[1].splitlines()
    assert head == "All at once: 30 notices"
    assert lines == texts
    await post.until_quiet()
    assert set(await post.states()) == {"digested", "sent"}


async def test_flood_without_end_is_told(post: Post) -> None:
    """More that comes all the time holds up what has come for some seconds only."""
    await flood(post, [f"first {number}" for number in range(FLOOD + 1)])
    for number in range(100, 110):
        assert post.shown() == []
        post.clock.advance(0.5)
        later = partial(come, texts=[f"later {number}"], first=number)
        await post.store.run(later)
        post.outbox.wake([OWNER])
    assert post.clock.monotonic() == 5.0
    await post.clock.pass_until(lambda: len(post.shown()) >= 1, step=0)
    assert post.shown()[0].startswith("All at once: ")


async def test_a_few_are_messages(post: Post) -> None:
    """As many as a person follows are told one by one."""
    texts = [f"fill {number}" for number in range(FLOOD)]
    await post.store.run(lambda store: come(store, texts))
    post.outbox.wake([OWNER])
    await post.until_shown(*texts)


async def test_the_same_shares_a_line(post: Post) -> None:
    """Twenty fills of the same amount at the same price are one line that says so."""
    await flood(post, ["fill"] * 20 + ["end"])
    await post.until_shown(
        "All at once: 21 notices\n20 \N{MULTIPLICATION SIGN} fill\nend"
    )


async def test_pace_of_all_chats_together(post: Post) -> None:
    """Of many chats that are woken at once no more are sent to than Telegram takes from a bot."""
    chats = range(5000, 5040)

    def come_to_all(store: Transaction) -> None:
        """Let a message come for each chat."""
        for chat_id in chats:
            store.notify("1", chat_id, "to all", START)

    await post.store.run(come_to_all)
    post.outbox.wake(chats)
    await post.clock.pass_until(
        lambda: (post.calls("sendMessage"), len(post.clock.awaited())) == (25, 15),
        step=0,
    )
    await post.clock.pass_until(lambda: post.calls("sendMessage") == 40, step=0.01)
    assert post.clock.monotonic() >= 0.6


async def test_edits_leave_room_for_messages(post: Post) -> None:
    """With one permit left a new message is sent at once, and what rings nobody waits."""
    card = await post.store.run(lambda tx: tx.add_card(OWNER, 0.0, client_order_id="1"))
    await post.enqueue("card", kind="card", card_id=card.id)
    for text in ("one", "two", "three"):
        await post.enqueue(text)
    await post.clock.pass_until(lambda: len(post.shown()) == 4, step=0)
    await post.enqueue("card, edited", kind="card", card_id=card.id)
    await post.clock.until_awaited()
    await post.enqueue("four")
    await post.clock.pass_until(lambda: "four" in post.shown(), step=0)
    assert (post.clock.monotonic(), post.calls("editMessageText")) == (0, 0)
    await post.clock.pass_until(lambda: "card, edited" in post.shown(), step=None)
    assert 1.9 < post.clock.monotonic() < 3


async def test_taken_as_it_is_written_down(post: Post) -> None:
    """What can be sent at once is under way when it is on disk; what was rolled back is not sent."""
    seen: list[str] = []

    def keep(store: Transaction) -> None:
        """Write a message down and take it."""
        come(store, ["now"])
        take(store)
        seen.extend(state for (state,) in store.db.execute("SELECT state FROM outbox"))

    def fail(store: Transaction) -> None:
        """Do the same, then fail."""
        keep(store)
        raise OSError("the disk is full")

    for _ in range(6):
        with pytest.raises(OSError, match="full"), post.outbox.claim([OWNER]) as take:
            await post.store.run(fail)
    with post.outbox.claim([OWNER]) as take:
        await post.store.run(keep)
    assert set(seen) == {"sending"}
    await post.clock.pass_until(lambda: post.shown() == ["now"], step=0)
    assert post.calls("sendMessage") == 1
    await post.until_quiet()
    assert await post.states() == ["sent"]


async def test_stop_sends_what_was_taken(post: Post) -> None:
    """A stop right after the writing lets the message go; nothing is in doubt afterwards."""
    with post.outbox.claim([OWNER]) as take:

        def keep(store: Transaction) -> None:
            """Write a message down and take it."""
            come(store, ["now"])
            take(store)

        await post.store.run(keep)
    await post.outbox.stop()
    assert await post.states() == ["sent"]
    with post.outbox.claim([OWNER]) as take:
        await post.store.run(partial(come, texts=["later"], first=1))
        await post.store.run(take)
    assert await post.states() == ["sent", "waiting"]


@pytest.fixture
def fresh_environment() -> Iterator[None]:
    """Forget which proxies were found, before and after."""
    _proxy.cache_clear()
    yield
    _proxy.cache_clear()


@pytest.mark.usefixtures("fresh_environment")
async def test_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Telegram is reached over the proxy that the environment names, but for what it excepts."""
    asked: list[str] = []

    async def take(request: web.BaseRequest) -> web.Response:
        """Be the proxy."""
        asked.append(str(request.url))
        return web.Response(text="{}")

    runner = web.ServerRunner(web.Server(take))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    monkeypatch.setenv("http_proxy", f"http://{host}:{port}")
    monkeypatch.setenv("no_proxy", "excepted.example")
    transport = Transport()
    await transport.initialize()
    try:
        status, _ = await transport.do_request("http://telegram.example/x", "GET")
        assert (status, asked) == (200, ["http://telegram.example/x"])
        assert _proxy("http", "excepted.example") is None
    finally:
        await transport.shutdown()
        await runner.cleanup()
