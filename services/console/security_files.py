"""What the files leave open: that of the settings, and those that it names."""

import re
import stat
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from services.console.certs_authority import expiry
from services.console.security_findings import HIGH, LOW, MEDIUM, Finding, Inquiry

SOON: Final = timedelta(days=30)
_SECRET_KEY: Final = re.compile(
    r"(?:.*_)?(?:password|passwd|token|secret|passphrase|community|urls|authpassword|privpassword)"
)
_HASH_KEY: Final = re.compile(r".*_(?:hash|file)")
_URL_PASSWORD: Final = re.compile(r"\w+://[^/@:]*:[^/@]+@")


def settings_file(inquiry: Inquiry) -> Iterator[Finding]:
    """Judge who reads and writes the settings, and the secrets in them."""
    file = inquiry.file
    plain = list(dict.fromkeys(_plain_secrets(inquiry.tables)))
    readable = file is not None and bool(_mode(file) & 0o004)
    if plain:
        yield Finding(
            HIGH if readable else LOW,
            f"{file or 'settings'}",
            f"plain passwords in {', '.join(plain)}"
            + ("; everybody on this machine may read them" if readable else ""),
            "they are in every copy and backup of the file",
            "use password_hash or password_file; chmod 600 the file",
        )
    if file is not None and may_be_written_by_others(file):
        yield Finding(
            HIGH,
            f"{file}",
            "others than its owner may write it",
            "it says which programs are run when power fails, with which rights",
            f"chmod go-w {file}",
        )
    if file is not None and _is_open_folder(file.resolve().parent):
        yield Finding(
            HIGH,
            f"{file.resolve().parent}",
            "others may put files in the folder of the settings",
            "they could put settings of their own in place of yours",
            f"chmod go-w {file.resolve().parent}",
        )


def named_files(inquiry: Inquiry) -> Iterator[Finding]:
    """Look at files that the settings name: secrets, keys and certificates."""
    for key, value in _leaves(inquiry.tables):
        name = key.rpartition(".")[2]
        if not name.endswith("_file") or not isinstance(value, str):
            continue
        file = Path(value)
        what = name.removesuffix("_file")
        if (_SECRET_KEY.fullmatch(what) or what == "key") and _mode(file) & 0o007:
            yield Finding(
                HIGH,
                key,
                f"everybody on this machine may read {file}",
                "it is a secret",
                f"chmod 640 {file}, with the group of the service",
            )
        if what == "certificate":
            yield from _certificate(key, file, inquiry.now)


def may_be_written_by_others(file: Path) -> bool:
    """Tell whether others than its owner may write a file; one that is not there nobody writes."""
    return bool(_mode(file) & 0o022)


def _certificate(key: str, file: Path, now: datetime) -> Iterator[Finding]:
    if _mode(file) & 0o004 and b"PRIVATE KEY" in _content(file):
        yield Finding(
            HIGH,
            key,
            f"everybody on this machine may read {file}, and its key is in it",
            "who has the key can be us",
            f"chmod 640 {file}, with the group of the service",
        )
    ends = expiry(file)
    if ends is not None and ends <= now + SOON:
        yield Finding(
            HIGH if ends <= now else MEDIUM,
            key,
            f"{file} {'has ended' if ends <= now else 'ends'} on {ends:%Y-%m-%d}",
            "nobody who checks it connects any more after that",
            "nutbus certs renew",
        )


def _plain_secrets(tables: Mapping[str, Any]) -> Iterator[str]:
    for key, value in _leaves(tables):
        name = key.rpartition(".")[2]
        if not isinstance(value, str):
            continue
        is_secret = _SECRET_KEY.fullmatch(name) and not _HASH_KEY.fullmatch(name)
        if value and (is_secret or _URL_PASSWORD.match(value)):
            yield key


def _leaves(table: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(table, Mapping):
        for key, value in table.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(table, list):
        for value in table:
            yield from _leaves(value, path)
    else:
        yield path, table


def _mode(file: Path) -> int:
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return 0


def _is_open_folder(folder: Path) -> bool:
    mode = _mode(folder)
    return bool(mode & 0o022) and not mode & stat.S_ISVTX


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
