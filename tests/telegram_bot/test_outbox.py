"""The outbox: what surely did not arrive is sent again, what may have arrived is marked."""

import asyncio
from typing import Any
from unittest.mock import patch

import pytest
from telegram.error import NetworkError

from telegram_bot.markup import (
    LONGEST_TEXT,
    Button,
    Message,
    buttons_to_json,
    plain,
    split,
)
from telegram_bot.transport import Transport
from tests.telegram_bot.conftest import OWNER, Rig
from tests.telegram_bot.fake_desk import make_order
from tests.telegram_bot.fake_home_assistant import execution, price_alert
from tests.telegram_bot.post import MARK, Post


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "too_many_requests", "retry_after": 7},
        {"kind": "too_many_requests"},
    ],
)
async def test_refused_for_now(post: Post, fault: dict[str, Any]) -> None:
    """A flood wait is honoured; order and count stay right."""
    await post.fault(**fault)
    for text in ("one", "two"):
        await post.enqueue(text)
    await post.until_shown("one", "two")
    assert post.calls("sendMessage") == 3
    if "retry_after" in fault:
        assert post.clock.monotonic() >= 7.1


async def test_flood_wait_is_not_cut_short(post: Post) -> None:
    """Before the time is over nothing is sent to the chat, not even an answer."""
    await post.fault("too_many_requests", retry_after=20)
    await post.enqueue("one")
    await post.clock.pass_until(lambda: post.calls("sendMessage") == 1, step=0)
    answer = asyncio.create_task(post.outbox.say(OWNER, Message("answer")))
    await post.clock.pass_until(lambda: post.clock.monotonic() > 19.5, step=0.1)
    assert post.calls("sendMessage") == 1
    await post.clock.pass_until(answer.done, step=0.1)
    assert answer.result() is not None


@pytest.mark.parametrize("kind", ["timeout", "cut", "bad_gateway", "server_error"])
@pytest.mark.parametrize("delivered", [True, False])
async def test_unknown_delivery(post: Post, kind: str, *, delivered: bool) -> None:
    """What may have arrived is sent once more, with a visible mark."""
    await post.fault(kind, delivered=delivered)
    # Telegram hangs once only: what comes afterwards has all the time it needs.
    with patch.object(post.bot.request, "_read_timeout", 0.3):
        await post.enqueue("<b>fill</b>")
        await post.clock.pass_until(lambda: post.calls("sendMessage") == 1, step=0)
    await post.clock.pass_until(
        lambda: any(MARK in text for text in post.shown()), step=0.1
    )
    await post.until_quiet()
    assert [text.splitlines()[0] for text in post.shown()] == ["fill"] * (
        2 if delivered else 1
    )
    assert post.calls("sendMessage") == 2
    assert await post.states() == ["sent"]


async def test_unknown_for_ever_has_an_end(post: Post) -> None:
    """A message that may have arrived six times is not sent again, and the next one is."""
    await post.fault("cut", count=6, delivered=True)
    await post.enqueue("one")
    await post.enqueue("two")
    await post.clock.pass_until(lambda: "two" in post.shown(), step=0.1)
    await post.until_quiet()
    assert await post.states() == ["doubtful", "sent"]
    assert post.calls("sendMessage") == 7


async def test_outage(post: Post) -> None:
    """While Telegram answers nothing at all, nothing is repeated in vain, and nothing is given up."""
    await post.fault("bad_gateway", method="*", count=20)
    await post.enqueue("one")
    await post.enqueue("two")
    await post.until_shown(f"one\n\n{MARK}: it may repeat an earlier one.", "two")
    assert post.calls("sendMessage") == 3


async def test_bad_markup_becomes_plain_text(post: Post) -> None:
    """Markup that Telegram refuses is taken away, the words arrive."""
    await post.enqueue("<b>1 < 2 &amp; 3</i>")
    await post.until_shown("1 < 2 & 3")
    sent = await asyncio.gather(post.outbox.say(OWNER, Message("<u>broken")))
    assert sent[0] is not None
    assert post.shown()[-1] == "broken"


