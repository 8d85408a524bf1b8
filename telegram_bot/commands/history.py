"""Commands about what was: fills, the ledger, deposits and withdrawals; and about fees."""

from datetime import datetime
from decimal import Decimal
from itertools import batched

from telegram_bot import cards
from telegram_bot.commands.base import Command, Context, Request, UsageError
from telegram_bot.commands.market import MOST_PAIRS
from telegram_bot.commands.views import Reader, View
from telegram_bot.feed import Json
from telegram_bot.languages import N_, _, day_and_time, number
from telegram_bot.markup import Button, Message, e

_PAGE = 10
_MOST_FILLS = 500
_FILLS = ("filled", "partially_filled")


async def fills(context: Context, request: Request) -> Message:
    """Show what was bought and sold, newest first."""
    if len(request.words) > 1:
        raise UsageError(_("Say one pair, or none for all of them."))
    query: Json = {"page": 1}
    if request.words:
        query["pair"] = await context.pairs.find(request.words[0])
    return await FILLS.answer(context, request, query)


async def _show_fills(context: Context, reader: Reader, query: Json) -> Message:
    """Show a page of the fills that Home Assistant keeps."""
    asked: Json = {"limit": _MOST_FILLS}
    if pair := query.get("pair"):
        asked["pair"] = pair
    answer = await context.home_assistant.call("get_executions", asked)
    rows = [row for row in answer["executions"] if row["data"]["event"] in _FILLS]
    if not rows:
        return Message(_("Nothing was bought or sold within 30 days."))
    page, first = query["page"], (query["page"] - 1) * _PAGE
    head = _("Fills of {pair}", pair=e(pair)) if pair else _("Fills")
    lines = [f"<b>{head}</b>", *map(_fill, rows[first : first + _PAGE])]
    more = len(rows) > first + _PAGE
    buttons = await FILLS.pages(context, reader, query, page=page, more=more)
    return Message("\n".join(lines), buttons)


def _fill(row: Json) -> str:
    """Return one fill, and when it was."""
    order = row["data"]["order"]
    what = cards.fill_line(row["data"]["fill"], order["pair"])
    if order["side"] == "buy":
        words = f"🟢 {_('Bought {what}', what=what)}"
    else:
        words = f"🔴 {_('Sold {what}', what=what)}"
    return f"{words}\n{_when(row['time'])}"


FILLS = View("fills", _show_fills)

# What /history can show: its word, the words on its button, the type in the ledger.
_LEDGER = {
    "all": (N_("All"), None),
    "trades": (N_("Trades"), "trade"),
    "transfers": (N_("Transfers"), "internal_transfer"),
    "fees": (N_("Fees"), "commission"),
}
_FUNDING = {
    "deposits": (N_("Deposits"), "deposit"),
    "withdrawals": (N_("Withdrawals"), "withdraw"),
}
_KINDS = {**_LEDGER, **_FUNDING}
_TYPES = {
    "trade": N_("🔁 Trade"),
    "deposit": N_("📥 Deposit"),
    "withdraw": N_("📤 Withdrawal"),
    "internal_transfer": N_("↔️ Transfer"),
    "commission": N_("🧾 Fee"),
}
_STATES = {
    "pending": N_("pending"),
    "approved": N_("done"),
    "rejected": N_("rejected"),
}


async def history(context: Context, request: Request) -> Message:
    """Show the ledger, or deposits or withdrawals with their state."""
    kind = request.words[0].lower() if request.words else "all"
    if kind not in _KINDS or len(request.words) > 1:
        raise UsageError(_("Say one of {kinds}, or nothing.", kinds=", ".join(_KINDS)))
    return await HISTORY.answer(context, request, {"kind": kind, "page": 1})


async def _show_history(context: Context, reader: Reader, query: Json) -> Message:
    """Show a page of the ledger or of the funding."""
    kind, page = query["kind"], query["page"]
    asked: Json = {"page": page, "limit": _PAGE}
    if kind in _FUNDING:
        asked["direction"] = _FUNDING[kind][1]
        answer = await context.home_assistant.call("get_funding_history", asked)
        rows = [_funding(row) for row in answer["fundings"]]
    else:
        if (type_ := _LEDGER[kind][1]) is not None:
            asked["type"] = type_
        answer = await context.home_assistant.call("get_transactions", asked)
        rows = [_transaction(row) for row in answer["transactions"]]
    if not rows:
        empty = _("Nothing here.") if page == 1 else _("Nothing older.")
        rows = [empty]
    more = len(rows) == _PAGE
    buttons = [
        *await HISTORY.pages(context, reader, query, page=page, more=more),
        *await _kinds(context, reader, kind),
    ]
    lines = [f"<b>{_(_KINDS[kind][0])}</b>", *rows]
    return Message("\n".join(lines), tuple(buttons))


