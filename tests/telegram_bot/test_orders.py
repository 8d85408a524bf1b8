"""Orders by chat: shown first, confirmed once, followed to the end."""

import asyncio

import pytest

from telegram_bot.config import AccessConfig
from telegram_bot.transaction import Transaction
from tests.telegram_bot.conftest import OWNER, STRANGER, TRADER, VIEWER, Rig
from tests.telegram_bot.fake_desk import Refusal, make_order
from tests.telegram_bot.fake_home_assistant import execution
from tests.telegram_bot.orders_by_chat import (
    confirm_data,
    fill_disk,
    preview,
    wait_card,
)


async def test_preview_shows_what_will_happen(rig: Rig) -> None:
    """The card names everything that a person decides on."""
    card = await preview(rig, "/buy 0.01 btc/usd 60000")
    assert card["text"].splitlines()[:-1] == [
        "Buy 0.01 BTC at 60,000 USD?",
        "BTC-USD · Limit · good till cancelled · account trading",
        "Amount 0.01 BTC",
        "Price 60,000 USD (-0.83 % from the market at 60,500 USD)",
        "Cost 600 USD",
        "Fee 1.5 USD (0.25 %)",
        "Total with fee 601.5 USD",
        "Balance BTC 1.5 → 1.51",
        "Balance USD 50,000 → 49,398.5",
        "Asked by Ada",
    ]
    assert [[button["text"] for button in line] for line in card["buttons"]] == [
        ["Confirm", "Discard"]
    ]
    assert [button["style"] for button in card["buttons"][0]] == ["success", "danger"]
    data = card["buttons"][0][0]["callback_data"]
    assert len(data) == len("o:") + 26 + len(":y")
    assert rig.home.count("place_order") == 0


async def test_confirm_places_once_and_follows_the_order(rig: Rig) -> None:
    """From the tap over a partial fill to the end: edits, and one new message."""
    card = await preview(rig)
    tap = await rig.tap("Confirm", card)
    assert await rig.wait_answer(tap) == "Placing the order…"
    placed = await rig.home.wait_called("place_order")
    assert placed == {
        "pair": "BTC-USD",
        "side": "buy",
        "order_type": "limit",
        "price": "60000",
        "amount": "0.01",
        "account_id": "trading",
        "client_order_id": "tg-" + confirm_data(card).split(":")[1],
        "comment": f"telegram {OWNER}",
    }
    shown = await wait_card(rig, card, "🟢 Accepted: Buy 0.01 BTC at 60,000 USD")
    assert shown["buttons"] == []
    rig.clock.advance(30)
    order = rig.home.orders[placed["client_order_id"]]
    partly = order | {
        "status": "partially_filled",
        "executed_amount": "0.004",
        "executed_quote_amount": "240",
    }
    await rig.home.publish(execution("partially_filled", partly))
    await wait_card(rig, card, "🟡 Partly filled")
    assert "Filled 0.004 of 0.01 BTC (40 %) for 240 USD" in (await rig.texts())[-1]
    rig.clock.advance(30)
    done = order | {
        "status": "filled",
        "executed_amount": "0.01",
        "executed_quote_amount": "600",
        "average_price": "60000",
        "fee_amount": "1.5",
        "fee_currency": "USD",
    }
    await rig.home.publish(execution("filled", done))
    message = await rig.wait_message("✅ Filled: Buy 0.01 BTC at 60,000 USD", count=2)
    assert message["reply_to"] == card["message_id"]
    assert "Fee 1.5 USD" in message["text"]
    await wait_card(rig, card, "✅ Filled")
    assert rig.home.count("place_order") == 1


async def test_slow_answer(rig: Rig) -> None:
    """An order that takes its time loses its buttons meanwhile."""
    card = await preview(rig)
    hold = rig.home.holds["place_order"] = asyncio.Event()
    await rig.tap("Confirm", card)
    await rig.home.wait_called("place_order")
    rig.clock.advance(1)
    shown = await wait_card(rig, card, "⏳ Being placed …")
    assert shown["buttons"] == []
    hold.set()
    await wait_card(rig, card, "🟢 Accepted")


async def test_filled_at_once(rig: Rig) -> None:
    """A report that overtakes the answer is not taken back by it."""
    card = await preview(rig)
    hold = rig.home.holds["place_order"] = asyncio.Event()
    await rig.tap("Confirm", card)
    placed = await rig.home.wait_called("place_order")
    done = make_order(
        client_order_id=placed["client_order_id"],
        status="filled",
        executed_amount="0.01",
        executed_quote_amount="600",
    )
    await rig.home.publish(execution("filled", done))
    await rig.wait_message("✅ Filled", count=2)
    hold.set()
    rig.clock.advance(30)
    await rig.ask("/help", "may do everything")
    assert "🟢 Accepted" not in "\n".join(await rig.texts())


