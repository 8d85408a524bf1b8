"""Moves of funds: guarded, at most once, unknown when nobody knows."""

from decimal import Decimal
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.cexio.exchange import (
    OutcomeUnknownError,
    PermissionDeniedError,
    RestClient,
)
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, MockUser
from tests.integration.helpers import act, refused, switch_trading, truth

TRANSFER: dict[str, Any] = {
    "from_account_id": "trading",
    "to_account_id": "savings",
    "currency": "USD",
    "amount": "100",
}
WALLET: dict[str, Any] = {"account_id": "trading", "currency": "USD", "amount": "20"}


async def total(
    exchange: ExchangeServer, account_id: str, currency: str = "USD"
) -> Decimal:
    """Return what an account really holds."""
    balances = (await truth(exchange))["balances"]
    return Decimal(balances[account_id].get(currency, {"total": "0"})["total"])


async def failed(hass: HomeAssistant, action: str, **data: Any) -> HomeAssistantError:
    """Call an action that has to fail; return the failure."""
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, action, **data)
    return raised.value


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("transfer", TRANSFER),
        ("deposit_from_wallet", WALLET),
        ("withdraw_to_wallet", WALLET),
    ],
)
async def test_guarded(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    action: str,
    fields: dict[str, Any],
) -> None:
    """Nothing moves while trading is off, nor for users who may not trade."""
    before = await total(exchange, "trading")
    assert (await failed(hass, action, **fields)).translation_key == "trading_off"
    await switch_trading(hass)
    user = MockUser(name="Bob").add_to_hass(hass)
    assert (
        await refused(hass, action, context=Context(user_id=user.id), **fields)
        == "not_allowed_to_trade"
    )
    assert await total(exchange, "trading") == before
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "traders": [user.id]}
    )
    await hass.async_block_till_done()
    answer = await act(hass, action, context=Context(user_id=user.id), **fields)
    assert answer["move"]["status"] == "approved"
    assert await total(exchange, "trading") != before


