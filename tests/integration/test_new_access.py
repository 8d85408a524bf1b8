"""New credentials and another server for an entry that is there, and whose account they belong to."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.cexio.account_identity import async_identity
from custom_components.cexio.config_flow import _unique_id
from custom_components.cexio.const import DOMAIN
from custom_components.cexio.exchange import (
    AccountStatus,
    AuthenticationError,
    MaintenanceError,
    Order,
    RestClient,
)
from simulators.exchange.server import ExchangeServer
from tests.integration.flows import GRANTED, MISSING, answer, begin, credentials, marks
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import act, key_named, settled, switch_trading, until


async def test_new_secret_is_understood_anew(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """How the old secret was meant says nothing of a new one."""
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "secret_is_base64": True}
    )
    result = await entry.start_reconfigure_flow(hass)
    fields = reconfigured(exchange) | {"api_secret": exchange.secret}
    result = await answer(hass, result, fields)
    assert result["reason"] == "reconfigure_successful"
    assert "secret_is_base64" not in entry.data
    await hass.async_block_till_done()
    await settled(entry)


async def test_reauth(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A refused key is replaced, and the entry works with the new one."""
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    fields = credentials(exchange, "no-trade")
    del fields["server"]
    result = await answer(hass, result, fields | {"api_secret": "wrong"})
    assert result["errors"] == {"base": "invalid_signature"}
    result = await answer(hass, result, fields)
    assert result["step_id"] == "permissions"
    assert marks(result) == [GRANTED, MISSING, GRANTED, GRANTED]
    assert entry.data["api_key"] == exchange.key
    result = await answer(hass, result, {})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.data["api_key"] == key_named(exchange, "no-trade").key
    assert entry.state is ConfigEntryState.LOADED
    await settled(entry)


async def test_reauth_of_an_entry_that_is_not_loaded(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """The entry is set up again once the key works."""
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "api_secret": "x"}
    )
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    fields = credentials(exchange)
    del fields["server"]
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], fields)
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert hass.config_entries.async_loaded_entries(DOMAIN) == [entry]


