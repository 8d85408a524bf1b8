"""Reference data: pairs, currencies, networks."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from sys import intern
from typing import Any, Self

from .fields import (
    FAULTS,
    Exact,
    Numbers,
    Wire,
    boolean,
    bounded,
    decimal,
    mapping,
    number_rows,
    numbers,
    optional_decimal,
    optional_whole,
    readable,
    received,
    shared_numbers,
    text,
    whole,
)

# As the last fields of a pair, which they fill.
_PAIR_NUMBERS = (
    *("baseMin", "baseMax", "baseLotSize", "quoteMin", "quoteMax", "quoteLotSize"),
    *("minPrice", "maxPrice"),
)
_pair_numbers = numbers(decimal, *_PAIR_NUMBERS)
_numbers_of_pairs = number_rows(*_PAIR_NUMBERS)


@received
class Pair:
    """The trading conditions of a pair (rest.md 4.A.6); amounts in base or quote as named."""

    base: str
    quote: str
    base_precision: int
    quote_precision: int
    price_precision: int
    base_min: Decimal
    base_max: Decimal
    base_lot_size: Decimal
    quote_min: Decimal
    quote_max: Decimal
    quote_lot_size: Decimal
    min_price: Decimal
    max_price: Decimal

    @property
    def name(self) -> str:
        """The pair as the exchange writes it, such as "BTC-USD"."""
        return intern(f"{self.base}-{self.quote}")

    @classmethod
    @readable
    def from_wire(cls, data: Wire, exact: Exact = bounded) -> Self:
        """Read a row of get_pairs_info; `exact` may keep what is the same in many rows."""
        return cls.read(data, _pair_numbers(data, exact))

    @classmethod
    def read(cls, data: Wire, numbers: Numbers) -> Self:
        """Read a pair of which the numbers are known."""
        # Spread into the call they would take a list more for each of 900 pairs.
        (
            base_min,
            base_max,
            base_lot_size,
            quote_min,
            quote_max,
            quote_lot_size,
            min_price,
            max_price,
        ) = numbers
        return cls(
            intern(data["base"]),
            intern(data["quote"]),
            whole(data["basePrecision"]),
            whole(data["quotePrecision"]),
            whole(data["pricePrecision"]),
            base_min,
            base_max,
            base_lot_size,
            quote_min,
            quote_max,
            quote_lot_size,
            min_price,
            max_price,
        )

    @classmethod
    def read_all(cls, data: list[Any]) -> list[Self]:
        """Read rows of get_pairs_info, as from_wire() reads each; equal numbers are kept once."""
        exact = shared_numbers()
        try:
            found = _numbers_of_pairs(data, exact)
            return [*map(cls.read, data, found, strict=True)]
        except FAULTS:
            return [cls.from_wire(mapping(row), exact) for row in data]


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """A currency (rest.md 4.A.7); precisions in decimals, wallet_precision None = no moves."""

    code: str
    fiat: bool
    precision: int
    wallet_precision: int | None
    wallet_deposit: bool
    wallet_withdrawal: bool

    @classmethod
    @readable
    def from_wire(cls, data: Wire) -> Self:
        """Read a row of get_currencies_info."""
        return cls(
            code=intern(text(data["currency"])),
            fiat=boolean(data["fiat"]),
            precision=whole(data["precision"]),
            wallet_precision=optional_whole(data.get("walletPrecision")),
            wallet_deposit=boolean(data["walletDeposit"]),
            wallet_withdrawal=boolean(data["walletWithdrawal"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Blockchain:
    """A network of a currency (rest.md 4.A.8); minimums and fee in that currency.

    A deposit below min_deposit is lost; the withdrawal fee is taken out of the amount.
    """

    name: str
    token_type: str
    deposit_enabled: bool
    min_deposit: Decimal | None
    withdrawal_enabled: bool
    min_withdrawal: Decimal | None
    withdrawal_fee: Decimal | None
    withdrawal_fee_percent: Decimal | None
    deposit_confirmations: int | None

    @classmethod
    @readable
    def from_wire(cls, data: Wire, *, name: str) -> Self:
        """Read a blockchain of get_processing_info."""
        return cls(
            name=name,
            token_type=text(data["type"]),
            deposit_enabled=data["deposit"] == "enabled",
            min_deposit=optional_decimal(data.get("minDeposit")),
            withdrawal_enabled=data["withdrawal"] == "enabled",
            min_withdrawal=optional_decimal(data.get("minWithdrawal")),
            withdrawal_fee=optional_decimal(data.get("withdrawalFee")),
            withdrawal_fee_percent=optional_decimal(data.get("withdrawalFeePercent")),
            deposit_confirmations=optional_whole(data.get("depositConfirmations")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingInfo:
    """The networks over which a currency can be moved from and to the outside."""

    currency: str
    name: str
    blockchains: Mapping[str, Blockchain]

    @classmethod
    @readable
    def from_wire(cls, data: Wire, *, currency: str) -> Self:
        """Read a value of get_processing_info."""
        chains = mapping(data["blockchains"])
        return cls(
            currency=currency,
            name=text(data["name"]),
            blockchains={
                name: Blockchain.from_wire(mapping(chain), name=name)
                for name, chain in chains.items()
            },
        )
