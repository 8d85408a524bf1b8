"""Commands about the market: prices, the book, the conditions of a pair."""

from decimal import Decimal
from itertools import accumulate

from telegram_bot import cards
from telegram_bot.commands import again
from telegram_bot.commands.base import Command, Context, Request, UsageError
from telegram_bot.commands.views import Reader, View
from telegram_bot.feed import Json
from telegram_bot.languages import N_, _, number
from telegram_bot.markup import Message, e

MOST_PAIRS = 10
_LEVELS = 8
_DEEPER = 24


async def wanted_pairs(context: Context, request: Request) -> list[str]:
    """Return the pairs named, else those asked for last, else the main ones.

    Raises:
        UsageError: they are too many.
        UnknownPairError: nobody trades one of them.
    """
    if len(request.words) > MOST_PAIRS:
        raise UsageError(_("At most {most} pairs at once, please.", most=MOST_PAIRS))
    note = f"pairs:{request.user_id}"
    if not request.words:
        last = await context.store.run(lambda store: store.note(note))
        return last or await context.pairs.main()
    found = [await context.pairs.find(word) for word in request.words]
    pairs = list(dict.fromkeys(found))
    await context.store.run(lambda store: store.set_note(note, pairs))
    return pairs


async def wanted_pair(context: Context, words: tuple[str, ...]) -> str:
    """Return the one pair that a command is about.

    Raises:
        UsageError: there is none, or more words than one.
        UnknownPairError: nobody trades it.
    """
    if len(words) != 1:
        raise UsageError(_("Say one pair."))
    return await context.pairs.find(words[0])


async def price(context: Context, request: Request) -> Message:
    """Show the prices of some pairs: those named, else those asked for last."""
    pairs = await wanted_pairs(context, request)
    return await PRICE.answer(context, request, {"pairs": pairs})


async def _show_price(context: Context, reader: Reader, query: Json) -> Message:
    """Show prices now."""
    pairs = query["pairs"]
    answer = await context.home_assistant.call("get_ticker", {"pairs": pairs})
    rows = [answer["tickers"][pair] for pair in pairs if pair in answer["tickers"]]
    watch = f"/watch {' '.join(pairs)}"
    first = (
        await PRICE.button(context, reader, f"🔄 {_('Refresh')}", query),
        await again.button(context, reader.chat_id, watch, f"👁 {_('Watch')}"),
    )
    if len(pairs) != 1:
        return Message(cards.tickers(rows), (first,))
    chart, book = f"/chart {pairs[0]}", f"/book {pairs[0]}"
    second = (
        await again.button(context, reader.chat_id, chart, f"📊 {_('Chart')}"),
        await again.button(context, reader.chat_id, book, f"📖 {_('Book')}"),
    )
    return Message(cards.tickers(rows), (first, second))


PRICE = View("price", _show_price)


async def book(context: Context, request: Request) -> Message:
    """Show the levels of a pair's order book."""
    pair = await wanted_pair(context, request.words)
    return await BOOK.answer(context, request, {"pair": pair, "depth": _LEVELS})


async def _show_book(context: Context, reader: Reader, query: Json) -> Message:
    """Show the book as it is now."""
    levels = await context.home_assistant.call("get_order_book", query)
    other = _DEEPER if query["depth"] == _LEVELS else _LEVELS
    words = _("More levels") if other == _DEEPER else _("Fewer levels")
    deeper = query | {"depth": other}
    return Message(
        _book_words(levels["order_book"]),
        (
            (
                await BOOK.button(context, reader, f"🔄 {_('Refresh')}", query),
                await BOOK.button(context, reader, words, deeper),
            ),
        ),
    )


def _book_words(levels: Json) -> str:
    """Show both sides of a book, the best prices next to each other in the middle."""
    base, quote = cards.currencies(levels["pair"])
    asks, bids = _with_sums(levels["asks"]), _with_sums(levels["bids"])
    rows = [(_("Price"), _("Amount"), _("Sum")), *reversed(asks), *bids]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    table = [
        lines[0],
        *lines[1 : 1 + len(asks)],
        "─" * (sum(widths) + 4),
        *lines[1 + len(asks) :],
    ]
    head = _("{pair} order book", pair=e(levels["pair"]))
    unit = _("Prices in {quote}, amounts in {base}", quote=quote, base=base)
    parts = [
        f"<b>{head}</b>",
        *_spread(levels, quote),
        f"<pre>{e('\n'.join(table))}</pre>",
        unit,
    ]
    return "\n".join(parts)


def _with_sums(side: list[Json]) -> list[tuple[str, str, str]]:
    """Return price, amount, and the sum of the amounts up to each level."""
    sums = accumulate(Decimal(level["amount"]) for level in side)
    return [
        (number(level["price"]), number(level["amount"]), number(total))
        for level, total in zip(side, sums, strict=True)
    ]


def _spread(levels: Json, quote: str) -> list[str]:
    """Return what lies between the best prices, where both sides have one."""
    if not levels["asks"] or not levels["bids"]:
        return [_("One side of the book is empty.")]
    ask, bid = (Decimal(levels[side][0]["price"]) for side in ("asks", "bids"))
    percentage = round((ask - bid) * 200 / (ask + bid), 3)
    return [
        _(
            "Spread {spread} {quote} ({percentage} %)",
            spread=number(ask - bid),
            quote=quote,
            percentage=number(percentage),
        )
    ]


BOOK = View("book", _show_book)


async def conditions(context: Context, request: Request) -> Message:
    """Show under which conditions a pair is traded."""
    pair = await wanted_pair(context, request.words)
    row = (await context.pairs.all())[pair]
    base, quote = e(row["base"]), e(row["quote"])
    lines = [
        f"<b>{_('Trading conditions of {pair}', pair=e(pair))}</b>",
        _(
            "Amount: {least} to {most} {currency}",
            least=number(row["base_min"]),
            most=number(row["base_max"]),
            currency=base,
        ),
        _(
            "In steps of {lot} {currency}",
            lot=number(row["base_lot_size"]),
            currency=base,
        ),
        _(
            "Worth: {least} to {most} {currency}",
            least=number(row["quote_min"]),
            most=number(row["quote_max"]),
            currency=quote,
        ),
        _(
            "Price: {least} to {most} {currency}",
            least=number(row["min_price"]),
            most=number(row["max_price"]),
            currency=quote,
        ),
        _(
            "In steps of {lot} {currency}",
            lot=number(Decimal(1).scaleb(-int(row["price_precision"]))),
            currency=quote,
        ),
    ]
    return Message("\n".join(lines))


COMMANDS = (
    Command("price", N_("prices now"), "/price BTC-USD", price),
    Command("book", N_("the order book of a pair"), "/book BTC-USD", book),
    Command(
        "conditions",
        N_("smallest and largest orders of a pair"),
        "/conditions BTC-USD",
        conditions,
    ),
)
BUTTONS = (PRICE.action, BOOK.action)
