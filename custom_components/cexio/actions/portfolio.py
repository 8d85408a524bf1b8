"""The action that tells what an account is worth, and what it gained."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse

from custom_components.cexio.average_cost import Holding
from custom_components.cexio.coordinator import CexioAccount
from custom_components.cexio.portfolio import Portfolio, Position, rounded
from custom_components.cexio.representation import canonical, plain

from .common import ENTRY, Action, account_of

SERVICE_GET_PORTFOLIO = "get_portfolio"

# Decimals of a price: coins of little worth have their first digit far behind the point.
PRICE_DECIMALS = 12

# What is told of the value while nothing can be.
UNKNOWN: dict[str, Any] = {
    **dict.fromkeys(("value", "on_hold_value", "change_24h", "change_24h_percentage")),
    "assets": [],
    "unpriced": [],
}


async def _async_get_portfolio(call: ServiceCall) -> ServiceResponse:
    """Answer what the account is worth now, and what each asset cost and gained."""
    account = account_of(call)
    coordinator, profit = account.portfolio, account.profit
    coordinator.async_value()
    data = coordinator.data if coordinator.last_update_success else None
    # Prices in a currency that was chosen just now are still to come.
    is_known = data is not None and data.currency == coordinator.currency
    return {
        "portfolio": {
            "currency": coordinator.currency,
            **(_values(account, data) if data is not None and is_known else UNKNOWN),
            "realised_profit": _sum(item.realised for item in profit.holdings.values()),
            "unrealised_profit": _sum(map(profit.unrealised, profit.holdings)),
        }
    }


def _values(account: CexioAccount, portfolio: Portfolio) -> dict[str, Any]:
    """Return what the account is worth, in plain digits."""
    return {
        "value": rounded(portfolio.value),
        "on_hold_value": rounded(portfolio.on_hold),
        "change_24h": _rounded(portfolio.change),
        "change_24h_percentage": _percentage(portfolio.change_percentage),
        "assets": [_asset(account, portfolio, item) for item in portfolio.positions],
        "unpriced": list(portfolio.unpriced),
    }


def _asset(
    account: CexioAccount, portfolio: Portfolio, position: Position
) -> dict[str, Any]:
    """Return one asset that is held."""
    currency = position.currency
    unit = account.portfolio.worth(Decimal(1), currency)
    value = None if position.worth is None else position.worth.value
    share = value and portfolio.value and value * 100 / portfolio.value
    holding: Holding | None = account.profit.holdings.get(currency)
    return {
        "currency": currency,
        "total": plain(position.total),
        "price": None if unit is None else canonical(round(unit.value, PRICE_DECIMALS)),
        "value": _rounded(value),
        "share_percentage": _percentage(share),
        "path": [] if position.worth is None else list(position.worth.pairs),
        "cost_basis": None if holding is None else rounded(holding.cost),
        "realised_profit": None if holding is None else rounded(holding.realised),
        "unrealised_profit": _rounded(account.profit.unrealised(currency)),
    }


def _rounded(value: Decimal | None) -> str | None:
    """Return a converted amount where there is one."""
    return None if value is None else rounded(value)


def _percentage(value: Decimal | None) -> str | None:
    """Return a percentage where there is one."""
    return None if value is None else plain(round(value, 2))


def _sum(values: Iterable[Decimal | None]) -> str | None:
    """Return the sum of what is known, None when nothing is."""
    known = [value for value in values if value is not None]
    return rounded(sum(known, Decimal())) if known else None


PORTFOLIO_ACTIONS: dict[str, Action] = {
    SERVICE_GET_PORTFOLIO: Action(_async_get_portfolio, ENTRY, SupportsResponse.ONLY),
}
