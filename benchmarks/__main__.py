"""Measure nutbus beside Debian's NUT: `python -m benchmarks` or `make bench`."""

import argparse
import os
import platform
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

from benchmarks.bigfleet import big_fleet
from benchmarks.broker import broker
from benchmarks.delay import delay
from benchmarks.fleet import fleet
from benchmarks.history import history
from benchmarks.homeassistant import homeassistant
from benchmarks.metrics import metrics
from benchmarks.progress import say
from benchmarks.reaction import reaction
from benchmarks.report import Table, markdown, with_region
from benchmarks.serial import serial
from benchmarks.size import size
from benchmarks.snmp import snmp
from benchmarks.speed import speed
from benchmarks.standby import standby
from benchmarks.usb import usb
from benchmarks.web import web
from tests.realnut import find_nut_program

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
FILES_NEEDED = 4096

PARTS: dict[str, Callable[[float], Iterable[Table]]] = {
    "speed": speed,
    "delay": lambda _seconds: delay(),
    "reaction": lambda _seconds: reaction(),
    "size": lambda _seconds: size(),
    "fleet": lambda _seconds: fleet(),
    "big-fleet": lambda _seconds: big_fleet(),
    "serial": lambda _seconds: serial(),
    "snmp": lambda _seconds: snmp(),
    "usb": lambda _seconds: usb(),
    "metrics": lambda _seconds: metrics(),
    "homeassistant": lambda _seconds: homeassistant(),
    "broker": broker,
    "standby": lambda _seconds: standby(),
    "history": lambda _seconds: history(),
    "web": lambda _seconds: web(),
}


def main() -> None:
    """Measure part by part, print the tables, write them into the documentation if asked to."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _allow_many_files()
    facts = _facts()
    if options.write:
        for part in options.parts:
            with_region(PAGE.read_text(encoding="utf-8"), part, "")
    for part in options.parts:
        text = markdown(tuple(PARTS[part](options.seconds)), facts)
        print(text, flush=True)
        if options.write:
            page = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(with_region(page, part, text), encoding="utf-8")
            say(f"{part}: written into {PAGE.name}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all by default"
    )
    parser.add_argument(
        "--seconds", type=float, default=1.5, help="length of each of a rate's windows"
    )
    parser.add_argument(
        "--write", action="store_true", help=f"write the tables into docs/{PAGE.name}"
    )
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    options.parts = options.parts or list(PARTS)
    return options


def _facts() -> str:
    """Say what the figures depend on, without naming the machine."""
    described = Path("/proc/cpuinfo").read_text().splitlines()
    models = {line.partition(":")[2].strip() for line in described if line.startswith("model name")}
    command = (find_nut_program("upsd"), "-V")
    nut = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    facts = (
        f"{', '.join(sorted(models)) or 'unknown processor'}, {os.cpu_count()} cores",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        f"nutbus {version('nutbus')} beside {nut.strip()}",
    )
    return "; ".join(facts)


def _first(error: BaseException) -> BaseException:
    """Pick the first error of a group, however deep it lies."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _allow_many_files() -> None:
    """Let the programs that we start open a file for each client and device."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES_NEEDED:
        raise SystemExit(f"{FILES_NEEDED} open files are needed, {hard} are allowed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, FILES_NEEDED), hard))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (RuntimeError, AssertionError, ExceptionGroup) as error:
        reason = _first(error)
        if not isinstance(reason, RuntimeError | AssertionError):
            raise
        sys.exit(f"benchmarks: {reason}")
