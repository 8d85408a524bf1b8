"""Pictures and other files, there and back."""

import pytest
from telegram import Bot
from telegram.error import BadRequest, NetworkError

from simulators.telegram.images import image_size
from simulators.telegram.methods import sending
from simulators.telegram.server import TelegramServer
from tests.simulators.telegram.conftest import ADA, Hands
from tests.simulators.telegram.pictures import picture


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("GIF", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00"}),
    ],
)
def test_sizes(kind: str, options: dict[str, object]) -> None:
    """The size is read from each kind of picture."""
    assert image_size(picture(37, 11, kind, **options)) == (
        (37, 11),
        f"image/{kind.lower()}",
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\x00\x00\x00\x00", b"RIFF0000WAVE"],
)
def test_no_pictures(content: bytes) -> None:
    """What is no picture, or only the beginning of one, has no kind."""
    assert image_size(content) == ((0, 0), "")


async def test_a_picture_there_and_back(
    bot: Bot, hands: Hands, telegram: TelegramServer
) -> None:
    """A photo is shown, can be fetched by the bot, and sent again by its id."""
    content = picture()
    sent = await bot.send_photo(
        ADA, content, caption="<b>x</b>", parse_mode="HTML", has_spoiler=True
    )
    assert sent.caption == "x"
    assert sent.caption_entities[0].type == "bold"
    file = await bot.get_file(sent.photo[-1].file_id)
    assert bytes(await file.download_as_bytearray()) == content
    shown = await hands.last()
    assert shown["photo"]
    assert shown["file"]["width"] == 30
    assert shown["file"]["spoiler"]
    async with hands._session.get(telegram.root + shown["file"]["url"]) as response:
        assert await response.read() == content
        assert response.content_type == "image/png"
    again = await bot.send_photo(
        ADA, sent.photo[-1].file_id, show_caption_above_media=True
    )
    assert again.photo[-1].file_unique_id == sent.photo[-1].file_unique_id
    assert again.show_caption_above_media


async def test_a_document(bot: Bot, hands: Hands, telegram: TelegramServer) -> None:
    """A document has a name, and never runs in the page."""
    sent = await bot.send_document(ADA, b"<script>", filename="a b.html", caption="x")
    assert sent.document is not None
    assert sent.document.file_name == "a_b.html"
    assert sent.document.file_size == 8
    shown = await hands.last()
    assert (shown["document"], shown["photo"], shown["caption"]) == (
        "a_b.html",
        False,
        "x",
    )
    async with hands._session.get(telegram.root + shown["file"]["url"]) as response:
        assert response.content_type == "application/octet-stream"
    assert "no such file" in (await hands.get("/files/none", status=400))["error"]


async def test_files_that_are_refused(
    bot: Bot, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no picture, too big or out of shape is refused in Telegram's words."""
    with pytest.raises(BadRequest, match="Image_process_failed"):
        await bot.send_photo(ADA, b"no picture")
    with pytest.raises(BadRequest, match="Photo_invalid_dimensions"):
        await bot.send_photo(ADA, picture(21, 1))
    with pytest.raises(BadRequest, match="File must be non-empty"):
        await bot.send_document(ADA, b"")
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await bot.send_document(ADA, "AgAC-none")
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_photo(ADA, picture(), caption="x" * 1025)
    with pytest.raises(BadRequest, match="Invalid file_id"):
        await bot.get_file("none")
    refused = await hands.refusal("sendPhoto", chat_id=ADA)
    assert refused == "Bad Request: there is no photo in the request"
    monkeypatch.setattr(sending, "PHOTO_BYTES", 10)
    with pytest.raises(BadRequest, match="Photo_save_file_invalid"):
        await bot.send_photo(ADA, picture())
    monkeypatch.setattr(sending, "DOCUMENT_BYTES", 10)
    with pytest.raises(NetworkError, match="Request Entity Too Large"):
        await bot.send_document(ADA, b"x" * 11)
    assert await hands.messages() == []


async def test_a_body_beyond_all_limits() -> None:
    """Far too much is refused before it is read."""
    async with (
        TelegramServer(body_limit=1000) as small,
        Bot(small.token, base_url=small.base_url) as sender,
    ):
        with pytest.raises(NetworkError, match="Request Entity Too Large"):
            await sender.send_document(ADA, b"x" * 2000)


async def test_downloads_that_are_refused(
    telegram: TelegramServer, hands: Hands
) -> None:
    """There is no file at a wrong address or for a wrong token."""
    for token in (telegram.token, "nonsense"):
        address = f"{telegram.base_file_url}{token}/photos/none.png"
        async with hands._session.get(address) as response:
            assert response.status == 404
