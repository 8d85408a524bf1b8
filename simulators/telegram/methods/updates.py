"""Methods by which a bot hears what happened."""

from time import monotonic

from simulators.telegram.errors import BotApiError, bad_request, conflict
from simulators.telegram.models import Bot, Json
from simulators.telegram.parameters import Parameters
from simulators.telegram.world import CALLS_KEPT, World

LONGEST_POLL_SECONDS = 50
OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


async def get_updates(world: World, bot: Bot, parameters: Parameters) -> list[Json]:
    """Return the updates from an offset on; wait for the first if there is none.

    As with Telegram, a new request ends one that still waits, and that one is refused.
    """
    if bot.webhook:
        raise conflict(WEBHOOK_ACTIVE)
    offset = parameters.integer("offset")
    limit = parameters.integer("limit", 100, low=1, high=100)
    timeout = parameters.integer("timeout", 0, low=0, high=LONGEST_POLL_SECONDS)
    _set_allowed(bot, parameters)
    bot.poll += 1
    poll = bot.poll
    world.changed.fire()
    if offset < 0:
        del bot.updates[: max(0, len(bot.updates) + offset)]
    else:
        bot.updates = [
            update for update in bot.updates if update["update_id"] >= offset
        ]
    deadline = world.clock.time() + timeout
    while not bot.updates and not world.stopping.is_set():
        left = deadline - world.clock.time()
        if left <= 0:
            break
        await world.clock.wait(world.changed.next, left)
        _check_still_ours(bot, poll)
    found = bot.updates[:limit]
    _note_taps(world, found)
    return found


def _note_taps(world: World, updates: list[Json]) -> None:
    """Note when taps are handed over; what is handed over again keeps its first time."""
    for update in updates:
        if tap := update.get("callback_query"):
            world.handed.setdefault(tap["id"], monotonic())
    for forgotten in list(world.handed)[:-CALLS_KEPT]:
        del world.handed[forgotten]


def _check_still_ours(bot: Bot, poll: int) -> None:
    """Raise the refusal for a poll that waits no more by right."""
    if bot.poll != poll:
        raise conflict(OTHER_POLLER)
    if bot.webhook:
        raise conflict("terminated by setWebhook request")
    if bot.revoked:
        raise BotApiError(401, "Unauthorized")


def _set_allowed(bot: Bot, parameters: Parameters) -> None:
    """Remember which kinds of update the bot wants, if it says so; none means the usual ones."""
    allowed = parameters.json(
        "allowed_updates", "can't parse allowed_updates JSON object"
    )
    if isinstance(allowed, list):
        bot.allowed_updates = [str(kind) for kind in allowed] or None


def set_webhook(world: World, bot: Bot, parameters: Parameters) -> bool:
    """Take note of a webhook; nothing is ever sent to it."""
    url = parameters.text("url")
    if url and not url.startswith("https://"):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    _set_allowed(bot, parameters)
    return _change_webhook(world, bot, parameters, url)


def delete_webhook(world: World, bot: Bot, parameters: Parameters) -> bool:
    """Forget the webhook."""
    return _change_webhook(world, bot, parameters, "")


def _change_webhook(world: World, bot: Bot, parameters: Parameters, url: str) -> bool:
    """Set the webhook and drop the waiting updates if told so."""
    bot.webhook = url
    if parameters.boolean("drop_pending_updates"):
        bot.updates.clear()
    world.changed.fire()
    return True


def get_webhook_info(world: World, bot: Bot, parameters: Parameters) -> Json:
    """Return the webhook and the number of updates that wait."""
    return {
        "url": bot.webhook,
        "has_custom_certificate": False,
        "pending_update_count": len(bot.updates),
    }
