"""The pairs that the exchange knows, and the nearest one to what somebody typed."""

from collections.abc import Iterator, Sequence
import contextlib
from contextvars import ContextVar
from difflib import get_close_matches

from telegram_bot.clock import Clock
from telegram_bot.feed import Json
from telegram_bot.home_assistant import HomeAssistant
from telegram_bot.languages import _

_FRESH_SECONDS = 600.0
_MAIN_PAIRS = ("BTC-USD", "ETH-USD", "BTC-EUR")
_quote: ContextVar[str] = ContextVar("quote", default="USD")


@contextlib.contextmanager
def preferring(quote: str) -> Iterator[None]:
    """Take a currency for the second half of a pair that is not named, in this task alone."""
    token = _quote.set(quote)
    try:
        yield
    finally:
        _quote.reset(token)


class UnknownPairError(Exception):
    """Nobody trades this pair; the text names the nearest ones.

    Attributes:
        written: what was typed.
        near: pairs that may have been meant, the most likely one first.
    """

    def __init__(self, text: str, written: str, near: Sequence[str]) -> None:
        """Keep the proposals beside the words."""
        super().__init__(text)
        self.written = written
        self.near = tuple(near)


class PairBook:
    """Trading conditions of all pairs, asked for now and then."""

    def __init__(self, home_assistant: HomeAssistant, clock: Clock) -> None:
        """Start with nothing."""
        self._home_assistant = home_assistant
        self._clock = clock
        self._pairs: dict[str, Json] = {}
        self._asked = 0.0

    async def all(self) -> dict[str, Json]:
        """Return the trading conditions by pair.

        Raises:
            HomeAssistantError: they can't be asked for.
        """
        if not self._pairs or self._clock.monotonic() - self._asked > _FRESH_SECONDS:
            self._pairs = (await self._home_assistant.call("get_trading_conditions"))[
                "pairs"
            ]
            self._asked = self._clock.monotonic()
        return self._pairs

    async def find(self, text: str) -> str:
        """Return the pair that somebody means: lower case, other separators and the first half alone are fine.

        Raises:
            UnknownPairError: there is no such pair.
            HomeAssistantError: the pairs can't be asked for.
        """
        pairs = await self.all()
        wanted = text.upper().replace("/", "-").replace("_", "-")
        if wanted in pairs:
            return wanted
        if (half := f"{wanted}-{_quote.get()}") in pairs:
            return half
        joined = {pair.replace("-", ""): pair for pair in pairs}
        if wanted in joined:
            return joined[wanted]
        near = get_close_matches(wanted, list(pairs), 3, 0.5) or [
            joined[name] for name in get_close_matches(wanted, list(joined), 3, 0.5)
        ]
        if near:
            words = _(
                "I don't know the pair {pair}. Did you mean {proposals}?",
                pair=text,
                proposals=" / ".join(near),
            )
        else:
            words = _(
                "I don't know the pair {pair}. Pairs are written like {example}.",
                pair=text,
                example=next(iter(pairs), "BTC-USD"),
            )
        raise UnknownPairError(words, text, near)

    async def main(self) -> list[str]:
        """Return a few pairs that most people look at."""
        pairs = await self.all()
        return [pair for pair in _MAIN_PAIRS if pair in pairs] or list(pairs)[:3]