async def test_transfer_once(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The same id moves once, is answered alike, and never serves another move."""
    await switch_trading(hass)
    before = await total(exchange, "savings")
    first = await act(hass, "transfer", **TRANSFER, client_transaction_id="rent")
    again = await act(hass, "transfer", **TRANSFER, client_transaction_id="rent")
    assert first == again
    assert first["move"]["client_transaction_id"] == "rent"
    assert first["move"]["amount"] == "100"
    assert await total(exchange, "savings") == before + 100
    other = {**TRANSFER, "amount": "101"}
    error = await failed(hass, "transfer", **other, client_transaction_id="rent")
    assert error.translation_key == "client_transaction_id_used"
    assert (await truth(exchange))["requests"]["do_my_internal_transfer"] == 1


@pytest.mark.parametrize(
    ("action", "method", "fields"),
    [
        ("transfer", "do_my_internal_transfer", TRANSFER),
        ("deposit_from_wallet", "do_deposit_funds_from_wallet", WALLET),
        ("withdraw_to_wallet", "do_withdrawal_funds_to_wallet", WALLET),
    ],
)
async def test_lost_answer(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    action: str,
    method: str,
    fields: dict[str, Any],
) -> None:
    """A lost answer is told as unknown; a repetition with the id moves nothing twice."""
    await switch_trading(hass)
    before = await total(exchange, "trading")
    real = getattr(RestClient, method)

    async def lose(self: RestClient, **data: Any) -> None:
        """Carry the move out and lose the answer."""
        await real(self, **data)
        raise OutcomeUnknownError("gone")

    fields = {**fields, "client_transaction_id": "lost-1"}
    with patch.object(RestClient, method, lose):
        error = await failed(hass, action, **fields)
    assert error.translation_key == "outcome_unknown"
    after = await total(exchange, "trading")
    assert after != before
    if action == "transfer":
        answer = await act(hass, action, **fields)
        assert answer["move"]["status"] == "approved"
    else:
        # The exchange refuses the id, which it knows; that tells nothing new for sure.
        error = await failed(hass, action, **fields)
        assert error.translation_key == "outcome_unknown"
        assert "lost-1" in (error.translation_placeholders or {})["reason"]
    assert await total(exchange, "trading") == after


async def test_refused_move_leaves_its_id_free(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What the exchange refused did not happen, and may be tried again."""
    await switch_trading(hass)
    too_much = {**TRANSFER, "amount": "999999999", "client_transaction_id": "big"}
    error = await failed(hass, "transfer", **too_much)
    assert error.translation_key == "insufficient_funds"
    await act(hass, "transfer", **TRANSFER, client_transaction_id="big")
    with patch.object(
        RestClient,
        "do_my_internal_transfer",
        side_effect=PermissionDeniedError("Funds Internal"),
    ):
        error = await failed(hass, "transfer", **TRANSFER)
    assert error.translation_key == "permission_missing"


@pytest.mark.parametrize(
    ("action", "fields", "key"),
    [
        ("transfer", {**TRANSFER, "currency": "FOO"}, "unknown_currency"),
        ("transfer", {**TRANSFER, "amount": "0.123456789"}, "amount_too_fine"),
        ("transfer", {**TRANSFER, "to_account_id": "trading"}, "same_account"),
        ("deposit_from_wallet", {**WALLET, "amount": "0.001"}, "amount_too_fine"),
    ],
)
async def test_refusals_name_the_field(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    action: str,
    fields: dict[str, Any],
    key: str,
) -> None:
    """What cannot be is refused before it is sent."""
    await switch_trading(hass)
    assert (await failed(hass, action, **fields)).translation_key == key
    requests = (await truth(exchange))["requests"]
    # Turning the switch on asks whether the key may trade.
    sent = {name for name in requests if name.startswith("do_")}
    assert sent <= {"do_cancel_my_order"}


async def test_main_account_cannot_be_named(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Only sub-accounts can be moved from and to."""
    with pytest.raises(vol.Invalid):
        await act(hass, "transfer", **{**TRANSFER, "to_account_id": ""})


async def test_create_sub_account(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A sub-account is created once; its name and currency are checked."""
    for _ in range(2):
        answer = await act(
            hass, "create_sub_account", account_id="bot_1", currency="usd"
        )
        assert answer == {"account_id": "bot_1"}
    assert "bot_1" in (await truth(exchange))["balances"]
    error = await failed(hass, "create_sub_account", account_id="x", currency="FOO")
    assert error.translation_key == "unknown_currency"
    user = MockUser(name="Bob").add_to_hass(hass)
    with pytest.raises(ServiceValidationError):
        await act(
            hass,
            "create_sub_account",
            context=Context(user_id=user.id),
            account_id="bot_2",
            currency="USD",
        )


async def test_cancel_all(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """All orders of an account or of all are cancelled, also while trading is off."""
    await switch_trading(hass)
    for name in ("one", "two"):
        await act(
            hass,
            "place_order",
            pair="BTC-USD",
            side="buy",
            order_type="limit",
            amount="0.01",
            price="50000",
            client_order_id=name,
        )
    await switch_trading(hass, on=False)
    user = MockUser(name="Bob").add_to_hass(hass)
    with pytest.raises(ServiceValidationError):
        await act(hass, "cancel_all_orders", context=Context(user_id=user.id))
    assert await act(hass, "cancel_all_orders", account_id="savings") == {
        "client_order_ids": []
    }
    answer = await act(hass, "cancel_all_orders")
    assert sorted(answer["client_order_ids"]) == ["one", "two"]
    assert (await act(hass, "get_orders"))["orders"] == []


async def test_disk_that_refuses(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """What cannot be written down is not sent; what was carried out is told as such."""
    await switch_trading(hass)
    before = await total(exchange, "savings")
    full = sqlite3.OperationalError("database or disk is full")
    kept = "custom_components.cexio.funds._async_keep"
    with patch(kept, side_effect=full):
        error = await failed(hass, "transfer", **TRANSFER)
    assert error.translation_key == "storage_failed"
    assert await total(exchange, "savings") == before
    with patch(kept, side_effect=[None, full]):
        moved = await act(hass, "transfer", **TRANSFER)
    assert moved["move"]["status"] == "approved"
    assert await total(exchange, "savings") == before + 100


async def test_record_of_who_asked(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Moves are written down as orders are, refused ones too."""
    await failed(hass, "transfer", **TRANSFER)
    await switch_trading(hass)
    await act(hass, "transfer", **TRANSFER, client_transaction_id="seen")
    moved, refused = await entry.runtime_data.account.desk.audit.async_last(2)
    assert moved.action == refused.action == "transfer"
    assert moved.request["amount"] == "100"
    assert moved.outcome == "approved seen"
    assert refused.outcome == "refused: trading_off"
