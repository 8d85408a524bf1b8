"""Messages of which the bot could not know whether they arrived, or could not write down that they did."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.resilience.ledger_of_truth import without_groups


def doubtful_texts(
    calls: Iterable[Mapping[str, Any]],
    deaths: Sequence[float],
    within: float,
    full: Sequence[tuple[float, float]] = (),
) -> list[str]:
    """Return the texts of messages that Telegram, or the bot's death, left in doubt.

    Args:
        calls: what the stand-in was asked to send, and how it answered.
        deaths: when the bot died.
        within: so many seconds may pass until an answer is written down.
        full: from when to when the bot's disk took nothing.
    """
    return [
        without_groups(str((call.get("parameters") or {}).get("text")))
        for call in calls
        if call["status"] in {None, "cut", "hung up", 500, 502}
        or (
            call["status"] == 200
            and _died_before_noting(call["time"], deaths, within, full)
        )
    ]


def _died_before_noting(
    answered: float,
    deaths: Sequence[float],
    within: float,
    full: Sequence[tuple[float, float]],
) -> bool:
    """Tell whether the bot may have died before it could write an answer down."""
    noted = answered + within
    for began, ended in sorted(full):
        if began <= noted and ended > answered:
            noted = max(noted, ended + within)
    return any(answered <= death <= noted for death in deaths)
