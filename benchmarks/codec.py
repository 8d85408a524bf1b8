"""Read and sign messages: this project, orjson or hmac alone, ccxt."""

from benchmarks.harness import Comparison, Goal, Row, compare

TURNS = 60
QUICK_TURNS = 10


def parse(quick: bool) -> list[Row]:
    """Compare how documented messages are read."""
    goal = Goal(4, 5)
    return compare(
        [
            _comparison("parse: execution report", "parse_report", goal),
            _comparison("parse: ticker", "parse_ticker", goal),
            _comparison("parse: 900 pairs", "parse_pairs", goal),
        ],
        QUICK_TURNS if quick else TURNS,
    )


def sign(quick: bool) -> list[Row]:
    """Compare how a request is serialised and signed."""
    return compare(
        [_comparison("sign", "sign", Goal(2))], QUICK_TURNS if quick else TURNS
    )


def _comparison(name: str, function: str, goal: Goal) -> Comparison:
    """Compare what the three sides call by the same name."""
    return Comparison(
        name,
        ours=f"benchmarks.ours:{function}",
        floor=f"benchmarks.floor:{function}",
        peer=f"benchmarks.peer:{function}",
        goal=goal,
    )
