"""What happens in a run, as data: the same seed makes the same plan."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle
from random import Random
from types import MappingProxyType

# Nothing begins within this time of the end: what was begun may end in peace.
QUIET_SECONDS = 12.0
# A trade begins so often; each makes a few messages, and a chat takes about one a second.
TRADE_SECONDS = 2.3
ALERT_SECONDS = 24.0


class Way(StrEnum):
    """Where an order comes from."""

    ELSEWHERE = "elsewhere"
    CHAT = "chat"
    ACTION = "action"  # as an automation does


class Style(StrEnum):
    """What an order lives through."""

    NIBBLES = "nibbles"  # many partial fills
    SWEEP = "sweep"  # the market moves over it
    MARKET = "market"
    INSTANT = "instant"  # immediate or cancel
    EXPIRE = "expire"  # good till a date that comes soon
    CANCEL = "cancel"  # cancelled the way it was placed


class Tap(StrEnum):
    """How the person taps the question."""

    ONCE = "once"
    DOUBLE = "double tap"
    AGAIN = "old tap"  # and once more when it is long decided
    STRANGER = "stranger's tap"  # a stranger first, then nobody
    DISCARD = "discard"


class Part(StrEnum):
    """What is killed."""

    HOME_ASSISTANT = "home_assistant"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Trade:
    """One order and its fate; `number` makes its amount unlike all others."""

    at: float
    number: int
    way: Way
    side: str
    style: Style
    nibbles: tuple[float, ...]  # pauses between fills, in seconds


@dataclass(frozen=True, slots=True)
class Alert:
    """A price alert at a level of its own, and how often the market crosses it."""

    at: float
    number: int
    up: bool
    repeat: bool
    crossings: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault, by its name in the table."""

    at: float
    fault: str


@dataclass(frozen=True, slots=True)
class Kill:
    """A SIGKILL, at once or when the part comes to a point, and how long the part stays dead."""

    at: float
    part: Part
    down: float
    point: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that happens in a run."""

    seed: int
    seconds: float
    trades: tuple[Trade, ...]
    taps: tuple[Tap, ...]  # one for each question, in turn
    alerts: tuple[Alert, ...]
    troubles: tuple[Trouble, ...]
    kills: tuple[Kill, ...]


_WAYS = (Way.ELSEWHERE, Way.CHAT, Way.ACTION, Way.ELSEWHERE, Way.CHAT)
_STYLES = {
    Way.ELSEWHERE: (
        *[Style.NIBBLES] * 6,
        Style.SWEEP,
        Style.MARKET,
        Style.INSTANT,
        Style.EXPIRE,
    ),
    Way.CHAT: (
        *[Style.NIBBLES] * 4,
        Style.SWEEP,
        Style.MARKET,
        *[Style.CANCEL] * 2,
    ),
    Way.ACTION: (*[Style.NIBBLES] * 4, Style.SWEEP, Style.CANCEL),
}
_TAPS = (Tap.DOUBLE, Tap.AGAIN, Tap.STRANGER, Tap.ONCE, Tap.ONCE, Tap.DISCARD, Tap.ONCE)


def make_plan(
    seed: int,
    seconds: float,
    *,
    faults: Sequence[str] = (),
    early: Collection[str] = (),
    kills: int = 0,
    points: Mapping[Part, Sequence[str]] = MappingProxyType({}),
) -> Plan:
    """Make the plan of a run.

    Args:
        seed: the same seed makes the same plan.
        seconds: how long things happen.
        faults: names of faults; each strikes once in every round of the whole list.
        early: those that need things to happen later, so that they come in the first half of a round.
        kills: how many parts are killed, in turn.
        points: where a part can be told to die; of three kills of a part, two are at such points.
    """
    random = Random(f"resilience:{seed}")
    end = max(seconds - QUIET_SECONDS, 1.0)
    return Plan(
        seed,
        seconds,
        tuple(_trades(random, end)),
        _TAPS,
        tuple(_alerts(random, end)),
        tuple(_troubles(random, end, faults, early)),
        tuple(_kills(random, end, kills, points)),
    )


def one_more(number: int, way: Way) -> Trade:
    """Return a trade beyond the plan: many fills elsewhere, or a few and a cancel."""
    style = Style.NIBBLES if way is Way.ELSEWHERE else Style.CANCEL
    side = ("BUY", "SELL")[number % 2]
    return Trade(0.0, number, way, side, style, (0.1,) * 20)


def _trades(random: Random, end: float) -> Iterator[Trade]:
    """Draw the orders."""
    count = max(3, int(end / TRADE_SECONDS))
    for number in range(count):
        way = _WAYS[number % len(_WAYS)]
        style = random.choice(_STYLES[way])
        if way is Way.ACTION and number % 2 == 0:
            # Some cancels are certain, whatever becomes of the chat.
            style = Style.CANCEL
        pauses = tuple(
            round(random.uniform(0.05, 0.6), 2) for _ in range(random.randint(14, 30))
        )
        yield Trade(
            at=round(end * (number + random.random()) / count, 2),
            number=number,
            way=way,
            side=random.choice(("BUY", "SELL")),
            style=style,
            nibbles=pauses,
        )


def _alerts(random: Random, end: float) -> Iterator[Alert]:
    """Draw the price alerts."""
    for number in range(max(1, int(end / ALERT_SECONDS))):
        repeat = number % 2 == 1
        yield Alert(
            at=round(number * ALERT_SECONDS * 0.9, 2),
            number=number,
            up=random.random() < 0.5,
            repeat=repeat,
            crossings=2 if repeat else 1,
        )


def _troubles(
    random: Random, end: float, faults: Sequence[str], early: Collection[str]
) -> Iterator[Trouble]:
    """Draw the faults: all of them in each round, in an order of its own."""
    if not faults:
        return
    rounds = max(1, round(end / (len(faults) * 4.0)))
    for round_ in range(rounds):
        names = list(faults)
        random.shuffle(names)
        for index, name in enumerate(names):
            part = (index + random.random()) / len(names)
            share = (round_ + part * (0.5 if name in early else 1.0)) / rounds
            yield Trouble(round(end * share, 2), name)


def _kills(
    random: Random, end: float, kills: int, points: Mapping[Part, Sequence[str]]
) -> Iterator[Kill]:
    """Draw the kills, one part after the other."""
    in_turn = {
        part: cycle(random.sample(names, len(names))) for part, names in points.items()
    }
    for number in range(kills):
        part = (Part.HOME_ASSISTANT, Part.BOT)[number % 2]
        # A part can be told to die at a point only after it was killed once.
        at_point = part in in_turn and number // 2 % 3 > 0
        down = random.choice((0.0, 0.0, 1.0, 4.0))
        if part is Part.BOT and number % 6 == 5 and end > 300:
            # Long enough for a digest.
            down = 80.0
        yield Kill(
            round(end * (number + random.uniform(0.1, 0.9)) / kills, 2),
            part,
            down,
            next(in_turn[part]) if at_point else None,
        )
