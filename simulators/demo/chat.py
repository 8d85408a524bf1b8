"""Write and tap in the Telegram stand-in as a person does."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from simulators.demo.control import Control

type Message = Mapping[str, Any]


class ChatError(Exception):
    """The chat did not show what was expected."""


class Chat:
    """One person's private chat with the bot."""

    def __init__(
        self, session: aiohttp.ClientSession, control: str, user_id: int
    ) -> None:
        """Use the stand-in's control interface at `control` as `user_id`."""
        self._control = Control(session, control)
        self._user_id = user_id

    async def send(self, text: str) -> int:
        """Write a message; return its id."""
        answer = await self._control.post("/send", user_id=self._user_id, text=text)
        message_id: int = answer["message_id"]
        return message_id

    async def tap(self, message: Message, button: str) -> None:
        """Tap the button of a message that shows this text, or the start of it."""
        labels = [item["text"] for row in message["buttons"] for item in row]
        label = next((label for label in labels if button in label), None)
        if label is None:
            raise ChatError(f"no button {button!r} below: {message['text']}")
        await self._control.post(
            "/tap",
            user_id=self._user_id,
            message_id=message["message_id"],
            button=label,
        )

    async def ask(self, text: str, *words: str) -> Message:
        """Write a message and wait for the bot's answer that holds all the words."""
        sent = await self.send(text)
        return await self.wait(
            lambda message: message["message_id"] > sent and has(message, *words),
            f"an answer to {text} with {', '.join(words)}",
        )

    async def wait(
        self, is_it: Callable[[Message], bool], what: str, seconds: float = 15.0
    ) -> Message:
        """Wait until the chat shows a message of the bot's that fits, the newest first.

        Raises:
            ChatError: nothing fitting was shown within `seconds`; the text says what was.
        """
        revision = -1
        messages: list[Message] = []
        try:
            async with asyncio.timeout(seconds):
                while True:
                    chat = await self._control.get(
                        f"/chats/{self._user_id}", after=revision, timeout=5
                    )
                    revision, messages = chat["revision"], chat["messages"]
                    for message in reversed(messages):
                        if message["from"] == "bot" and is_it(message):
                            return message
        except TimeoutError:
            shown = "\n---\n".join(
                message["text"] or "(no text)" for message in messages[-4:]
            )
            raise ChatError(
                f"the chat did not show {what} within {seconds:.0f} s; it shows:\n{shown}"
            ) from None

    async def messages(self) -> list[Message]:
        """Return all messages of the chat, the oldest first."""
        chat = await self._control.get(f"/chats/{self._user_id}", after=-1, timeout=0)
        messages: list[Message] = chat["messages"]
        return messages


def has(message: Message, *words: str) -> bool:
    """Tell whether a message shows all the words, in any case."""
    text = (message["text"] or message.get("caption") or "").lower()
    return all(word.lower() in text for word in words)
