"""The guard rails: what every order has to pass, whoever asks for it."""

from collections.abc import Callable
from decimal import Decimal
import sqlite3

from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import (
    CONF_ALLOWED_PAIRS,
    CONF_LARGEST_DAY_VALUE,
    CONF_LARGEST_DISTANCE,
    CONF_LARGEST_ORDER_VALUE,
    VALUE_CURRENCY,
)
from .conversion import Converter
from .coordinator import CexioConfigEntry
from .errors import not_kept, refusal
from .exchange import Priority
from .placements import Placements
from .preview import Preview
from .representation import plain, plain_or_none


class GuardRails:
    """The limits that the options set."""

    def __init__(
        self,
        entry: CexioConfigEntry,
        converter: Converter,
        placements: Placements,
    ) -> None:
        """Keep what worth is measured with, and what was ordered already."""
        self._entry = entry
        self._converter = converter
        self._placements = placements

    def check_pair(self, pair: str) -> None:
        """Refuse a pair that is not among the allowed ones."""
        allowed = self._entry.options.get(CONF_ALLOWED_PAIRS)
        if allowed and pair not in allowed:
            raise refusal("pair_not_allowed", pair=pair, allowed=", ".join(allowed))

    def check_distance(self, preview: Preview) -> None:
        """Refuse a limit price that is too far from the market."""
        largest = self._entry.options.get(CONF_LARGEST_DISTANCE)
        if not largest or preview.request.price is None:
            return
        distance = preview.distance_percentage
        # Without a market nobody can tell how far away it is.
        if distance is None or abs(distance) > Decimal(largest):
            raise refusal(
                "price_too_far",
                distance=plain_or_none(distance) or "?",
                largest=largest,
                market_price=plain_or_none(preview.market_price) or "?",
            )

    @property
    def _day_limit(self) -> Decimal | None:
        """Return what the orders of one day may be worth together."""
        largest = self._entry.options.get(CONF_LARGEST_DAY_VALUE)
        return Decimal(largest) if largest else None

    @property
    def has_value_limit(self) -> bool:
        """Whether the worth of an order matters."""
        largest = self._entry.options.get(CONF_LARGEST_ORDER_VALUE)
        return bool(largest) or self._day_limit is not None

    async def async_value(
        self,
        preview: Preview,
        *,
        but: str = "",
        priority: Priority = Priority.INTERACTIVE,
    ) -> Decimal | None:
        """Return what an order is worth; refuse what is too much or cannot be told."""
        value: Decimal | None = None
        # An estimate from too few levels may be far below what is paid in the end.
        if preview.request.quote_amount or "book_too_thin" not in preview.warnings:
            value = await self._converter.async_convert(
                preview.cost,
                preview.conditions.quote,
                VALUE_CURRENCY,
                priority,
                # Kept for a limit that may be set later; an order does not wait for that.
                must_be_live=self.has_value_limit,
            )
        largest = self._entry.options.get(CONF_LARGEST_ORDER_VALUE)
        if largest and (value is None or value > Decimal(largest)):
            raise refusal(
                "order_too_large",
                value=_shown(value),
                largest=largest,
                currency=VALUE_CURRENCY,
            )
        if (limit := self._day_limit) is not None:
            used = await self._placements.async_worth(
                dt_util.start_of_local_day(), but=but
            )
            if value is None or used + value > limit:
                raise _day_refusal(value, used, limit)
        return value

    async def async_keep(
        self,
        client_order_id: str,
        fields: str,
        value: Decimal | None,
        also: Callable[[sqlite3.Connection], None],
    ) -> None:
        """Write down what is about to be sent and what belongs to it, or refuse to send it."""
        day, limit = dt_util.start_of_local_day(), self._day_limit
        try:
            if await self._placements.async_keep(
                client_order_id, fields, value, day=day, limit=limit, also=also
            ):
                return
        except sqlite3.Error as err:
            raise not_kept(err) from err
        used = await self._placements.async_worth(day, but=client_order_id)
        raise _day_refusal(value, used, limit or Decimal())


def _shown(value: Decimal | None) -> str:
    """Return the worth of an order as words show it."""
    return "?" if value is None else f"{value:.2f}"


def _day_refusal(
    value: Decimal | None, used: Decimal, limit: Decimal
) -> ServiceValidationError:
    """Return what to raise for an order that the day has no room for."""
    return refusal(
        "day_limit_reached",
        value=_shown(value),
        used=_shown(used),
        largest=plain(limit),
        currency=VALUE_CURRENCY,
    )
