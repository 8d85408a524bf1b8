"""Constants of the CEX.IO integration."""

from datetime import timedelta
from typing import Final

DOMAIN: Final = "cexio"
MANUFACTURER: Final = "CEX.IO"
CONFIGURATION_URL: Final = "https://trade.cex.io"

CONF_API_SECRET: Final = "api_secret"  # noqa: S105 - the name of a field
CONF_SECRET_IS_BASE64: Final = "secret_is_base64"  # noqa: S105 - the name of a setting
CONF_KIND: Final = "kind"
CONF_PAIR: Final = "pair"
CONF_PAIRS: Final = "pairs"
CONF_DEFAULT_ACCOUNT_ID: Final = "default_account_id"
CONF_ALLOWED_PAIRS: Final = "allowed_pairs"
CONF_LARGEST_ORDER_VALUE: Final = "largest_order_value"
CONF_LARGEST_DAY_VALUE: Final = "largest_day_value"
CONF_LARGEST_DISTANCE: Final = "largest_distance"
CONF_TRADERS: Final = "traders"
CONF_PORTFOLIO_CURRENCY: Final = "portfolio_currency"
CONF_PRICE_INTERVAL: Final = "price_interval"
CONF_NOTICES: Final = "notices"
SECTION_SERVER: Final = "server"

KIND_ACCOUNT: Final = "account"
KIND_PRICES: Final = "prices"

SUBENTRY_MARKET: Final = "market"
SUBENTRY_PRICE_ALERT: Final = "price_alert"

EVENT_EXECUTION: Final = "cexio_execution"
EVENT_FUNDING: Final = "cexio_funding"
EVENT_PRICE_ALERT: Final = "cexio_price_alert"

# Tells that the feed of an entry has grown, or is back after a reload.
FEED_SIGNAL: Final = "cexio_feed_{}"
# Tells which market an entry watches from now on.
MARKET_SIGNAL: Final = "cexio_market_{}"

# A market writes its state at most once in so many seconds.
DEFAULT_PRICE_INTERVAL: Final = 1
LONGEST_PRICE_INTERVAL: Final = 3600
# The live service answers get_ticker only about twice a minute for one address.
TICKER_INTERVAL: Final = timedelta(seconds=60)
ACCOUNT_INTERVAL: Final = timedelta(minutes=5)
REFERENCE_INTERVAL: Final = timedelta(hours=6)
FEE_LIFETIME: Final = timedelta(minutes=10)
FEE_LIFETIME_OF_ORDERS: Final = timedelta(days=1)

# So often a disk that refused is tried again.
WRITE_AGAIN_INTERVAL: Final = timedelta(seconds=30)

# The value of an order is measured in this currency by the guard rail.
VALUE_CURRENCY: Final = "USD"
DEFAULT_PORTFOLIO_CURRENCY: Final = "USD"
