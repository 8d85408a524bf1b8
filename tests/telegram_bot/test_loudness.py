"""How loudly each chat is told of what happens."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from telegram_bot.daily import digest_text
from telegram_bot.settings import (
    EVERYTHING,
    ChatSettings,
    Kind,
    Loudness,
    read_settings,
    save_settings,
)
from telegram_bot.store import Store
from tests.telegram_bot.conftest import Rig
from tests.telegram_bot.fake_desk import make_order
from tests.telegram_bot.fake_home_assistant import execution, price_alert


@pytest.mark.parametrize(
    ("hours", "hour", "quiet"),
    [
        (None, 3, False),
        ((22, 7), 21, False),
        ((22, 7), 22, True),
        ((22, 7), 6, True),
        ((22, 7), 7, False),
        ((8, 12), 8, True),
        ((8, 12), 12, False),
    ],
)
def test_quiet_hours(hours: tuple[int, int] | None, hour: int, *, quiet: bool) -> None:
    """Quiet hours may go past midnight; what is on is silent then, what is off stays off."""
    settings = ChatSettings(quiet_hours=hours, kinds={Kind.FILL: Loudness.OFF})
    local = datetime(2027, 1, 15, hour, tzinfo=UTC)
    assert settings.loudness(Kind.CANCEL, local) is (
        Loudness.SILENT if quiet else Loudness.ON
    )
    assert settings.loudness(Kind.FILL, local) is Loudness.OFF


def test_mutes() -> None:
    """A mute ends by itself, one without an end does not; a mute of everything holds for each kind."""
    now = datetime(2027, 1, 15, 12, tzinfo=UTC)
    soon, before = now.timestamp() + 1, now.timestamp() - 1
    muted = ChatSettings(mutes={Kind.FILL: soon, Kind.CANCEL: before})
    assert muted.loudness(Kind.FILL, now) is Loudness.SILENT
    assert muted.loudness(Kind.CANCEL, now) is Loudness.ON
    forever = ChatSettings(mutes={EVERYTHING: None})
    assert forever.loudness(Kind.CANCEL, now) is Loudness.SILENT


async def test_settings_are_kept(tmp_path: Any) -> None:
    """What was chosen is read as it was written; what was never chosen is told, but for the digest."""
    store = Store(tmp_path / "bot.sqlite")
    await store.open()
    chosen = ChatSettings(
        chosen_language="de",
        kinds={Kind.FILL: Loudness.SILENT},
        quiet_hours=(22, 7),
        mutes={EVERYTHING: None},
        topic=4,
    )
    try:
        await store.run(lambda tx: save_settings(tx.db, -5, chosen))
        assert await store.run(lambda tx: read_settings(tx.db, -5)) == chosen
        fresh = await store.run(lambda tx: tx.settings(6))
    finally:
        await store.close()
    assert {fresh.chosen(kind) for kind in Kind if kind is not Kind.DIGEST} == {
        Loudness.ON
    }
    assert fresh.chosen(Kind.DIGEST) is Loudness.OFF


async def choose(rig: Rig, kind: Kind, loudness: Loudness) -> None:
    """Choose how loudly the owner is told, as the buttons do."""
    data = f"c:set:kinds={kind}.{loudness}"
    page = await rig.ask("/settings", "Settings")
    await rig.wait_answer(await rig.tap_data(data, page))


async def test_silent_kind(rig: Rig) -> None:
    """A silent kind comes without a sound, the others ring."""
    await choose(rig, Kind.PRICE_ALERT, Loudness.SILENT)
    await rig.home.publish(price_alert(1), execution("accepted", make_order()))
    assert (await rig.wait_message("70,001"))["silent"] is True
    assert (await rig.wait_message("Accepted"))["silent"] is False


async def test_kind_that_is_off(rig: Rig) -> None:
    """What is off is not told, and nothing of it comes later in a digest."""
    await choose(rig, Kind.PRICE_ALERT, Loudness.OFF)
    await rig.home.publish(price_alert(1))
    await rig.home.publish(execution("accepted", make_order()))
    await rig.wait_message("Accepted")
    assert not any("70,001" in text for text in await rig.texts())


async def test_fill_that_is_off_updates_the_card(rig: Rig) -> None:
    """A card in the chat tells the truth, though its fills make no message."""
    await choose(rig, Kind.FILL, Loudness.OFF)
    await rig.home.publish(execution("accepted", make_order()))
    await rig.wait_message("Accepted: Buy 0.01 BTC at 60,000 USD")
    before = len(await rig.texts())
    order = make_order(
        status="filled", executed_amount="0.01", executed_quote_amount="600"
    )
    await rig.home.publish(execution("filled", order))
    card = await rig.wait_message("Filled: Buy 0.01 BTC at 60,000 USD")
    assert card["edited"] is True
    assert len(await rig.texts()) == before


async def test_order_whose_beginning_was_off(rig: Rig) -> None:
    """An order of which nothing was told yet begins its card with the first report that is wanted."""
    await choose(rig, Kind.ORDER, Loudness.OFF)
    await choose(rig, Kind.PARTIAL_FILL, Loudness.OFF)
    await rig.home.publish(execution("accepted", make_order()))
    part = make_order(
        status="partially_filled",
        executed_amount="0.004",
        executed_quote_amount="240",
    )
    await rig.home.publish(execution("partially_filled", part))
    await rig.until_kept()
    assert not any("Buy 0.01 BTC" in text for text in await rig.texts())
    whole = make_order(
        status="filled", executed_amount="0.01", executed_quote_amount="600"
    )
    await rig.home.publish(execution("filled", whole))
    card = await rig.wait_message("Filled: Buy 0.01 BTC at 60,000 USD")
    assert "0.004 BTC at 60,000 = 240 USD" in card["text"]
    assert card["silent"] is False
    assert sum("Buy 0.01 BTC" in text for text in await rig.texts()) == 1


async def test_card_that_stands_for_a_loud_report_rings(stopped_rig: Rig) -> None:
    """A silent state that replaces one that rings, before either was sent, rings."""
    rig = stopped_rig
    await rig.start()
    await rig.send("/start")
    await rig.wait_message("Nothing is ordered")
    await choose(rig, Kind.PARTIAL_FILL, Loudness.SILENT)
    part = make_order(
        status="partially_filled",
        executed_amount="0.004",
        executed_quote_amount="240",
    )
    await rig.home.publish(
        execution("accepted", make_order()), execution("partially_filled", part)
    )
    assert (await rig.wait_message("Partly filled"))["silent"] is False


async def test_quiet_hours_of_home_assistants_zone(rig: Rig) -> None:
    """At 9:00 in Berlin it is quiet from 9 to 10, though it is 8:00 in UTC."""
    page = await rig.ask("/settings", "Quiet hours: none")
    for data, words in (
        ("c:set:quiet", "From when? (Europe/Berlin)"),
        ("c:set:until:9", "from 9:00: until when?"),
        ("c:set:quiet=9.10", "Quiet hours: 9:00 to 10:00 (Europe/Berlin)"),
    ):
        await rig.wait_answer(await rig.tap_data(data, page))
        await rig.wait_message(words)
    await rig.home.publish(price_alert(1))
    assert (await rig.wait_message("70,001"))["silent"] is True


async def test_mute(rig: Rig) -> None:
    """A kind is muted for a while, then rings again; everything is muted until told otherwise."""
    await rig.ask("/mute", "Nothing is muted.")
    await rig.ask("/mute price alerts for 2h", "Muted: Price alerts, until")
    await rig.home.publish(price_alert(1))
    assert (await rig.wait_message("70,001"))["silent"] is True
    rig.clock.advance(2 * 3600)
    await rig.home.publish(price_alert(2))
    assert (await rig.wait_message("70,002"))["silent"] is False
    rig.clock.advance(30)
    page = await rig.ask("/mute all", "Muted: Everything")
    await rig.home.publish(price_alert(3))
    assert (await rig.wait_message("70,003"))["silent"] is True
    await rig.wait_answer(await rig.tap("🔔 With sound again", page))
    await rig.wait_message("Nothing is muted.", count=2)
    rig.clock.advance(30)
    await rig.wait_answer(await rig.tap("Mute for 1 hour", page))
    await rig.wait_message("Muted: Everything, until")
    await rig.ask("/mute off", "Nothing is muted.")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/mute bananas", "I don't know what “bananas” is"),
        ("/mute fills for ever", "“ever” is no span of time"),
    ],
)
async def test_malformed_mute(rig: Rig, command: str, words: str) -> None:
    """What is wrong is said."""
    await rig.ask(command, words)


async def test_daily_digest(rig: Rig) -> None:
    """It comes once, at the hour that was chosen, where Home Assistant lives."""
    order = make_order(
        status="filled", executed_amount="0.01", executed_quote_amount="600"
    )
    await rig.home.publish(execution("filled", order))
    await rig.wait_message("Filled")
    page = await rig.ask("/settings", "Daily digest: off")
    await rig.wait_answer(await rig.tap_data("c:set:digest=10", page))
    await rig.wait_message("Daily digest: at 10:00 (Europe/Berlin)")
    assert not any("Your day" in text for text in await rig.texts())
    rig.clock.advance(3600)
    digest = await rig.wait_message("Your day:")
    assert "1 fill" in digest["text"]
    assert "0.01 BTC at 60,000 = 600 USD" in digest["text"]
    for _round in range(5):
        rig.clock.advance(600)
        await rig.ask("/help", "You own this bot")
    assert sum("Your day" in text for text in await rig.texts()) == 1
    rig.clock.advance(86_400 - 3000)
    await rig.wait_message("Your day:", count=2)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("512.25", "0.51"), "+512.25 USD (+0.51 %) within a day"),
        (("-3", "-1.5"), "-3 USD (-1.5 %) within a day"),
        (("3400", None), "+3,400 USD within a day"),
        ((None, None), "No fills"),
    ],
)
def test_change_in_the_digest(change: tuple[str | None, str | None], line: str) -> None:
    """A change is told as exactly as it is known: of nothing there is no percentage."""
    amount, percentage = change
    portfolio = {
        "currency": "USD",
        "value": "3400",
        "change_24h": amount,
        "change_24h_percentage": percentage,
    }
    assert digest_text(portfolio, []).splitlines()[1] == line


async def test_digest_without_home_assistant(rig: Rig) -> None:
    """A digest that can't be made yet comes when it can."""
    page = await rig.ask("/settings", "Daily digest: off")
    await rig.home.vanish()
    await rig.wait_answer(await rig.tap_data("c:set:digest=9", page))
    rig.clock.advance(120)
    await rig.home.listen()
    await rig.clock.pass_until(lambda: rig.home.count("get_portfolio") > 0, step=5)
    await rig.wait_message("Your day:")


