"""The commands that talk to the bus: list, get, set, command, watch, events."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from services.console import live, orders, render, watching
from shared.messages import Availability, Result
from shared.settings import BusSettings, ServiceSettings, find_file
from shared.topics import DeviceTopic

Config = Annotated[Path | None, typer.Option(help="Settings file (TOML).")]
Broker = Annotated[
    str | None, typer.Option(help="The broker instead of the settings' one, as mqtt://host:1883.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds to wait for the result.")]
Device = Annotated[str, typer.Argument(help="The device's name.")]
Devices = Annotated[list[str] | None, typer.Argument(help="Only these devices.")]


def list_devices(config: Config = None, broker: Broker = None, as_json: Json = False) -> None:
    """List the devices on the bus with their status."""
    devices = live.run(orders.devices(_settings(config, broker)))
    if as_json:
        typer.echo(render.as_json([render.device_as_data(device) for device in devices]))
    elif devices:
        typer.echo("\n".join(render.device_lines(devices)))
    else:
        typer.echo("no devices on the bus", err=True)


def get(
    device: Device,
    variable: Annotated[str | None, typer.Argument(help="Only this variable.")] = None,
    config: Config = None,
    broker: Broker = None,
    as_json: Json = False,
) -> None:
    """Print the variables of a device, or one of them."""
    found = live.run(orders.device(_settings(config, broker), device))
    if found.standing is not Availability.ONLINE and not as_json:
        typer.echo(f"{device} is {found.standing}: this is the last that was known", err=True)
    if variable:
        value = orders.variable(found, variable)
        typer.echo(json.dumps(value) if as_json else value)
    elif as_json:
        typer.echo(render.as_json(render.device_as_data(found)))
    else:
        typer.echo("\n".join(render.variable_lines(found)))


def set_variable(
    device: Device,
    variable: Annotated[str, typer.Argument(help="The variable's name.")],
    value: Annotated[str, typer.Argument(help="Its new value.")],
    config: Config = None,
    broker: Broker = None,
    as_json: Json = False,
    timeout: Timeout = 10.0,
) -> None:
    """Set a variable of a device and print how that ended."""
    _request(config, broker, device, DeviceTopic.SET, variable, value, timeout, as_json)


def command(
    device: Device,
    name: Annotated[str | None, typer.Argument(help="The command; without it, list them.")] = None,
    value: Annotated[str | None, typer.Argument(help="Its parameter, if it takes one.")] = None,
    config: Config = None,
    broker: Broker = None,
    as_json: Json = False,
    timeout: Timeout = 10.0,
) -> None:
    """Send an instant command to a device and print how that ended."""
    if name:
        _request(config, broker, device, DeviceTopic.COMMAND, name, value, timeout, as_json)
        return
    found = live.run(orders.device(_settings(config, broker), device))
    names = sorted(found.meta.commands) if found.meta else []
    typer.echo(render.as_json(names) if as_json else "\n".join(render.command_lines(found)))


def fsd(
    device: Device,
    clear: Annotated[bool, typer.Option("--clear", help="Clear it instead of setting it.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for those who see it.")] = "",
    config: Config = None,
    broker: Broker = None,
) -> None:
    """Order the shutdown of every host that a device feeds (FSD), or call it off."""
    if not clear and sys.stdin.isatty():
        typer.confirm(f"Every host that {device} feeds will shut down. Go on?", abort=True)
    settings = _settings(config, broker)
    typer.echo(live.run(orders.force_shutdown(settings, device, reason, clear=clear)))


def watch(devices: Devices = None, config: Config = None, broker: Broker = None) -> None:
    """Show the fleet as a live table, the worst first, until Ctrl-C."""
    live.run(watching.watch(_settings(config, broker), frozenset(devices or ())))


def events(
    devices: Devices = None, config: Config = None, broker: Broker = None, as_json: Json = False
) -> None:
    """Print the events of devices as they happen, until Ctrl-C."""
    live.run(watching.events(_settings(config, broker), frozenset(devices or ()), as_json))


def _settings(config: Path | None, broker: str | None) -> BusSettings:
    tables = ServiceSettings.load(find_file(config)).bus
    if broker is None:
        return tables
    return ServiceSettings.from_tables({"bus": {"broker": broker}}, "--broker").bus


def _request(
    config: Path | None,
    broker: str | None,
    device: str,
    part: Literal[DeviceTopic.COMMAND, DeviceTopic.SET],
    name: str,
    value: str | None,
    timeout: float,
    as_json: bool,
) -> None:
    settings = _settings(config, broker)
    result: Result = live.run(orders.request(settings, device, part, name, value, timeout))
    text = result.model_dump_json(exclude_none=True) if as_json else render.result_line(result)
    typer.echo(text, err=not orders.succeeded(result) and not as_json)
    if not orders.succeeded(result):
        raise typer.Exit(1)
