"""The command that tells where to send money to."""

import asyncio
from difflib import get_close_matches
from io import BytesIO

from telegram_bot.access import Role
from telegram_bot.commands import again
from telegram_bot.commands.base import Command, Context, Request, UsageError
from telegram_bot.errors import RefusedError
from telegram_bot.feed import Json
from telegram_bot.languages import N_, _, number
from telegram_bot.markup import Button, Message, e

_QR_PIXELS = 10
_QR_BORDER = 4
_LONGEST_COPY = 256
_MOST_PROPOSALS = 6


async def deposit(context: Context, request: Request) -> Message:
    """Show the address for deposits of a currency."""
    if not 1 <= len(request.words) <= 2:
        raise UsageError(_("Say a currency, and its network if there are several."))
    currency = request.words[0].upper()
    asked = {"currency": currency}
    if context.default_account_id:
        asked["account_id"] = context.default_account_id
    if len(request.words) == 2:
        asked["blockchain"] = request.words[1]
    try:
        answer = await context.home_assistant.call("get_deposit_address", asked)
    except RefusedError as err:
        if (proposals := await _proposals(context, request, currency, err)) is None:
            raise
        return proposals
    address = answer["deposit_address"]
    picture = await asyncio.to_thread(_qr_code, str(address["address"]))
    return Message(_words(address), _copy_buttons(address), photo=picture)


async def _proposals(
    context: Context, request: Request, currency: str, err: RefusedError
) -> Message | None:
    """Return what can be chosen after a refusal, as buttons; None where there is no choice."""
    match err.translation_key:
        case "blockchain_required" | "unknown_blockchain":
            chains = str(err.placeholders.get("blockchains", "")).split(", ")
            words = _(
                "{currency} can be sent over several networks. Choose the one that you send from: over another one it is lost.",
                currency=e(currency),
            )
            texts = [f"/deposit {currency} {chain}" for chain in chains if chain]
        case "unknown_currency":
            pairs = await context.pairs.all()
            known = sorted({code for pair in pairs for code in pair.split("-")})
            near = get_close_matches(currency, known, _MOST_PROPOSALS, 0.5)
            words = _("I don't know the currency {currency}.", currency=e(currency))
            texts = [f"/deposit {code}" for code in near]
        case _:
            return None
    buttons = [(await again.button(context, request.chat_id, text),) for text in texts]
    return Message(words, tuple(buttons))


def _words(address: Json) -> str:
    """Return the address in words, what can lose money first."""
    currency, network = e(address["currency"]), e(address["blockchain"])
    head = _("Deposit {currency} over {network}", currency=currency, network=network)
    lines = [f"<b>{head}</b>"]
    if address["memo"]:
        warning = _("This memo (tag) is needed as well. Without it the money is lost.")
        lines.append(f"⚠️ <b>{warning}</b>")
        lines.append(f"<code>{e(address['memo'])}</code>")
        lines.append(_("Address"))
    lines.append(f"<code>{e(address['address'])}</code>")
    if address["minimum"] is not None:
        least = f"{number(address['minimum'])} {currency}"
        lines.append(_("At least {amount}: less is lost.", amount=least))
    lines.append(_("For sub-account {account}", account=e(address["account_id"])))
    return "\n".join(lines)


def _copy_buttons(address: Json) -> tuple[tuple[Button, ...], ...]:
    """Return buttons that copy the address and the memo."""
    buttons = [
        Button(f"📋 {words}", "", copy=str(text))
        for words, text in (
            (_("Copy address"), address["address"]),
            (_("Copy memo"), address["memo"]),
        )
        if text and len(str(text)) <= _LONGEST_COPY
    ]
    return (tuple(buttons),) if buttons else ()


def _qr_code(text: str) -> bytes:
    """Draw an address as a QR code; segno is loaded by the first one, not at the start."""
    import segno  # noqa: PLC0415 - loaded by the first address

    out = BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(out, kind="png", scale=_QR_PIXELS, border=_QR_BORDER)
    return out.getvalue()


COMMANDS = (
    Command(
        "deposit",
        N_("where to send money to"),
        "/deposit BTC",
        deposit,
        Role.TRADER,
    ),
)
