"""`nutbus upsdrvsvcctl`: a systemd service for each device, kept in step with the settings.

The words are those of NUT's upsdrvsvcctl(8); the unit of a device is nutbus-driver@DEVICE.service.
"""

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from services.console import upsdrvctl
from services.console.upsdrvctl import Config, Ups
from services.driver.settings import DriverSettings
from shared.errors import PowerError

TEMPLATE = "nutbus-driver@{}.service"
PREFIX, SUFFIX = TEMPLATE.split("{}")
HEADINGS = ("UNIT", "UPSNAME", "LOADED", "ENABLED", "ACTIVE", "STATUS")
_PROPERTIES = ("LoadState", "UnitFileState", "ActiveState", "StatusText")

app = typer.Typer(
    help="Run each driver as a systemd service of its own.",
    no_args_is_help=True,
)


class SystemdError(PowerError):
    """systemctl is not there, or says no; the text says what was asked of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What brings the services in line with the settings, device by device."""

    begin: tuple[str, ...]
    end: tuple[str, ...]
    refresh: tuple[str, ...]


@app.callback()
def options(
    context: typer.Context,
    test: Annotated[
        bool, typer.Option("--test", "-t", help="Show what would be done, and do nothing.")
    ] = False,
) -> None:
    """Run each driver as a systemd service of its own."""
    context.obj = test


@app.command("list")
def list_units(ups: Ups = None, config: Config = None) -> None:
    """Print the unit of each device of the settings, or only of the one named."""
    names = upsdrvctl.chosen(_settings(config), ups)
    lines = [unit(name) if ups else f"{unit(name)}\t{name}" for name in names]
    typer.echo("\n".join(lines))


@app.command()
def status(ups: Ups = None, config: Config = None) -> None:
    """Print what systemd says of the unit of each device, in columns."""
    lines = [HEADINGS, *(_row(name) for name in upsdrvctl.chosen(_settings(config), ups))]
    typer.echo("\n".join("\t".join(line) for line in lines))


@app.command()
def start(context: typer.Context, ups: Ups = None, config: Config = None) -> None:
    """Start the service of each device; `resync` has them started at each boot, too."""
    _order(["start"], upsdrvctl.chosen(_settings(config), ups), pretend=context.obj)


@app.command()
def stop(context: typer.Context, ups: Ups = None, config: Config = None) -> None:
    """Stop the service of each device; they are started again at the next boot."""
    _order(["stop"], upsdrvctl.chosen(_settings(config), ups), pretend=context.obj)


@app.command()
def resync(context: typer.Context, config: Config = None) -> None:
    """Enable and start what the settings have, end what they have no more, reload the rest."""
    change = changes(list(_settings(config).devices), _enabled())
    for words, names in (
        (["disable", "--now"], change.end),
        (["try-reload-or-restart"], change.refresh),
        (["enable", "--now"], change.begin),
    ):
        _order(words, names, pretend=context.obj)
    if context.obj:
        return
    _order(["reset-failed"], change.end, pretend=False, may_fail=True)
    typer.echo(
        f"{len(change.begin)} begun, {len(change.end)} ended, {len(change.refresh)} read again"
    )


@app.command()
def shutdown(context: typer.Context, ups: Ups = None, config: Config = None) -> None:
    """Power the devices off, as `nutbus upsdrvctl shutdown` does."""
    upsdrvctl.shutdown(context, ups, config, None)


def unit(device: str) -> str:
    """Name the unit of a device; names of devices need no escaping."""
    return TEMPLATE.format(device)


def changes(wanted: Sequence[str], enabled: Iterable[str]) -> Change:
    """Say which devices get a service, lose it, or go on with settings that are read again."""
    there = list(enabled)
    return Change(
        begin=tuple(name for name in wanted if name not in there),
        end=tuple(name for name in there if name not in wanted),
        refresh=tuple(name for name in wanted if name in there),
    )


def _settings(config: Path | None) -> DriverSettings:
    # NUT's own files have no place here: the units know of one settings file only.
    return upsdrvctl.load(config)


def _enabled() -> list[str]:
    """Name the devices whose units are enabled, or loaded without that."""
    files = _systemctl("list-unit-files", "--no-legend", "--plain", TEMPLATE.format("*"))
    loaded = _systemctl("list-units", "--all", "--no-legend", "--plain", TEMPLATE.format("*"))
    units = [line.split()[0] for line in (*files.splitlines(), *loaded.splitlines()) if line]
    names = (each.removeprefix(PREFIX).removesuffix(SUFFIX) for each in units)
    return list(dict.fromkeys(name for name in names if name))


def _row(name: str) -> tuple[str, ...]:
    shown = _systemctl("show", unit(name), f"--property={','.join(_PROPERTIES)}")
    said = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    return (unit(name), name, *(said.get(key) or "-" for key in _PROPERTIES))


def _order(
    words: list[str], devices: Sequence[str], *, pretend: bool, may_fail: bool = False
) -> None:
    """Have systemd do something with the units of devices, all at once."""
    if not devices:
        return
    arguments = [*words, *(unit(name) for name in devices)]
    if pretend:
        typer.echo(f"systemctl {' '.join(arguments)}")
        return
    try:
        _systemctl(*arguments)
    except SystemdError:
        if not may_fail:
            raise


def _systemctl(*arguments: str) -> str:
    """Run systemctl and return what it prints; SystemdError with its own words."""
    command = ["systemctl", "--no-pager", *arguments]
    environment = {**os.environ, "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(  # noqa: S603 -- no shell; names of devices are checked
            command, capture_output=True, text=True, check=False, env=environment
        )
    except OSError as error:
        raise SystemdError(
            f"cannot run systemctl: {error.strerror}; without systemd use nutbus upsdrvctl"
        ) from None
    if done.returncode:
        unsaid = f"exit code {done.returncode}; are the units installed? docs/systemd.md"
        why = " ".join(done.stderr.split()) or unsaid
        raise SystemdError(f"systemctl {arguments[0]}: {why}")
    return done.stdout
