"""A book is right or known to be lost (websocket.md 4.6)."""

from decimal import Decimal

from hypothesis import given, strategies as st
import pytest

from custom_components.cexio.exchange import OrderBookKeeper, OrderBookSnapshot
from custom_components.cexio.exchange.models import BookLevel, OrderBookIncrement
from custom_components.cexio.exchange.order_book import Applied


def snapshot(sequence: int | None, *bids: tuple[str, str]) -> OrderBookSnapshot:
    """Return a snapshot of bids."""
    return OrderBookSnapshot.from_wire(
        {"pair": "A-B", "seqId": sequence, "bids": list(bids), "asks": []}
    )


def increment(sequence: int, *bids: tuple[str, str]) -> OrderBookIncrement:
    """Return a change of bids."""
    return OrderBookIncrement.from_wire(
        {
            "pair": "A-B",
            "seqId": sequence,
            "bids": [list(level) for level in bids],
            "asks": [],
        }
    )


def keeper(sequence: int) -> OrderBookKeeper:
    """Return a book that has been through one increment."""
    made = OrderBookKeeper("A-B")
    made.apply_snapshot(
        OrderBookSnapshot.from_wire(
            {
                "pair": "A-B",
                "seqId": sequence - 1,
                "bids": [["10", "1"]],
                "asks": [["11", "1"]],
            }
        )
    )
    assert made.apply_increment(increment(sequence, ("9", "2"))) is Applied.CHANGED
    return made


def bids(made: OrderBookKeeper) -> list[tuple[str, str]]:
    """Return the bids in plain digits."""
    return [
        (format(level.price, "f"), format(level.amount, "f"))
        for level in made.book().bids
    ]


def test_the_next_increment_is_applied() -> None:
    """New amounts replace, any spelling of zero deletes, the order within a frame is no matter."""
    made = keeper(5)
    changes = (("9.0", "0.000000"), ("8", "3"), ("10", "4"))
    assert made.apply_increment(increment(6, *changes)) is Applied.CHANGED
    assert bids(made) == [("10", "4"), ("8", "3")]
    assert made.book().best_bid == 10 and made.book().best_ask == 11


@pytest.mark.parametrize("sequence", [5])
def test_a_duplicate_is_ignored(sequence: int) -> None:
    """Each increment was once seen twice; that is no restart."""
    made = keeper(5)
    assert made.apply_increment(increment(sequence, ("9", "7"))) is Applied.IGNORED
    assert made.synchronised and bids(made)[1] == ("9", "2")


@pytest.mark.parametrize("sequence", [7, 100, 4, 1, -3])
def test_a_gap_or_a_restart_loses_the_book(sequence: int) -> None:
    """Nothing is applied until the next snapshot."""
    made = keeper(5)
    assert made.apply_increment(increment(sequence)) is Applied.LOST
    assert not made.synchronised and made.losses == 1
    assert made.apply_increment(increment(6)) is Applied.IGNORED
    made.apply_snapshot(snapshot(9, ("1", "1"), ("2", "0")))
    assert bids(made) == [("1", "1")]
    assert made.apply_increment(increment(10)) is Applied.CHANGED
    assert made.losses == 1
    assert made.apply_increment(increment(11)) is Applied.CHANGED
    assert made.losses == 0


def test_before_a_snapshot_nothing_is_applied() -> None:
    """There is nothing that could be changed."""
    assert OrderBookKeeper("A-B").apply_increment(increment(1)) is Applied.IGNORED


def test_increments_older_than_a_new_snapshot_are_left_aside() -> None:
    """A few may be under way; many mean that the exchange counts anew."""
    made = keeper(50)
    made.apply_snapshot(snapshot(60))
    for sequence in (58, 59):
        assert made.apply_increment(increment(sequence)) is Applied.IGNORED
    assert made.apply_increment(increment(61)) is Applied.CHANGED
    made.apply_snapshot(snapshot(60))
    results = [made.apply_increment(increment(sequence)) for sequence in range(1, 7)]
    assert results == [Applied.IGNORED] * 2 + [Applied.LOST] + [Applied.IGNORED] * 3
    made.restart()
    made.apply_snapshot(snapshot(60))
    assert made.apply_increment(increment(59)) is Applied.LOST


def test_an_empty_book_has_no_best_prices() -> None:
    """Both sides may be empty; a snapshot over REST has no sequence."""
    made = OrderBookKeeper("A-B")
    made.apply_snapshot(snapshot(None))
    assert (made.book().best_bid, made.book().best_ask, made.book().sequence) == (
        None,
        None,
        0,
    )


@given(
    st.lists(
        st.dictionaries(st.integers(1, 60), st.integers(0, 3), max_size=8), max_size=30
    )
)
def test_a_kept_book_equals_its_replay(changes: list[dict[int, int]]) -> None:
    """However it changes, it shows the best 20 of what a plain replay gives, and knows the best at any time."""
    made = OrderBookKeeper("A-B")
    made.apply_snapshot(snapshot(0))
    plain: dict[int, int] = {}
    for sequence, change in enumerate(changes, 1):
        plain |= change
        levels = tuple((str(price), str(amount)) for price, amount in change.items())
        made.apply_increment(increment(sequence, *levels))
        there = [price for price, amount in plain.items() if amount]
        assert made.best_prices().bid == max(there, default=None)
    best = sorted(((p, a) for p, a in plain.items() if a), reverse=True)[:20]
    assert made.book().bids == tuple(BookLevel(Decimal(p), Decimal(a)) for p, a in best)
