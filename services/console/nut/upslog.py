"""`upslog`: write a line about each device at regular intervals."""

import contextlib
import signal
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final

from services.console.nut import daemon
from services.console.nut.client import ClientError
from services.console.nut.logformat import (
    DEFAULT_FORMAT,
    MISSING,
    NAME_PREFIX,
    compile_format,
)
from services.console.nut.tool import (
    FAILURE,
    Arguments,
    FatalError,
    Tool,
    complain,
    device_named,
    say,
    whole_number,
)
from services.console.nut.watched import STDOUT, LogFile, Watched
from shared.errors import PowerError

USAGE: Final = f"""\
Write a line about each UPS at regular intervals.

usage: upslog -s UPS[@HOST[:PORT]] -l FILE [OPTIONS]
       upslog -m UPS[@HOST[:PORT]],FILE [-m ...] [OPTIONS]
       upslog UPS[@HOST[:PORT]] FILE SECONDS [FORMAT...]

  -s UPS            log this device; * or *@HOST is every device that the server has now
  -l FILE           append to FILE; - is stdout
  -m UPS,FILE       both in one, as often as you like, also to the same file
  -i SECONDS        time from line to line (default 30); above 30 the connection is closed between
  -d COUNT          end after so many lines about each device
  -f FORMAT         what to write, see below
  -N                begin each line with the name of the device and a tab
  -F                stay in the foreground; this is the default if a file is stdout, or with -D
  -B                go to the background; this is the default if no file is stdout
  -p NAME           write the pid to NAME.pid in {daemon.DEFAULT_PID_FOLDER}, or in the folder that
                    the environment variable {daemon.PID_FOLDER_VARIABLE} names, or to NAME if
                    that begins with / (default upslog)
  -u USER           if started as root, become USER (default {daemon.DEFAULT_USER}, if it exists)

SIGUSR1 writes lines at once, SIGHUP opens the files anew, SIGTERM ends.

In FORMAT:
  %VAR NAME%        the value of a variable; {MISSING} if there is none
  %TIME FORMAT%     the time as strftime(3) writes it, with @ in place of %
  %ETIME%           the time in seconds since 1970
  %HOST%            the name of this host
  %UPSHOST%         the device as given with -s or -m
  %PID%             the pid of upslog
  %t                a tab
  %%                a percent sign
The default is
  {DEFAULT_FORMAT}
"""

DEFAULT_INTERVAL: Final = 30
KEPT_OPEN: Final = 30  # the longest interval over which a connection stays open
EVERY: Final = "*"

