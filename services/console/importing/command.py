"""The commands that move settings: import and export."""

import logging
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from services.console import up
from services.console.importing.nutfiles import nut_files
from services.console.importing.reading import read
from services.console.importing.report import report
from services.console.importing.toml import toml
from shared.errors import PowerError, SettingsError
from shared.settings import find_file, read_toml

HEADER = "# The settings of {}, taken over by nutbus import.\n\n"


def import_nut(
    directory: Annotated[Path, typer.Argument(help="Folder of NUT's files.")] = Path("/etc/nut"),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; it must not exist yet.")
    ] = None,
    hash_passwords: Annotated[
        bool, typer.Option(help="Keep only hashes of the passwords of the users of the gateway.")
    ] = False,
) -> None:
    """Write NUT's files as our settings, and say of each line what became of it."""
    _hush()
    reading = read(directory, hash_passwords=hash_passwords)
    text = HEADER.format(directory.absolute()) + toml(reading.tables)
    if output:
        write_new(output, text)
    else:
        typer.echo(text)
    for line in report(reading.statements):
        typer.echo(line, err=output is None)
    _check(reading.tables, str(output or directory))


def export(
    directory: Annotated[Path, typer.Argument(help="Folder to write to.")],
    config: Annotated[Path | None, typer.Option(help="Settings file (TOML).")] = None,
) -> None:
    """Write our settings as NUT's files, and say what NUT has no word for."""
    file = find_file(config)
    if file is None:
        raise SettingsError("no settings: name a file with --config")
    up.load(file, None)
    files, lost = nut_files(read_toml(file), file.parent.absolute())
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PowerError(f"{directory}: {error.strerror}") from None
    for name, text in files.items():
        write_new(directory / name, text)
        typer.echo(f"{directory / name} is written")
    for what in lost:
        typer.echo(f"LOST: {what}")


def write_new(file: Path, text: str) -> None:
    """Write a file for its owner only, since it has passwords; PowerError if it is there."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise PowerError(f"{file}: {error.strerror}") from None


def _hush() -> None:
    """Keep the warnings off the terminal: the report has them all."""
    logging.getLogger("shared.nutconfig").setLevel(logging.ERROR)


def _check(tables: dict[str, Any], source: str) -> None:
    idle = up.devices_that_cannot_run(up.household(tables, source))
    if idle:
        raise SettingsError(f"{', '.join(idle)} cannot run here; nutbus check says why")
