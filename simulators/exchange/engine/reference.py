"""Reference data: the currencies and pairs that the simulated exchange lists.

Prices are those of a calm imaginary day. Beyond the hand-made pairs `listing` makes as many as asked
for out of well-known tickers, so that a test can carry hundreds of pairs.
"""

from dataclasses import dataclass
from decimal import Decimal

from simulators.exchange.engine.money import floor, unit


@dataclass(frozen=True, slots=True)
class Chain:
    """A blockchain on which a currency moves in and out (rest.md 4.A.8)."""

    name: str
    kind: str
    min_deposit: str
    min_withdrawal: str
    fee: str
    confirmations: int
    # Ledger coins are addressed by destination and memo.
    memo: bool = False


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency (rest.md 4.A.7)."""

    code: str
    name: str
    fiat: bool
    precision: int
    wallet_precision: int | None
    usd: Decimal
    chains: tuple[Chain, ...] = ()

    @property
    def wallet_minimum(self) -> Decimal:
        """Return the least amount that moves between Wallet and Spot Trading."""
        if self.fiat or self.usd <= 1:
            return Decimal(1)
        return max(unit(3), unit(self.precision))


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair with its trading conditions (rest.md 4.A.6)."""

    base: str
    quote: str
    price: Decimal
    price_precision: int
    base_min: Decimal
    base_max: Decimal
    base_lot_size: Decimal
    quote_min: Decimal
    quote_max: Decimal
    quote_lot_size: Decimal
    base_precision: int
    quote_precision: int
    usd: Decimal
    usd_quote: Decimal

    @property
    def name(self) -> str:
        """Return `BASE-QUOTE`."""
        return f"{self.base}-{self.quote}"

    @property
    def min_price(self) -> Decimal:
        """Return the lower end of the price band."""
        return max(
            floor(self.price / 25, self.price_precision), unit(self.price_precision)
        )

    @property
    def max_price(self) -> Decimal:
        """Return the upper end of the price band."""
        return floor(self.price * 4, self.price_precision)


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything that is listed."""

    currencies: dict[str, Currency]
    pairs: dict[str, Pair]


def _chain(
    name: str, kind: str, *numbers: str, confirmations: int = 2, memo: bool = False
) -> Chain:
    """Make a chain from minimum deposit, minimum withdrawal and withdrawal fee."""
    deposit, withdrawal, fee = numbers
    return Chain(name, kind, deposit, withdrawal, fee, confirmations, memo)


_STABLE_CHAINS = (
    _chain("ethereum", "ERC20", "5", "50", "40", confirmations=25),
    _chain("tron", "TRC20", "5", "50", "1", confirmations=21),
)

# code, name, precision, wallet precision, USD value, chains
_COINS: tuple[tuple[str, str, int, int | None, str, tuple[Chain, ...]], ...] = (
    (
        "BTC",
        "Bitcoin",
        8,
        8,
        "60000",
        (_chain("bitcoin", "coin", "0.0001", "0.002", "0.0005"),),
    ),
    (
        "ETH",
        "Ethereum",
        8,
        6,
        "2500",
        (_chain("ethereum", "coin", "0.005", "0.02", "0.003", confirmations=25),),
    ),
    (
        "LTC",
        "Litecoin",
        8,
        8,
        "70",
        (_chain("litecoin", "coin", "0.01", "0.02", "0.001", confirmations=6),),
    ),
    (
        "SHIB",
        "Shiba Inu",
        0,
        0,
        "0.00002",
        (_chain("ethereum", "ERC20", "400000", "1500000", "700000", confirmations=25),),
    ),
    ("USDT", "Tether", 8, 6, "1", _STABLE_CHAINS),
    (
        "USDC",
        "USD Coin",
        8,
        6,
        "1",
        (
            *_STABLE_CHAINS,
            _chain("stellar", "coin", "5", "50", "1", confirmations=1, memo=True),
        ),
    ),
    (
        "XRP",
        "Ripple",
        6,
        6,
        "0.6",
        (_chain("ripple", "coin", "0.1", "22", "0.02", confirmations=1, memo=True),),
    ),
    (
        "SOL",
        "Solana",
        8,
        8,
        "150",
        (_chain("solana", "coin", "0.01", "0.1", "0.01", confirmations=1),),
    ),
    (
        "ADA",
        "Cardano",
        6,
        6,
        "0.4",
        (_chain("cardano", "coin", "1", "4", "1", confirmations=15),),
    ),
    (
        "DOGE",
        "Dogecoin",
        8,
        8,
        "0.12",
        (_chain("dogecoin", "coin", "10", "50", "5", confirmations=20),),
    ),
    # Listed without any chain or Wallet move, as the exchange shows for such coins.
    ("ZEC", "Zcash", 8, 8, "30", ()),
    ("LUNC", "Terra Classic", 2, None, "0.0001", ()),
)
_FIATS = (
    ("USD", "US Dollar", "1"),
    ("EUR", "Euro", "1.09"),
    ("GBP", "Pound Sterling", "1.28"),
)

# base, quote, price, decimals of a price
_PAIRS: tuple[tuple[str, str, str, int], ...] = (
    ("BTC", "USD", "60000", 1),
    ("ETH", "USD", "2500", 2),
    ("BTC", "EUR", "55045", 1),
    ("ETH", "BTC", "0.041670", 6),
    ("LTC", "USDT", "70.00", 2),
    ("SHIB", "USD", "0.00002000", 8),
    ("USDT", "USD", "1.0000", 4),
    ("BTC", "USDT", "60000", 1),
    ("ETH", "EUR", "2293.60", 2),
    ("LTC", "USD", "70.00", 2),
    ("XRP", "USD", "0.60000", 5),
    ("SOL", "USD", "150.00", 2),
    ("ADA", "USD", "0.40000", 5),
    ("DOGE", "USD", "0.120000", 6),
)

_TICKERS = (
    "AAVE ALGO APE APT ARB ATOM AVAX AXS BAT BCH BLUR BONK CHZ COMP CRV DASH DOT DYDX EGLD ENJ ENS EOS ETC FIL "
    "FLOW FTM GALA GRT HBAR ICP IMX INJ JASMY KAVA KSM LDO LINK LRC MANA MASK MKR NEAR NEO OMG ONE OP PEPE POL "
    "QNT RNDR RUNE SAND SEI SNX STX SUI SUSHI TIA TON TRX UNI VET WIF WLD XLM XTZ YFI ZIL ZRX"
)
_MORE_COINS = _TICKERS.split()
_MORE_QUOTES = ("USD", "EUR", "USDT", "BTC", "GBP")


def listing(pairs: int = len(_PAIRS)) -> Listing:
    """Return what is listed: the hand-made pairs and, beyond them, generated ones up to `pairs`."""
    currencies = {
        code: Currency(code, name, True, 8, 2, Decimal(usd))
        for code, name, usd in _FIATS
    }
    currencies |= {
        code: Currency(code, name, False, precision, wallet, Decimal(usd), chains)
        for code, name, precision, wallet, usd, chains in _COINS
    }
    listed = {
        f"{base}-{quote}": _pair(currencies, base, quote, Decimal(price), decimals)
        for base, quote, price, decimals in _PAIRS
    }
    for number in range(max(0, pairs - len(listed))):
        round_, index = divmod(number, len(_MORE_COINS))
        generation, quote_index = divmod(round_, len(_MORE_QUOTES))
        quote = _MORE_QUOTES[quote_index]
        code = _MORE_COINS[index] + (str(generation + 1) if generation else "")
        usd = Decimal(1 + index * 37 % 90)
        chain = _chain(code.lower(), "coin", "0.1", "1", "0.1")
        currencies.setdefault(
            code, Currency(code, code.title(), False, 8, 8, usd, (chain,))
        )
        decimals = 8 if quote == "BTC" else 4
        price = floor(usd / currencies[quote].usd, decimals)
        listed[f"{code}-{quote}"] = _pair(currencies, code, quote, price, decimals)
    return Listing(currencies, listed)


def _pair(
    currencies: dict[str, Currency],
    base: str,
    quote: str,
    price: Decimal,
    decimals: int,
) -> Pair:
    """Derive trading conditions: orders from about 10 to 1,000,000 USD."""
    base_currency, quote_currency = currencies[base], currencies[quote]
    lot = unit(base_currency.precision)
    # One significant digit is how the exchange rounds its minimums.
    base_min = max(_one_digit(10 / base_currency.usd), lot)
    quote_min = _one_digit(10 / quote_currency.usd)
    return Pair(
        base=base,
        quote=quote,
        price=price,
        price_precision=decimals,
        base_min=base_min,
        base_max=_one_digit(4_000_000 / base_currency.usd),
        base_lot_size=lot,
        quote_min=quote_min,
        quote_max=_one_digit(1_000_000 / quote_currency.usd),
        quote_lot_size=unit(2) if quote_currency.fiat else unit(8),
        base_precision=base_currency.precision,
        quote_precision=quote_currency.precision,
        usd=base_currency.usd,
        usd_quote=quote_currency.usd,
    )


def _one_digit(value: Decimal) -> Decimal:
    """Keep one significant digit, rounded to the nearest."""
    return Decimal(format(Decimal(f"{value:.0e}"), "f"))
