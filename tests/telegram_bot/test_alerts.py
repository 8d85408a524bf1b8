"""Price alerts by chat: set, paused, edited, removed, told."""

from typing import Any

from tests.telegram_bot.conftest import Rig
from tests.telegram_bot.fake_home_assistant import price_alert

type Json = dict[str, Any]


async def test_pause_and_resume(rig: Rig) -> None:
    """An alert rests and watches again by its buttons."""
    made = await rig.ask("/alert BTC-USD ±5% in 1h repeat", "BTC-USD ±5 % in 1 hour")
    assert await rig.home.wait_called("add_price_alert") == {
        "pair": "BTC-USD",
        "condition": "moves",
        "percentage": "5",
        "window": 3600,
        "repeat": True,
    }
    assert await rig.wait_answer(await rig.tap("Pause", made)) == "Alert paused."
    listed = await rig.wait_message("1. BTC-USD ±5 % in 1 hour · repeats · paused")
    assert await rig.wait_answer(await rig.tap("Resume 1", listed)) == "Alert resumed."
    assert rig.home.alerts["alert1"]["enabled"] is True
    await rig.wait_message("1. BTC-USD ±5 % in 1 hour · repeats")


async def test_edit(rig: Rig) -> None:
    """New terms are asked for; what can't be read is asked for again; then the alert has them."""
    made = await rig.ask("/alert btc > 70000", "Alert set: BTC-USD > 70,000")
    await rig.wait_answer(await rig.tap("Edit", made))
    await rig.wait_message("BTC-USD > 70,000: send the new price.")
    await rig.ask("a lot", "is not a price")
    rig.clock.advance(30)
    await rig.ask("71000", "Alert changed: BTC-USD > 71,000")
    assert rig.home.alerts["alert1"]["price"] == "71000"
    await rig.ask("72000", "I understand commands only")


async def test_edit_that_comes_late(rig: Rig) -> None:
    """After ten minutes a number is no new price; an alert that is gone can't be edited."""
    made = await rig.ask("/alert BTC-USD > 70000", "Alert set")
    await rig.wait_answer(await rig.tap("Edit", made))
    await rig.wait_message("send the new price")
    rig.clock.advance(601)
    await rig.ask("71000", "I understand commands only")
    rig.home.alerts.clear()
    answer = await rig.wait_answer(await rig.tap("Edit", made))
    assert answer == "This alert is not there any more."
    answer = await rig.wait_answer(await rig.tap("Pause", made))
    assert answer == "There is no such alert."


async def test_pages(rig: Rig) -> None:
    """Many alerts come in pages."""
    for number in range(10):
        rig.home._add_price_alert(
            {"pair": "BTC-USD", "condition": "above", "price": str(70000 + number)}
        )
    listed = await rig.ask("/alerts", "10 price alerts")
    assert len(listed["buttons"]) == 9
    await rig.wait_answer(await rig.tap("More ▶", listed))
    second = await rig.wait_message("10. BTC-USD > 70,009")
    assert len(second["buttons"]) == 3
    rig.clock.advance(30)
    await rig.wait_answer(await rig.tap("Pause 10", second))
    second = await rig.wait_message("10. BTC-USD > 70,009 · paused")
    await rig.wait_answer(await rig.tap("Resume 10", second))
    second = await rig.wait_message("10. BTC-USD > 70,009")
    await rig.wait_answer(await rig.tap("Remove 10", second))
    second = await rig.wait_message("9. BTC-USD > 70,008")
    assert "10." not in second["text"]
    rig.clock.advance(30)
    await rig.wait_answer(await rig.tap("◀ Back", second))
    await rig.wait_message("1. BTC-USD > 70,000")


def fired(number: int, **data: Any) -> Json:
    """Return an entry about an alert that fired."""
    entry = price_alert(number)
    alert = entry["data"]["alert"] | data.pop("alert")
    return entry | {"data": entry["data"] | data | {"alert": alert}}


async def test_what_fired(rig: Rig) -> None:
    """A move tells how far, a spread how wide."""
    moves = {"condition": "moves", "price": None, "percentage": "5", "window": 3600}
    wide = {"condition": "spread_above", "price": None, "percentage": "0.5"}
    await rig.home.publish(
        fired(1, alert=moves, moved_percentage="-5.2", direction="down"),
        fired(2, alert=wide, spread_percentage="0.61", direction=None),
    )
    message = await rig.wait_message("📉 BTC-USD moved -5.2 % to 70,001 USD")
    assert "Your alert: BTC-USD ±5 % in 1 hour" in message["text"]
    message = await rig.wait_message("The spread of BTC-USD is 0.61 %")
    assert "Your alert: BTC-USD spread > 0.5 %" in message["text"]
