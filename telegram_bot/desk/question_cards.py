"""What somebody is asked to confirm: exactly what will happen, the most important line first."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from telegram_bot import cards
from telegram_bot.feed import Json
from telegram_bot.languages import N_, _, clock_time, day_and_time, ngettext, number
from telegram_bot.markup import e
from telegram_bot.records import ConfirmationRow

_SHOWN_ORDERS = 10
_WARNINGS = {
    "crosses_market": N_(
        "The price reaches the other side of the market: the order is executed at once."
    ),
    "price_far_from_market": N_("The price is more than 5 % away from the market."),
    "slippage_high": N_("The order moves the price by more than 1 %."),
    "book_too_thin": N_("The order book is too thin to execute all of it."),
    "stop_price_passed": N_(
        "The market has passed the stop price already: the order becomes active at once."
    ),
    "fee_unknown": N_("The fee could not be asked for and is not included."),
}
# By side, and whether the book decides the amounts.
_COSTS = {
    ("buy", False): N_("Cost {amount} {currency}"),
    ("buy", True): N_("Cost about {amount} {currency}"),
    ("sell", False): N_("Value {amount} {currency}"),
    ("sell", True): N_("Value about {amount} {currency}"),
}
_TOTALS = {
    ("buy", False): N_("<b>Total with fee {amount} {currency}</b>"),
    ("buy", True): N_("<b>Total with fee about {amount} {currency}</b>"),
    ("sell", False): N_("<b>You receive after fee {amount} {currency}</b>"),
    ("sell", True): N_("<b>You receive after fee about {amount} {currency}</b>"),
}


def question(row: ConfirmationRow) -> str:
    """Show a question as it was frozen."""
    lines = _LINES[row.kind](row.preview)
    lines += _second_factor(row.preview)
    if row.preview.get("asked_by"):
        lines.append(_("Asked by {name}", name=e(row.preview["asked_by"])))
    lines.append(_("Holds until {time}", time=clock_time(row.expires)))
    return "\n".join(lines)


def subject(row: ConfirmationRow) -> str:
    """Return what a question is about, for a card that is decided."""
    return _SUBJECTS[row.kind](row.preview)


def closed(row: ConfirmationRow, head: str) -> str:
    """Show what became of a question."""
    return f"<b>{head}</b>\n{subject(row)}"


def _asked(what: str) -> str:
    """Make a question of what would happen, as the language writes questions."""
    return _("<b>{what}?</b>", what=what)


def _order(data: Json) -> list[str]:
    """Show what exactly an order would do."""
    base, quote = e(data["base_currency"]), e(data["quote_currency"])
    key = (str(data["side"]), data.get("order_type") == "market")
    lines = [
        _asked(cards.order_words(data)),
        cards.order_kind(data),
        *(f"⚠️ {_warning(each)}" for each in data.get("warnings") or ()),
        *_share(data),
        (
            _("Amount about {amount} {currency}")
            if data.get("quote_amount")
            else _("Amount {amount} {currency}")
        ).format(amount=number(data["amount"]), currency=base),
        _price(data, quote),
        *_conditions(data, quote),
        _(_COSTS[key], amount=number(data["cost"]), currency=quote),
        _fee(data),
        _(_TOTALS[key], amount=number(data["total"]), currency=quote),
    ]
    after = data.get("balance_after") or {}
    return lines + [
        _balance(currency, before, after.get(currency))
        for currency, before in (data.get("balance_before") or {}).items()
    ]


def _warning(warning: Json) -> str:
    """Return a warning of the integration in the reader's language, where it is known."""
    known = _WARNINGS.get(str(warning.get("key")))
    return _(known) if known else e(warning["text"])


def _share(data: Json) -> list[str]:
    """Tell of what an amount is a part."""
    if (share := data.get("share")) is None:
        return []
    return [
        _(
            "{percentage} % of {available} {currency} available, in whole lots",
            percentage=number(share["percentage"]),
            available=number(share["available"]),
            currency=e(share["currency"]),
        )
    ]


def _price(data: Json, quote: str) -> str:
    """Return the price of an order beside the market's."""
    values = {"market": number(data.get("market_price")), "currency": quote}
    if data.get("price") is None:
        slippage = data.get("slippage_percentage")
        if slippage is None:
            return _("Price of the market, now {market} {currency}", **values)
        return _(
            "Price of the market, now {market} {currency}, slippage {slippage} %",
            slippage=number(slippage),
            **values,
        )
    values["price"] = number(data["price"])
    if (distance := data.get("distance_percentage")) is None:
        return _("Price {price} {currency} (the market at {market})", **values)
    return _(
        "Price {price} {currency} ({distance} % from the market at {market} {currency})",
        distance=cards.signed(distance),
        **values,
    )


