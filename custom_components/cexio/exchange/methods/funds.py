"""Ledgers, transfers and addresses."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NotRequired, TypedDict, Unpack

from custom_components.cexio.exchange.budget import Priority
from custom_components.cexio.exchange.models.account import (
    DepositAddress,
    Direction,
    Funding,
    Transaction,
    TransactionType,
    WalletTransfer,
)
from custom_components.cexio.exchange.models.fields import (
    Wire,
    identifier,
    mapping,
    milliseconds,
    plain,
    readable,
    rows,
)

from .base import Channel, given

LEDGER_PAGE = 100


class WalletMove(TypedDict):
    """What a move between the wallet and a sub-account takes; the amount is above zero."""

    account_id: str
    currency: str
    amount: Decimal
    client_tx_id: str
    priority: NotRequired[Priority]


class FundsMethods(Channel):
    """Private methods about money that moves; only sub-accounts can be named in moves."""

    async def get_my_transaction_history(
        self,
        *,
        account_id: str | None = None,
        kind: TransactionType | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        oldest_first: bool = False,
        page: int | None = None,
        page_size: int | None = None,
        priority: Priority = Priority.INTERACTIVE,
    ) -> list[Transaction]:
        """Return rows of the ledger (rest.md 4.B.15). 5 points, Read.

        Args:
            account_id: "" = main alone, None = all.
            kind: None = all.
            start: At or after.
            end: Before.
            oldest_first: Instead of the newest first.
            page: From 1; needs page_size.
            page_size: At most and by default 100.
            priority: Who goes first when points are short.

        Raises:
            InvalidRequestError: The exchange does not allow the combination.
            CexioError: As every private read.
        """
        data = given(
            accountId=account_id,
            type=kind and kind.value,
            dateFrom=start and milliseconds(start),
            dateTo=end and milliseconds(end),
            sortOrder="ASC" if oldest_first else None,
            pageSize=page_size,
            pageNumber=page,
        )
        return await self._ask(
            "get_my_transaction_history", data, _transactions, priority
        )

    async def iter_my_transaction_history(
        self,
        *,
        account_id: str | None = None,
        kind: TransactionType | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        priority: Priority = Priority.BACKGROUND,
    ) -> AsyncIterator[Transaction]:
        """Go through the ledger, newest first, each row once (rest.md 4.B.15).

        5 points a page, Read. What happens after the call is left out, so that no page shifts.
        Arguments and errors as get_my_transaction_history.
        """
        until = end or self._clock.exchange_now()

        async def turn(page: int) -> list[Transaction]:
            """Fetch one page."""
            return await self.get_my_transaction_history(
                account_id=account_id,
                kind=kind,
                start=start,
                end=until,
                page=page,
                page_size=LEDGER_PAGE,
                priority=priority,
            )

        async for row in _all_pages(turn, lambda row: row.transaction_id):
            yield row

    async def get_my_funding_history(
        self,
        *,
        account_id: str | None = None,
        transaction_id: str | None = None,
        direction: Direction | None = None,
        currency: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        page: int | None = None,
        page_size: int | None = None,
        priority: Priority = Priority.INTERACTIVE,
    ) -> list[Funding]:
        """Return deposits and withdrawals, newest first (rest.md 4.B.16). 5 points, Read.

        Args:
            account_id: "" = main alone, None = all.
            transaction_id: One alone.
            direction: None = both.
            currency: None = all.
            start: At or after.
            end: Before.
            page: From 1; needs page_size.
            page_size: At most and by default 100.
            priority: Who goes first when points are short.

        Raises:
            InvalidRequestError: The exchange does not allow the combination.
            CexioError: As every private read.
        """
        data = given(
            accountId=account_id,
            txId=None if transaction_id is None else int(transaction_id),
            direction=direction and direction.value,
            currency=currency,
            dateFrom=start and milliseconds(start),
            dateTo=end and milliseconds(end),
            pageSize=page_size,
            pageNumber=page,
        )
        return await self._ask("get_my_funding_history", data, _fundings, priority)

    async def iter_my_funding_history(
        self,
        *,
        account_id: str | None = None,
        direction: Direction | None = None,
        currency: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        priority: Priority = Priority.BACKGROUND,
    ) -> AsyncIterator[Funding]:
        """Go through deposits and withdrawals, newest first, each once (rest.md 4.B.16).

        5 points a page, Read. Arguments and errors as get_my_funding_history.
        """
        until = end or self._clock.exchange_now()

        async def turn(page: int) -> list[Funding]:
            """Fetch one page."""
            return await self.get_my_funding_history(
                account_id=account_id,
                direction=direction,
                currency=currency,
                start=start,
                end=until,
                page=page,
                page_size=LEDGER_PAGE,
                priority=priority,
            )

        async for row in _all_pages(turn, lambda row: row.transaction_id):
            yield row

    async def do_my_internal_transfer(
        self,
        *,
        from_account_id: str,
        to_account_id: str,
        currency: str,
        amount: Decimal,
        client_tx_id: str,
        priority: Priority = Priority.INTERACTIVE,
    ) -> str:
        """Move money between two sub-accounts; return the move's id (rest.md 4.B.17).

        1 point, Funds Internal, free. The same client_tx_id moves only once, and answers with the
        first id even for another amount.

        Raises:
            InsufficientFundsError: The balance is too small.
            InvalidRequestError: Same accounts, no such currency, amount not above zero.
            OutcomeUnknownError: It may have been done; repeating with this client_tx_id is safe.
            CexioError: As every private request.
        """
        data = {
            "clientTxId": client_tx_id,
            "fromAccountId": from_account_id,
            "toAccountId": to_account_id,
            "currency": currency,
            "amount": plain(amount),
        }
        return await self._ask(
            "do_my_internal_transfer", data, _transaction_id, priority
        )

    async def get_deposit_address(
        self,
        account_id: str,
        currency: str,
        blockchain: str,
        *,
        priority: Priority = Priority.INTERACTIVE,
    ) -> DepositAddress:
        """Return where to send a currency from outside (rest.md 4.B.19). 5 points, Read.

        Args:
            account_id: A sub-account.
            currency: Upper-case code.
            blockchain: A name of get_processing_info.
            priority: Who goes first when points are short.

        Raises:
            InvalidRequestError: No such currency or blockchain.
            CexioError: As every private read.
        """
        data = {"accountId": account_id, "currency": currency, "blockchain": blockchain}
        return await self._ask(
            "get_deposit_address", data, DepositAddress.from_wire, priority
        )

    async def do_deposit_funds_from_wallet(
        self, **move: Unpack[WalletMove]
    ) -> WalletTransfer:
        """Move money from the wallet to a sub-account (rest.md 4.B.20).

        1 point, Funds Wallet. The same client_tx_id is refused the second time.

        Raises:
            InvalidRequestError: Amount too low, no such currency, client_tx_id used before.
            OutcomeUnknownError: It may have been done.
            CexioError: As every private request.
        """
        return await self._move("do_deposit_funds_from_wallet", **move)

    async def do_withdrawal_funds_to_wallet(
        self, **move: Unpack[WalletMove]
    ) -> WalletTransfer:
        """Move money from a sub-account to the wallet (rest.md 4.B.21).

        Costs, permission and errors as do_deposit_funds_from_wallet.
        """
        return await self._move("do_withdrawal_funds_to_wallet", **move)

    async def _move(self, action: str, **move: Unpack[WalletMove]) -> WalletTransfer:
        """Move money from or to the wallet."""
        data = {
            "clientTxId": move["client_tx_id"],
            "accountId": move["account_id"],
            "currency": move["currency"],
            "amount": plain(move["amount"]),
        }
        priority = move.get("priority", Priority.INTERACTIVE)
        return await self._ask(action, data, WalletTransfer.from_wire, priority)


async def _all_pages[T](
    turn: Callable[[int], Awaitable[list[T]]], key: Callable[[T], str]
) -> AsyncIterator[T]:
    """Go through pages that are counted from 1, leaving out what was on the page before."""
    before: set[str] = set()
    page = 1
    while True:
        found = await turn(page)
        for row in found:
            if key(row) not in before:
                yield row
        if len(found) < LEDGER_PAGE:
            return
        before = {key(row) for row in found}
        page += 1


@readable
def _transactions(data: Any) -> list[Transaction]:
    """Read get_my_transaction_history."""
    return [Transaction.from_wire(mapping(row)) for row in rows(data)]


@readable
def _fundings(data: Any) -> list[Funding]:
    """Read get_my_funding_history."""
    return [Funding.from_wire(mapping(row)) for row in rows(data)]


@readable
def _transaction_id(data: Wire) -> str:
    """Read do_my_internal_transfer."""
    return identifier(data["transactionId"])
