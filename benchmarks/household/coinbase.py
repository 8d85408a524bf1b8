"""Home Assistant's own integration of another exchange, whose client answers from memory."""

import sys
from types import ModuleType
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from benchmarks.household.furnish import ASSETS


def fake_coinbase(pairs: list[str]) -> MockConfigEntry:
    """Return an entry of Home Assistant's own Coinbase integration, with as many prices and assets."""

    class RESTClient:
        """Answers from memory."""

        def __init__(self, **_credentials: str) -> None:
            """Take any credentials."""

        def get_portfolios(self) -> dict[str, Any]:
            """Return the one portfolio."""
            return {"portfolios": [{"uuid": "portfolio"}]}

        def get_accounts(self) -> dict[str, Any]:
            """Return an account for each asset."""
            accounts = [
                {
                    "uuid": f"account {code}",
                    "name": f"{code} Wallet",
                    "currency": code,
                    "available_balance": {"value": "1000.5"},
                    "hold": {"value": "0.5"},
                    "type": "ACCOUNT_TYPE_CRYPTO",
                }
                for code in codes[:ASSETS]
            ]
            return {"accounts": accounts, "has_next": False}

        def get(self, _path: str, **_arguments: Any) -> dict[str, Any]:
            """Return the exchange rates."""
            rates = dict.fromkeys(codes, "0.0125")
            return {"data": {"currency": "USD", "rates": rates}}

    codes = [pair.replace("-", "") for pair in pairs]
    for name in ("coinbase", "coinbase.rest", "coinbase.rest.rest_base"):
        module = sys.modules[name] = ModuleType(name)
        vars(module).update(RESTClient=RESTClient, HTTPError=OSError)
    return MockConfigEntry(
        domain="coinbase",
        title="Coinbase",
        unique_id="coinbase",
        data={"api_key": "organizations/key", "api_token": "secret"},
        options={
            "account_balance_currencies": codes[:ASSETS],
            "exchange_rate_currencies": codes,
        },
    )
