"""The owner at their phone: asks, waits for the question, taps, and remembers what they did."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
import time
from typing import Any, Self

import aiohttp

from simulators.demo.control import Control, ControlError
from tests.resilience.ledger_of_truth import without_groups
from tests.resilience.schedule import Tap
from tests.resilience.world import STRANGER_ID

type Message = Mapping[str, Any]

# The whole chat is read at each change; a long one is read less often.
READ_PAUSE = 0.25
ASK_TRIES = 5
ASK_PAUSE = 4.0
ASK_AGAIN = ("ask again in a moment.", "Ask again in a moment.", "in the settings")
READ_PAUSE_PER_MESSAGE = 0.001
# What the bot answers to a tap that it could not write down, and how long to wait before another.
NOT_NOTED = "My disk takes nothing"
TAP_PAUSE = 3.0


@dataclass(slots=True)
class Question:
    """A question of the bot's, and what the person did about it."""

    kind: str  # order or cancel
    words: str
    confirmation_id: str
    message_id: int
    confirmed: bool = False

    @property
    def client_order_id(self) -> str:
        """The client order id that this question's order has, if there is one."""
        return f"tg-{self.confirmation_id}"


class Person:
    """The owner of the bot."""

    def __init__(self, telegram: Control, user_id: int) -> None:
        """Use the stand-in as `user_id`."""
        self._telegram = telegram
        self._user_id = user_id
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self._tapping = asyncio.Lock()
        self._again: dict[str, asyncio.Task[None]] = {}
        self.messages: list[Message] = []
        self.changed_at = time.monotonic()
        self.questions: list[Question] = []

    async def __aenter__(self) -> Self:
        """Begin to watch the chat."""
        self._task = asyncio.create_task(self._watch(), name="person")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Stop."""
        tasks = [*self._again.values(), *filter(None, [self._task])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def send(self, text: str) -> int:
        """Write a message and return its id."""
        answer = await self._telegram.post("/send", user_id=self._user_id, text=text)
        message_id: int = answer["message_id"]
        return message_id

    async def see(
        self, is_it: Callable[[Message], bool], seconds: float
    ) -> Message | None:
        """Wait until the chat shows a message of the bot's; None when it does not in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                while True:
                    for message in reversed(self.messages):
                        if message["from"] == "bot" and is_it(message):
                            return message
                    await self._changed.wait()
        return None

    async def ask(
        self, command: str, words: str, kind: str, seconds: float
    ) -> Question | None:
        """Write a command and wait for the question that it leads to; ask again when the bot says so."""

        def is_answer(message: Message) -> bool:
            text = message["text"]
            asks = words in text and _button(message, "Confirm") is not None
            return message["message_id"] > sent and (asks or text.endswith(ASK_AGAIN))

        for _ in range(ASK_TRIES):
            sent = await self.send(command)
            message = await self.see(is_answer, seconds)
            if message is None:
                return None
            if words in message["text"]:
                break
            await asyncio.sleep(ASK_PAUSE)
        else:
            return None
        data = _button(message, "Confirm") or ""
        question = Question(kind, words, data.split(":")[1], message["message_id"])
        self.questions.append(question)
        return question

    async def tap(self, question: Question, tap: Tap) -> None:
        """Tap as the plan wants it; buttons that are gone are not there to be tapped."""
        async with self._tapping:
            with suppress(ControlError):
                await _TAPS[tap](self, question)

    async def _confirm(self, question: Question) -> None:
        """Tap Confirm."""
        await self._tap(self._user_id, question, "Confirm")
        question.confirmed = True

    async def _confirm_later(self, message_id: int) -> None:
        """Tap Confirm once more a little later."""
        await asyncio.sleep(TAP_PAUSE)
        for question in self.questions:
            if question.message_id == message_id and question.confirmed:
                await self.tap(question, Tap.ONCE)

    async def _confirm_twice(self, question: Question) -> None:
        """Tap Confirm twice before anything can answer."""
        await asyncio.gather(self._confirm(question), self._confirm(question))

    async def _confirm_again(self, question: Question) -> None:
        """Tap Confirm, and let the same tap come once more when it was carried out."""
        await self._confirm(question)
        await asyncio.sleep(2.0)
        await self._telegram.post("/updates/repeat", count=1)

    async def _stranger(self, question: Question) -> None:
        """Let a stranger tap Confirm; the owner does not decide."""
        await self._tap(STRANGER_ID, question, "Confirm")

    async def _discard(self, question: Question) -> None:
        """Tap Discard."""
        await self._tap(self._user_id, question, "Discard")

    async def _tap(self, user_id: int, question: Question, button: str) -> None:
        """Tap a button of a question."""
        await self._telegram.post(
            "/tap",
            user_id=user_id,
            chat_id=self._user_id,
            message_id=question.message_id,
            button=button,
        )

    async def _watch(self) -> None:
        """Keep what the chat shows."""
        revision = -1
        while True:
            try:
                chat = await self._telegram.get(
                    f"/chats/{self._user_id}", after=revision, timeout=5
                )
            except aiohttp.ClientError, TimeoutError:
                continue
            if chat["revision"] != revision:
                self.changed_at = time.monotonic()
                self._read_answers(chat["answers"])
                async with self._changed:
                    revision = chat["revision"]
                    self.messages = [
                        {**message, "text": without_groups(message["text"])}
                        for message in chat["messages"]
                    ]
                    self._changed.notify_all()
            await asyncio.sleep(
                READ_PAUSE + READ_PAUSE_PER_MESSAGE * len(self.messages)
            )

    def _read_answers(self, answers: list[dict[str, Any]]) -> None:
        """Tap again, later, where the bot could not write the tap down."""
        for answer in answers:
            tap = answer["callback_query_id"]
            is_refused = answer["user_id"] == self._user_id and NOT_NOTED in (
                answer["text"] or ""
            )
            if is_refused and tap not in self._again:
                self._again[tap] = asyncio.create_task(
                    self._confirm_later(answer["message_id"])
                )


_TAPS = {
    Tap.ONCE: Person._confirm,
    Tap.DOUBLE: Person._confirm_twice,
    Tap.AGAIN: Person._confirm_again,
    Tap.STRANGER: Person._stranger,
    Tap.DISCARD: Person._discard,
}


def _button(message: Message, text: str) -> str | None:
    """Return what a button of a message carries."""
    for row in message["buttons"]:
        for button in row:
            if button["text"] == text:
                return str(button.get("callback_data"))
    return None
