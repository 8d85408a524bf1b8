"""Moves of funds: between sub-accounts, from and to the wallet, each at most once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
import logging
import sqlite3
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import orjson

from .access import async_check_trader
from .const import DOMAIN
from .coordinator import CexioConfigEntry, CexioRuntimeData
from .database import Database
from .errors import not_kept, refusal
from .exchange import CexioError, OutcomeUnknownError, RestClient
from .representation import canonical

_LOGGER = logging.getLogger(__name__)

_TABLE = """
CREATE TABLE IF NOT EXISTS moves (
    client_tx_id TEXT PRIMARY KEY,
    fields TEXT NOT NULL,
    sent REAL NOT NULL,
    answer TEXT
)
"""


class MoveKind(StrEnum):
    """What a move of funds is."""

    TRANSFER = "transfer"
    DEPOSIT = "deposit_from_wallet"
    WITHDRAWAL = "withdraw_to_wallet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A move of funds; accounts are None where the wallet is that side."""

    kind: MoveKind
    currency: str
    amount: Decimal
    from_account_id: str | None = None
    to_account_id: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the move as actions show it, and as it is recognised again."""
        return {
            "kind": self.kind.value,
            "from_account_id": self.from_account_id,
            "to_account_id": self.to_account_id,
            "currency": self.currency,
            "amount": canonical(self.amount),
        }


class Funds:
    """Moves funds for those who may trade, while trading is switched on.

    What was sent is kept before it is sent: a move whose answer was lost is told as
    unknown, and a repetition with the same client transaction id carries that id to
    the exchange again, which moves nothing twice for it (rest.md 4.B.17, 4.B.20).
    """

    def __init__(self, hass: HomeAssistant, entry: CexioConfigEntry) -> None:
        """Prepare to move funds of an entry."""
        self._hass = hass
        self._entry = entry
        self._moving: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def async_move(
        self, move: Move, context: Context, client_tx_id: str | None
    ) -> dict[str, Any]:
        """Carry a move out, or return what became of it when it was carried out before."""
        account = self._runtime.account
        assert account is not None
        client_tx_id = client_tx_id or f"ha-{uuid4().hex}"
        lock = self._moving.setdefault(client_tx_id, asyncio.Lock())
        async with (
            lock,
            account.desk.audit.async_record(
                move.kind.value, context, move.as_dict()
            ) as record,
        ):
            await async_check_trader(self._hass, self._entry, context)
            self._check(move, account.desk.trading_enabled)
            answer = await self._async_move(move, client_tx_id)
            record.outcome = f"{answer['status']} {client_tx_id}"
            return answer

    async def async_create_sub_account(
        self, account_id: str, currency: str, context: Context
    ) -> str:
        """Create a sub-account; one of this name that exists stays as it is."""
        await async_check_trader(self._hass, self._entry, context)
        runtime = self._runtime
        if currency not in runtime.reference.data.currencies:
            raise refusal("unknown_currency", currency=currency)
        return await runtime.rest.do_create_account(account_id, currency)

    @property
    def _runtime(self) -> CexioRuntimeData:
        """What lives with the entry."""
        return self._entry.runtime_data

    def _check(self, move: Move, trading_enabled: bool) -> None:
        """Refuse what the exchange would refuse, in words that name the field."""
        if not trading_enabled:
            raise refusal("trading_off")
        known = self._runtime.reference.data.currencies.get(move.currency)
        if known is None:
            raise refusal("unknown_currency", currency=move.currency)
        precision = known.precision
        if move.kind is not MoveKind.TRANSFER:
            if known.wallet_precision is None:
                raise refusal("not_in_wallet", currency=move.currency)
            precision = known.wallet_precision
        if move.amount != round(move.amount, precision):
            raise refusal(
                "amount_too_fine",
                amount=canonical(move.amount),
                currency=move.currency,
                decimals=str(precision),
            )
        if move.from_account_id == move.to_account_id:
            raise refusal("same_account", account_id=move.from_account_id or "")

    async def _async_move(self, move: Move, client_tx_id: str) -> dict[str, Any]:
        """Carry a move out, with its client transaction id to itself."""
        database = self._runtime.database
        fields = orjson.dumps(move.as_dict()).decode()
        kept = await _async_read(database, client_tx_id)
        if kept is not None and kept[0] != fields:
            raise refusal("client_transaction_id_used", client_tx_id=client_tx_id)
        if kept is not None and kept[1] is not None:
            answer: dict[str, Any] = orjson.loads(kept[1])
            return answer
        try:
            await _async_keep(database, client_tx_id, fields, None)
        except sqlite3.Error as err:
            # It could not be recognised again: nothing is sent.
            raise not_kept(err) from err
        try:
            outcome = await _async_send(self._runtime.rest, move, client_tx_id)
        except OutcomeUnknownError as err:
            _LOGGER.warning("The answer to the move %s was lost", client_tx_id)
            raise _unknown(client_tx_id, err) from err
        except CexioError as err:
            if kept is not None:
                # The first request may have been carried out; this refusal may say so.
                raise _unknown(client_tx_id, err) from err
            await _async_forget(database, client_tx_id)
            raise
        answer = {**move.as_dict(), "client_transaction_id": client_tx_id, **outcome}
        try:
            await _async_keep(
                database, client_tx_id, fields, orjson.dumps(answer).decode()
            )
        except sqlite3.Error as err:
            # It was carried out; a repetition asks the exchange, which knows its id.
            _LOGGER.warning("What became of a move could not be kept: %s", err)
        return answer


def _unknown(client_tx_id: str, err: CexioError) -> HomeAssistantError:
    """Return what tells that nobody knows yet what became of a move."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="outcome_unknown",
        translation_placeholders={
            "client_transaction_id": client_tx_id,
            "reason": str(err),
        },
    )


