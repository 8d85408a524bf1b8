"""What every kind of thing that can be confirmed has in common."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from telegram_bot.feed import Json
from telegram_bot.home_assistant import HomeAssistant
from telegram_bot.records import ConfirmationRow

# Home Assistant finds out by itself what became of a lost answer; that takes it a while.
SEND_WITHIN = 45.0


@dataclass(frozen=True, slots=True)
class Words:
    """What is said on the way; English, translated when it is said.

    Attributes:
        tapped: to the person who confirmed, at once.
        sending: on the card, when the answer takes a while.
        in_doubt: on the card, when no answer came.
        refused: on the card; `{reason}` says why nothing was done.
    """

    tapped: str
    sending: str
    in_doubt: str
    refused: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What something came to.

    Attributes:
        order: the order that the card follows from now on, else
        head: the words on the card, HTML in the language spoken now.
    """

    order: Json | None = None
    head: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What looking for an outcome found.

    Attributes:
        outcome: None where it must be looked for again.
        otherwise: what to say when nobody looks again.
    """

    outcome: Outcome | None
    otherwise: str = ""


class Undertaking(ABC):
    """One kind of thing that can be confirmed: how it is sent, and how its outcome is found out."""

    words: ClassVar[Words]
    # Whether reports of the feed can tell the outcome on the card.
    follows_order: ClassVar[bool] = False

    def __init__(self, home_assistant: HomeAssistant) -> None:
        """Speak to Home Assistant."""
        self.home_assistant = home_assistant

    @abstractmethod
    async def send(self, row: ConfirmationRow) -> Outcome:
        """Carry it out, once.

        Raises:
            HomeAssistantError: it was not done, or nobody knows; see `surely_not_done`.
        """

    @abstractmethod
    async def look(self, row: ConfirmationRow) -> Look:
        """Find out what became of it, without doing it again.

        Raises:
            HomeAssistantError: it can't be found out now.
        """
