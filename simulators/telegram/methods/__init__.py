"""The methods of the Bot API, by name. Telegram does not look at upper and lower case."""

from collections.abc import Awaitable, Callable
from typing import Any

from simulators.telegram.methods import editing, queries, sending, settings, updates
from simulators.telegram.models import Bot
from simulators.telegram.parameters import Parameters
from simulators.telegram.world import World

type Method = Callable[[World, Bot, Parameters], Awaitable[Any] | Any]

METHODS: dict[str, Method] = {
    "getme": settings.get_me,
    "logout": settings.agree,
    "close": settings.agree,
    "getupdates": updates.get_updates,
    "setwebhook": updates.set_webhook,
    "deletewebhook": updates.delete_webhook,
    "getwebhookinfo": updates.get_webhook_info,
    "sendmessage": sending.send_message,
    "sendphoto": sending.send_photo,
    "senddocument": sending.send_document,
    "sendchataction": sending.send_chat_action,
    "editmessagetext": editing.edit_message_text,
    "editmessagecaption": editing.edit_message_caption,
    "editmessagereplymarkup": editing.edit_message_reply_markup,
    "editmessagemedia": editing.edit_message_media,
    "deletemessage": editing.delete_message,
    "deletemessages": editing.delete_messages,
    "answercallbackquery": queries.answer_callback_query,
    "answerinlinequery": queries.answer_inline_query,
    "setmycommands": settings.set_my_commands,
    "getmycommands": settings.get_my_commands,
    "deletemycommands": settings.delete_my_commands,
    "setmyname": settings.set_my_text("name"),
    "getmyname": settings.get_my_text("name"),
    "setmydescription": settings.set_my_text("description"),
    "getmydescription": settings.get_my_text("description"),
    "setmyshortdescription": settings.set_my_text("short_description"),
    "getmyshortdescription": settings.get_my_text("short_description"),
    "setchatmenubutton": settings.set_chat_menu_button,
    "getchatmenubutton": settings.get_chat_menu_button,
    "getchat": settings.get_chat,
    "getchatmember": settings.get_chat_member,
    "getfile": settings.get_file,
}
