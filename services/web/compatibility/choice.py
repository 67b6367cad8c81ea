"""Which template upsstats takes, from whose folder, and who may choose it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from services.web.compatibility.hosts import HostsFile
from services.web.compatibility.markup import in_address
from services.web.compatibility.queries import StatsQuery
from shared.errors import PowerError

LIST: Final = "upsstats.html"
SINGLE: Final = "upsstats-single.html"
BUILT_IN: Final = Path(__file__).parent / "defaults"
LONGEST: Final = 2**20  # bytes of a template

NOT_ALLOWED: Final = 403
NOT_THERE: Final = 404


class PageError(PowerError):
    """A template that cannot be had; `status` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Choice:
    """A template's name, whether it may be taken, and what links hand on of the choice."""

    name: str
    is_allowed: bool
    link_ending: str

    @classmethod
    def of(cls, query: StatsQuery, file: HostsFile | None) -> Self:
        """Choose what the query asks for; other names than NUT's need leave from hosts.conf."""
        file = file or HostsFile()
        single = _Wish("template_single", SINGLE, query.single_template, file.single_templates)
        of_all = _Wish("template_list", LIST, query.list_template, file.list_templates)
        wish = of_all if query.host is None else single
        return cls(wish.name, wish.is_allowed, single.link_ending + of_all.link_ending)

    def read(self, folder: Path | None) -> str:
        """Read the template, from the folder or our own; bytes that are no UTF-8 are kept.

        Raises PageError if it may not be shown or cannot be read.
        """
        if not self.is_allowed:
            raise PageError(
                NOT_ALLOWED, f"Error: can't open template file ({self.name}): Not authorized"
            )
        for place in (folder, BUILT_IN) if folder else (BUILT_IN,):
            file = place / self.name
            if file.is_file():
                return self._content(file)
        raise self._error()

    def _content(self, file: Path) -> str:
        try:
            with file.open("rb") as opened:
                content = opened.read(LONGEST + 1)
        except OSError as error:
            raise self._error() from error
        if len(content) > LONGEST:
            raise self._error()
        return content.decode("utf-8", "surrogateescape")

    def _error(self) -> PageError:
        return PageError(NOT_THERE, f"Error: can't open template file ({self.name})")


@dataclass(frozen=True, slots=True)
class _Wish:
    argument: str
    default: str
    wanted: str | None
    allowed: frozenset[str]

    @property
    def name(self) -> str:
        return self.default if self.wanted is None else self.wanted

    @property
    def is_allowed(self) -> bool:
        if self.name == self.default:
            return True
        return (
            self.name in self.allowed and ".htm" in self.name and not set(self.name) & set("/\\\0")
        )

    @property
    def link_ending(self) -> str:
        if self.name == self.default or not self.is_allowed:
            return ""
        return f"&amp;{self.argument}={in_address(self.name)}"
