"""Keeping the exchange in a file, so that a second start goes on where the first ended.

Kept are accounts, balances with their ledger, orders, fills, histories, volume and prices. The tape and the
makers' quotes are not: they are made anew.
"""

from collections.abc import Callable
from dataclasses import asdict, fields
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from simulators.exchange.engine.accounts import FundingRow, HistoryRow, Transfer
from simulators.exchange.engine.events import BalanceChange
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

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

VERSION = 1
# Types that JSON does not know, written as text.
_TEXTS = (Decimal, Side, OrderType, TimeInForce, Status, ExecutionType)


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
        "wallet_moves": sorted(engine.accounts.wallet_moves),
        "transfers": {
            key: asdict(done) for key, done in engine.accounts.transfers.items()
        },
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
    listing = venue.engine.listing
    currencies = {entry["currency"] for entry in state["entries"]}
    if not currencies <= listing.currencies.keys() or any(
        row["pair"] not in listing.pairs for row in state["orders"]
    ):
        raise StateError(
            f"{path} was written with more pairs; start with --pairs as then, or remove it"
        )
    _restore(venue, state)
    return True


def _restore(venue: Venue, state: dict[str, Any]) -> None:
    """Put everything back, money first."""
    engine, accounts = venue.engine, venue.engine.accounts
    for account_id in state["accounts"]:
        accounts.create(account_id)
    accounts.restore(state["operations"])
    engine.last_number = max(engine.last_number, state["last_number"])
    engine.settlement.executions = state["executions"]
    engine.ledger.restore(_all(Entry, state["entries"]), state["transactions"])
    engine.settlement.fills.extend(_all(Fill, state["fills"]))
    accounts.history.extend(_all(HistoryRow, state["history"]))
    accounts.funding.extend(_all(FundingRow, state["funding"]))
    accounts.wallet_moves.update(state["wallet_moves"])
    for client_tx_id, done in state["transfers"].items():
        events = tuple(_all(BalanceChange, done["events"]))
        accounts.transfers[client_tx_id] = Transfer(done["number"], events)
    for time, usd in state["volume"]:
        engine.fees.record(time, Decimal(usd))
    for row in state["orders"]:
        engine.restore(_one(Order, row | {"pair": engine.listing.pairs[row["pair"]]}))
    for pair, (anchor, mid) in state["prices"].items():
        venue.market.restore(pair, Decimal(anchor), Decimal(mid))
    engine.drain()


def _all[Kind: DataclassInstance](
    kind: type[Kind], rows: list[dict[str, Any]]
) -> list[Kind]:
    """Make objects of rows."""
    return [_one(kind, row) for row in rows]


def _one[Kind: DataclassInstance](kind: type[Kind], row: dict[str, Any]) -> Kind:
    """Make an object of a row, texts turned back into amounts and enums."""
    readers = _readers(kind)
    return kind(
        **{
            name: value
            if value is None or name not in readers
            else readers[name](value)
            for name, value in row.items()
        }
    )


@cache
def _readers(kind: type[DataclassInstance]) -> dict[str, Callable[[str], Any]]:
    """Return what reads the fields that are written as text."""
    return {
        field.name: reader
        for field in fields(kind)
        for reader in _TEXTS
        if field.type in (reader, reader | None)
    }
