"""What the tests of troubles have in common: issues, what was told, and a person who repairs."""

import asyncio
from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cexio.const import DOMAIN
from custom_components.cexio.feed import FeedKind
from custom_components.cexio.trouble_watch import LOOK_INTERVAL
from simulators.exchange.keys import Permission
from simulators.exchange.server import ExchangeServer
from tests.integration.harness import MockConfigEntry, async_fire_time_changed
from tests.integration.helpers import act, change_key, switch_trading, until


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return the issues of the integration by their kind."""
    return {
        str(issue.translation_key): issue
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active
    }


async def told(hass: HomeAssistant, entry: MockConfigEntry) -> list[tuple[str, bool]]:
    """Return what the feed told of troubles, in order."""
    await hass.async_block_till_done()
    return [
        (item.data["trouble"], item.data["begins"])
        for item in await entry.runtime_data.feed.async_read(0, 1000)
        if item.kind is FeedKind.TROUBLE
    ]


def list_pairs(exchange: ExchangeServer, **changes: Any) -> None:
    """Take pairs off the exchange's list, or put them back on it."""
    engine = exchange.venue.engine
    pairs = dict(engine.listing.pairs)
    for name, pair in changes.items():
        pairs.pop(name.replace("_", "-"), None)
        if pair is not None:
            pairs[name.replace("_", "-")] = pair
    engine.listing = replace(engine.listing, pairs=pairs)


async def go_on(hass: HomeAssistant, minutes: int = 1) -> None:
    """Let a minute pass for what looks once a minute."""
    async_fire_time_changed(hass, dt_util.utcnow() + LOOK_INTERVAL * (minutes + 0.1))
    await hass.async_block_till_done()


async def permissions_are_known() -> None:
    """Wait until the question what the key may do is answered."""
    await until(
        lambda: (
            not any(
                task.get_name() == f"{DOMAIN} permissions"
                for task in asyncio.all_tasks()
            )
        )
    )


async def refuse_for_a_permission(
    hass: HomeAssistant, exchange: ExchangeServer
) -> None:
    """Switch trading on, take the right to trade from the key, and have something refused for it."""
    await switch_trading(hass)
    await permissions_are_known()
    change_key(exchange, permissions=(Permission.READ,))
    with pytest.raises(HomeAssistantError):
        await act(hass, "cancel_all_orders")


class Fix:
    """A person in the repairs dashboard."""

    def __init__(self, client: Any, issue_id: str) -> None:
        """Keep the connection and the issue."""
        self._client = client
        self._issue_id = issue_id
        self._flow_id = ""

    async def start(self) -> dict[str, Any]:
        """Open the flow of the issue."""
        answer = await self._client.post(
            "/api/repairs/issues/fix",
            json={"handler": DOMAIN, "issue_id": self._issue_id},
        )
        assert answer.status == 200, await answer.text()
        step: dict[str, Any] = await answer.json()
        self._flow_id = step["flow_id"]
        return step

    async def submit(self, **fields: Any) -> dict[str, Any]:
        """Send a form."""
        answer = await self._client.post(
            f"/api/repairs/issues/fix/{self._flow_id}", json=fields
        )
        assert answer.status == 200, await answer.text()
        step: dict[str, Any] = await answer.json()
        return step
