"""`nutbus upsdrvctl`: start and stop the driver service, see its devices, power them off."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from services.console.live import View, run, view
from services.console.orders import devices
from services.driver.poweroff import attempts, in_order, power_off
from services.driver.settings import DriverSettings
from shared.errors import BusError, PowerError, SettingsError
from shared.fleet import Device
from shared.messages import Availability
from shared.settings import DEFAULT_FILES, find_file
from shared.topics import DeviceTopic

RESULT_TIMEOUT = 15.0
START_TIMEOUT = 75.0  # NUT's maxstartdelay
START_PAUSE = 0.25  # between two looks at the bus
STOP_TIMEOUT = 15.0
HEADINGS = ("UPSNAME", "UPSDRV", "RUNNING", "PF_PID", "S_RESPONSIVE", "S_PID", "S_STATUS")
UNKNOWN = "N/A"
DRIVER = "services.driver"

app = typer.Typer(help="Control the drivers and power devices off.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option(help="Settings file (TOML).")]
NutConfig = Annotated[Path | None, typer.Option(help="Folder of NUT's own files, as /etc/nut.")]
Ups = Annotated[str | None, typer.Argument(help="Only this device.")]
PidFile = Annotated[Path, typer.Option(help="Where the number of the process is kept.")]

PID_FILE = Path("/run/nutbus/driver.pid")


@app.callback()
def options(
    context: typer.Context,
    test: Annotated[
        bool, typer.Option("--test", "-t", help="Show what would be done, and do nothing.")
    ] = False,
) -> None:
    """Control the drivers and power devices off."""
    context.obj = test


@app.command("list")
def list_devices(ups: Ups = None, config: Config = None, nut_config: NutConfig = None) -> None:
    """Print the names of the devices in the settings."""
    typer.echo("\n".join(chosen(load(config, nut_config), ups)))


@app.command()
def status(ups: Ups = None, config: Config = None, nut_config: NutConfig = None) -> None:
    """Print a line for each device, in NUT's columns; the process numbers are not on the bus."""
    settings = load(config, nut_config)
    found = {device.name: device for device in run(devices(settings.bus))}
    lines = [HEADINGS, *(_row(name, settings, found) for name in chosen(settings, ups))]
    typer.echo("\n".join("\t".join(line) for line in lines))


@app.command()
def start(
    context: typer.Context,
    config: Config = None,
    nut_config: NutConfig = None,
    pid_file: PidFile = PID_FILE,
) -> None:
    """Start the driver service, with all its devices; its log is beside the file of its number."""
    settings = load(config, nut_config)
    command = [sys.executable, "-m", DRIVER, *_options(config, nut_config)]
    if context.obj:
        typer.echo(f"would run: {' '.join(command)}")
        return
    if running := _process(pid_file):
        raise PowerError(f"the driver service runs already, as process {running}")
    log_file = pid_file.with_suffix(".log")
    try:
        process = _begin(command, pid_file, log_file)
    except OSError as error:
        raise PowerError(
            f"cannot write {error.filename}: {error.strerror}; --pid-file names another place"
        ) from None
    _await_online(settings, process, log_file)
    typer.echo(f"{len(settings.devices)} devices, process {process.pid}")


@app.command()
def stop(context: typer.Context, pid_file: PidFile = PID_FILE) -> None:
    """Stop the driver service that `start` started."""
    process = _process(pid_file)
    if process is None:
        raise PowerError(f"no driver service runs that {pid_file} knows of")
    if context.obj:
        typer.echo(f"would end process {process}")
        return
    _end(process)
    pid_file.unlink(missing_ok=True)


@app.command()
def shutdown(
    context: typer.Context,
    ups: Ups = None,
    config: Config = None,
    nut_config: NutConfig = None,
) -> None:
    """Power the devices off, in the order of sdorder: over the bus, else on a line of our own."""
    settings = load(config, nut_config)
    chosen(settings, ups)
    if context.obj:
        for name in in_order(settings, ups):
            tried = ", ".join(attempts(settings.devices[name]))
            typer.echo(f"would power off {name} with driver.killpower: {tried}")
        return
    done = [_power_off(settings, name) for name in in_order(settings, ups)]
    if not all(done):
        raise typer.Exit(1)


