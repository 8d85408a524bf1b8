"""Whatever a bot sends: an answer or a refusal, never a crash."""

from contextlib import suppress
import inspect
from typing import Any

from hypothesis import given, settings, strategies as st
import orjson
import pytest

from simulators.telegram.clock import ManualClock
from simulators.telegram.entities import EntityType
from simulators.telegram.errors import BotApiError
from simulators.telegram.methods import METHODS
from simulators.telegram.parameters import Parameters, Upload
from simulators.telegram.people import person_taps, person_writes
from simulators.telegram.view import chat_view
from simulators.telegram.world import World
from tests.simulators.telegram.conftest import ADA
from tests.simulators.telegram.pictures import picture

NAMES = (
    "text",
    "caption",
    "entities",
    "caption_entities",
    "message_id",
    "message_ids",
    "message_thread_id",
    "reply_markup",
    "reply_parameters",
    "reply_to_message_id",
    "photo",
    "document",
    "media",
    "file_id",
    "user_id",
    "callback_query_id",
    "inline_query_id",
    "results",
    "commands",
    "scope",
    "language_code",
    "menu_button",
    "name",
    "action",
    "url",
    "offset",
    "limit",
    "allowed_updates",
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 2000),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["<b>x</b>", "photo", "attach://photo", "default", "chat", "bold", "typing"]
    ),
)
KEYS = st.sampled_from(
    [
        "type",
        "text",
        "inline_keyboard",
        "callback_data",
        "copy_text",
        "url",
        "style",
        "message_id",
        "media",
        "caption",
        "parse_mode",
        "chat_id",
        "command",
        "description",
        "offset",
        "length",
        "user",
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=8,
)
ENTITIES = st.fixed_dictionaries(
    {"type": st.sampled_from(EntityType), "offset": SCALARS, "length": SCALARS},
    optional={
        "url": SCALARS,
        "language": SCALARS,
        "user": st.one_of(SCALARS, st.fixed_dictionaries({"id": SCALARS})),
        "custom_emoji_id": SCALARS,
        "unix_time": SCALARS,
        "date_time_format": SCALARS,
    },
)
BUTTONS = st.fixed_dictionaries(
    {"text": SCALARS},
    optional={
        "callback_data": SCALARS,
        "url": SCALARS,
        "copy_text": VALUES,
        "style": SCALARS,
    },
)
KEYBOARDS = st.fixed_dictionaries(
    {"inline_keyboard": st.lists(st.lists(BUTTONS, max_size=2), max_size=2)}
)
CALLS = st.tuples(
    st.sampled_from(sorted(METHODS)),
    st.one_of(
        st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5),
        st.fixed_dictionaries(
            {"text": st.just("abcdef"), "message_id": st.sampled_from([1, 2, 3])},
            optional={
                "entities": st.lists(ENTITIES, max_size=3),
                "reply_markup": KEYBOARDS,
            },
        ),
    ),
    st.sampled_from([ADA, ADA, ADA, 7, "x"]),
    st.sampled_from(["", "HTML", "x"]),
)


async def carry_out(world: World, name: str, parameters: Parameters) -> Any:
    """Call a method as the server does."""
    result = METHODS[name](world, world.bot(world.token), parameters)
    return await result if inspect.isawaitable(result) else result


@settings(deadline=None, max_examples=300)
@given(st.lists(CALLS, max_size=4))
async def test_any_call(calls: list[tuple[str, dict[str, Any], Any, str]]) -> None:
    """Every call ends well or in a refusal, and the chat can be shown and written as JSON after it."""
    world = World(ManualClock())
    bot = world.bot(world.token)
    person_writes(world, bot, ADA, "/start")
    upload = Upload("a.png", "image/png", picture())
    start = Parameters(
        {
            "chat_id": ADA,
            "caption": "x",
            "reply_markup": {
                "inline_keyboard": [[{"text": "y", "callback_data": "y"}]]
            },
        },
        {"photo": upload},
    )
    await carry_out(world, "sendphoto", start)
    person_taps(world, bot, ADA, 2, "y")
    for name, values, chat_id, mode in calls:
        parameters = Parameters(
            values | {"chat_id": chat_id, "parse_mode": mode}, {"photo": upload}
        )
        try:
            result = await carry_out(world, name, parameters)
        except BotApiError as error:
            orjson.dumps(error.to_wire())
        else:
            orjson.dumps(result)
    orjson.dumps([chat_view(world, bot, chat) for chat in bot.chats.values()])
    orjson.dumps(bot.updates)


@pytest.mark.parametrize("name", sorted(METHODS))
async def test_no_parameters(name: str) -> None:
    """Every method bears to be called without any parameter."""
    with suppress(BotApiError):
        await carry_out(World(ManualClock()), name, Parameters())
