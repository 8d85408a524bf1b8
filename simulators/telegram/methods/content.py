"""What messages consist of: formatted text, keyboards, replies. Read and checked as Telegram does."""

from collections.abc import Iterable
from typing import Any

from simulators.telegram.entities import Entity, EntityType, check_link, combine, trim
from simulators.telegram.errors import bad_request
from simulators.telegram.html_parser import EntityParseError, parse_html
from simulators.telegram.models import Chat, Json, Keyboard
from simulators.telegram.parameters import Parameters, whole_number

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
CALLBACK_DATA_BYTES = 64
COPY_TEXT_LIMIT = 256
BUTTON_LIMIT = 100
BUTTON_STYLES = frozenset({"primary", "success", "danger"})
# What a button may be instead of one with callback data; shown by its text alone.
OTHER_BUTTONS = (
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "web_app",
    "login_url",
    "pay",
)
REPLY_KEYBOARDS = ("keyboard", "remove_keyboard", "force_reply")

type Formatted = tuple[str, list[Entity]]


def read_formatted(source: Json, text: str, entities_name: str) -> Formatted:
    """Return plain text and entities of a text with its `parse_mode` or its entities."""
    parse_mode = str(source.get("parse_mode") or "").lower()
    marked: Iterable[Entity]
    if parse_mode == "html":
        try:
            text, marked = parse_html(text)
        except EntityParseError as error:
            raise bad_request(f"can't parse entities: {error}") from None
    elif parse_mode in {"", "none"}:
        marked = _read_entities(source.get(entities_name))
    else:
        # Telegram knows two kinds of Markdown besides; this stand-in does not.
        raise bad_request("unsupported parse_mode")
    text = text.replace("\r", "").replace("\0", "")
    text, marked = trim(text, marked)
    return text, combine(text, marked)


def _read_entities(wire: Any) -> list[Entity]:
    """Return the entities that a bot sent ready-made."""
    if wire is None:
        return []
    if not isinstance(wire, list):
        raise bad_request("expected an Array of MessageEntity")
    try:
        marked = [Entity.from_wire(item) for item in wire]
    except AttributeError, KeyError, TypeError, ValueError, OverflowError:
        raise bad_request(
            "can't parse MessageEntity: Unsupported type specified"
        ) from None
    return [
        entity
        for entity in marked
        if entity.type is not EntityType.TEXT_LINK or check_link(entity.url or "")
    ]


def read_text(parameters: Parameters) -> Formatted:
    """Return the text of a message."""
    text = parameters.text("text")
    source = {
        "parse_mode": parameters.text("parse_mode"),
        "entities": parameters.json("entities", "can't parse entities JSON object"),
    }
    formatted = read_formatted(source, text, "entities")
    if not formatted[0]:
        raise bad_request(
            "message text is empty" if not text else "text must be non-empty"
        )
    if len(formatted[0]) > TEXT_LIMIT:
        raise bad_request("message is too long")
    return formatted


def read_caption(source: Json) -> Formatted:
    """Return the caption of a file, which may be empty."""
    formatted = read_formatted(
        source, str(source.get("caption") or ""), "caption_entities"
    )
    if len(formatted[0]) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    return formatted


def caption_source(parameters: Parameters) -> Json:
    """Return what `read_caption` needs from the parameters of a call."""
    return {
        "caption": parameters.text("caption"),
        "parse_mode": parameters.text("parse_mode"),
        "caption_entities": parameters.json(
            "caption_entities", "can't parse entities JSON object"
        ),
    }


def read_markup(parameters: Parameters) -> tuple[Keyboard, Json | None]:
    """Return the inline keyboard and the other kind of keyboard; one of them is empty."""
    markup = parameters.json(
        "reply_markup", "can't parse reply keyboard markup JSON object"
    )
    if markup is None:
        return [], None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if any(name in markup for name in REPLY_KEYBOARDS):
        return [], markup
    rows = markup.get("inline_keyboard", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request(
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
        )
    keyboard = [[_read_button(button) for button in row] for row in rows if row]
    if sum(len(row) for row in keyboard) > BUTTON_LIMIT:
        raise bad_request("reply markup is too long")
    return keyboard, None


def _read_button(button: Any) -> Json:
    """Return a button of an inline keyboard as the stand-in keeps it."""

    def refuse(reason: str) -> Exception:
        return bad_request(f"can't parse inline keyboard button: {reason}")

    if not isinstance(button, dict):
        raise refuse("InlineKeyboardButton must be an Object")
    text = button.get("text")
    if text is None:
        raise refuse('Can\'t find field "text"')
    if not isinstance(text, str):
        raise refuse('Field "text" must be of type String')
    kept: Json = {"text": text}
    style = str(button.get("style") or "").lower()
    if style in BUTTON_STYLES:
        kept["style"] = style
    elif style not in {"", "default"}:
        raise refuse("invalid button style specified")
    if url := button.get("url"):
        if not str(url).startswith(("http://", "https://", "tg://", "ton://")):
            raise bad_request(
                f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL"
            )
        return kept | {"url": url}
    if data := button.get("callback_data"):
        if not isinstance(data, str) or len(data.encode()) > CALLBACK_DATA_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
        return kept | {"callback_data": data}
    if "copy_text" in button:
        copied = button["copy_text"]
        copied = copied.get("text") if isinstance(copied, dict) else None
        if not isinstance(copied, str) or not 1 <= len(copied) <= COPY_TEXT_LIMIT:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
        return kept | {"copy_text": {"text": copied}}
    for name in OTHER_BUTTONS:
        if name in button:
            return kept | {name: button[name]}
    raise refuse("Text buttons are unallowed in the inline keyboard")


def read_reply(parameters: Parameters, chat: Chat) -> int | None:
    """Return the message that is replied to, if there is one; refuse one that is gone."""
    wanted = parameters.json(
        "reply_parameters", "can't parse ReplyParameters JSON object"
    )
    if wanted is None:
        wanted = {
            "message_id": parameters.integer("reply_to_message_id"),
            "allow_sending_without_reply": parameters.boolean(
                "allow_sending_without_reply"
            ),
        }
    if not isinstance(wanted, dict):
        raise bad_request("object expected as reply parameters")
    message_id = whole_number(wanted.get("message_id"))
    if message_id in chat.messages:
        return message_id
    if message_id and not wanted.get("allow_sending_without_reply"):
        raise bad_request("message to be replied not found")
    return None


def read_topic(parameters: Parameters, chat: Chat) -> int | None:
    """Return the topic that a message goes to; refuse one that is not there."""
    thread_id = parameters.integer("message_thread_id")
    if not thread_id:
        return None
    if thread_id not in chat.topics:
        raise bad_request("message thread not found")
    return thread_id
