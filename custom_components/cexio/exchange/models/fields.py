"""How single fields of the exchange's JSON become values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import (
    MAX_EMAX,
    MAX_PREC,
    MIN_EMIN,
    Clamped,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
    Overflow,
    Rounded,
)
from enum import StrEnum
from functools import cache, wraps
from itertools import batched, chain
from operator import itemgetter
from typing import Any, Protocol, dataclass_transform, override

from custom_components.cexio.exchange.errors import UnexpectedAnswerError

type Wire = Mapping[str, Any]
# Makes a number of a text without rounding it.
type Exact = Callable[[str], Decimal]
type Numbers = Sequence[Decimal]

ZERO = Decimal(0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# No amount or price has more digits; beyond, plain digits would fill the memory.
_LEAST_MAGNITUDE, _MAXIMUM_MAGNITUDE = -40, 40
# A context's method reads a text in half the time of Decimal(); this one never rounds.
_exact = Context(
    prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation, Inexact]
).create_decimal
# And this one refuses by itself all but zero and what has its digits between 10**-40 and 10**40; with these
# two settings the last place that it has is the 40th decimal. What it refuses is for decimal() to judge.
bounded = Context(
    prec=_MAXIMUM_MAGNITUDE + 1,
    Emax=_MAXIMUM_MAGNITUDE,
    Emin=0,
    traps=[InvalidOperation, Overflow, Inexact, Rounded, Clamped],
).create_decimal

FAULTS = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)


class StreamEvent:
    """Base of everything that a listener can receive."""

    __slots__ = ()


class WireEnum(StrEnum):
    """An enumeration of the exchange that survives a value it does not know, as UNKNOWN."""

    @classmethod
    @override
    def _missing_(cls, value: object) -> WireEnum:
        """Return UNKNOWN for what the exchange has not documented."""
        return cls["UNKNOWN"]


class Words[E: WireEnum](dict[str, E]):
    """An enumeration by its words: many times as fast as to call it."""

    def __init__(self, kind: type[E]) -> None:
        """Know the documented words."""
        super().__init__({member.value: member for member in kind})
        self._kind = kind

    def __missing__(self, key: str) -> E:
        """Return what the enumeration makes of any other word, and keep none of them."""
        return self._kind(key)


@dataclass_transform(frozen_default=True)
def received[T](cls: type[T]) -> type[T]:
    """Make a value that comes often: frozen for type checkers alone, and filled by position.

    To fill a dataclass that is frozen at run time, too, or by keywords, takes several times as long.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


def shared_numbers() -> Exact:
    """Return what makes exact numbers of texts: of many rows most are equal, and then one object."""
    return cache(bounded)


def unreadable(owner: str, fault: Exception) -> UnexpectedAnswerError:
    """Return what a parser raises for a fault; nothing of the data is told."""
    return UnexpectedAnswerError(f"Unreadable {owner}: {type(fault).__name__}")


def readable[**P, T](parse: Callable[P, T]) -> Callable[P, T]:
    """Let a parser raise nothing but UnexpectedAnswerError."""

    @wraps(parse)
    def read(*args: P.args, **kwargs: P.kwargs) -> T:
        """Call the parser."""
        try:
            return parse(*args, **kwargs)
        except FAULTS as err:
            raise unreadable(parse.__qualname__.partition(".")[0], err) from err

    return read


def decimal(value: Any) -> Decimal:
    """Return an exact number from a text or a JSON number.

    A JSON float (only candles have them) is read through its shortest text, never as binary.
    """
    number = _exact(value if isinstance(value, str) else _numeral(value))
    if (
        _LEAST_MAGNITUDE <= number.adjusted() <= _MAXIMUM_MAGNITUDE
        and number.is_finite()
    ):
        return number
    raise ValueError("not a finite number of bearable size")


def _numeral(value: Any) -> Any:
    """Return what an exact number can be made of when it comes as anything but a text."""
    if isinstance(value, bool):
        raise TypeError("a boolean is no number")
    return str(value) if isinstance(value, float) else value


def optional_decimal(value: Any) -> Decimal | None:
    """Return a number, None where the exchange says null or nothing."""
    return None if value is None or value == "" else decimal(value)


def decimals(values: Sequence[Any]) -> list[Decimal]:
    """Return exact numbers, as decimal() reads each, faster than one by one."""
    try:
        # NaN and Infinity, which do not count as numbers here, have an "n".
        if "n" not in (joined := "".join(values)) and "N" not in joined:
            return [*map(bounded, values)]
    except TypeError, ArithmeticError:
        pass
    return [decimal(value) for value in values]


class NumbersReader[N](Protocol):
    """Reads the numbers of a row, texts by `exact`."""

    def __call__(self, data: Wire, exact: Exact = ..., /) -> list[N | Decimal]:
        """Return the numbers in the order of their names."""