async def _kinds(
    context: Context, reader: Reader, shown: str
) -> list[tuple[Button, ...]]:
    """Make the buttons to the other kinds, two in a row: some words are long."""
    row = [
        await HISTORY.button(context, reader, _(words), other, chosen=kind == shown)
        for kind, (words, _type) in _KINDS.items()
        for other in [{"kind": kind, "page": 1}]
    ]
    return list(batched(row, 2, strict=True))


def _transaction(row: Json) -> str:
    """Return an entry of the ledger, and when it was."""
    words = _TYPES.get(row["type"])
    name = f"{_(words)} " if words else ""
    account = f" · {e(row['account_id'])}" if row["account_id"] else ""
    amount = f"{cards.signed(row['amount'])} {e(row['currency'])}"
    return f"{name}<b>{amount}</b>{account}\n{_when(row['time'])}"


def _funding(row: Json) -> str:
    """Return a deposit or a withdrawal, and when its state changed last."""
    sign = "📥" if row["direction"] == "deposit" else "📤"
    state = _STATES.get(row["status"])
    words = [
        f"{sign} <b>{number(row['amount'])} {e(row['currency'])}</b>",
        _(state) if state else e(row["status"]),
    ]
    if row["commission"] and Decimal(row["commission"]):
        words.append(_("fee {amount}", amount=number(row["commission"])))
    if row["account_id"]:
        words.append(e(row["account_id"]))
    return f"{' · '.join(words)}\n{_when(row['updated'])}"


def _when(time: str | None) -> str:
    """Return a time that the exchange told."""
    return (
        "" if time is None else day_and_time(datetime.fromisoformat(time).timestamp())
    )


HISTORY = View("history", _show_history)


async def fees(context: Context, request: Request) -> Message:
    """Show the fees in force for some pairs, and the volume that they depend on."""
    if len(request.words) > MOST_PAIRS:
        raise UsageError(_("At most {most} pairs at once, please.", most=MOST_PAIRS))
    found = [await context.pairs.find(word) for word in request.words]
    pairs = list(dict.fromkeys(found)) or await context.pairs.main()
    answer = await context.home_assistant.call("get_fees", {"pairs": pairs})
    lines = [f"<b>{_('Fees in force')}</b>"]
    lines += [
        f"{e(pair)} <b>{number(percentage)} %</b>"
        for pair, percentage in answer["fees"].items()
    ]
    volume = answer["volume"]
    lines.append(
        _(
            "Volume of {period}: {volume} {currency}",
            period=e(volume["period"]),
            volume=number(volume["volume"]),
            currency=e(volume["currency"]),
        )
    )
    lines += _steps(_WEEK, answer["strategy"]["week"], volume)
    if weekend := answer["strategy"]["weekend"]:
        lines += _steps(_WEEKEND, weekend, volume)
    return Message("\n".join(lines))


_WEEK = N_("By volume")
_WEEKEND = N_("Saturdays and Sundays (UTC)")


def _steps(head: str, plan: Json, traded: Json) -> list[str]:
    """Return the fees of a plan by volume, those for the volume marked."""
    now = Decimal(traded["volume"] or 0)
    lines = []
    lowest = Decimal(0)
    for step in plan["default"]:
        upper = Decimal(step["up_to_volume"])
        if not upper:
            # A flat fee: told above already.
            continue
        words = _(
            "up to {volume} {currency}: {percentage} %",
            volume=number(upper),
            currency=e(traded["currency"]),
            percentage=number(step["percent"]),
        )
        lines.append(f"▸ <b>{words}</b>" if lowest <= now < upper else words)
        lowest = upper
    if not lines:
        return []
    rows = "\n".join([f"<b>{_(head)}</b>", *lines])
    return [f"<blockquote expandable>{rows}</blockquote>"]


COMMANDS = (
    Command("fills", N_("what was bought and sold"), "/fills BTC-USD", fills),
    Command(
        "history",
        N_("the ledger, deposits and withdrawals"),
        "/history deposits",
        history,
    ),
    Command("fees", N_("your fees and volume"), "/fees BTC-USD", fees),
)
BUTTONS = (FILLS.action, HISTORY.action)
