"""Commands of orders in every spelling, and what is answered to one that cannot be read."""

import pytest

from telegram_bot.config import OrdersConfig
from tests.telegram_bot.conftest import Json, Rig
from tests.telegram_bot.fake_desk import Refusal
from tests.telegram_bot.orders_by_chat import preview, wait_card


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        (
            "/buy 0.01 BTC-USD market",
            {"side": "buy", "order_type": "market", "amount": "0.01"},
        ),
        (
            "/buy 100 USD BTC-USD market",
            {"side": "buy", "order_type": "market", "quote_amount": "100"},
        ),
        (
            "/SELL 0.5 btc btc-usd 70000.50",
            {
                "side": "sell",
                "order_type": "limit",
                "amount": "0.5",
                "price": "70000.50",
            },
        ),
        (
            "/sell .5 BTCUSD MARKET",
            {"side": "sell", "order_type": "market", "amount": "0.5"},
        ),
        (
            "/buy 0.01 BTC-USD 60000 stop 59000 on savings",
            {
                "side": "buy",
                "order_type": "stop_limit",
                "amount": "0.01",
                "price": "60000",
                "stop_price": "59000",
                "account_id": "savings",
            },
        ),
        (
            "/buy BTC-USD 0.01 60000 IOC",
            {
                "side": "buy",
                "order_type": "limit",
                "amount": "0.01",
                "price": "60000",
                "time_in_force": "ioc",
            },
        ),
        (
            "/buy 0.01 BTC-USD 60000 until 1d2h",
            {
                "side": "buy",
                "order_type": "limit",
                "amount": "0.01",
                "price": "60000",
                "time_in_force": "gtd",
                "expire_time": "2027-01-16T10:00:30+00:00",
            },
        ),
        (
            "/buy 0.01 BTC-USD 60000 until 2027-02-01",
            {
                "side": "buy",
                "order_type": "limit",
                "amount": "0.01",
                "price": "60000",
                "time_in_force": "gtd",
                "expire_time": "2027-02-01T23:59:59+00:00",
            },
        ),
        (
            "/buy 0.01 BTC-USD 60000 until 2027-02-01T18:00+02:00",
            {
                "side": "buy",
                "order_type": "limit",
                "amount": "0.01",
                "price": "60000",
                "time_in_force": "gtd",
                "expire_time": "2027-02-01T16:00:00+00:00",
            },
        ),
    ],
)
async def test_spellings(rig: Rig, command: str, fields: Json) -> None:
    """Every spelling comes to the same fields."""
    await preview(rig, command)
    assert await rig.home.wait_called("preview_order") == {"pair": "BTC-USD", **fields}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            "/buy 0,01 BTC-USD 60000",
            "Write the amount with a decimal point and without separators: 0.01.",
        ),
        ("/buy 0.01 BTC-USD 60,000.00", "Write the price with a decimal point"),
        ("/buy 1e3 BTC-USD 60000", "“1e3” is not an amount; write plain digits."),
        ("/buy -1 BTC-USD 60000", "“-1” is not an amount"),
        ("/buy ٣ BTC-USD 60000", "is not an amount"),
        ("/buy 0 BTC-USD 60000", "The amount must be more than zero."),
        ("/buy 101% BTC-USD market", "More than 100 % is not there."),
        ("/buy 50% USD BTC-USD market", "needs no currency; leave it out"),
        ("/buy 0.01 BTC-USD 60000 stop", "Something is missing after “stop”."),
        ("/buy 0.01 BTC-USD 60000 stop x", "“x” is not a price"),
        ("/buy 0.01 BTC-USD 60000 ioc ioc", "“ioc” is there twice."),
        ("/buy 0.01 BTC-USD 60000 until noon", "“noon” is no time; write 2h"),
        ("/buy 0.01 BTC-USD 60000 until 2026-12-01", "is over already."),
        ("/buy 0.01 BTC-USD 60000 until 0h", "“0h” is over already."),
        ("/buy 0.01 BTC-USD 60000 until 2h ioc", "Choose one: until a time, or ioc."),
        (
            "/buy 0.01 BTC-USD market until 2h",
            "A market order is executed at once: it takes no stop and no until.",
        ),
        ("/buy 0.01 BTC-USD 60000 now please", "I don't understand “now please”."),
        ("/buy 0.01 BTC-USD soon", "“soon” is not a price"),
        (
            "/buy 100 EUR BTC-USD market",
            "An amount for BTC-USD is in BTC or USD, not in EUR.",
        ),
        (
            "/buy 100 USD BTC-USD 60000",
            "An amount in USD works with market orders only; write the amount in BTC.",
        ),
    ],
)
async def test_malformed(rig: Rig, command: str, words: str) -> None:
    """What is wrong is said, with an example that works; nothing is asked of the exchange."""
    message = await rig.ask(command, words)
    assert "Example: /buy 0.01 BTC-USD 60000" in message["text"]
    assert rig.home.count("preview_order") == 0


async def test_settings_of_orders(stopped_rig: Rig) -> None:
    """The sub-account of the settings is used, and their time to decide."""
    rig = stopped_rig
    rig.orders = OrdersConfig(30, "savings")
    await rig.start()
    card = await preview(rig)
    assert "account savings" in card["text"]
    assert (await rig.home.wait_called("preview_order"))["account_id"] == "savings"
    rig.clock.advance(30)
    await wait_card(rig, card, "⌛ Expired")


async def test_unknown_pair_gets_a_proposal(rig: Rig) -> None:
    """The nearest pair is named."""
    message = await rig.ask("/buy 0.01 BTC-USB 60000", "I don't know the pair BTC-USB.")
    assert "Did you mean BTC-USD" in message["text"]


async def test_preview_refused(rig: Rig) -> None:
    """The integration's reason is shown, without Home Assistant's prefix."""
    rig.home.refusals["preview_order"] = Refusal(
        "amount_below_minimum", "At least 0.0001 BTC <b>is</b> needed."
    )
    await rig.ask("/buy 0.00001 BTC-USD 60000", "At least 0.0001 BTC <b>is</b> needed.")
    assert "Validation error" not in "\n".join(await rig.texts())
