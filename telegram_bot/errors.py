"""What can go wrong between the bot and Home Assistant, by what is known of the request."""

from collections.abc import Mapping
from typing import Any


class HomeAssistantError(Exception):
    """Base of everything that Home Assistant or the way to it can do wrong."""


class NotConnectedError(HomeAssistantError):
    """Home Assistant can't be reached; the request was surely not sent."""


class UnansweredError(HomeAssistantError):
    """The request was sent, no answer came: it may have been carried out."""


class RefusedError(HomeAssistantError):
    """Home Assistant answered with an error.

    Attributes:
        code: Home Assistant's code, such as "service_validation_error".
        text: its words in English.
        translation_key: which refusal it is, such as "insufficient_funds"; None when it has no name.
        placeholders: the values in its words.
    """

    def __init__(
        self,
        code: str,
        text: str,
        translation_key: str | None = None,
        placeholders: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep code, key and placeholders beside the words."""
        super().__init__(f"{text} ({translation_key or code})")
        self.code = code
        self.text = text
        self.translation_key = translation_key
        self.placeholders = dict(placeholders or {})


class AuthenticationError(HomeAssistantError):
    """Home Assistant does not accept the token."""


class PortTakenError(Exception):
    """The page of the bot's health can't be where it shall be."""
