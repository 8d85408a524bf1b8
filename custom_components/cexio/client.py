"""How an entry reaches the exchange; what all entries of one exchange share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.hass_dict import HassKey

from .const import CONF_API_SECRET, CONF_SECRET_IS_BASE64, DOMAIN
from .exchange import (
    ADDRESS_POINTS,
    KEY_POINTS,
    Budget,
    Clock,
    Credentials,
    Endpoints,
    RestClient,
    Stream,
)


@dataclass(slots=True)
class _Exchange:
    """The clock of one exchange, and the points that it grants this machine and its keys."""

    clock: Clock = field(default_factory=Clock)
    address_budget: Budget = field(init=False)
    key_budgets: dict[str, Budget] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Reckon minutes by the clock of the exchange."""
        self.address_budget = Budget(ADDRESS_POINTS, clock=self.clock)


_EXCHANGES: HassKey[dict[str, _Exchange]] = HassKey(f"{DOMAIN}_exchanges")


@dataclass(frozen=True, slots=True)
class Client:
    """The channels to the exchange; the private stream only with credentials."""

    rest: RestClient
    public_stream: Stream
    private_stream: Stream | None
    budgets: Mapping[str, Budget]
    clock: Clock


@callback
def async_create_client(hass: HomeAssistant, data: Mapping[str, Any]) -> Client:
    """Make the channels that the data of an entry describes; nothing is sent yet.

    Raises:
        ValueError: The server address is none.
    """
    session = async_get_clientsession(hass)
    endpoints = Endpoints.from_base(data[CONF_URL])
    exchange = hass.data.setdefault(_EXCHANGES, {}).setdefault(
        endpoints.rest, _Exchange()
    )
    budgets = {"address": exchange.address_budget}
    credentials: Credentials | None = None
    key_budget: Budget | None = None
    if (key := data.get(CONF_API_KEY)) is not None:
        credentials = Credentials(
            key,
            data[CONF_API_SECRET],
            is_base64=data.get(CONF_SECRET_IS_BASE64, False),
        )
        key_budget = exchange.key_budgets.setdefault(
            key, Budget(KEY_POINTS, clock=exchange.clock)
        )
        budgets["key"] = key_budget
    rest = RestClient(
        session,
        endpoints=endpoints,
        credentials=credentials,
        address_budget=exchange.address_budget,
        key_budget=key_budget,
        clock=exchange.clock,
    )
    public_stream = Stream(
        session,
        endpoints.ws_public,
        budget=exchange.address_budget,
        clock=exchange.clock,
        measure_clock=rest.measure_clock,
    )
    private_stream: Stream | None = None
    if credentials is not None and key_budget is not None:
        private_stream = Stream(
            session,
            endpoints.ws,
            budget=key_budget,
            credentials=credentials,
            clock=exchange.clock,
            measure_clock=rest.measure_clock,
        )
    return Client(rest, public_stream, private_stream, budgets, exchange.clock)
