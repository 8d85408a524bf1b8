"""What the integration refuses, by the key of the refusal; the bot says it in the reader's language."""

from telegram_bot.languages import N_

REFUSALS = {
    "invalid_key": N_("The exchange does not know the API key. Enter a new one."),
    "invalid_signature": N_("The secret of the API key is wrong. Enter it again."),
    "key_not_activated": N_(
        "The API key is not activated. Activate it on the exchange."
    ),
    "address_not_allowed": N_(
        "The API key may not be used from this address. Allow it on the exchange."
    ),
    "clock_wrong": N_("The clock of this machine is wrong. Set it right."),
    "invalid_auth": N_("The exchange refused the API key. Enter a new one."),
    "authentication_failed": N_(
        "The exchange refused the API key: {reason}. Enter a new one in the settings of the integration."
    ),
    "read_permission_missing": N_(
        "The API key lacks the permission Read. Add it on the exchange."
    ),
    "permission_missing": N_(
        "The API key lacks a permission ({reason}). Add it on the exchange's API page; orders need Trade."
    ),
    "rate_limited": N_(
        "The exchange has answered enough for this minute. Try again at {time}."
    ),
    "maintenance": N_("The exchange is on maintenance. Try again later."),
    "cannot_connect": N_("The exchange cannot be reached."),
    "not_connected": N_(
        "The exchange cannot be reached, and nothing was sent. Try again later."
    ),
    "unexpected_answer": N_("The exchange answered something unexpected: {reason}"),
    "exchange_error": N_("The exchange refused: {reason}"),
    "unknown_entry": N_("There is no CEX.IO entry {config_entry_id}."),
    "several_entries": N_(
        "There are several CEX.IO entries. Say with config_entry_id which one is meant."
    ),
    "entry_not_loaded": N_(
        "CEX.IO is not set up or not loaded. Check it in the settings."
    ),
    "account_required": N_(
        "This needs an entry with an API key; prices only cannot do it."
    ),
    "unknown_pair": N_(
        "The exchange does not trade {pair}. Check the name, such as BTC-USD."
    ),
    "amount_required": N_(
        "Give either an amount in the base currency or one in the quote currency."
    ),
    "price_required": N_("This type of order needs a price."),
    "price_not_allowed": N_(
        "A market order takes no price. Leave it out, or choose a limit order."
    ),
    "stop_price_required": N_("A stop limit order needs a stop price."),
    "stop_price_not_allowed": N_("Only a stop limit order takes a stop price."),
    "time_in_force_not_allowed": N_("A market order is always immediate or cancel."),
    "expire_time_required": N_("An order that is good till date needs an expiry."),
    "expire_time_not_allowed": N_(
        "Only an order that is good till date takes an expiry."
    ),
    "amount_below_minimum": N_(
        "{amount} {currency} is too little. The smallest order is {minimum} {currency}."
    ),
    "amount_above_maximum": N_(
        "{amount} {currency} is too much. The largest order is {maximum} {currency}."
    ),
    "amount_off_lot": N_(
        "{amount} {currency} is between two lots. Use a multiple of {lot} {currency}."
    ),
    "price_off_tick": N_(
        "The price {price} is too fine. {pair} takes at most {decimals} decimals (steps of {tick})."
    ),
    "price_out_of_range": N_(
        "The price {price} is out of range. {pair} takes prices from {minimum} to {maximum}."
    ),
    "insufficient_funds": N_("Not enough funds: {reason}."),
    "trading_off": N_(
        "Trading is off. Turn on the switch Trading of your CEX.IO account first."
    ),
    "pair_not_allowed": N_(
        "{pair} is not among the allowed pairs ({allowed}). Change the options of the integration to allow it."
    ),
    "order_too_large": N_(
        "The order is worth {value} {currency}, more than the allowed {largest} {currency}. Order less, or change the options of the integration."
    ),
    "day_limit_reached": N_(
        "The order is worth {value} {currency}, and the orders of today are worth {used} {currency} already: more than the allowed {largest} {currency} a day. Order less, wait until tomorrow, or change the options of the integration."
    ),
    "storage_failed": N_(
        "It could not be written down, so nothing was done: {reason}. Check that the disk is not full and can be written."
    ),
    "price_too_far": N_(
        "The price is {distance} % away from the market ({market_price}), more than the allowed {largest} %. Check the price, or change the options of the integration."
    ),
    "not_allowed_to_trade": N_(
        "The user {user} may not trade. An administrator can allow it in the options of the integration."
    ),
    "no_sub_account": N_(
        "Orders need a sub-account. Choose one in the options of the integration."
    ),
    "order_rejected": N_("The exchange rejected the order: {reason}"),
    "client_order_id_used": N_(
        "The client order id {client_order_id} was used for another order. Use a new one."
    ),
    "outcome_unknown": N_(
        "It is not known what became of the request. Look at the open orders or the balances before you repeat it; repeating it with the same client order id or client transaction id is safe."
    ),
    "unknown_order": N_("The exchange knows no such order."),
    "order_id_required": N_(
        "Say which order: give its order id or its client order id."
    ),
    "alert_field_required": N_(
        "An alert with the condition {condition} needs {field}."
    ),
    "alert_field_not_allowed": N_(
        "An alert with the condition {condition} has no {field}."
    ),
    "unknown_alert": N_("There is no price alert {alert_id}."),
    "unknown_currency": N_(
        "The exchange does not have the currency {currency}. Check currency."
    ),
    "span_reversed": N_("The span ends before it begins. Check start and end."),
    "limit_not_allowed": N_("Give start and end, or a limit, not all three."),
    "start_required": N_("An end needs a start. Give start as well."),
    "no_deposits": N_(
        "{currency} cannot be deposited from outside at the moment. Check currency."
    ),
    "blockchain_required": N_(
        "This currency has several networks. Choose one as blockchain: {blockchains}."
    ),
    "unknown_blockchain": N_(
        "{currency} cannot be deposited over {blockchain}. Choose one as blockchain: {blockchains}."
    ),
    "not_in_wallet": N_(
        "{currency} cannot be moved to or from the wallet. Check currency."
    ),
    "amount_too_fine": N_(
        "The amount {amount} is too fine. {currency} takes at most {decimals} decimals here."
    ),
    "same_account": N_("Both accounts are {account_id}. Choose two different ones."),
    "client_transaction_id_used": N_(
        "The client transaction id {client_tx_id} was used for another move. Use a new one."
    ),
}