async def test_pace(post: Post) -> None:
    """A short burst is fine, then one message a second."""
    for number in range(8):
        await post.enqueue(str(number))
    await post.clock.pass_until(lambda: len(post.shown()) == 5, step=0)
    assert post.clock.monotonic() == 0
    await post.clock.pass_until(lambda: len(post.shown()) == 8, step=None)
    assert 2.9 < post.clock.monotonic() < 6
    assert post.shown() == [str(number) for number in range(8)]


async def test_answers_go_first(post: Post) -> None:
    """Somebody who waits does not queue behind reports."""
    for number in range(7):
        await post.enqueue(str(number))
    await post.clock.pass_until(lambda: len(post.shown()) == 5, step=0)
    answer = asyncio.create_task(post.outbox.say(OWNER, Message("answer")))
    await post.clock.pass_until(answer.done, step=0.1)
    await post.until_quiet()
    assert post.shown().index("answer") <= 6


async def test_blocked_chat_is_parked(post: Post) -> None:
    """Messages for somebody who blocked the bot wait until that person writes again."""
    await post.fault("forbidden")
    await post.enqueue("one")
    await post.clock.pass_until(lambda: post.parked == [OWNER], step=0)
    assert await post.outbox.say(OWNER, Message("two")) is None
    assert post.shown() == []
    post.outbox.unpark(OWNER)
    await post.until_shown("one")
    post.outbox.unpark(OWNER)


async def test_refused_for_good(post: Post) -> None:
    """A message that Telegram never takes does not hold up the next one."""
    await post.enqueue(" ")
    await post.enqueue("two")
    await post.until_shown("two")
    assert await post.states() == ["refused", "sent"]


async def test_too_long(post: Post) -> None:
    """A message that is too long arrives as far as it fits."""
    await post.enqueue("one " * 900 + "\n" + "two " * 900)
    await post.clock.pass_until(lambda: len(post.shown()) == 1, step=0)
    (text,) = post.shown()
    assert text.startswith("one one")
    assert text.endswith("…")


async def test_refused_token(post: Post) -> None:
    """A refused token is reported, the message stays."""
    await post.fault("unauthorized")
    await post.enqueue("one")
    await post.clock.pass_until(lambda: post.bad_tokens == 1, step=0)
    await post.restart()
    await post.until_shown("one")


async def test_crash_before_sending(post: Post) -> None:
    """What was kept but not sent is sent after the next start, without a mark."""
    await post.outbox.stop()
    await post.enqueue("one")
    await post.restart()
    await post.until_shown("one")


async def test_crash_while_sending(post: Post) -> None:
    """What was being sent may have arrived: it is sent again and marked."""
    await post.outbox.stop()
    await post.enqueue("one")
    await post.store.run(lambda tx: tx.mark([1], "sending"))
    await post.restart()
    await post.until_shown(f"one\n\n{MARK}: it may repeat an earlier one.")


async def test_nothing_is_sent_before_the_start(post: Post) -> None:
    """A report that comes before it is known what a crash left in doubt must not send that without a mark."""
    await post.outbox.stop()
    await post.enqueue("one")
    await post.store.run(lambda tx: tx.mark([1], "sending"))
    post.outbox = post.make()
    post.outbox.wake([OWNER])
    for _ in range(20):
        async with post.http.get(f"{post.telegram.control}/chats/{OWNER}") as response:
            assert response.status == 200
    assert post.shown() == []
    await post.outbox.start()
    await post.until_shown(f"one\n\n{MARK}: it may repeat an earlier one.")


async def test_newer_state_of_a_card_in_doubt(post: Post) -> None:
    """A card that may have arrived is marked when its next state is sent in its place."""
    card = await post.store.run(lambda tx: tx.add_card(OWNER, 0.0, client_order_id="1"))
    await post.fault("cut", delivered=True)
    await post.enqueue("first", kind="card", card_id=card.id)
    await post.clock.pass_until(lambda: post.shown() == ["first"], step=0)
    lane = post.outbox._lanes[OWNER]
    await post.clock.pass_until(
        lambda: lane.failures == 1 and not lane.delivering, step=0
    )
    await post.enqueue("second", kind="card", card_id=card.id)
    await post.until_shown("first", f"second\n\n{MARK}: it may repeat an earlier one.")