def load(config: Path | None, nut_config: Path | None = None) -> DriverSettings:
    """Read the settings; SettingsError where there are none: that is not to have no devices."""
    file = find_file(config, nut_config)
    settings = DriverSettings.load(file, nut_config)
    if not (file or nut_config or settings.devices):
        places = " or ".join(str(default) for default in DEFAULT_FILES)
        raise SettingsError(f"no settings: there is no {places}; name a file with --config")
    return settings


def chosen(settings: DriverSettings, ups: str | None) -> list[str]:
    """List the devices that are meant: all, or the one named; PowerError if there is no such."""
    if ups is not None and ups not in settings.devices:
        raise PowerError(
            f"no device {ups} in the settings; there are: {', '.join(settings.devices)}"
        )
    return [ups] if ups else list(settings.devices)


def _options(config: Path | None, nut_config: Path | None) -> list[str]:
    file = find_file(config, nut_config)
    given = {"--config": file, "--nut-config": nut_config}
    return [word for name, path in given.items() if path for word in (name, str(path.absolute()))]


def _look(settings: DriverSettings) -> dict[str, Device]:
    """See the devices on the bus; none when there is no bus."""
    try:
        return {device.name: device for device in run(devices(settings.bus))}
    except BusError:
        return {}


def _row(name: str, settings: DriverSettings, found: dict[str, Device]) -> tuple[str, ...]:
    device = found.get(name)
    runs = device is not None and device.service_online
    answers = device is not None and device.standing is Availability.ONLINE
    status = device.status if device and answers else ""
    driver = settings.devices[name].driver
    running, responsive = (
        "RUNNING" if runs else "STOPPED",
        "RESPONSIVE" if answers else "NOT_RESPONSIVE",
    )
    return (name, driver, running, UNKNOWN, responsive, UNKNOWN, status or UNKNOWN)


def _begin(command: list[str], pid_file: Path, log_file: Path) -> subprocess.Popen[bytes]:
    """Start the driver service; what cannot be written is an error before it is there."""
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("ab") as log, pid_file.open("w") as written:
        process = subprocess.Popen(  # noqa: S603 -- our own module
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        written.write(f"{process.pid}\n")
    return process


def _process(pid_file: Path) -> int | None:
    """Find the driver service that the file knows of; its number may be another program's now."""
    try:
        number = int(pid_file.read_text())
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return number if DRIVER.encode() in words else None


def _await_online(settings: DriverSettings, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not settings.devices.keys() <= _served(settings):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(START_PAUSE)
            raise PowerError(f"the driver service ended at its start; see {log}")
        if time.monotonic() > deadline:
            raise PowerError(f"the driver service runs, but is not on the bus yet; see {log}")


def _served(settings: DriverSettings) -> set[str]:
    """Name the devices that a driver service has; a broker remembers those that it had, too."""
    return {name for name, device in _look(settings).items() if device.service_online}


def _end(process: int) -> None:
    """Ask a process to end and wait until it has."""
    handle = os.pidfd_open(process)
    try:
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        ended, _, _ = select.select([handle], [], [], STOP_TIMEOUT)
    except PermissionError:
        raise PowerError(f"process {process} belongs to another user") from None
    finally:
        os.close(handle)
    if not ended:
        raise PowerError(f"process {process} does not end within {STOP_TIMEOUT:.0f} s")


def _power_off(settings: DriverSettings, name: str) -> bool:
    """Power off one device; a failure is said and does not spare the next."""
    try:
        how = _over_the_bus(settings, name) or run(
            power_off(settings.site(name), settings.devices[name])
        )
    except PowerError as error:
        typer.echo(f"{name}: {error}", err=True)
        return False
    typer.echo(f"{name}: powered off with {how}")
    return True


def _over_the_bus(settings: DriverSettings, name: str) -> str | None:
    """Let the driver service do it; None when it cannot."""
    try:
        return run(_ask(settings, name))
    except BusError:
        return None


async def _ask(settings: DriverSettings, name: str) -> str | None:
    async with view(settings.bus, DeviceTopic.RESULT) as seen:
        device = seen.fleet.devices.get(name)
        if device is None or device.standing is not Availability.ONLINE:
            return None
        return await _killpower(seen, name)


async def _killpower(seen: View, name: str) -> str | None:
    allow = ("driver.flag.allow_killpower", "1")
    allowed = await seen.request(name, DeviceTopic.SET, *allow, RESULT_TIMEOUT)
    command = "driver.killpower"
    if allowed.status != "ok":
        return None
    result = await seen.request(name, DeviceTopic.COMMAND, command, None, RESULT_TIMEOUT)
    return command if result.status == "ok" else None
