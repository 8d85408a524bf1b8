"""The commands, from a person's keyboard to Home Assistant and back."""

from tests.telegram_bot.conftest import Rig


async def test_price(rig: Rig) -> None:
    """A price is shown for a pair in any spelling."""
    message = await rig.ask("/price btc/usd", "BTC-USD 60500 USD")
    assert message["text"].splitlines() == [
        "BTC-USD 60500 USD (+1.25 %)",
        "bid 60500 · ask 60500",
        "day 59000 to 61000",
    ]
