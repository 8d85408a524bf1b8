"""Who may do what, and where: invitations, groups, languages."""

import contextlib
import sqlite3

from telegram_bot.config import AccessConfig
from telegram_bot.people import INVITATION_SECONDS
from tests.telegram_bot.conftest import OWNER, STRANGER, TRADER, VIEWER, Json, Rig
from tests.telegram_bot.fake_home_assistant import price_alert

LINK = "https://t.me/"


async def start(rig: Rig, *, groups: tuple[int, ...] = ()) -> None:
    """Start a bot with three people, and let its owner greet it."""
    rig.people = AccessConfig(OWNER, (TRADER,), (VIEWER,), groups)
    await rig.start()
    await rig.ask("/start", "You own this bot")
    rig.clock.advance(30)


async def invite(rig: Rig, role: str) -> str:
    """Make an invitation; return its code."""
    message = await rig.ask(f"/invite {role}", f"Invitation as {role}")
    link = message["text"].splitlines()[-1]
    assert link.startswith(
        f"{LINK}{next(iter(rig.telegram.world.bots.values())).user.username}?start="
    )
    return str(link.partition("start=")[2])


async def user(rig: Rig, user_id: int, name: str, language: str = "en") -> None:
    """Make a person."""
    await rig.control(
        "users", {"id": user_id, "first_name": name, "language_code": language}
    )


async def test_invitation(rig: Rig) -> None:
    """A link lets one person in, once, with its role; the owner hears of it; it holds after a restart."""
    await user(rig, STRANGER, "<Eve>")
    code = await invite(rig, "trader")
    await rig.ask(f"/start {code}", "You may look and trade.", STRANGER)
    await rig.wait_message("<Eve> has joined with your invitation, as trader")
    await rig.ask("/alert BTC-USD > 70000", "Alert set", STRANGER)
    await rig.send(f"/start {code}", VIEWER)
    await rig.wait_message(f"A stranger wrote to me: User {VIEWER}")
    await rig.stop()
    await rig.start()
    await rig.ask("/help", "You may look and trade.", STRANGER)
    await rig.home.publish(price_alert(1))
    await rig.wait_message("70,001", STRANGER)
    with contextlib.closing(sqlite3.connect(rig.store_path)) as db:
        kept = db.execute("SELECT code FROM invitations").fetchall()
    assert code not in str(kept)


async def test_invitation_that_ran_out(rig: Rig) -> None:
    """After a day a link lets nobody in."""
    code = await invite(rig, "viewer")
    rig.clock.advance(INVITATION_SECONDS)
    await rig.send(f"/start {code}", STRANGER)
    await rig.wait_message("A stranger wrote to me")
    assert await rig.texts(STRANGER) == []


async def test_removal(rig: Rig) -> None:
    """Who is removed is a stranger again, at once; who is in the configuration stays."""
    code = await invite(rig, "viewer")
    await rig.ask(f"/start {code}", "You may look, not trade.", STRANGER)
    listed = await rig.ask("/people", "Who may do what")
    assert f"{OWNER} · owner · from the configuration" in listed["text"]
    assert f"{STRANGER} · viewer · invited" in listed["text"]
    (row,) = listed["buttons"]
    assert await rig.wait_answer(await rig.tap(row[0]["text"], listed)) == "Removed."
    again = await rig.tap_data(f"c:person_remove:{STRANGER}", listed)
    assert "not here any more" in await rig.wait_answer(again)
    own = await rig.tap_data(f"c:person_remove:{OWNER}", listed)
    assert "not here any more" in await rig.wait_answer(own)
    rig.clock.advance(30)
    before = await rig.texts(STRANGER)
    await rig.send("/help", STRANGER)
    await rig.wait_message("A stranger wrote to me")
    await rig.home.publish(price_alert(1))
    await rig.wait_message("70,001")
    assert await rig.texts(STRANGER) == before


async def test_only_the_owner_invites(stopped_rig: Rig) -> None:
    """Nobody else invites or removes, by command or by a forged button."""
    rig = stopped_rig
    await start(rig)
    await rig.ask("/invite trader", "Only the owner of this bot may do that.", VIEWER)
    await rig.ask("/people", "Only the owner of this bot may do that.", TRADER)
    message = await rig.ask("/help", "You own this bot")
    tap = await rig.tap_data(f"c:person_remove:{VIEWER}", message, TRADER)
    assert "Only the owner" in await rig.wait_answer(tap)
    await rig.ask("/invite", "Say as what: viewer")
    await rig.ask("/invite owner", "Say as what: viewer")


