"""Buttons below messages: what they say, and a tap that was answered."""

from tests.telegram_bot.conftest import Json, Rig


def labels(message: Json) -> list[str]:
    """Return the words on the buttons."""
    return [button["text"] for row in message["buttons"] for button in row]


async def tap(rig: Rig, button: str, message: Json) -> str:
    """Tap the button whose words hold these; return the id of the tap."""
    label = next(label for label in labels(message) if button in label)
    return await rig.tap(label, message)
