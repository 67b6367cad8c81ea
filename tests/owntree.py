"""A small Debian for containers, made of packages as they are installed on this machine."""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

STATUS: Final = Path("/var/lib/dpkg/status")
LISTS: Final = Path("/var/lib/dpkg/info")
# Nobody reads there.
UNREAD: Final = re.compile(r"/usr/share/(doc|man|info|locale|lintian|bug|zoneinfo)/.")


class Packages:
    """What dpkg says is installed here."""

    def __init__(self) -> None:
        self._paragraphs: dict[str, str] = {}
        self._providers: dict[str, str] = {}
        for paragraph in STATUS.read_text().split("\n\n"):
            if "\nStatus: install ok installed\n" not in paragraph:
                continue
            fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", paragraph, re.MULTILINE))
            name = fields["Package"]
            self._paragraphs[name] = paragraph
            for provided in _names(fields.get("Provides", "")):
                self._providers.setdefault(provided, name)

    def needed_by(self, *names: str) -> dict[str, str]:
        """Give the paragraphs of packages, of all essential ones, and of all that they depend on.

        KeyError if one is not installed.
        """
        essential = (n for n, text in self._paragraphs.items() if "\nEssential: yes\n" in text)
        left, found = [*names, *essential], {}
        while left:
            name = left.pop()
            if name in found:
                continue
            found[name] = self._paragraphs[name]
            for field in re.findall(r"^(?:Pre-)?Depends: (.*)$", found[name], re.MULTILINE):
                left += (self._chosen(choices) for choices in field.split(","))
        return found

    def _chosen(self, choices: str) -> str:
        """Choose what is installed of `a (>= 1) | b`."""
        for name in _names(choices.replace("|", ",")):
            if name in self._paragraphs:
                return name
            if name in self._providers:
                return self._providers[name]
        raise KeyError(f"not installed: {choices.strip()}")


def tree(names: Iterable[str], file: Path, *, more: Path) -> None:
    """Write a tar of packages of this machine, and of the files in the folder `more`.

    They are taken as they are set up here, but without anything of this machine's own: users and
    groups are those of a new system, there is no mirror, and /etc has what packages brought.
    """
    packages = Packages().needed_by(*names)
    _write(more / "var/lib/dpkg/status", "\n\n".join(packages.values()) + "\n")
    for name, source in {"passwd": "passwd.master", "group": "group.master"}.items():
        _write(more / "etc" / name, Path("/usr/share/base-passwd", source).read_text())
    for name in ("tmp", "var/tmp"):  # these are made when a system is set up
        (more / name).mkdir(parents=True)
        (more / name).chmod(0o1777)
    theirs = set(_files(packages))
    ours = {str(path.relative_to(more)) for path in more.rglob("*")}
    subprocess.run(
        (
            *("tar", "--create", f"--file={file}", "--numeric-owner", "--no-recursion", "--null"),
            *("--directory=/", _listed(file.with_suffix(".theirs"), theirs - ours)),
            *("--owner=0", "--group=0"),
            *(f"--directory={more}", _listed(file.with_suffix(".ours"), ours)),
        ),
        check=True,
        timeout=300,
    )


def _listed(file: Path, paths: Iterable[str]) -> str:
    """Write paths down for tar, folders first; its option to read them."""
    file.write_text("".join(f"{path}\0" for path in sorted(paths)))
    return f"--files-from={file}"


def _files(packages: Mapping[str, str]) -> Iterator[str]:
    """Yield the files and folders of packages, without the slash before them."""
    for name, paragraph in packages.items():
        own = LISTS / f"{name}.list"
        if not own.exists():
            (architecture,) = re.findall(r"^Architecture: (.*)$", paragraph, re.MULTILINE)
            own = LISTS / f"{name}:{architecture}.list"
        for line in own.read_text().splitlines():
            if line == "/." or UNREAD.match(line) or not os.path.lexists(line):
                continue
            # Where /bin is a link to /usr/bin, packages still say /bin.
            place = Path(line)
            yield str(place.parent.resolve() / place.name)[1:]


def _names(field: str) -> Iterator[str]:
    for each in field.split(","):
        if name := re.match(r"\s*([a-z0-9][a-z0-9+.-]*)", each):
            yield name[1]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
