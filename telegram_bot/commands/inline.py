"""Prices behind the bot's name in any chat, such as `@your_bot btc`."""

from telegram import InlineQueryResultArticle, InputTextMessageContent
from telegram.constants import ParseMode

from telegram_bot import cards
from telegram_bot.commands.base import Context
from telegram_bot.feed import Json
from telegram_bot.languages import number

_MOST = 8


async def inline_prices(context: Context, typed: str) -> list[InlineQueryResultArticle]:
    """Return the prices of the pairs that fit what was typed so far.

    Raises:
        HomeAssistantError: the prices can't be asked for.
    """
    pairs = await _fitting(context, typed)
    if not pairs:
        return []
    answer = await context.home_assistant.call("get_ticker", {"pairs": pairs})
    tickers = answer["tickers"]
    return [_result(tickers[pair]) for pair in pairs if pair in tickers]


async def _fitting(context: Context, typed: str) -> list[str]:
    """Return the pairs that begin with the letters typed, then those that hold them; without any, the main ones."""
    letters = "".join(filter(str.isalnum, typed)).upper()
    if not letters:
        return await context.pairs.main()
    joined = {pair: pair.replace("-", "") for pair in await context.pairs.all()}
    first = [pair for pair, name in joined.items() if name.startswith(letters)]
    held = [pair for pair, name in joined.items() if letters in name]
    return list(dict.fromkeys(first + held))[:_MOST]


def _result(ticker: Json) -> InlineQueryResultArticle:
    """Return one line of the list, and the message that a tap on it sends."""
    pair = str(ticker["pair"])
    price = ticker["mid"] if ticker["last"] is None else ticker["last"]
    change = ticker["change_percentage"]
    return InlineQueryResultArticle(
        id=pair,
        title=f"{pair} {number(price)}",
        description=None if change is None else f"{cards.signed(change)} %",
        input_message_content=InputTextMessageContent(
            cards.tickers([ticker]), parse_mode=ParseMode.HTML
        ),
    )