async def test_discard(rig: Rig) -> None:
    """Discard closes the card; a later Confirm does nothing."""
    card = await preview(rig)
    assert await rig.wait_answer(await rig.tap("Discard", card)) == "Discarded."
    await wait_card(rig, card, "🗑 Discarded. Nothing was done.")
    late = await rig.tap_data(confirm_data(card), card)
    assert await rig.wait_answer(late) == "This was discarded before. Nothing was done."
    assert rig.home.count("place_order") == 0


async def test_double_tap_places_once(rig: Rig) -> None:
    """Two taps in the same moment make one order."""
    card = await preview(rig)
    rig.home.holds["place_order"] = asyncio.Event()
    taps = [await rig.tap_data(confirm_data(card), card) for _ in range(2)]
    answers = [await rig.wait_answer(tap) for tap in taps]
    assert sorted(answers) == [
        "Already on its way. It is sent once only.",
        "Placing the order…",
    ]
    rig.home.holds["place_order"].set()
    await wait_card(rig, card, "🟢 Accepted")
    again = await rig.tap_data(confirm_data(card), card)
    assert (
        await rig.wait_answer(again)
        == "This was decided before. Nothing more was done."
    )
    assert rig.home.count("place_order") == 1


async def test_late_tap(rig: Rig) -> None:
    """After the deadline the card is closed and a tap does nothing."""
    card = await preview(rig)
    rig.clock.advance(120)
    await wait_card(rig, card, "⌛ Expired: nobody decided in time. Nothing was done.")
    tap = await rig.tap_data(confirm_data(card), card)
    assert "Too late" in await rig.wait_answer(tap)
    assert rig.home.count("place_order") == 0


async def test_market_offer_holds_a_minute(rig: Rig) -> None:
    """A market price is not held for as long as a limit."""
    card = await preview(rig, "/buy 0.01 BTC-USD market")
    rig.clock.advance(60)
    await wait_card(rig, card, "⌛ Expired")


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (TRADER, "Only the person who asked can decide this. Nothing was done."),
        (
            VIEWER,
            "You may look, but not trade here. The owner of this bot can change that.",
        ),
        (STRANGER, "This button is not for you."),
    ],
)
async def test_tap_by_somebody_else(stopped_rig: Rig, user: int, words: str) -> None:
    """Only the person who asked decides; a stranger's tap is reported."""
    rig = stopped_rig
    rig.people = AccessConfig(OWNER, (TRADER,), (VIEWER,))
    await rig.start()
    card = await preview(rig)
    assert (
        await rig.wait_answer(await rig.tap_data(confirm_data(card), card, user))
        == words
    )
    if user == STRANGER:
        await rig.wait_message(f"id {STRANGER}")
    await rig.wait_answer(await rig.tap("Confirm", card))
    await rig.home.wait_called("place_order")
    assert rig.home.count("place_order") == 1


async def test_viewer_cannot_trade(stopped_rig: Rig) -> None:
    """A viewer gets a kind refusal and no preview."""
    rig = stopped_rig
    rig.people = AccessConfig(OWNER, (), (VIEWER,))
    await rig.start()
    for command in ("/buy 0.01 BTC-USD 60000", "/sell 1 BTC-USD market", "/cancel 1"):
        await rig.ask(command, "You may look, but not trade here.", VIEWER)
    await rig.ask("/price BTC-USD", "BTC-USD 60,500 USD", VIEWER)
    assert rig.home.count("preview_order") == 0


async def test_rejected_order(rig: Rig) -> None:
    """The exchange's reason reaches the card."""
    card = await preview(rig)
    rig.home.refusals["place_order"] = Refusal(
        "order_rejected",
        "The exchange rejected the order: Insufficient funds",
        code="home_assistant_error",
        reason="x",
    )
    await rig.tap("Confirm", card)
    await wait_card(
        rig, card, "❌ Not placed: The exchange rejected the order: Insufficient funds"
    )


async def test_tap_on_the_first_of_two_copies(rig: Rig) -> None:
    """When a question is there twice, the copy that was tapped shows the outcome."""
    await rig.fault("bad_gateway", method="sendMessage", delivered=True)
    first = await preview(rig)
    await rig.tap("Confirm", first)
    await rig.home.wait_called("place_order")
    rig.clock.advance(5)
    await rig.wait_message("it may repeat an earlier one")
    rig.clock.advance(5)
    await wait_card(rig, first, "🟢 Accepted")
    assert rig.home.count("place_order") == 1
    done = rig.home.orders[only_order(rig)] | {
        "status": "filled",
        "executed_amount": "0.01",
    }
    await rig.home.publish(execution("filled", done))
    rig.clock.advance(5)
    await wait_card(rig, first, "✅ Filled")


