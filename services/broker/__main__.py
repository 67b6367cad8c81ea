"""Run the embedded broker alone: `nutbus broker` or `python -m services.broker`."""

from pathlib import Path
from typing import Annotated

import typer

from services.broker.app import BROKER, run
from services.broker.settings import BrokerServiceSettings
from shared import service
from shared.latest import Latest


def main(
    config: Annotated[Path | None, typer.Option(help="Settings file (TOML).")] = None,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Run the embedded MQTT broker, without any other service."""
    service.start(BrokerServiceSettings, _serve, config, None, log_level, [BROKER])


async def _serve(settings: Latest[BrokerServiceSettings]) -> None:
    await run(settings.value.broker)


if __name__ == "__main__":
    typer.run(main)
