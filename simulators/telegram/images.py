"""The size of a picture in pixels, read from its first bytes."""

import struct


def image_size(content: bytes) -> tuple[tuple[int, int], str]:
    """Return width and height in pixels and the content type; an empty one for no picture.

    Knows PNG, JPEG, GIF and WebP, which is what Telegram takes as a photo.
    """
    try:
        if content.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(content), "image/png"
        if content.startswith(b"\xff\xd8"):
            return _jpeg(content), "image/jpeg"
        if content.startswith((b"GIF87a", b"GIF89a")):
            return struct.unpack_from("<HH", content, 6), "image/gif"
        if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
            return _webp(content), "image/webp"
    except struct.error:
        pass
    return (0, 0), ""


def _png(content: bytes) -> tuple[int, int]:
    """Read the header chunk of a PNG."""
    width, height = struct.unpack_from(">II", content, 16)
    return width, height


def _jpeg(content: bytes) -> tuple[int, int]:
    """Walk over the segments of a JPEG to the one that starts a frame."""
    position = 2
    while True:
        marker, length = struct.unpack_from(">HH", content, position)
        if 0xFFC0 <= marker <= 0xFFCF and marker not in {0xFFC4, 0xFFC8, 0xFFCC}:
            height, width = struct.unpack_from(">HH", content, position + 5)
            return width, height
        if not 0xFF01 <= marker <= 0xFFFE:
            raise struct.error
        position += 2 + length


def _webp(content: bytes) -> tuple[int, int]:
    """Read the first chunk of a WebP, of which there are three kinds."""
    kind = content[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(content[24:27], "little") + 1
        height = int.from_bytes(content[27:30], "little") + 1
        return width, height
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", content, 26)
    return width & 0x3FFF, height & 0x3FFF
