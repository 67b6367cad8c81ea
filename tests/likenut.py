"""A driver of NUT and ours beside each other: what both report of the same simulated device.

The driver of NUT is a process of the test's own, spoken to as upsd does (NUT's
docs/sock-protocol.txt). Its part blocks; an async test runs it with `asyncio.to_thread`.
"""

import asyncio
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from services.driver.contract import Driver, Site
from services.driver.drivers import DRIVERS
from services.driver.features import Features, Trend, present
from shared.messages import Writable
from shared.nutwire import join, split
from tests.realnut import CHECK_INTERVAL, _end, find_nut_program

LONGEST_FOLDER = 85
START_TIMEOUT = 60.0  # a driver may probe for long before it has its socket
NAME = "dut"
COUNTS = "NUTBUS_COVERAGE"  # names the file that `record` adds a line to
# What only the process knows, and what drivers of NUT and ours say of themselves.
PRIVATE = ("driver.", "device.uptime")


@dataclass(frozen=True, slots=True)
class Report:
    """What a driver says of its device; `is_fresh` is DATAOK, `flagged` has NUT's flag RW."""

    variables: Mapping[str, str] = field(default_factory=dict)
    writable: Mapping[str, Writable] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    is_fresh: bool = False
    flagged: frozenset[str] = frozenset()

    @property
    def status(self) -> set[str]:
        """The words of ups.status."""
        return set(self.variables.get("ups.status", "").split())


