"""hosts.conf: what NUT's CGI programs show; our pages read it from where it is."""

from pathlib import Path

from shared.nutconfig.statements import Statement
from shared.nutconfig.values import Table


def hosts_table(lines: list[Statement], directory: Path) -> Table:
    """Say where the file is; empty if it names no host."""
    if not any(line.key == "MONITOR" for line in lines):
        for line in lines:
            line.withdraw("there is no MONITOR, so there are no pages to show")
        return {}
    for line in lines:
        line.take("web.compatibility.folder, from where it is read")
    return {"compatibility": {"folder": str(directory.absolute())}}
