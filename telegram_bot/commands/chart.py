"""The command that draws how a price went."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
import logging

from telegram_bot import cards
from telegram_bot.chart_data import INTERVALS, Chart, read_chart
from telegram_bot.commands.base import Command, Context, Request, UsageError
from telegram_bot.commands.views import Reader, View
from telegram_bot.errors import RefusedError
from telegram_bot.feed import Json
from telegram_bot.languages import N_, _, ngettext, number
from telegram_bot.markup import Message, e
from telegram_bot.settings import ChartTheme

_LOGGER = logging.getLogger(__name__)

CANDLES = 120
_DEFAULT = "1h"
_OFFERED = ("5m", "15m", "1h", "4h", "1d")
_FILLS = ("filled", "partially_filled")
_MOST_FILLS = 500
_MOST_ORDERS = 6


async def chart(context: Context, request: Request) -> Message:
    """Draw the candles of a pair."""
    if not 1 <= len(request.words) <= 2:
        raise UsageError(_("Say a pair, and an interval if you like."))
    interval = request.words[1].lower() if len(request.words) == 2 else _DEFAULT
    if interval not in INTERVALS:
        known = ", ".join(INTERVALS)
        raise UsageError(
            _(
                "I don't know the interval {interval}; there are {known}.",
                interval=interval,
                known=known,
            )
        )
    pair = await context.pairs.find(request.words[0])
    query = {"pair": pair, "interval": interval}
    return await CHART.answer(context, request, query)


async def _show_chart(context: Context, reader: Reader, query: Json) -> Message:
    """Draw the candles as they are now."""
    pair, interval = query["pair"], query["interval"]
    asked = {"pair": pair, "resolution": interval, "limit": CANDLES}
    candles, orders, settings = await asyncio.gather(
        context.home_assistant.call("get_candles", asked),
        _own(context, "get_orders", {}),
        context.store.run(lambda store: store.settings(reader.chat_id)),
    )
    rows = [row for row in candles["candles"] if row["close"] is not None]
    buttons = [
        await CHART.button(
            context,
            reader,
            offered,
            query | {"interval": offered},
            chosen=offered == interval,
        )
        for offered in _OFFERED
    ]
    if not rows:
        return Message(
            _("There are no candles of {pair} yet.", pair=e(pair)), (tuple(buttons),)
        )
    fills = await _own(
        context,
        "get_executions",
        {"pair": pair, "start": rows[0]["start"], "limit": _MOST_FILLS},
    )
    done = [row for row in fills if row["data"]["event"] in _FILLS]
    waiting = [
        order
        for order in orders
        if order["pair"] == pair and order["price"] is not None
    ]
    waiting.sort(key=lambda order: Decimal(order["price"]), reverse=True)
    shown = read_chart(pair, interval, rows, done, waiting)
    return Message(
        _caption(shown, waiting),
        (tuple(buttons),),
        photo=await asyncio.to_thread(_draw, shown, settings.chart_theme),
    )


async def _own(context: Context, action: str, data: Json) -> list[Json]:
    """Return what an account did; an entry for prices alone has none."""
    try:
        answer = await context.home_assistant.call(action, data)
    except RefusedError as err:
        _LOGGER.info("A chart is drawn without %s: %s", action, err)
        return []
    rows: list[Json] = next(iter(answer.values()))
    return rows


def _draw(chart: Chart, theme: ChartTheme) -> bytes:
    """Draw; Pillow is loaded by the first chart, not at the start."""
    from telegram_bot.charts import draw  # noqa: PLC0415 - loaded by the first picture

    return draw(chart, theme)


def _caption(chart: Chart, orders: Sequence[Json]) -> str:
    """Return what stands below the picture."""
    quote = cards.currencies(chart.title)[1]
    fills = len(chart.fills)
    lines = [
        f"<b>{e(chart.title)} {number(chart.candles[-1].close)} {quote}</b>",
        _(
            "{count} candles of {interval}: {low} to {high}",
            count=len(chart.candles),
            interval=chart.interval,
            low=number(min(candle.low for candle in chart.candles)),
            high=number(max(candle.high for candle in chart.candles)),
        ),
    ]
    if fills:
        words = ngettext("{count} fill of yours", "{count} fills of yours", fills)
        lines.append(f"▲▼ {words}")
    lines += [f"┄ {cards.order_words(order)}" for order in orders[:_MOST_ORDERS]]
    if len(orders) > _MOST_ORDERS:
        more = len(orders) - _MOST_ORDERS
        lines.append(ngettext("… and {count} more", "… and {count} more", more))
    return "\n".join(lines)


CHART = View("chart", _show_chart)

COMMANDS = (
    Command(
        "chart",
        N_("candles, with your fills and orders"),
        "/chart BTC-USD 4h",
        chart,
    ),
)
BUTTONS = (CHART.action,)
