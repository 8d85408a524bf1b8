"""What an order would do, worked out from a book: thin ones, empty ones, odd amounts."""

from decimal import Decimal
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.cexio.exchange import BookLevel, OrderType, Pair, Side
from custom_components.cexio.market import MarketHub, TopOfBook
from custom_components.cexio.preview import OrderRequest, Preview, work_out
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import (
    LIMIT_BUY,
    account_entry,
    act,
    changed,
    set_up,
    switch_trading,
    truth,
)

CONDITIONS = Pair(
    base="BTC",
    quote="USD",
    base_min=Decimal("0.0001"),
    base_max=Decimal(100),
    base_lot_size=Decimal("0.00000001"),
    quote_min=Decimal(1),
    quote_max=Decimal(1_000_000),
    quote_lot_size=Decimal("0.01"),
    base_precision=8,
    quote_precision=2,
    price_precision=1,
    min_price=Decimal(1),
    max_price=Decimal(10_000_000),
)
BOOK = TopOfBook(
    bids=(BookLevel(Decimal(99), Decimal(1)), BookLevel(Decimal(90), Decimal(2))),
    asks=(BookLevel(Decimal(100), Decimal(1)), BookLevel(Decimal(110), Decimal(2))),
)
EMPTY = TopOfBook(bids=(), asks=())


def preview(
    book: TopOfBook, side: Side = Side.BUY, fee: str | None = "0.25", **fields: Any
) -> Preview:
    """Work an order out."""
    order_type = OrderType.LIMIT if "price" in fields else OrderType.MARKET
    numbers: dict[str, Any] = {name: Decimal(value) for name, value in fields.items()}
    request = OrderRequest(
        account_id="trading",
        pair="BTC-USD",
        side=side,
        order_type=order_type,
        **numbers,
    )
    percentage = None if fee is None else Decimal(fee)
    return work_out(request, CONDITIONS, book, percentage, lambda _: Decimal(1000))


@pytest.mark.parametrize(
    ("book", "fields", "base", "cost", "warnings"),
    [
        (BOOK, {"amount": "2"}, "2", "210", {"slippage_high"}),
        (BOOK, {"amount": "1"}, "1", "100", set()),
        (BOOK, {"amount": "5"}, "5", "540", {"book_too_thin", "slippage_high"}),
        (BOOK, {"quote_amount": "155"}, "1.50000000", "155", {"slippage_high"}),
        (
            BOOK,
            {"quote_amount": "999"},
            "3.00000000",
            "999",
            {"book_too_thin", "slippage_high"},
        ),
        (BOOK, {"quote_amount": "50", "price": "40"}, "1.25000000", "50", None),
        (EMPTY, {"amount": "1"}, "1", "0", {"book_too_thin"}),
        (EMPTY, {"quote_amount": "50"}, "0E-8", "50", {"book_too_thin"}),
        (EMPTY, {"amount": "1", "price": "50"}, "1", "50", set()),
    ],
)
def test_amounts(
    book: TopOfBook,
    fields: dict[str, Any],
    base: str,
    cost: str,
    warnings: set[str] | None,
) -> None:
    """The book is walked level by level, and what it does not hold is warned of."""
    found = preview(book, **fields)
    assert found.base_amount == Decimal(base)
    assert found.cost == Decimal(cost)
    if warnings is not None:
        assert set(found.warnings) == warnings


def test_without_a_fee() -> None:
    """A fee that is not known is said so, and not taken for none."""
    found = preview(BOOK, Side.SELL, None, amount="1")
    assert found.fee is None
    assert found.total == 99
    assert "fee_unknown" in found.warnings
    assert found.balance_after == {"BTC": 999, "USD": 1099}


@pytest.mark.parametrize(
    ("options", "fields", "key"),
    [
        (
            {"largest_order_value": "1000000"},
            {"order_type": "market"},
            "order_too_large",
        ),
        (
            {"largest_day_value": "1000000"},
            {"order_type": "market"},
            "day_limit_reached",
        ),
        (
            {"largest_distance": "50"},
            {"order_type": "limit", "price": "59000"},
            "price_too_far",
        ),
    ],
)
async def test_guard_rails_without_a_market(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    options: dict[str, str],
    fields: dict[str, Any],
    key: str,
) -> None:
    """What cannot be told is never taken for small."""
    await set_up(hass, account_entry(exchange, **options))
    await switch_trading(hass)
    order: dict[str, Any] = {"pair": "BTC-USD", "side": "sell", "amount": "0.01"}
    with (
        patch.object(MarketHub, "async_book", return_value=EMPTY),
        pytest.raises(ServiceValidationError) as raised,
    ):
        await act(hass, "place_order", **order, **fields)
    assert raised.value.translation_key == key
    assert "?" in str(raised.value)
    assert (await truth(exchange))["orders"] == []


async def test_preview_of_a_limit_order(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A preview says cost, fee and balances to the last digit."""
    await switch_trading(hass)
    preview = (await act(hass, "preview_order", **LIMIT_BUY))["preview"]
    assert preview["cost"] == "590.00"
    percentage = Decimal(preview["fee_percentage"])
    fee = Decimal(590) * percentage / 100
    assert Decimal(preview["fee"]) == fee
    assert Decimal(preview["total"]) == 590 + fee
    assert preview["fee_currency"] == preview["quote_currency"] == "USD"
    assert Decimal(preview["balance_before"]["USD"]) == 50000
    assert Decimal(preview["balance_after"]["USD"]) == 50000 - 590 - fee
    assert Decimal(preview["balance_after"]["BTC"]) == Decimal("1.51")
    assert Decimal(preview["market_price"]) == 60006
    assert preview["distance_percentage"] == "-1.6765"
    assert preview["warnings"] == []
    assert preview["time_in_force"] == "gtc"
    assert preview["account_id"] == "trading"


async def test_warnings_of_a_preview(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A preview warns of prices that are probably mistyped and of thin books."""
    await switch_trading(hass)
    crossing = await act(hass, "preview_order", **changed(price="66000"))
    assert [item["key"] for item in crossing["preview"]["warnings"]] == [
        "crosses_market",
        "price_far_from_market",
    ]
    stop = await act(
        hass,
        "preview_order",
        **changed(order_type="stop_limit", stop_price="59000"),
    )
    assert [item["key"] for item in stop["preview"]["warnings"]] == [
        "stop_price_passed"
    ]
    market = await act(
        hass,
        "preview_order",
        pair="BTC-USD",
        side="sell",
        order_type="market",
        quote_amount="1000",
    )
    preview = market["preview"]
    assert preview["cost"] == "1000"
    assert Decimal(preview["slippage_percentage"]) >= 0
    assert preview["price"] is None
