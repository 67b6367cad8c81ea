"""The commands that start things or prepare for it: up, demo, check, passwd."""

import asyncio
import getpass
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from services.console import up as household
from services.console.demo import run as run_demo
from services.console.passwords import bcrypt_hash, mosquitto_hash
from services.console.security import findings
from services.console.security_findings import (
    Inquiry,
    Severity,
    as_json,
    rendered,
    sorted_by_severity,
)
from services.console.security_probe import probed
from shared import service
from shared.errors import PowerError, SettingsError
from shared.settings import DEFAULT_FILES, find_file, read_toml
from shared.users import hash_password

Config = Annotated[Path | None, typer.Option(help="Settings file (TOML).")]
NutConfig = Annotated[Path | None, typer.Option(help="Folder of NUT's own files, as /etc/nut.")]
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"],
    typer.Option(case_sensitive=False, help="The least that is worth a log line."),
]

_HASHES = {"gateway": hash_password, "mosquitto": mosquitto_hash, "nats": bcrypt_hash}


def up(
    config: Config = None,
    nut_config: NutConfig = None,
    log_level: LogLevel = "INFO",
    user: Annotated[
        str | None,
        typer.Option("-u", help="If root starts it: user for all but the shutdown itself."),
    ] = None,
) -> None:
    """Run the broker and every service that the settings name, in one process."""
    file = _file(config, nut_config)
    service.log_to_stderr(log_level)
    first = [household.load(file, nut_config)]

    def load() -> household.Household:
        return first.pop() if first else household.load(file, nut_config)

    awaited = household.parts(first[0])
    with household.monitor_prepared(first[0], user) as orders:
        service.run(load, lambda settings: household.run(settings, orders), awaited)


def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="First NUT port to try.")] = 3493,
    log_level: LogLevel = "WARNING",
) -> None:
    """Show a small simulated fleet going through a power cut; needs no settings."""
    service.log_to_stderr(log_level)
    run_demo(port)


def check(
    config: Config = None,
    nut_config: NutConfig = None,
    security: Annotated[
        bool, typer.Option("--security", help="Say what is open, why it matters, what helps.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="With --security: as JSON.")] = False,
) -> None:
    """Check the settings without starting anything; with --security also try the broker.

    With --security the exit code is 1 if anything of it is high.
    """
    file = _file(config, nut_config)
    everything = household.load(file, nut_config)
    if security:
        raise typer.Exit(_say_what_is_open(everything, file, json=json))
    idle = household.devices_that_cannot_run(everything)
    trouble = household.gateway_trouble(everything)
    verdict = f"{file or nut_config}: {'not all of it can run' if idle or trouble else 'good'}"
    typer.echo("\n".join([verdict, *household.summary(everything)]))
    if trouble:
        typer.echo(f"nutbus: {trouble}", err=True)
        raise typer.Exit(1)
    if idle:
        raise SettingsError(f"{', '.join(idle)} cannot run; everything else would start")


def _say_what_is_open(all_: household.Household, file: Path | None, *, json: bool) -> int:
    tables = read_toml(file) if file else {}
    found = findings(Inquiry(all_, tables, file, datetime.now(UTC), os.geteuid() == 0))
    if not all_.bus.address.embedded:
        found = sorted_by_severity([*found, *asyncio.run(probed(all_.bus))])
    typer.echo(as_json(found) if json else rendered(found))
    return int(any(one.severity is Severity.HIGH for one in found))


def passwd(
    kind: Annotated[
        Literal["gateway", "mosquitto", "nats"],
        typer.Option("--for", help="gateway: users of NUT and the web; else users of that broker."),
    ] = "gateway",
) -> None:
    """Ask for a password and print its hash, for password_hash of a gateway user."""
    if sys.stdin.isatty():
        first = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != first:
            raise PowerError("the two passwords differ")
    else:
        first = sys.stdin.readline().rstrip("\r\n")
    if not first:
        raise PowerError("an empty password is none")
    typer.echo(_HASHES[kind](first))


def _file(config: Path | None, nut_config: Path | None) -> Path | None:
    file = find_file(config, nut_config)
    if not file and not nut_config:
        places = " or ".join(str(default) for default in DEFAULT_FILES)
        raise SettingsError(
            f"no settings: write {places}, name a file with --config, use NUT's own with "
            "--nut-config /etc/nut, or try: nutbus demo"
        )
    return file