async def test_forged_choices(rig: Rig) -> None:
    """What no button says does nothing."""
    message = await rig.ask("/settings", "Settings")
    for data in (
        "c:set:kinds=fill.deafening",
        "c:set:quiet=99.3",
        "c:set:currency=DOGE",
        "c:set:topic=x",
        "c:set:until:99",
        "c:set:nonsense",
        "c:set:nonsense=1",
        "c:mute:never",
        "c:alerts:x",
    ):
        rig.clock.advance(5)
        await rig.wait_answer(await rig.tap_data(data, message))
    for data in ("c:cancel:1", "c:", "c", "x:y:z"):
        answer = await rig.wait_answer(await rig.tap_data(data, message))
        assert answer == "This button is too old. Ask again."
    overview = await rig.ask("/settings", "Quiet hours: none")
    assert "Pairs named by half are in USD" in overview["text"]


async def test_group(stopped_rig: Rig) -> None:
    """In a group that is allowed each person may do what they may do; all hear what happens."""
    rig = stopped_rig
    for person in (OWNER, TRADER, VIEWER):
        await user(rig, person, f"P{person}")
    group = await rig.group(OWNER, TRADER, VIEWER, STRANGER)
    await start(rig, groups=(group,))
    await rig.send("/price BTC-USD", VIEWER, chat_id=group)
    await rig.wait_message("BTC-USD 60,500 USD", group)
    await rig.send("/buy 0.01 BTC-USD 60000", VIEWER, chat_id=group)
    await rig.wait_message("You may look, but not trade here", group)
    await rig.home.publish(price_alert(1))
    await rig.wait_message("70,001", group)
    before = len(await rig.texts(group))
    for text in ("/price", "/help@another_bot", "/nonsense"):
        person = STRANGER if text == "/price" else OWNER
        await rig.send(text, person, chat_id=group)
    await rig.wait_message("A stranger wrote to me")
    await rig.ask("/help", "You own this bot")
    assert len(await rig.texts(group)) == before
    rig.clock.advance(60)
    await rig.send("/settings", VIEWER, chat_id=group)
    page = await rig.wait_message("Settings", group)
    tap = await rig.tap("🎨 Charts: dark", page, VIEWER, group)
    assert "only those who may trade" in await rig.wait_answer(tap, group)
    await rig.wait_answer(await rig.tap("🎨 Charts: dark", page, TRADER, group), group)
    await rig.wait_message("Charts: dark", group)
    await rig.send("/invite viewer", OWNER, chat_id=group)
    await rig.wait_message("in our own chat", group)


async def test_group_that_is_not_allowed(stopped_rig: Rig) -> None:
    """Silence there; the owner is told the id, once."""
    rig = stopped_rig
    group = await rig.group(OWNER)
    await start(rig)
    for _turn in range(2):
        await rig.send("/price", OWNER, chat_id=group)
    await rig.wait_message(f"the group Traders, id {group}")
    await rig.ask("/help", "You own this bot")
    assert sum("the group Traders" in text for text in await rig.texts()) == 1
    assert await rig.texts(group) == []


async def test_topics(stopped_rig: Rig) -> None:
    """Answers come in the topic of the question; reports in the topic that was chosen, or in none if it is gone."""
    rig = stopped_rig
    group = await rig.group(OWNER, topics=("Talk", "Trading"))
    await start(rig, groups=(group,))
    await rig.send("/settings", OWNER, chat_id=group, thread_id=4)
    page = await rig.wait_message("Settings", group)
    assert page["thread_id"] == 4
    await rig.home.publish(price_alert(1))
    assert (await rig.wait_message("70,001", group))["thread_id"] is None
    tap = await rig.tap("📌 Report in this topic", page, OWNER, group)
    await rig.wait_answer(tap, group)
    await rig.home.publish(price_alert(2))
    assert (await rig.wait_message("70,002", group))["thread_id"] == 4
    rig.clock.advance(60)
    bot = next(iter(rig.telegram.world.bots.values()))
    del bot.chats[group].topics[4]
    await rig.home.publish(price_alert(3))
    assert (await rig.wait_message("70,003", group))["thread_id"] is None


async def migrated(rig: Rig, group: int) -> int:
    """Turn a group into a supergroup; return its new id."""
    return int((await rig.control(f"chats/{group}/migrate", {}))["chat_id"])


async def test_supergroup(stopped_rig: Rig) -> None:
    """A group that becomes a supergroup is followed, and after a restart as well."""
    rig = stopped_rig
    group = await rig.group(OWNER)
    await start(rig, groups=(group,))
    await rig.send("/price", OWNER, chat_id=group)
    await rig.wait_message("BTC-USD", group)
    upgraded = await migrated(rig, group)
    await rig.home.publish(price_alert(1))
    await rig.wait_message("70,001", upgraded)
    await rig.send("/price", OWNER, chat_id=upgraded)
    await rig.wait_message("BTC-USD 60,500", upgraded)
    await rig.stop()
    await rig.start()
    rig.clock.advance(60)
    await rig.home.publish(price_alert(2))
    await rig.wait_message("70,002", upgraded)
    assert sum("70,001" in text for text in await rig.texts(upgraded)) == 1


