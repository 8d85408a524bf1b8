"""Compose the whole system: two simulators, Home Assistant with the integration, the bot."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
import os
from pathlib import Path
import sys
from typing import Any

import aiohttp
import orjson

from simulators.demo.control import Control
from simulators.demo.dashboard import DASHBOARD, PAIRS, dashboard
from simulators.demo.home_assistant import HomeAssistant, HomeAssistantError
from simulators.demo.ports import Ports, choose_ports
from simulators.demo.processes import Child, ProcessError, Processes

REPOSITORY = Path(__file__).resolve().parents[2]
HASS = REPOSITORY / ".venv-home-assistant" / "bin" / "hass"
ACCOUNT = "trading"
# What the first-start screens add by themselves; they would look for servers far away.
ADDED_BY_ONBOARDING = frozenset(
    {"google_translate", "met", "radio_browser", "shopping_list"}
)
SIMULATOR_READY_SECONDS = 20.0
HOME_ASSISTANT_READY_SECONDS = 90.0
BOT_READY_SECONDS = 30.0

# About as many pairs as the live exchange lists.
LISTED = 900

CONFIGURATION = """\
homeassistant:
  name: CEX.IO demo
  time_zone: UTC
  unit_system: metric
  country: DE
  currency: USD
  auth_providers:
{trusted_owner}    - type: homeassistant
{http}config:
frontend:
history:
logbook:
recorder:
  commit_interval: 1
system_health:
logger:
  default: warning
  logs:
    custom_components.cexio: info
"""

# Home Assistant takes these over into its own settings at the first start.
HTTP = """\
http:
  server_host: 127.0.0.1
  server_port: {port}
"""

# Lets the owner in without a password, from this machine alone.
TRUSTED_OWNER = """\
    - type: trusted_networks
      trusted_networks: [127.0.0.1]
      trusted_users:
        127.0.0.1: [{owner_id}]
      allow_bypass_login: true
"""

BOT_CONFIGURATION = """\
[telegram]
token = "{telegram_token}"
base_url = "{base_url}"
base_file_url = "{base_file_url}"

[home_assistant]
url = "{home_assistant_url}"
token = "{home_assistant_token}"

[access]
owner = {owner}

[store]
path = "{store}"
"""

type Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Accounts:
    """The two users of this Home Assistant; kept, so that a later start can sign in again."""

    owner_id: str
    owner_token: str
    bot_id: str
    bot_token: str


@dataclass(frozen=True, slots=True)
class System:
    """The running system, as its user and its tests see it."""

    home_assistant: HomeAssistant
    owner_token: str
    exchange: Mapping[str, Any]
    telegram: Mapping[str, Any]
    processes: Processes
    session: aiohttp.ClientSession

    @property
    def dashboard_url(self) -> str:
        """Return the address of the dashboard."""
        return f"{self.home_assistant.url}/{DASHBOARD['url_path']}"

    @property
    def owner_id(self) -> int:
        """Return the Telegram user id of the bot's owner."""
        owner: int = self.telegram["users"][0]["id"]
        return owner


@asynccontextmanager
async def run_system(
    directory: Path,
    *,
    seed: int,
    progress: Progress,
    preferred_ports: bool = True,
    pairs: int | None = None,
    hass: Sequence[str | Path] = (HASS,),
) -> AsyncIterator[System]:
    """Run the whole system with its state in `directory`; stop all of it at the end.

    `pairs` markets of as many as the live exchange lists are watched instead of the
    dashboard's few; `hass` starts Home Assistant.

    Raises:
        ProcessError: a part did not start; the text holds the end of its log.
        HomeAssistantError: Home Assistant refused a step of the set-up.
    """
    ports = choose_ports(directory, preferred=preferred_ports)
    async with (
        aiohttp.ClientSession() as session,
        Processes(REPOSITORY, directory / "logs") as processes,
    ):
        progress("starting the exchange simulator and the Telegram stand-in")
        exchange = await _start_simulator(
            processes,
            "exchange",
            ports.exchange,
            directory,
            "--seed",
            str(seed),
            "--pairs",
            str(0 if pairs is None else max(pairs, LISTED)),
        )
        watched = PAIRS if pairs is None else await _listed(session, exchange, pairs)
        telegram = await _start_simulator(
            processes, "telegram", ports.telegram, directory
        )
        home_assistant = HomeAssistant(
            session, f"http://127.0.0.1:{ports.home_assistant}"
        )
        accounts = await _start_home_assistant(
            processes, home_assistant, directory, ports, hass, progress
        )
        await _add_integration(
            home_assistant, accounts, exchange, telegram, watched, progress
        )
        progress("starting the bot")
        await _start_bot(
            processes, home_assistant, telegram, accounts.bot_token, directory
        )
        yield System(
            home_assistant=home_assistant,
            owner_token=accounts.owner_token,
            exchange=exchange,
            telegram=telegram,
            processes=processes,
            session=session,
        )
        progress("stopping")


def _private_file(path: Path) -> Any:
    """Open a file that only this user may read."""
    return os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        "w",
        encoding="utf-8",
    )


async def _start_simulator(
    processes: Processes, name: str, port: int, directory: Path, *arguments: str
) -> Mapping[str, Any]:
    """Start a simulator; return its ready line."""
    child = await processes.start(
        name,
        [
            sys.executable,
            "-m",
            f"simulators.{name}",
            "--port",
            str(port),
            "--state",
            directory / f"{name}.json",
            *arguments,
        ],
        ready_seconds=SIMULATOR_READY_SECONDS,
    )
    return child.ready