async def test_stop_while_telegram_is_slow(post: Post) -> None:
    """A stop lets a call under way end; nothing is sent twice afterwards."""
    await post.fault("slow", seconds=0.2, delivered=True)
    await post.enqueue("one")
    await post.clock.pass_until(lambda: post.calls("sendMessage") == 1, step=0)
    await post.restart()
    await post.until_shown("one")
    assert await post.outbox.say(OWNER, Message("two")) is not None
    await post.outbox.stop()
    assert await post.outbox.say(OWNER, Message("three")) is None


async def test_card_is_edited(post: Post) -> None:
    """A card is one message; older states that wait are left out; an edit may be repeated at will."""
    card = await post.store.run(lambda tx: tx.add_card(OWNER, 0.0, client_order_id="1"))
    buttons = buttons_to_json(((Button("Confirm", "o:1:y"),),))
    await post.enqueue("first", kind="card", card_id=card.id, buttons=buttons)
    await post.until_shown("first")
    await post.fault("cut", method="editMessageText", delivered=True)
    await post.enqueue("second", kind="card", card_id=card.id)
    await post.clock.pass_until(lambda: post.shown() == ["second"], step=0.1)
    await post.until_quiet()
    assert post.shown() == ["second"]
    await post.outbox.stop()
    for text in ("third", "fourth"):
        await post.enqueue(text, kind="card", card_id=card.id)
    await post.enqueue("the end", kind="execution", card_id=card.id)
    await post.restart()
    await post.until_shown("fourth", "the end")
    chat = next(iter(post.telegram.world.bots.values())).chats[OWNER]
    assert [message.reply_to for message in chat.messages.values()][-1] == min(
        message.message_id
        for message in chat.messages.values()
        if message.sender_id != OWNER
    )


async def test_state_of_a_card_that_is_told_again(post: Post) -> None:
    """The same state once more leaves the one alone that waits."""
    card = await post.store.run(lambda tx: tx.add_card(OWNER, 0.0, client_order_id="1"))
    await post.outbox.stop()
    for _ in range(2):
        await post.enqueue("first", kind="card", card_id=card.id)
    await post.restart()
    await post.until_shown("first")


async def test_deleted_card_is_sent_anew(post: Post) -> None:
    """A card that somebody deleted comes back with its next state."""
    card = await post.store.run(lambda tx: tx.add_card(OWNER, 0.0, client_order_id="1"))
    await post.enqueue("first", kind="card", card_id=card.id)
    await post.until_shown("first")
    chat = next(iter(post.telegram.world.bots.values())).chats[OWNER]
    message_id = max(chat.messages)
    async with post.http.delete(
        f"{post.telegram.control}/chats/{OWNER}/messages/{message_id}"
    ) as response:
        assert response.status == 200
    await post.enqueue("second", kind="card", card_id=card.id)
    await post.clock.pass_until(lambda: "second" in post.shown(), step=0.1)
    assert await post.outbox.say(OWNER, Message("third"), edit=message_id) is not None
    assert post.shown()[-1] == "third"


async def test_answer_nobody_waits_for(post: Post) -> None:
    """An answer that can't be given for a minute is dropped."""
    await post.fault("too_many_requests", retry_after=61)
    answer = asyncio.create_task(post.outbox.say(OWNER, Message("late")))
    await post.clock.pass_until(answer.done, step=0.5)
    assert answer.result() is None
    assert post.shown() == []


async def test_question_in_doubt_is_asked_again(post: Post) -> None:
    """A card with buttons is sent once more; a price is not."""
    await post.fault("cut", delivered=True)
    price = asyncio.create_task(post.outbox.say(OWNER, Message("price")))
    await post.clock.pass_until(price.done, step=0.1)
    assert post.shown() == ["price"]
    await post.fault("cut", delivered=True)
    question = asyncio.create_task(
        post.outbox.say(OWNER, Message("question", repeat=True))
    )
    await post.clock.pass_until(question.done, step=0.1)
    assert [text.splitlines()[0] for text in post.shown()] == [
        "price",
        "question",
        "question",
    ]
    assert MARK in post.shown()[-1]


async def test_file(post: Post) -> None:
    """A file goes over the same way as words."""
    sent = await post.bot.send_document(OWNER, b"0.1", filename="fills.csv")
    assert sent.document
    assert sent.document.file_name == "fills.csv"
    with pytest.raises(NetworkError, match="initialize first"):
        await Transport().post("http://127.0.0.1:1/")


