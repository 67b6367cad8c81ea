"""The command line: `nutbus COMMAND`."""

import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer

from services.broker.__main__ import main as broker
from services.console import audit, bus, certs, start, upsdrvctl, upsdrvsvcctl
from services.console.drivers.command import drivers
from services.console.importing.command import export, import_nut
from services.console.nut import upsc, upscmd, upslog, upsrw
from services.driver.__main__ import main as driver
from services.gateway.__main__ import main as gateway
from services.homeassistant.__main__ import main as homeassistant
from services.monitor.__main__ import main as monitor
from services.scheduler.__main__ import main as scheduler
from services.web.__main__ import main as web
from shared.errors import PowerError

SERVICES = "Run services"
BUS = "Talk to the bus"
DEVICES = "Find devices and drivers"
NUT = "NUT's own tools (same arguments and output, against any NUT server)"

app = typer.Typer(
    name="nutbus",
    help="Network UPS Tools as microservices on an MQTT bus.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nutbus {version('nutbus')}")
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            callback=_say_version,
            is_eager=True,
            help="Print the version and leave.",
        ),
    ] = False,
) -> None:
    """Take the options that come before the command."""


for command, panel in (
    (start.up, SERVICES),
    (start.demo, SERVICES),
    (start.check, SERVICES),
    (start.passwd, SERVICES),
    (import_nut, SERVICES),
    (export, SERVICES),
    (driver, SERVICES),
    (gateway, SERVICES),
    (monitor, SERVICES),
    (scheduler, SERVICES),
    (homeassistant, SERVICES),
    (web, SERVICES),
    (broker, SERVICES),
    (bus.list_devices, BUS),
    (bus.get, BUS),
    (bus.set_variable, BUS),
    (bus.command, BUS),
    (bus.fsd, BUS),
    (bus.watch, BUS),
    (bus.events, BUS),
    (drivers, DEVICES),
):
    name = {
        driver: "driver",
        gateway: "gateway",
        monitor: "monitor",
        scheduler: "scheduler",
        homeassistant: "homeassistant",
        web: "web",
        broker: "broker",
        import_nut: "import",
        bus.list_devices: "list",
        bus.set_variable: "set",
    }.get(command, command.__name__)
    app.command(name, rich_help_panel=panel)(command)


def _scan(arguments: list[str]) -> int:
    """Load what looks for devices only when somebody looks: it holds the tables of many drivers."""
    from services.console.scan.command import main

    return main(arguments)


def _mount(name: str, tool: Callable[[list[str]], int], what: str, panel: str = NUT) -> None:
    """Let a tool that takes NUT's arguments see them as they are."""

    def run(context: typer.Context) -> None:
        raise typer.Exit(tool(context.args))

    app.command(
        name,
        help=what,
        rich_help_panel=panel,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(run)


_mount("scan", _scan, "Find power devices, as nut-scanner does.", DEVICES)
_mount("upsc", upsc.main, "Read variables from a NUT server.")
_mount("upscmd", upscmd.main, "Send an instant command to a device of a NUT server.")
_mount("upsrw", upsrw.main, "Read and write variables of a device of a NUT server.")
_mount("upslog", upslog.main, "Log the state of devices of NUT servers at intervals.")
app.add_typer(audit.app, name="audit", rich_help_panel=SERVICES)
app.add_typer(certs.app, name="certs", rich_help_panel=SERVICES)
app.add_typer(upsdrvctl.app, name="upsdrvctl", rich_help_panel=NUT)
app.add_typer(upsdrvsvcctl.app, name="upsdrvsvcctl", rich_help_panel=NUT)


def main() -> None:
    """Run the command line; an expected error is one line and exit code 1."""
    try:
        app()
    except PowerError as error:
        sys.exit(f"nutbus: {error}")


if __name__ == "__main__":
    main()
