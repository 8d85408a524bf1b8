"""Run a household with 40 markets, 5 accounts and 10 open orders; print what it took, as JSON.

`python -m benchmarks.household.steady MINUTES`: points a minute as the exchange counts them, and the growth of the
process that Home Assistant lives in, from before the integration is imported.
"""

import asyncio
import base64
from collections.abc import Mapping
import gc
import hmac
from pathlib import Path
import resource
import sys
import tempfile
from time import monotonic, time
from typing import Any

import aiohttp
from homeassistant import loader
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
import orjson
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # it has no py.typed
    MockConfigEntry,
    async_test_home_assistant,
)

from benchmarks.harness import REPOSITORY
from simulators.demo.control import Control
from simulators.demo.processes import Processes

MARKETS = 40
# As many as a client may have, the main one among them.
ACCOUNTS = 5
ORDERS = 10
READY_SECONDS = 30.0
# The first questions, which come once, are over by then.
SETTLING_SECONDS = 15.0
LOOK_SECONDS = 0.5
PAGE = resource.getpagesize()


def resident() -> int:
    """Return the bytes of memory that this process has."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE


async def main(minutes: float) -> None:
    """Set everything up, wait, and print."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        directory = Path(name)
        (directory / "custom_components").symlink_to(REPOSITORY / "custom_components")
        async with (
            Processes(REPOSITORY, directory / "logs") as processes,
            aiohttp.ClientSession() as session,
        ):
            process = await processes.start(
                "exchange",
                [
                    *(sys.executable, "-m", "simulators.exchange", "--still"),
                    *("--pairs", str(MARKETS)),
                ],
                ready_seconds=READY_SECONDS,
            )
            found = await household(session, process.ready, directory, minutes)
    print(orjson.dumps(found).decode())


async def household(
    session: aiohttp.ClientSession,
    ready: Mapping[str, Any],
    directory: Path,
    minutes: float,
) -> dict[str, float]:
    """Run Home Assistant on an exchange; return what it took."""
    control = Control(session, ready["control"])
    pairs = await furnish(session, control, ready)
    async with async_test_home_assistant(config_dir=str(directory)) as hass:
        hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        before = resident()
        entry = MockConfigEntry(
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
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        if entry.state is not ConfigEntryState.LOADED:
            raise RuntimeError(f"the entry is {entry.state}: {entry.reason}")
        await asyncio.sleep(SETTLING_SECONDS)
        if not (await control.get("/sockets"))["authenticated"]:
            raise RuntimeError("the private stream is not connected")
        private, public = await count(control, minutes * 60)
        grown = resident() - before
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_stop(force=True)
    return {
        "private": private / minutes,
        "public": public / minutes,
        "megabytes": grown / 1e6,
    }


async def count(control: Control, seconds: float) -> tuple[int, int]:
    """Return the points that were spent in a span of time; counts begin anew with each calendar minute."""
    spent, last = [0, 0], await budgets(control)
    end = monotonic() + seconds
    while monotonic() < end:
        await asyncio.sleep(LOOK_SECONDS)
        now = await budgets(control)
        for kind, (used, had) in enumerate(zip(now, last, strict=True)):
            spent[kind] += used - had if used >= had else used
        last = now
    return spent[0], spent[1]


async def budgets(control: Control) -> tuple[int, int]:
    """Return the points that this minute has cost the key and the address."""
    used = await control.get("/budgets")
    return used["keys"]["all"], used["address"]


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
        await create_account(session, ready, f"account{number}")
    for row in listed[:20]:
        await control.post(
            "/deposits", account_id="trading", currency=row["base"], amount="1000"
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
    action, timestamp = "do_create_account", str(int(time()))
    body = orjson.dumps({"accountId": account, "currency": "USD"})
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
        answer = await response.json()
        if answer.get("ok") != "ok":
            raise RuntimeError(f"no sub-account: {answer}")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
