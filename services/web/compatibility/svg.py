"""A drawing of upsimage as SVG. Pure."""

from html import escape
from typing import Final

from services.web.compatibility.drawings import (
    LETTER_WIDTH,
    Drawing,
    Line,
    Rectangle,
    Shape,
    Text,
)

BASELINE: Final = 10  # of a letter, below its top


def svg(drawing: Drawing, title: str) -> bytes:
    """Write a drawing; the title is what a screen reader says."""
    size = f'width="{drawing.width}" height="{drawing.height}"'
    box = f'viewBox="0 0 {drawing.width} {drawing.height}"'
    shapes = "\n".join(_element(shape) for shape in drawing.shapes)
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} role="img"'
        f' font-family="monospace" font-weight="bold" font-size="12">\n'
        f"<title>{_text(title)}</title>\n{shapes}\n</svg>\n"
    )
    return text.encode()


def _element(shape: Shape) -> str:
    fill = f'fill="#{shape.colour:06x}"'
    match shape:
        case Line(left, right, top):
            return _box(left, top, right - left + 1, 1, fill)
        case Rectangle(left, top, right, bottom):
            return _box(left, top, right - left + 1, bottom - top + 1, fill)
        case Text():
            return _letters(shape, fill)


def _box(left: int, top: int, width: int, height: int, fill: str) -> str:
    return f'<rect x="{left}" y="{top}" width="{width}" height="{height}" {fill}/>'


def _letters(text: Text, fill: str) -> str:
    length = f'textLength="{max(1, len(text.text)) * LETTER_WIDTH}"'
    left, top, turn = text.left, text.top + BASELINE, ""
    if text.goes_up:
        left, top = text.left + BASELINE, text.top
        turn = f' transform="rotate(-90 {left} {top})"'
    return f'<text x="{left}" y="{top}" {length} {fill}{turn}>{_text(text.text)}</text>'


def _text(text: str) -> str:
    """Escape a text; what XML cannot hold becomes a question mark."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return escape(printable).encode("ascii", "xmlcharrefreplace").decode("ascii")
