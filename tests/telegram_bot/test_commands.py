"""The commands, from a person's keyboard to Home Assistant and back."""

import asyncio

import pytest

from simulators.telegram.wire import message_to_wire
from telegram_bot.commands import COMMANDS, help as help_command
from telegram_bot.config import AccessConfig
from tests.telegram_bot.conftest import OWNER, STRANGER, VIEWER, Rig
from tests.telegram_bot.fake_desk import Refusal


async def test_price(rig: Rig) -> None:
    """A price is shown for a pair in any spelling."""
    message = await rig.ask("/price btc/usd", "BTC-USD 60,500 USD")
    assert message["text"].splitlines() == [
        "BTC-USD 60,500 USD (+1.25 %)",
        "bid 60,500 · ask 60,500",
        "day 59,000 to 61,000",
    ]


async def test_price_without_pair(rig: Rig) -> None:
    """First the main pairs, later those asked for last."""
    await rig.ask("/price", "BTC-USD 60,500 USD")
    assert (await rig.home.wait_called("get_ticker"))["pairs"] == [
        "BTC-USD",
        "ETH-USD",
        "BTC-EUR",
    ]
    message = await rig.ask(
        "/price@cexio_demo_bot shibusd eth_btc", "SHIB-USD 0.00001234 USD"
    )
    assert "ETH-BTC 0.05 BTC" in message["text"]
    await rig.ask("/price", "SHIB-USD")
    assert (await rig.home.wait_called("get_ticker", 3))["pairs"] == [
        "SHIB-USD",
        "ETH-BTC",
    ]


async def test_price_unknown(rig: Rig) -> None:
    """The nearest pairs are proposed; nonsense gets a hint how pairs are written."""
    await rig.ask("/price BTCUSB", "I don't know the pair BTCUSB. Did you mean BTC-USD")
    await rig.ask("/price ???", "Pairs are written like BTC-USD.")
    await rig.ask("/price " + "BTC-USD " * 11, "At most 10 pairs at once, please.")


async def test_price_with_gaps(rig: Rig) -> None:
    """What the exchange does not know is shown as such."""
    empty = dict.fromkeys(
        ("bid", "ask", "last", "mid", "high", "low", "volume", "change_percentage")
    )
    rig.home.services["get_ticker"] = lambda data: {
        "tickers": {"BTC-USD": {"pair": "BTC-USD", **empty}}
    }
    message = await rig.ask("/price BTC-USD", "BTC-USD")
    assert message["text"].splitlines() == ["BTC-USD ? USD", "bid ? · ask ?"]


async def test_balance(rig: Rig) -> None:
    """Balances by account, what is on hold beside the total."""
    message = await rig.ask("/balance", "Main account")
    assert message["text"].splitlines() == [
        "Main account",
        "USD 1,000",
        "trading",
        "BTC 1.5 (1 available, 0.5 on hold)",
        "USD 50,000",
    ]
    rig.home.services["get_balances"] = lambda data: {"balances": []}
    await rig.ask("/balance", "There is nothing on any account.")


async def test_alerts(rig: Rig) -> None:
    """Set, list, remove."""
    await rig.ask("/alerts", "No price alerts.")
    made = await rig.ask("/alert btc-usd>70000", "Alert set: BTC-USD > 70,000")
    assert await rig.home.wait_called("add_price_alert") == {
        "pair": "BTC-USD",
        "condition": "above",
        "price": "70000",
    }
    await rig.ask("/alert ETH-USD CROSSES 3000", "Alert set: ETH-USD crosses 3,000")
    rig.home.alerts["alert2"]["active"] = False
    listed = await rig.ask("/alerts", "2 price alerts")
    assert "2. ETH-USD crosses 3,000 · has fired" in listed["text"]
    assert await rig.wait_answer(await rig.tap("Remove 1", listed)) == "Alert removed."
    await rig.wait_message("1 price alert\n1. ETH-USD crosses 3,000 · has fired")
    assert list(rig.home.alerts) == ["alert2"]
    assert (
        await rig.wait_answer(await rig.tap("Remove", made))
        == "There is no such alert."
    )


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/alert", "Say a pair, then >, < or crosses and a price"),
        ("/alert BTC-USD = 5", "Say a pair, then >, < or crosses and a price"),
        ("/alert BTC-USD > 70,000", "Write the price with a decimal point"),
        ("/alert BTC-USX < 5", "I don't know the pair BTC-USX."),
    ],
)
async def test_malformed_alert(rig: Rig, command: str, words: str) -> None:
    """What is wrong is said."""
    await rig.ask(command, words)
    assert rig.home.count("add_price_alert") == 0


async def test_message_that_comes_twice(rig: Rig) -> None:
    """Telegram brings a message again after a crash: the alert is set once, the order asked for once."""
    world = rig.telegram.world
    bot = next(iter(world.bots.values()))
    for text, words in (
        ("/alert BTC-USD > 70000", "Alert set"),
        ("/buy 0.01 BTC-USD 60000", "Holds until"),
    ):
        sent = await rig.send(text)
        await rig.wait_message(words)
        message = bot.chats[OWNER].messages[sent]
        world.add_update(bot, "message", message_to_wire(world, bot, message))
    await rig.ask("/alerts", "1 price alert")
    await rig.ask("/help", "You own this bot")
    assert rig.home.count("add_price_alert") == 1
    assert rig.home.count("preview_order") == 1


