"""Draw the brand images of the integration and of the app: a house whose front is a candlestick chart."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

TOP = Path(__file__).resolve().parents[2]
FOLDER = TOP / "custom_components" / "cexio" / "brand"
APP = TOP / "home_assistant_app"
OVERSAMPLING = 4
UNIT = 256

BACKGROUND = "#0f766e"
FRONT = "#f0fdfa"
UP = "#14b8a6"
DOWN = "#f97316"
TEXT = {"": "#134e4a", "dark_": "#f0fdfa"}

# Candles in units: centre, top of the wick, top and bottom of the body, bottom of the wick, colour.
CANDLES = (
    (92, 134, 150, 188, 198, DOWN),
    (128, 104, 118, 172, 190, UP),
    (164, 118, 130, 160, 180, UP),
)


def draw_icon(size: int) -> Image.Image:
    """Draw the icon, `size` pixels square."""
    scale = size * OVERSAMPLING / UNIT
    image = Image.new("RGBA", (size * OVERSAMPLING, size * OVERSAMPLING))
    pen = ImageDraw.Draw(image)

    def box(*values: float) -> list[float]:
        return [value * scale for value in values]

    pen.rounded_rectangle(box(0, 0, 255, 255), radius=56 * scale, fill=BACKGROUND)
    pen.polygon(box(128, 36, 222, 116, 34, 116), fill=FRONT)
    pen.rounded_rectangle(box(58, 92, 198, 216), radius=14 * scale, fill=FRONT)
    for centre, wick_top, top, bottom, wick_bottom, colour in CANDLES:
        pen.rectangle(
            box(centre - 2.5, wick_top, centre + 2.5, wick_bottom), fill=colour
        )
        pen.rounded_rectangle(
            box(centre - 11, top, centre + 11, bottom), radius=4 * scale, fill=colour
        )
    return image.resize((size, size), Image.Resampling.LANCZOS)


def draw_logo(height: int, colour: str) -> Image.Image:
    """Draw the logo: the icon and the words beside it."""
    icon = draw_icon(height)
    font = ImageFont.load_default(size=height * 0.42)
    words = "CEX.IO"
    left, top, right, bottom = font.getbbox(words)
    gap = height // 5
    image = Image.new("RGBA", (height + gap + int(right - left) + 2, height))
    image.alpha_composite(icon)
    ImageDraw.Draw(image).text(
        (height + gap - left, (height - bottom + top) / 2 - top),
        words,
        font=font,
        fill=colour,
    )
    return image


def main() -> None:
    """Write all images."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for suffix, factor in (("", 1), ("@2x", 2)):
        draw_icon(256 * factor).save(FOLDER / f"icon{suffix}.png", optimize=True)
        for prefix, colour in TEXT.items():
            draw_logo(128 * factor, colour).save(
                FOLDER / f"{prefix}logo{suffix}.png", optimize=True
            )
    draw_icon(128).save(APP / "icon.png", optimize=True)
    draw_logo(100, TEXT[""]).save(APP / "logo.png", optimize=True)


main()
