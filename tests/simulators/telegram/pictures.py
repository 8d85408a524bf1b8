"""Pictures for tests."""

from io import BytesIO

from PIL import Image


def picture(
    width: int = 30, height: int = 20, kind: str = "PNG", **options: object
) -> bytes:
    """Return a picture of one colour."""
    target = BytesIO()
    Image.new("RGB", (width, height), "teal").save(target, kind, **options)
    return target.getvalue()
