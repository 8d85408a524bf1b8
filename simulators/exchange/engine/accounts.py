"""The client's accounts: creation, balances as events, transfers, wallet moves and the two histories."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from simulators.exchange.engine.events import BalanceChange, Event
from simulators.exchange.engine.ledger import CLIENT, OUTSIDE, WALLET, Ledger
from simulators.exchange.engine.orders import Order, Side

MAIN = ""
MAX_ACCOUNTS = 5
# Commission rows are seen a few milliseconds after the trade rows (rest.md 4.B.15).
COMMISSION_DELAY_MS = 12


class TooManyAccountsError(Exception):
    """The client has as many accounts as allowed."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A row of the transaction history."""

    transaction_id: str
    time: int
    account_id: str
    kind: str
    amount: Decimal
    details: str
    currency: str


@dataclass(frozen=True, slots=True)
class FundingRow:
    """A row of the funding history."""

    number: int
    account_id: str
    currency: str
    direction: str
    amount: Decimal
    status: str
    time: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """A done internal transfer with the events that told of it."""

    number: int
    events: tuple[BalanceChange, ...]


class Accounts:
    """Everything that the client owns."""

    def __init__(
        self, ledger: Ledger, emit: Callable[[Event], None], client_id: str
    ) -> None:
        """Start with the main account alone."""
        self.ledger = ledger
        self.client_id = client_id
        self.ids: list[str] = [MAIN]
        self.history: list[HistoryRow] = []
        self.funding: list[FundingRow] = []
        self.transfers: dict[str, Transfer] = {}
        self.wallet_moves: set[str] = set()
        self._emit = emit
        self._operations = 100_000

    @property
    def operations(self) -> int:
        """Return the number of the last operation."""
        return self._operations

    def restore(self, operations: int) -> None:
        """Go on counting operations after `operations`."""
        self._operations = operations

    def create(self, account_id: str) -> None:
        """Open a sub-account; the same id again changes nothing. Raises TooManyAccountsError."""
        if account_id in self.ids:
            return
        if len(self.ids) >= MAX_ACCOUNTS:
            raise TooManyAccountsError
        self.ids.append(account_id)

    def changed(
        self,
        account_id: str,
        currency: str,
        *,
        time: int,
        action: str,
        operation: int,
        before_reply: bool = False,
    ) -> BalanceChange:
        """Tell of a balance as it is now."""
        account = CLIENT + account_id
        change = BalanceChange(
            account_id,
            currency,
            self.ledger.available(account, currency),
            self.ledger.on_hold(account, currency),
            time,
            action,
            operation,
            before_reply,
        )
        self._emit(change)
        return change

    def fund(self, account: str, currency: str, amount: Decimal, time: int) -> None:
        """Put opening money into a ledger account, without a trace in the histories."""
        self.ledger.move(
            [(OUTSIDE, account, currency, amount)], time=time, reason="opening"
        )

    def transfer(
        self,
        source: str,
        target: str,
        currency: str,
        amount: Decimal,
        *,
        time: int,
        client_tx_id: str | None,
    ) -> int:
        """Move between sub-accounts and return the transaction number.

        A repeated client_tx_id moves nothing: the first number is returned and its events are sent again
        (websocket.md 3.27). Raises OverdrawnError.
        """
        if client_tx_id is not None and (done := self.transfers.get(client_tx_id)):
            for event in done.events:
                self._emit(_again(event))
            return done.number
        self.ledger.move(
            [(CLIENT + source, CLIENT + target, currency, amount)],
            time=time,
            reason="internalTransfer",
        )
        number = self._next_operation()
        for account_id, signed in ((source, -amount), (target, amount)):
            details = (
                f"Internal transfer from '{source}' to '{target}' for {self.client_id}"
            )
            row = HistoryRow(
                f"internal_transfer_{number}_{account_id}",
                time,
                account_id,
                "internalTransfer",
                signed,
                details,
                currency,
            )
            self.history.append(row)
        events = tuple(
            self.changed(
                account_id,
                currency,
                time=time,
                action="internalTransfer",
                operation=self._next_operation(),
                before_reply=account_id == source,
            )
            for account_id in (source, target)
        )
        if client_tx_id is not None:
            self.transfers[client_tx_id] = Transfer(number, events)
        return number

    def deposit(
        self,
        account_id: str,
        currency: str,
        amount: Decimal,
        *,
        time: int,
    ) -> int:
        """Bring money in from the wallet. Raises OverdrawnError."""
        self.ledger.move(
            [(WALLET, CLIENT + account_id, currency, amount)],
            time=time,
            reason="deposit",
        )
        return self._funded(account_id, currency, amount, "deposit", time)

    def receive(
        self, account_id: str, currency: str, amount: Decimal, *, time: int
    ) -> int:
        """Bring money in from outside."""
        self.ledger.move(
            [(OUTSIDE, CLIENT + account_id, currency, amount)],
            time=time,
            reason="deposit",
        )
        return self._funded(account_id, currency, amount, "deposit", time)

    def withdraw(
        self, account_id: str, currency: str, amount: Decimal, *, time: int
    ) -> int:
        """Take money out to the wallet. Raises OverdrawnError."""
        self.ledger.move(
            [(CLIENT + account_id, WALLET, currency, amount)],
            time=time,
            reason="withdraw",
        )
        return self._funded(account_id, currency, amount, "withdraw", time)

    def _funded(
        self, account_id: str, currency: str, amount: Decimal, direction: str, time: int
    ) -> int:
        """Write both histories and tell of the balance."""
        number = self._next_operation()
        if direction == "deposit":
            signed, details = amount, f"Deposit depositId={number} for {self.client_id}"
        else:
            signed, details = (
                -amount,
                f"Withdraw fundingId={number} clientId={self.client_id} walletTxId={number}",
            )
        self.history.append(
            HistoryRow(
                f"{direction}_{number}",
                time,
                account_id,
                direction,
                signed,
                details,
                currency,
            )
        )
        self.funding.append(
            FundingRow(
                number, account_id, currency, direction, amount, "approved", time
            )
        )
        self.changed(
            account_id, currency, time=time, action=direction, operation=number
        )
        return number

    def finalized(self, order: Order, time: int) -> None:
        """Write an order that traded into the transaction history, as the exchange does at its end."""
        sign = 1 if order.side is Side.BUY else -1
        details = f"Finalization Trade orderId='{order.order_id}' for {self.client_id}"
        for currency, amount in (
            (order.pair.base, sign * order.executed_base),
            (order.pair.quote, -sign * order.executed_quote),
        ):
            row_id = f"trade_{order.order_id}_finalization_{currency}"
            self.history.append(
                HistoryRow(
                    row_id, time, order.account_id, "trade", amount, details, currency
                )
            )
        if order.fee:
            details = f"Commission for orderId='{order.order_id}' for {self.client_id}"
            row_id = f"commission_trade_{order.order_id}"
            when = time + COMMISSION_DELAY_MS
            self.history.append(
                HistoryRow(
                    row_id,
                    when,
                    order.account_id,
                    "commission",
                    -order.fee,
                    details,
                    order.pair.quote,
                )
            )

    def _next_operation(self) -> int:
        """Number an operation."""
        self._operations += 1
        return self._operations


def _again(event: BalanceChange) -> BalanceChange:
    """Return the same event, marked as sent before."""
    return BalanceChange(
        event.account_id,
        event.currency,
        event.available,
        event.on_hold,
        event.time,
        event.action,
        event.operation,
        event.before_reply,
        resend=True,
    )
