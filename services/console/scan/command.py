"""`nutbus scan` from its arguments to what it prints."""

import asyncio
import contextlib
import ipaddress
import logging
import resource
import socket
import sys
from collections.abc import Callable, Generator
from importlib.metadata import version
from typing import Final

import ifaddr

from services.console.nut.tool import complain, say
from services.console.scan import forms, options, serialports
from services.console.scan.explore import explored
from services.console.scan.found import Findings
from services.console.scan.ours import settings
from services.console.scan.ranges import IPAddress, Network, RangeError, spans
from services.console.scan.scanners import SCANNERS, SERIAL, Scope
from services.console.scan.sweep import Progress, sweep
from services.console.scan.usage import USAGE
from shared.errors import PowerError

DONE: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130

RESERVED_FILES: Final = 40  # of the files that a process may have open, for everything else
_CLEAR_LINE: Final = "\r\x1b[K"

_FORMS: Final[dict[str, Callable[[Findings], str]]] = {
    "": lambda findings: forms.ups_conf(findings.devices),
    "-N": lambda findings: forms.ups_conf(findings.devices),
    "-Q": lambda findings: forms.ups_conf_now(findings.devices),
    "-P": lambda findings: forms.parsable(findings.devices),
    "--toml": lambda findings: forms.toml(findings, settings),
    "--json": lambda findings: forms.as_json(findings, settings),
}


def main(arguments: list[str]) -> int:
    """Scan as the arguments ask and return the exit code."""
    try:
        wanted = options.read(arguments)
    except options.MisuseError as error:
        return _misused(error)
    if wanted.has("-h") or wanted.has("-?"):
        say(USAGE)
    elif wanted.has("-V"):
        say(f"Network UPS Tools nut-scanner (nutbus {version('nutbus')})\n")
    elif wanted.has("-a"):
        say("".join(f"{name}\n" for name in available()))
    elif wanted.explored is not None:
        return _explore(wanted.explored)
    else:
        return _scan(wanted)
    return DONE


def _explore(device: str) -> int:
    try:
        say(explored(device))
    except PowerError as error:
        complain(f"nutbus scan: {error}")
        return FAILED
    return DONE


def _misused(error: PowerError) -> int:
    complain(f"nutbus scan: {error}; see nutbus scan -h")
    return MISUSED


def available() -> list[str]:
    """Name what can be scanned, NUT's servers first as nut-scanner does."""
    names = [each.name for each in SCANNERS if each.is_there]
    return [*sorted(names, key=lambda name: name != "OLDNUT"), SERIAL]


def _scan(wanted: options.Wanted) -> int:
    if not _announce(wanted):
        return FAILED
    try:
        scope = _scope(wanted)
    except (RangeError, serialports.PortsError) as error:
        return _misused(error)
    try:
        findings = asyncio.run(_find(wanted, scope))
    except KeyboardInterrupt:
        complain("nutbus scan: interrupted")
        return INTERRUPTED
    say(_FORMS[wanted.form](findings))
    if not wanted.has("-q") and wanted.form not in ("--toml", "--json"):
        for note in forms.line_notes(findings.lines):
            complain(note)
    return DONE


def _announce(wanted: options.Wanted) -> bool:
    """Say on stderr what will not be looked for; False if nothing is left."""
    if wanted.has("-D"):
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        logging.getLogger("services.console.scan").setLevel(logging.DEBUG)
    absent = [each for each in wanted.scanners if not each.is_there]
    for each in absent:
        complain(f"nutbus scan: {each.what} cannot be found yet, {each.options[0]} is passed over")
    asks_hosts = any(each.probe and not each.search for each in wanted.scanners)
    if asks_hosts and not (wanted.ranges or wanted.has("-q")):
        complain("no range was given: only this host is asked (-m auto: the networks it is in)")
    return len(absent) < len(wanted.scanners) or wanted.serial_ports is not None


async def _find(wanted: options.Wanted, scope: Scope) -> Findings:
    lines = await asyncio.to_thread(serialports.listed) if wanted.lists_lines else []
    with _progress(wanted) as tell:
        devices = await sweep(wanted.scanners, scope, tell, complain)
    asked = {line.port for line in lines} & set(scope.serial_ports)
    rest = tuple(line for line in lines if line.port not in asked)
    return Findings(tuple(devices), rest)


def _scope(wanted: options.Wanted) -> Scope:
    ports = serialports.named(wanted.serial_ports) if wanted.serial_ports is not None else []
    return Scope(
        spans=tuple(spans(wanted.ranges, _resolved, own_networks)),
        timeout=wanted.timeout,
        limit=min(wanted.limit, _most_open()),
        ports=wanted.ports,
        community=wanted.community,
        serial_ports=tuple(ports),
    )


def own_networks() -> list[Network]:
    """List the networks that this host is in."""
    found = []
    for adapter in ifaddr.get_adapters():
        for each in adapter.ips:
            address = each.ip if isinstance(each.ip, str) else each.ip[0]
            found.append(Network(address, each.network_prefix))
    return found


def _resolved(name: str) -> IPAddress:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RangeError(f"{name!r} is no address, and no host that is known: {error}") from error
    texts = sorted((str(each[4][0]) for each in found), key=lambda text: ":" in text)
    return ipaddress.ip_address(texts[0].partition("%")[0])


def _most_open() -> int:
    """Allow this process as many open files as it may have, and return how many are for us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wished = options.DEFAULT_LIMIT + RESERVED_FILES
    if 0 <= soft < wished:
        soft = wished if hard < 0 else min(wished, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return options.MOST_AT_ONCE if soft < 0 else max(1, soft - RESERVED_FILES)


def _say_nothing(_: Progress) -> None:
    """Keep quiet."""


@contextlib.contextmanager
def _progress(wanted: options.Wanted) -> Generator[Callable[[Progress], None]]:
    """Show on stderr how far it is: a line that changes on a terminal, else one line."""
    if wanted.has("-q"):
        yield _say_nothing
        return
    what = ", ".join(each.what for each in wanted.scanners if each.is_there)
    is_terminal = sys.stderr.isatty()
    if not is_terminal:
        complain(f"scanning for {what or 'devices on serial ports'}")

    def tell(progress: Progress) -> None:
        if is_terminal:
            text = f"asked {progress.done} of {progress.total}, found {progress.found}"
            sys.stderr.write(f"{_CLEAR_LINE}{text}")
            sys.stderr.flush()

    try:
        yield tell
    finally:
        if is_terminal:
            sys.stderr.write(_CLEAR_LINE)
            sys.stderr.flush()
