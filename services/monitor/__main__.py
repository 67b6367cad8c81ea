"""Run the monitor service: `nutbus monitor` or `python -m services.monitor`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services.monitor import start


class Order(StrEnum):
    """What a running monitor can be told."""

    FSD = "fsd"
    RELOAD = "reload"
    STOP = "stop"


def main(
    config: Annotated[Path | None, typer.Option(help="Settings file (TOML).")] = None,
    nut_config: Annotated[Path | None, typer.Option(help="Folder of NUT's own files.")] = None,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
    command: Annotated[
        Order | None, typer.Option("-c", help="Tell the running monitor: fsd, reload or stop.")
    ] = None,
    kill_power: Annotated[
        bool, typer.Option("-K", help="Only tell, by exit code 0, that the power is to be cut.")
    ] = False,
    one_process: Annotated[
        bool, typer.Option("-p", help="Keep all privileges, in one process.")
    ] = False,
    user: Annotated[
        str | None, typer.Option("-u", help="User for all that needs no privileges.")
    ] = None,
) -> None:
    """Watch over this host and shut it down before its battery is empty."""
    places = start.Places(config, nut_config)
    if kill_power:
        raise typer.Exit(start.kill_power(places))
    if command:
        start.tell(places, command)
    else:
        start.monitor(places, log_level, user, one_process=one_process)


if __name__ == "__main__":
    typer.run(main)
