"""The markets that an entry watches, followed as they are added and removed."""

import asyncio

from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_send

from .const import CONF_PAIR, MARKET_SIGNAL, SUBENTRY_MARKET
from .coordinator import CexioConfigEntry
from .entity import market_subentries
from .market import MarketHub


class WatchedMarkets:
    """Keeps the hub in step with the subentries, without a reload of the entry."""

    def __init__(
        self, hass: HomeAssistant, entry: CexioConfigEntry, markets: MarketHub
    ) -> None:
        """Watch nothing yet."""
        self._hass = hass
        self._entry = entry
        self._markets = markets
        self._pairs: set[str] = set()
        self._lock = asyncio.Lock()

    async def async_reconcile(self) -> None:
        """Follow what is new, tell of it, and let go of what is gone."""
        async with self._lock:
            wanted = {
                subentry.data[CONF_PAIR]: subentry
                for subentry in market_subentries(self._entry)
            }
            for pair in self._pairs - wanted.keys():
                await self._markets.async_unfollow(pair, SUBENTRY_MARKET)
            new = [pair for pair in wanted if pair not in self._pairs]
            self._pairs = set(wanted)
            for pair in new:
                await self._markets.async_follow(pair, SUBENTRY_MARKET)
                async_dispatcher_send(
                    self._hass,
                    MARKET_SIGNAL.format(self._entry.entry_id),
                    wanted[pair],
                )
