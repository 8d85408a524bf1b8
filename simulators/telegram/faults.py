"""Faults on demand: what goes wrong with the next calls of a method."""

from dataclasses import dataclass
from enum import StrEnum
import itertools
from typing import Any

from simulators.telegram.errors import (
    BotApiError,
    bad_request,
    conflict,
    forbidden,
    too_many_requests,
)
from simulators.telegram.methods.updates import OTHER_POLLER


class FaultKind(StrEnum):
    """What can go wrong."""

    TIMEOUT = "timeout"
    CUT = "cut"
    BAD_GATEWAY = "bad_gateway"
    SERVER_ERROR = "server_error"
    TOO_MANY_REQUESTS = "too_many_requests"
    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"
    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    SLOW = "slow"


# Those whose call may have been carried out although the bot hears of a failure.
UNCERTAIN = frozenset(
    {
        FaultKind.TIMEOUT,
        FaultKind.CUT,
        FaultKind.BAD_GATEWAY,
        FaultKind.SERVER_ERROR,
        FaultKind.SLOW,
    }
)
DEFAULT_SECONDS = {FaultKind.TIMEOUT: 120.0, FaultKind.SLOW: 2.0}
BAD_GATEWAY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


@dataclass(slots=True)
class Fault:
    """One fault, for a number of calls of a method (`*` for any)."""

    fault_id: int
    method: str
    kind: FaultKind
    left: int
    delivered: bool
    seconds: float
    retry_after: int | None
    description: str | None
    chat_id: int | None

    def refusal(self) -> BotApiError | None:
        """Return the refusal of a fault that is one."""
        if self.kind is FaultKind.TOO_MANY_REQUESTS:
            # A proxy in between says so without a time to wait.
            if self.retry_after is None:
                return BotApiError(429, "Too Many Requests")
            return too_many_requests(self.retry_after)
        makers = {
            FaultKind.CONFLICT: lambda: conflict(self.description or OTHER_POLLER),
            FaultKind.FORBIDDEN: lambda: forbidden(
                self.description or "bot was blocked by the user"
            ),
            FaultKind.BAD_REQUEST: lambda: bad_request(
                self.description or "CHAT_WRITE_FORBIDDEN"
            ),
            FaultKind.UNAUTHORIZED: lambda: BotApiError(401, "Unauthorized"),
        }
        maker = makers.get(self.kind)
        return maker() if maker else None

    def to_wire(self) -> dict[str, Any]:
        """Return the fault as the control interface shows it."""
        return {
            "fault_id": self.fault_id,
            "method": self.method,
            "kind": self.kind,
            "count": self.left,
            "delivered": self.delivered,
            "seconds": self.seconds,
            "retry_after": self.retry_after,
            "chat_id": self.chat_id,
        }


class Faults:
    """The faults that wait for their call."""

    def __init__(self) -> None:
        """Begin without any."""
        self._faults: list[Fault] = []
        self._numbers = itertools.count(1)

    def add(self, data: dict[str, Any]) -> Fault:
        """Add a fault; ValueError says what is wrong with its description."""
        try:
            kind = FaultKind(data.get("kind", ""))
        except ValueError:
            raise ValueError(f"kind is one of {', '.join(FaultKind)}") from None
        delivered = bool(data.get("delivered", False))
        if delivered and kind not in UNCERTAIN:
            raise ValueError(f"nothing is ever delivered with {kind}")
        count = int(data.get("count", 1))
        if count < 1:
            raise ValueError("count is 1 or more")
        retry_after, chat_id = data.get("retry_after"), data.get("chat_id")
        fault = Fault(
            next(self._numbers),
            str(data.get("method", "*")),
            kind,
            count,
            delivered,
            float(data.get("seconds", DEFAULT_SECONDS.get(kind, 0.0))),
            None if retry_after is None else int(retry_after),
            data.get("description"),
            None if chat_id is None else int(chat_id),
        )
        self._faults.append(fault)
        return fault

    def take(self, method: str, chat_id: int) -> Fault | None:
        """Return the first fault for a call and count it; None if all goes well."""
        for fault in self._faults:
            named = fault.method == "*" or fault.method.lower() == method.lower()
            if named and fault.chat_id in {None, chat_id}:
                fault.left -= 1
                if not fault.left:
                    self._faults.remove(fault)
                return fault
        return None

    def waiting(self) -> list[Fault]:
        """Return the faults that wait for calls."""
        return list(self._faults)

    def clear(self) -> None:
        """Forget all faults."""
        self._faults.clear()
