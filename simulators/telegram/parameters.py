"""What a bot sends with a request, whether as JSON, as a form or as multipart."""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy
import orjson

from simulators.telegram.errors import bad_request, too_large


def whole_number(value: Any) -> int:
    """Return a value as a number; as with Telegram, nonsense counts as 0."""
    try:
        return int(value)
    except TypeError, ValueError, OverflowError:
        return 0


@dataclass(frozen=True, slots=True)
class Upload:
    """A file within a multipart body."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one call; what is absent reads as empty, as Telegram does it."""

    values: dict[str, Any] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        """Return whether a parameter was sent and is not null."""
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        """Return a parameter as text."""
        value = self.values.get(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else orjson.dumps(value).decode()

    def integer(
        self,
        name: str,
        default: int = 0,
        *,
        low: int | None = None,
        high: int | None = None,
    ) -> int:
        """Return a parameter as a number, kept within limits; nonsense counts as 0."""
        text = self.text(name)
        if not text:
            return default
        number = whole_number(text)
        if low is not None:
            number = max(low, number)
        return number if high is None else min(high, number)

    def boolean(self, name: str) -> bool:
        """Return a parameter as a yes or no."""
        return self.text(name).lower() in {"true", "yes", "1"}

    def json(self, name: str, refusal: str) -> Any:
        """Return a parameter that is an object or a list, None if absent; refuse broken JSON."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise bad_request(refusal) from None

    def shown(self) -> dict[str, Any]:
        """Return the parameters for the record of calls, JSON in strings read, files by name."""
        shown: dict[str, Any] = {}
        for name, value in self.values.items():
            shown[name] = value
            if isinstance(value, str) and value[:1] in {"{", "["}:
                try:
                    shown[name] = orjson.loads(value)
                except orjson.JSONDecodeError:
                    continue
        for name, upload in self.uploads.items():
            shown[name] = {"file": upload.name, "size": len(upload.content)}
        return shown


async def read_parameters(request: web.Request) -> Parameters:
    """Read the parameters of a request from its address and its body."""
    values: dict[str, Any] = dict(request.query)
    uploads: dict[str, Upload] = {}
    if request.content_type == "application/json":
        body = await request.read()
        try:
            content = orjson.loads(body) if body.strip() else {}
        except orjson.JSONDecodeError:
            content = None
        if not isinstance(content, dict):
            raise bad_request("can't parse JSON object")
        values |= content
        return Parameters(values)
    for name, part in (await _read_form(request)).items():
        if isinstance(part, web.FileField):
            uploads[name] = Upload(part.filename, part.content_type, part.file.read())
        else:
            values[name] = part if isinstance(part, str) else bytes(part).decode()
    return Parameters(values, uploads)


async def _read_form(
    request: web.Request,
) -> MultiDictProxy[str | bytes | bytearray | web.FileField]:
    """Return the fields of a form."""
    try:
        return await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise too_large() from None
    except ValueError:
        raise bad_request("can't parse the body of the request") from None
