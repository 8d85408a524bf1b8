"""Cancel all, move funds, stop and resume: cards as orders have them."""

import asyncio
from collections.abc import Callable

import pytest

from telegram_bot.config import AccessConfig, OrdersConfig, SecondFactorConfig
from tests.telegram_bot.codes_by_chat import SECRET, code
from tests.telegram_bot.conftest import OWNER, VIEWER, Json, Rig
from tests.telegram_bot.fake_desk import Refusal, make_order
from tests.telegram_bot.fake_home_assistant import execution
from tests.telegram_bot.orders_by_chat import confirm_data, wait_card


def open_orders(rig: Rig, count: int, account: str = "trading") -> None:
    """Let there be open orders."""
    for number in range(count):
        name = f"{account}-{number}"
        rig.home.orders[name] = make_order(
            order_id=name, client_order_id=name, account_id=account
        )


async def test_cancel_all(rig: Rig) -> None:
    """All open orders of an account, after a card that shows them; each end is told by itself."""
    open_orders(rig, 12)
    open_orders(rig, 1, "savings")
    card = await rig.ask("/cancelall trading", "Holds until")
    lines = card["text"].splitlines()
    assert lines[0] == "Cancel all 12 open orders of trading?"
    assert lines.count("• Buy 0.01 BTC at 60,000 USD · Nothing filled yet") == 10
    assert lines[11:13] == [
        "… and 2 more",
        "So is every order that is open when you confirm.",
    ]
    assert rig.home.count("cancel_all_orders") == 0
    tap = await rig.tap("Confirm", card)
    assert await rig.wait_answer(tap) == "Cancelling the orders…"
    assert await rig.home.wait_called("cancel_all_orders") == {"account_id": "trading"}
    await wait_card(rig, card, "🚫 12 orders are being cancelled; the end of each")
    await rig.home.publish(execution("cancelled", rig.home.orders["trading-3"]))
    await rig.wait_message("🚫 Cancelled: Buy 0.01 BTC")
    again = await rig.tap_data(confirm_data(card), card)
    assert (
        await rig.wait_answer(again)
        == "This was decided before. Nothing more was done."
    )
    assert rig.home.count("cancel_all_orders") == 1


async def test_nothing_to_cancel(rig: Rig) -> None:
    """Without open orders there is nothing to ask; elsewhere there may be some."""
    await rig.ask("/cancelall", "No open orders.")
    await rig.ask("/cancelall trading savings", "Say one sub-account, or none")
    open_orders(rig, 1)
    await rig.ask(
        "/cancelall savings", "savings has no open orders; 1 is open elsewhere."
    )
    card = await rig.ask("/cancelall", "Cancel 1 open order?")
    rig.home.orders.clear()
    await rig.tap("Confirm", card)
    await wait_card(rig, card, "🚫 No order was open any more.")


@pytest.mark.parametrize("done", [True, False])
async def test_cancel_all_in_doubt(rig: Rig, *, done: bool) -> None:
    """A lost answer is found out by looking at what is open; it is not sent again."""
    open_orders(rig, 2)
    card = await rig.ask("/cancelall", "Holds until")
    real = rig.home.services["cancel_all_orders"]

    def lost(data: Json) -> Json:
        """Cancel or not, and answer nothing of use."""
        if done:
            real(data)
        return {}

    rig.home.services["cancel_all_orders"] = lost
    await rig.tap("Confirm", card)
    await wait_card(rig, card, "I am finding out which orders are still open.")
    looked = rig.home.count("get_orders")
    await rig.clock.pass_until(
        lambda: rig.home.count("get_orders") >= looked + (1 if done else 5)
    )
    words = "🚫 No order is open any more." if done else "❗ 2 orders are still open."
    await wait_card(rig, card, words)
    assert rig.home.count("cancel_all_orders") == 1


async def test_cancel_all_refused(rig: Rig) -> None:
    """A refusal is told in words."""
    open_orders(rig, 1)
    card = await rig.ask("/cancelall", "Holds until")
    rig.home.refusals["cancel_all_orders"] = Refusal("not_allowed_to_trade", "No.")
    await rig.tap("Confirm", card)
    await wait_card(rig, card, "❌ Not cancelled: No.")


