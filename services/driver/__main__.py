"""Run the driver service: `nutbus driver` or `python -m services.driver`."""

from pathlib import Path
from typing import Annotated

import typer

from services.driver.app import run
from services.driver.settings import DriverSettings
from shared import service
from shared.topics import ServiceKind


def main(
    config: Annotated[Path | None, typer.Option(help="Settings file (TOML).")] = None,
    nut_config: Annotated[Path | None, typer.Option(help="Folder of NUT's own files.")] = None,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
    device: Annotated[str | None, typer.Option(help="Only this device of the settings.")] = None,
) -> None:
    """Put power devices on the bus."""
    narrow = (lambda settings: settings.only(device)) if device else None
    parts = [ServiceKind.DRIVER]
    service.start(DriverSettings, _serve, config, nut_config, log_level, parts, narrow)


async def _serve(settings: service.Reloadable[DriverSettings]) -> None:
    await run(settings, settings.reload)


if __name__ == "__main__":
    typer.run(main)
