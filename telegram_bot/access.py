"""Who may do what, by numeric user id, and in which groups."""

from collections.abc import Mapping
from enum import IntEnum

from telegram_bot.config import AccessConfig
from telegram_bot.languages import DEFAULT_LANGUAGE


class Role(IntEnum):
    """What a person may do; each role may do all that the lower ones may."""

    VIEWER = 1
    TRADER = 2
    OWNER = 3


class Access:
    """The people and the groups whom the bot knows.

    The store's thread reads here as well: what changes is replaced, never changed in place.
    """

    def __init__(self, config: AccessConfig) -> None:
        """Read the people and the groups from the configuration."""
        self._configured = (
            dict.fromkeys(config.viewers, Role.VIEWER)
            | dict.fromkeys(config.traders, Role.TRADER)
            | {config.owner: Role.OWNER}
        )
        self._joined: dict[int, Role] = {}
        self._groups = set(config.groups)
        self.owner = config.owner
        self.owner_language = DEFAULT_LANGUAGE

    def role(self, user_id: int) -> Role | None:
        """Return the role of a person, None for a stranger."""
        return self.people.get(user_id)

    @property
    def people(self) -> dict[int, Role]:
        """Return everybody; in a private chat the chat's id is the person's."""
        return self._joined | self._configured

    @property
    def chats(self) -> list[int]:
        """Return every chat that hears what happens."""
        return [*self.people, *sorted(self._groups)]

    def is_configured(self, user_id: int) -> bool:
        """Return whether a person is in the configuration, so that only an edit of it removes them."""
        return user_id in self._configured

    def is_group(self, chat_id: int) -> bool:
        """Return whether the bot may speak in a group."""
        return chat_id in self._groups

    def let_in(self, people: Mapping[int, Role]) -> None:
        """Take in people who were invited."""
        self._joined = self._joined | dict(people)

    def let_go(self, user_id: int) -> None:
        """Forget a person who was invited."""
        self._joined = {
            known: role for known, role in self._joined.items() if known != user_id
        }

    def move(self, old: int, new: int) -> None:
        """Follow a group that has got another id."""
        if old in self._groups:
            self._groups = self._groups - {old} | {new}
