"""Whatever anybody writes and taps: the bot lives, obeys its own people alone, and orders nothing unconfirmed."""

from dataclasses import dataclass
from decimal import Decimal
import logging
from pathlib import Path
import tempfile

import aiohttp
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
import pyotp
import pytest

from simulators.telegram.server import TelegramServer
from telegram_bot.commands import COMMANDS
from telegram_bot.config import AccessConfig, OrdersConfig, SecondFactorConfig
from tests.telegram_bot.codes_by_chat import SECRET
from tests.telegram_bot.conftest import OWNER, STRANGER, TRADER, VIEWER, Rig
from tests.telegram_bot.fake_desk import make_order
from tests.telegram_bot.fake_home_assistant import FakeHomeAssistant
from tests.telegram_bot.orders_by_chat import rows

PEOPLE = (OWNER, TRADER, VIEWER, STRANGER)
TRADERS = (OWNER, TRADER)
WORDS = (
    *("0.01", "1", "0.05", "all", "50%", "101%", "-1", "1,5", "٣", "USD", "BTC", "usd"),
    *(
        "BTC-USD",
        "btc/usd",
        "BTC-USB",
        "market",
        "60000",
        "70000",
        "stop",
        "until",
        "2h",
    ),
    *(
        "ioc",
        "on",
        "trading",
        "savings",
        "wallet",
        "from",
        "to",
        "777",
        ">",
        "<b>",
        "&",
        "%",
    ),
)


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does.

    Attributes:
        what: "text", "button" (one that is shown somewhere), "confirm" (the newest one of the person's own), "data" (of a
            button made up), "code" or "wait".
    """

    who: int
    what: str
    text: str = ""
    number: int = 0


def acts(what: str, **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Act]:
    """Return one kind of act."""
    return st.builds(Act, who=st.sampled_from(PEOPLE), what=st.just(what), **fields)


COMMAND = st.builds(
    lambda name, words: " ".join((f"/{name}", *words)),
    st.sampled_from([command.name for command in COMMANDS]),
    st.lists(st.sampled_from(WORDS), max_size=6),
)
ORDER = st.builds(
    lambda side, amount, price: f"/{side} {amount} BTC-USD {price}",
    st.sampled_from(("buy", "sell")),
    st.sampled_from(("0.01", "0.05", "all", "1 BTC")),
    st.sampled_from(("60000", "market", "", "60000 stop 59000")),
)
BUTTON = acts("button", number=st.integers(0, 60))
TEXT = acts(
    "text",
    text=st.one_of(
        ORDER,
        COMMAND,
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
        st.text(min_size=1, max_size=30).filter(str.strip),
    ),
)
ACT = st.one_of(
    TEXT,
    acts("text", text=ORDER),
    BUTTON,
    acts("confirm"),
    acts("data", text=st.one_of(st.text(min_size=1, max_size=20), st.just("o:x:y"))),
    acts("code"),
    acts("wait", number=st.integers(1, 150)),
)


class Crowd:
    """Several people at one bot."""

    def __init__(self, rig: Rig) -> None:
        """Watch what is confirmed."""
        self.rig = rig
        self.confirmed: set[tuple[str, int]] = set()
        self.typed_codes: set[int] = set()

    async def act(self, act: Act) -> None:
        """Do one thing, and see that the owner is answered."""
        match act.what:
            case "text":
                await self.rig.send(act.text, act.who)
            case "code":
                self.typed_codes.add(act.who)
                await self.rig.send(
                    pyotp.TOTP(SECRET).at(int(self.rig.clock.time())), act.who
                )
            case "button":
                # The newest first: they are those that still mean something.
                await self._tap_shown(act, await self._shown(PEOPLE, ""))
            case "confirm":
                await self._tap_shown(act, await self._shown((act.who,), "Confirm"))
            case "data":
                await self._tap(act.who, OWNER, 1, act.text)
            case "wait":
                self.rig.clock.advance(act.number)
        # Enough for every queue to move on.
        self.rig.clock.advance(5)
        await self.rig.ask("/help", "You own this bot")

    async def _shown(
        self, people: tuple[int, ...], words: str
    ) -> list[tuple[int, int, str]]:
        """Return chat, message and data of the buttons that some chats show, the newest first."""
        shown = [
            (message["message_id"], person, button["callback_data"])
            for person in people
            for message in (await self.rig.control(f"chats/{person}"))["messages"]
            for line in message.get("buttons") or ()
            for button in line
            if button.get("callback_data") and words in button["text"]
        ]
        return [(chat, number, data) for number, chat, data in sorted(shown)[::-1]]

    async def _tap_shown(self, act: Act, shown: list[tuple[int, int, str]]) -> None:
        """Tap a button, whoever was asked there; a client can be made to."""
        if shown:
            await self._tap(act.who, *shown[act.number % len(shown)])

    async def _tap(self, who: int, chat: int, message_id: int, data: str) -> None:
        """Tap, and note what was confirmed."""
        match data.split(":"):
            case ["o", confirmation_id, "y"]:
                self.confirmed.add((confirmation_id, who))
        await self.rig.tap_data(data, {"message_id": message_id}, who, chat)

    async def check(self) -> None:
        """See that nothing was done that nobody wanted."""
        rig = self.rig
        asked = {
            row.split("|")[0]: row.split("|")
            for row in rows(
                rig,
                "SELECT id || '|' || user_id || '|' || coalesce(json_extract(preview, '$.second_factor'), 0) FROM confirmations",
            )
        }
        done = [
            data.get("client_order_id") or data["client_transaction_id"]
            for name, data in rig.home.calls
            if name
            in ("place_order", "transfer", "deposit_from_wallet", "withdraw_to_wallet")
        ]
        assert len(done) == len(set(done))
        for name in done:
            confirmation_id, person, guarded = asked[name.removeprefix("tg-")]
            assert (confirmation_id, int(person)) in self.confirmed
            assert int(person) in TRADERS
            assert guarded == "0" or int(person) in self.typed_codes
        for name in ("cancel_order", "cancel_all_orders"):
            assert rig.home.count(name) <= len(self.confirmed)
        assert await rig.texts(STRANGER) == []
        for person in PEOPLE:
            told = "\n".join(await rig.texts(person))
            assert "Something went wrong" not in told, told


async def play(story: list[Act], path: Path) -> None:
    """Let people do things to a new bot."""
    async with (
        TelegramServer() as telegram,
        FakeHomeAssistant() as home,
        aiohttp.ClientSession() as session,
    ):
        rig = Rig(telegram, home, session, path)
        rig.people = AccessConfig(OWNER, (TRADER,), (VIEWER,))
        rig.orders = OrdersConfig(120, None, Decimal(1000))
        rig.second_factor = SecondFactorConfig(totp_secret=SECRET)
        home.orders["elsewhere-1"] = make_order()
        await rig.start()
        try:
            for person in TRADERS:
                await rig.ask("/buy 0.01 BTC-USD 60000", "Holds until", person)
            crowd = Crowd(rig)
            for act in story:
                await crowd.act(act)
            rig.clock.advance(200)
            await rig.ask("/help", "You own this bot")
            await crowd.check()
        finally:
            await rig.stop()


@settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    # A story is short; to make it shorter would take minutes.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(story=st.lists(ACT, min_size=6, max_size=12))
async def test_anything(story: list[Act], caplog: pytest.LogCaptureFixture) -> None:
    """No crash, no unconfirmed order, an answer for the owner, silence for strangers."""
    caplog.clear()
    with tempfile.TemporaryDirectory() as directory:
        await play(story, Path(directory))
    broken = [
        record
        for record in caplog.records
        if record.levelno >= logging.ERROR and record.name.startswith("telegram_bot")
    ]
    assert broken == []
