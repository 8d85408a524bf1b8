"""What a message looks like: the most important line first, every digit, everything escaped."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from telegram_bot.languages import N_, _, day_and_time, ngettext, number
from telegram_bot.markup import e

type Json = Mapping[str, Any]

_SHOWN_FILLS = 40

STATUS_HEADS = {
    "pending_new": N_("⏳ Sent to the exchange"),
    "new": N_("🟢 Accepted"),
    "partially_filled": N_("🟡 Partly filled"),
    "filled": N_("✅ Filled"),
    "pending_cancel": N_("⏳ Being cancelled"),
    "cancelled": N_("🚫 Cancelled"),
    "rejected": N_("❌ Rejected"),
    "expired": N_("⌛ Expired"),
}
FINAL_STATUSES = frozenset({"filled", "cancelled", "rejected", "expired"})
_TYPES = {
    "limit": N_("Limit"),
    "market": N_("Market"),
    "stop_limit": N_("Stop-limit"),
}
_TIMES_IN_FORCE = {
    "gtc": N_("good till cancelled"),
    "ioc": N_("immediate or cancel"),
    "gtd": N_("good till date"),
}
# By side, whether the amount is in the quote currency, and whether it is a market order.
_WISHES = {
    ("buy", False, False): N_("Buy {amount} {base} at {price} {quote}"),
    ("buy", False, True): N_("Buy {amount} {base} at the market price"),
    ("buy", True, False): N_("Buy {base} for {value} {quote} at {price} {quote}"),
    ("buy", True, True): N_("Buy {base} for {value} {quote} at the market price"),
    ("sell", False, False): N_("Sell {amount} {base} at {price} {quote}"),
    ("sell", False, True): N_("Sell {amount} {base} at the market price"),
    ("sell", True, False): N_("Sell {base} for {value} {quote} at {price} {quote}"),
    ("sell", True, True): N_("Sell {base} for {value} {quote} at the market price"),
}


def currencies(pair: object) -> tuple[str, str]:
    """Return base and quote of a pair, escaped."""
    base, _dash, quote = str(pair).partition("-")
    return e(base), e(quote)


def signed(value: object) -> str:
    """Return a number with its sign."""
    text = number(value)
    return f"+{text}" if text[0].isdigit() and text != "0" else text


def status_head(order: Json) -> str:
    """Return the state of an order in words."""
    status = str(order.get("status"))
    return _(STATUS_HEADS[status]) if status in STATUS_HEADS else e(status)


def tickers(rows: Iterable[Json]) -> str:
    """Show prices, one line a pair, the details under it."""
    lines = []
    for row in rows:
        _base, quote = currencies(row["pair"])
        change = (
            f" ({signed(row['change_percentage'])} %)"
            if row.get("change_percentage") is not None
            else ""
        )
        price = row.get("last") if row.get("last") is not None else row.get("mid")
        lines.append(f"<b>{e(row['pair'])} {number(price)} {quote}</b>{change}")
        lines.append(
            _(
                "bid {bid} · ask {ask}",
                bid=number(row.get("bid")),
                ask=number(row.get("ask")),
            )
        )
        if row.get("low") is not None or row.get("high") is not None:
            lines.append(
                _(
                    "day {low} to {high}",
                    low=number(row.get("low")),
                    high=number(row.get("high")),
                )
            )
    return "\n".join(lines)


def balances(rows: Sequence[Json]) -> str:
    """Show balances by account."""
    if not rows:
        return _("There is nothing on any account.")
    lines: list[str] = []
    last = None
    for row in sorted(rows, key=lambda row: (row["account_id"] or "", row["currency"])):
        account = row["account_id"] or ""
        if account != last:
            lines.append(f"<b>{e(account) if account else _('Main account')}</b>")
            last = account
        currency, total = e(row["currency"]), number(row["total"])
        if Decimal(str(row["on_hold"])):
            lines.append(
                _(
                    "{currency} {total} ({available} available, {on_hold} on hold)",
                    currency=currency,
                    total=total,
                    available=number(row["available"]),
                    on_hold=number(row["on_hold"]),
                )
            )
        else:
            lines.append(f"{currency} {total}")
    return "\n".join(lines)


def order_words(order: Json) -> str:
    """Return what an order wants, such as "Buy 0.01 BTC at 60000 USD"."""
    base, quote = currencies(order.get("pair"))
    by_quote = order.get("quote_amount") is not None
    wish = _WISHES[
        "buy" if order.get("side") == "buy" else "sell",
        by_quote,
        order.get("order_type") == "market",
    ]
    return _(
        wish,
        amount=number(order.get("amount")),
        base=base,
        value=number(order.get("quote_amount")),
        quote=quote,
        price=number(order.get("price")),
    )


def order_kind(order: Json) -> str:
    """Return pair, type, time in force and account of an order."""
    kind = str(order.get("order_type"))
    parts = [e(order.get("pair")), _(_TYPES[kind]) if kind in _TYPES else e(kind)]
    if order.get("stop_price") is not None:
        parts.append(_("stop {price}", price=number(order["stop_price"])))
    if kind != "market" and order.get("time_in_force") in _TIMES_IN_FORCE:
        parts.append(_(_TIMES_IN_FORCE[str(order["time_in_force"])]))
    if order.get("account_id"):
        parts.append(_("account {account}", account=e(order["account_id"])))
    return " · ".join(parts)


def progress(order: Json) -> str:
    """Return how much of an order is done."""
    base, quote = currencies(order.get("pair"))
    executed = Decimal(str(order.get("executed_amount") or 0))
    if not executed:
        return (
            _("Nothing filled yet")
            if order.get("status") not in FINAL_STATUSES
            else _("Nothing was filled")
        )
    values = {
        "executed": number(executed),
        "base": base,
        "quote": quote,
        "value": number(order.get("executed_quote_amount")),
    }
    valued = bool(order.get("executed_quote_amount"))
    amount = Decimal(str(order.get("amount") or 0))
    if not amount:
        return (
            _("Filled {executed} {base} for {value} {quote}", **values)
            if valued
            else _("Filled {executed} {base}", **values)
        )
    values |= {
        "amount": number(amount),
        "percent": number(int(executed * 100 / amount)),
    }
    return (
        _(
            "Filled {executed} of {amount} {base} ({percent} %) for {value} {quote}",
            **values,
        )
        if valued
        else _("Filled {executed} of {amount} {base} ({percent} %)", **values)
    )


def fill_line(fill: Json, pair: object) -> str:
    """Return one fill in a line."""
    base, quote = currencies(pair)
    values = {
        "amount": number(fill["amount"]),
        "base": base,
        "price": number(fill["price"]),
        "value": number(fill["quote_amount"]),
        "quote": quote,
    }
    if fill.get("fee_amount") is None:
        return _("{amount} {base} at {price} = {value} {quote}", **values)
    return _(
        "{amount} {base} at {price} = {value} {quote}, fee {fee} {fee_currency}",
        fee=number(fill["fee_amount"]),
        fee_currency=e(fill.get("fee_currency") or quote),
        **values,
    )


def outcome_lines(order: Json) -> list[str]:
    """Return progress, average, fee and reason of an order."""
    _base, quote = currencies(order.get("pair"))
    lines = [progress(order)]
    if order.get("average_price") is not None:
        lines.append(
            _(
                "Average price {price} {quote}",
                price=number(order["average_price"]),
                quote=quote,
            )
        )
    if order.get("fee_amount") is not None and Decimal(str(order["fee_amount"])):
        lines.append(
            _(
                "Fee {fee} {currency}",
                fee=number(order["fee_amount"]),
                currency=e(order.get("fee_currency") or quote),
            )
        )
    if order.get("reject_reason"):
        lines.append(_("Reason: {reason}", reason=e(order["reject_reason"])))
    return lines


def order_head(order: Json) -> str:
    """Return the state of an order and what it wants."""
    return f"<b>{_state_words(order)}</b>"


def _state_words(order: Json) -> str:
    """Return the state of an order and what it wants, without markup of its own."""
    return _("{state}: {order}", state=status_head(order), order=order_words(order))


def order_card(order: Json, fills: Sequence[Json] = ()) -> str:
    """Show an order as it stands."""
    lines = [order_head(order), *outcome_lines(order), order_kind(order)]
    if len(fills) > _SHOWN_FILLS:
        lines.append(
            ngettext(
                "… {count} earlier fill",
                "… {count} earlier fills",
                len(fills) - _SHOWN_FILLS,
            )
        )
    lines += [
        f"• {fill_line(fill, order.get('pair'))}" for fill in fills[-_SHOWN_FILLS:]
    ]
    if order.get("order_id"):
        lines.append(_("Order <code>{id}</code>", id=e(order["order_id"])))
    return "\n".join(lines)


def execution_line(entry_data: Json, late_since: float | None) -> str:
    """Return what happened to an order in one line, for a digest."""
    order = entry_data["order"]
    fill = entry_data.get("fill")
    head = status_head(order)
    if fill:
        line = fill_line(fill, order.get("pair"))
        done = (
            _("Bought {fill}", fill=line)
            if order.get("side") == "buy"
            else _("Sold {fill}", fill=line)
        )
        words = f"{head.split()[0]} {done}"
    else:
        words = _state_words(order)
    return words if late_since is None else f"{words} · {day_and_time(late_since)}"


def happened_at(late_since: float) -> str:
    """Return when something happened that is told late."""
    return _("It happened at {time}", time=day_and_time(late_since))


def usage(what_is_wrong: str, example: str) -> str:
    """Tell what is wrong with a command, with one example that works."""
    line = _("Example: {example}", example=f"<code>{e(example)}</code>")
    return f"{e(what_is_wrong)}\n{line}"
