"""The double-entry ledger: money only moves, it never appears; holds lock what orders need.

An account is a name: the client's trading accounts are `client:<accountId>` (`client:` is the main one),
`wallet` is the client's CEX.IO Wallet, `market` is everybody else, `fees` is the venue's income and
`outside` is where opening balances and external deposits come from. Market, fees and outside may be negative.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from simulators.exchange.engine.money import ZERO

CLIENT = "client:"
WALLET = "wallet"
MARKET = "market"
FEES = "fees"
OUTSIDE = "outside"


class OverdrawnError(Exception):
    """Money was to be moved or held that is not there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a movement."""

    transaction: int
    time: int
    account: str
    currency: str
    amount: Decimal
    reason: str


class Ledger:
    """Balances, holds and the entries that explain them."""

    def __init__(self) -> None:
        """Start empty."""
        self.entries: list[Entry] = []
        self.transactions = 0
        self._balances: dict[str, dict[str, Decimal]] = defaultdict(dict)
        self._holds: dict[str, dict[str, Decimal]] = defaultdict(dict)

    def total(self, account: str, currency: str) -> Decimal:
        """Return the whole balance, the part on hold included."""
        return self._balances[account].get(currency, ZERO)

    def on_hold(self, account: str, currency: str) -> Decimal:
        """Return what orders lock."""
        return self._holds[account].get(currency, ZERO)

    def available(self, account: str, currency: str) -> Decimal:
        """Return what is free."""
        return self.total(account, currency) - self.on_hold(account, currency)

    def currencies(self, account: str) -> list[str]:
        """List the currencies that the account ever held."""
        return list(self._balances[account])

    def accounts(self) -> list[str]:
        """List the accounts that ever held something."""
        return list(self._balances)

    def move(
        self, moves: Iterable[tuple[str, str, str, Decimal]], *, time: int, reason: str
    ) -> int:
        """Move (from, to, currency, amount) in one transaction and return its number.

        Raises OverdrawnError, with nothing changed, when a client's account or wallet would end below its holds.
        """
        changes: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for source, target, currency, amount in moves:
            if amount < 0:
                raise ValueError(f"negative movement of {currency}")
            changes[source, currency] -= amount
            changes[target, currency] += amount
        for (account, currency), change in changes.items():
            if (
                change < 0
                and not _may_owe(account)
                and self.available(account, currency) + change < 0
            ):
                raise OverdrawnError(f"{account} lacks {currency}")
        self.transactions += 1
        for (account, currency), change in changes.items():
            if change:
                self._balances[account][currency] = (
                    self.total(account, currency) + change
                )
                self.entries.append(
                    Entry(self.transactions, time, account, currency, change, reason)
                )
        return self.transactions

    def restore(self, entries: list[Entry], transactions: int) -> None:
        """Take back kept entries; balances follow from them."""
        self.transactions = transactions
        for entry in entries:
            self.entries.append(entry)
            self._balances[entry.account][entry.currency] = (
                self.total(entry.account, entry.currency) + entry.amount
            )

    def hold(self, account: str, currency: str, amount: Decimal) -> None:
        """Lock `amount`; raises OverdrawnError when it is not free."""
        if amount > self.available(account, currency):
            raise OverdrawnError(f"{account} lacks {currency}")
        self._holds[account][currency] = self.on_hold(account, currency) + amount

    def release(self, account: str, currency: str, amount: Decimal) -> None:
        """Unlock `amount`; raises ValueError when less is locked."""
        rest = self.on_hold(account, currency) - amount
        if rest < 0:
            raise ValueError(f"{account} holds less {currency}")
        self._holds[account][currency] = rest


def _may_owe(account: str) -> bool:
    """Tell whether the account is not the client's, so that it may be negative."""
    return account in {MARKET, FEES, OUTSIDE}
