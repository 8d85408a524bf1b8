"""Where the exchange is."""

from dataclasses import dataclass
from typing import Self

DEFAULT_BASE = "https://trade.cex.io/api/spot"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The four addresses of one exchange (rest.md 1.1, websocket.md 1.1)."""

    rest_public: str
    rest: str
    ws_public: str
    ws: str

    @classmethod
    def from_base(cls, base: str = DEFAULT_BASE) -> Self:
        """Derive all four from a base address such as "https://trade.cex.io/api/spot".

        Raises:
            ValueError: The base is not an http or https address.
        """
        base = base.strip().rstrip("/")
        scheme, separator, rest = base.partition("://")
        if not separator or not rest or scheme.lower() not in ("http", "https"):
            raise ValueError("The address must begin with http:// or https://")
        socket = f"{'wss' if scheme.lower() == 'https' else 'ws'}://{rest}"
        return cls(
            rest_public=f"{base}/rest-public",
            rest=f"{base}/rest",
            ws_public=f"{socket}/ws-public",
            ws=f"{socket}/ws",
        )
