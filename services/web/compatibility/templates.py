"""NUT's templates for upsstats: text with commands between `@`, rendered for some hosts. Pure.

Facts: NUT, docs/man/upsstats.html.txt and clients/upsstats.c. A command ends in its line. An IF
that fails skips to the next ELSE or ENDIF; IFs do not nest: one ENDIF ends them all.
"""

from services.web.compatibility.commands import COMMANDS
from services.web.compatibility.page import Page, Setting


def render(template: str, setting: Setting) -> str:
    """Fill a template in; TemplateError if the result is too large."""
    page = Page(setting)
    lines = _lines(template)
    while page.next_line < len(lines):
        page.line = page.next_line
        page.next_line += 1
        pieces = lines[page.line]
        for place, piece in enumerate(pieces):
            if place % 2 == 0:
                if not page.is_skipping:
                    page.say(piece)
            elif place < len(pieces) - 1:  # else there is no second @ in the line
                _do(page, piece)
    return page.text


def _lines(template: str) -> list[list[str]]:
    """Cut a template into lines and those at each `@`: text and command by turns."""
    *lines, rest = template.split("\n")
    return [line.split("@") for line in (*(f"{line}\n" for line in lines), rest)]


def _do(page: Page, command: str) -> None:
    if command == "ENDIF":
        page.skips_clause = page.skips_block = False
    elif page.skips_block:
        return
    elif command == "ELSE":
        page.skips_block = not page.skips_clause
        page.skips_clause = False
    elif not page.skips_clause:
        word, blank, text = command.partition(" ")
        if function := COMMANDS.get(word + blank):
            function(page, text)
