"""What price alerts wait for, and the one moment at which they fire."""

from collections.abc import Callable, Mapping, Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from .price_moves import Direction, PriceWindow
from .representation import iso, plain, plain_or_none


class Condition(StrEnum):
    """What a price, or the gap between bid and ask, has to do."""

    ABOVE = "above"
    BELOW = "below"
    CROSSES = "crosses"
    MOVES = "moves"
    SPREAD_ABOVE = "spread_above"


@dataclass(frozen=True, slots=True)
class Tick:
    """A market at one moment."""

    # The middle between the best bid and the best ask.
    price: Decimal
    # The gap between them in percent of that middle.
    spread_percentage: Decimal
    time: datetime
    # By a clock that never goes back, in seconds.
    monotonic: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTerms:
    """What an alert waits for, and how often it fires."""

    pair: str
    condition: Condition
    price: Decimal | None = None
    percentage: Decimal | None = None
    window: timedelta | None = None
    direction: Direction | None = None
    repeat: bool = False
    cooldown: timedelta | None = None
    enabled: bool = True

    @classmethod
    def from_stored(cls, data: Mapping[str, Any]) -> Self:
        """Read the terms that a subentry keeps."""
        return cls(
            pair=data["pair"],
            condition=Condition(data["condition"]),
            price=_read(Decimal, data["price"]),
            percentage=_read(Decimal, data["percentage"]),
            window=_read(_seconds, data["window"]),
            direction=_read(Direction, data["direction"]),
            repeat=data["repeat"],
            cooldown=_read(_seconds, data["cooldown"]),
            enabled=data["enabled"],
        )

    def to_stored(self) -> dict[str, Any]:
        """Return what a subentry keeps, amounts as text and spans in seconds."""
        return {
            "pair": self.pair,
            "condition": self.condition.value,
            "price": plain_or_none(self.price),
            "percentage": plain_or_none(self.percentage),
            "window": self.window and int(self.window.total_seconds()),
            "direction": self.direction and self.direction.value,
            "repeat": self.repeat,
            "cooldown": self.cooldown and int(self.cooldown.total_seconds()),
            "enabled": self.enabled,
        }

    @property
    def title(self) -> str:
        """The name of the alert."""
        return f"{self.pair} {_ROWS[self.condition].words(self)}"


