"""Average cost: whatever happens, profit is value minus what was put in."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext

from hypothesis import given, strategies as st
import pytest

from custom_components.cexio.average_cost import Book, Holding, Row
from custom_components.cexio.exchange import TransactionType

START = datetime(2026, 1, 1, tzinfo=UTC)
CURRENCIES = ["USD", "EUR", "BTC", "ETH"]
PRICES = {"EUR": Decimal("1.08"), "BTC": Decimal("60000.1"), "ETH": Decimal("2500.07")}

amounts = st.decimals(min_value="0.00000001", max_value="1000000", places=8)
currencies = st.sampled_from(CURRENCIES)


def row(kind: str, amount: Decimal | str, currency: str, number: int, name: str) -> Row:
    """Return a row of the ledger, some minutes after the one before."""
    return Row(
        transaction_id=name,
        time=START + timedelta(minutes=number),
        type=TransactionType(kind),
        amount=Decimal(amount),
        currency=currency,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Return any sequence of deposits, withdrawals, trades, fees and transfers."""
    rows: list[Row] = []
    for number in range(draw(st.integers(0, 25))):
        kind = draw(
            st.sampled_from(["deposit", "withdraw", "trade", "commission", "transfer"])
        )
        currency, amount = draw(currencies), draw(amounts)
        if kind == "deposit":
            rows.append(row(kind, amount, currency, number, f"deposit_{number}"))
        elif kind == "withdraw":
            rows.append(row(kind, -amount, currency, number, f"withdraw_{number}"))
        elif kind == "commission":
            name = f"commission_{number}"
            rows.append(row(kind, -amount, currency, number, name))
        elif kind == "transfer":
            rows += [
                row("internalTransfer", sign * amount, currency, number, f"t_{number}")
                for sign in (-1, 1)
            ]
        else:
            other = draw(currencies.filter(currency.__ne__))
            fee_currency = draw(currencies)
            name = f"trade_{number}_finalization_"
            rows += [
                row("trade", amount, currency, number, name + currency),
                row("trade", -draw(amounts), other, number, name + other),
                row(
                    "commission",
                    -draw(st.one_of(st.just(Decimal(0)), amounts)),
                    fee_currency,
                    number,
                    f"commission_trade_{number}",
                ),
            ]
    return rows


@given(
    rows=histories(),
    known=st.sets(st.sampled_from(sorted(PRICES))),
    now=st.fixed_dictionaries(
        {name: st.decimals("0.00001", "200000", places=8) for name in CURRENCIES}
    ),
)
def test_profit_is_value_minus_net_invested(
    rows: list[Row], known: set[str], now: dict[str, Decimal]
) -> None:
    """For each asset and any price: realised + unrealised = value - net invested."""
    prices = {name: price for name, price in PRICES.items() if name in known}
    book = Book("USD", lambda currency, _time: prices.get(currency))
    book.apply(rows)
    flowed: dict[str, Decimal] = {}
    for item in rows:
        flowed[item.currency] = flowed.get(item.currency, Decimal()) + item.amount
    for currency, holding in book.holdings.items():
        for number in (
            holding.amount,
            holding.cost,
            holding.realised,
            holding.net_invested,
            holding.unexplained,
        ):
            assert type(number) is Decimal
        assert holding.amount >= 0
        with localcontext(prec=100):
            assert holding.amount == flowed[currency] + holding.unexplained
            assert holding.cost == holding.net_invested + holding.realised
        with localcontext(prec=100):
            value = holding.amount * now[currency]
            unrealised = value - holding.cost
            assert holding.realised + unrealised == value - holding.net_invested
        if not holding.amount:
            assert holding.cost == 0


@given(rows=histories())
def test_trades_bring_nothing_in_from_outside(rows: list[Row]) -> None:
    """What is invested altogether is what came from outside, less what went there."""
    rows = [item for item in rows if "commission_trade" not in item.transaction_id]
    book = Book("USD", lambda currency, _time: PRICES.get(currency))
    before = Decimal()
    events: dict[str, list[Row]] = {}
    for item in rows:
        events.setdefault(item.event, []).append(item)
    for parts in events.values():
        missing = sum(
            (holding.unexplained for holding in book.holdings.values()), Decimal()
        )
        book.apply(parts)
        invested = sum(
            (holding.net_invested for holding in book.holdings.values()), Decimal()
        )
        unexplained = sum(
            (holding.unexplained for holding in book.holdings.values()), Decimal()
        )
        if parts[0].type is TransactionType.TRADE and unexplained == missing:
            assert invested == before
        before = invested


