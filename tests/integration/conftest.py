"""Fixtures: an exchange on a port, a Home Assistant beside it, the two set up together."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from unittest.mock import patch

from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.cexio.const import DOMAIN
from custom_components.cexio.database import Database, database_path
from custom_components.cexio.exchange import RestClient, Ticker
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import (
    ClientSessionGenerator,
    HomeAssistantSnapshotExtension,
    MockConfigEntry,
)
from tests.integration.helpers import Automate, account_entry, prices_entry, set_up
from tests.integration.troubles import Fix, issues


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Keep what an entry writes in a folder of the test."""
    return hass_tmp_config_dir


@pytest.fixture(autouse=True)
def custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load the integration."""


@pytest.fixture(autouse=True)
def quick_questions() -> Iterator[None]:
    """Ask what became of an order without pauses between the questions."""
    with patch(
        "custom_components.cexio.order_outcomes.RESOLVE_DELAYS", (0.01, 0.01, 0.01)
    ):
        yield


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Write snapshots as Home Assistant does."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
async def exchange(
    hass: HomeAssistant, socket_enabled: None
) -> AsyncIterator[ExchangeServer]:
    """Run an exchange whose market stands still; its clients leave before it closes."""
    async with ExchangeServer(seed=1, port=0, market_moves=False) as server:
        yield server
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            await hass.config_entries.async_unload(entry.entry_id)
    # Its clock would leave the timer of a sleeper that gave up.
    server.clock.freeze()


@pytest.fixture
async def entry(hass: HomeAssistant, exchange: ExchangeServer) -> MockConfigEntry:
    """Set up an account that watches two markets, connected."""
    return await set_up(hass, account_entry(exchange))


@pytest.fixture
async def prices(hass: HomeAssistant, exchange: ExchangeServer) -> MockConfigEntry:
    """Set up prices only."""
    return await set_up(hass, prices_entry(exchange))


@pytest.fixture
def fired(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Collect what automations were started with."""
    found: list[dict[str, Any]] = []

    async def take(call: ServiceCall) -> None:
        """Keep the data of one start."""
        found.append(call.data["trigger"])

    hass.services.async_register("test", "fired", take)
    return found


@pytest.fixture
def automate(hass: HomeAssistant) -> Automate:
    """Set up an automation with one trigger."""

    async def setup(name: str, **options: Any) -> None:
        """Set up the automation and turn it on."""
        automation = {
            "id": "under-test",
            "alias": "Under test",
            "mode": "queued",
            "triggers": [{"trigger": f"cexio.{name}", "options": options}],
            "actions": [{"action": "test.fired", "data": {"trigger": "{{ trigger }}"}}],
        }
        assert await async_setup_component(
            hass, "automation", {"automation": [automation]}
        )
        await hass.async_block_till_done()
        state = hass.states.get("automation.under_test")
        assert state is not None
        assert state.state == "on", options

    return setup


@pytest.fixture
def shib_without_price() -> Iterator[None]:
    """Let the exchange know no price of one coin."""
    real = RestClient.get_ticker

    async def without_shib(self: RestClient, *args: Any, **kw: Any) -> object:
        """Answer without prices of the coin."""
        found = await real(self, *args, **kw)
        return {
            pair: Ticker(pair=pair) if pair.startswith("SHIB") else ticker
            for pair, ticker in found.items()
        }

    with patch.object(RestClient, "get_ticker", without_shib):
        yield


@pytest.fixture
async def fix(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Any:
    """Return what opens the repairs dashboard for the only issue of a kind."""
    assert await async_setup_component(hass, REPAIRS, {})
    client = await hass_client()

    def of(kind: str) -> Fix:
        """Open the flow of an issue."""
        return Fix(client, issues(hass)[kind].issue_id)

    return of


@pytest.fixture
async def database(hass: HomeAssistant) -> AsyncIterator[Database]:
    """Open a file of its own."""
    database = Database(database_path(hass, "test"))
    await database.async_open()
    yield database
    await database.async_close()
