"""The verdict itself: it passes what is right, and finds each kind of wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from tests.resilience.doubts import doubtful_texts
from tests.resilience.faults import EARLY, FAULTS
from tests.resilience.ledger_of_truth import (
    Fired,
    Order,
    digest_lines,
    read_chat,
    read_feed,
    read_truth,
)
from tests.resilience.schedule import Part, Style, Tap, Way, make_plan
from tests.resilience.verdict import (
    Asked,
    Crossed,
    Verdict,
    judge_alerts,
    judge_chat,
    judge_feed,
    judge_orders,
)

CARD = """\
✅ Filled: Buy 0.006 BTC at 60000 USD
Filled 0.006 of 0.006 BTC (100 %) for 360 USD
Average price 60000 USD
Fee 0.9 USD
BTC-USD · Limit · good till cancelled · account trading
• 0.002 BTC at 60000 = 120 USD, fee 0.3 USD
• 0.004 BTC at 60000 = 240 USD, fee 0.6 USD
Order 17"""
END = "\n".join(CARD.splitlines()[:4])
ALERT = "📈 ETH-USD is at 2550 USD\nYour alert: ETH-USD > 2525.01"


def bot_says(text: str, number: int, *, edited: bool = False) -> dict[str, Any]:
    """Return a message of the bot's as the chat shows it."""
    return {"from": "bot", "message_id": number, "text": text, "edited": edited}


def entry(
    seq: int, event: str, amount: str | None, executed: str, **fill: str
) -> dict[str, Any]:
    """Return an entry of the feed."""
    price = {"price": "60000"} | fill
    told = None
    if amount is not None:
        quote = Decimal(amount) * 60000
        fee = quote / 400
        told = {
            "amount": amount,
            "quote_amount": f"{quote:f}",
            "fee_amount": f"{fee:f}",
        } | price
    kind = f"fill:17:{executed}" if amount else f"status:17:{event}"
    return {
        "seq": seq,
        "id": kind,
        "kind": "execution",
        "data": {
            "event": event,
            "order": {"order_id": "17", "executed_amount": executed},
            "fill": told,
        },
    }


@dataclass
class Books:
    """Three books that agree, to be spoilt by a test."""

    rows: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "orderId": "17",
                "clientOrderId": "tg-abc",
                "side": "BUY",
                "status": "FILLED",
                "requestedAmountCcy1": "0.00600000",
                "averagePrice": "60000.0",
            }
        ]
    )
    fills: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "order_id": "17",
                "amount": amount,
                "quote_amount": quote,
                "fee": fee,
                "price": "60000.0",
            }
            for amount, quote, fee in (
                ("0.00200000", "120.00", "0.30"),
                ("0.00400000", "240.00", "0.60"),
            )
        ]
    )
    entries: list[dict[str, Any]] = field(
        default_factory=lambda: [
            entry(1, "accepted", None, "0"),
            entry(2, "partially_filled", "0.002", "0.002"),
            entry(3, "filled", "0.004", "0.006"),
        ]
    )
    messages: list[dict[str, Any]] = field(
        default_factory=lambda: [
            bot_says(CARD, 5, edited=True),
            bot_says(END, 6),
            bot_says(ALERT, 7),
        ]
    )
    asked: list[Asked] = field(
        default_factory=lambda: [Asked("order", "abc", 5, confirmed=True)]
    )
    fired: list[Fired] = field(
        default_factory=lambda: [Fired("a:1", "ETH-USD > 2525.01", Decimal(2550))]
    )
    calls: list[Mapping[str, Any]] = field(default_factory=list)

    def judge(self) -> Verdict:
        """Compare them."""
        verdict = Verdict()
        orders = read_truth({"orders": self.rows, "fills": self.fills})
        told, _ = read_feed(self.entries)
        chat = read_chat(self.messages)
        doubtful = doubtful_texts(self.calls, [], 1.0)
        judge_feed(verdict, orders, told)
        judge_chat(verdict, orders, told, chat, self.asked, doubtful)
        judge_orders(verdict, orders, self.asked, chat)
        crossed = [Crossed("ETH-USD > 2525.01", 1, 1)]
        judge_alerts(verdict, crossed, self.fired, chat, doubtful)
        return verdict


