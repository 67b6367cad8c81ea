"""Monitors for tests: ours and Debian's upsmon, as processes that shut nothing down.

The shutdown command of each appends a line with its name and the time to a file. No test may start
a monitor without one.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.realnut import find_nut_program

ROOT = Path(__file__).parents[1]
START_TIMEOUT = 40.0
STOP_TIMEOUT = 30.0
CHECK_INTERVAL = 0.02
MAGIC = "upsmon-shutdown-file"

UPSMON_CONF = """\
MONITOR {ups}@{server} 1 {user} {password} {role}
MINSUPPLIES 1
SHUTDOWNCMD "{command}"
POLLFREQ 1
POLLFREQALERT 1
HOSTSYNC {host_sync}
DEADTIME 15
FINALDELAY 0
POWERDOWNFLAG {flag}
"""
# Else it looks for another upsmon in a pid file that all of them share.
NOBODY = "4194303"
QUIET = [
    "ONLINE",
    "ONBATT",
    "LOWBATT",
    "FSD",
    "COMMOK",
    "COMMBAD",
    "SHUTDOWN",
    "REPLBATT",
    "NOCOMM",
    "NOPARENT",
]


@dataclass(frozen=True, slots=True)
class Down:
    """One line of the file: who was shut down, and when (seconds since the boot)."""

    who: str
    at: float


class Diary:
    """The file to which shutdown commands write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "diary"

    def command(self, who: str) -> str:
        """Return the path of a program that notes that `who` is shut down."""
        program = self.folder / f"shut-down-{who}"
        program.write_text(
            f"#!/bin/sh\nread -r up _ < /proc/uptime\necho {who} $up >> '{self.file}'\n"
        )
        program.chmod(0o755)
        return str(program)

    def lines(self) -> list[Down]:
        """Read who was shut down, in the order of the commands."""
        return [Down(who, float(at)) for who, at in self.rows()]

    def rows(self) -> list[list[str]]:
        """Read the words of each line, as the commands wrote them."""
        if not self.file.exists():
            return []
        return [line.split() for line in self.file.read_text().splitlines()]

    @property
    def who(self) -> list[str]:
        """Say who was shut down, in their order."""
        return [line.who for line in self.lines()]


class MonitorProcess:
    """A monitor that runs as a process of its own in a folder of its own."""

    def __init__(self, folder: Path, arguments: Sequence[str], environment: Mapping[str, str]):
        self.folder = folder
        self._arguments = arguments
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments,
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
            )

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    @property
    def flag(self) -> Path:
        """The file that asks for the power to be cut."""
        return self.folder / "killpower"

    @property
    def has_flag(self) -> bool:
        return self.flag.exists() and self.flag.read_text().startswith(MAGIC)


def upsmon(
    folder: Path,
    *,
    ups: str,
    server: str,
    user: str,
    password: str,
    role: str,
    command: str,
    host_sync: int = 15,
) -> MonitorProcess:
    """Debian's upsmon, in one process as root, telling nobody but its log."""
    folder.mkdir()
    text = UPSMON_CONF.format(
        ups=ups,
        server=server,
        user=user,
        password=password,
        role=role,
        command=command,
        host_sync=host_sync,
        flag=folder / "killpower",
    )
    text += "".join(f"NOTIFYFLAG {type_} SYSLOG\n" for type_ in QUIET)
    settings = folder / "upsmon.conf"
    settings.write_text(text)
    settings.chmod(0o600)
    places = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH")
    program = (find_nut_program("upsmon"), "-D", "-p", "-P", NOBODY)
    return MonitorProcess(folder, program, dict.fromkeys(places, str(folder)))


def our_monitor(
    folder: Path,
    *,
    supplies: Sequence[Mapping[str, Any]],
    command: str | Sequence[str],
    broker: str = "mqtt://127.0.0.1:1",
    name: str = "",
    keepalive: int = 15,
    arguments: Sequence[str] = (),
    inside: Sequence[str] = (),
    **section: Any,
) -> MonitorProcess:
    """Our monitor with these supplies; `section` is added to [monitor].

    `inside` are words before the command, such as those that run it in another network.
    """
    folder.mkdir()
    tables: dict[str, Any] = {
        "id": name or folder.name,
        "shutdown_command": command,
        "power_down_flag": str(folder / "killpower"),
        "pid_file": str(folder / "monitor.pid"),
        "poll_interval": 1.0,
        "poll_interval_alert": 1.0,
        "final_delay": 0.0,
        "notify": {type_: {"flags": ["SYSLOG"]} for type_ in QUIET},
        **section,
    }
    lines = [f"[bus]\nbroker = {_toml(broker)}\nkeepalive = {keepalive}", "[monitor]"]
    lines += [f"{key} = {_toml(value)}" for key, value in tables.items()]
    lines += [f"[[monitor.supplies]]\n{_pairs(supply)}" for supply in supplies]
    settings = folder / "nutbus.toml"
    settings.write_text("\n".join(lines) + "\n")
    settings.chmod(0o600)
    program = (sys.executable, "-m", "services.monitor", "--config", str(settings), *arguments)
    return MonitorProcess(folder, (*inside, *program), {})


def until(condition: Callable[[], Any], complaint: Callable[[], str], timeout: float) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, complaint()
        time.sleep(CHECK_INTERVAL)


def _pairs(table: Mapping[str, Any]) -> str:
    return "\n".join(f"{key} = {_toml(value)}" for key, value in table.items())


def _toml(value: Any) -> str:
    """Write a value as TOML has it, a table in one line."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case Mapping():
            return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
        case Sequence():
            return "[" + ", ".join(_toml(each) for each in value) + "]"
    raise TypeError(f"no TOML for {value!r}")
