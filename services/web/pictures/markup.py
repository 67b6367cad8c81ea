"""Elements of SVG and HTML out of numbers and any text; pure."""

from collections.abc import Iterable
from html import escape
from typing import Final

LIMIT: Final = 200  # characters of one text


def element(name: str, /, *content: str, **attributes: str | float) -> str:
    """Write an element; its content is markup, its attributes are any text.

    `class_` is class, `text_anchor` is text-anchor; numbers have two decimals at most.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
    )
    inside = "".join(content)
    return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"


def text(any_text: str) -> str:
    """Make markup of any text; what XML cannot hold becomes a question mark."""
    shown = any_text if len(any_text) <= LIMIT else any_text[: LIMIT - 1] + "…"
    return _escaped(shown)


def figure(value: float) -> str:
    """Write a coordinate as short as may be."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def path(steps: Iterable[tuple[str, float, float | None]]) -> str:
    """Write the way of a line: letter, and one or two coordinates."""
    return "".join(
        f"{letter}{figure(first)}" + ("" if second is None else f" {figure(second)}")
        for letter, first, second in steps
    )


def _value(value: str | float) -> str:
    return _escaped(value) if isinstance(value, str) else figure(value)


def _escaped(any_text: str) -> str:
    return escape("".join(letter if letter.isprintable() else "?" for letter in any_text))
