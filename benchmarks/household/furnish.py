"""What a household has at the exchange: markets, accounts, assets, open orders; and how an entry reaches it."""

import base64
from collections.abc import Iterable, Mapping
import hmac
from time import time
from typing import Any

import aiohttp
from homeassistant.config_entries import ConfigSubentryData
import orjson
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulators.demo.control import Control

MARKETS = 40
# As many as a client may have, the main one among them.
ACCOUNTS = 5
ASSETS = 20
ORDERS = 10
# About as many pairs as the live exchange lists.
LISTED = 900


async def furnish(
    session: aiohttp.ClientSession, control: Control, ready: Mapping[str, Any]
) -> list[str]:
    """Make accounts, money and orders; return the pairs to watch."""
    async with session.post(
        f"{ready['rest_public']}/get_pairs_info", json={}
    ) as response:
        listed = (await response.json())["data"]
    known = (await control.get("/truth"))["balances"].keys() - {"wallet"}
    for number in range(ACCOUNTS - len(known)):
        account = f"account{number}"
        await create_account(session, ready, account)
        await control.post(
            "/deposits", account_id=account, currency="USD", amount="1000"
        )
    for currency in list(dict.fromkeys(row["base"] for row in listed))[:ASSETS]:
        await control.post(
            "/deposits", account_id="trading", currency=currency, amount="1000"
        )
    for number in range(ORDERS):
        await control.post(
            "/client-orders",
            clientOrderId=f"order{number}",
            accountId="trading",
            currency1="BTC",
            currency2="USD",
            side="SELL",
            orderType="Limit",
            timeInForce="GTC",
            amountCcy1="0.01",
            price=str(100000 + number),
        )
    return [f"{row['base']}-{row['quote']}" for row in listed[:MARKETS]]


async def create_account(
    session: aiohttp.ClientSession, ready: Mapping[str, Any], account: str
) -> None:
    """Make a sub-account.

    Raises:
        RuntimeError: The exchange refused.
    """
    await signed(
        session, ready, "do_create_account", {"accountId": account, "currency": "USD"}
    )


async def signed(
    session: aiohttp.ClientSession,
    ready: Mapping[str, Any],
    action: str,
    data: Mapping[str, Any],
) -> Any:
    """Make a private request by hand.

    Raises:
        RuntimeError: The exchange refused.
    """
    timestamp = str(int(time()))
    body = orjson.dumps(data)
    message = f"{action}{timestamp}".encode() + body
    digest = hmac.digest(ready["secret"].encode(), message, "sha256")
    headers = {
        "Content-Type": "application/json",
        "X-AGGR-KEY": ready["key"],
        "X-AGGR-TIMESTAMP": timestamp,
        "X-AGGR-SIGNATURE": base64.b64encode(digest).decode(),
    }
    async with session.post(
        f"{ready['rest']}/{action}", data=body, headers=headers
    ) as response:
        return accepted(action, await response.read())


def accepted(action: str, body: bytes) -> Any:
    """Return the data of an answer.

    Raises:
        RuntimeError: The exchange refused.
    """
    answer = orjson.loads(body)
    if answer.get("ok") != "ok":
        raise RuntimeError(f"{action} was refused: {answer}")
    return answer["data"]


def config_entry(ready: Mapping[str, Any], pairs: Iterable[str]) -> MockConfigEntry:
    """Return an entry of the account that watches some pairs."""
    return MockConfigEntry(
        domain="cexio",
        title="CEX.IO",
        unique_id="account",
        data={
            "kind": "account",
            "url": ready["base"],
            "api_key": ready["key"],
            "api_secret": ready["secret"],
        },
        options={"default_account_id": "trading"},
        subentries_data=[
            ConfigSubentryData(
                data={"pair": pair},
                subentry_type="market",
                title=pair,
                unique_id=f"market_{pair}",
            )
            for pair in pairs
        ],
    )