_STOP: Final = frozenset((signal.SIGTERM, signal.SIGINT, signal.SIGQUIT))
_SIGNALS: Final = _STOP | {signal.SIGHUP, signal.SIGUSR1}
_TUPLE: Final = "Argument '-m upsspec,logfile' requires exactly 2 components in the tuple"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to log: (device, file) as given, the format, and how often; count 0 is without end."""

    pairs: tuple[tuple[str, str], ...]
    format: str
    interval: int
    count: int


def main(arguments: list[str]) -> int:
    """Do what `upslog` does with these arguments and return its exit code."""
    return TOOL.run(arguments)


def _work(arguments: Arguments) -> None:
    if len(arguments.operands) in (1, 2):
        TOOL.help()
        return
    plan = _plan(arguments)
    with _signals_held():
        watched = _watch(plan, arguments)
        user = daemon.user_to_become(arguments.last("-u"))
        note = _place(plan, arguments)
        base = arguments.last("-p")
        wanted = base is not None or note is not daemon.note_on_stderr
        with daemon.pid_file(daemon.pid_path(base or TOOL.name), note if wanted else None):
            if user is not None:
                daemon.become(user)
            _log(plan, watched, note)
        for one in watched:
            one.disconnect()
            one.log.close()


def _plan(arguments: Arguments) -> Plan:
    device, file, interval = arguments.last("-s"), arguments.last("-l"), arguments.last("-i")
    layout = arguments.last("-f") or DEFAULT_FORMAT
    if arguments.operands:
        device, file, interval, *words = arguments.operands
        layout = "".join(f"{word} " for word in words) or layout
    pairs = [_pair(text) for text in arguments.every("-m")]
    if device is None and (file is not None or not pairs):
        raise FatalError("No UPS defined for monitoring - use -s <system>, or -m <ups,logfile>")
    if device is not None:
        if file is None:
            raise FatalError("No filename defined for logging - use -l <file>")
        pairs.append((device, file))
    return Plan(
        tuple(pairs),
        NAME_PREFIX + layout if arguments.has("-N") else layout,
        _number("-i", interval or str(DEFAULT_INTERVAL), least=1),
        _number("-d", arguments.last("-d") or "0", least=0),
    )


def _pair(text: str) -> tuple[str, str]:
    device, _, file = text.partition(",")
    if not device or not file or "," in file:
        raise FatalError(_TUPLE)
    return device, file


def _number(option: str, text: str, *, least: int) -> int:
    number = whole_number(text)
    if number is None or number < least:
        raise PowerError(f"{option} takes a whole number from {least} up, not {text!r}")
    return number


def _watch(plan: Plan, arguments: Arguments) -> list[Watched]:
    """Open the files, find the devices behind each `*`, and connect to all."""
    logs: dict[str, LogFile] = {}
    watched: list[Watched] = []
    for given, file in plan.pairs:
        for name in _names(given, arguments):
            say(f"logging status of {name} to {file} ({plan.interval}s intervals)\n")
            if file not in logs:
                logs[file] = LogFile(file)
            watched.append(Watched(name, arguments, logs[file]))
    for one in watched:
        try:
            one.connect()
        except ClientError as error:
            complain(f"Warning: initial connect failed: {error}")
    return watched


def _names(given: str, arguments: Arguments) -> list[str]:
    ups, address = device_named(given)
    if ups != EVERY:
        return [given]
    with arguments.connect(address) as client:
        names = [f"{row[1]}@{address}" for row in client.rows("UPS", least=3)]
    if not names:
        raise PowerError(f"the server at {address} has no devices")
    return names


def _place(plan: Plan, arguments: Arguments) -> daemon.Note:
    """Go to the background or stay, and return where notes go from now on."""
    stays = arguments.has("-D") or any(file == STDOUT for _, file in plan.pairs)
    for option, _ in arguments.options:
        stays = {"-F": True, "-B": False}.get(option, stays)
    return daemon.note_on_stderr if stays else daemon.go_to_background(TOOL.name)


@contextlib.contextmanager
def _signals_held() -> Generator[None]:
    """Keep signals waiting until they are asked for, so that none comes at a bad moment."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _log(plan: Plan, watched: Sequence[Watched], note: daemon.Note) -> None:
    pieces = compile_format(plan.format)
    due = time.monotonic()
    rounds = 0
    while plan.count == 0 or rounds < plan.count:
        received = signal.sigtimedwait(_SIGNALS, max(0.0, due - time.monotonic()))
        if received is None:
            rounds += 1
            due = max(due + plan.interval, time.monotonic())
        elif received.si_signo in _STOP:
            note(f"Signal {received.si_signo}: exiting")
            return
        elif received.si_signo == signal.SIGHUP:
            note(f"Signal {received.si_signo}: reopening log file")
            _reopen(watched, note)
        for one in watched:
            one.sample(pieces)
            if plan.interval > KEPT_OPEN:
                one.disconnect()


def _reopen(watched: Sequence[Watched], note: daemon.Note) -> None:
    for log in {one.log for one in watched}:
        try:
            log.reopen()
        except FatalError as error:
            note(f"{error}; going on with the old file")


TOOL: Final = Tool(
    "upslog", "s:l:i:d:Nf:u:p:FBm:", USAGE, _work, greets=True, misuse_status=FAILURE
)