def change_text(books: Books, old: str, new: str) -> None:
    """Change what the card says."""
    text = books.messages[0]["text"]
    assert old in text
    books.messages[0]["text"] = text.replace(old, new)


def forget_order(books: Books) -> None:
    """Let the exchange know of no order."""
    books.rows.clear()
    books.fills.clear()


def repeat_order(books: Books) -> None:
    """Let another order be filled in the same way."""
    books.rows.append(books.rows[0] | {"orderId": "18", "clientOrderId": "web-2"})
    books.fills += [fill | {"order_id": "18"} for fill in books.fills]
    for item in list(books.entries):
        data = item["data"]
        order = data["order"] | {"order_id": "18"}
        name = item["id"].replace(":17:", ":18:")
        books.entries.append(item | {"id": name, "data": data | {"order": order}})


SPOILERS: dict[str, tuple[str, Callable[[Books], object]]] = {
    "a fill that the feed never told": ("lost", lambda b: b.entries.pop(1)),
    "the last fill that the feed never told": ("lost", lambda b: b.entries.pop()),
    "a feed that tells nothing": ("lost", lambda b: b.entries.clear()),
    "a fill told twice": (
        "doubled",
        lambda b: b.entries.append(entry(4, "partially_filled", "0.002", "0.008")),
    ),
    "the same entry twice": ("doubled", lambda b: b.entries.append(b.entries[1])),
    "an order that never was": ("doubled", forget_order),
    "a price that is off by a digit": (
        "untrue",
        lambda b: b.entries[1]["data"]["fill"].update(price="60000.1"),
    ),
    "a fee that is off by a digit": (
        "untrue",
        lambda b: b.entries[1]["data"]["fill"].update(fee_amount="0.31"),
    ),
    "an end that was another one": (
        "untrue",
        lambda b: b.rows[0].update(status="CANCELLED"),
    ),
    "a card without a fill": (
        "lost",
        lambda b: change_text(b, "• 0.002 BTC at 60000 = 120 USD, fee 0.3 USD\n", ""),
    ),
    "a card with a fill too many": (
        "doubled",
        lambda b: change_text(b, "Order 17", "• 0.1 BTC at 1 = 0.1 USD\nOrder 17"),
    ),
    "a card with another fee": (
        "lost",
        lambda b: change_text(b, "\nFee 0.9 USD", "\nFee 0.91 USD"),
    ),
    "a card with another average": (
        "untrue",
        lambda b: change_text(b, "price 60000 ", "price 60001 "),
    ),
    "a card with another state": (
        "untrue",
        lambda b: change_text(b, "✅ Filled:", "🟢 Accepted:"),
    ),
    "no card": ("lost", lambda b: b.messages.pop(0)),
    "two cards": ("doubled", lambda b: b.messages.append(bot_says(CARD, 9))),
    "an end that did not ring": ("lost", lambda b: b.messages.pop(1)),
    "an end that rang twice": (
        "doubled",
        lambda b: b.messages.append(bot_says(END, 9)),
    ),
    "a fill twice in digests": (
        "doubled",
        lambda b: b.messages.append(
            bot_says(
                "While we were apart: 2 order messages\n"
                + "✅ Bought 0.004 BTC at 60000 = 240 USD, fee 0.6 USD\n" * 2,
                9,
            )
        ),
    ),
    "two orders for one tap": (
        "orders_doubled",
        lambda b: b.rows.append(b.rows[0] | {"orderId": "18", "status": "NEW"}),
    ),
    "an order without a tap": (
        "orders_doubled",
        lambda b: b.asked.__setitem__(0, replace(b.asked[0], confirmed=False)),
    ),
    "an order of an unknown question": ("orders_doubled", lambda b: b.asked.clear()),
    "an alert that never fired": ("lost", lambda b: b.fired.clear()),
    "an alert that fired twice": (
        "doubled",
        lambda b: b.fired.append(replace(b.fired[0], entry_id="a:2")),
    ),
    "an alert that the chat never showed": ("lost", lambda b: b.messages.pop()),
    "an alert that the chat showed twice": (
        "doubled",
        lambda b: b.messages.append(bot_says(ALERT, 9)),
    ),
    "an alert that nobody set": (
        "doubled",
        lambda b: b.fired.append(Fired("b:1", "BTC-USD > 1", Decimal(2))),
    ),
}


