"""What a key may do, found out without moving anything."""

from collections.abc import Mapping
import re
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.cexio.permissions import async_find_permissions
from simulators.exchange.keys import Permission
from simulators.exchange.server import ExchangeServer
from tests.integration.flows import (
    GRANTED,
    MISSING,
    UNTOLD,
    answer,
    begin,
    credentials,
    marks,
)
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import act, change_key, control, switch_trading, truth

PROBES = (
    "do_cancel_my_order",
    "do_my_internal_transfer",
    "do_deposit_funds_from_wallet",
)


def with_permissions(exchange: ExchangeServer, *permissions: Permission) -> None:
    """Let the client's first key have these permissions."""
    change_key(exchange, permissions=permissions)


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        ([Permission.READ], [GRANTED, MISSING, MISSING, MISSING]),
        (
            [Permission.READ, Permission.TRADE],
            [GRANTED, GRANTED, MISSING, MISSING],
        ),
        (
            [Permission.READ, Permission.FUNDS_INTERNAL, Permission.FUNDS_WALLET],
            [GRANTED, MISSING, GRANTED, GRANTED],
        ),
        (
            [Permission.READ, Permission.TRADE, Permission.FUNDS_INTERNAL],
            [GRANTED, GRANTED, GRANTED, MISSING],
        ),
        (
            [Permission.READ, Permission.TRADE, Permission.FUNDS_WALLET],
            [GRANTED, GRANTED, MISSING, GRANTED],
        ),
    ],
)
async def test_missing_permissions(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    permissions: list[Permission],
    expected: list[str],
) -> None:
    """Each permission is found out by itself, what is missing is told, and set-up goes on."""
    with_permissions(exchange, *permissions)
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "permissions"
    assert marks(result) == expected
    result = await answer(hass, result, {})
    assert result["step_id"] == "pairs"


async def test_key_that_may_not_read(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """Without that one nothing works; adding it leads on."""
    with_permissions(exchange, Permission.TRADE)
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange))
    assert result["errors"] == {"base": "read_permission_missing"}
    with_permissions(exchange, *Permission)
    result = await answer(hass, result, credentials(exchange))
    assert result["step_id"] == "pairs"


async def test_finding_out_moves_nothing(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """With every permission, money on the accounts and an open order, all stays as it is."""
    await switch_trading(hass)
    order = {"pair": "BTC-USD", "side": "buy", "order_type": "limit"}
    await act(hass, "place_order", None, **order, amount="0.01", price="50000")
    before = await truth(exchange)
    found = await async_find_permissions(entry.runtime_data.rest)
    assert list(found.values()) == [True] * 4
    after = await truth(exchange)
    for action in PROBES:
        assert after["requests"][action] == before["requests"].get(action, 0) + 1
    for told in (before, after):
        del told["requests"]
    assert after == before


async def test_finding_out_has_nothing_to_move(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What is sent names no account, no currency and no amount, and an id that is new each time."""
    sent: list[tuple[str, Mapping[str, Any]]] = []

    async def note(action: str, data: Mapping[str, Any]) -> None:
        """Keep what would be sent."""
        sent.append((action, data))

    rest = entry.runtime_data.rest
    with patch.object(rest, "request", note):
        await async_find_permissions(rest)
        await async_find_permissions(rest)
    assert [action for action, _ in sent] == [*PROBES, *PROBES]
    ids: list[str] = []
    for action, data in sent:
        ids.append(data["cancelRequestId" if "cancel" in action else "clientTxId"])
        if "cancel" in action:
            assert set(data) == {"clientOrderId", "cancelRequestId"}
            ids.append(data["clientOrderId"])
            continue
        assert data["amount"] == "0"
        assert data["currency"] not in entry.runtime_data.reference.data.currencies
        for name, value in data.items():
            if name.endswith("ccountId"):
                assert not re.fullmatch(r"[A-Za-z0-9_-]+", value)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (403, "Forbidden", MISSING),
        (401, "Authorization Failed", MISSING),
        (500, "Unexpected error", UNTOLD),
        (500, "order_cancellation is on maintenance", UNTOLD),
        (401, "Timestamp is not in 20sec range", UNTOLD),
        (422, "Method is not allowed for this API key", UNTOLD),
        (422, "Access denied", UNTOLD),
        (422, "Mandatory parameter orderId is missing", GRANTED),
        (500, "Insufficient funds", GRANTED),
        (404, "order not found", GRANTED),
    ],
)
async def test_words_that_are_not_documented(
    hass: HomeAssistant, exchange: ExchangeServer, status: int, text: str, expected: str
) -> None:
    """What cannot be told is said to be so; nothing is claimed to be missing for it."""
    with_permissions(exchange, Permission.READ, Permission.TRADE)
    refuse = {"kind": "refuse", "match": "do_cancel_my_order"}
    await control(exchange, "faults", refuse | {"status": status, "text": text})
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange))
    assert result["step_id"] == "permissions"
    assert marks(result) == [GRANTED, expected, MISSING, MISSING]