async def test_help_by_role(stopped_rig: Rig) -> None:
    """Everybody sees what they may use, in the chat and in Telegram's menu."""
    rig = stopped_rig
    rig.people = AccessConfig(OWNER, (), (VIEWER,))
    await rig.start()
    owner = await rig.ask("/start", "You own this bot")
    viewer = await rig.ask("/help", "You may look, not trade.", VIEWER)
    assert "/buy" in owner["text"]
    assert "/buy" not in viewer["text"]
    menu = await rig.control("commands", user_id=str(OWNER))
    assert {"price", "buy"} <= {command["command"] for command in menu["commands"]}
    menu = await rig.control("commands", user_id=str(VIEWER))
    assert "buy" not in {command["command"] for command in menu["commands"]}


async def test_help_with_one_command(rig: Rig) -> None:
    """A command is explained with an example that works; one that is not there is said."""
    await rig.ask(
        "/help /chart", "/chart · candles, with your fills and orders: /chart"
    )
    await rig.ask("/help nothing", "There is no such command.")


def test_every_command_has_a_topic() -> None:
    """Help leaves no command out, and names none twice."""
    named = [name for _, names in help_command._TOPICS for name in names]
    known = {command.name for command in COMMANDS} - {"start"}
    assert sorted(named) == sorted(known)


async def test_mistyped(rig: Rig) -> None:
    """The nearest command is proposed; other words get the way to help."""
    await rig.ask("/prize BTC-USD", "I don't know /prize. Did you mean /price?")
    await rig.ask("/xyzzy<b>", "I understand commands only: /help shows them.")
    await rig.ask("good morning", "I understand commands only: /help shows them.")


async def test_stranger_gets_silence(rig: Rig) -> None:
    """The owner hears of a stranger once per person and day; the stranger hears nothing."""
    await rig.control(
        "users", {"id": STRANGER, "first_name": "<b>Eve", "username": "eve"}
    )
    for _ in range(3):
        await rig.send("/price BTC-USD", STRANGER)
    await rig.send("/start", STRANGER + 1)
    await rig.wait_message(
        f"A stranger wrote to me: @eve, id {STRANGER}. I did not answer."
    )
    await rig.wait_message(f"id {STRANGER + 1}.")
    await rig.ask("/help", "You own this bot")
    assert sum("stranger" in text for text in await rig.texts()) == 2
    assert await rig.texts(STRANGER) == []
    rig.clock.advance(86_400)
    await rig.send("/price BTC-USD", STRANGER)
    await rig.wait_message("@eve", count=2)


async def test_groups_are_not_answered(rig: Rig) -> None:
    """In a group others would read along."""
    group = await rig.control(
        "chats", {"title": "Friends", "members": [OWNER, STRANGER]}
    )
    chat_id = group["chat_id"]
    await rig.control(
        "send", {"user_id": OWNER, "chat_id": chat_id, "text": "/balance"}
    )
    await rig.ask("/help", "You own this bot")
    assert rig.home.count("get_balances") == 0


async def test_home_assistant_away(rig: Rig) -> None:
    """Each kind of failure has its words."""
    rig.home.refusals["get_balances"] = Refusal(
        "not_connected", "The exchange can't be reached.", code="home_assistant_error"
    )
    await rig.ask("/balance", "The exchange can't be reached.")
    rig.home.refusals["get_balances"] = Refusal(
        None, "Service cexio.get_balances not found.", code="not_found"
    )
    await rig.ask(
        "/balance", "The CEX.IO integration is not running in Home Assistant (yet)."
    )
    rig.home.refusals["get_balances"] = Refusal(None, "boom", code="some_new_code")
    await rig.ask("/balance", "boom")
    del rig.home.refusals["get_balances"]
    rig.home.silent.add("get_balances")
    rig.home.answers_pings = True
    sent = asyncio.ensure_future(
        rig.ask("/balance", "Home Assistant did not answer in time.")
    )
    await rig.home.wait_called("get_balances", 4)
    rig.clock.advance(20)
    await sent
    await rig.home.vanish()
    await rig.ask("/balance", "Home Assistant can't be reached right now.")


async def test_one_slow_call_stops_nothing(rig: Rig) -> None:
    """While one command waits for Home Assistant another is answered."""
    hold = rig.home.holds["get_balances"] = asyncio.Event()
    await rig.send("/balance")
    await rig.home.wait_called("get_balances")
    await rig.ask("/price BTC-USD", "BTC-USD 60,500 USD")
    hold.set()
    await rig.wait_message("Main account")


async def test_broken_answer(rig: Rig) -> None:
    """An answer that makes no sense does not break the bot."""
    rig.home.services["get_balances"] = lambda data: {"balances": [{"odd": 1}]}
    await rig.ask("/balance", "Something went wrong inside me; my log tells more.")
    rig.home.services["remove_price_alert"] = lambda data: {}
    made = await rig.ask("/alert BTC-USD > 70000", "Alert set")
    rig.home.services["list_price_alerts"] = lambda data: {}
    assert "Something went wrong inside me" in await rig.wait_answer(
        await rig.tap("Remove", made)
    )


async def test_old_button(rig: Rig) -> None:
    """A button that nobody knows is answered kindly."""
    made = await rig.ask("/alert BTC-USD > 70000", "Alert set")
    for data in ("b:unknown", "x", "o:unknown:maybe"):
        assert (
            await rig.wait_answer(await rig.tap_data(data, made))
            == "This button is too old. Ask again."
        )
    assert "I don't know this question any more" in await rig.wait_answer(
        await rig.tap_data("o:unknown:y", made)
    )
