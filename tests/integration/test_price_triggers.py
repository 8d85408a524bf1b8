"""The triggers of prices: crossed, moved, and the window that they look at."""

from decimal import Decimal
from typing import Any

from homeassistant.core import HomeAssistant
from hypothesis import given, strategies as st
import pytest

from custom_components.cexio.price_moves import Direction, PriceWindow
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import (
    Automate,
    account_entry,
    control,
    move,
    prices_entry,
    set_up,
    settled,
    turn_automation,
    until,
)


@pytest.mark.parametrize(
    ("direction", "ways"),
    [("either", ["up", "down"]), ("up", ["up"]), ("down", ["down"])],
)
async def test_price_crossed(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
    direction: str,
    ways: list[str],
) -> None:
    """Each crossing counts once; where the price already is does not."""
    await automate("price_crossed", pair="BTC-USD", price="61000", direction=direction)
    for price in ("60500", "61500", "62000", "60000"):
        await move(exchange, entry, price)
    await hass.async_block_till_done()
    assert [item["direction"] for item in fired] == ways
    assert {item["level"] for item in fired} == {"61000"}
    assert {item["pair"] for item in fired} == {"BTC-USD"}


async def test_price_crossed_during_a_reload(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
) -> None:
    """What happened while the entry was away is noticed when it is back."""
    await automate(
        "price_crossed",
        pair="BTC-USD",
        price="61000",
        config_entry_id=entry.entry_id,
    )
    await hass.config_entries.async_unload(entry.entry_id)
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "62000"})
    await hass.config_entries.async_setup(entry.entry_id)
    await settled(entry)
    await until(lambda: fired)
    assert fired[0]["config_entry_id"] == entry.entry_id


async def test_price_of_a_pair_that_is_no_market(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    automate: Automate,
    fired: list[dict[str, Any]],
) -> None:
    """The automation may come first, and follows any pair as long as it is on."""
    await automate("price_crossed", pair="LTC-USDT", price="100000")
    entry = await set_up(hass, prices_entry(exchange))
    other = await set_up(hass, account_entry(exchange))
    followed = entry.runtime_data.markets.markets
    await until(lambda: followed["LTC-USDT"].newest.mid)
    # One entry is enough, as long as it is there.
    assert "LTC-USDT" not in other.runtime_data.markets.markets
    await control(exchange, "market/price", {"pair": "LTC-USDT", "price": "100001"})
    await until(lambda: fired)
    await turn_automation(hass, on=False)
    await until(lambda: "LTC-USDT" not in followed)
    await turn_automation(hass, on=True)
    await hass.config_entries.async_unload(entry.entry_id)
    await until(lambda: "LTC-USDT" in other.runtime_data.markets.markets)


async def test_price_of_a_pair_that_is_not_traded(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    automate: Automate,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A wrong pair is refused, or told in the log once the exchange's list is known."""
    await automate("price_crossed", pair="FOO-USD", price="1")
    assert "FOO-USD" not in caplog.text
    entry = await set_up(hass, prices_entry(exchange))
    assert "An automation waits for FOO-USD, which is not traded" in caplog.text
    assert "FOO-USD" not in entry.runtime_data.markets.markets
    await turn_automation(hass, on=False)


async def test_price_moved(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
) -> None:
    """A move in small steps counts as a whole, and a new one begins where it ended."""
    await automate("price_moved", pair="BTC-USD", percentage=5, within={"minutes": 10})
    for price in ("61000", "62000", "63100", "64000", "59900"):
        await move(exchange, entry, price)
    await hass.async_block_till_done()
    assert [item["direction"] for item in fired] == ["up", "down"]
    assert Decimal(fired[0]["percentage"]) >= 5
    assert Decimal(fired[1]["percentage"]) <= -5


async def test_price_moved_the_other_way(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    automate: Automate,
    fired: list[dict[str, Any]],
) -> None:
    """A direction that is not waited for does not count."""
    await automate(
        "price_moved",
        pair="BTC-USD",
        percentage="1",
        within={"minutes": 10},
        direction="down",
    )
    await move(exchange, entry, "65000")
    await hass.async_block_till_done()
    assert fired == []


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 50), st.integers(90, 110)), min_size=1, max_size=60
    ),
    span=st.integers(1, 100),
)
def test_window_is_what_a_long_list_would_say(
    steps: list[tuple[int, int]], span: int
) -> None:
    """The extremes are those of all prices that were in force within the span."""
    window = PriceWindow(span)
    now = 0
    history: list[tuple[int, int]] = []
    for pause, price in steps:
        now += pause
        window.add(now, Decimal(price))
        history.append((now, price))
        in_force = [
            old
            for index, (_, old) in enumerate(history[:-1])
            if history[index + 1][0] >= now - span
        ]
        for direction, extreme in (
            (Direction.UP, min(in_force, default=None)),
            (Direction.DOWN, max(in_force, default=None)),
        ):
            expected = None
            if extreme is not None:
                change = (price - extreme) * (1 if direction is Direction.UP else -1)
                if change * 100 >= 5 * extreme:
                    expected = Decimal(extreme)
            assert window.move(direction, Decimal(5)) == expected


def test_window_without_a_past() -> None:
    """The first price, and the first after a firing, have nothing to move from."""
    window = PriceWindow(60)
    assert window.move(Direction.UP, Decimal(1)) is None
    window.add(0, Decimal(100))
    assert window.move(Direction.UP, Decimal(1)) is None
    window.add(1, Decimal(110))
    assert window.move(Direction.UP, Decimal(1)) == 100
    window.restart()
    assert window.move(Direction.UP, Decimal(1)) is None
