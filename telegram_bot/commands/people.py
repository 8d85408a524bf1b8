"""Commands about who may do what."""

from telegram_bot import people
from telegram_bot.access import Role
from telegram_bot.commands.base import (
    ButtonAction,
    ButtonTap,
    Command,
    Context,
    Request,
    UsageError,
)
from telegram_bot.languages import N_, _
from telegram_bot.markup import Button, Message, Style, e
from telegram_bot.people import ROLE_WORDS

_ROLES = {"viewer": Role.VIEWER, "trader": Role.TRADER}


async def invite(context: Context, request: Request) -> Message:
    """Make a link that lets one person in, once."""
    if request.chat_id != request.user_id:
        return Message(_("Ask me for an invitation in our own chat, not in a group."))
    word = request.words[0].lower() if len(request.words) == 1 else ""
    words = _ROLES | {_(ROLE_WORDS[role]).lower(): role for role in _ROLES.values()}
    if word not in words:
        raise UsageError(
            _("Say as what: viewer (may look) or trader (may look and trade).")
        )
    role = words[word]
    now = context.clock.time()
    code = await context.store.run(lambda store: people.invite(store, role, now))
    link = f"https://t.me/{context.username()}?start={code}"
    return Message(
        _(
            "🎟 <b>Invitation as {role}</b>, for one person and one day. Send this link to that person alone:\n{link}",
            role=_(ROLE_WORDS[role]),
            link=e(link),
        ),
        ((Button(f"📋 {_('Copy link')}", "", copy=link),),),
    )


async def people_(context: Context, request: Request) -> Message:
    """Show who may do what, with a button to remove each who was invited."""
    if request.chat_id != request.user_id:
        return Message(_("Ask me for this in our own chat, not in a group."))
    return await _list(context)


async def _list(context: Context) -> Message:
    """Return everybody."""
    joined = {
        person.user_id: person.name for person in await context.store.run(people.joined)
    }
    lines = [_("👥 <b>Who may do what</b>")]
    buttons = []
    everybody = sorted(context.access.people.items(), key=lambda item: -item[1])
    for user_id, role in everybody:
        role_words = _(ROLE_WORDS[role])
        if context.access.is_configured(user_id):
            lines.append(
                _(
                    "<code>{user_id}</code> · {role} · from the configuration",
                    user_id=user_id,
                    role=role_words,
                )
            )
            continue
        name = joined.get(user_id, str(user_id))
        lines.append(
            _(
                "{name} <code>{user_id}</code> · {role} · invited",
                name=e(name),
                user_id=user_id,
                role=role_words,
            )
        )
        label = _("Remove {name}", name=name)
        buttons.append((REMOVE.choice(label[:60], str(user_id), Style.DANGER),))
    lines.append(_("/invite lets somebody in."))
    return Message("\n".join(lines), tuple(buttons))


async def remove_tapped(context: Context, tap: ButtonTap) -> str:
    """Forget somebody who was invited."""
    value = tap.data["value"]
    user_id = int(value) if value.isdecimal() else 0
    role = context.access.role(user_id)
    if role is None or context.access.is_configured(user_id):
        return _("This person is not here any more.")
    await context.store.run(lambda store: people.remove(store, user_id))
    context.access.let_go(user_id)
    await context.outbox.say(tap.chat_id, await _list(context), edit=tap.message_id)
    return _("Removed.")


REMOVE = ButtonAction("person_remove", remove_tapped, Role.OWNER, is_choice=True)
COMMANDS = (
    Command("invite", N_("let somebody in"), "/invite viewer", invite, Role.OWNER),
    Command("people", N_("who may do what"), "/people", people_, Role.OWNER),
)
BUTTONS = (REMOVE,)
