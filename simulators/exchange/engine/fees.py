"""Fees: percent by 30-day volume in USD, by pair tier and by weekend (rest.md 4.B.2)."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from simulators.exchange.engine.money import ZERO

DAYS_30_MS = 30 * 24 * 3600 * 1000

type Schedule = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Tier:
    """Pairs with a schedule of their own."""

    key: str
    name: str
    description: str
    pairs: tuple[str, ...]
    schedule: Schedule


DEFAULT: Schedule = (
    ("0.25", 10_000),
    ("0.23", 100_000),
    ("0.19", 500_000),
    ("0.17", 1_000_000),
    ("0.15", 2_500_000),
    ("0.13", 5_000_000),
    ("0.11", 10_000_000),
    ("0.10", 20_000_000),
)
WEEKEND: Schedule = (
    ("0.22", 10_000),
    ("0.2", 100_000),
    ("0.16", 500_000),
    ("0.14", 1_000_000),
    ("0.12", 2_500_000),
    ("0.1", 5_000_000),
    ("0.08", 10_000_000),
    ("0.07", 20_000_000),
)
_REDUCED_PAIRS = ("BCH-USD", "USDT-USD")
_HOT_PAIRS = ("ETH-EUR", "USDT-GBP")
TIERS = (
    Tier(
        "reducedFee",
        "Reduced Fee",
        "Reduced fee description",
        _REDUCED_PAIRS,
        (("0.15", 10_000), ("0.11", 30_000), ("0.08", 50_000)),
    ),
    Tier(
        "hotPairs",
        "Hot",
        "Hot pairs description",
        _HOT_PAIRS,
        (("0.20", 10_000), ("0.15", 100_000), ("0.10", 150_000)),
    ),
)
WEEKEND_TIERS = (
    Tier(
        "reducedFee",
        "Reduced Fee",
        "Reduced fee description",
        _REDUCED_PAIRS,
        (("0.14", 10_000), ("0.1", 30_000), ("0.07", 50_000)),
    ),
    Tier(
        "hotPairs",
        "Hot",
        "Hot pairs description",
        _HOT_PAIRS,
        (("0.18", 10_000), ("0.13", 100_000), ("0.08", 150_000)),
    ),
)


class Fees:
    """The client's traded volume and the fees that follow from it."""

    def __init__(self) -> None:
        """Start with nothing traded."""
        self._trades: deque[tuple[int, Decimal]] = deque()
        self._volume = ZERO

    def record(self, time: int, usd: Decimal) -> None:
        """Count a fill of `usd` dollars."""
        self._trades.append((time, usd))
        self._volume += usd

    def volume(self, time: int) -> Decimal:
        """Return the USD traded in the 30 days before `time`."""
        while self._trades and self._trades[0][0] < time - DAYS_30_MS:
            self._volume -= self._trades.popleft()[1]
        return self._volume

    def trades(self) -> list[tuple[int, Decimal]]:
        """Return what counts, for keeping."""
        return list(self._trades)

    def percent(self, pair: str, time: int) -> Decimal:
        """Return the fee in percent of the quote amount that holds for `pair` at `time` (ms).

        Weekend (Saturday and Sunday UTC) goes before tier, tier before default. Above the last volume of a
        schedule, which the documentation leaves open, its last fee stays.
        """
        weekend = datetime.fromtimestamp(time / 1000, UTC).weekday() >= 5
        tiers, default = (WEEKEND_TIERS, WEEKEND) if weekend else (TIERS, DEFAULT)
        schedule = next(
            (tier.schedule for tier in tiers if pair in tier.pairs), default
        )
        volume = self.volume(time)
        fee = next((fee for fee, limit in schedule if volume <= limit), schedule[-1][0])
        return Decimal(fee)


def strategy() -> dict[str, Any]:
    """Return `strategyConfig` as get_fee_strategy shows it."""
    return {
        "default": _rows(DEFAULT),
        "perTier": _tiers(TIERS),
        "perWeekend": {"default": _rows(WEEKEND), "perTier": _tiers(WEEKEND_TIERS)},
    }


def _rows(schedule: Schedule) -> list[dict[str, Any]]:
    """Return a schedule as rows: fee a string, volume a number."""
    return [{"fee": fee, "volume": volume} for fee, volume in schedule]


def _tiers(tiers: tuple[Tier, ...]) -> dict[str, Any]:
    """Return tiers keyed by their id."""
    return {
        tier.key: {
            "name": tier.name,
            "description": tier.description,
            "pairList": list(tier.pairs),
            "schedule": _rows(tier.schedule),
        }
        for tier in tiers
    }
