"""Try the demo in a real browser, and take the pictures of the documentation on the way."""

import argparse
import asyncio
from decimal import Decimal
from io import BytesIO
from pathlib import Path
import shutil
import sys
import tempfile

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

from simulators.demo.control import Control
from simulators.demo.set_up_pictures import SetUpWalk
from simulators.demo.system import REPOSITORY, System, run_system
from simulators.demo.telegram_pictures import PHONE_SIZE, TelegramWalk

IMAGES = REPOSITORY / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Without these a browser keeps looking for its maker's servers.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAIR = "BTC-USD"
DASHBOARD_SIZE = (1380, 900)
CHAT_SIZE = (430, 900)
SET_UP_SIZE = (1000, 900)
GAP = 24
WAIT_MILLISECONDS = 20_000
GRAPH_SECONDS = 20


def find_browser() -> str:
    """Return the path of an installed browser."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    sys.exit(
        f"pictures: a browser is needed, one of {', '.join(BROWSERS)}: "
        "on Debian, apt install chromium"
    )


async def open_page(browser: Browser, url: str, size: tuple[int, int]) -> Page:
    """Open an address in a window of this size, at twice the resolution."""
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=2,
        color_scheme="light",
        locale="en-US",
    )
    context.set_default_timeout(WAIT_MILLISECONDS)
    page = await context.new_page()
    await page.goto(url)
    return page


async def write(page: Page, text: str, answer: str) -> None:
    """Type a message in the chat page and wait for a bot's answer that shows these words."""
    await page.locator("#input").fill(text)
    await page.locator("#send").click()
    await _expect_message(page, answer)


async def _expect_message(page: Page, words: str) -> None:
    """Wait until the newest messages show these words."""
    await expect(
        page.locator("#log").get_by_text(words, exact=False).last
    ).to_be_visible(timeout=WAIT_MILLISECONDS)


async def use_the_chat(page: Page, system: System) -> bytes:
    """Ask, buy and set an alert, as a person does it; return a picture of the preview."""
    exchange = Control(system.session, system.exchange["control"])
    public = Control(system.session, system.exchange["rest_public"])
    book = (await public.post("/get_order_book", pair=PAIR))["data"]
    ask = Decimal(book["asks"][0][0])
    await write(page, "/price BTC-USD ETH-USD", "ETH-USD")
    await write(page, f"/alert {PAIR} > {ask * Decimal('1.01'):.0f}", "Alert set")
    await write(page, f"/buy 0.02 {PAIR} {ask * Decimal('1.001'):.1f}", "Holds until")
    preview = await page.screenshot(animations="disabled")
    await page.get_by_role("button", name="Confirm").last.click()
    await _expect_message(page, "Filled")
    await exchange.post(
        "/market/price", pair=PAIR, price=f"{ask * Decimal('1.012'):.1f}"
    )
    await _expect_message(page, "Your alert")
    return preview


async def open_dashboard(browser: Browser, system: System) -> Page:
    """Open the dashboard; on this machine nobody asks for a password."""
    page = await open_page(browser, system.dashboard_url, DASHBOARD_SIZE)
    await expect(page.get_by_text("Markets", exact=True)).to_be_visible(
        timeout=WAIT_MILLISECONDS
    )
    return page


def side_by_side(left: bytes, right: bytes) -> Image.Image:
    """Put two pictures of one height beside each other."""
    pictures = [Image.open(BytesIO(data)).convert("RGB") for data in (left, right)]
    width = sum(picture.width for picture in pictures) + GAP
    joined = Image.new("RGB", (width, pictures[0].height), "white")
    joined.paste(pictures[0], (0, 0))
    joined.paste(pictures[1], (pictures[0].width + GAP, 0))
    return joined


def save(
    picture: Image.Image,
    name: str,
    method: Image.Quantize = Image.Quantize.MEDIANCUT,
) -> None:
    """Write a picture, small enough for a repository."""
    picture.quantize(256, method).save(IMAGES / f"{name}.png", optimize=True)


async def take_pictures(browser: Browser, system: System) -> None:
    """Walk through the demo in the browser and write the pictures."""
    dashboard = await open_dashboard(browser, system)
    chat = await open_page(browser, system.telegram["chat_page"], CHAT_SIZE)
    preview = await use_the_chat(chat, system)
    # The graphs need some history to be worth a look.
    await asyncio.sleep(GRAPH_SECONDS)
    pictures = {
        "dashboard": await dashboard.screenshot(animations="disabled"),
        "chat": await chat.screenshot(animations="disabled"),
        "chat-preview": preview,
        **await SetUpWalk(
            await open_page(browser, "about:blank", SET_UP_SIZE),
            system.home_assistant.url,
            system.exchange,
        ).run(),
    }
    for name, data in pictures.items():
        save(Image.open(BytesIO(data)).convert("RGB"), name)
    save(side_by_side(pictures["dashboard"], pictures["chat"]), "dashboard-and-chat")


async def take_pictures_of_commands(browser: Browser, system: System) -> None:
    """Try every command of the bot and write the pictures of the answers."""
    page = await open_page(browser, system.telegram["chat_page"], PHONE_SIZE)
    for name, data in (await TelegramWalk(page, system).run()).items():
        picture = Image.open(BytesIO(data)).convert("RGB")
        # Thin bars keep their colours.
        save(picture, f"telegram-{name}", Image.Quantize.MAXCOVERAGE)


WALKS = {"pages": take_pictures, "commands": take_pictures_of_commands}


async def main() -> None:
    """Run a fresh system for each walk and take the pictures."""
    parser = argparse.ArgumentParser(prog="./scripts/pictures", description=__doc__)
    parser.add_argument("what", nargs="*", choices=WALKS, default=list(WALKS))
    chosen = parser.parse_args().what
    IMAGES.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_browser(), args=FLAGS
        )
        for what in chosen:
            with tempfile.TemporaryDirectory(prefix="cexio-pictures-") as directory:
                async with run_system(
                    Path(directory), seed=7, progress=print, preferred_ports=False
                ) as system:
                    await WALKS[what](browser, system)
        await browser.close()
    print(f"written to {IMAGES.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    asyncio.run(main())
