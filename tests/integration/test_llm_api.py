"""Tools for assistants: what they tell, to whom they are offered, and that they move nothing."""

from decimal import Decimal
from typing import Any
from unittest.mock import patch

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import llm
from probatio import to_openapi
import pytest

from custom_components.cexio.assistants import CONVERSATION
from custom_components.cexio.const import DOMAIN
from custom_components.cexio.exchange import RestClient, TransportError
from custom_components.cexio.llm_api import QUESTIONS
from custom_components.cexio.services import ACTIONS
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, mock_component
from tests.integration.helpers import account_entry, act, set_up, switch_trading, truth

NAMES = [
    "cexio__get_price",
    "cexio__get_balance",
    "cexio__get_open_orders",
    "cexio__get_portfolio",
]


@pytest.fixture(autouse=True)
def assistants(hass: HomeAssistant) -> None:
    """Let there be somebody who could call tools."""
    mock_component(hass, CONVERSATION)


async def api(hass: HomeAssistant) -> llm.APIInstance:
    """Return what an assistant gets."""
    context = llm.LLMContext(
        platform="test",
        context=Context(),
        language="en",
        assistant="conversation",
        device_id=None,
    )
    return await llm.async_get_api(hass, DOMAIN, context)


async def ask(hass: HomeAssistant, tool: str, **arguments: Any) -> llm.ToolResult:
    """Let an assistant call a tool."""
    instance = await api(hass)
    name = f"cexio__{tool}"
    found = next(item for item in instance.tools if item.name == name)
    result = await found.async_call(
        hass, llm.ToolInput(tool_name=name, tool_args=arguments), instance.llm_context
    )
    assert isinstance(result, llm.ToolResult)
    return result


async def test_tools(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each tool says what it is for, that it only reads and whose it is."""
    instance = await api(hass)
    assert [tool.name for tool in instance.tools] == NAMES
    for tool in instance.tools:
        assert tool.title
        assert tool.description is not None
        assert tool.description.endswith(".")
        assert tool.annotations.read_only
        assert not tool.annotations.destructive
        assert tool.integration == DOMAIN
        fields = to_openapi(tool.parameters)["properties"]
        assert "account" not in fields
        assert all(item["type"] == "string" for item in fields.values())
        assert all(item["description"] for item in fields.values())
    assert "cannot be moved" in instance.api_prompt


def test_nothing_but_questions() -> None:
    """Behind each tool is an action that only answers."""
    for question in QUESTIONS:
        assert question.action.startswith("get_")
        assert question.action in ACTIONS


async def test_price(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A pair is understood as people write it; one that is not there is an error in words."""
    for name in ("BTC-USD", "btc/usd", " btc-usd "):
        result = await ask(hass, "get_price", pair=name)
        assert not result.error
        assert result.data["pair"] == "BTC-USD"
        assert result.data["mid"] == "60000"
    result = await ask(hass, "get_price", pair="BTC-XYZ")
    assert result.error
    assert "BTC-XYZ" in str(result.data["error"])
    result = await ask(hass, "get_price")
    assert result.error
    result = await ask(hass, "get_price", pair="BTC-USD", amount="1")
    assert result.error


async def test_balance_and_orders(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """All or one of what is held and open; an order with what people ask about."""
    await switch_trading(hass)
    for pair, price in (("BTC-USD", "70000"), ("ETH-USD", "9000")):
        await act(
            hass,
            "place_order",
            pair=pair,
            side="sell",
            order_type="limit",
            amount="0.1",
            price=price,
        )
    before = await truth(exchange)
    balances: Any = (await ask(hass, "get_balance")).data["balances"]
    assert balances == (await act(hass, "get_balances"))["balances"]
    balances = (await ask(hass, "get_balance", currency="btc")).data["balances"]
    assert {item["currency"] for item in balances} == {"BTC"}
    orders: Any = (await ask(hass, "get_open_orders")).data["orders"]
    assert {item["pair"] for item in orders} == {"BTC-USD", "ETH-USD"}
    orders = (await ask(hass, "get_open_orders", pair="ETH-USD")).data["orders"]
    assert [Decimal(item["price"]) for item in orders] == [9000]
    assert "comment" not in orders[0]
    assert (await truth(exchange))["orders"] == before["orders"]


async def test_portfolio(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The portfolio is what the action says."""
    result = await ask(hass, "get_portfolio")
    assert result.data == await act(hass, "get_portfolio")


async def test_prices_only(hass: HomeAssistant, prices: MockConfigEntry) -> None:
    """Without an account there is only the price."""
    assert [tool.name for tool in (await api(hass)).tools] == NAMES[:1]
    assert not (await ask(hass, "get_price", pair="BTC-USD")).error


async def test_several_accounts(hass: HomeAssistant, exchange: ExchangeServer) -> None:
    """Which account is meant has to be said, also when they have the same name."""
    await set_up(hass, account_entry(exchange))
    await set_up(hass, account_entry(exchange, key="read-only"))
    result = await ask(hass, "get_balance")
    assert result.error
    for name in ("CEX.IO", "CEX.IO 2"):
        assert not (await ask(hass, "get_balance", account=name)).error
    assert (await ask(hass, "get_balance", account="Other")).error
    assert not (await ask(hass, "get_price", pair="BTC-USD")).error


async def test_no_answer(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry
) -> None:
    """A failure is told in words; the API stays, whatever becomes of the entries."""
    with patch.object(RestClient, "get_order_book", side_effect=TransportError("down")):
        result = await ask(hass, "get_price", pair="LTC-USD")
    assert result.error
    assert result.data["error"]
    await hass.config_entries.async_unload(entry.entry_id)
    result = await ask(hass, "get_portfolio")
    assert result.error
    assert "loaded" in str(result.data["error"])
    await hass.config_entries.async_remove(entry.entry_id)
    assert (await api(hass)).tools == []
