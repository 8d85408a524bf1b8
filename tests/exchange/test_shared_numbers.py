"""What is the same in many rows is kept once, and nothing is made equal that is not."""

import orjson
import pytest

from custom_components.cexio.exchange.errors import UnexpectedAnswerError
from custom_components.cexio.exchange.methods.account import _fees
from custom_components.cexio.exchange.methods.market import read_pairs
from custom_components.cexio.exchange.models.fields import shared_numbers
from custom_components.cexio.exchange.models.reference import Pair

ROW = {
    "base": "BTC",
    "quote": "USD",
    "baseMin": "0.0002",
    "baseMax": "70",
    "baseLotSize": "0.00000001",
    "quoteMin": "10",
    "quoteMax": "1000000",
    "quoteLotSize": "0.01000000",
    "basePrecision": 8,
    "quotePrecision": 8,
    "pricePrecision": 1,
    "minPrice": "2400.0",
    "maxPrice": "240000.0",
}


def test_rows_share() -> None:
    """Equal texts become one object, names too."""
    exact = shared_numbers()
    rows = orjson.loads(orjson.dumps([ROW, ROW]))
    assert rows[0]["baseMin"] is not rows[1]["baseMin"]
    first, second = (Pair.from_wire(row, exact) for row in rows)
    assert first == second == Pair.from_wire(ROW)
    assert first.base_min is second.base_min
    assert first.base is second.base


def test_places_are_kept() -> None:
    """Numbers that are equal but written otherwise stay as they were written."""
    exact = shared_numbers()
    assert [str(exact(text)) for text in ("0.1", "0.10", "0.1")] == [
        *("0.1", "0.10", "0.1")
    ]


@pytest.mark.parametrize("text", ["", "1e99", "NaN", "x"])
def test_not_a_number(text: str) -> None:
    """What is no number of bearable size spoils its row, each time that it comes."""
    exact = shared_numbers()
    for _ in range(2):
        with pytest.raises(UnexpectedAnswerError):
            Pair.from_wire(ROW | {"baseMin": text}, exact)


@pytest.mark.parametrize("code", [None, 5, True, ["BTC"]])
@pytest.mark.parametrize("name", ["base", "quote"])
def test_not_a_code(name: str, code: object) -> None:
    """A pair is of two texts, whether it comes alone or among others."""
    for read in (Pair.from_wire, read_pairs):
        with pytest.raises(UnexpectedAnswerError):
            read(ROW | {name: code})


def test_fees_share() -> None:
    """Equal fees of different pairs are one object, under the names that the pairs have."""
    rows = {"BTC-USD": {"percent": "0.5"}, "ETH-USD": {"percent": "0.5"}}
    rows["ETH-BTC"] = {"percent": "0.50"}
    fees = _fees(orjson.loads(orjson.dumps({"tradingFee": rows})))
    assert fees["BTC-USD"] is fees["ETH-USD"]
    assert str(fees["ETH-BTC"]) == "0.50"
    assert next(iter(fees)) is Pair.from_wire(ROW).name


@pytest.mark.parametrize("percent", [None, True, "NaN", "", [], {}])
def test_not_a_fee(percent: object) -> None:
    """What is no number is refused, also behind a number that is equal to it."""
    rows = {"ETH-USD": {"percent": 1}, "BTC-USD": {"percent": percent}}
    with pytest.raises(UnexpectedAnswerError):
        _fees({"tradingFee": rows})
