"""What price alerts wait for: each condition alone, without Home Assistant around it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.cexio.alert_conditions import (
    AlertState,
    AlertTerms,
    Condition,
    Finding,
    PriceAlert,
    Tick,
    needed_fields,
    span_words,
    taken_fields,
)
from custom_components.cexio.price_moves import RESOLUTION, Direction, Move, PriceWindow

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def alert_on(condition: str, **terms: Any) -> PriceAlert:
    """Return an alert that has seen nothing."""
    return PriceAlert(
        alert_id="a",
        terms=AlertTerms(pair="BTC-USD", condition=Condition(condition), **terms),
        created="",
    )


def tick(price: str | Decimal, at: float = 0, spread: str = "0.1") -> Tick:
    """Return a price at a time in seconds."""
    return Tick(Decimal(price), Decimal(spread), BEGIN + timedelta(seconds=at), at)


def shown(findings: list[Finding | None]) -> str:
    """Return one letter a tick: nothing, up, down, or wide."""
    return "".join(
        "." if item is None else item.direction.value[0] if item.direction else "w"
        for item in findings
    )


@pytest.mark.parametrize(
    ("condition", "repeat", "prices", "fired"),
    [
        ("above", False, "99 101 99 101", ".u.."),
        ("above", False, "101 99", "u."),
        ("above", True, "99 101 102 99 101", ".u..u"),
        ("above", False, "99 100", ".u"),
        ("below", False, "101 99 101 99", ".d.."),
        ("below", True, "101 99 101 99", ".d.d"),
        ("below", False, "101 100", ".d"),
        ("crosses", False, "101 99 101", ".d."),
        ("crosses", True, "99 101 99 100 100 101 99", ".udu..d"),
    ],
)
def test_levels(condition: str, repeat: bool, prices: str, fired: str) -> None:
    """Each way of the price fires as it should, and no more."""
    alert = alert_on(condition, price=Decimal(100), repeat=repeat)
    findings = [alert.see(tick(price)) for price in prices.split()]
    assert shown(findings) == fired
    assert alert.state.fired == len(fired.replace(".", ""))
    assert alert.is_active is repeat


@pytest.mark.parametrize(
    ("condition", "ticks", "fired"),
    [
        # Armed again within the rest, and still true when it is over.
        ("above", "0:99 1:101 2:99 3:101 60:101 61:101 62:101", ".u...u."),
        # Not true any more when it is over.
        ("above", "0:99 1:101 2:99 3:101 4:99 62:99 63:101", ".u....u"),
        # Never armed again.
        ("above", "0:99 1:101 62:102 130:103", ".u.."),
        ("crosses", "0:99 1:101 2:99 62:99", ".u.d"),
        # There and back again.
        ("crosses", "0:99 1:101 2:99 3:101 62:101", ".u..."),
        # The clock was set back.
        ("above", "100:99 101:101 50:99 51:101", ".u.u"),
    ],
)
def test_cooldown(condition: str, ticks: str, fired: str) -> None:
    """A rest puts off what is still true afterwards, and drops the rest."""
    alert = alert_on(
        condition, price=Decimal(100), repeat=True, cooldown=timedelta(minutes=1)
    )
    pairs = [item.split(":") for item in ticks.split()]
    assert shown([alert.see(tick(p, float(at))) for at, p in pairs]) == fired


@pytest.mark.parametrize(
    ("direction", "ticks", "fired"),
    [
        (None, "0:100 10:103", ".u"),
        (None, "0:100 10:97", ".d"),
        (Direction.UP, "0:100 10:97 20:99.8 30:99.91", "...u"),
        (Direction.DOWN, "0:100 10:104 20:101", "..."),
        (Direction.DOWN, "0:100 10:104 20:100.8", "..d"),
        # Too slow; what it moved from has left the window.
        (None, "0:100 50:102 111:103", "..."),
        # After it fired, the price that fired is where the next move begins.
        (None, "0:100 1:103 2:105 3:106.1 4:106.2", ".u.u."),
        (None, "0:100 1:103 2:100 3:99.9", ".u.d"),
    ],
)
def test_moves(direction: Direction | None, ticks: str, fired: str) -> None:
    """A move counts from the extremes of the window, and begins anew where it fired."""
    alert = alert_on(
        "moves",
        percentage=Decimal(3),
        window=timedelta(minutes=1),
        direction=direction,
        repeat=True,
    )
    pairs = [item.split(":") for item in ticks.split()]
    assert shown([alert.see(tick(p, float(at))) for at, p in pairs]) == fired


def test_a_move_within_the_rest_waits() -> None:
    """What moved while an alert rests is told afterwards if the window still has it."""
    alert = alert_on(
        "moves",
        percentage=Decimal(3),
        window=timedelta(minutes=10),
        repeat=True,
        cooldown=timedelta(minutes=1),
    )
    ticks = [tick("100"), tick("103", 1), tick("107", 2), tick("107", 61)]
    findings = [alert.see(item) for item in ticks]
    assert shown(findings) == ".u.u"
    assert findings[-1] == Finding(Direction.UP, Decimal(103), Decimal("3.88"))


def test_spread() -> None:
    """A wide spread fires once, and again after it was narrow; it has no direction."""
    alert = alert_on("spread_above", percentage=Decimal("0.5"), repeat=True)
    spreads = ("0.4", "0.50001", "0.7", "0.49", "0.5")
    findings = [alert.see(tick("100", spread=item)) for item in spreads]
    assert shown(findings) == ".w..w"
    assert findings[1] == Finding(None, spread_percentage=Decimal("0.5000"))


def test_paused() -> None:
    """A paused alert sees nothing."""
    alert = alert_on("above", price=Decimal(100), enabled=False)
    assert alert.see(tick("101")) is None
    assert alert.state == AlertState()
    assert not alert.is_active


@pytest.mark.parametrize(
    ("condition", "terms", "title"),
    [
        ("above", {"price": Decimal("0.00000012")}, "BTC-USD above 0.00000012"),
        ("crosses", {"price": Decimal(7)}, "BTC-USD crosses 7"),
        (
            "moves",
            {"percentage": Decimal("2.5"), "window": timedelta(minutes=90)},
            "BTC-USD moves 2.5 % within 1 h 30 min",
        ),
        (
            "moves",
            {
                "percentage": Decimal(2),
                "window": timedelta(days=1),
                "direction": Direction.DOWN,
            },
            "BTC-USD moves down 2 % within 24 h",
        ),
        (
            "spread_above",
            {"percentage": Decimal("0.5"), "cooldown": timedelta(seconds=90)},
            "BTC-USD spread above 0.5 %",
        ),
    ],
)
def test_terms(condition: str, terms: dict[str, Any], title: str) -> None:
    """Terms have a name, and come back from where they are kept."""
    alert = alert_on(condition, **terms)
    assert alert.terms.title == title
    assert AlertTerms.from_stored(alert.terms.to_stored()) == alert.terms
    assert needed_fields(alert.terms.condition) <= terms.keys()
    assert terms.keys() - {"cooldown"} <= taken_fields(alert.terms.condition)


def test_states_of_an_earlier_version() -> None:
    """An alert that had fired for the last time before an update stays so."""
    old = {"is_above": True, "fired": 1, "last_fired": BEGIN.isoformat()}
    state = AlertState.from_stored(old)
    assert state.has_fired
    assert AlertState.from_stored(state.to_stored()) == state
    anew = state.begun_anew()
    assert (anew.is_above, anew.has_fired) == (None, False)
    assert (anew.fired, anew.last_fired) == (1, BEGIN)


def test_span_words() -> None:
    """A span is told in the units that it has."""
    assert span_words(timedelta(hours=2, seconds=5)) == "2 h 5 s"


PRICES = st.integers(90, 110).map(Decimal)
GAPS = st.integers(0, 40)


@given(
    st.sampled_from(["above", "below", "crosses"]),
    st.lists(st.tuples(GAPS, PRICES), max_size=60),
    st.booleans(),
    st.none() | st.integers(1, 60).map(lambda value: timedelta(seconds=value)),
)
def test_levels_keep_their_promises(
    condition: str,
    steps: list[tuple[int, Decimal]],
    repeat: bool,
    cooldown: timedelta | None,
) -> None:
    """No alert fires on the wrong side, twice without being armed, or while it rests."""
    level = Decimal(100)
    alert = alert_on(condition, price=level, repeat=repeat, cooldown=cooldown)
    now, fired, sides_since = 0, list[int](), set[bool]()
    for gap, price in steps:
        now += gap
        above = price > level or (price == level and condition != "below")
        sides_since.add(above)
        if (finding := alert.see(tick(price, now))) is None:
            continue
        assert (finding.direction is Direction.UP) == above
        assert condition == "crosses" or above == (condition == "above")
        if fired or condition == "crosses":
            assert sides_since == {True, False}
        if fired and cooldown is not None:
            assert timedelta(seconds=now - fired[-1]) >= cooldown
        fired.append(now)
        sides_since = {above}
    assert len(fired) <= 1 or repeat


def naive_start(
    steps: list[tuple[float, Decimal]], direction: Direction, span: float
) -> Decimal | None:
    """Return from where the last price has moved, by looking at all that were in force."""
    now, last = steps[-1]
    ended = [step for step, _ in steps[1:]]
    seen = [
        price
        for (_, price), end in zip(steps, ended, strict=False)
        if end >= now - span and price != last
    ]
    if not seen:
        return None
    return min(seen) if direction is Direction.UP else max(seen)


def has_moved(
    start: Decimal | None, price: Decimal, direction: Direction, percentage: Decimal
) -> bool:
    """Tell whether a price has moved far enough from another one."""
    if start is None:
        return False
    distance = price - start if direction is Direction.UP else start - price
    return distance * 100 >= percentage * start


@given(
    st.lists(st.tuples(st.floats(0.0001, 30), PRICES), min_size=2, max_size=80),
    st.sampled_from(Direction),
    st.integers(1, 15).map(Decimal),
)
def test_window_is_what_looking_at_all_prices_would_find(
    gaps: list[tuple[float, Decimal]], direction: Direction, percentage: Decimal
) -> None:
    """A window finds each move of the span, and none that took longer."""
    span, now = 60.0, 0.0
    window, steps = PriceWindow(span), list[tuple[float, Decimal]]()
    for gap, price in gaps:
        now += gap
        window.add(now, price)
        steps.append((now, price))
        found = window.move(direction, percentage)
        widest = naive_start(steps, direction, span)
        surest = naive_start(steps, direction, span - 2 * span / RESOLUTION)
        if found is not None:
            assert has_moved(widest, price, direction, percentage)
        else:
            assert not has_moved(surest, price, direction, percentage)


def test_window_is_bounded() -> None:
    """A price that rises a thousand times a second for the whole span takes little."""
    window = PriceWindow(100)
    for number in range(100_000):
        window.add(number / 1000, Decimal(number))
    assert len(window._lows) <= RESOLUTION + 1
    assert window.move(Direction.UP, Decimal(1)) == 0


def test_a_fall_is_negative() -> None:
    """A move tells from where it went, and how far."""
    window = PriceWindow(60)
    window.add(0, Decimal(3))
    window.add(1, Decimal(2))
    assert window.find(Decimal(30), Direction) == Move(
        Direction.DOWN, Decimal(3), Decimal("-33.33")
    )
    assert window.find(Decimal(30), [Direction.UP]) is None
