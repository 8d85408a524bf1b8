"""What really was, what Home Assistant holds and what the chat shows, in one form that can be compared."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html import unescape
import re
from typing import Any

type Json = Mapping[str, Any]

ZERO = Decimal()


@dataclass(frozen=True, slots=True)
class Fill:
    """An execution, or several of one order told as one."""

    amount: Decimal
    quote_amount: Decimal
    fee: Decimal
    price: Decimal


@dataclass(slots=True)
class Order:
    """An order as the exchange knows it, with its fills in order."""

    order_id: str
    client_order_id: str
    side: str
    status: str
    amount: Decimal | None
    average_price: Decimal | None
    fills: list[Fill] = field(default_factory=list)

    @property
    def words(self) -> str:
        """What every message says of this order and of no other: its amount."""
        return f" {digits(self.amount or ZERO)} BTC "

    @property
    def executed(self) -> Fill:
        """The sum of all fills, at the average price."""
        return Fill(
            sum((fill.amount for fill in self.fills), ZERO),
            sum((fill.quote_amount for fill in self.fills), ZERO),
            sum((fill.fee for fill in self.fills), ZERO),
            self.average_price or ZERO,
        )


@dataclass(frozen=True, slots=True)
class Told:
    """An entry of the feed about an order."""

    entry_id: str
    order_id: str
    event: str
    fill: Fill | None
    executed: Decimal


@dataclass(frozen=True, slots=True)
class Fired:
    """An entry of the feed about a price alert."""

    entry_id: str
    words: str
    price: Decimal


@dataclass(slots=True)
class Card:
    """A message that shows an order."""

    message_id: int
    order_id: str | None
    head: str
    filled: Decimal | None
    spent: Decimal | None
    average: Decimal | None
    fee: Decimal | None
    fills: list[Fill]
    hidden: int
    edited: bool


@dataclass(slots=True)
class ChatView:
    """What a chat shows."""

    texts: dict[int, str] = field(default_factory=dict)
    cards: dict[str, list[Card]] = field(default_factory=lambda: defaultdict(list))
    ends: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    alerts: Counter[str] = field(default_factory=Counter)
    digests: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def digest(self) -> Counter[str]:
        """The lines of all digests."""
        return Counter(line for lines in self.digests for line in lines)

    def digest_fills(self) -> Counter[str]:
        """Count how often digests tell of each fill, without what stands around it."""
        return Counter(
            match[0]
            for lines in self.digests
            for line in lines
            if (match := _DIGEST_FILL.search(line))
        )

    def names(self, order: Order, fills: Sequence[Fill]) -> bool:
        """Tell whether a digest names an order, or shows the last fill that was told of it."""
        last = f" {digits(fills[-1].amount)} BTC at " if fills else None
        return any(
            order.words in line or (last is not None and last in line)
            for line in self.digest
        )


STATUSES = {
    "FILLED": "✅ Filled",
    "CANCELLED": "🚫 Cancelled",
    "REJECTED": "❌ Rejected",
    "EXPIRED": "⌛ Expired",
    "PARTIALLY_FILLED": "🟡 Partly filled",
    "NEW": "🟢 Accepted",
    "PENDING_CANCEL": "⏳ Being cancelled",
}
_NUMBER = r"(\d+(?:\.\d+)?)"
_BULLET = re.compile(
    rf"• {_NUMBER} \w+ at {_NUMBER} = {_NUMBER} \w+(?:, fee {_NUMBER} \w+)?"
)
_DIGEST_FILL = re.compile(r"(?:Bought|Sold) .+ USD, fee [\d.]+ USD")
_FILLED = re.compile(rf"^Filled {_NUMBER} (?:of {_NUMBER} )?\w+.* for {_NUMBER} \w+$")
_LINES = {
    "average": re.compile(rf"^Average price {_NUMBER} "),
    "fee": re.compile(rf"^Fee {_NUMBER} "),
    "hidden": re.compile(r"^… (\d+) earlier fills$"),
    "order": re.compile(r"^Order (\d+)$"),
    "alert": re.compile(r"^Your alert: (.+)$"),
}
_GROUP = re.compile(r"(?<=\d),(?=\d{3})")
MAY_REPEAT = "it may repeat an earlier one"
_DIGEST_HEADS = ("While we were apart", "All at once", "… and on")
# Lines that are the same share one.
_TIMES = re.compile(r"^(\d+) × (.+)$")


def read_truth(truth: Json) -> dict[str, Order]:
    """Read the exchange's books; refused orders without a number are left out."""
    orders: dict[str, Order] = {}
    for row in truth["orders"]:
        if row["orderId"] == "NONE":
            continue
        orders[row["orderId"]] = Order(
            row["orderId"],
            row["clientOrderId"],
            row["side"],
            row["status"],
            _maybe(row["requestedAmountCcy1"]),
            _maybe(row["averagePrice"]),
        )
    for row in truth["fills"]:
        orders[row["order_id"]].fills.append(
            Fill(
                Decimal(row["amount"]),
                Decimal(row["quote_amount"]),
                Decimal(row["fee"]),
                Decimal(row["price"]),
            )
        )
    return orders


