"""What a handler gets, and how it refuses."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulators.exchange.venue import Venue

BAD_REQUEST = 400
UNPROCESSABLE = 422
SERVER_ERROR = 500


class RequestError(Exception):
    """A refused request.

    `status` is the HTTP status. `show_code` puts it into the body too, as the documentation's examples do for
    some methods. `inside_ok` is for the texts that the exchange sends as `data.error` of a successful answer;
    with `rest_only` the WebSocket leaves the `ok` out.
    """

    def __init__(
        self,
        text: str,
        status: int = UNPROCESSABLE,
        *,
        show_code: bool = False,
        inside_ok: bool = False,
        rest_only: bool = False,
    ) -> None:
        """Refuse in the exchange's words."""
        super().__init__(text)
        self.text = text
        self.status = status
        self.show_code = show_code
        self.inside_ok = inside_ok
        self.rest_only = rest_only


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a handler sees it; `private` tells which of the two APIs it came through."""

    venue: Venue
    action: str
    data: dict[str, Any]
    private: bool
    websocket: bool
    # Whether the request had parameters at all (WebSocket: the `data` key).
    has_data: bool = True
