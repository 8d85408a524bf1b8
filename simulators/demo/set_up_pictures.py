"""Walk a new user's way through set-up in a browser, and take a picture of each step."""

from collections.abc import Mapping
from typing import Any

from playwright.async_api import Locator, Page, ViewportSize

PAGE = "/config/integrations/integration/cexio"
PAGE_SIZE = ViewportSize(width=1000, height=740)
# All options at once.
OPTIONS_SIZE = ViewportSize(width=1000, height=1500)
# Dialogs slide in; a picture of one on its way is no use.
SETTLE_MILLISECONDS = 700


class SetUpWalk:
    """One person at one browser, who adds the integration by hand and makes a mistake."""

    def __init__(
        self, page: Page, home_assistant: str, exchange: Mapping[str, Any]
    ) -> None:
        """Walk in this page of Home Assistant, with a key of this exchange."""
        self._page = page
        self._home_assistant = home_assistant
        self._exchange = exchange
        self.pictures: dict[str, bytes] = {}

    async def run(self) -> dict[str, bytes]:
        """Go all the way; return the pictures by their names."""
        await self._choose_account()
        await self._enter_key()
        await self._choose_markets()
        await self._choose_sub_account()
        await self._look_at_a_market()
        await self._look_at_the_options()
        return self.pictures

    @property
    def _dialog(self) -> Locator:
        """The dialog on top."""
        return self._page.get_by_role("dialog").last

    async def _take(self, name: str, what: Locator | None = None) -> None:
        """Take a picture of the dialog, or of something else."""
        await self._page.wait_for_timeout(SETTLE_MILLISECONDS)
        self.pictures[f"set-up-{name}"] = await (what or self._dialog).screenshot(
            animations="disabled"
        )

    async def _press(self, name: str) -> None:
        """Press a button."""
        await self._page.get_by_role("button", name=name, exact=True).last.click()

    async def _choose_account(self) -> None:
        """Begin, and see the menu."""
        await self._page.goto(
            f"{self._home_assistant}/config/integrations/dashboard/add?domain=cexio"
        )
        await self._press("OK")
        await self._page.get_by_text("An account with an API key").wait_for()
        await self._take("menu")
        await self._page.get_by_text("An account with an API key").click()

    async def _enter_key(self) -> None:
        """Mistype the key, read what is wrong, and enter one that may not do everything."""
        await self._press("Server")
        address = self._page.get_by_role("textbox", name="Address")
        await address.fill(self._exchange["base"])
        await self._fill("mistyped", "secret", "does not know this API key")
        await self._take("account")
        key = next(key for key in self._exchange["keys"] if key["name"] == "no-trade")
        await self._fill(key["key"], key["secret"], "What this key may do")
        await self._take("permissions")

    async def _fill(self, key: str, secret: str, answer: str) -> None:
        """Fill in the form of the API key, and wait for what Home Assistant says to it."""
        await self._page.get_by_role("textbox", name="API key").fill(key)
        await self._page.get_by_role("textbox", name="API secret").fill(secret)
        await self._press("Submit")
        await self._page.get_by_text(answer).first.wait_for()

    async def _choose_markets(self) -> None:
        """Take what is proposed, and search for one more."""
        await self._press("Submit")
        await self._page.get_by_text("Markets to watch").first.wait_for()
        await self._press("Add")
        await self._page.get_by_placeholder("Search", exact=True).last.fill("eth eur")
        await self._page.get_by_text("ETH-EUR", exact=True).click()
        await self._take("pairs")
        await self._press("Submit")

    async def _choose_sub_account(self) -> None:
        """Take the one that is there, which is the last step."""
        await self._page.get_by_text("Sub-account for orders").first.wait_for()
        await self._take("sub-account")
        await self._press("Submit")
        await self._press("Skip and finish")

    async def _look_at_a_market(self) -> None:
        """See the page of the integration, and the device of a market."""
        await self._page.set_viewport_size(PAGE_SIZE)
        await self._page.goto(f"{self._home_assistant}{PAGE}")
        market = self._page.get_by_text("BTC-USD", exact=True)
        await market.first.wait_for()
        await self._take("integration", self._page.locator("body"))
        # The first one is the heading of what belongs to it.
        await market.nth(1).click()
        await self._page.get_by_text("Mid price").first.wait_for()
        await self._take("device", self._page.locator("body"))

    async def _look_at_the_options(self) -> None:
        """See what can be changed at any time."""
        await self._page.set_viewport_size(OPTIONS_SIZE)
        await self._page.goto(f"{self._home_assistant}{PAGE}")
        await self._press("Configure")
        await self._page.get_by_text("Largest value of an order").first.wait_for()
        await self._take("options")
