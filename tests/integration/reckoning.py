"""Trading at the market, and what is reckoned of it."""

from homeassistant.core import HomeAssistant

from custom_components.cexio.exchange import Order, OrderStatus
from custom_components.cexio.profit import Profit, ProfitCoordinator
from tests.integration.harness import MockConfigEntry
from tests.integration.helpers import act, until


def coordinator(entry: MockConfigEntry) -> ProfitCoordinator:
    """Return what reckons."""
    found: ProfitCoordinator = entry.runtime_data.account.profit
    return found


def profit(entry: MockConfigEntry) -> Profit:
    """Return the present reckoning."""
    data = coordinator(entry).data
    assert data is not None
    return data


async def market(
    hass: HomeAssistant, entry: MockConfigEntry, side: str, pair: str, amount: str
) -> Order:
    """Trade at the market and return the order when it is filled."""
    answer = await act(
        hass,
        "place_order",
        pair=pair,
        side=side,
        order_type="market",
        amount=amount,
    )
    order_id = answer["order"]["order_id"]
    ledger = entry.runtime_data.account.ledger
    await until(lambda: ledger.get(order_id=order_id).status is OrderStatus.FILLED)
    order: Order = ledger.get(order_id=order_id)
    return order


async def read_all(entry: MockConfigEntry) -> None:
    """Let the reckoning catch up."""
    await until(lambda: coordinator(entry).turns.is_waiting)
    while not await coordinator(entry).async_work():
        pass
