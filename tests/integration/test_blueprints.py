"""The blueprints, used by a real Home Assistant with a notify entity of its own."""

from pathlib import Path
from typing import Any

from homeassistant.components.blueprint.models import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.util.yaml import load_yaml_dict
import pytest

from simulators.exchange.server import ExchangeServer
from tests.integration.blueprints import BLUEPRINTS, use
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import act, control, switch_trading, until

NAMES = sorted(path.relative_to(BLUEPRINTS) for path in BLUEPRINTS.rglob("*.yaml"))


@pytest.fixture
def sent(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Collect the messages that are sent."""
    found: list[dict[str, Any]] = []

    async def take(call: ServiceCall) -> None:
        """Keep one message."""
        found.append(dict(call.data))

    hass.services.async_register("notify", "send_message", take)
    return found


def test_there_are_three() -> None:
    """All blueprints are found."""
    assert len(NAMES) == 3


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_blueprint_is_valid(name: Path) -> None:
    """Home Assistant takes the blueprint, and finds every input used."""
    blueprint = Blueprint(
        load_yaml_dict(BLUEPRINTS / name),
        expected_domain="automation",
        schema=BLUEPRINT_SCHEMA,
    )
    assert blueprint.validate() is None
    assert blueprint.metadata["source_url"].endswith(str(name))


async def test_fill_alert(
    hass: HomeAssistant, entry: MockConfigEntry, sent: list[dict[str, Any]]
) -> None:
    """A filled order and a cancelled one are told, in words that fit."""
    await use(hass, "fill_alert", partial_fills=True)
    await switch_trading(hass)
    order: dict[str, Any] = {"pair": "BTC-USD", "side": "buy", "amount": "0.01"}
    await act(hass, "place_order", **order, order_type="market")
    await until(lambda: sent)
    assert sent[0]["entity_id"] == ["notify.phone"]
    assert sent[0]["title"] == "Buy BTC-USD: filled"
    assert sent[0]["message"].startswith("0.01000000 BTC for ")
    assert " USD at " in sent[0]["message"]
    assert ", fee " in sent[0]["message"]
    resting = await act(hass, "place_order", **order, order_type="limit", price="50000")
    await act(hass, "cancel_order", order_id=resting["order"]["order_id"])
    await until(lambda: len(sent) == 2)
    assert sent[1]["title"] == "Buy BTC-USD: cancelled"
    assert "late" not in sent[1]["message"]


async def test_price_alert(
    hass: HomeAssistant,
    exchange: ExchangeServer,
    entry: MockConfigEntry,
    sent: list[dict[str, Any]],
) -> None:
    """A crossing and a move are told, each in its own words."""
    await use(hass, "price_alert", pair="BTC-USD", level="61000")
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "62000"})
    await until(lambda: sent)
    words, chart = sent[0]["message"].splitlines()
    assert words == "The price went up across 61000."
    assert chart.endswith(" 24 hours")
    assert {"▁", "█"} <= set(chart) <= set("▁▂▃▄▅▆▇█ 24hours")
    await control(exchange, "market/price", {"pair": "BTC-USD", "price": "66000"})
    await until(lambda: len(sent) == 2)
    assert sent[1]["title"].startswith("BTC-USD: 66")
    assert sent[1]["message"].startswith("The price moved by ")
