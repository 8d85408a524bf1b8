"""The command that tells what everything is worth, with a picture."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from telegram_bot import cards
from telegram_bot.commands.base import Command, Context, Request
from telegram_bot.commands.views import Reader, View
from telegram_bot.feed import Json
from telegram_bot.languages import N_, _, number
from telegram_bot.markup import Message, e
from telegram_bot.rounding import nearly
from telegram_bot.settings import ChartTheme

_MOST_BARS = 6


async def portfolio(context: Context, request: Request) -> Message:
    """Show value, change and profit of everything."""
    return await PORTFOLIO.answer(context, request, {})


async def _show_portfolio(context: Context, reader: Reader, query: Json) -> Message:
    """Show the portfolio as it is now."""
    answer, settings = await asyncio.gather(
        context.home_assistant.call("get_portfolio"),
        context.store.run(lambda store: store.settings(reader.chat_id)),
    )
    whole = answer["portfolio"]
    refresh = await PORTFOLIO.button(context, reader, f"🔄 {_('Refresh')}", query)
    picture = None
    if whole["value"] is not None and whole["assets"]:
        picture = await asyncio.to_thread(_draw, whole, settings.chart_theme)
    return Message(_words(whole), ((refresh,),), photo=picture)


def _words(whole: Json) -> str:
    """Return the portfolio in words, the value first."""
    currency = e(whole["currency"])
    if whole["value"] is None:
        return _("The prices in {currency} are still to come.", currency=currency)
    lines = [f"<b>{_about(whole['value'])} {currency}</b>"]
    lines += change_within_a_day(whole)
    for name, words in _PROFITS.items():
        if whole[name] is not None:
            amount = f"{_gain(whole[name])} {currency}"
            lines.append(_(words, amount=amount))
    if whole["on_hold_value"] and Decimal(whole["on_hold_value"]):
        held = f"{_about(whole['on_hold_value'])} {currency}"
        lines.append(_("In open orders {amount}", amount=held))
    lines += [_asset(asset, currency) for asset in _by_value(whole["assets"])]
    if whole["unpriced"]:
        codes = ", ".join(map(e, whole["unpriced"]))
        lines.append(_("Without a price: {currencies}", currencies=codes))
    return "\n".join(lines)


def change_within_a_day(whole: Json) -> list[str]:
    """Return how the value changed; nothing where nobody knows what it was."""
    if whole["change_24h"] is None:
        return []
    change, currency = _gain(whole["change_24h"]), e(whole["currency"])
    if whole["change_24h_percentage"] is None:
        # Of nothing there is no percentage.
        return [_("{change} {currency} within a day", change=change, currency=currency)]
    return [
        _(
            "{change} {currency} ({percentage} %) within a day",
            change=change,
            currency=currency,
            percentage=cards.signed(whole["change_24h_percentage"]),
        )
    ]


_PROFITS = {
    "unrealised_profit": N_("Profit if sold now {amount}"),
    "realised_profit": N_("Profit of sales {amount}"),
}


def _by_value(assets: Sequence[Json]) -> list[Json]:
    """Return the assets, those of the highest value first."""
    return sorted(assets, key=lambda row: Decimal(row["value"] or 0), reverse=True)


def _asset(asset: Json, currency: str) -> str:
    """Return one asset in a line."""
    held = f"<b>{e(asset['currency'])}</b> {number(asset['total'])}"
    if asset["value"] is None:
        return held
    line = f"{held} · {_about(asset['value'])} {currency}"
    if asset["unrealised_profit"] is None:
        return line
    cost = _("cost {amount}", amount=_about(asset["cost_basis"]))
    return f"{line} · {cost} · {_gain(asset['unrealised_profit'])}"


def _about(value: str) -> str:
    """Return a value as exactly as it means something, marked where digits are left out."""
    exact = Decimal(value)
    return f"{'' if exact == nearly(exact) else '≈ '}{number(nearly(exact))}"


def _gain(value: str) -> str:
    """Return what was won or lost, with its sign."""
    return cards.signed(nearly(Decimal(value)))


def _draw(whole: Json, theme: ChartTheme) -> bytes:
    """Draw the bars; Pillow is loaded by the first picture, not at the start."""
    from telegram_bot.shares import Share, Shares, draw  # noqa: PLC0415 - loaded by the first picture

    assets = _by_value(whole["assets"])
    priced = [asset for asset in assets if asset["value"] is not None]
    shown = priced if len(priced) <= _MOST_BARS else priced[: _MOST_BARS - 1]
    others = priced[len(shown) :]
    shares = [
        Share(
            asset["currency"],
            Decimal(asset["value"]),
            Decimal(asset["share_percentage"] or 0),
            None
            if asset["unrealised_profit"] is None
            else Decimal(asset["unrealised_profit"]),
        )
        for asset in shown
    ]
    if others:
        value = sum(Decimal(asset["value"]) for asset in others)
        percentage = sum(Decimal(asset["share_percentage"] or 0) for asset in others)
        name = f"+{len(others)}"
        shares.append(Share(name, Decimal(value), Decimal(percentage), None))
    change = whole["change_24h_percentage"]
    return draw(
        Shares(
            Decimal(whole["value"]),
            whole["currency"],
            None if change is None else Decimal(change),
            shares,
        ),
        theme,
    )


PORTFOLIO = View("portfolio", _show_portfolio)

COMMANDS = (
    Command(
        "portfolio",
        N_("value, change and profit of everything"),
        "/portfolio",
        portfolio,
    ),
)
BUTTONS = (PORTFOLIO.action,)
