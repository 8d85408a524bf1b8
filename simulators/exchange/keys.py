"""API keys of the client: what they may do, from where, and whether they are activated (rest.md 2.5)."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random
import string

_ALPHABET = string.ascii_letters + string.digits
# Documentation range (RFC 5737): nobody's.
ELSEWHERE = "203.0.113.7"


class Permission(StrEnum):
    """What a key may do."""

    READ = "Read"
    TRADE = "Trade"
    FUNDS_INTERNAL = "Funds Internal"
    FUNDS_WALLET = "Funds Wallet"


ALL = tuple(Permission)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of the client; `address` is the only one that may use it, when set."""

    name: str
    key: str
    secret: str
    permissions: tuple[Permission, ...]
    active: bool = True
    address: str | None = None


_KINDS: tuple[tuple[str, tuple[Permission, ...], bool, str | None], ...] = (
    ("all", ALL, True, None),
    ("read-only", (Permission.READ,), True, None),
    (
        "no-trade",
        (Permission.READ, Permission.FUNDS_INTERNAL, Permission.FUNDS_WALLET),
        True,
        None,
    ),
    ("inactive", ALL, False, None),
    ("other-address", ALL, True, ELSEWHERE),
)


def make_keys(seed: int) -> list[ApiKey]:
    """Make the client's five keys, always the same for a seed."""
    random = Random(f"keys:{seed}")
    return [
        ApiKey(name, _word(random, 24), _word(random, 32), permissions, active, address)
        for name, permissions, active, address in _KINDS
    ]


def _word(random: Random, length: int) -> str:
    """Draw a word of letters and digits."""
    return "".join(random.choices(_ALPHABET, k=length))
