"""The comparison: what was lost, what was doubled, what is told untruly."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape

from tests.resilience.ledger_of_truth import (
    STATUSES,
    Card,
    ChatView,
    Fill,
    Fired,
    Order,
    Told,
    digest_line,
    digest_lines,
    plain_lines,
)

FINAL = {"FILLED": "filled", "CANCELLED": "cancelled", "EXPIRED": "expired"}
# A card may leave out the first fills when it shows so many of the last.
SHOWN_FILLS = 20
# BTC-USD's.
TICK = Decimal("0.1")
QUOTE_UNIT = Decimal("0.00000001")
# Heads of a card whose order never came to be.
NOTHING_DONE = (
    "❌ Not placed",
    "❌ Rejected",
    "⌛ Void",
    "⌛ Expired",
    "🗑 Discarded",
    "❓ Not found",
)
FINDING_OUT = "❓ Sent, but no answer came"


@dataclass(slots=True)
class Verdict:
    """What was found; every finding in words."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    orders_doubled: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    in_doubt: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.orders_doubled or self.untrue)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is wrong, nor still being found out."""
        return self.is_good and not self.unsettled

    def words(self) -> list[str]:
        """Return everything that is wrong, a line each."""
        return [
            f"{name}: {text}"
            for name in ("lost", "doubled", "orders_doubled", "untrue")
            for text in getattr(self, name)
        ]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person did about a question."""

    kind: str
    confirmation_id: str
    message_id: int
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Crossed:
    """An alert and how often the market crossed its level, as far as is certain."""

    words: str
    at_least: int
    at_most: int


def judge_feed(
    verdict: Verdict, orders: Mapping[str, Order], told: Sequence[Told]
) -> None:
    """Compare the fills and ends of the exchange with the feed."""
    for entry_id, count in Counter(entry.entry_id for entry in told).items():
        if count > 1:
            verdict.doubled.append(f"feed: {count} entries {entry_id}")
    by_order: dict[str, list[Told]] = defaultdict(list)
    for entry in told:
        by_order[entry.order_id].append(entry)
        if entry.order_id and entry.order_id not in orders:
            verdict.doubled.append(f"feed: {entry.entry_id} of an order that never was")
    for order in orders.values():
        entries = by_order[order.order_id]
        _judge_fills(verdict, order, entries)
        _judge_end(verdict, order, entries)


def _judge_fills(verdict: Verdict, order: Order, entries: Iterable[Told]) -> None:
    """Compare fills: an entry stands for one fill, or for the sum of several in a row."""
    at = 0
    for entry in entries:
        if entry.fill is None:
            continue
        name = f"feed: order {order.order_id} {entry.entry_id}"
        end, total = at, Fill(Decimal(), Decimal(), Decimal(), Decimal())
        while end < len(order.fills) and total.amount < entry.fill.amount:
            total = _add(total, order.fills[end])
            end += 1
        executed = sum((fill.amount for fill in order.fills[:end]), Decimal())
        if end == at or total.amount != entry.fill.amount or executed != entry.executed:
            verdict.doubled.append(f"{name}: no fills at the exchange make this one")
            continue
        if (total.quote_amount, total.fee) != (
            entry.fill.quote_amount,
            entry.fill.fee,
        ):
            verdict.untrue.append(f"{name}: {entry.fill} should be {total}")
        if end == at + 1 and not _same_price(entry.fill, order.fills[at]):
            verdict.untrue.append(
                f"{name}: price {entry.fill.price} should be {order.fills[at].price}"
            )
        at = end
    verdict.lost.extend(
        f"feed: order {order.order_id} fill {fill.amount} at {fill.price}"
        for fill in order.fills[at:]
    )


def _same_price(told: Fill, true: Fill) -> bool:
    """Compare prices to the last digit.

    No report says the price of a fill. A crumb so small that a tick of price makes no difference to the quote
    amount has several prices that fit; one of them must be told.
    """
    if told.price == true.price:
        return True
    return (
        TICK * true.amount < QUOTE_UNIT
        and abs(told.price * true.amount - true.quote_amount) < QUOTE_UNIT
    )


def _add(total: Fill, fill: Fill) -> Fill:
    """Add a fill to a sum."""
    return Fill(
        total.amount + fill.amount,
        total.quote_amount + fill.quote_amount,
        total.fee + fill.fee,
        fill.price,
    )


def _judge_end(verdict: Verdict, order: Order, entries: Sequence[Told]) -> None:
    """See that the end of an order was told once, and no other end."""
    ends = [entry.event for entry in entries if entry.event in FINAL.values()]
    expected = [FINAL[order.status]] if order.status in FINAL else []
    if not ends and expected:
        verdict.lost.append(f"feed: order {order.order_id} is {order.status}")
    elif len(ends) > len(expected):
        verdict.doubled.append(f"feed: order {order.order_id} ended as {ends}")
    elif ends != expected:
        verdict.untrue.append(
            f"feed: order {order.order_id} ended as {ends}, not {expected}"
        )


def judge_chat(
    verdict: Verdict,
    orders: Mapping[str, Order],
    told: Sequence[Told],
    chat: ChatView,
    asked: Sequence[Asked],
    doubtful: Sequence[str],
) -> None:
    """Compare what the feed told with what the chat shows.

    Args:
        verdict: takes what is found.
        orders: the truth.
        told: the feed, in order.
        chat: the chat.
        asked: the questions that the person saw.
        doubtful: the texts of messages whose delivery was left in doubt.
    """
    _excuse_digests(verdict, chat, doubtful)
    by_order: dict[str, list[Told]] = defaultdict(list)
    for entry in told:
        by_order[entry.order_id].append(entry)
    _judge_digests(verdict, orders, by_order, chat)
    # The question to cancel an order becomes a second card of it.
    cancels = {item.message_id for item in asked if item.kind == "cancel"}
    for order_id, entries in by_order.items():
        if (order := orders.get(order_id)) is None:
            continue
        cards = [
            card
            for card in chat.cards.get(order_id, [])
            if card.message_id not in cancels
        ]
        words = f"Order <code>{order_id}</code>"
        _judge_copies(
            verdict,
            f"card of order {order_id}",
            len(cards),
            sum(words in text for text in doubtful),
        )
        fills = [entry.fill for entry in entries if entry.fill]
        for card in cards[-1:]:
            _judge_card(verdict, order, fills, card)
        if not cards:
            _judge_absent(verdict, order, fills, chat)
        if order.status in FINAL:
            _judge_ring(verdict, order, fills, cards, chat, doubtful)


def _excuse_digests(verdict: Verdict, chat: ChatView, doubtful: Sequence[str]) -> None:
    """Leave out copies of a digest whose delivery was in doubt."""
    doubts = Counter(digest_lines(plain_lines(text)) for text in doubtful)
    for lines, count in Counter(chat.digests).items():
        for _ in range(min(count - 1, doubts[lines])):
            chat.digests.remove(lines)
            verdict.in_doubt.append(f"chat: digest of {len(lines)} lines")


def _judge_digests(
    verdict: Verdict,
    orders: Mapping[str, Order],
    by_order: Mapping[str, Sequence[Told]],
    chat: ChatView,
) -> None:
    """See that no fill is in more than one digest; those of two orders may be alike to the last digit."""
    wanted = Counter(
        digest_line(orders[order_id], entry.fill)
        for order_id, entries in by_order.items()
        for entry in entries
        if order_id in orders and entry.fill
    )
    shown = chat.digest_fills()
    for line, count in wanted.items():
        if shown[line] > count:
            verdict.doubled.append(
                f"chat: {shown[line]} times in digests, not {count}: {line}"
            )


def _judge_absent(
    verdict: Verdict, order: Order, fills: Sequence[Fill], chat: ChatView
) -> None:
    """See that an order without a card, and each of its fills, is in a digest."""
    for fill in fills:
        line = digest_line(order, fill)
        if not chat.digest_fills()[line]:
            verdict.lost.append(f"chat: order {order.order_id}: {line}")
    if not fills and not chat.names(order, fills):
        verdict.lost.append(f"chat: order {order.order_id} is not shown")


def _judge_ring(
    verdict: Verdict,
    order: Order,
    fills: Sequence[Fill],
    cards: Sequence[Card],
    chat: ChatView,
    doubtful: Sequence[str],
) -> None:
    """See that the end of an order was a message of its own: a card that is edited rings nobody."""
    words = order.words
    rings = sum(len(ids) for head, ids in chat.ends.items() if words in head)
    # A card that comes when the order has ended rings itself.
    is_new = any(not card.edited for card in cards)
    if not rings and not is_new and not chat.names(order, fills):
        verdict.lost.append(f"chat: the end of order {order.order_id}")
    doubts = sum(words in text and "Order <code>" not in text for text in doubtful)
    _judge_copies(verdict, f"end of order {order.order_id}", rings, doubts)


def _judge_copies(verdict: Verdict, what: str, shown: int, doubts: int) -> None:
    """See that something is shown once; more only where Telegram left a delivery in doubt."""
    extra = shown - 1
    if extra <= 0:
        return
    excused = min(extra, doubts)
    verdict.in_doubt.extend([f"chat: {what}"] * excused)
    verdict.doubled.extend([f"chat: {what}"] * (extra - excused))


def _judge_card(
    verdict: Verdict, order: Order, fills: Sequence[Fill], card: Card
) -> None:
    """Compare a card with the truth, and its lines with the feed."""
    name = f"chat: card of order {order.order_id}"
    total = order.executed
    if not card.head.startswith(STATUSES.get(order.status, "?")):
        verdict.untrue.append(f"{name} says {card.head!r}, the order is {order.status}")
    shown = (card.filled or 0, card.spent or 0, card.fee or 0)
    if shown != (total.amount, total.quote_amount, total.fee):
        verdict.lost.append(f"{name} shows {shown}, the exchange says {total}")
    if total.amount and card.average != order.average_price:
        verdict.untrue.append(
            f"{name} shows the average {card.average}, not {order.average_price}"
        )
    count = len(card.fills)
    all_told = card.hidden + count == len(fills)
    enough = not card.hidden or count >= SHOWN_FILLS
    if not (all_told and enough and card.fills == list(fills[len(fills) - count :])):
        wrong = verdict.lost if count < len(fills) else verdict.doubled
        wrong.append(
            f"{name} lists {count} of {count + card.hidden} fills, the feed told {len(fills)}"
        )


def judge_orders(
    verdict: Verdict,
    orders: Mapping[str, Order],
    asked: Sequence[Asked],
    chat: ChatView,
) -> None:
    """See that a confirmation made one order at most, and that its card tells what became of it."""
    placed: Counter[str] = Counter(order.client_order_id for order in orders.values())
    status = {order.client_order_id: order for order in orders.values()}
    known = {
        f"tg-{item.confirmation_id}": item for item in asked if item.kind == "order"
    }
    for client_order_id, count in placed.items():
        if count > 1:
            verdict.orders_doubled.append(f"{client_order_id} was placed {count} times")
        question = known.get(client_order_id)
        if client_order_id.startswith("tg-") and not (question and question.confirmed):
            verdict.orders_doubled.append(f"{client_order_id} was never confirmed")
    for client_order_id, question in known.items():
        head = chat.texts.get(question.message_id, "").partition("\n")[0]
        name = f"card of {client_order_id}"
        if (order := status.get(client_order_id)) is not None:
            if not head.startswith(STATUSES.get(order.status, "?")):
                verdict.untrue.append(
                    f"{name} says {head!r}, the order {order.order_id} is {order.status}"
                )
        elif head.endswith("?") and not question.confirmed:
            continue
        elif head.startswith(FINDING_OUT) or head.endswith("?"):
            verdict.unsettled.append(f"{name} still says {head!r}")
        elif not head.startswith(NOTHING_DONE):
            verdict.untrue.append(f"{name} says {head!r}, there is no such order")


def judge_alerts(
    verdict: Verdict,
    crossed: Sequence[Crossed],
    fired: Sequence[Fired],
    chat: ChatView,
    doubtful: Sequence[str],
) -> None:
    """See that each alert fired once per crossing, in the feed and in the chat."""
    in_feed = Counter(item.words for item in fired)
    digested: Counter[str] = Counter()
    for line, count in chat.digest.items():
        digested[line.partition(":")[0]] += count
    for alert in crossed:
        shown = chat.alerts[alert.words] + digested[alert.words]
        for name, count in (("feed", in_feed[alert.words]), ("chat", shown)):
            # The chat must agree with the feed.
            least = alert.at_least if name == "feed" else in_feed[alert.words]
            most = alert.at_most if name == "feed" else in_feed[alert.words]
            if count < least:
                verdict.lost.append(
                    f"{name}: alert {alert.words} fired {count} of {least} times"
                )
            elif count > most and name == "feed":
                verdict.doubled.append(
                    f"feed: alert {alert.words} fired {count} times for {most} crossings"
                )
            elif count > most:
                escaped = escape(alert.words, quote=False)
                _judge_copies(
                    verdict,
                    f"alert {alert.words}",
                    1 + count - most,
                    sum(f"Your alert: {escaped}" in text for text in doubtful),
                )
    known = {alert.words for alert in crossed}
    verdict.doubled.extend(
        f"feed: alert {words} that nobody set"
        for words in in_feed
        if words not in known
    )