async def test_long_answer_is_split(post: Post) -> None:
    """A long list arrives whole, the buttons under its end."""
    lines = [f"<b>{number}</b> " + "x" * 80 for number in range(100)]
    await post.outbox.say(OWNER, Message("\n".join(lines), ((Button("ok", "x"),),)))
    assert "\n".join(post.shown()) == plain("\n".join(lines))
    chat = next(iter(post.telegram.world.bots.values())).chats[OWNER]
    assert [bool(message.keyboard) for message in chat.messages.values()] == [
        False,
        False,
        False,
        True,
    ]


def test_split() -> None:
    """A line that is too long by itself is cut without breaking the markup."""
    (part,) = split(Message("<b>" + "y" * 5000 + "</b>"))
    assert len(plain(part.text)) < LONGEST_TEXT
    assert "<" not in part.text


async def test_chat_gets_another_id(post: Post) -> None:
    """Messages follow a group that has become a supergroup."""
    async with post.http.post(
        f"{post.telegram.control}/chats", json={"title": "G", "members": [OWNER]}
    ) as response:
        group = (await response.json())["chat_id"]
    async with post.http.post(
        f"{post.telegram.control}/chats/{group}/migrate", json={}
    ) as response:
        assert response.status == 200, await response.text()
    await post.store.run(
        lambda tx: tx.enqueue(
            event_id="1", chat_id=group, kind="notice", text="moved", occurred=0
        )
    )
    post.outbox.wake([group])
    chats = next(iter(post.telegram.world.bots.values())).chats
    await post.clock.pass_until(
        lambda: any(
            message.text == "moved"
            for chat in chats.values()
            for message in chat.messages.values()
        ),
        step=0.1,
    )


async def test_broken_store_is_survived(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    """A message that can't be read is logged, and the queue goes on later."""
    await post.enqueue("bad", buttons="nonsense")
    await post.clock.pass_until(lambda: "could not be handled" in caplog.text, step=0.1)
    await post.store.run(lambda tx: tx.mark([1], "refused"))
    await post.enqueue("good")
    await post.clock.pass_until(lambda: post.shown() == ["good"], step=0.5)


async def test_killed_while_sending(rig: Rig) -> None:
    """The whole way: kept, killed in the call, sent after the restart, once and marked."""
    await rig.fault("timeout", method="sendMessage", seconds=30)
    await rig.home.publish(price_alert(1))
    calls = rig.telegram.world.calls
    await rig.clock.pass_until(
        lambda: sum(call["method"] == "sendMessage" for call in calls) == 2, step=0
    )
    await rig.stop()
    await rig.start()
    message = await rig.wait_message("70,001")
    assert MARK in message["text"]
    await rig.ask("/help", "You own this bot")
    assert sum("70,001" in text for text in await rig.texts()) == 1


async def test_tap_after_a_block(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever lets the bot in again is heard at the first tap, not at the first message only."""
    page = await rig.ask("/settings", "Settings")
    await rig.control(f"chats/{OWNER}/block", {"blocked": True})
    await rig.home.publish(price_alert(1))
    await rig.until_kept()
    await rig.clock.pass_until(lambda: "does not accept" in caplog.text, step=0)
    await rig.control(f"chats/{OWNER}/block", {"blocked": False})
    await rig.tap_data("c:set:currency", page)
    await rig.wait_message("Currency")
    await rig.wait_message("70,001")


async def test_owner_hears_of_a_parked_chat(rig: Rig) -> None:
    """Somebody who blocks the bot is reported to the owner."""
    await rig.stop()
    rig.people = type(rig.people)(OWNER, (1002,), ())
    await rig.start()
    await rig.ask("/help", "You may look and trade.", 1002)
    await rig.control("chats/1002/block", {"blocked": True})
    await rig.home.publish(execution("accepted", make_order()))
    await rig.wait_message("1002 does not accept my messages")
    await rig.control("chats/1002/block", {"blocked": False})
    await rig.ask("/help", "You may look and trade.", 1002)
    await rig.wait_message("🟢 Accepted", 1002)