def test_books_that_agree_pass() -> None:
    """Nothing is wrong with what is right."""
    verdict = Books().judge()
    assert verdict.is_settled, verdict
    assert not verdict.in_doubt


@pytest.mark.parametrize("name", SPOILERS)
def test_each_wrong_is_found(name: str) -> None:
    """Every kind of loss, doubling and untruth fails the verdict, under its own name."""
    expected, spoil = SPOILERS[name]
    books = Books()
    spoil(books)
    verdict = books.judge()
    assert not verdict.is_good
    assert getattr(verdict, expected), verdict


def test_a_recovered_fill_stands_for_several() -> None:
    """Fills that were told as one must agree in their sums, fee included."""
    books = Books()
    books.entries[1:] = [entry(2, "filled", "0.006", "0.006")]
    books.messages[0]["text"] = CARD.replace(
        "• 0.002 BTC at 60000 = 120 USD, fee 0.3 USD\n"
        "• 0.004 BTC at 60000 = 240 USD, fee 0.6 USD",
        "• 0.006 BTC at 60000 = 360 USD, fee 0.9 USD",
    )
    assert books.judge().is_settled
    books.entries[1]["data"]["fill"]["fee_amount"] = "0.91"
    assert books.judge().untrue


def test_a_digest_shows_a_fill() -> None:
    """After an absence lines of a digest stand for the card."""
    books = Books()
    books.rows[0]["clientOrderId"] = "web-1"
    books.asked.clear()
    lines = [line.replace("•", "✅ Bought") for line in CARD.splitlines()[5:7]]
    digest = "\n".join(["While we were apart: 2 order messages", *lines])
    books.messages[:2] = [bot_says(digest, 5)]
    assert books.judge().is_settled
    books.messages[0]["text"] = digest.replace(lines[0], "")
    assert books.judge().lost


def test_a_digest_says_how_often() -> None:
    """A line that stands for several is read as often as it says."""
    lines = ["All at once: 3 fills", "2 \N{MULTIPLICATION SIGN} a", "b"]
    assert digest_lines(lines) == ("a", "a", "b")


def test_a_digest_in_doubt_may_come_twice() -> None:
    """A copy of a digest is excused by a doubtful delivery of the same lines only."""
    books = Books()
    html = "<b>While we were apart: 1 notice</b>\n<blockquote>a &lt; b</blockquote>"
    text = "While we were apart: 1 notice\n✅ Bought 0.004 BTC at 60000 = 240 USD, fee 0.6 USD"
    books.messages += [bot_says(text, 9), bot_says(text, 10)]
    books.calls = [{"status": "cut", "time": 0.0, "parameters": {"text": html}}]
    assert books.judge().doubled
    books.calls = [{"status": "cut", "time": 0.0, "parameters": {"text": text}}]
    assert books.judge().is_good


