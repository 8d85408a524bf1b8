"""Faults on demand: rules about what goes wrong, how often and with whom. Deterministic for a seed."""

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from itertools import count
from random import Random
from typing import Any

from simulators.exchange.switches import Switches


class FaultKind(StrEnum):
    """What may go wrong."""

    DROP = "drop"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    CLOSE = "close"
    STALL = "stall"
    GARBAGE = "garbage"
    REFUSE = "refuse"
    MAINTENANCE = "maintenance"
    LOSE_REPLY = "lose_reply"
    GAP = "gap"
    RESET = "reset"


HELP = {
    FaultKind.DROP: "a frame is not sent",
    FaultKind.DELAY: "a frame, and what follows on its socket, waits `seconds`",
    FaultKind.DUPLICATE: "a frame is sent twice",
    FaultKind.REORDER: "a frame is sent after the next one",
    FaultKind.CLOSE: "the socket is closed after a frame, with or without `notice`",
    FaultKind.STALL: "the socket stays open but neither hears nor speaks",
    FaultKind.GARBAGE: "an answer or a frame that is not JSON, as a proxy in between may send; REST with `status`",
    FaultKind.REFUSE: "a request (or `connect`, a handshake) is refused with `status` and `text`, nothing done",
    FaultKind.MAINTENANCE: "the part `match` (market_data, order_placement, order_cancellation, order_status, ...) is down",
    FaultKind.LOSE_REPLY: "a request is carried out but its connection is cut instead of a reply; with `seconds` it hangs first",
    FaultKind.GAP: "increments of a pair are lost",
    FaultKind.RESET: "the sequence of a pair begins lower",
}
REFUSALS = {
    401: "Authorization Failed",
    429: "API rate limit reached",
    500: "Unexpected error",
    503: "Service Unavailable",
}


@dataclass(slots=True)
class Rule:
    """One fault.

    `match` names an action, an event (`executionReport`, `pong`, ...), or a service for maintenance; None matches
    all. `channel` is rest, public or private; None means all. `count` rules out after so many times; `skip` lets
    the first so many pass.
    """

    kind: FaultKind
    match: str | None = None
    channel: str | None = None
    pair: str | None = None
    probability: float = 1.0
    count: int | None = None
    skip: int = 0
    seconds: float = 0.0
    status: int = 500
    text: str | None = None
    notice: bool = False
    number: int = 0
    done: int = 0

    @property
    def words(self) -> str:
        """Return the text of a refusal."""
        return self.text or REFUSALS.get(self.status, "Unexpected error")


_TYPES: dict[str, tuple[type, ...]] = {
    "match": (str,),
    "channel": (str,),
    "pair": (str,),
    "probability": (int, float),
    "count": (int,),
    "skip": (int,),
    "seconds": (int, float),
    "status": (int,),
    "text": (str,),
    "notice": (bool,),
}


@dataclass(slots=True)
class Faults:
    """Everything that a test can make go wrong."""

    seed: int = 0
    switches: Switches = field(default_factory=Switches)
    rules: list[Rule] = field(default_factory=list)
    random: Random = field(init=False)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        """Seed the chances."""
        self.random = Random(f"faults:{self.seed}")

    def add(self, description: dict[str, Any]) -> Rule:
        """Add a rule given as a mapping of the fields of Rule. Raises ValueError, in words."""
        values = dict(description)
        kind = values.pop("kind", None)
        if kind not in tuple(FaultKind):
            raise ValueError(f"kind should be one of {', '.join(FaultKind)}")
        for name, value in values.items():
            if name not in _TYPES:
                raise ValueError(
                    f"Unknown field {name}; there are kind, {', '.join(_TYPES)}"
                )
            if not isinstance(value, _TYPES[name]) or (
                isinstance(value, bool) and bool not in _TYPES[name]
            ):
                raise ValueError(f"{name} should be {_TYPES[name][-1].__name__}")
        if values.get("channel") not in (None, "rest", "public", "private"):
            raise ValueError("channel should be one of rest, public, private")
        rule = Rule(FaultKind(kind), **values)
        rule.number = next(self._numbers)
        self.rules.append(rule)
        return rule

    def remove(self, number: int | None = None) -> int:
        """Remove one rule, or all; return how many went."""
        before = len(self.rules)
        self.rules = (
            []
            if number is None
            else [rule for rule in self.rules if rule.number != number]
        )
        return before - len(self.rules)

    def take(
        self, kind: FaultKind, name: str, channel: str, pair: str | None = None
    ) -> Rule | None:
        """Return the rule that strikes now, which counts as done; None when nothing goes wrong."""
        for rule in self.rules:
            if (
                rule.kind is not kind
                or rule.match not in {None, name}
                or rule.channel not in {None, channel}
                or (rule.pair is not None and rule.pair != pair)
            ):
                continue
            if rule.count is not None and rule.done >= rule.count:
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.probability < 1 and self.random.random() >= rule.probability:
                continue
            rule.done += 1
            return rule
        return None

    def described(self) -> dict[str, Any]:
        """Return rules, switches and what kinds there are."""
        return {
            "rules": [asdict(rule) for rule in self.rules],
            "kinds": {kind.value: words for kind, words in HELP.items()},
            "fields": [item.name for item in fields(Rule)],
            "switches": self.switches.described(),
        }


def parse_rule(text: str) -> dict[str, Any]:
    """Read a rule from the command line: `kind` or `kind:field=value,field=value`. Raises ValueError."""
    kind, _, rest = text.partition(":")
    return {"kind": kind} | dict(
        parse_setting(part) for part in rest.split(",") if part
    )


def parse_setting(text: str) -> tuple[str, Any]:
    """Read `name=value`; numbers, true and false are taken as such. Raises ValueError."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} should be name=value")
    return name, _literal(value)


def _literal(text: str) -> Any:
    """Return the value that a text stands for."""
    if text in {"true", "false"}:
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
