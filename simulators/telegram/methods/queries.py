"""Methods that answer a tap or an inline query."""

from simulators.telegram.errors import bad_request
from simulators.telegram.methods.inline import check_results
from simulators.telegram.models import Bot
from simulators.telegram.parameters import Parameters
from simulators.telegram.world import World

QUERY_SECONDS = 15
ANSWER_LIMIT = 200
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


def answer_callback_query(world: World, bot: Bot, parameters: Parameters) -> bool:
    """End the waiting of a tapped button, with words or without."""
    text = parameters.text("text")
    query = bot.callback_queries.get(parameters.text("callback_query_id"))
    if (
        query is None
        or query.answered
        or world.clock.time() - query.time > QUERY_SECONDS
    ):
        raise bad_request(TOO_OLD)
    if len(text) > ANSWER_LIMIT:
        raise bad_request("MESSAGE_TOO_LONG")
    world.answer(
        bot,
        query,
        text,
        alert=parameters.boolean("show_alert"),
        url=parameters.text("url") or None,
    )
    return True


def answer_inline_query(world: World, bot: Bot, parameters: Parameters) -> bool:
    """Give the results of an inline query."""
    results = parameters.json(
        "results", "can't parse JSON encoded inline query results"
    )
    offered = check_results(results)
    query = bot.inline_queries.get(parameters.text("inline_query_id"))
    if (
        query is None
        or query.results is not None
        or world.clock.time() - query.time > QUERY_SECONDS
    ):
        raise bad_request(TOO_OLD)
    query.results = offered
    world.touch()
    return True
