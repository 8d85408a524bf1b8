"""Balances, fees and sub-accounts."""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from sys import intern
from typing import Any

from custom_components.cexio.exchange.budget import Priority
from custom_components.cexio.exchange.models.account import (
    AccountStatus,
    FeeStrategy,
    Volume,
)
from custom_components.cexio.exchange.models.fields import (
    Wire,
    decimal,
    mapping,
    readable,
    text,
)

from .base import Channel, given


class AccountMethods(Channel):
    """Private methods about the client's accounts."""

    async def get_my_current_fee(
        self,
        pairs: Iterable[str] | None = None,
        *,
        priority: Priority = Priority.INTERACTIVE,
    ) -> dict[str, Decimal]:
        """Return the trading fees in force, in percent by pair (rest.md 4.B.1). 5 points, Read.

        Args:
            pairs: Names such as "BTC-USD", None = all.
            priority: Who goes first when points are short.

        Raises:
            CexioError: As every private read: AuthenticationError, PermissionDeniedError,
                RateLimitError, MaintenanceError, TransportError, UnexpectedAnswerError.
        """
        data = given(pairs=None if pairs is None else list(pairs))
        return await self._ask("get_my_current_fee", data, _fees, priority)

    async def get_fee_strategy(
        self, *, priority: Priority = Priority.INTERACTIVE
    ) -> FeeStrategy:
        """Return all fees that could apply, in percent (rest.md 4.B.2). 1 point, Read.

        Raises:
            CexioError: As every private read.
        """
        return await self._ask("get_fee_strategy", {}, FeeStrategy.from_wire, priority)

    async def get_my_volume(
        self, *, priority: Priority = Priority.INTERACTIVE
    ) -> Volume:
        """Return what was traded in 30 days, in USD (rest.md 4.B.3). 5 points, Read.

        Raises:
            CexioError: As every private read.
        """
        return await self._ask("get_my_volume", {}, Volume.from_wire, priority)

    async def get_my_account_status_v3(
        self,
        *,
        currencies: Iterable[str] | None = None,
        account_ids: Iterable[str] | None = None,
        priority: Priority = Priority.INTERACTIVE,
    ) -> AccountStatus:
        """Return all balances, total and on hold (rest.md 4.B.5). 5 points, Read.

        Args:
            currencies: Upper-case codes without repeats, None = all.
            account_ids: Without repeats, "" = main, None = all.
            priority: Who goes first when points are short.

        Raises:
            CexioError: As every private read.
        """
        data = given(
            currencies=None if currencies is None else list(currencies),
            accountIds=None if account_ids is None else list(account_ids),
        )
        read = AccountStatus.from_wire
        return await self._ask("get_my_account_status_v3", data, read, priority)

    async def get_my_wallet_balance(
        self, *, priority: Priority = Priority.INTERACTIVE
    ) -> dict[str, Decimal]:
        """Return the CEX.IO Wallet's balances by currency (rest.md 4.B.7). 5 points, Read.

        Raises:
            CexioError: As every private read.
        """
        return await self._ask("get_my_wallet_balance", {}, _wallet, priority)

    async def do_create_account(
        self,
        account_id: str,
        currency: str,
        *,
        priority: Priority = Priority.INTERACTIVE,
    ) -> str:
        """Create a sub-account and return its id; an existing one is fine (rest.md 4.B.4).

        1 point, Read.

        Args:
            account_id: 1 to 255 of A-Z a-z 0-9 _ -.
            currency: What is expected to be deposited first.
            priority: Who goes first when points are short.

        Raises:
            InvalidRequestError: The id has other characters.
            OutcomeUnknownError: It may or may not exist now; repeating is harmless.
            CexioError: As every private request.
        """
        data = {"accountId": account_id, "currency": currency}
        return await self._ask("do_create_account", data, _account_id, priority)


@readable
def _fees(data: Wire) -> dict[str, Decimal]:
    """Read get_my_current_fee: for each of 900 pairs mostly the same, which is kept once."""
    read = lru_cache(maxsize=None, typed=True)(decimal)
    fees = mapping(data["tradingFee"])
    return {intern(pair): read(row["percent"]) for pair, row in fees.items()}


@readable
def _wallet(data: Any) -> dict[str, Decimal]:
    """Read get_my_wallet_balance."""
    return {
        currency: decimal(row["balance"]) for currency, row in mapping(data).items()
    }


@readable
def _account_id(data: Wire) -> str:
    """Read do_create_account."""
    return text(data["accountId"])