def test_replace_keeps_the_rest() -> None:
    """The language of the chat is the chosen one, else Telegram's, else English."""
    settings = ChatSettings()
    assert settings.language == "en"
    settings = replace(settings, telegram_language="fr")
    assert settings.language == "fr"
    assert replace(settings, chosen_language="uk").language == "uk"


async def test_pages_of_settings(rig: Rig) -> None:
    """Each choice has a page, and each page shows what was chosen."""
    page = await rig.ask("/settings", "Settings")
    for button, words in (
        ("🔔 What I tell", "Tap to change"),
        ("🔔 Fills: on", "Tap to change"),
        ("◀ Back", "What I tell: 9 on, 1 silent, 1 off"),
        ("💱 Currency", "btc is then BTC-USD"),
        ("EUR", "Pairs named by half are in EUR"),
        ("🗞 Daily digest", "At which hour? (Europe/Berlin)"),
        ("7:00", "Daily digest: at 7:00 (Europe/Berlin)"),
        ("🗞 Daily digest", "At which hour?"),
        ("Never", "Daily digest: off"),
        ("🌙 Quiet hours", "From when?"),
        ("22:00", "until when?"),
        ("7:00", "Quiet hours: 22:00 to 7:00"),
        ("🌙 Quiet hours", "From when?"),
        ("Never", "Quiet hours: none"),
        ("🎨 Charts: dark", "Charts: dark"),
        ("🌐 Language", "🌐 Language"),
        ("Français", "Langue : Français"),
    ):
        await rig.wait_answer(await rig.tap(button, page))
        shown = await rig.wait_message(words.replace(" :", "\u00a0:"))
        assert shown["message_id"] == page["message_id"]
        rig.clock.advance(5)
    await rig.ask("/price btc", "BTC-EUR 55")


async def test_zone_that_nobody_knows(stopped_rig: Rig) -> None:
    """Hours are in UTC where the zone can't be told."""
    rig = stopped_rig
    rig.home.time_zone = "Middle/Earth"
    await rig.start()
    page = await rig.ask("/settings", "Settings")
    await rig.wait_answer(await rig.tap_data("c:set:quiet=8.9", page))
    await rig.home.publish(price_alert(1))
    assert (await rig.wait_message("70,001"))["silent"] is True
