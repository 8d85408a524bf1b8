"""How orders and alerts are written; everything else is refused with a reason."""

from dataclasses import dataclass
from decimal import Decimal
import re

from telegram_bot.commands.base import UsageError

CONDITIONS = {
    ">": "above",
    "<": "below",
    "above": "above",
    "below": "below",
    "crosses": "crosses",
    "x": "crosses",
}


@dataclass(frozen=True, slots=True)
class WrittenOrder:
    """An order as it was typed; the pair is not looked up yet."""

    amount: str
    currency: str | None
    pair: str
    price: str | None

    def fields(self, side: str, pair: str) -> dict[str, str]:
        """Return the fields of the action.

        Args:
            side: "buy" or "sell".
            pair: the pair's real name, such as "BTC-USD".

        Raises:
            UsageError: the amount is in a currency that does not fit.
        """
        base, _, quote = pair.partition("-")
        fields = {
            "pair": pair,
            "side": side,
            "order_type": "market" if self.price is None else "limit",
        }
        if self.price is not None:
            fields["price"] = self.price
        if self.currency in (None, base):
            return fields | {"amount": self.amount}
        if self.currency != quote:
            raise UsageError(
                f"An amount for {pair} is in {base} or {quote}, not in {self.currency}."
            )
        if self.price is not None:
            raise UsageError(
                f"An amount in {quote} works with market orders only; write the amount in {base}."
            )
        return fields | {"quote_amount": self.amount}


def decimal(word: str, what: str) -> str:
    """Return plain digits of a positive number.

    Raises:
        UsageError: it is something else.
    """
    if re.fullmatch(r"[\d.,' ]*,[\d.,' ]*", word):
        dotted = word.replace(",", ".")
        hint = f": {dotted}" if re.fullmatch(r"\d+\.\d+", dotted) else ""
        raise UsageError(
            f"Write the {what} with a decimal point and without separators{hint}."
        )
    if not re.fullmatch(r"(\d{1,20}(\.\d{0,20})?|\.\d{1,20})", word, re.ASCII):
        raise UsageError(
            f"“{word}” is not {'an' if what[0] in 'aeiou' else 'a'} {what}; write plain digits."
        )
    value = Decimal(word)
    if value == 0:
        raise UsageError(f"The {what} must be more than zero.")
    return format(value, "f")


def order(words: tuple[str, ...]) -> WrittenOrder:
    """Read what follows /buy or /sell: amount, currency if one likes, pair, then a price or "market".

    Raises:
        UsageError: with what is wrong.
    """
    if not words:
        raise UsageError("Say how much, which pair, and a price or the word market.")
    amount = decimal(words[0], "amount")
    rest = list(words[1:])
    currency = None
    # Without a separator it is a currency, unless the price follows at once.
    if len(rest) == 3 and rest[0].isalnum():
        currency = rest.pop(0).upper()
    if not rest:
        raise UsageError("The pair is missing.")
    if len(rest) == 1:
        raise UsageError(
            "The price is missing: give a price for a limit order, or the word market."
        )
    if len(rest) > 2:
        raise UsageError(f"I don't understand “{' '.join(rest[2:])}”.")
    pair, price = rest
    return WrittenOrder(
        amount,
        currency,
        pair,
        None if price.lower() == "market" else decimal(price, "price"),
    )


def alert(words: tuple[str, ...]) -> tuple[str, str, str]:
    """Read what follows /alert: a pair, a condition, a price.

    Raises:
        UsageError: with what is wrong.
    """
    parts = re.sub(r"([<>])", r" \1 ", " ".join(words)).split()
    if len(parts) != 3:
        raise UsageError("Say a pair, then >, < or crosses, then a price.")
    pair, condition, price = parts
    if condition.lower() not in CONDITIONS:
        raise UsageError(
            f"I don't know the condition “{condition}”; write >, < or crosses."
        )
    return pair, CONDITIONS[condition.lower()], decimal(price, "price")
