"""An order step by step: what the command left out is asked for, by buttons or in words."""

from dataclasses import asdict, replace

from telegram_bot.access import Role
from telegram_bot.commands import grammar
from telegram_bot.commands.base import (
    ButtonAction,
    ButtonTap,
    Context,
    Request,
    Typed,
    UsageError,
)
from telegram_bot.commands.expected import expect, expected, forget
from telegram_bot.commands.grammar import MARKET, Draft
from telegram_bot.commands.once import once
from telegram_bot.commands.sizes import exact
from telegram_bot.desk import Asker
from telegram_bot.errors import HomeAssistantError
from telegram_bot.feed import Json
from telegram_bot.languages import _, number
from telegram_bot.markup import Button, Message, e
from telegram_bot.pairs import UnknownPairError

STEP = "step"
_TOPIC = "order"
_MOST_PAIRS = 8
_PAIRS_A_LINE = 2
_SHARES = ("25", "50", "100")


async def advance(
    context: Context,
    asker: Asker,
    side: str,
    draft: Draft,
    *,
    edit: int | None = None,
) -> bool:
    """Ask for what is missing next, or show the card; return whether nothing was missing.

    Args:
        context: what commands work with.
        asker: who wants the order.
        side: "buy" or "sell".
        draft: what is known of it.
        edit: the message that asked for the last step.

    Raises:
        UsageError: what was written does not fit together.
        UnknownPairError: nobody trades this pair.
        HomeAssistantError: the order can't be previewed.
    """
    if draft.pair is not None:
        draft = replace(draft, pair=await context.pairs.find(draft.pair))
    steps = _Steps(context, asker, side, draft)
    if draft.pair is None:
        message = await steps.ask_pair()
    elif not draft.has_amount:
        message = await steps.ask_amount(draft.pair)
    elif draft.price is None:
        message = await steps.ask_price(draft.pair)
    else:
        await _show_card(context, asker, side, draft, edit)
        return True
    data = {"side": side, "draft": asdict(draft)}
    await expect(context, asker.chat_id, asker.user_id, _TOPIC, data)
    await context.outbox.say(asker.chat_id, message, edit=edit)
    return False


async def _show_card(
    context: Context, asker: Asker, side: str, draft: Draft, edit: int | None
) -> None:
    """Show the card of an order that is complete."""
    fields = draft.fields(side, draft.pair or "", context.clock.time())
    if "account_id" not in fields and context.default_account_id:
        fields["account_id"] = context.default_account_id
    share = None
    if draft.percentage:
        fields, share = await exact(context, fields, draft.percentage)
    await context.desk.ask_order(asker, fields, share)
    if edit is not None:
        # So that the next one can be written at once.
        command = Message(f"<code>{e(draft.command(side))}</code>")
        await context.outbox.say(asker.chat_id, command, edit=edit)


