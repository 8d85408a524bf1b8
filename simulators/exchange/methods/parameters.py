"""Reading parameters: presence, type, range; each refusal in the exchange's words where they are known.

Where the documentation gives no text, the pattern of its other texts is followed.
"""

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from simulators.exchange.engine.money import unit
from simulators.exchange.engine.reference import Pair
from simulators.exchange.methods.call import Call, RequestError

type Data = dict[str, Any]


def missing(name: str, *, show_code: bool = False) -> RequestError:
    """Return the refusal of a missing parameter."""
    return RequestError(f"Mandatory parameter {name} is missing", show_code=show_code)


def text(data: Data, name: str, *, show_code: bool = False) -> str:
    """Return a mandatory, non-empty string."""
    value = data.get(name)
    if value is None or value == "":
        raise missing(name, show_code=show_code)
    if not isinstance(value, str):
        raise RequestError(f"Parameter {name} should be String", show_code=show_code)
    return value


def optional_text(data: Data, name: str) -> str | None:
    """Return a string; absent, null and empty are None."""
    value = data.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise RequestError(f"Parameter {name} should be String")
    return value


def choice[Kind: StrEnum](data: Data, name: str, kind: type[Kind]) -> Kind:
    """Return a mandatory member of a closed set."""
    chosen = optional_choice(data, name, kind)
    if chosen is None:
        raise missing(name)
    return chosen


def optional_choice[Kind: StrEnum](
    data: Data, name: str, kind: type[Kind]
) -> Kind | None:
    """Return a member of a closed set, or None when absent, null or empty."""
    value = data.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or value not in kind:
        raise RequestError(
            f"Mandatory parameter {name} should be one of {','.join(kind)}"
        )
    return kind(value)


def optional_amount(
    data: Data, name: str, *, refused: str | None = None
) -> Decimal | None:
    """Return a positive amount given as number or numeric string, or None when absent or null."""
    value = data.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise RequestError(f"Parameter {name} should be a number")
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise RequestError(f"Parameter {name} should be a number") from None
    if not amount.is_finite() or abs(amount.adjusted()) > 30:
        raise RequestError(f"Parameter {name} should be a number")
    if amount <= 0:
        raise RequestError(refused or f"Parameter {name} should be greater than zero")
    return amount


def optional_integer(data: Data, name: str, least: int = 0) -> int | None:
    """Return a whole number, or None when absent or null."""
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RequestError(f"Parameter {name} should be Number")
    if value < least:
        raise RequestError(
            f"Parameter {name} should be greater than or equal to {least}"
        )
    return value


def tick(pair: Pair) -> Decimal:
    """Return the smallest step of a price."""
    return unit(pair.price_precision)


def integer(data: Data, name: str) -> int:
    """Return a mandatory whole number."""
    value = optional_integer(data, name)
    if value is None:
        raise missing(name)
    return value


def sort_order(data: Data) -> str:
    """Return ASC, or DESC when absent, null or empty."""
    order = data.get("sortOrder") or "DESC"
    if order not in ("ASC", "DESC"):
        raise RequestError("Parameter sortOrder should be one of ASC,DESC")
    return str(order)


def texts(data: Data, name: str, refused: RequestError) -> list[str] | None:
    """Return a list of strings, or None when absent or null; anything else is refused."""
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise refused
    return value


def unique(values: list[str] | None, name: str) -> list[str] | None:
    """Refuse repetitions."""
    if values is not None and len(set(values)) != len(values):
        raise RequestError(f"{name} array should not contain duplicates")
    return values


def listed_pair(call: Call, name: str = "pair") -> Pair:
    """Return the pair asked for.

    REST is forgiving about case, the WebSocket is not, and each has its words (rest.md 8, websocket.md 3.2).
    """
    wanted = text(call.data, name)
    found = call.venue.engine.listing.pairs.get(
        wanted if call.websocket else wanted.upper()
    )
    if found is None:
        raise unsupported_pair(call, wanted)
    return found


def unsupported_pair(call: Call, wanted: str) -> RequestError:
    """Return the refusal of an unknown pair."""
    if call.websocket:
        return RequestError(f"Currency pair {wanted} is not supported")
    return RequestError(f"pair {wanted} is not supported")
