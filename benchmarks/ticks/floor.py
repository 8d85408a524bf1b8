"""The floor: parse the frames with orjson, and set the states of 40 pairs by hand; OPTION: so many states a pair.

With "entity" each state goes through a plain sensor entity, as every integration's does. With "book" such an entity
shows the middle of a book that is kept, of exact numbers: what the goal's words demand, and nothing else.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
import logging
from typing import Any

import aiohttp
from homeassistant.components.sensor import SensorEntity, SensorStateClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_component import EntityComponent
import orjson

from benchmarks.ticks.side import Ready, run, watched_pairs

type Show = Callable[[str], None]


class Sensor(SensorEntity):
    """A number that is told to it."""

    _attr_should_poll = False
    _attr_state_class = SensorStateClass.MEASUREMENT

    def __init__(self, pair: str) -> None:
        """Be named after a pair."""
        self._attr_name = pair
        self._attr_unique_id = pair
        self._attr_native_unit_of_measurement = pair.partition("-")[2]

    def show(self, price: str) -> None:
        """Write a price."""
        self._attr_native_value = price
        self.async_write_ha_state()


class Book(Sensor):
    """The middle of a book, which begins empty."""

    def __init__(self, pair: str) -> None:
        """Know no level."""
        super().__init__(pair)
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}

    def take(self, data: Mapping[str, Any]) -> None:
        """Change the levels, and write a middle that is new."""
        for name, side in (("bids", self._bids), ("asks", self._asks)):
            for price, amount in data[name]:
                exact = Decimal(amount)
                if exact:
                    side[Decimal(price)] = exact
                else:
                    side.pop(Decimal(price), None)
        if not self._bids or not self._asks:
            return
        middle = format((max(self._bids) + min(self._asks)) / 2, "f")
        if middle != self._attr_native_value:
            self.show(middle)


async def watch(hass: HomeAssistant, ready: Ready, option: str) -> None:
    """Begin to listen."""
    pairs = await watched_pairs(ready)
    shows: dict[str, list[Show]]
    component = EntityComponent[Sensor](logging.getLogger(__name__), "sensor", hass)
    if option == "book":
        books = {pair: Book(pair) for pair in pairs}
        await component.async_add_entities(books.values())
        hass.async_create_background_task(keep(ready["ws_public"], books), "floor")
        return
    if option == "entity":
        sensors = [Sensor(pair) for pair in pairs]
        await component.async_add_entities(sensors)
        shows = {
            pair: [sensor.show] for pair, sensor in zip(pairs, sensors, strict=True)
        }
    else:
        shows = {
            pair: [
                partial(
                    hass.states.async_set,
                    f"sensor.{pair.replace('-', '_').lower()}_{number}",
                )
                for number in range(int(option))
            ]
            for pair in pairs
        }
    hass.async_create_background_task(listen(ready["ws_public"], shows), "floor")


async def listen(url: str, shows: dict[str, list[Show]]) -> None:
    """Set the states to what the frames tell."""
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        async for message in socket:
            frame = orjson.loads(message.data)
            if frame["e"] != "order_book_increment":
                continue
            data = frame["data"]
            for show in shows.get(data["pair"], ()):
                show((data["bids"] or data["asks"])[0][0])


async def keep(url: str, books: Mapping[str, Book]) -> None:
    """Keep the books that the frames change."""
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        async for message in socket:
            frame = orjson.loads(message.data)
            if frame["e"] != "order_book_increment":
                continue
            data = frame["data"]
            if book := books.get(data["pair"]):
                book.take(data)


main = partial(run, watch)