async def _listed(
    session: aiohttp.ClientSession, exchange: Mapping[str, Any], count: int
) -> list[str]:
    """Return the first pairs that the exchange lists."""
    answer = await Control(session, exchange["rest_public"]).post("/get_pairs_info")
    return [f"{pair['base']}-{pair['quote']}" for pair in answer["data"][:count]]


async def _start_home_assistant(
    processes: Processes,
    home_assistant: HomeAssistant,
    directory: Path,
    ports: Ports,
    hass: Sequence[str | Path],
    progress: Progress,
) -> Accounts:
    """Start Home Assistant with the integration of this repository; onboard it the first time."""
    components = directory / "home_assistant" / "custom_components"
    components.mkdir(parents=True, exist_ok=True)
    link = components / "cexio"
    if not link.is_symlink():
        link.symlink_to(REPOSITORY / "custom_components" / "cexio")
    path = directory / "accounts.json"
    if not path.exists():
        progress("starting Home Assistant for the first time")
        http = HTTP.format(port=ports.home_assistant)
        child = await _run_hass(
            processes,
            home_assistant,
            directory,
            hass,
            CONFIGURATION.format(http=http, trusted_owner=""),
        )
        progress("creating the owner of this Home Assistant and a user for the bot")
        owner_id, owner_token = await home_assistant.onboard("Demo")
        bot_id, bot_token = await home_assistant.create_user(
            owner_token, "Telegram bot"
        )
        await home_assistant.wait_until_running(
            owner_token, HOME_ASSISTANT_READY_SECONDS
        )
        await home_assistant.keep_http_settings(owner_token)
        await processes.stop(child)
        created = Accounts(owner_id, owner_token, bot_id, bot_token)
        with _private_file(path) as file:
            file.write(orjson.dumps(asdict(created)).decode())
    progress("starting Home Assistant")
    accounts = Accounts(**orjson.loads(path.read_bytes()))
    trusted_owner = TRUSTED_OWNER.format(owner_id=accounts.owner_id)
    await _run_hass(
        processes,
        home_assistant,
        directory,
        hass,
        CONFIGURATION.format(http="", trusted_owner=trusted_owner),
    )
    return accounts


async def _run_hass(
    processes: Processes,
    home_assistant: HomeAssistant,
    directory: Path,
    hass: Sequence[str | Path],
    text: str,
) -> Child:
    """Start Home Assistant and wait for its pages."""
    configuration = directory / "home_assistant"
    (configuration / "configuration.yaml").write_text(text, encoding="utf-8")
    child = await processes.start(
        "home_assistant", [*hass, "--config", configuration, "--skip-pip"]
    )
    try:
        await home_assistant.wait_until_up(HOME_ASSISTANT_READY_SECONDS)
    except HomeAssistantError as err:
        raise ProcessError(f"{err}:\n{child.log_tail()}") from err
    return child


async def _add_integration(
    home_assistant: HomeAssistant,
    accounts: Accounts,
    exchange: Mapping[str, Any],
    telegram: Mapping[str, Any],
    pairs: Sequence[str],
    progress: Progress,
) -> None:
    """Set the integration up through its own flows, unless an earlier start did."""
    token = accounts.owner_token
    entries = "/api/config/config_entries/entry?domain=cexio"
    if await home_assistant.call("GET", entries, token=token):
        return
    await home_assistant.remove_entries(token, ADDED_BY_ONBOARDING)
    progress("adding the integration: account, pairs, sub-account, who may trade")
    entry = await home_assistant.answer_flow(
        token,
        "flow",
        "cexio",
        {
            "user": {"next_step_id": "account"},
            "account": {
                "api_key": exchange["key"],
                "api_secret": exchange["secret"],
                "server": {"url": exchange["base"]},
            },
            "pairs": {"pairs": list(pairs)},
            "sub_account": {"default_account_id": ACCOUNT},
        },
    )
    guard_rails = {"default_account_id": ACCOUNT, "traders": [accounts.bot_id]}
    await home_assistant.answer_flow(
        token, "options/flow", entry["entry_id"], {"init": guard_rails}
    )
    async with home_assistant.connect(token) as connection:
        states = await connection.states()
        progress("turning the trading switch on")
        for entity in states:
            if entity.startswith("switch.") and entity.endswith("_trading"):
                await connection.call_action("switch", "turn_on", entity)
        progress("making the dashboard")
        await connection.command({"type": "lovelace/dashboards/create", **DASHBOARD})
        await connection.command(
            {
                "type": "lovelace/config/save",
                "url_path": DASHBOARD["url_path"],
                "config": dashboard(states, ACCOUNT, telegram["chat_page"]),
            }
        )


async def _start_bot(
    processes: Processes,
    home_assistant: HomeAssistant,
    telegram: Mapping[str, Any],
    token: str,
    directory: Path,
) -> Child:
    """Write the bot's configuration and start it."""
    path = directory / "bot.toml"
    text = BOT_CONFIGURATION.format(
        telegram_token=telegram["token"],
        base_url=telegram["base_url"],
        base_file_url=telegram["base_file_url"],
        home_assistant_url=home_assistant.url,
        home_assistant_token=token,
        owner=telegram["users"][0]["id"],
        store=directory / "bot.sqlite",
    )
    with _private_file(path) as file:
        file.write(text)
    return await processes.start(
        "bot",
        [sys.executable, "-m", "telegram_bot", "run", "--config", path],
        ready_seconds=BOT_READY_SECONDS,
    )
