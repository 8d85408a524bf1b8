"""Keeping the exchange in a file, so that a second start goes on where the first ended.

Kept are accounts, balances with their ledger, orders, fills, histories, volume and prices. The tape and the
makers' quotes are not: they are made anew.
"""

from dataclasses import asdict, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from simulators.exchange.engine.accounts import FundingRow, HistoryRow
from simulators.exchange.engine.engine import Engine
from simulators.exchange.engine.ledger import Entry
from simulators.exchange.engine.orders import (
    ExecutionType,
    Order,
    OrderType,
    Side,
    Status,
    TimeInForce,
)
from simulators.exchange.engine.settlement import Fill
from simulators.exchange.venue import Venue

VERSION = 1
_DECIMALS = {
    field.name
    for kind in (Order, Entry, HistoryRow, FundingRow, Fill)
    for field in fields(kind)
    if "Decimal" in str(field.type)
}
_ENUMS = {
    "side": Side,
    "order_type": OrderType,
    "time_in_force": TimeInForce,
    "status": Status,
    "execution_type": ExecutionType,
}


class StateError(Exception):
    """The state file cannot be used."""


def dump(venue: Venue) -> bytes:
    """Return the exchange as JSON."""
    engine = venue.engine
    state = {
        "version": VERSION,
        "accounts": engine.accounts.ids,
        "operations": engine.accounts.operations,
        "last_number": engine.last_number,
        "executions": engine.settlement.executions,
        "transactions": engine.ledger.transactions,
        "entries": [asdict(entry) for entry in engine.ledger.entries],
        "orders": [
            asdict(order) | {"pair": order.pair.name} for order in engine.all_orders()
        ],
        "fills": [asdict(fill) for fill in engine.settlement.fills],
        "history": [asdict(row) for row in engine.accounts.history],
        "funding": [asdict(row) for row in engine.accounts.funding],
        "volume": engine.fees.trades(),
        "prices": venue.market.mids(),
    }
    return orjson.dumps(state, default=_plain)


def _plain(value: object) -> str:
    """Write an amount."""
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(type(value).__name__)


def write(path: Path, content: bytes) -> None:
    """Write the file so that it is whole at every moment."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_bytes(content)
    temporary.replace(path)


def load(venue: Venue, path: Path) -> bool:
    """Fill a fresh exchange from the file; False when there is none. Raises StateError."""
    try:
        state = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return False
    except orjson.JSONDecodeError as err:
        raise StateError(f"{path} is not a state file: {err}") from err
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise StateError(
            f"{path} was written by another version; remove it to start anew"
        )
    _restore(venue, state)
    return True


def _restore(venue: Venue, state: dict[str, Any]) -> None:
    """Put everything back, money first."""
    engine = venue.engine
    for account_id in state["accounts"]:
        engine.accounts.create(account_id)
    engine.accounts.restore(state["operations"])
    engine.last_number = max(engine.last_number, state["last_number"])
    engine.settlement.executions = state["executions"]
    engine.ledger.restore(
        [Entry(**_typed(row)) for row in state["entries"]], state["transactions"]
    )
    engine.settlement.fills.extend(Fill(**_typed(row)) for row in state["fills"])
    engine.accounts.history.extend(
        HistoryRow(**_typed(row)) for row in state["history"]
    )
    engine.accounts.funding.extend(
        FundingRow(**_typed(row)) for row in state["funding"]
    )
    for time, usd in state["volume"]:
        engine.fees.record(time, Decimal(usd))
    for row in state["orders"]:
        _restore_order(engine, row)
    for pair, (anchor, mid) in state["prices"].items():
        venue.market.restore(pair, Decimal(anchor), Decimal(mid))
    engine.drain()


def _restore_order(engine: Engine, row: dict[str, Any]) -> None:
    """Put an order back; one of a pair that is not listed any more is left out."""
    if (pair := engine.listing.pairs.get(row["pair"])) is not None:
        engine.restore(Order(**_typed(row) | {"pair": pair}))


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    """Turn texts back into amounts and enums."""
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    """Turn one field back."""
    if value is None:
        return None
    if name in _DECIMALS:
        return Decimal(value)
    return _ENUMS[name](value) if name in _ENUMS else value
