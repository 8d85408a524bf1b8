"""What an API key may do, found out without moving anything."""

from collections.abc import Collection, Mapping
import logging
import re
from typing import Any
from uuid import uuid4

from .exchange import (
    AuthenticationError,
    CexioError,
    InsufficientFundsError,
    InvalidRequestError,
    Permission,
    PermissionDeniedError,
    RestClient,
    UnknownOrderError,
)

_LOGGER = logging.getLogger(__name__)

# No account can have this name and no currency this code (rest.md 3.1), so that a
# request with them has nothing to move, whatever else the exchange makes of it.
_NO_ACCOUNT = "(no account)"
_NO_CURRENCY = "-"
# What the exchange says about the request itself: it got past the permission.
_PASSED = (InvalidRequestError, InsufficientFundsError, UnknownOrderError)
# These may as well be about the key: the words for a missing permission are not documented.
_DOUBTFUL = re.compile(r"\bkey\b|allow|forbid|denied|access|rights", re.IGNORECASE)

type Permissions = Mapping[Permission, bool | None]


def _probes() -> Mapping[Permission, tuple[str, Mapping[str, Any]]]:
    """Return a request for each permission that cannot have an effect (rest.md 4.B.10, 17, 20).

    No order has the id that is cancelled; no money is moved for three reasons each: there
    is no such account, no such currency, and the amount is nothing.
    """
    nothing = {"currency": _NO_CURRENCY, "amount": "0"}
    between = {"fromAccountId": _NO_ACCOUNT, "toAccountId": _NO_ACCOUNT, **nothing}
    from_wallet = {"accountId": _NO_ACCOUNT, **nothing}
    cancel = {"clientOrderId": _new_id(), "cancelRequestId": _new_id()}
    return {
        Permission.TRADE: ("do_cancel_my_order", cancel),
        Permission.FUNDS_INTERNAL: (
            "do_my_internal_transfer",
            {**between, "clientTxId": _new_id()},
        ),
        Permission.FUNDS_WALLET: (
            "do_deposit_funds_from_wallet",
            {**from_wallet, "clientTxId": _new_id()},
        ),
    }


def _new_id() -> str:
    """Return an id that nothing at the exchange has."""
    return f"ha-{uuid4().hex}"


async def async_find_permissions(
    rest: RestClient, wanted: Collection[Permission] = tuple(Permission)
) -> Permissions:
    """Return which permissions a key has that may read: None where it cannot be told.

    At most 3 points. Nothing is moved, ordered or cancelled. Nothing is raised: what the exchange
    says otherwise leaves a permission untold.
    """
    found: dict[Permission, bool | None] = {Permission.READ: True}
    for permission, (action, data) in _probes().items():
        if permission not in wanted:
            continue
        found[permission] = await _async_has(rest, action, data)
    return found


async def _async_has(
    rest: RestClient, action: str, data: Mapping[str, Any]
) -> bool | None:
    """Make a request that cannot have an effect, and tell by the answer whether it was allowed."""
    try:
        await rest.request(action, data)
    except PermissionDeniedError:
        return False
    except _PASSED as err:
        if _DOUBTFUL.search(err.text):
            _LOGGER.debug("Whether %s was allowed cannot be told: %s", action, err)
            return None
        _LOGGER.debug("%s was allowed: %s", action, err)
    except CexioError as err:
        # How a missing permission is told is not documented (rest.md 2.4). A key that
        # was let in a moment ago and is now refused without a reason lacks it.
        if type(err) is AuthenticationError:
            return False
        _LOGGER.debug("Whether %s is allowed cannot be told: %s", action, err)
        return None
    return True
