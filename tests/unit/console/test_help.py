"""The help of every command says all that it was written to say."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from services.console.__main__ import app


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    for word, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{name} {word}")


def test_no_section_is_named_in_brackets_which_the_terminal_would_take_for_markup():
    found = list(commands(typer.main.get_command(app), "nutbus"))
    assert len(found) > 20
    for name, command in found:
        texts = [command.help, *(getattr(each, "help", None) for each in command.params)]
        assert not [text for text in texts if text and re.search(r"(?<!\\)\[[a-z/]", text)], name
