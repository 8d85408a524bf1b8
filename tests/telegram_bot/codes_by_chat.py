"""What the tests of codes by chat have in common: an app that shows them, and who writes them."""

import pyotp

from telegram_bot.second_factor import totp_step
from tests.telegram_bot.conftest import OWNER, Json, Rig
from tests.telegram_bot.orders_by_chat import preview, wait_card

# RFC 6238, appendix B, in base 32.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
WISH = "🔐 Write the code of your authenticator app here. I delete it at once."
NOTHING_DONE = "Now write your code. Nothing is done before."


def code(rig: Rig, offset: int = 0) -> str:
    """Return the code that an authenticator app shows now, or some steps away."""
    return pyotp.TOTP(SECRET).at(int(rig.clock.time()) + offset * 30)


def wrong(rig: Rig) -> str:
    """Return a code that fits no step."""
    return next(
        text
        for text in ("111111", "222222", "333333", "444444")
        if totp_step(SECRET, text, rig.clock.time()) is None
    )


async def confirm(rig: Rig, card: Json) -> None:
    """Tap Confirm, and see the wish for the code."""
    rig.clock.advance(5)
    assert await rig.wait_answer(await rig.tap("Confirm", card)) == NOTHING_DONE
    shown = await wait_card(rig, card, WISH)
    assert [button["text"] for button in shown["buttons"][0]] == ["Discard"]


async def confirmed(rig: Rig, command: str = "/buy 0.01 BTC-USD 60000") -> Json:
    """Ask for an order and tap Confirm; return its card, which waits for the code."""
    card = await preview(rig, command)
    await confirm(rig, card)
    return card


async def write_code(rig: Rig, text: str) -> int:
    """Write a code and see that it does not stay; return the id of the message."""
    rig.clock.advance(3)
    sent = await rig.send(text)
    await rig.chat(
        OWNER,
        lambda chat: all(each["message_id"] != sent for each in chat["messages"]),
    )
    return sent
