"""Arithmetic of amounts: Decimal only, every rounding named."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from functools import cache

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)

# Products of two full amounts need more digits than the default 28.
_EXACT = Context(prec=80)


@cache
def unit(precision: int) -> Decimal:
    """Return the smallest amount with so many decimals."""
    return Decimal(1).scaleb(-precision)


def product(left: Decimal, right: Decimal) -> Decimal:
    """Multiply without losing a digit."""
    return _EXACT.multiply(left, right)


def quotient(left: Decimal, right: Decimal) -> Decimal:
    """Divide with 80 digits."""
    return _EXACT.divide(left, right)


def floor(value: Decimal, precision: int) -> Decimal:
    """Round down to `precision` decimals."""
    return value.quantize(unit(precision), ROUND_FLOOR, _EXACT)


def ceiling(value: Decimal, precision: int) -> Decimal:
    """Round up to `precision` decimals."""
    return value.quantize(unit(precision), ROUND_CEILING, _EXACT)


def nearest(value: Decimal, precision: int) -> Decimal:
    """Round half up to `precision` decimals."""
    return value.quantize(unit(precision), ROUND_HALF_UP, _EXACT)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Tell whether `value` is a whole number of steps."""
    return _EXACT.remainder(value, step) == 0


def decimals(value: Decimal) -> int:
    """Count the decimals that `value` needs, trailing zeros left out."""
    exponent = value.normalize(_EXACT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def text(value: Decimal, precision: int) -> str:
    """Write with exactly `precision` decimals (more are cut off towards zero)."""
    return format(value.quantize(unit(precision), "ROUND_DOWN", _EXACT), "f")


def plain(value: Decimal) -> str:
    """Write without trailing zeros and without an exponent."""
    written = format(value, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written
