"""What something is worth in the currency of the portfolio."""

from decimal import Decimal

from telegram_bot.errors import HomeAssistantError
from telegram_bot.feed import Json
from telegram_bot.home_assistant import HomeAssistant


def spent(preview: Json) -> tuple[str, Decimal]:
    """Return which currency an order spends, and how much of it at most."""
    if preview["side"] == "buy":
        return str(preview["quote_currency"]), Decimal(preview["total"])
    return str(preview["base_currency"]), Decimal(preview["amount"])


async def worth(
    home_assistant: HomeAssistant, currency: str, amount: Decimal
) -> tuple[Decimal, str] | None:
    """Return the worth of an amount and its currency; None when nobody can tell.

    What is spent is held, so the portfolio has a price of it, unless there is no way to convert it.
    """
    try:
        portfolio = (await home_assistant.call("get_portfolio"))["portfolio"]
    except HomeAssistantError:
        return None
    unit = str(portfolio["currency"])
    if unit == currency:
        return amount, unit
    prices = {asset["currency"]: asset["price"] for asset in portfolio["assets"]}
    price = prices.get(currency)
    return None if price is None else (amount * Decimal(price), unit)
