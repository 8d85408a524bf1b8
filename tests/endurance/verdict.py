"""What a run is judged by: the log of Home Assistant, the turns of its loop, the prices it showed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
import re
from typing import Any

import orjson

LIMIT = 0.02
# The simulated market moves every second, if not always by enough to move the middle.
STILL_SECONDS = 60.0
OWN = "cexio"
# The head of a record; what follows without one belongs to it.
RECORD = re.compile(
    r"^\d{4}-\d\d-\d\d [\d:.+-]+ (?P<level>[A-Z]+) \(.*?\) \[(?P<logger>[^\]]+)\]",
    re.MULTILINE,
)
# Home Assistant says this of every integration that is not its own.
OF_EVERY_CUSTOM_ONE = "homeassistant.loader"
# asyncio says this of a turn that waited for a processor, too; the turns tell it apart.
SLOW_BY_THE_CLOCK = "] Executing <"


@dataclass(frozen=True, slots=True)
class Price:
    """A price as Home Assistant shows it, and when it last did, in seconds."""

    state: str
    updated: float

    @property
    def is_known(self) -> bool:
        """Whether there is one."""
        return self.state not in ("unavailable", "unknown")


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of the event loop that took longer than the limit by the clock, in seconds."""

    time: float
    took: float
    cpu: float
    # Of that, what the collection of the whole process's garbage took.
    collecting: float
    waited: float
    own: bool
    what: str
    stack: tuple[str, ...]

    @property
    def is_block(self) -> bool:
        """Whether it computed for too long, apart from collecting everybody's garbage.

        Waiting for a processor or for other threads is the machine's doing; that a turn
        sleeps or uses the disk is found by Home Assistant itself, which logs it.
        """
        return self.cpu - self.collecting >= LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found."""

    complaints: tuple[str, ...]
    own: tuple[Turn, ...]
    others: tuple[Turn, ...]
    still: tuple[str, ...]

    @property
    def blocks(self) -> tuple[Turn, ...]:
        """The turns in which this integration blocked the loop for too long."""
        return tuple(turn for turn in self.own if turn.is_block)

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.complaints or self.blocks or self.still)


def judge(
    log: str,
    turns: Iterable[bytes],
    prices: Mapping[str, Price],
    ended: float,
) -> Verdict:
    """Judge a run by its log, the lines about its slow turns, and its prices at the end."""
    seen = [_turn(line) for line in turns]
    return Verdict(
        complaints=tuple(_complaints(log)),
        own=tuple(turn for turn in seen if turn.own),
        others=tuple(turn for turn in seen if not turn.own),
        still=tuple(
            name
            for name, price in prices.items()
            if not price.is_known or price.updated < ended - STILL_SECONDS
        ),
    )


def records(log: str) -> Iterator[tuple[str, str, str]]:
    """Yield level, logger and text of each record of a log."""
    heads = list(RECORD.finditer(log))
    for head, following in zip_longest(heads, heads[1:]):
        end = following and following.start()
        yield head["level"], head["logger"], log[head.start() : end].strip()


def _complaints(log: str) -> Iterator[str]:
    """Yield the warnings and errors that are this integration's, or speak of it."""
    for level, logger, text in records(log):
        if (
            level in ("WARNING", "ERROR", "CRITICAL")
            and OWN in text
            and logger != OF_EVERY_CUSTOM_ONE
            and not (logger == "asyncio" and SLOW_BY_THE_CLOCK in text)
        ):
            yield text


def _turn(line: bytes) -> Turn:
    """Read a line about a slow turn."""
    data: dict[str, Any] = orjson.loads(line)
    return Turn(**{**data, "stack": tuple(data["stack"])})
