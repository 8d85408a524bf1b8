"""What a message looks like: the most important line first, plain digits, everything escaped."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from telegram_bot.languages import clock_time, day_and_time, number
from telegram_bot.markup import e

type Json = Mapping[str, Any]

_SHOWN_FILLS = 40

STATUS_HEADS = {
    "pending_new": "⏳ Sent to the exchange",
    "new": "🟢 Accepted",
    "partially_filled": "🟡 Partly filled",
    "filled": "✅ Filled",
    "pending_cancel": "⏳ Being cancelled",
    "cancelled": "🚫 Cancelled",
    "rejected": "❌ Rejected",
    "expired": "⌛ Expired",
}
FINAL_STATUSES = frozenset({"filled", "cancelled", "rejected", "expired"})
_TYPES = {"limit": "Limit", "market": "Market", "stop_limit": "Stop-limit"}
_TIMES_IN_FORCE = {
    "gtc": "good till cancelled",
    "ioc": "immediate or cancel",
    "gtd": "good till date",
}
CONDITION_SIGNS = {"above": ">", "below": "<", "crosses": "crosses"}


def currencies(pair: object) -> tuple[str, str]:
    """Return base and quote of a pair, escaped."""
    base, _, quote = str(pair).partition("-")
    return e(base), e(quote)


def signed_percent(value: object) -> str:
    """Return a percentage with its sign."""
    text = number(value)
    return text if text.startswith("-") or text in {"?", "0"} else f"+{text}"


def tickers(rows: Iterable[Json]) -> str:
    """Show prices, one line a pair, the details under it."""
    lines = []
    for row in rows:
        _, quote = currencies(row["pair"])
        change = (
            f" ({signed_percent(row['change_percentage'])} %)"
            if row.get("change_percentage") is not None
            else ""
        )
        price = row.get("last") if row.get("last") is not None else row.get("mid")
        lines.append(f"<b>{e(row['pair'])} {number(price)} {quote}</b>{change}")
        lines.append(f"bid {number(row.get('bid'))} · ask {number(row.get('ask'))}")
        if row.get("low") is not None or row.get("high") is not None:
            lines.append(f"day {number(row.get('low'))} to {number(row.get('high'))}")
    return "\n".join(lines)


def balances(rows: Sequence[Json]) -> str:
    """Show balances by account."""
    if not rows:
        return "There is nothing on any account."
    lines: list[str] = []
    last = None
    for row in sorted(rows, key=lambda row: (row["account_id"] or "", row["currency"])):
        account = row["account_id"] or ""
        if account != last:
            lines.append(f"<b>{e(account) if account else 'Main account'}</b>")
            last = account
        held = (
            f" ({number(row['available'])} available, {number(row['on_hold'])} on hold)"
        )
        lines.append(
            f"{e(row['currency'])} {number(row['total'])}{held if Decimal(str(row['on_hold'])) else ''}"
        )
    return "\n".join(lines)


def order_words(order: Json) -> str:
    """Return what an order wants, such as "Buy 0.01 BTC at 60000 USD"."""
    base, quote = currencies(order.get("pair"))
    wanted = (
        f"{number(order.get('amount'))} {base}"
        if order.get("quote_amount") is None
        else f"{base} for {number(order['quote_amount'])} {quote}"
    )
    price = (
        "at the market price"
        if order.get("order_type") == "market"
        else f"at {number(order.get('price'))} {quote}"
    )
    return f"{'Buy' if order.get('side') == 'buy' else 'Sell'} {wanted} {price}"


def order_kind(order: Json) -> str:
    """Return pair, type, time in force and account of an order."""
    parts = [
        e(order.get("pair")),
        _TYPES.get(str(order.get("order_type")), e(order.get("order_type"))),
    ]
    if order.get("stop_price") is not None:
        parts.append(f"stop {number(order['stop_price'])}")
    if (
        order.get("order_type") != "market"
        and order.get("time_in_force") in _TIMES_IN_FORCE
    ):
        parts.append(_TIMES_IN_FORCE[str(order["time_in_force"])])
    if order.get("account_id"):
        parts.append(f"account {e(order['account_id'])}")
    return " · ".join(parts)


def preview(data: Json, expires: float) -> str:
    """Show what exactly a tap on Confirm would do."""
    base, quote = e(data["base_currency"]), e(data["quote_currency"])
    buys = data["side"] == "buy"
    about = "about " if data.get("order_type") == "market" else ""
    lines = [f"<b>{order_words(data)}?</b>", order_kind(data)]
    lines += [f"⚠️ {e(warning['text'])}" for warning in data.get("warnings") or ()]
    lines += [
        f"Amount {about if data.get('quote_amount') else ''}{number(data['amount'])} {base}",
        f"Price {_price_of(data, quote)}",
        f"{'Cost' if buys else 'Value'} {about}{number(data['cost'])} {quote}",
        _fee(data),
        f"<b>{'Total with fee' if buys else 'You receive after fee'} {about}{number(data['total'])} {quote}</b>",
    ]
    after = data.get("balance_after") or {}
    lines += [
        f"Balance {e(currency)} {number(before)} → {number(after.get(currency))}"
        for currency, before in (data.get("balance_before") or {}).items()
    ]
    lines.append(f"Holds until {clock_time(expires)}")
    return "\n".join(lines)


def _price_of(data: Json, quote: str) -> str:
    """Return the price of a preview beside the market's."""
    market = f"{number(data.get('market_price'))} {quote}"
    if data.get("price") is None:
        slippage = data.get("slippage_percentage")
        expected = "" if slippage is None else f", slippage {number(slippage)} %"
        return f"of the market, now {market}{expected}"
    distance = data.get("distance_percentage")
    away = "" if distance is None else f"{signed_percent(distance)} % from "
    return f"{number(data['price'])} {quote} ({away}the market at {market})"


