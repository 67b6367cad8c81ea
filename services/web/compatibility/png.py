"""A drawing of upsimage as PNG."""

import io
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from services.web.compatibility.drawings import (
    LETTER_HEIGHT,
    LETTER_WIDTH,
    Drawing,
    Line,
    Rectangle,
    Text,
)

Pixel = tuple[int, int, int, int]

OPAQUE: Final = 255
_FONT: Final = ImageFont.load_default_imagefont()  # letters of 6 by 11 pixels


def png(drawing: Drawing) -> bytes:
    """Paint a drawing."""
    size = (drawing.width, drawing.height)
    image = Image.new("RGBA", size, _pixel(drawing.background, alpha=0))
    brush = ImageDraw.Draw(image)
    for shape in drawing.shapes:
        match shape:
            case Line(left, right, top, colour):
                brush.line((left, top, right, top), _pixel(colour))
            case Rectangle(left, top, right, bottom, colour):
                brush.rectangle((left, top, right, bottom), _pixel(colour))
            case Text():
                _write(image, shape)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _write(image: Image.Image, text: Text) -> None:
    """Paint a text, each letter in a cell of NUT's size."""
    mask = Image.new("1", (max(1, len(text.text)) * LETTER_WIDTH, LETTER_HEIGHT))
    brush = ImageDraw.Draw(mask)
    for place, letter in enumerate(_drawable(text.text)):
        brush.text((place * LETTER_WIDTH, 1), letter, fill=1, font=_FONT)
    left, top = text.left, text.top
    if text.goes_up:
        mask = mask.transpose(Image.Transpose.ROTATE_90)
        top -= mask.height - 1
    image.paste(_pixel(text.colour), (left, top), mask)


def _drawable(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1")


def _pixel(colour: int, alpha: int = OPAQUE) -> Pixel:
    return colour >> 16 & 0xFF, colour >> 8 & 0xFF, colour & 0xFF, alpha