def numbers[N](read: Callable[[Any], N], *names: str) -> NumbersReader[N]:
    """Return a reader of the numbers that go by some names, faster than one by one.

    Whatever is not a number in a text, it leaves to `read`.
    """
    take = itemgetter(*names)

    def read_all(data: Wire, exact: Exact = bounded, /) -> list[N | Decimal]:
        """Return the numbers in the order of their names."""
        try:
            texts = take(data)
            # NaN and Infinity, which do not count as numbers here, have an "n".
            if "n" not in (joined := "".join(texts)) and "N" not in joined:
                return [*map(exact, texts)]
        except LookupError, TypeError, ArithmeticError:
            pass
        return [read(data.get(name)) for name in names]

    return read_all


def number_rows(*names: str) -> Callable[[Sequence[Wire], Exact], Iterator[Numbers]]:
    """Return a reader of the numbers of many rows, faster than row by row.

    It refuses whatever is not a number in a text, and leaves that to a reader of a single row.
    """
    take = itemgetter(*names)

    def read_all(data: Sequence[Wire], exact: Exact) -> Iterator[Numbers]:
        """Return the numbers of each row in the order of their names."""
        texts = [*chain.from_iterable(map(take, data))]
        # NaN and Infinity, which do not count as numbers here, have an "n".
        if "n" in (joined := "".join(texts)) or "N" in joined:
            raise ValueError("not numbers alone")
        return batched(map(exact, texts), len(names), strict=True)

    return read_all


def sparse_numbers(*names: str) -> Callable[[Wire], list[Decimal | None]]:
    """Return a reader of numbers many of which are not there, None for each of these."""

    def read_all(data: Wire) -> list[Decimal | None]:
        """Return the numbers in the order of their names."""
        texts = [*map(data.get, names)]
        try:
            joined = "".join([text for text in texts if text is not None])
            if "n" not in joined and "N" not in joined:
                return [None if text is None else bounded(text) for text in texts]
        except TypeError, ArithmeticError:
            pass
        return [optional_decimal(text) for text in texts]

    return read_all


def text(value: Any) -> str:
    """Return a text that has to be there."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def optional_text(value: Any) -> str | None:
    """Return a text, None where the exchange says null or nothing."""
    return value if value is None or isinstance(value, str) else text(value)


def account(value: Any) -> str:
    """Return an account id: the main account is null in orders and "" elsewhere."""
    return value if isinstance(value, str) else text(value or "")


def identifier(value: Any) -> str:
    """Return an id that comes as a text or as a whole number."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise TypeError("not an id")


def order_identifier(value: Any) -> str | None:
    """Return an order's id, None for the literal "NONE" of an order that never was."""
    if value is None or value == "NONE":
        return None
    return value if isinstance(value, str) else identifier(value)


def whole(value: Any) -> int:
    """Return a whole number that comes as a number or as a text."""
    if type(value) is int:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError("not a whole number")
    return int(value)


def optional_whole(value: Any) -> int | None:
    """Return a whole number, None where the exchange says null or nothing."""
    return None if value is None else whole(value)


def boolean(value: Any) -> bool:
    """Return a boolean that has to be there."""
    if not isinstance(value, bool):
        raise TypeError("not a boolean")
    return value


def moment(value: Any) -> datetime:
    """Return a moment from epoch milliseconds (number or text of digits) or from ISO 8601."""
    if type(value) is str and not value.isdecimal():
        found = datetime.fromisoformat(value)
        if found.tzinfo is UTC:
            return found
        return (
            found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        )
    return _EPOCH + whole(value) * _MILLISECOND


def optional_moment(value: Any) -> datetime | None:
    """Return a moment, None where the exchange says null or nothing."""
    return None if value is None or value == "" else moment(value)


def moments(*names: str) -> Callable[[Wire], list[datetime | None]]:
    """Return a reader of the moments that go by some names, each as optional_moment() reads it."""

    def read_all(data: Wire) -> list[datetime | None]:
        """Return the moments in the order of their names."""
        found = map(data.get, names)
        return [None if item is None else optional_moment(item) for item in found]

    return read_all


def mapping(value: Any) -> Wire:
    """Return an object that has to be there."""
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def rows(value: Any) -> list[Any]:
    """Return a list that has to be there."""
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def milliseconds(value: datetime) -> int:
    """Return a timezone-aware moment as epoch milliseconds.

    Raises:
        ValueError: The moment has no timezone.
    """
    if value.tzinfo is None:
        raise ValueError("a moment without timezone")
    return (value - _EPOCH) // _MILLISECOND


def iso(value: datetime) -> str:
    """Return a timezone-aware moment as the exchange writes it, in UTC with milliseconds."""
    milliseconds(value)
    return (
        value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def plain(value: Decimal) -> str:
    """Return a number as plain digits, never with an exponent."""
    return format(value, "f")
