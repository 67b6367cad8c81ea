"""Run the scheduler service: `nutbus scheduler` or `python -m services.scheduler`."""

from pathlib import Path
from typing import Annotated

import typer

from services.scheduler.app import run
from services.scheduler.settings import SchedulerSettings
from shared import service
from shared.topics import ServiceKind


def main(
    config: Annotated[Path | None, typer.Option(help="Settings file (TOML).")] = None,
    nut_config: Annotated[Path | None, typer.Option(help="Folder of NUT's own files.")] = None,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Act on events and the clock: timers, programs, commands, notifications."""
    parts, loop = [ServiceKind.SCHEDULER], service.FOR_PROGRAMS
    service.start(SchedulerSettings, run, config, nut_config, log_level, parts, loop=loop)


if __name__ == "__main__":
    typer.run(main)