class RealDriver:
    """One of NUT's drivers in the foreground; use it as a context manager.

    `settings` are the lines of its section in ups.conf, such as `port`; a value of None is a flag.
    `environment` is added to the process's own.
    """

    def __init__(
        self,
        folder: Path,
        driver: str,
        settings: Mapping[str, str | None],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.driver = driver
        self._environment = environment or {}
        # The path of a socket has 107 bytes at most.
        is_short = len(str(folder)) < LONGEST_FOLDER
        self._state = folder if is_short else Path(tempfile.mkdtemp(prefix="nut", dir="/tmp"))
        self._path = self._state / f"{driver}-{NAME}"
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._rest = b""
        self._report = Report()
        self._results: dict[str, int] = {}
        lines = [
            key if value is None else f"{key} = {join([value])}" for key, value in settings.items()
        ]
        folder.mkdir(exist_ok=True, parents=True)
        text = "\n".join(["maxretry = 1", f"[{NAME}]", f"driver = {driver}", *lines, ""])
        (folder / "ups.conf").write_text(text)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """Everything that the driver said, for the text of a failure."""
        return (self.folder / f"{self.driver}.log").read_text(errors="replace")

    def start(self) -> None:
        """Start the driver and connect to it."""
        user = pwd.getpwuid(os.getuid()).pw_name
        places = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH")
        self._state.mkdir(exist_ok=True)
        with (self.folder / f"{self.driver}.log").open("ab") as output:
            self._process = subprocess.Popen(
                (find_nut_program(self.driver), "-a", NAME, "-F", "-D", "-u", user),
                env={
                    **os.environ,
                    **dict.fromkeys(places, str(self._state)),
                    "NUT_CONFPATH": str(self.folder),
                    **self._environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while self._line is None:
            self._line = self._connected()
            if self._line is None:
                self._check(deadline, "does not start")
                time.sleep(CHECK_INTERVAL)
        self._say("DUMPALL")

    def stop(self) -> None:
        """Stop the driver."""
        line, self._line = self._line, None
        if line is not None:
            line.close()
        process, self._process = self._process, None
        if process is not None:
            _end(process)
        if self._state != self.folder:
            shutil.rmtree(self._state, ignore_errors=True)

    def report(self) -> Report:
        """Return what the driver reports now, as soon as it has data."""
        return self.wait_for(lambda report: report.is_fresh)

    def wait_for(self, holds: Callable[[Report], bool], timeout: float = START_TIMEOUT) -> Report:
        """Return the first report for which the condition holds."""
        deadline = time.monotonic() + timeout
        while not holds(found := self._seen()):
            self._read(deadline, "does not come to report what the test waits for")
        return found

    def command(self, name: str, value: str | None = None) -> int:
        """Give an instant command; return the result code of TRACKING, 0 for success."""
        return self._order("INSTCMD", name, *(() if value is None else (value,)))

    def set(self, name: str, value: str) -> int:
        """Write a variable; return the result code of TRACKING, 0 for success."""
        return self._order("SET", name, value)

    def _seen(self) -> Report:
        """Give the report; drivers tell the length of what cannot be written too."""
        writable = self._report.writable
        own = {name: each for name, each in writable.items() if name in self._report.flagged}
        return replace(self._report, writable=own)

    def _order(self, *words: str) -> int:
        identity = f"{len(self._results)}-{time.monotonic_ns()}"
        self._say(join([*words, "TRACKING", identity]))
        deadline = time.monotonic() + START_TIMEOUT
        while identity not in self._results:
            self._read(deadline, f"does not answer {words}")
        return self._results[identity]

    def _connected(self) -> socket.socket | None:
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(str(self._path))
        except OSError:
            line.close()
            return None
        line.settimeout(CHECK_INTERVAL)
        return line

    def _say(self, text: str) -> None:
        assert self._line is not None
        self._line.sendall(text.encode() + b"\n")

    def _check(self, deadline: float, complaint: str) -> None:
        ended = self._process is None or self._process.poll() is not None
        if ended or time.monotonic() > deadline:
            raise AssertionError(f"{self.driver} {complaint}: {self._report}\n{self.log}")

    def _read(self, deadline: float, complaint: str) -> None:
        assert self._line is not None
        self._check(deadline, complaint)
        try:
            more = self._line.recv(65536)
        except TimeoutError:
            return
        *lines, self._rest = (self._rest + more).split(b"\n")
        for line in lines:
            self._take(split(line))

    def _take(self, words: list[str]) -> None:
        if words and words[0] == "TRACKING":
            self._results[words[1]] = int(words[2])
        elif words:
            self._report = _after(self._report, words)


def _after(report: Report, words: list[str]) -> Report:
    """Follow one line of a driver."""
    verb, *rest = words
    if verb in ("DATAOK", "DATASTALE"):
        return replace(report, is_fresh=verb == "DATAOK")
    if verb == "SETINFO":
        return replace(report, variables={**report.variables, rest[0]: rest[1]})
    if verb == "DELINFO":
        left = {name: value for name, value in report.variables.items() if name != rest[0]}
        writable = {name: each for name, each in report.writable.items() if name != rest[0]}
        return replace(report, variables=left, writable=writable)
    if verb == "ADDCMD":
        return replace(report, commands=tuple(sorted({*report.commands, rest[0]})))
    if verb == "DELCMD":
        return replace(report, commands=tuple(c for c in report.commands if c != rest[0]))
    return _after_writable(report, verb, rest)


def _after_writable(report: Report, verb: str, rest: list[str]) -> Report:
    change = _CHANGES.get(verb)
    if change is None:
        return report
    name, *values = rest
    if verb == "SETFLAGS" and "RW" in values:
        report = replace(report, flagged=report.flagged | {name})
    if verb == "SETFLAGS" and "RW" not in values:
        report = replace(report, flagged=report.flagged - {name})
        left = {other: each for other, each in report.writable.items() if other != name}
        return replace(report, writable=left)
    old = report.writable.get(name, Writable(type="number"))
    new = old.model_copy(update=change(old, values))
    return replace(report, writable={**report.writable, name: new})


_CHANGES: dict[str, Callable[[Writable, list[str]], dict[str, Any]]] = {
    "SETFLAGS": lambda _, flags: {"type": "string" if "STRING" in flags else "number"},
    "SETAUX": lambda _, values: {"max_length": int(values[0]) or None},
    "ADDENUM": lambda old, values: {"enum": [*old.enum, *values]},
    "DELENUM": lambda old, values: {"enum": [each for each in old.enum if each not in values]},
    "ADDRANGE": lambda old, values: {"ranges": [*old.ranges, _range(values)]},
    "DELRANGE": lambda old, values: {"ranges": [r for r in old.ranges if r != _range(values)]},
}


def _range(values: list[str]) -> tuple[float, float]:
    return float(values[0]), float(values[1])


class OurDriver:
    """Our driver for one device, as its owner holds it; use it as an async context manager."""

    def __init__(self, kind: str, port: str, options: Mapping[str, Any] | None = None) -> None:
        known = DRIVERS[kind]
        self._trend = Trend()
        self.site = Site(NAME, port)
        self.driver: Driver = known.create(self.site, known.options.model_validate(options or {}))

    async def __aenter__(self) -> Self:
        try:
            await self.driver.open()
        except BaseException:
            await self.driver.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.driver.close()

    async def report(self) -> Report:
        """Poll once; return what would be on the bus."""
        view, self._trend = present(Features(), await self.driver.poll(), self._trend)
        return Report(view.variables, view.writable, view.commands, is_fresh=True)

    async def wait_for(self, holds: Callable[[Report], bool]) -> Report:
        """Poll until the condition holds."""
        async with asyncio.timeout(START_TIMEOUT):
            while not holds(report := await self.report()):
                await asyncio.sleep(CHECK_INTERVAL)
        return report

    async def command(self, name: str, value: str | None = None) -> None:
        """Give an instant command."""
        await self.driver.command(name, value)

    async def set(self, name: str, value: str) -> None:
        """Write a variable."""
        await self.driver.set(name, value)


def differences(
    theirs: Report, ours: Report, ignored: Mapping[str, str] | None = None
) -> list[str]:
    """List what NUT's driver reports and ours does not, or otherwise.

    `ignored` has the reasons by what differs: `variable:<name>`, `command:<name>` or
    `writable:<name>`; driver.* is of no account. What ours reports beyond that is no difference.
    """
    ignored = ignored or {}
    return [text for key, text in _compared(theirs, ours) if text and key not in ignored]


def record(
    driver: str,
    case: str,
    theirs: Report,
    ours: Report,
    ignored: Mapping[str, str] | None = None,
) -> list[str]:
    """Compare as `differences` does, and count it for docs/coverage.md if that is asked for."""
    found = dict(_compared(theirs, ours))
    ignored = ignored or {}
    row: dict[str, Any] = {"driver": driver, "case": case}
    for part in ("variable", "command", "writable"):
        keys = [key for key in found if key.startswith(part)]
        row[part] = {
            "compared": len(keys),
            "equal": sum(not found[key] for key in keys),
            "listed": sum(bool(found[key]) and key in ignored for key in keys),
        }
    if file := os.environ.get(COUNTS):
        with Path(file).open("a") as lines:
            lines.write(json.dumps(row) + "\n")
    return [text for key, text in found.items() if text and key not in ignored]


def _compared(theirs: Report, ours: Report) -> list[tuple[str, str]]:
    """Pair what is compared with how it differs, "" if it does not."""
    found = []
    for name, value in theirs.variables.items():
        if not name.startswith(PRIVATE):
            mine = ours.variables.get(name)
            found.append((f"variable:{name}", _differs(f"{name} is", value, mine, name)))
    for name in theirs.commands:
        if not name.startswith("driver."):
            missing = "" if name in ours.commands else f"command {name} is missing"
            found.append((f"command:{name}", missing))
    for name, writable in theirs.writable.items():
        if not name.startswith("driver."):
            text = _writable_differs(name, writable, ours.writable.get(name))
            found.append((f"writable:{name}", text))
    return found


def _differs(what: str, theirs: str, ours: str | None, name: str) -> str:
    same = theirs == ours
    if name == "ups.status" and ours is not None:
        same = sorted(theirs.split()) == sorted(ours.split())
    return "" if same else f"{what} {theirs!r} for NUT and {ours!r} for us"


def _writable_differs(name: str, theirs: Writable, ours: Writable | None) -> str:
    if ours is None:
        return f"{name} cannot be written"
    length = (theirs.max_length, ours.max_length) if theirs.type == "string" else ("", "")
    pairs = (
        ("enum", set(theirs.enum), set(ours.enum)),
        ("length", *length),
        ("ranges", sorted(theirs.ranges), sorted(ours.ranges)),
    )
    parts = [f"{what} {a} for NUT and {b} for us" for what, a, b in pairs if a != b]
    return f"{name}: " + "; ".join(parts) if parts else ""
