"""Commands about price alerts."""

from telegram_bot.access import Role
from telegram_bot.alert_words import alert_row, alert_words
from telegram_bot.commands import alert_grammar
from telegram_bot.commands.base import (
    ButtonAction,
    ButtonTap,
    Command,
    Context,
    Request,
    Typed,
    UsageError,
)
from telegram_bot.commands.expected import expect, expected, forget
from telegram_bot.feed import Json
from telegram_bot.languages import N_, _, ngettext
from telegram_bot.markup import Button, Message, Style, e

_PAGE = 8
_TOPIC = "alert"


async def alert(context: Context, request: Request) -> Message:
    """Set a price alert."""
    fields = alert_grammar.alert(request.words)
    fields["pair"] = await context.pairs.find(str(fields["pair"]))
    made = (await context.home_assistant.call("add_price_alert", fields))["alert"]
    words = _("🔔 <b>Alert set: {alert}</b>", alert=alert_row(made))
    return Message(words, (_buttons(made),))


async def alerts(context: Context, request: Request) -> Message:
    """Show the price alerts, each with buttons to change it."""
    return await _list(context, 1, buttons=request.role >= Role.TRADER)


async def _list(context: Context, page: int, *, buttons: bool) -> Message:
    """Return a page of the alerts."""
    rows = (await context.home_assistant.call("list_price_alerts"))["alerts"]
    if not rows:
        return Message(
            _(
                "No price alerts. Set one like this: {example}",
                example="<code>/alert BTC-USD &gt; 70000</code>",
            )
        )
    pages = (len(rows) - 1) // _PAGE + 1
    page = max(1, min(page, pages))
    shown = list(enumerate(rows, 1))[(page - 1) * _PAGE : page * _PAGE]
    head = ngettext("{count} price alert", "{count} price alerts", len(rows))
    lines = [f"<b>{head}</b>"]
    lines += [f"{place}. {alert_row(row)}" for place, row in shown]
    made = [_buttons(row, f" {place}", page) for place, row in shown if buttons]
    turn = [
        LIST.choice(label, str(other))
        for label, other in (
            (f"◀ {_('Back')}", page - 1),
            (f"{_('More')} ▶", page + 1),
        )
        if 1 <= other <= pages
    ]
    return Message("\n".join(lines), (*made, tuple(turn)) if turn else tuple(made))


def _buttons(row: Json, place: str = "", page: int = 1) -> tuple[Button, ...]:
    """Return the buttons of an alert; they lead back to the page that it stands on."""
    value = f"{row['alert_id']}:{page}"
    paused = not row.get("enabled", True)
    pause = (
        RESUME.choice(f"{_('Resume')}{place}", value)
        if paused
        else PAUSE.choice(f"{_('Pause')}{place}", value)
    )
    return (
        pause,
        EDIT.choice(f"{_('Edit')}{place}", value),
        REMOVE.choice(f"{_('Remove')}{place}", value, Style.DANGER),
    )


def _tapped(tap: ButtonTap) -> tuple[str, str]:
    """Return the alert whose button was tapped, and the page that it stood on."""
    alert_id, _colon, page = tap.data["value"].partition(":")
    return alert_id, page


async def _show(context: Context, tap: ButtonTap, page: str) -> None:
    """Put a page of the list in place of the message whose button was tapped."""
    number = int(page) if page.isdecimal() else 1
    message = await _list(context, number, buttons=tap.role >= Role.TRADER)
    await context.outbox.say(tap.chat_id, message, edit=tap.message_id)


async def page_tapped(context: Context, tap: ButtonTap) -> str:
    """Show another page."""
    await _show(context, tap, tap.data["value"])
    return ""


async def remove_tapped(context: Context, tap: ButtonTap) -> str:
    """Remove an alert and show those that are left."""
    alert_id, page = _tapped(tap)
    await context.home_assistant.call("remove_price_alert", {"alert_id": alert_id})
    await _show(context, tap, page)
    return _("Alert removed.")


async def _enable(context: Context, tap: ButtonTap, *, is_enabled: bool) -> None:
    """Let an alert rest or watch, and show it among the others."""
    alert_id, page = _tapped(tap)
    await _update(context, alert_id, {"enabled": is_enabled})
    await _show(context, tap, page)


async def pause_tapped(context: Context, tap: ButtonTap) -> str:
    """Let an alert rest."""
    await _enable(context, tap, is_enabled=False)
    return _("Alert paused.")


async def resume_tapped(context: Context, tap: ButtonTap) -> str:
    """Let an alert watch again."""
    await _enable(context, tap, is_enabled=True)
    return _("Alert resumed.")


async def edit_tapped(context: Context, tap: ButtonTap) -> str:
    """Ask for the new terms of an alert."""
    alert_id, _page = _tapped(tap)
    rows = (await context.home_assistant.call("list_price_alerts"))["alerts"]
    found = [row for row in rows if row["alert_id"] == alert_id]
    if not found:
        return _("This alert is not there any more.")
    row = found[0]
    await expect(context, tap.chat_id, tap.user_id, _TOPIC, row)
    words = _(_QUESTIONS.get(row["condition"], _NEW_PRICE), alert=alert_words(row))
    await context.outbox.say(tap.chat_id, Message(words))
    return ""


async def terms_typed(context: Context, request: Request) -> Typed | None:
    """Take the new terms of an alert that was asked for."""
    alert = await expected(context, request, _TOPIC)
    if alert is None:
        return None
    try:
        fields = alert_grammar.change(alert, " ".join(request.words))
    except UsageError as err:
        return Typed(Message(e(err)))
    await forget(context, request.chat_id, request.user_id)
    row = await _update(context, alert["alert_id"], fields)
    words = _("🔔 <b>Alert changed: {alert}</b>", alert=alert_row(row))
    return Typed(Message(words, (_buttons(row),)))


async def _update(context: Context, alert_id: str, fields: Json) -> Json:
    """Change an alert; return it."""
    answer = await context.home_assistant.call(
        "update_price_alert", {"alert_id": alert_id, **fields}
    )
    row: Json = answer["alert"]
    return row


_NEW_PRICE = N_("✏️ {alert}: send the new price.")
_QUESTIONS = {
    "moves": N_(
        "✏️ {alert}: send how far it has to move, such as <code>5% in 1h</code>."
    ),
    "spread_above": N_(
        "✏️ {alert}: send how wide the spread has to be, such as <code>0.5%</code>."
    ),
}
LIST = ButtonAction("alerts", page_tapped, Role.VIEWER, is_choice=True)
REMOVE = ButtonAction("alert_remove", remove_tapped, Role.TRADER, is_choice=True)
PAUSE = ButtonAction("alert_pause", pause_tapped, Role.TRADER, is_choice=True)
RESUME = ButtonAction("alert_resume", resume_tapped, Role.TRADER, is_choice=True)
EDIT = ButtonAction("alert_edit", edit_tapped, Role.TRADER, is_choice=True)

COMMANDS = (
    Command(
        "alert",
        N_("tell me when a price is reached"),
        "/alert BTC-USD > 70000",
        alert,
        Role.TRADER,
    ),
    Command("alerts", N_("price alerts: pause, edit, remove"), "/alerts", alerts),
)
BUTTONS = (LIST, REMOVE, PAUSE, RESUME, EDIT)
TEXTS = (terms_typed,)
