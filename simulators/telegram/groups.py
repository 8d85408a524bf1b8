"""What happens to chats as a whole: groups, upgrades, blocks."""

from simulators.telegram.models import Bot, Chat, ChatType
from simulators.telegram.wire import chat_to_wire, member_to_wire, message_to_wire
from simulators.telegram.world import ControlError, World


def make_group(
    world: World,
    bot: Bot,
    *,
    title: str,
    members: list[int],
    chat_id: int | None,
    chat_type: ChatType,
    topics: list[str],
) -> Chat:
    """Make a group of people with the bot in it; topics make it a forum."""
    if chat_type is ChatType.PRIVATE:
        raise ControlError("a private chat begins with a message")
    if topics:
        chat_type = ChatType.SUPERGROUP
    base = -1_002_000_000_000 if chat_type is ChatType.SUPERGROUP else -4_000_000_000
    chat = Chat(
        chat_id if chat_id is not None else base - world.number(), chat_type, title
    )
    if chat.id >= 0 or chat.id in bot.chats:
        raise ControlError("a group has a negative number of its own")
    chat.members = [world.user(member).id for member in members]
    chat.forum = bool(topics)
    chat.topics = {index * 2: name for index, name in enumerate(topics, 1)}
    bot.chats[chat.id] = chat
    world.touch(chat)
    return chat


def migrate(world: World, bot: Bot, chat: Chat) -> Chat:
    """Turn a group into a supergroup with a new number; the old one only points to it."""
    if chat.type is not ChatType.GROUP or chat.migrated_to is not None:
        raise ControlError(f"chat {chat.id} is not a group that can be upgraded")
    upgraded = make_group(
        world,
        bot,
        title=chat.title,
        members=chat.members,
        chat_id=None,
        chat_type=ChatType.SUPERGROUP,
        topics=[],
    )
    who = chat.members[0]
    old = world.add_message(bot, chat, who, service={"migrate_to_chat_id": upgraded.id})
    chat.migrated_to = upgraded.id
    new = world.add_message(
        bot, upgraded, who, service={"migrate_from_chat_id": chat.id}
    )
    world.add_update(bot, "message", message_to_wire(world, bot, old))
    world.add_update(bot, "message", message_to_wire(world, bot, new))
    return upgraded


def block(world: World, bot: Bot, chat: Chat, *, blocked: bool) -> None:
    """Block the bot or throw it out of a group, or take it back; the bot is told."""
    if chat.blocked == blocked:
        return
    was, now = ("member", "kicked") if blocked else ("kicked", "member")
    chat.blocked = blocked
    world.touch(chat)
    world.add_update(
        bot,
        "my_chat_member",
        {
            "chat": chat_to_wire(world, chat),
            "from": world.user(chat.members[0]).to_wire(),
            "date": world.now(),
            "old_chat_member": member_to_wire(bot.user, was),
            "new_chat_member": member_to_wire(bot.user, now),
        },
    )
