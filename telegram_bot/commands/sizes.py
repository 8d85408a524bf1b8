"""A part of what is available as an exact amount, in whole lots."""

from decimal import ROUND_DOWN, Context as DecimalContext, Decimal, localcontext

from telegram_bot.commands.base import Context, UsageError
from telegram_bot.feed import Json
from telegram_bot.languages import _, number

# Enough for every digit of a division; what is cut off is cut off by the lot.
_DIGITS = DecimalContext(prec=60, rounding=ROUND_DOWN)
# The finest step of the exchange, where a pair names no lot.
_FINEST = Decimal("0.00000001")


async def exact(
    context: Context, fields: dict[str, str], percentage: str
) -> tuple[dict[str, str], Json]:
    """Put an exact amount in place of a percentage.

    The preview of the smallest order tells what is available, on which sub-account, and the fee.

    Args:
        context: what commands work with.
        fields: of the order, without an amount.
        percentage: of what is available to spend, more than 0 and at most 100.

    Returns:
        The fields with the amount, and what the card tells of it.

    Raises:
        UsageError: that is less than the smallest lot.
        HomeAssistantError: even the smallest order is refused.
    """
    conditions = (await context.pairs.all())[fields["pair"]]
    smallest = {**fields, "amount": conditions["base_min"]}
    answer = await context.home_assistant.call("preview_order", smallest)
    preview = answer["preview"]
    sells = fields["side"] == "sell"
    currency = preview["base_currency" if sells else "quote_currency"]
    available = preview["balance_before"][currency]
    with localcontext(_DIGITS):
        spend = Decimal(available) * Decimal(percentage) / 100
        if not sells:
            spend /= 1 + Decimal(preview["fee_percentage"] or 0) / 100
        if not sells and "price" in fields:
            spend /= Decimal(fields["price"])
        in_quote = not sells and "price" not in fields
        side = "quote" if in_quote else "base"
        lot = Decimal(conditions[f"{side}_lot_size"]) or _FINEST
        amount = spend // lot * lot
    if not amount:
        raise UsageError(
            _(
                "{percentage} % of {available} {currency} is less than the smallest lot.",
                percentage=number(percentage),
                available=number(available),
                currency=currency,
            )
        )
    share = {"percentage": percentage, "available": available, "currency": currency}
    name = "quote_amount" if in_quote else "amount"
    sized = {**fields, name: format(amount, "f"), "account_id": preview["account_id"]}
    return sized, share
