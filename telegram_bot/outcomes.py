"""What an error says about an order: surely not done, or open."""

from telegram_bot.errors import HomeAssistantError, NotConnectedError, RefusedError

# These refusals prove that nothing was placed; whatever else goes wrong leaves it open.
_CERTAIN_CODES = frozenset(
    {
        "service_validation_error",
        "invalid_format",
        "not_found",
        "unauthorized",
        "unknown_command",
    }
)
_CERTAIN_KEYS = frozenset(
    {
        "account_required", "amount_above_maximum", "amount_below_minimum", "amount_off_lot", "amount_required", "authentication_failed",
        "clock_wrong", "entry_not_loaded",
        "insufficient_funds", "maintenance", "no_sub_account", "not_allowed_to_trade", "not_connected", "order_rejected",
        "order_too_large", "pair_not_allowed", "permission_missing", "price_off_tick", "price_out_of_range", "price_required",
        "price_too_far", "rate_limited", "stop_price_required", "storage_failed", "trading_off", "unknown_order", "unknown_pair",
    }
)  # fmt: skip


def surely_not_done(error: HomeAssistantError) -> bool:
    """Return whether nothing was placed or cancelled; False means that nobody knows."""
    if isinstance(error, RefusedError):
        return error.code in _CERTAIN_CODES or error.translation_key in _CERTAIN_KEYS
    return isinstance(error, NotConnectedError)
