"""The results of an inline query: what a bot may offer, and what a person's choice sends."""

from typing import Any

from simulators.telegram.errors import bad_request
from simulators.telegram.methods.content import TEXT_LIMIT, Formatted, read_formatted
from simulators.telegram.models import Json

RESULTS_LIMIT = 50
ID_BYTES = 64


def check_results(results: Any) -> list[Json]:
    """Return the results that a bot offers, if Telegram takes them.

    Only articles with a text are known here. [chosen here: the words for a text that is too long]
    """
    if not isinstance(results, list):
        raise bad_request("expected an Array of inline query results")
    if len(results) > RESULTS_LIMIT:
        raise bad_request("RESULTS_TOO_MUCH")
    seen = set()
    for result in results:
        result_id = _check_result(result)
        if result_id in seen:
            raise bad_request("RESULT_ID_DUPLICATE")
        seen.add(result_id)
    return results


def _check_result(result: Any) -> str:
    """Return the id of a result that can be offered."""

    def refuse(reason: str) -> Exception:
        return bad_request(f"can't parse inline query result: {reason}")

    if not isinstance(result, dict):
        raise refuse("object expected")
    for name in ("type", "id", "title", "input_message_content"):
        if name not in result:
            raise refuse(f'Can\'t find field "{name}"')
    if result["type"] != "article":
        raise refuse(f'unsupported type "{result["type"]}"')
    result_id = result["id"]
    if not isinstance(result_id, str) or not 1 <= len(result_id.encode()) <= ID_BYTES:
        raise bad_request("RESULT_ID_INVALID")
    text, _ = message_of(result)
    if not text:
        raise bad_request("message text is empty")
    if len(text) > TEXT_LIMIT:
        raise bad_request("message is too long")
    return result_id


def message_of(result: Json) -> Formatted:
    """Return the text that a result sends."""
    content = result["input_message_content"]
    if not isinstance(content, dict) or "message_text" not in content:
        raise bad_request("can't parse inline query result: input message expected")
    return read_formatted(content, str(content["message_text"]), "entities")