def buy(number: int, amount: str, cost: str, fee: str = "0") -> list[Row]:
    """Return the rows of an order that bought BTC for USD."""
    return [
        row("trade", amount, "BTC", number, f"trade_{number}_finalization_BTC"),
        row("trade", f"-{cost}", "USD", number, f"trade_{number}_finalization_USD"),
        row("commission", f"-{fee}", "USD", number, f"commission_trade_{number}"),
    ]


def sell(number: int, amount: str, gain: str, fee: str = "0") -> list[Row]:
    """Return the rows of an order that sold BTC for USD."""
    return [
        row("trade", f"-{amount}", "BTC", number, f"trade_{number}_finalization_BTC"),
        row("trade", gain, "USD", number, f"trade_{number}_finalization_USD"),
        row("commission", f"-{fee}", "USD", number, f"commission_trade_{number}"),
    ]


def bitcoin(*events: list[Row]) -> Holding:
    """Return what is held of BTC after some events."""
    book = Book("USD", lambda _currency, _time: None)
    book.apply([row("deposit", "1000000", "USD", 0, "deposit_1")])
    for rows in events:
        book.apply(rows)
    dollars = book.holdings["USD"]
    assert dollars.cost == dollars.amount
    assert dollars.realised == 0
    return book.holdings["BTC"]


def test_worked_example() -> None:
    """The example of the documentation."""
    held = bitcoin(
        buy(1, "1", "40000", fee="100"),
        buy(2, "1", "60000", fee="100"),
        sell(3, "0.5", "35000", fee="50"),
    )
    assert held.amount == Decimal("1.5")
    assert held.cost == 75150
    assert held.average == 50100
    assert held.realised == 9900
    assert held.net_invested == 65250


def test_selling_all_leaves_no_cost() -> None:
    """Thirds leave no dust behind."""
    held = bitcoin(
        buy(1, "3", "100"),
        sell(2, "1", "50"),
        sell(3, "1", "50"),
        sell(4, "1", "50"),
    )
    assert [held.amount, held.cost, held.realised] == [0, 0, 50]


def test_deposit_counts_at_its_price_and_withdrawal_at_cost() -> None:
    """Coins from outside cost what they were worth; coins that leave gain nothing."""
    book = Book("USD", lambda _currency, _time: Decimal(50000))
    book.apply([row("deposit", "2", "BTC", 1, "deposit_1")])
    book.apply([row("withdraw", "-1", "BTC", 2, "withdraw_1")])
    held = book.holdings["BTC"]
    assert [held.cost, held.realised, held.net_invested] == [50000, 0, 50000]
    assert book.unpriced == set()


def test_coins_for_coins() -> None:
    """A coin paid with another counts at the price of the moment, for both."""
    book = Book("USD", lambda currency, _time: PRICES[currency])
    book.apply(buy(1, "1", "50000"))
    book.apply(
        [
            row("trade", "10", "ETH", 2, "trade_2_finalization_ETH"),
            row("trade", "-0.5", "BTC", 2, "trade_2_finalization_BTC"),
            row("commission", "-0.001", "BTC", 2, "commission_trade_2"),
        ]
    )
    assert book.holdings["ETH"].cost == Decimal(10) * PRICES["ETH"] or (
        book.holdings["ETH"].cost == Decimal("0.501") * PRICES["BTC"]
    )
    assert book.holdings["BTC"].amount == Decimal("0.499")


@pytest.mark.parametrize("kind", ["deposit", "trade"])
def test_without_a_price(kind: str) -> None:
    """What cannot be valued is named; a swap then carries its cost over."""
    book = Book("USD", lambda _currency, _time: None)
    if kind == "deposit":
        book.apply([row("deposit", "1", "BTC", 1, "deposit_1")])
        assert book.holdings["BTC"].cost == 0
        assert book.unpriced == {"BTC"}
        return
    book.apply(buy(1, "1", "50000"))
    book.apply(
        [
            row("trade", "10", "ETH", 2, "trade_2_finalization_ETH"),
            row("trade", "-0.5", "BTC", 2, "trade_2_finalization_BTC"),
        ]
    )
    assert book.holdings["ETH"].cost == 25000
    assert book.holdings["BTC"].realised == 0
    assert book.unpriced == {"ETH"}


def test_what_was_never_seen_coming() -> None:
    """Selling what the ledger never told of neither gains nor loses."""
    book = Book("USD", lambda _currency, _time: None)
    book.apply(sell(1, "1", "60000", fee="60"))
    held = book.holdings["BTC"]
    assert [held.amount, held.cost, held.realised] == [0, 0, 0]
    assert held.unexplained == 1