@pytest.mark.parametrize(
    ("command", "action", "fields", "lines"),
    [
        (
            "/transfer 100 usd trading savings",
            "transfer",
            {"from_account_id": "trading", "to_account_id": "savings", "amount": "100"},
            [
                "Move 100 USD from trading to savings?",
                "trading 50,000 → 49,900 USD",
                "savings 0 → 100 USD",
            ],
        ),
        (
            "/transfer all BTC from trading to wallet",
            "withdraw_to_wallet",
            {"account_id": "trading", "amount": "1.00000000"},
            ["Move 1 BTC from trading to the wallet?", "trading 1 → 0 BTC"],
        ),
        (
            "/transfer 0.5 BTC wallet trading",
            "deposit_from_wallet",
            {"account_id": "trading", "amount": "0.5"},
            ["Move 0.5 BTC from the wallet to trading?", "trading 1 → 1.5 BTC"],
        ),
    ],
)
async def test_transfer(
    rig: Rig, command: str, action: str, fields: Json, lines: list[str]
) -> None:
    """Each way has its action; the id of the question moves nothing twice."""
    card = await rig.ask(command, "Holds until")
    assert card["text"].splitlines()[: len(lines)] == lines
    await rig.tap("Confirm", card)
    moved = await rig.home.wait_called(action)
    own = {"client_transaction_id": "tg-" + confirm_data(card).split(":")[1]}
    assert moved == {"currency": moved["currency"], **fields, **own}
    await wait_card(rig, card, "✅ Moved")
    assert rig.home.count(action) == 1


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/transfer", "Say how much, which currency, from where and to where."),
        ("/transfer 1 USD trading", "Say how much, which currency"),
        ("/transfer 1 USD trading trading", "That is the same place twice."),
        ("/transfer x USD trading savings", "“x” is not an amount"),
        ("/transfer all USD wallet trading", "Nothing is known to be there"),
        ("/transfer all ETH trading savings", "Nothing is known to be there"),
        ("/transfer 60000 USD trading savings", "trading has 50,000 USD available."),
    ],
)
async def test_malformed_transfer(rig: Rig, command: str, words: str) -> None:
    """What is wrong is said; nothing is asked."""
    message = await rig.ask(command, words)
    assert "Example: /transfer 100 USD trading savings" in message["text"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("pending", "⏳ Accepted; the exchange moves it soon"),
        ("rejected", "❌ Not moved: the exchange rejected it"),
        ("new<", "new<"),
    ],
)
async def test_transfer_states(rig: Rig, status: str, words: str) -> None:
    """What the exchange says of a move is on the card."""
    rig.home.moves.status = status
    card = await rig.ask("/transfer 1 USD trading wallet", "Holds until")
    await rig.tap("Confirm", card)
    await wait_card(rig, card, words)


async def test_transfer_in_doubt(rig: Rig) -> None:
    """A lost answer is asked for with the same id: funds move once."""
    card = await rig.ask("/transfer 1 USD trading savings", "Holds until")
    rig.home.silent.add("transfer")
    await rig.tap("Confirm", card)
    await rig.home.wait_called("transfer")
    await rig.home.cut()
    await wait_card(rig, card, "I am finding out whether the funds moved")
    rig.home.silent.clear()
    await rig.clock.pass_until(lambda: rig.home.count("transfer") > 1)
    await wait_card(rig, card, "✅ Moved")
    assert len(rig.home.moves.done) == 1
    ids = {
        data["client_transaction_id"]
        for name, data in rig.home.calls
        if name == "transfer"
    }
    assert len(ids) == 1


async def test_transfer_that_nobody_knows_of(rig: Rig) -> None:
    """When Home Assistant can't tell either, the card says so."""
    card = await rig.ask("/transfer 1 USD trading savings", "Holds until")
    rig.home.refusals["transfer"] = Refusal(
        "outcome_unknown", "Nobody knows.", code="home_assistant_error"
    )
    await rig.tap("Confirm", card)
    await wait_card(rig, card, "❓ Sent, but no answer came.")
    await rig.clock.pass_until(lambda: rig.home.count("transfer") >= 6)
    await wait_card(rig, card, "❓ It is not known whether the funds moved.")


