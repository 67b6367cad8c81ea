"""Run the Home Assistant service: `nutbus homeassistant` or `python -m services.homeassistant`."""

from pathlib import Path
from typing import Annotated

import typer

from services.homeassistant.app import run
from services.homeassistant.settings import HomeAssistantSettings
from shared import service
from shared.topics import ServiceKind


def main(
    config: Annotated[Path | None, typer.Option(help="Settings file (TOML).")] = None,
    nut_config: Annotated[Path | None, typer.Option(help="Folder of NUT's own files.")] = None,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Let devices appear in Home Assistant by themselves."""
    parts = [ServiceKind.HOMEASSISTANT]
    service.start(HomeAssistantSettings, run, config, nut_config, log_level, parts)


if __name__ == "__main__":
    typer.run(main)
