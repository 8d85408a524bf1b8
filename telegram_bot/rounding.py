"""How exactly a value is told that was worked out of prices anyway."""

from decimal import Decimal

_DECIMALS = 2
_DIGITS = 6


def nearly(value: Decimal) -> Decimal:
    """Return a value in two decimals; a small one keeps six digits that count."""
    return round(value, max(_DECIMALS, _DIGITS - 1 - value.adjusted()))
