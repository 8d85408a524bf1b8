"""Commands about the market."""

from telegram_bot import cards
from telegram_bot.commands.base import Command, Context, Request, UsageError
from telegram_bot.markup import Message

_MOST_PAIRS = 10


async def price(context: Context, request: Request) -> Message:
    """Show the prices of some pairs: those named, else those asked for last."""
    if len(request.words) > _MOST_PAIRS:
        raise UsageError(f"At most {_MOST_PAIRS} pairs at once, please.")
    note = f"pairs:{request.user_id}"
    if request.words:
        pairs = list(
            dict.fromkeys([await context.pairs.find(word) for word in request.words])
        )
    else:
        pairs = (
            await context.store.run(lambda store: store.note(note))
            or await context.pairs.main()
        )
    tickers = (await context.home_assistant.call("get_ticker", {"pairs": pairs}))[
        "tickers"
    ]
    if request.words:
        await context.store.run(lambda store: store.set_note(note, pairs))
    return Message(cards.tickers([tickers[pair] for pair in pairs if pair in tickers]))


COMMANDS = (Command("price", "prices now", "/price BTC-USD", price),)