async def test_transfer_long_after(rig: Rig) -> None:
    """Funds do not move long after somebody wanted it: an old question is not repeated."""
    card = await rig.ask("/transfer 1 USD trading savings", "Holds until")
    hold = rig.home.holds["transfer"] = asyncio.Event()
    await rig.tap("Confirm", card)
    await rig.home.wait_called("transfer")
    await rig.stop()
    hold.set()
    rig.clock.advance(3600)
    await rig.start()
    await rig.clock.pass_until(lambda: rig.clock.monotonic() > 3800)
    await wait_card(rig, card, "❓ It is not known whether the funds moved.")
    assert rig.home.count("transfer") == 1


async def test_stop(rig: Rig) -> None:
    """Trading is off at once; what is open can be cancelled with a tap."""
    open_orders(rig, 1)
    shown = await rig.ask("/stop", "⛔ Trading is off.")
    assert await rig.home.wait_called("turn_off") == {
        "entity_id": rig.home.status["trading_entity_id"]
    }
    await rig.tap("/cancelall", shown)
    await rig.wait_message("Cancel 1 open order?")


def _gone(rig: Rig) -> None:
    """Let the integration be away."""
    rig.home.status_refused = "unknown_command"


def _stuck(rig: Rig) -> None:
    """Let the switch do nothing."""
    rig.home.switches = False


@pytest.mark.parametrize(
    ("break_it", "words"),
    [(_gone, "❗ Trading may still be on:"), (_stuck, "❗ Trading is still on.")],
)
async def test_stop_fails(
    rig: Rig, break_it: Callable[[Rig], None], words: str
) -> None:
    """A stop that did not happen is said loudly."""
    break_it(rig)
    await rig.ask("/stop", words)


@pytest.fixture
async def guarded(stopped_rig: Rig) -> Rig:
    """Return a running bot with a second factor, which no order takes."""
    stopped_rig.second_factor = SecondFactorConfig(totp_secret=SECRET)
    stopped_rig.orders = OrdersConfig(120, None)
    stopped_rig.people = AccessConfig(OWNER, (), (VIEWER,))
    await stopped_rig.start()
    return stopped_rig


async def resume(rig: Rig) -> Json:
    """Ask for trading to be on, and confirm with the code; return the card."""
    card = await rig.ask("/resume", "Switch trading on?")
    await rig.tap("Confirm", card)
    await wait_card(rig, card, "🔐 Write the code")
    assert rig.home.count("turn_on") == 0
    await rig.send(code(rig))
    return card


async def test_resume(guarded: Rig) -> None:
    """Switching on takes the second factor, whatever orders take."""
    rig = guarded
    await rig.ask("/resume", "🟢 Trading is on.")
    await rig.ask("/stop", "⛔ Trading is off.")
    await rig.ask("/stop", "You may look, but not trade here.", VIEWER)
    card = await resume(rig)
    await wait_card(rig, card, "🟢 Trading is on. /stop switches it off at once.")
    assert rig.home.status["trading_enabled"]


async def test_resume_without_a_factor(rig: Rig) -> None:
    """Without a second factor Home Assistant is the place to switch on."""
    await rig.ask("/stop", "⛔ Trading is off.")
    await rig.ask("/resume", "takes a second factor, and none is set up")


async def test_resume_that_does_nothing(guarded: Rig) -> None:
    """A switch that stays off is said to."""
    rig = guarded
    await rig.ask("/stop", "⛔ Trading is off.")
    rig.home.switches = False
    card = await resume(rig)
    await wait_card(rig, card, "❌ Trading is still off.")


async def test_resume_in_doubt(guarded: Rig) -> None:
    """An answer that was lost is found out by looking."""
    rig = guarded
    await rig.ask("/stop", "⛔ Trading is off.")
    hold = rig.home.holds["turn_on"] = asyncio.Event()
    card = await resume(rig)
    await rig.home.wait_called("turn_on")
    rig.home.status_refused = "unknown_command"
    hold.set()
    await wait_card(rig, card, "I am finding out whether trading is on.")
    rig.home.status_refused = ""
    await rig.clock.pass_until(lambda: rig.clock.monotonic() > 30)
    await wait_card(rig, card, "🟢 Trading is on.")
