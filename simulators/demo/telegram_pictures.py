"""Try every command of the bot in the chat page, and take a picture of each answer."""

from decimal import Decimal
import re

from playwright.async_api import FloatRect, Locator, Page

from simulators.demo.control import Control
from simulators.demo.system import System
from simulators.telegram.world import BOT_USERNAME

# As wide as a phone, as high as the longest answer.
PHONE_SIZE = (400, 1800)
PAIR = "BTC-USD"
FRIEND = 1002
AIR = 5
# Words of the last tap, and the day, would hide a part of the next message.
NOTHING_ABOVE = "#toasts, .day { visibility: hidden }"
WAIT_MILLISECONDS = 20_000
# The page's own policy refuses a style element.
STYLE = """(rules) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets = [sheet];
}"""
FIND = """([after, words]) => [...document.querySelectorAll("#log article.other")].find(
    (item) => Number(item.id.slice(8)) > after && item.innerText.includes(words))?.id"""
NEWEST = """() => Math.max(0, ...[...document.querySelectorAll("#log article")].map(
    (item) => Number(item.id.slice(8))))"""


class TelegramWalk:
    """One person at the chat page who tries everything."""

    def __init__(self, page: Page, system: System) -> None:
        """Write in this chat page; move this system's market when it helps."""
        self._page = page
        self._exchange = Control(system.session, system.exchange["control"])
        self._public = Control(system.session, system.exchange["rest_public"])
        self.pictures: dict[str, bytes] = {}

    async def run(self) -> dict[str, bytes]:
        """Try everything; return the pictures by the names of the commands."""
        await self._page.evaluate(STYLE, NOTHING_ABOVE)
        await self._shot("start", "/start", "Hello")
        await self._shot("help", "/help", "/price")
        await self._look_at_markets()
        await self._trade()
        await self._look_at_the_account()
        await self._move_funds()
        await self._set_alerts()
        await self._choose()
        await self._shot("status", "/status", "Reports of Home Assistant")
        await self._stop()
        return self.pictures

    async def _look_at_markets(self) -> None:
        """Ask what things cost."""
        await self._shot("price", f"/price {PAIR} ETH-USD", "ETH-USD")
        await self._shot("mistyped", "/price BTC-USB", "Did you mean")
        watch = await self._shot("watch", f"/watch {PAIR} ETH-USD", "Live until")
        await self._tap(watch, "Stop", "Prices of")
        await self._ask_inline()
        await self._shot("book", f"/book {PAIR}", "Spread")
        await self._shot("conditions", f"/conditions {PAIR}", "In steps of")
        await self._shot("fees", f"/fees {PAIR} ETH-USD", "Fees in force")

    async def _ask_inline(self) -> None:
        """Type the bot's name and some letters, and send one of the prices that come up."""
        before = await self._newest()
        page, field = self._page, self._page.locator("#input")
        await field.fill(f"@{BOT_USERNAME} btc")
        price = page.locator("#completion li").first
        await price.wait_for(timeout=WAIT_MILLISECONDS)
        await self._picture("inline", page.locator("#completion"), field)
        await price.click()
        await page.locator("#log .via").last.wait_for(timeout=WAIT_MILLISECONDS)
        assert await self._newest() > before

    async def _trade(self) -> None:
        """Buy at once, and leave orders open."""
        ask = await self._ask_price()
        card = await self._shot(
            "buy", f"/buy 0.02 {PAIR} {_step(ask, '1.001')}", "Confirm"
        )
        await self._tap(card, "Confirm", "Average price")
        await self._picture("filled", card)
        card = await self._shot("sell", "/sell 10% ETH-USD market", "Confirm")
        await self._tap(card, "Confirm", "Average price")
        await self._shot("steps", f"/buy {PAIR}", "How much")
        for side, factor in (("buy", "0.992"), ("sell", "1.011"), ("buy", "0.986")):
            text = f"/{side} 0.01 {PAIR} {_step(ask, factor)}"
            card = await self._ask(text, "Confirm")
            await self._tap(card, "Confirm", "Accepted")

    async def _look_at_the_account(self) -> None:
        """Ask what there is and what was."""
        await self._shot("chart", f"/chart {PAIR} 15m", "candles of")
        await self._shot("balance", "/balance", "trading")
        await self._shot("portfolio", "/portfolio", "In open orders")
        orders = await self._shot("orders", "/orders", "open orders")
        number = re.findall(r"\d{4,}", await orders.inner_text())[-1]
        await self._shot("order", f"/order {number}", number)
        card = await self._shot("cancel", f"/cancel {number}", "Confirm")
        await self._tap(card, "Confirm", "Cancelled")
        await self._shot("fills", "/fills", "Bought")
        await self._shot("history", "/history", "Trade")
        card = await self._shot("cancelall", "/cancelall", "Confirm")
        await self._tap(card, "Discard", "Discarded")

    async def _move_funds(self) -> None:
        """Move money within the exchange, and ask where to send some."""
        card = await self._shot(
            "transfer", "/transfer 100 USD trading savings", "Confirm"
        )
        await self._tap(card, "Confirm", "Moved")
        await self._shot("deposit", "/deposit BTC", "Copy address")

    async def _set_alerts(self) -> None:
        """Ask to be told, and be told."""
        ask = await self._ask_price()
        level = f"{ask * Decimal('1.008'):.0f}"
        await self._shot("alert", f"/alert {PAIR} > {level}", "Alert set")
        await self._ask(f"/alert {PAIR} ±5% in 1h", "Alert set")
        await self._shot("alerts", "/alerts", "price alerts")
        newest = await self._newest()
        moved = f"{ask * Decimal('1.012'):.1f}"
        await self._exchange.post("/market/price", pair=PAIR, price=moved)
        await self._picture("alert-fired", await self._answer(newest, "Your alert"))

    async def _choose(self) -> None:
        """Choose how the bot behaves, and who may use it."""
        settings = await self._shot("settings", "/settings", "Language")
        await self._tap(settings, "Charts", "dark")
        await self._page.emulate_media(color_scheme="dark")
        await self._shot("chart-dark", f"/chart {PAIR} 1h", "candles of")
        await self._page.emulate_media(color_scheme="light")
        await self._shot("mute", "/mute fills for 2h", "")
        await self._shot("invite", "/invite viewer", "")
        await self._shot("people", "/people", "")

    async def _stop(self) -> None:
        """Forbid orders at once, and ask for them again."""
        await self._shot("stop", "/stop", "")
        await self._shot("resume", "/resume", "")

    async def _shot(self, name: str, text: str, words: str) -> Locator:
        """Write something, and take a picture of it with its answer; return the answer."""
        before = await self._newest()
        await self._write(text)
        answer = await self._answer(before, words)
        own = self._page.locator("#log article.own").last
        await self._picture(name, own, answer)
        return answer

    async def _ask(self, text: str, words: str) -> Locator:
        """Write something; return the answer."""
        before = await self._newest()
        await self._write(text)
        return await self._answer(before, words)

    async def _write(self, text: str) -> None:
        """Write something, without the list of commands that fit."""
        await self._page.locator("#input").fill(text)
        await self._page.locator("#send").click()

    async def _tap(self, message: Locator, button: str, words: str) -> None:
        """Tap a button, and wait until the message says these words."""
        await message.get_by_role("button", name=button).first.click()
        await message.get_by_text(words).first.wait_for(timeout=WAIT_MILLISECONDS)

    async def _newest(self) -> int:
        """Return the number of the newest message."""
        newest: int = await self._page.evaluate(NEWEST)
        return newest

    async def _answer(self, before: int, words: str) -> Locator:
        """Wait for a message of the bot with these words; return it."""
        found = await self._page.wait_for_function(
            FIND, arg=[before, words], timeout=WAIT_MILLISECONDS
        )
        return self._page.locator(f"#{await found.json_value()}")

    async def _picture(self, name: str, *messages: Locator) -> None:
        """Take a picture of some messages that follow each other."""
        for image in await messages[-1].locator("img").all():
            await image.evaluate("(image) => image.decode()")
        # A message slides in; a picture of it on its way is no use.
        await self._page.wait_for_timeout(400)
        boxes = [box for item in messages if (box := await item.bounding_box())]
        top = min(box["y"] for box in boxes) - AIR
        bottom = max(box["y"] + box["height"] for box in boxes) + AIR
        clip = FloatRect(x=0, y=top, width=PHONE_SIZE[0], height=bottom - top)
        self.pictures[name] = await self._page.screenshot(
            animations="disabled", clip=clip
        )

    async def _ask_price(self) -> Decimal:
        """Return the best price at which somebody sells."""
        book = (await self._public.post("/get_order_book", pair=PAIR))["data"]
        return Decimal(book["asks"][0][0])


def _step(price: Decimal, factor: str) -> str:
    """Return a price some way off, as fine as the pair allows."""
    return f"{price * Decimal(factor):.1f}"