async def _async_send(
    rest: RestClient, move: Move, client_tx_id: str
) -> Mapping[str, str | None]:
    """Send a move once and return what the exchange says of it."""
    if move.kind is MoveKind.TRANSFER:
        transaction_id = await rest.do_my_internal_transfer(
            from_account_id=move.from_account_id or "",
            to_account_id=move.to_account_id or "",
            currency=move.currency,
            amount=move.amount,
            client_tx_id=client_tx_id,
        )
        return {"transaction_id": transaction_id, "status": "approved"}
    if move.kind is MoveKind.DEPOSIT:
        send, account_id = rest.do_deposit_funds_from_wallet, move.to_account_id
    else:
        send, account_id = rest.do_withdrawal_funds_to_wallet, move.from_account_id
    transfer = await send(
        account_id=account_id or "",
        currency=move.currency,
        amount=move.amount,
        client_tx_id=client_tx_id,
    )
    return {"transaction_id": None, "status": transfer.status.name.lower()}


async def _async_read(
    database: Database, client_tx_id: str
) -> tuple[str, str | None] | None:
    """Return the fields and the answer of a move that was sent before."""

    def read(connection: sqlite3.Connection) -> tuple[str, str | None] | None:
        connection.execute(_TABLE)
        row: tuple[str, str | None] | None = connection.execute(
            "SELECT fields, answer FROM moves WHERE client_tx_id = ?", (client_tx_id,)
        ).fetchone()
        return row

    return await database.async_run(read)


async def _async_keep(
    database: Database, client_tx_id: str, fields: str, answer: str | None
) -> None:
    """Keep what is about to be sent, or what was answered."""
    sent = dt_util.utcnow().timestamp()
    await database.async_run(
        lambda connection: connection.execute(
            "INSERT INTO moves (client_tx_id, fields, sent, answer) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (client_tx_id) DO UPDATE SET answer = excluded.answer",
            (client_tx_id, fields, sent, answer),
        )
    )


async def _async_forget(database: Database, client_tx_id: str) -> None:
    """Forget a move that surely did not happen; its id is free again."""
    await database.async_run(
        lambda connection: connection.execute(
            "DELETE FROM moves WHERE client_tx_id = ?", (client_tx_id,)
        )
    )
