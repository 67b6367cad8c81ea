"""A page that is made from a template: its hosts, what was written so far, where it goes on."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.web.compatibility.directory import Host
from services.web.compatibility.markup import escape
from shared.errors import PowerError

MOST_OUTPUT: Final = 64 * 2**20
# What upsclient says of a connection that was never opened, as outside of FOREACHUPS.
NOT_OPENED: Final = "Invalid argument"


class TemplateError(PowerError):
    """A template that makes too much of its hosts."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a template is rendered for; `is_single` is one host, else FOREACHUPS goes over all.

    `link_ending` is added to links to upsstats, `version` is ours.
    """

    hosts: Sequence[Host]
    is_single: bool
    version: str
    now: time.struct_time
    refresh: int = 0
    link_ending: str = ""


@dataclass(slots=True)
class Page:
    """What the commands of a template read and write; it is in `line` and goes on at `next_line`.

    `skips_clause` lasts to the next ELSE or ENDIF, `skips_block` to ENDIF.
    """

    setting: Setting
    host: Host | None = field(init=False)
    line: int = -1
    next_line: int = 0
    skips_clause: bool = False
    skips_block: bool = False
    is_celsius: bool = True
    stats_path: str = "upsstats.cgi"
    image_path: str = "upsimage.cgi"
    _has_begun: bool = field(init=False)
    _loop_line: int | None = None
    _left: Iterator[Host] = field(default_factory=lambda: iter(()))
    _output: list[str] = field(default_factory=list)
    _size: int = 0

    def __post_init__(self) -> None:
        self.host = next(iter(self.setting.hosts), None)
        self._has_begun = self.setting.is_single

    @property
    def text(self) -> str:
        """All that was written."""
        return "".join(self._output)

    @property
    def is_skipping(self) -> bool:
        """Whether text is to be left out."""
        return self.skips_clause or self.skips_block

    @property
    def is_connected(self) -> bool:
        """Whether there is a current host whose server is there."""
        return self._has_begun and self.host is not None and self.host.is_connected

    def say(self, text: str) -> None:
        """Write HTML; TemplateError if it gets too much."""
        self._size += len(text)
        if self._size > MOST_OUTPUT:
            raise TemplateError(f"the page is larger than {MOST_OUTPUT} bytes")
        self._output.append(text)

    def begin_loop(self) -> None:
        """Go on with the first host; the loop begins in the next line.

        Even if this line has just ended a loop: so no line is the beginning of a loop twice, and
        every template comes to an end.
        """
        self.next_line = self._loop_line = self.line + 1
        self._left = iter(self.setting.hosts)
        self.host = next(self._left, None)
        self._has_begun = True

    def end_loop(self) -> None:
        """Go back to the beginning of the loop with the next host, if there is one."""
        if self._loop_line is None or self.host is None:
            return
        self.host = next(self._left, None)
        if self.host:
            self.next_line = self._loop_line

    def value(self, name: str) -> str | None:
        """Give a variable of the current host, None if there is none."""
        if not self._has_begun or self.host is None or self.host.variables is None:
            return None
        return self.host.variables.get(name)

    def told(self, name: str) -> str | None:
        """Give a variable, or write why there is none."""
        value = self.value(name)
        if value is None:
            self.say(f"{self._complaint()}\n")
        return value

    def _complaint(self) -> str:
        if not self._has_begun:
            return f"[error: {NOT_OPENED}]"
        if self.host is None:
            return "No UPS specified for monitoring"
        if self.host.variables is None:
            return f"[error: {escape(self.host.error)}]"
        return "Not supported"