@dataclass(frozen=True, slots=True)
class AlertState:
    """What an alert has seen; kept on disk with the entry that tells of a firing."""

    # On which side of its level it is; of a spread, whether it is wide.
    is_above: bool | None = None
    # How often it has fired, also under earlier terms.
    fired: int = 0
    last_fired: datetime | None = None
    # Whether it has fired since its terms were last changed.
    has_fired: bool = False

    @classmethod
    def from_stored(cls, data: Mapping[str, Any]) -> Self:
        """Read what was kept."""
        last_fired = data["last_fired"]
        return cls(
            data["is_above"],
            data["fired"],
            last_fired and datetime.fromisoformat(last_fired),
            data.get("has_fired", data["fired"] > 0),
        )

    def to_stored(self) -> dict[str, Any]:
        """Return what is kept."""
        return {
            "is_above": self.is_above,
            "fired": self.fired,
            "last_fired": iso(self.last_fired),
            "has_fired": self.has_fired,
        }

    def begun_anew(self) -> Self:
        """Return the state of an alert whose terms were changed."""
        return replace(self, is_above=None, has_fired=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """Why an alert fires."""

    # None where it is not the price that went anywhere.
    direction: Direction | None
    from_price: Decimal | None = None
    moved_percentage: Decimal | None = None
    spread_percentage: Decimal | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as the feed shows it."""
        return {
            "direction": self.direction and self.direction.value,
            "from_price": plain_or_none(self.from_price),
            "moved_percentage": plain_or_none(self.moved_percentage),
            "spread_percentage": plain_or_none(self.spread_percentage),
        }


@dataclass(slots=True, kw_only=True)
class PriceAlert:
    """One alert, what it has seen, and the prices that it still has to compare with."""

    alert_id: str
    terms: AlertTerms
    created: str
    state: AlertState = field(default_factory=AlertState)
    window: PriceWindow | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        """Begin with an empty window."""
        if self.terms.window is not None:
            self.window = PriceWindow(self.terms.window.total_seconds())

    @property
    def is_active(self) -> bool:
        """Whether the alert still waits for something."""
        terms = self.terms
        return terms.enabled and (terms.repeat or not self.state.has_fired)

    def as_dict(self) -> dict[str, Any]:
        """Return the alert as actions and the feed show it."""
        return {
            "alert_id": self.alert_id,
            **self.terms.to_stored(),
            "active": self.is_active,
            "created": self.created,
            "last_fired": iso(self.state.last_fired),
        }

    def see(self, tick: Tick) -> Finding | None:
        """Take in a tick, and return why the alert fires if it does.

        It fires when its condition becomes true; being untrue arms it again. What
        would fire within the cooldown is not taken in, so that it fires afterwards
        if it is still true then.
        """
        return _ROWS[self.terms.condition].see(self, tick) if self.is_active else None

    def is_cooling_down(self, now: datetime) -> bool:
        """Tell whether the last firing was too recent for another one."""
        cooldown, last = self.terms.cooldown, self.state.last_fired
        # A clock that was set back must not silence it for longer than meant.
        return (
            cooldown is not None
            and last is not None
            and timedelta() <= now - last < cooldown
        )

    def fire(self, tick: Tick, *, is_above: bool | None) -> None:
        """Note that it fires."""
        self.state = AlertState(is_above, self.state.fired + 1, tick.time, True)


def _read[T](kind: Callable[[Any], T], value: Any) -> T | None:
    """Read a value that may be missing."""
    return None if value is None else kind(value)


def _seconds(value: int) -> timedelta:
    """Read a span of time."""
    return timedelta(seconds=value)


@dataclass(frozen=True, slots=True)
class _Row:
    """What is particular to one condition."""

    needs: AbstractSet[str]
    words: Callable[[AlertTerms], str]
    see: Callable[[PriceAlert, Tick], Finding | None]
    takes_also: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Side:
    """Fires when a figure gets to one side of a level, or to the other one."""

    is_above: Callable[[AlertTerms, Tick], bool]
    # The sides that fire; crossing needs to have been on another one before.
    fires: AbstractSet[bool]
    finding: Callable[[bool, Tick], Finding]
    needs_before: bool = False

    def __call__(self, alert: PriceAlert, tick: Tick) -> Finding | None:
        """Compare with the side that was seen last."""
        was_above = alert.state.is_above
        is_above = self.is_above(alert.terms, tick)
        if is_above == was_above:
            return None
        if is_above not in self.fires or (self.needs_before and was_above is None):
            alert.state = replace(alert.state, is_above=is_above)
            return None
        if alert.is_cooling_down(tick.time):
            return None
        alert.fire(tick, is_above=is_above)
        return self.finding(is_above, tick)


def _see_move(alert: PriceAlert, tick: Tick) -> Finding | None:
    """Compare with the extremes of the window; a firing begins a new one."""
    terms, window = alert.terms, alert.window
    assert window is not None
    assert terms.percentage is not None
    window.add(tick.monotonic, tick.price)
    directions = Direction if terms.direction is None else (terms.direction,)
    move = window.find(terms.percentage, directions)
    if move is None or alert.is_cooling_down(tick.time):
        return None
    window.restart()
    alert.fire(tick, is_above=None)
    return Finding(move.direction, move.start, move.percentage)


def _at_least(terms: AlertTerms, tick: Tick) -> bool:
    """Tell on which side a price is; exactly at the level counts as above."""
    assert terms.price is not None
    return tick.price >= terms.price


def _more(terms: AlertTerms, tick: Tick) -> bool:
    """Tell on which side a price is; exactly at the level counts as below."""
    assert terms.price is not None
    return tick.price > terms.price


def _wide(terms: AlertTerms, tick: Tick) -> bool:
    """Tell whether the spread is as wide as is waited for."""
    assert terms.percentage is not None
    return tick.spread_percentage >= terms.percentage


def _price_finding(is_above: bool, tick: Tick) -> Finding:
    """Tell which way the price went."""
    return Finding(Direction.UP if is_above else Direction.DOWN)


def _spread_finding(is_above: bool, tick: Tick) -> Finding:
    """Tell how wide the spread is."""
    rounded = tick.spread_percentage.quantize(Decimal("0.0001"))
    return Finding(None, spread_percentage=rounded)


def _price_words(terms: AlertTerms) -> str:
    """Return the condition and the level."""
    assert terms.price is not None
    return f"{terms.condition.value} {plain(terms.price)}"


def _move_words(terms: AlertTerms) -> str:
    """Return how far, which way and how quickly."""
    assert terms.percentage is not None
    assert terms.window is not None
    way = "" if terms.direction is None else f" {terms.direction.value}"
    return f"moves{way} {plain(terms.percentage)} % within {span_words(terms.window)}"


def _spread_words(terms: AlertTerms) -> str:
    """Return how wide."""
    assert terms.percentage is not None
    return f"spread above {plain(terms.percentage)} %"


def span_words(span: timedelta) -> str:
    """Return a span such as "1 h 30 min"."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


_ROWS: dict[Condition, _Row] = {
    Condition.ABOVE: _Row(
        {"price"}, _price_words, _Side(_at_least, {True}, _price_finding)
    ),
    Condition.BELOW: _Row(
        {"price"}, _price_words, _Side(_more, {False}, _price_finding)
    ),
    Condition.CROSSES: _Row(
        {"price"},
        _price_words,
        _Side(_at_least, {False, True}, _price_finding, needs_before=True),
    ),
    Condition.MOVES: _Row(
        {"percentage", "window"}, _move_words, _see_move, takes_also={"direction"}
    ),
    Condition.SPREAD_ABOVE: _Row(
        {"percentage"}, _spread_words, _Side(_wide, {True}, _spread_finding)
    ),
}


def needed_fields(condition: Condition) -> AbstractSet[str]:
    """Return the fields without which a condition means nothing."""
    return _ROWS[condition].needs


def taken_fields(condition: Condition) -> AbstractSet[str]:
    """Return the fields that say anything about a condition."""
    row = _ROWS[condition]
    return row.needs | row.takes_also