def _fee(data: Json) -> str:
    """Return the fee of a preview."""
    if data.get("fee") is None:
        return "Fee not known"
    return f"Fee {number(data['fee'])} {e(data['fee_currency'])} ({number(data['fee_percentage'])} %)"


def cancel_question(order: Json, expires: float) -> str:
    """Ask whether an order shall be cancelled."""
    return "\n".join(
        [
            f"<b>Cancel this order?</b>\n{order_words(order)}",
            progress(order),
            f"Holds until {clock_time(expires)}",
        ]
    )


def closed(words: str, head: str) -> str:
    """Show a question that is over."""
    return f"<b>{head}</b>\n{words}"


def progress(order: Json) -> str:
    """Return how much of an order is done."""
    base, quote = currencies(order.get("pair"))
    executed = Decimal(str(order.get("executed_amount") or 0))
    if not executed:
        return (
            "Nothing filled yet"
            if order.get("status") not in FINAL_STATUSES
            else "Nothing was filled"
        )
    spent = (
        f" for {number(order['executed_quote_amount'])} {quote}"
        if order.get("executed_quote_amount")
        else ""
    )
    if order.get("amount") is None:
        return f"Filled {number(executed)} {base}{spent}"
    amount = Decimal(str(order["amount"]))
    percent = f" ({int(executed * 100 / amount)} %)" if amount else ""
    return f"Filled {number(executed)} of {number(amount)} {base}{percent}{spent}"


def fill_line(fill: Json, pair: object) -> str:
    """Return one fill in a line."""
    base, quote = currencies(pair)
    fee = ""
    if fill.get("fee_amount") is not None:
        fee = (
            f", fee {number(fill['fee_amount'])} {e(fill.get('fee_currency') or quote)}"
        )
    return f"{number(fill['amount'])} {base} at {number(fill['price'])} = {number(fill['quote_amount'])} {quote}{fee}"


def outcome_lines(order: Json) -> list[str]:
    """Return progress, average, fee and reason of an order."""
    _, quote = currencies(order.get("pair"))
    lines = [progress(order)]
    if order.get("average_price") is not None:
        lines.append(f"Average price {number(order['average_price'])} {quote}")
    if order.get("fee_amount") is not None and Decimal(str(order["fee_amount"])):
        lines.append(
            f"Fee {number(order['fee_amount'])} {e(order.get('fee_currency') or quote)}"
        )
    if order.get("reject_reason"):
        lines.append(f"Reason: {e(order['reject_reason'])}")
    return lines


def order_head(order: Json) -> str:
    """Return the state of an order and what it wants."""
    head = STATUS_HEADS.get(str(order.get("status")), e(order.get("status")))
    return f"<b>{head}: {order_words(order)}</b>"


def order_card(order: Json, fills: Sequence[Json] = ()) -> str:
    """Show an order as it stands."""
    lines = [order_head(order), *outcome_lines(order), order_kind(order)]
    if len(fills) > _SHOWN_FILLS:
        lines.append(f"… {len(fills) - _SHOWN_FILLS} earlier fills")
    lines += [
        f"• {fill_line(fill, order.get('pair'))}" for fill in fills[-_SHOWN_FILLS:]
    ]
    if order.get("order_id"):
        lines.append(f"Order <code>{e(order['order_id'])}</code>")
    return "\n".join(lines)


def execution_line(entry_data: Json, late_since: float | None) -> str:
    """Return what happened to an order in one line, for a digest."""
    order = entry_data["order"]
    fill = entry_data.get("fill")
    head = STATUS_HEADS.get(str(order.get("status")), e(order.get("status")))
    if fill:
        done = "Bought" if order.get("side") == "buy" else "Sold"
        words = f"{head.split()[0]} {done} {fill_line(fill, order.get('pair'))}"
    else:
        words = f"{head}: {order_words(order)}"
    return words if late_since is None else f"{words} · {day_and_time(late_since)}"


def price_alert(data: Json, late_since: float | None) -> str:
    """Tell that a price alert fired."""
    alert = data["alert"]
    _, quote = currencies(alert["pair"])
    arrow = "📈" if data.get("direction") == "up" else "📉"
    lines = [
        f"{arrow} <b>{e(alert['pair'])} is at {number(data['price'])} {quote}</b>",
        f"Your alert: {alert_words(alert)}",
    ]
    if late_since is not None:
        lines.append(f"It happened at {day_and_time(late_since)}")
    return "\n".join(lines)


def alert_words(alert: Json) -> str:
    """Return an alert such as "BTC-USD > 70000"."""
    sign = CONDITION_SIGNS.get(str(alert["condition"]), str(alert["condition"]))
    return f"{e(alert['pair'])} {e(sign)} {number(alert['price'])}"


def usage(what_is_wrong: str, example: str) -> str:
    """Tell what is wrong with a command, with one example that works."""
    return f"{e(what_is_wrong)}\nExample: <code>{e(example)}</code>"