class _Steps:
    """The questions of one order."""

    def __init__(self, context: Context, asker: Asker, side: str, draft: Draft) -> None:
        """Ask one person for one order."""
        self._context = context
        self._asker = asker
        self._side = side
        self._draft = draft

    async def ask_pair(self) -> Message:
        """Ask for the pair: those that are looked at, or that have the currency of the amount."""
        pairs = await self._context.pairs.main()
        if currency := self._draft.currency:
            known = await self._context.pairs.all()
            pairs = [pair for pair in known if currency in pair.split("-")]
        note = f"pairs:{self._asker.user_id}"
        asked = await self._context.store.run(lambda store: store.note(note)) or []
        if not self._draft.currency:
            pairs = list(dict.fromkeys([*asked, *pairs]))
        made = [
            await self._button(pair, replace(self._draft, pair=pair))
            for pair in pairs[:_MOST_PAIRS]
        ]
        lines = tuple(
            tuple(made[first : first + _PAIRS_A_LINE])
            for first in range(0, len(made), _PAIRS_A_LINE)
        )
        text = (
            _("<b>Buy what?</b>\nChoose a pair, or write one, such as BTC-USD.")
            if self._side == "buy"
            else _("<b>Sell what?</b>\nChoose a pair, or write one, such as BTC-USD.")
        )
        return Message(text, lines)

    async def ask_amount(self, pair: str) -> Message:
        """Ask for the amount."""
        base, _dash, quote = pair.partition("-")
        if self._side == "buy":
            head = _("<b>How much {currency} to buy?</b>", currency=e(base))
            hint = _(
                "Write an amount, such as <code>0.01</code> or <code>100 {quote}</code>, or choose how much of your"
                " {quote} to spend.",
                quote=e(quote),
            )
        else:
            head = _("<b>How much {currency} to sell?</b>", currency=e(base))
            hint = _(
                "Write an amount, such as <code>0.01</code>, or choose how much of your {base} to sell.",
                base=e(base),
            )
        line = tuple(
            [
                await self._button(f"{share} %", replace(self._draft, percentage=share))
                for share in _SHARES
            ]
        )
        available = await self._available(base, quote)
        return Message("\n".join([head, *available, hint]), (line,))

    async def ask_price(self, pair: str) -> Message:
        """Ask for the price."""
        base, _dash, quote = pair.partition("-")
        market = await self._market(pair, quote)
        button = await self._button(
            _("Market price"), replace(self._draft, price=MARKET)
        )
        if self._draft.currency == quote and quote != base:
            head = _("<b>Buy at the market price?</b>")
            if self._side == "sell":
                head = _("<b>Sell at the market price?</b>")
            hint = _(
                "An amount in {quote} works with market orders only.", quote=e(quote)
            )
        else:
            head = _("<b>At which price?</b>")
            hint = _("Write a price in {quote}, or take the market's.", quote=e(quote))
        return Message("\n".join([head, *market, hint]), ((button,),))

    async def _available(self, *currencies: str) -> list[str]:
        """Return what each sub-account has of some currencies; nothing where that can't be asked for."""
        try:
            rows = (await self._context.home_assistant.call("get_balances"))["balances"]
        except HomeAssistantError:
            return []
        account = self._draft.account or self._context.default_account_id
        return [
            _(
                "{account}: {amount} {currency} available",
                account=e(row["account_id"]),
                amount=number(row["available"]),
                currency=e(row["currency"]),
            )
            for row in rows
            if row["currency"] in currencies
            and row["account_id"]
            and account in (None, row["account_id"])
        ]

    async def _market(self, pair: str, quote: str) -> list[str]:
        """Return the best prices now; nothing where they can't be asked for."""
        try:
            answer = await self._context.home_assistant.call(
                "get_ticker", {"pairs": [pair]}
            )
        except HomeAssistantError:
            return []
        row = answer["tickers"][pair]
        return [
            _(
                "{pair}: bid {bid}, ask {ask} {currency}",
                pair=e(pair),
                bid=number(row["bid"]),
                ask=number(row["ask"]),
                currency=e(quote),
            )
        ]

    async def _button(self, text: str, draft: Draft) -> Button:
        """Make a button that goes on with one word more."""
        data = {
            "user_id": self._asker.user_id,
            "side": self._side,
            "draft": asdict(draft),
        }
        return await self._context.button(self._asker.chat_id, text, STEP, data)


async def step_tapped(context: Context, tap: ButtonTap) -> str:
    """Go on with what a button says."""
    if tap.data["user_id"] != tap.user_id:
        return _("Only the person who asked can decide this. Nothing was done.")
    side, draft = tap.data["side"], Draft(**tap.data["draft"])
    try:
        # Two cards of one order would be two orders.
        async with once(context, tap, draft.command(side)):
            if await advance(context, tap.asker, side, draft, edit=tap.message_id):
                await forget(context, tap.chat_id, tap.user_id)
    except (UsageError, UnknownPairError) as err:
        return str(err)
    return ""


async def typed(context: Context, request: Request) -> Typed | None:
    """Go on with what somebody wrote, if that was asked for."""
    asked: Json | None = await expected(context, request, _TOPIC)
    if asked is None or request.role < Role.TRADER or not request.words:
        return None
    draft = _answered(Draft(**asked["draft"]), request.words, context.clock.time())
    if await advance(context, request.asker, asked["side"], draft):
        await forget(context, request.chat_id, request.user_id)
    return Typed()


def _answered(draft: Draft, words: tuple[str, ...], now: float) -> Draft:
    """Put an answer where it belongs; whatever may follow it in the command may follow it here.

    Raises:
        UsageError: it is no answer.
    """
    left = list(words)
    if draft.pair is None:
        draft = replace(draft, pair=left.pop(0))
    if left and not draft.has_amount:
        draft = grammar.amount(left, draft)
    if left and draft.price is None:
        draft = grammar.finish(left, draft, now)
        left = []
    if left:
        raise UsageError(_("I don't understand “{words}”.", words=" ".join(left)))
    return draft


BUTTONS = (ButtonAction(STEP, step_tapped, Role.TRADER),)
TEXTS = (typed,)