@pytest.mark.parametrize(
    ("status", "excused"), [("cut", True), (502, True), (200, False), (429, False)]
)
def test_only_a_delivery_in_doubt_excuses_a_copy(status: object, excused: bool) -> None:
    """A second copy needs a call whose outcome Telegram left open; it is counted."""
    books = Books()
    books.messages.append(bot_says(CARD, 9, edited=True))
    text = CARD.replace("Order 17", "Order <code>17</code>")
    books.calls = [{"status": status, "time": 0.0, "parameters": {"text": text}}]
    verdict = books.judge()
    assert verdict.is_good is excused
    assert len(verdict.in_doubt) == excused


def test_a_death_right_after_an_answer_leaves_it_in_doubt() -> None:
    """What was delivered within a moment of the bot's death may not have been noted."""
    call = {"status": 200, "time": 10.0, "parameters": {"text": "x"}}
    assert doubtful_texts([call], [10.5], 1.0) == ["x"]
    assert doubtful_texts([call], [9.5, 11.5], 1.0) == []


@pytest.mark.parametrize(
    ("full", "death", "excused"),
    [
        ((10.5, 20.0), 20.5, True),
        ((10.5, 20.0), 21.5, False),
        ((11.5, 20.0), 20.5, False),
        ((5.0, 9.5), 11.5, False),
    ],
    ids=["before it was noted", "noted since", "noted before", "over by then"],
)
def test_a_full_disk_keeps_an_answer_from_being_noted(
    full: tuple[float, float], death: float, excused: bool
) -> None:
    """What was delivered while the disk took nothing is in doubt until it can be written."""
    call = {"status": 200, "time": 10.0, "parameters": {"text": "x"}}
    assert bool(doubtful_texts([call], [death], 1.0, [full])) is excused


def test_orders_may_be_filled_alike() -> None:
    """The same line of a digest may stand for fills of two orders, no more often than there are."""
    books = Books()
    line = "✅ Bought 0.004 BTC at 60000 = 240 USD, fee 0.6 USD"
    twice = bot_says(f"While we were apart: 2 fills\n{line}\n{line}", 9)
    books.messages.append(twice)
    assert books.judge().doubled
    repeat_order(books)
    assert not books.judge().doubled


@pytest.mark.parametrize(
    ("head", "verdict"),
    [
        ("❌ Not placed: no funds", "good"),
        ("⌛ Void: I was restarted before you decided. Nothing was done.", "good"),
        ("✅ Filled: Buy 0.006 BTC at 60000 USD", "untrue"),
        ("❓ Sent, but no answer came. I am finding out", "unsettled"),
        ("Buy 0.006 BTC at 60000 USD?", "unsettled"),
    ],
)
def test_a_card_without_an_order(head: str, verdict: str) -> None:
    """What never reached the exchange must not be told as done."""
    found = Verdict()
    chat = read_chat([bot_says(f"{head}\nBuy 0.006 BTC at 60000 USD", 5)])
    orders: dict[str, Order] = {}
    judge_orders(found, orders, [Asked("order", "abc", 5, confirmed=True)], chat)
    assert found.is_settled is (verdict == "good")
    assert bool(found.untrue) is (verdict == "untrue")
    assert bool(found.unsettled) is (verdict == "unsettled")


def test_a_plan_is_made_of_its_seed() -> None:
    """The same seed makes the same plan, and a short one has everything in it."""
    plan = make_plan(1, 110, faults=tuple(FAULTS), early=EARLY, kills=6)
    assert plan == make_plan(1, 110, faults=tuple(FAULTS), early=EARLY, kills=6)
    assert plan != make_plan(2, 110, faults=tuple(FAULTS), early=EARLY, kills=6)
    assert {trouble.fault for trouble in plan.troubles} == set(FAULTS)
    assert [kill.part for kill in plan.kills] == [*Part] * 3
    assert {trade.way for trade in plan.trades} == set(Way)
    assert set(plan.taps) == set(Tap)
    assert len({trade.number for trade in plan.trades}) == len(plan.trades)
    assert {trade.style for trade in plan.trades} <= set(Style)
    assert max(trade.at for trade in plan.trades) < plan.seconds