def read_feed(entries: Iterable[Json]) -> tuple[list[Told], list[Fired]]:
    """Read the feed."""
    told, fired = [], []
    for entry in entries:
        data = entry["data"]
        if entry["kind"] == "execution":
            fill = data["fill"]
            told.append(
                Told(
                    entry["id"],
                    data["order"]["order_id"] or "",
                    data["event"],
                    fill
                    and Fill(
                        Decimal(fill["amount"]),
                        Decimal(fill["quote_amount"]),
                        Decimal(fill["fee_amount"]),
                        Decimal(fill["price"]),
                    ),
                    Decimal(data["order"]["executed_amount"]),
                )
            )
        elif entry["kind"] == "price_alert":
            alert = data["alert"]
            sign = {"above": ">", "below": "<"}.get(alert["condition"], "crosses")
            words = f"{alert['pair']} {sign} {Decimal(alert['price']).normalize():f}"
            fired.append(Fired(entry["id"], words, Decimal(data["price"])))
    return told, fired


def without_groups(text: str) -> str:
    """Return a text with its numbers in plain digits: the bot groups them as the reader's language does."""
    return _GROUP.sub("", text)


def read_chat(messages: Iterable[Json]) -> ChatView:
    """Read the bot's messages, their numbers in plain digits."""
    view = ChatView()
    for message in messages:
        if message["from"] != "bot":
            continue
        text, number = message["text"], message["message_id"]
        view.texts[number] = text
        lines = text.splitlines()
        if text.startswith(_DIGEST_HEADS):
            view.digests.append(digest_lines(lines))
        elif match := _search("alert", lines):
            view.alerts[match] += 1
        elif (card := _card(number, lines, edited=message["edited"])) is not None:
            if card.order_id is not None:
                view.cards[card.order_id].append(card)
            elif lines[0].startswith(tuple(STATUSES.values())):
                view.ends[lines[0]].append(number)
    return view


def digest_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """Return what the lines of a digest tell, each as often as it tells it."""
    told: list[str] = []
    for line in lines[1:]:
        if match := _TIMES.match(line):
            told += [match[2]] * int(match[1])
        elif line and MAY_REPEAT not in line:
            told.append(line)
    return tuple(told)


def plain_lines(html: str) -> list[str]:
    """Return the lines of a message that was sent as HTML."""
    return unescape(re.sub(r"</?[a-zA-Z][^<>]*>", "", html)).splitlines()


def _card(number: int, lines: list[str], *, edited: bool) -> Card | None:
    """Read a message about an order."""
    if not lines:
        return None
    filled = next(filter(None, map(_FILLED.match, lines)), None)
    bullets = filter(None, map(_BULLET.match, lines))
    hidden = _search("hidden", lines)
    return Card(
        number,
        _search("order", lines),
        lines[0],
        Decimal(filled[1]) if filled else None,
        Decimal(filled[3]) if filled else None,
        _maybe(_search("average", lines)),
        _maybe(_search("fee", lines)),
        [
            Fill(
                Decimal(match[1]),
                Decimal(match[3]),
                Decimal(match[4] or 0),
                Decimal(match[2]),
            )
            for match in bullets
        ],
        int(hidden or 0),
        edited,
    )


def _search(name: str, lines: Iterable[str]) -> str | None:
    """Return what a kind of line holds."""
    for line in lines:
        if match := _LINES[name].match(line):
            return match[1]
    return None


def _maybe(value: str | None) -> Decimal | None:
    """Return a number where there is one."""
    return None if value is None else Decimal(value)


def digits(value: Decimal) -> str:
    """Return a number as the chat shows it."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def digest_line(order: Order, fill: Fill) -> str:
    """Return how a digest tells of a fill."""
    word = "Bought" if order.side == "BUY" else "Sold"
    amount, price, quote, fee = (
        digits(value)
        for value in (fill.amount, fill.price, fill.quote_amount, fill.fee)
    )
    return f"{word} {amount} BTC at {price} = {quote} USD, fee {fee} USD"