def only_order(rig: Rig) -> str:
    """Return the client order id of the only order."""
    (client_order_id,) = rig.home.orders
    return client_order_id


async def test_void_question_that_was_sent_in_the_last_moment(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question whose message was never noted loses its buttons with the first tap."""

    def forget(*_: object) -> None:
        """Note nothing, as a bot that is killed now."""

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "find_card_message", forget)
        card = await preview(rig)
        await rig.stop()
    await rig.start()
    assert "Too late" in await rig.wait_answer(await rig.tap("Confirm", card))
    shown = await wait_card(rig, card, "⌛ Expired")
    assert shown["buttons"] == []
    assert rig.home.count("place_order") == 0


async def test_partial_fill_leaves_the_question_alone(rig: Rig) -> None:
    """A report during the question does not take its buttons away."""
    rig.home.orders["elsewhere-1"] = make_order()
    question = await rig.ask("/cancel 777", "Cancel this order?")
    partly = make_order(
        status="partially_filled", executed_amount="0.004", executed_quote_amount="240"
    )
    await rig.home.publish(execution("partially_filled", partly))
    await rig.wait_message("🟡 Partly filled")
    shown = await wait_card(rig, question, "Cancel this order?")
    assert [button["text"] for button in shown["buttons"][0]] == ["Confirm", "Discard"]
    rig.home.refusals["cancel_order"] = Refusal(
        "outcome_unknown", "Nobody knows.", code="home_assistant_error"
    )
    await rig.tap("Confirm", question)
    await wait_card(rig, question, "❓ Sent, but no answer came.")
    await rig.home.publish(execution("cancelled", partly | {"status": "cancelled"}))
    await wait_card(rig, question, "🚫 Cancelled")
    rig.clock.advance(9)
    await rig.ask("/help", "You own this bot")
    assert rig.home.count("cancel_order") == 1


async def test_late_end_tells_when(rig: Rig) -> None:
    """A fill during an absence carries its time."""
    card = await preview(rig)
    await rig.tap("Confirm", card)
    placed = await rig.home.wait_called("place_order")
    await wait_card(rig, card, "🟢 Accepted")
    done = make_order(
        client_order_id=placed["client_order_id"],
        status="filled",
        executed_amount="0.01",
    )
    await rig.home.publish(execution("filled", done, late=True))
    await rig.until_kept()
    rig.clock.advance(2)
    message = await rig.wait_message("It happened at Jan 15, 2027, 08:00 UTC")
    assert message["reply_to"] == card["message_id"]


async def test_full_disk_at_the_tap(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be noted is not carried out."""
    card = await preview(rig)
    with monkeypatch.context() as patch:
        fill_disk(patch, "compare_and_set")
        assert "My disk takes nothing, so nothing was done." in await rig.wait_answer(
            await rig.tap("Confirm", card)
        )
    assert rig.home.count("place_order") == 0
    await rig.tap("Confirm", card)
    await rig.home.wait_called("place_order")


async def test_answer_to_a_tap_fails(rig: Rig) -> None:
    """Telegram may find the tap too old; the order is placed all the same."""
    card = await preview(rig)
    await rig.fault("bad_gateway", method="answerCallbackQuery")
    await rig.tap("Confirm", card)
    await wait_card(rig, card, "🟢 Accepted")
    assert rig.home.count("place_order") == 1


async def test_restart_voids_what_was_pending(rig: Rig) -> None:
    """After a restart a question is void and says so."""
    card = await preview(rig)
    await rig.stop()
    await rig.start()
    await wait_card(
        rig, card, "⌛ Void: I was restarted before you decided. Nothing was done."
    )
    tap = await rig.tap_data(confirm_data(card), card)
    assert "Too late" in await rig.wait_answer(tap)
    assert rig.home.count("place_order") == 0


async def test_question_that_came_twice(rig: Rig) -> None:
    """Where Telegram left in doubt whether it had come, neither copy goes on asking once it is decided."""
    await rig.fault("cut", method="sendMessage", delivered=True)
    first = await preview(rig)
    chat = next(iter(rig.telegram.world.bots.values())).chats[OWNER]
    await rig.clock.pass_until(
        lambda: max(chat.messages) > first["message_id"], step=0.01
    )
    second = await rig.wait_message("Holds until", count=2)
    await rig.tap("Discard", second)
    await wait_card(rig, second, "🗑 Discarded.")
    tap = await rig.tap("Confirm", first)
    assert "This was discarded before." in await rig.wait_answer(tap)
    closed = await wait_card(rig, first, "This was discarded before.")
    assert closed["buttons"] == []
    assert rig.home.count("place_order") == 0
