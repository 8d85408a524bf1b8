"""Who may do what, by numeric user id."""

from enum import IntEnum

from telegram_bot.config import AccessConfig


class Role(IntEnum):
    """What a person may do; each role may do all that the lower ones may."""

    VIEWER = 1
    TRADER = 2
    OWNER = 3


class Access:
    """The people whom the bot knows."""

    def __init__(self, config: AccessConfig) -> None:
        """Read the people from the settings."""
        self._roles = (
            dict.fromkeys(config.viewers, Role.VIEWER)
            | dict.fromkeys(config.traders, Role.TRADER)
            | {config.owner: Role.OWNER}
        )
        self.owner = config.owner

    def role(self, user_id: int) -> Role | None:
        """Return the role of a person, None for a stranger."""
        return self._roles.get(user_id)

    @property
    def people(self) -> dict[int, Role]:
        """Return everybody; in a private chat the chat's id is the person's."""
        return dict(self._roles)
