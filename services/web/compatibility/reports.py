"""All that is known of hosts: upsstats' data tree as HTML, and its JSON. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.web.compatibility import statuses
from services.web.compatibility.directory import Host
from services.web.compatibility.markup import escape

_TREE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Data of {title}</title>
<style>
body {{ font-family: sans-serif; color-scheme: light dark; margin: 1em; }}
table {{ border-collapse: collapse; }}
td {{ border-bottom: 1px solid #8888; padding: 0.2em 0.5em; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>{title}</h1>
<table>
{rows}
</table>
</body>
</html>
"""
_MESSAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{text}</title></head>
<body>{text}</body>
</html>
"""


def tree(host: Host) -> str:
    """List all variables of a host, or say why there are none."""
    if host.variables is None:
        return f"[error: {escape(host.error)}]\n"
    rows = "\n".join(
        f"<tr><td>{escape(name)}</td><td>:</td><td>{escape(value)}</td></tr>"
        for name, value in _sorted(host.variables)
    )
    return _TREE.format(title=escape(host.description), rows=rows)


def message(text: str) -> str:
    """Say one sentence as a page."""
    return _MESSAGE.format(text=escape(text))


def document_of_all(hosts: Sequence[Host]) -> str:
    """Write all hosts as upsstats' JSON does."""
    return _json({"devices": [_described(host) for host in hosts]})


def document(host: Host) -> str:
    """Write one host as upsstats' JSON does."""
    return _json(_described(host))


def complaint(text: str) -> str:
    """Write an error as upsstats' JSON does."""
    return _json({"error": text})


def _described(host: Host) -> dict[str, Any]:
    told: dict[str, Any] = {"host": host.system, "desc": host.description}
    if not host.is_connected:
        return {**told, "error": f"Connection failed: {host.error}"}
    if host.variables is None:
        return {**told, "vars": {"error": f"Failed to list variables: {host.error}"}}
    if (status := host.variables.get("ups.status")) is not None:
        told |= {"status_raw": status, "status_parsed": list(statuses.meanings(status))}
    return {**told, "vars": dict(_sorted(host.variables))}


def _sorted(variables: Mapping[str, str]) -> list[tuple[str, str]]:
    """Sort as upsd does."""
    return sorted(variables.items(), key=lambda variable: variable[0].lower())


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
