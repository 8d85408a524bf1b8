"""When what left or came: the machine's monotonic clock, which all its processes share."""

from collections import deque
from time import monotonic
from typing import Any

import orjson

# The last ones; a benchmark reads them before they are forgotten.
KEPT = 20_000


class Stamps:
    """The moments at which execution reports were written to a socket and requests were taken."""

    def __init__(self) -> None:
        """Start with none."""
        self._reports: deque[tuple[float, bytes]] = deque(maxlen=KEPT)
        self._requests: deque[tuple[float, str, Any]] = deque(maxlen=KEPT)

    def report_left(self, frame: bytes) -> None:
        """Note an execution report; it is read only when somebody asks."""
        self._reports.append((monotonic(), frame))

    def request_came(self, action: str, client_order_id: Any) -> None:
        """Note a request."""
        self._requests.append((monotonic(), action, client_order_id))

    def as_dict(self) -> dict[str, Any]:
        """Return all of them, seconds of the monotonic clock."""
        return {
            "reports": [
                {
                    "time": time,
                    "client_order_id": data.get("clientOrderId"),
                    "execution_id": data.get("executionId"),
                    "execution_type": data.get("executionType"),
                }
                for time, frame in self._reports
                for data in [orjson.loads(frame)["data"]]
            ],
            "requests": [
                {"time": time, "action": action, "client_order_id": client_order_id}
                for time, action, client_order_id in self._requests
            ],
        }
