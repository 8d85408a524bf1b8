"""The blueprint of a confirmed order, with Home Assistant's own Telegram bot before a Telegram of this machine."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
import pytest

from simulators.exchange.server import ExchangeServer
from simulators.telegram.server import TelegramServer
from tests.integration.blueprints import use
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import act, switch_trading
from tests.patience import PATIENCE

ADA, BOB = 1001, 1002
CHAT = "notify.ada"


class Chat:
    """A chat as a person sees it."""

    def __init__(
        self, telegram: TelegramServer, session: aiohttp.ClientSession
    ) -> None:
        """Look at the chat of the owner."""
        self._control = telegram.control
        self._session = session

    async def messages(self) -> list[dict[str, Any]]:
        """Return what is in the chat."""
        async with self._session.get(f"{self._control}/chats/{ADA}") as response:
            found: list[dict[str, Any]] = (await response.json())["messages"]
            return found

    async def wait(self, words: str) -> dict[str, Any]:
        """Wait for a message with some words in it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for message in await self.messages():
                    if words in message["text"]:
                        return message
                await asyncio.sleep(0.02)

    async def tap(self, button: str, message: dict[str, Any]) -> None:
        """Tap a button."""
        body = {
            "user_id": ADA,
            "chat_id": ADA,
            "message_id": message["message_id"],
            "button": button,
        }
        async with self._session.post(f"{self._control}/tap", json=body) as response:
            assert response.status == 200, await response.text()


@pytest.fixture
async def chat(hass: HomeAssistant) -> AsyncIterator[Chat]:
    """Set up Home Assistant's own Telegram bot."""
    async with TelegramServer(port=0) as telegram, aiohttp.ClientSession() as session:
        async with session.post(
            f"{telegram.control}/send", json={"user_id": ADA, "text": "/start"}
        ) as response:
            assert response.status == 200
        bot = MockConfigEntry(
            domain="telegram_bot",
            title="Bot",
            version=1,
            minor_version=3,
            data={
                "platform": "polling",
                "api_key": telegram.token,
                "api_endpoint": telegram.base_url.removesuffix("/bot"),
            },
            options={"parse_mode": "markdown"},
            subentries_data=[
                ConfigSubentryData(
                    data={"chat_id": ADA},
                    subentry_type="allowed_chat_ids",
                    title="Ada",
                    unique_id=str(ADA),
                )
            ],
        )
        bot.add_to_hass(hass)
        assert await hass.config_entries.async_setup(bot.entry_id)
        await hass.async_block_till_done()
        assert hass.states.get(CHAT), hass.states.async_entity_ids("notify")
        yield Chat(telegram, session)
        await hass.config_entries.async_unload(bot.entry_id)


async def ask(hass: HomeAssistant, chat: Chat, **inputs: Any) -> dict[str, Any]:
    """Let the automation ask; return the question."""
    fields = {
        "when": [{"trigger": "event", "event_type": "now"}],
        "chat": CHAT,
        "user": str(ADA),
        "pair": "BTC-USD",
        "amount": "0.01",
        "price": "50000",
    }
    await use(hass, "confirmed_order", notify_entities=None, **(fields | inputs))
    hass.bus.async_fire("now")
    return await chat.wait("Buy 0.01")


async def orders(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return the open orders."""
    found: list[dict[str, Any]] = (await act(hass, "get_orders"))["orders"]
    return found


async def test_confirmed(
    hass: HomeAssistant, entry: MockConfigEntry, chat: Chat
) -> None:
    """A tap of the right person places the order once; a tap of somebody else does nothing."""
    await switch_trading(hass)
    question = await ask(hass, chat)
    assert "Total with fee 50" in question["text"]
    assert await orders(hass) == []
    confirm = question["buttons"][0][0]["callback_data"]
    hass.bus.async_fire("telegram_callback", {"command": confirm, "user_id": BOB})
    await chat.tap("Confirm", question)
    shown = await chat.wait("✅ Buy 0.01")
    assert shown["message_id"] == question["message_id"]
    assert ": new, order " in shown["text"]
    (order,) = await orders(hass)
    assert order["client_order_id"].startswith("bp-")
    assert (order["amount"], order["price"]) == ("0.01000000", "50000.0")


async def test_discarded(
    hass: HomeAssistant, entry: MockConfigEntry, chat: Chat
) -> None:
    """Discard ends it."""
    await switch_trading(hass)
    await chat.tap("Discard", await ask(hass, chat))
    await chat.wait("🚫 Discarded")
    assert await orders(hass) == []


async def test_nobody_decides(
    hass: HomeAssistant, entry: MockConfigEntry, chat: Chat
) -> None:
    """After its time the question is void."""
    await switch_trading(hass)
    await ask(hass, chat, patience={"milliseconds": 200})
    await chat.wait("⌛ Nobody decided in time")
    assert await orders(hass) == []


async def test_refused(
    hass: HomeAssistant, exchange: ExchangeServer, entry: MockConfigEntry, chat: Chat
) -> None:
    """The guard rails hold for it as for everybody, and the card says so."""
    await switch_trading(hass)
    question = await ask(hass, chat)
    await hass.services.async_call(
        "switch", "turn_off", {"entity_id": "switch.cex_io_trading"}, blocking=True
    )
    await chat.tap("Confirm", question)
    await chat.wait("❗ Buy 0.01")
    assert await orders(hass) == []
