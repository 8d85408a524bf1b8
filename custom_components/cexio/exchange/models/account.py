"""Balances, fees, ledgers and transfers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from .fields import (
    StreamEvent,
    Wire,
    WireEnum,
    account,
    decimal,
    identifier,
    mapping,
    moment,
    optional_decimal,
    optional_moment,
    optional_text,
    readable,
    rows,
    text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What an account holds of a currency; total includes what orders hold.

    account_id is "" for the main account; converted is the total in AccountStatus's currency.
    """

    account_id: str
    currency: str
    total: Decimal
    on_hold: Decimal
    converted: Decimal | None = None

    @property
    def available(self) -> Decimal:
        """What is free to trade."""
        return self.total - self.on_hold

    @classmethod
    @readable
    def from_wire(cls, data: Wire, *, account_id: str, currency: str) -> Self:
        """Read an inner value of get_my_account_status_v3."""
        return cls(
            account_id=account_id,
            currency=currency,
            total=decimal(data["balance"]),
            on_hold=decimal(data["balanceOnHold"]),
            converted=optional_decimal(data.get("balanceInConvertedCurrency")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeBalance:
    """A promotional balance that pays trading fees."""

    promotion: str
    currency: str
    amount: Decimal
    expires: datetime | None

    @classmethod
    @readable
    def from_wire(cls, data: Wire, *, promotion: str, currency: str) -> Self:
        """Read an inner value of tradingFeeBalancesPerAccounts."""
        return cls(
            promotion=promotion,
            currency=currency,
            amount=decimal(data["balance"]),
            expires=optional_moment(data.get("expirationDate")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatus:
    """All balances by account id and currency (rest.md 4.B.5)."""

    converted_currency: str
    balances: Mapping[str, Mapping[str, Balance]]
    fee_balances: tuple[FeeBalance, ...] = ()

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read an answer of get_my_account_status_v3."""
        return cls(
            converted_currency=text(data["convertedCurrency"]),
            balances={
                name: {
                    currency: Balance.from_wire(
                        mapping(row), account_id=name, currency=currency
                    )
                    for currency, row in mapping(currencies).items()
                }
                for name, currencies in mapping(data["balancesPerAccounts"]).items()
            },
            fee_balances=tuple(
                FeeBalance.from_wire(
                    mapping(row), promotion=promotion, currency=currency
                )
                for promotion, currencies in mapping(
                    data.get("tradingFeeBalancesPerAccounts") or {}
                ).items()
                for currency, row in mapping(currencies).items()
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUpdate(StreamEvent):
    """A balance after something happened (websocket.md 4.5): a snapshot, never an amount.

    operation_id is the order's id for the action "order".
    """

    account_id: str
    currency: str
    available: Decimal
    on_hold: Decimal
    timestamp: datetime
    action: str
    operation_id: str
    possible_resend: bool = False

    @property
    def total(self) -> Decimal:
        """What the account holds, including what orders hold."""
        return self.available + self.on_hold

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read an account_update, whose "balance" is the available part."""
        return cls(
            account_id=account(data.get("accountId")),
            currency=text(data["currency"]),
            available=decimal(data["balance"]),
            on_hold=decimal(data["onHoldBalance"]),
            timestamp=moment(data["timestamp"]),
            action=text(data.get("action") or ""),
            operation_id=identifier(data.get("id", "")),
            possible_resend=data.get("possibleResend") is True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What was traded in a period, such as "30d" (rest.md 4.B.3)."""

    period: str
    volume: Decimal
    currency: str

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read an answer of get_my_volume."""
        return cls(
            period=text(data["period"]),
            volume=decimal(data["volume"]),
            currency=text(data["currency"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeStep:
    """A fee in percent that applies up to a 30-day volume in USD."""

    percent: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeTier:
    """A fee schedule for some pairs, which goes before the default one."""

    tier_id: str
    name: str
    description: str
    pairs: tuple[str, ...]
    schedule: tuple[FeeStep, ...]

    @classmethod
    @readable
    def from_wire(cls, data: Wire, *, tier_id: str) -> Self:
        """Read a tier of get_fee_strategy."""
        return cls(
            tier_id=tier_id,
            name=text(data.get("name") or ""),
            description=text(data.get("description") or ""),
            pairs=tuple(text(pair) for pair in rows(data["pairList"])),
            schedule=_schedule(data["schedule"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePlan:
    """A default fee schedule and the tiers that go before it."""

    default: tuple[FeeStep, ...]
    tiers: tuple[FeeTier, ...] = ()

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read one half of get_fee_strategy."""
        return cls(
            default=_schedule(data.get("default") or []),
            tiers=tuple(
                FeeTier.from_wire(mapping(tier), tier_id=tier_id)
                for tier_id, tier in mapping(data.get("perTier") or {}).items()
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeStrategy:
    """The fees that could apply (rest.md 4.B.2); weekend = Saturday and Sunday UTC, goes first."""

    week: FeePlan
    weekend: FeePlan | None

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read an answer of get_fee_strategy."""
        strategy = mapping(data["strategyConfig"])
        weekend = strategy.get("perWeekend")
        return cls(
            week=FeePlan.from_wire(strategy),
            weekend=None if weekend is None else FeePlan.from_wire(mapping(weekend)),
        )


def _schedule(data: Any) -> tuple[FeeStep, ...]:
    """Read a list of {fee, volume}."""
    return tuple(
        FeeStep(percent=decimal(row["fee"]), volume=decimal(row["volume"]))
        for row in rows(data)
    )


class TransactionType(WireEnum):
    """What a row of the ledger is about."""

    TRADE = "trade"
    DEPOSIT = "deposit"
    WITHDRAW = "withdraw"
    INTERNAL_TRANSFER = "internalTransfer"
    COMMISSION = "commission"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A row of the ledger (rest.md 4.B.15); amount is signed, negative = out of the account."""

    transaction_id: str
    timestamp: datetime
    account_id: str
    type: TransactionType
    amount: Decimal
    currency: str
    details: str

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read a row of get_my_transaction_history."""
        return cls(
            transaction_id=identifier(data["transactionId"]),
            timestamp=moment(data["timestamp"]),
            account_id=account(data.get("accountId")),
            type=TransactionType(data["type"]),
            amount=decimal(data["amount"]),
            currency=text(data["currency"]),
            details=str(data.get("details") or ""),
        )


class Direction(WireEnum):
    """Which way money went."""

    DEPOSIT = "deposit"
    WITHDRAW = "withdraw"
    UNKNOWN = "UNKNOWN"


class TransferStatus(WireEnum):
    """The state of a move of money."""

    APPROVED = "approved"
    PENDING = "pending"
    REJECTED = "rejected"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Funding:
    """A deposit or withdrawal (rest.md 4.B.16); amounts are never negative."""

    transaction_id: str
    client_id: str
    account_id: str
    currency: str
    direction: Direction
    amount: Decimal
    commission: Decimal
    status: TransferStatus
    updated: datetime

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read a row of get_my_funding_history."""
        return cls(
            transaction_id=identifier(data["txId"]),
            client_id=text(data.get("clientId") or ""),
            account_id=account(data.get("accountId")),
            currency=text(data["currency"]),
            direction=Direction(data["direction"]),
            amount=decimal(data["amount"]),
            commission=decimal(data["commissionAmount"]),
            status=TransferStatus(data["status"]),
            updated=moment(data["updatedAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositAddress:
    """Where to send a currency from outside (rest.md 4.B.19).

    Ledger coins (XRP, XLM, ATOM) have destination and memo instead of address.
    """

    account_id: str
    currency: str
    blockchain: str
    address: str | None
    destination: str | None
    memo: str | None

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read an answer of get_deposit_address."""
        return cls(
            account_id=text(data["accountId"]),
            currency=text(data["currency"]),
            blockchain=text(data["blockchain"]),
            address=optional_text(data.get("address")),
            destination=optional_text(data.get("destination")),
            memo=optional_text(data.get("memo")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletTransfer:
    """A move between the wallet and a sub-account (rest.md 4.B.20, 4.B.21)."""

    account_id: str
    client_tx_id: str
    currency: str
    status: TransferStatus

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read an answer of do_deposit_funds_from_wallet or do_withdrawal_funds_to_wallet."""
        return cls(
            account_id=text(data["accountId"]),
            client_tx_id=identifier(data["clientTxId"]),
            currency=text(data["currency"]),
            status=TransferStatus(data["status"]),
        )