def _conditions(data: Json, quote: str) -> list[str]:
    """Tell when an order becomes active, and when it ends by itself."""
    lines = []
    if data.get("stop_price") is not None:
        lines.append(
            _(
                "Becomes active when the market reaches {stop} {currency}",
                stop=number(data["stop_price"]),
                currency=quote,
            )
        )
    if data.get("expire_time") is not None:
        ends = datetime.fromisoformat(str(data["expire_time"])).timestamp()
        lines.append(
            _("Ends by itself at {time} if not filled", time=day_and_time(ends))
        )
    return lines


def _fee(data: Json) -> str:
    """Return the fee of an order and its rate."""
    if data.get("fee") is None:
        return _("Fee not known")
    return _(
        "Fee {fee} {currency} ({percentage} %)",
        fee=number(data["fee"]),
        currency=e(data["fee_currency"]),
        percentage=number(data["fee_percentage"]),
    )


def _balance(currency: object, before: object, after: object) -> str:
    """Show a balance before and after."""
    return _(
        "Balance {currency} {before} → {after}",
        currency=e(currency),
        before=number(before),
        after=number(after),
    )


def _cancel(order: Json) -> list[str]:
    """Ask whether an order shall be cancelled."""
    return [
        _("<b>Cancel this order?</b>"),
        cards.order_words(order),
        cards.progress(order),
    ]


def _cancel_all(data: Json) -> list[str]:
    """Ask whether all open orders shall be cancelled."""
    orders: Sequence[Json] = data["orders"]
    lines = [_asked(_cancel_all_words(data))]
    lines += [
        f"• {cards.order_words(order)} · {cards.progress(order)}"
        for order in orders[:_SHOWN_ORDERS]
    ]
    if more := len(orders) - _SHOWN_ORDERS:
        if more > 0:
            lines.append(ngettext("… and {count} more", "… and {count} more", more))
    lines.append(_("So is every order that is open when you confirm."))
    return lines


def _cancel_all_words(data: Json) -> str:
    """Return which orders shall be cancelled."""
    count = len(data["orders"])
    if data.get("account_id"):
        return ngettext(
            "Cancel {count} open order of {account}",
            "Cancel all {count} open orders of {account}",
            count,
            account=e(data["account_id"]),
        )
    return ngettext(
        "Cancel {count} open order", "Cancel all {count} open orders", count
    )


def _transfer(data: Json) -> list[str]:
    """Show what exactly a transfer would do."""
    lines = [_asked(_transfer_words(data))]
    for side in ("from", "to"):
        if (before := data.get(f"{side}_before")) is None:
            continue
        sign = -1 if side == "from" else 1
        after = Decimal(before) + sign * Decimal(data["amount"])
        lines.append(
            _(
                "{account} {before} → {after} {currency}",
                account=_place(data[side]),
                before=number(before),
                after=number(after),
                currency=e(data["currency"]),
            )
        )
    return lines


def _transfer_words(data: Json) -> str:
    """Return what moves where."""
    return _(
        "Move {amount} {currency} from {source} to {target}",
        amount=number(data["amount"]),
        currency=e(data["currency"]),
        source=_place(data["from"]),
        target=_place(data["to"]),
    )


def _place(account: str | None) -> str:
    """Return the name of a sub-account, or of the wallet."""
    return e(account) if account else _("the wallet")


def _resume(data: Json) -> list[str]:
    """Ask whether trading shall be switched on."""
    return [
        _("<b>Switch trading on?</b>"),
        _("Orders can be placed again, from here and by Home Assistant's automations."),
    ]


def _second_factor(data: Json) -> list[str]:
    """Tell that a tap is not enough, and why."""
    if not data.get("second_factor"):
        return []
    if (worth := data.get("worth")) is None:
        return [_("🔐 Confirm asks for your code")]
    return [
        _(
            "🔐 Worth {amount} {currency}: Confirm asks for your code",
            amount=number(worth["amount"]),
            currency=e(worth["currency"]),
        )
    ]


def _order_subject(data: Json) -> str:
    """Return what an order wants."""
    return f"{cards.order_words(data)}\n{cards.order_kind(data)}"


_LINES: dict[str, Callable[[Json], list[str]]] = {
    "order": _order,
    "cancel": _cancel,
    "cancel_all": _cancel_all,
    "transfer": _transfer,
    "resume": _resume,
}
_SUBJECTS: dict[str, Callable[[Any], str]] = {
    "order": _order_subject,
    "cancel": _order_subject,
    "cancel_all": _cancel_all_words,
    "transfer": _transfer_words,
    "resume": lambda data: _("Trading"),
}
