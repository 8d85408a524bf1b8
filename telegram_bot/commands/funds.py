"""Commands that move funds, and the one that stops everything."""

from decimal import Decimal

from telegram_bot.access import Role
from telegram_bot.commands import again
from telegram_bot.commands.base import Command, Context, Request, UsageError
from telegram_bot.commands.grammar import ALL, decimal
from telegram_bot.errors import HomeAssistantError
from telegram_bot.feed import Json
from telegram_bot.languages import N_, _, number
from telegram_bot.markup import Message, e
from telegram_bot.words import explain

WALLET = "wallet"
_LINKS = frozenset({"from", "to"})


async def transfer(context: Context, request: Request) -> None:
    """Preview a move of funds and ask for the tap."""
    words = [word for word in request.words if word.lower() not in _LINKS]
    if len(words) != 4:
        raise UsageError(
            _(
                "Say how much, which currency, from where and to where. The wallet is called wallet."
            )
        )
    written, currency, source, target = words[0], words[1].upper(), *words[2:]
    places = [None if place.lower() == WALLET else place for place in (source, target)]
    if places[0] == places[1]:
        raise UsageError(_("That is the same place twice."))
    rows = (await context.home_assistant.call("get_balances"))["balances"]
    before = [_available(rows, place, currency) for place in places]
    if written.lower() != ALL:
        amount = decimal(written, "amount")
    elif before[0] is None or not Decimal(before[0]):
        raise UsageError(_("Nothing is known to be there; write an amount."))
    else:
        amount = before[0]
    if before[0] is not None and Decimal(amount) > Decimal(before[0]):
        raise UsageError(
            _(
                "{account} has {available} {currency} available.",
                account=source,
                available=number(before[0]),
                currency=currency,
            )
        )
    shown = {"amount": amount, "currency": currency} | {
        f"{side}{name}": value
        for name, values in (("", places), ("_before", before))
        for side, value in zip(("from", "to"), values, strict=True)
    }
    move = {"amount": amount, "currency": currency}
    await context.desk.ask_transfer(request.asker, move | _action(*places), shown)


def _action(source: str | None, target: str | None) -> dict[str, str]:
    """Return the action of the integration and its accounts; None is the wallet."""
    if source is None:
        return {"action": "deposit_from_wallet", "account_id": target or ""}
    if target is None:
        return {"action": "withdraw_to_wallet", "account_id": source}
    return {"action": "transfer", "from_account_id": source, "to_account_id": target}


def _available(rows: list[Json], place: str | None, currency: str) -> str | None:
    """Return what a sub-account has of a currency; None for the wallet, which nobody can look into."""
    if place is None:
        return None
    found = (
        str(row["available"])
        for row in rows
        if row["account_id"] == place and row["currency"] == currency
    )
    return next(found, "0")


async def stop(context: Context, request: Request) -> Message:
    """Switch trading off at once."""
    try:
        status = await context.home_assistant.status()
        await context.home_assistant.switch(status["trading_entity_id"], on=False)
        status = await context.home_assistant.status()
    except HomeAssistantError as err:
        return Message(
            _(
                "❗ <b>Trading may still be on</b>: {reason} Use the switch in Home Assistant, or withdraw the key at the"
                " exchange.",
                reason=e(explain(err)),
            )
        )
    if status["trading_enabled"]:
        return Message(
            _(
                "❗ <b>Trading is still on.</b> Use the switch in Home Assistant, or withdraw the key at the exchange."
            )
        )
    return Message(
        _(
            "⛔ <b>Trading is off.</b> Nothing can be ordered, from here or by Home Assistant's automations. Orders that are"
            " open stay open. /resume switches it on again."
        ),
        ((await again.button(context, request.chat_id, "/cancelall"),),),
    )


async def resume(context: Context, request: Request) -> Message | None:
    """Ask before trading is switched on, which takes the second factor."""
    status = await context.home_assistant.status()
    if status["trading_enabled"]:
        return Message(_("🟢 Trading is on. /stop switches it off at once."))
    if not context.desk.has_second_factor:
        return Message(
            _(
                "Trading is off. Switching it on from here takes a second factor, and none is set up; use the switch in"
                " Home Assistant."
            )
        )
    await context.desk.ask_resume(request.asker, status["trading_entity_id"])
    return None


COMMANDS = (
    Command(
        "transfer",
        N_("move funds between sub-accounts and the wallet"),
        "/transfer 100 USD trading savings",
        transfer,
        Role.TRADER,
    ),
    Command("stop", N_("switch trading off at once"), "/stop", stop, Role.TRADER),
    Command(
        "resume",
        N_("switch trading on again, with the second factor"),
        "/resume",
        resume,
        Role.TRADER,
    ),
)
