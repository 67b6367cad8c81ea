"""`nutbus audit`: is the audit file whole."""

from pathlib import Path
from typing import Annotated

import typer

from shared.audit import faults
from shared.errors import PowerError

app = typer.Typer(name="audit", help="Look after the audit file.", no_args_is_help=True)


@app.callback()
def options() -> None:
    """Keep `verify` a command of its own, beside those to come."""


@app.command()
def verify(file: Annotated[Path, typer.Argument(help="File of the audit log.")]) -> None:
    """Say whether a line is missing or was changed; exit code 1 if so.

    It cannot tell whether the last lines were cut off, nor that somebody wrote the file anew.
    """
    try:
        with file.open("rb") as lines:
            found = list(faults(lines))
            size = lines.tell()
    except OSError as error:
        raise PowerError(f"cannot read {file}: {error.strerror}") from None
    for fault in found:
        typer.echo(f"{file}: {fault}")
    if found:
        raise typer.Exit(1)
    typer.echo(f"{file}: no line is missing or changed in its {size} bytes")
