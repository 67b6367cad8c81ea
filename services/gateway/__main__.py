"""Run the gateway service: `nutbus gateway` or `python -m services.gateway`."""

from pathlib import Path
from typing import Annotated

import typer

from services.gateway.app import run
from services.gateway.settings import GatewaySettings
from shared import service
from shared.supervisor import GATEWAY_CLIENTS
from shared.topics import ServiceKind


def main(
    config: Annotated[Path | None, typer.Option(help="Settings file (TOML).")] = None,
    nut_config: Annotated[Path | None, typer.Option(help="Folder of NUT's own files.")] = None,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Serve the NUT network protocol from the bus."""
    parts = [ServiceKind.GATEWAY, GATEWAY_CLIENTS]
    service.start(GatewaySettings, run, config, nut_config, log_level, parts)


if __name__ == "__main__":
    typer.run(main)