async def test_supergroup_learnt_by_sending(stopped_rig: Rig) -> None:
    """Without the news of it, the first report finds the new group, and people are answered there."""
    rig = stopped_rig
    group = await rig.group(OWNER)
    await start(rig, groups=(group,))
    await rig.send("/price", OWNER, chat_id=group)
    await rig.wait_message("BTC-USD", group)
    await rig.stop()
    upgraded = await migrated(rig, group)
    bot = next(iter(rig.telegram.world.bots.values()))
    bot.updates.clear()
    await rig.start()
    await rig.home.publish(price_alert(1))
    await rig.wait_message("70,001", upgraded)
    await rig.send("/price", OWNER, chat_id=upgraded)
    await rig.wait_message("BTC-USD 60,500", upgraded)


async def test_group_that_threw_the_bot_out(stopped_rig: Rig) -> None:
    """Its messages wait, the owner is told; when somebody speaks to the bot there again, they come."""
    rig = stopped_rig
    group = await rig.group(OWNER)
    await start(rig, groups=(group,))
    await rig.control(f"chats/{group}/block", {})
    await rig.home.publish(price_alert(1))
    await rig.wait_message(f"{group} does not accept my messages")
    assert await rig.texts(group) == []
    await rig.control(f"chats/{group}/block", {"blocked": False})
    await rig.send("/help", OWNER, chat_id=group)
    await rig.wait_message("70,001", group)


async def test_language_of_telegram(stopped_rig: Rig) -> None:
    """Each person is spoken to as their Telegram is set, or as they chose; reports, too."""
    rig = stopped_rig
    await user(rig, OWNER, "Olga", "de-AT")
    await user(rig, VIEWER, "Victor", "en")
    rig.people = AccessConfig(OWNER, (), (VIEWER,))
    await rig.start()
    await rig.ask("/settings", "Deutsch")
    page = await rig.ask("/settings", "as in Telegram", VIEWER)
    menus = await menu_languages(rig)
    assert {None, "de", "fr", "es", "uk"} <= menus
    chosen = {"user_id": VIEWER, "chat_id": VIEWER, "message_id": page["message_id"]}
    await rig.control("tap", chosen | {"button": "🌐 Language"})
    await rig.wait_message("🌐 Language", VIEWER)
    await rig.control("tap", chosen | {"button": "Deutsch"})
    shown = await rig.wait_message("Deutsch", VIEWER)
    assert "as in Telegram" not in shown["text"]


async def test_menu_that_is_lost(stopped_rig: Rig) -> None:
    """No answer waits for a menu; one that Telegram did not take is shown after the next message."""
    rig = stopped_rig
    await rig.start()
    begin = len(rig.telegram.world.calls)

    async def wait_menus(count: int) -> list[str]:
        """Wait until menus were sent; return all that was called since the start."""

        def called() -> list[str]:
            calls = rig.telegram.world.calls[begin:]
            return [str(call["method"]) for call in calls]

        await rig.clock.pass_until(
            lambda: called().count("setMyCommands") == count, step=0
        )
        return called()

    await rig.fault("too_many_requests", method="setMyCommands", retry_after=1)
    await rig.ask("/help", "You own this bot")
    methods = await wait_menus(1)
    assert methods.index("sendMessage") < methods.index("setMyCommands")
    await rig.ask("/help", "You own this bot")
    await wait_menus(2)
    offered = await rig.control("commands", user_id=str(OWNER), chat_id=str(OWNER))
    assert "invite" in {command["command"] for command in offered["commands"]}


async def menu_languages(rig: Rig) -> set[str | None]:
    """Return the languages in which commands were registered."""
    calls: list[Json] = await rig.calls("setMyCommands")
    return {call["parameters"].get("language_code") for call in calls}


async def test_deleted_chat(stopped_rig: Rig) -> None:
    """Somebody who deleted their account holds up nobody; the owner hears of it once."""
    rig = stopped_rig
    await user(rig, VIEWER, "Victor")
    await start(rig)
    await rig.ask("/help", "You may look, not trade.", VIEWER)
    async with rig.session.delete(f"{rig.telegram.control}/chats/{VIEWER}") as response:
        assert response.status == 200
    for number in (1, 2):
        await rig.home.publish(price_alert(number))
        await rig.wait_message(f"70,00{number}")
    await rig.wait_message(f"{VIEWER} does not accept my messages")
    texts = await rig.texts()
    assert sum(f"{VIEWER} does not accept" in text for text in texts) == 1


async def test_mute_in_a_group(stopped_rig: Rig) -> None:
    """In a group only those who may trade make the bot quiet."""
    rig = stopped_rig
    group = await rig.group(OWNER, VIEWER)
    await start(rig, groups=(group,))
    await rig.send("/mute", VIEWER, chat_id=group)
    await rig.wait_message("only those who may trade", group)
    await rig.send("/mute", OWNER, chat_id=group)
    page = await rig.wait_message("Nothing is muted.", group)
    tap = await rig.tap("Mute for 1 hour", page, VIEWER, group)
    assert "only those who may trade" in await rig.wait_answer(tap, group)
    await rig.send("/people", OWNER, chat_id=group)
    await rig.wait_message("in our own chat", group)
