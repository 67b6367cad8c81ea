"""Run the web service: `nutbus web` or `python -m services.web`."""

from pathlib import Path
from typing import Annotated

import typer

from services.web.settings import WebSettings
from shared import service
from shared.topics import ServiceKind


def main(
    config: Annotated[Path | None, typer.Option(help="Settings file (TOML).")] = None,
    nut_config: Annotated[Path | None, typer.Option(help="Folder of NUT's own files.")] = None,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Serve pages, pictures, history and metrics over HTTP."""
    # The command line must not pay for an HTTP server.
    from services.web.app import run
    from services.web.server import PAGES

    parts = [ServiceKind.WEB, PAGES]
    service.start(WebSettings, run, config, nut_config, log_level, parts)


if __name__ == "__main__":
    typer.run(main)
