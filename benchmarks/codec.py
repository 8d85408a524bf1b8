"""Read and sign messages: this project, orjson or hmac alone, ccxt."""

from benchmarks.harness import Comparison, Goal, Row, compare

TURNS = 60
QUICK_TURNS = 10


def parse(quick: bool) -> list[Row]:
    """Compare how documented messages are read."""
    goal = Goal(4, 5)
    return [
        _row("parse: execution report", "parse_report", goal, quick),
        _row("parse: ticker", "parse_ticker", goal, quick),
        _row("parse: 900 pairs", "parse_pairs", goal, quick),
    ]


def sign(quick: bool) -> list[Row]:
    """Compare how a request is serialised and signed."""
    return [_row("sign", "sign", Goal(2), quick)]


def _row(name: str, function: str, goal: Goal, quick: bool) -> Row:
    """Compare what the three sides call by the same name."""
    return compare(
        Comparison(
            name,
            ours=f"benchmarks.ours:{function}",
            floor=f"benchmarks.floor:{function}",
            peer=f"benchmarks.peer:{function}",
            goal=goal,
        ),
        QUICK_TURNS if quick else TURNS,
    )
