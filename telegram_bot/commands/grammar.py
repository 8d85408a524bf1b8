"""How orders are written; everything else is refused with a reason."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
import re

from telegram_bot.commands.base import UsageError
from telegram_bot.languages import N_, _

MARKET = "market"
ALL = "all"


@dataclass(frozen=True, slots=True)
class _NumberWords:
    """How a wrong number is refused."""

    not_one: str
    with_separators: str
    is_zero: str


_NUMBERS = {
    "amount": _NumberWords(
        N_("“{word}” is not an amount; write plain digits."),
        N_("Write the amount with a decimal point and without separators"),
        N_("The amount must be more than zero."),
    ),
    "price": _NumberWords(
        N_("“{word}” is not a price; write plain digits."),
        N_("Write the price with a decimal point and without separators"),
        N_("The price must be more than zero."),
    ),
    "percentage": _NumberWords(
        N_("“{word}” is not a percentage; write plain digits."),
        N_("Write the percentage with a decimal point and without separators"),
        N_("The percentage must be more than zero."),
    ),
}
_DURATION = re.compile(
    r"(?=.)(?:(\d{1,4})w)?(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,4})m)?"
)
_PAIR = re.compile(r"[A-Za-z][A-Za-z0-9]*([-/_][A-Za-z0-9]+)?", re.ASCII)
_CURRENCY = re.compile(r"[A-Za-z][A-Za-z0-9]{1,4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Draft:
    """An order as far as it was written; the pair is not looked up yet.

    Attributes:
        amount: plain digits.
        percentage: in place of an amount, how much of what is available.
        currency: in which the amount is; None means the base of the pair.
        price: plain digits, or MARKET.
        stop: the price that makes the order active.
        until: when it ends by itself, as it was written.
        immediate: whether what can't be executed at once is cancelled.
        account: the sub-account.
    """

    amount: str | None = None
    percentage: str | None = None
    currency: str | None = None
    pair: str | None = None
    price: str | None = None
    stop: str | None = None
    until: str | None = None
    immediate: bool = False
    account: str | None = None

    @property
    def has_amount(self) -> bool:
        """Return whether it says how much."""
        return self.amount is not None or self.percentage is not None

    def command(self, side: str) -> str:
        """Return the command that says all this at once."""
        amount = f"{self.percentage}%" if self.percentage else self.amount
        parts = [f"/{side}", amount, self.currency, self.pair, self.price]
        for word, value in (("stop", self.stop), ("until", self.until)):
            parts += [word, value] if value else []
        parts += ["ioc"] if self.immediate else []
        parts += ["on", self.account] if self.account else []
        return " ".join(part for part in parts if part)

    def fields(self, side: str, pair: str, now: float) -> dict[str, str]:
        """Return the fields of the action; without an amount where it is a percentage.

        Args:
            side: "buy" or "sell".
            pair: the pair's real name, such as "BTC-USD".
            now: from when a duration counts, Unix time.

        Raises:
            UsageError: it does not fit together.
        """
        fields = {"pair": pair, "side": side, "order_type": MARKET}
        if self.price != MARKET:
            fields |= {"order_type": "limit", "price": self.price or ""}
        if self.stop:
            fields |= {"order_type": "stop_limit", "stop_price": self.stop}
        if self.until:
            ends = moment(self.until, now)
            fields |= {"time_in_force": "gtd", "expire_time": ends.isoformat()}
        if self.immediate and self.price != MARKET:
            fields["time_in_force"] = "ioc"
        if self.account:
            fields["account_id"] = self.account
        if self.amount is not None:
            fields[self._amount_field(pair)] = self.amount
        return fields

    def _amount_field(self, pair: str) -> str:
        """Return which field the amount is."""
        base, _dash, quote = pair.partition("-")
        if self.currency in (None, base):
            return "amount"
        if self.currency != quote:
            raise UsageError(
                _(
                    "An amount for {pair} is in {base} or {quote}, not in {currency}.",
                    pair=pair,
                    base=base,
                    quote=quote,
                    currency=self.currency,
                )
            )
        if self.price != MARKET:
            raise UsageError(
                _(
                    "An amount in {quote} works with market orders only; write the amount in {base}.",
                    quote=quote,
                    base=base,
                )
            )
        return "quote_amount"


def decimal(word: str, what: str) -> str:
    """Return plain digits of a positive number.

    Args:
        word: as it was typed.
        what: "amount", "price" or "percentage".

    Raises:
        UsageError: it is something else.
    """
    words = _NUMBERS[what]
    if re.fullmatch(r"[\d.,' ]*,[\d.,' ]*", word):
        dotted = word.replace(",", ".")
        hint = f": {dotted}" if re.fullmatch(r"\d+\.\d+", dotted) else ""
        raise UsageError(f"{_(words.with_separators)}{hint}.")
    if not re.fullmatch(r"(\d{1,20}(\.\d{0,20})?|\.\d{1,20})", word, re.ASCII):
        raise UsageError(_(words.not_one, word=word))
    value = Decimal(word)
    if value == 0:
        raise UsageError(_(words.is_zero))
    return format(value, "f")


def moment(text: str, now: float) -> datetime:
    """Return the moment until which an order holds: "2h", "1d12h", "2026-12-01" (its end) or "2026-12-01T18:00", in UTC.

    Raises:
        UsageError: it is something else, or over already.
    """
    begin = datetime.fromtimestamp(now, UTC).replace(microsecond=0)
    if match := _DURATION.fullmatch(text.lower()):
        weeks, days, hours, minutes = (int(part or 0) for part in match.groups())
        ends = begin + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    else:
        try:
            ends = datetime.fromisoformat(text)
        except ValueError:
            raise UsageError(
                _(
                    "“{text}” is no time; write 2h, 1d12h, 2026-12-01 or 2026-12-01T18:00 (UTC).",
                    text=text,
                )
            ) from None
        if len(text) <= len("2026-12-01"):
            ends = datetime.combine(ends, time(23, 59, 59))
        ends = ends.astimezone(UTC) if ends.tzinfo else ends.replace(tzinfo=UTC)
    if ends <= begin:
        raise UsageError(_("“{text}” is over already.", text=text))
    return ends


def order(words: tuple[str, ...], now: float) -> Draft:
    """Read what follows /buy or /sell; whatever is missing can be asked for.

    AMOUNT|all|PERCENT% [CURRENCY] PAIR PRICE|market [stop PRICE] [until TIME] [ioc] [on SUB-ACCOUNT]

    Raises:
        UsageError: with what is wrong.
    """
    left = list(words)
    draft = Draft()
    if left and not _is_pair(left[0]) and not _is_option(left[0]):
        draft = amount(left, draft)
    if left and _is_pair(left[0]):
        draft = replace(draft, pair=left.pop(0))
    if not draft.has_amount and left and not _is_option(left[0], MARKET):
        draft = amount(left, draft)
    return finish(left, draft, now)


def amount(left: list[str], draft: Draft) -> Draft:
    """Take an amount, and its currency, from the words that are left.

    Raises:
        UsageError: there is none.
    """
    word = left.pop(0)
    if left and left[0] == "%":
        word += left.pop(0)
    if word.lower() == ALL:
        draft = replace(draft, percentage="100")
    elif word.endswith("%"):
        draft = replace(draft, percentage=_percentage(word.removesuffix("%")))
    else:
        draft = replace(draft, amount=decimal(word, "amount"))
    if left and _CURRENCY.fullmatch(left[0]) and not _is_option(left[0], MARKET):
        # Before a pair, or last of all; else it is a pair without its separator.
        if len(left) == 1 or _is_pair(left[1]):
            draft = replace(draft, currency=left.pop(0).upper())
    if draft.percentage and draft.currency:
        raise UsageError(
            _("A part of what is available needs no currency; leave it out.")
        )
    return draft


def finish(left: list[str], draft: Draft, now: float) -> Draft:
    """Take the price and what follows it from the words that are left.

    Raises:
        UsageError: with what is wrong.
    """
    if left and not _is_option(left[0]):
        word = left.pop(0)
        is_market = word.lower() == MARKET
        draft = replace(draft, price=MARKET if is_market else decimal(word, "price"))
    while left:
        take = _OPTIONS.get(left[0].lower())
        if take is None:
            raise UsageError(_("I don't understand “{words}”.", words=" ".join(left)))
        name = left.pop(0)
        taken = take(left, draft)
        if taken == draft:
            raise UsageError(_("“{word}” is there twice.", word=name))
        draft = taken
    if draft.until:
        moment(draft.until, now)
    if draft.until and draft.immediate:
        raise UsageError(_("Choose one: until a time, or ioc."))
    if draft.price == MARKET and (draft.stop or draft.until):
        raise UsageError(
            _("A market order is executed at once: it takes no stop and no until.")
        )
    return draft


def _percentage(word: str) -> str:
    """Return how much of what is available is meant."""
    value = decimal(word, "percentage")
    if Decimal(value) > 100:
        raise UsageError(_("More than 100 % is not there."))
    return value


def _is_pair(word: str) -> bool:
    """Return whether a word can be a pair."""
    return _PAIR.fullmatch(word) is not None and not _is_option(word, MARKET, ALL)


def _is_option(word: str, *more: str) -> bool:
    """Return whether a word begins what may follow the price."""
    return word.lower() in _OPTIONS or word.lower() in more


def _value(left: list[str], word: str) -> str:
    """Take what follows an option."""
    if not left:
        raise UsageError(_("Something is missing after “{word}”.", word=word))
    return left.pop(0)


def _stop(left: list[str], draft: Draft) -> Draft:
    """Take the price that makes the order active."""
    return replace(draft, stop=decimal(_value(left, "stop"), "price"))


def _until(left: list[str], draft: Draft) -> Draft:
    """Take when the order ends."""
    return replace(draft, until=_value(left, "until"))


def _immediate(left: list[str], draft: Draft) -> Draft:
    """Take that the order does not rest."""
    return replace(draft, immediate=True)


def _on(left: list[str], draft: Draft) -> Draft:
    """Take the sub-account."""
    return replace(draft, account=_value(left, "on"))


_OPTIONS: dict[str, Callable[[list[str], Draft], Draft]] = {
    "stop": _stop,
    "until": _until,
    "ioc": _immediate,
    "on": _on,
}