async def test_reauth_with_the_key_of_another_entry(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Two entries never share a key."""
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange, "no-trade"))
    result = await answer(hass, result, {})
    result = await answer(hass, result, {"pairs": []})
    result = await answer(hass, result, {"default_account_id": "trading"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    result = await entry.start_reauth_flow(hass)
    fields = credentials(exchange, "no-trade")
    del fields["server"]
    result = await answer(hass, result, fields)
    assert result["reason"] == "already_configured"


def reconfigured(exchange: ExchangeServer, key: str = "all") -> dict[str, Any]:
    """Return the fields of a changed access."""
    fields = credentials(exchange, key)
    if key == "all":
        del fields["api_secret"]
    return fields


async def test_reconfigure(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Another key of the same account and another server are tried, then used."""
    result = await entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    fields = reconfigured(exchange, "no-trade")
    result = await answer(
        hass, result, fields | {"server": {"url": "http://127.0.0.1:9/api/spot"}}
    )
    assert result["errors"] == {"base": "cannot_connect"}
    result = await answer(hass, result, fields | {"api_secret": "wrong"})
    assert result["errors"] == {"base": "invalid_signature"}
    result = await answer(hass, result, fields)
    assert result["step_id"] == "permissions"
    result = await answer(hass, result, {})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    chosen = key_named(exchange, "no-trade")
    assert entry.data["api_key"] == chosen.key
    assert entry.data["api_secret"] == chosen.secret
    assert entry.state is ConfigEntryState.LOADED
    await settled(entry)


async def test_reconfigure_keeps_the_secret(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Without a secret the present one stays."""
    result = await entry.start_reconfigure_flow(hass)
    result = await answer(hass, result, reconfigured(exchange))
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["api_secret"] == exchange.secret


async def test_reconfigure_prices(
    hass: HomeAssistant, exchange: ExchangeServer, prices: MockConfigEntry
) -> None:
    """Prices only have a server and nothing else."""
    result = await prices.start_reconfigure_flow(hass)
    result = await answer(hass, result, {"server": {"url": "nowhere"}})
    assert result["errors"] == {"base": "invalid_url"}
    result = await answer(hass, result, {"server": {"url": f" {exchange.base}/"}})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert prices.data == {"kind": "prices", "url": exchange.base}
    await settled(prices)


async def test_reconfigure_to_an_account_that_is_set_up_already(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Two entries never share a key."""
    hass.config_entries.async_update_entry(
        entry, unique_id=_unique_id({**entry.data, "api_key": "something else"})
    )
    result = await begin(hass, "account")
    result = await answer(hass, result, credentials(exchange, "no-trade"))
    result = await answer(hass, result, {})
    result = await answer(hass, result, {"pairs": []})
    result = await answer(hass, result, {"default_account_id": "trading"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    result = await entry.start_reconfigure_flow(hass)
    result = await answer(hass, result, reconfigured(exchange, "no-trade"))
    assert result["reason"] == "already_configured"


async def test_reconfigure_to_another_account(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Orders of two clients give two accounts away, and nothing is changed."""
    await switch_trading(hass)
    order = {"pair": "BTC-USD", "side": "buy", "order_type": "limit"}
    await act(hass, "place_order", None, **order, amount="0.01", price="50000")
    ask = RestClient.get_my_orders
    other = key_named(exchange, "no-trade").key

    async def somebody_elses(rest: RestClient, **kwargs: Any) -> list[Order]:
        """Answer the other key as if it belonged to another client."""
        orders = await ask(rest, **kwargs)
        assert rest._credentials is not None
        if rest._credentials.key != other:
            return orders
        return [replace(order, client_id="somebody") for order in orders]

    before = dict(entry.data)
    for start in (entry.start_reconfigure_flow, entry.start_reauth_flow):
        result = await start(hass)
        fields = reconfigured(exchange, "no-trade")
        if start == entry.start_reauth_flow:
            del fields["server"]
        with patch.object(RestClient, "get_my_orders", somebody_elses):
            result = await answer(hass, result, fields)
        assert result["reason"] == "account_mismatch"
    assert entry.data == before


@pytest.mark.parametrize("state", ["loaded", "not loaded", "without a sub-account"])
async def test_account_of_a_key_that_works_no_longer(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, state: str
) -> None:
    """What is known without asking tells two accounts apart, as far as it goes."""
    ask = RestClient.get_my_account_status_v3

    async def other_accounts(rest: RestClient) -> AccountStatus:
        """Refuse the old key, and answer the new one with other sub-accounts."""
        assert rest._credentials is not None
        if rest._credentials.key == exchange.key:
            raise AuthenticationError("revoked")
        status = await ask(rest)
        balances = {
            f"other-{name}" if name else name: found
            for name, found in status.balances.items()
        }
        return replace(status, balances=balances)

    if state == "without a sub-account":
        hass.config_entries.async_update_entry(entry, options={})
    if state != "loaded":
        await hass.config_entries.async_unload(entry.entry_id)
    result = await entry.start_reconfigure_flow(hass)
    with patch.object(RestClient, "get_my_account_status_v3", other_accounts):
        result = await answer(hass, result, reconfigured(exchange, "no-trade"))
    if state == "without a sub-account":
        # Nothing tells them apart, so that the flow goes on.
        assert result["step_id"] == "permissions"
    else:
        assert result["reason"] == "account_mismatch"
    await hass.async_block_till_done()


async def test_the_exchange_falls_silent_while_accounts_are_compared(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """Nothing is changed on a doubt; trying again leads on."""
    result = await entry.start_reconfigure_flow(hass)
    fields = reconfigured(exchange, "no-trade")
    with patch.object(
        RestClient, "get_my_funding_history", side_effect=MaintenanceError("later")
    ):
        result = await answer(hass, result, fields)
    assert result["errors"] == {"base": "maintenance"}
    result = await answer(hass, result, fields)
    assert result["step_id"] == "permissions"


async def test_any_trace_of_a_client_will_do(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """An open order, an archived one or a movement of funds names the client."""
    rest = entry.runtime_data.rest
    nothing = await async_identity(rest)
    assert nothing.client_ids == frozenset()
    assert nothing.sub_accounts == {"trading", "savings"}
    await switch_trading(hass)
    order = {"pair": "BTC-USD", "side": "buy", "order_type": "limit"}
    placed = await act(hass, "place_order", None, **order, amount="0.01", price="50000")
    resting = await async_identity(rest)
    assert resting.client_ids
    await act(hass, "cancel_order", order_id=placed["order"]["order_id"])
    await until(lambda: not entry.runtime_data.account.ledger.open_orders)
    archived = await async_identity(rest)
    assert archived == resting
    assert not archived.is_another_than(nothing)
