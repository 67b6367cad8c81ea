"""Debian's real upsd, and the drivers behind it."""

import os
import pwd
import sys
from pathlib import Path

from benchmarks.playeddrivers import DRIVER, socket_of
from benchmarks.programs import Programs
from benchmarks.question import are_readable
from benchmarks.served import DEV_FILE, names
from benchmarks.server import Server
from tests.ports import free_port
from tests.realnut import find_nut_program

USER, PASSWORD = "admin", "benchmark"
USERS = f"[{USER}]\n  password = {PASSWORD}\n  actions = SET\n"
MOST_CONNECTIONS = 4096  # drivers count too


def start_with_played_drivers(programs: Programs, count: int) -> Server:
    """Start upsd with `count` devices whose drivers are one program that plays them."""
    folder = programs.folder
    devices = names(count)
    port = _write_settings(folder, dict.fromkeys(devices, "none"))
    command = (sys.executable, "-m", "benchmarks.playeddrivers", str(folder), str(count))
    drivers = programs.start("drivers", *command)
    programs.until(socket_of(folder, devices[-1]).exists, "the played drivers do not start")
    return _start_server(programs, port, devices, drivers)


def start_with_dummy(programs: Programs) -> Server:
    """Start upsd and a real dummy-ups."""
    device = names(1)[0]
    port = _write_settings(programs.folder, {device: _dev_file(programs.folder)})
    driver = start_dummy(programs, device)
    return _start_server(programs, port, [device], driver)


def start_dummy(programs: Programs, device: str) -> int:
    """Start a dummy-ups whose section is written, and return when upsd could read from it."""
    driver = _spawn(programs, device, "dummy-ups", "-F", "-a", device)
    programs.until(socket_of(programs.folder, device).exists, "dummy-ups does not start")
    return driver


def write_dummies(folder: Path, devices: list[str]) -> None:
    """Write the settings of devices that `start_dummy` may start."""
    file = _dev_file(folder)
    _write_settings(folder, dict.fromkeys(devices, file))


def _start_server(programs: Programs, port: int, devices: list[str], driver: int) -> Server:
    process = _spawn(programs, "upsd", "upsd", "-F")
    programs.until(lambda: are_readable(port, devices), "upsd does not serve its devices")
    return Server(port, process, (process, driver))


def _spawn(programs: Programs, name: str, program: str, *arguments: str) -> int:
    folder = str(programs.folder)
    places = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH")
    user = pwd.getpwuid(os.getuid()).pw_name
    command = (find_nut_program(program), *arguments, "-u", user)
    return programs.start(name, *command, environment=dict.fromkeys(places, folder))


def _write_settings(folder: Path, ports: dict[str, str]) -> int:
    """Write upsd's settings and return the port that it is to listen on."""
    port = free_port()
    sections = [f"[{name}]\ndriver = {DRIVER}\nport = {where}\n" for name, where in ports.items()]
    listen = f"LISTEN 127.0.0.1 {port}\nMAXCONN {MOST_CONNECTIONS}\n"
    texts = {"ups.conf": "".join(sections), "upsd.conf": listen, "upsd.users": USERS}
    for name, text in texts.items():
        path = folder / name
        path.write_text(text)
        path.chmod(0o600)
    return port


def _dev_file(folder: Path) -> str:
    file = folder / "benchmark.dev"
    file.write_text(DEV_FILE)
    return str(file)
