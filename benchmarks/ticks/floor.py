"""The floor: parse the frames with orjson, and set the states of 40 pairs by hand; OPTION: so many states a pair.

With "entity" each state goes through a plain sensor entity, as every integration's does.
"""

from collections.abc import Callable
from functools import partial
import logging

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


async def watch(hass: HomeAssistant, ready: Ready, option: str) -> None:
    """Begin to listen."""
    pairs = await watched_pairs(ready)
    shows: dict[str, list[Show]]
    if option == "entity":
        sensors = [Sensor(pair) for pair in pairs]
        component = EntityComponent[Sensor](logging.getLogger(__name__), "sensor", hass)
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


main = partial(run, watch)
