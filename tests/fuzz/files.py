"""Targets: files that somebody else may have written."""

import functools
import tempfile
from pathlib import Path

from services.web.compatibility.hosts import hosts_file
from shared.audit import faults
from shared.nutconfig import nut_settings
from shared.nutconfig.statements import statements
from tests.fuzz.target import LAST, Target

NUT_FILES = ("ups.conf", "upsd.conf", "upsd.users", "upsmon.conf", "upssched.conf", "hosts.conf")


@functools.cache
def folder() -> tempfile.TemporaryDirectory[str]:
    made = tempfile.TemporaryDirectory(prefix="nutbus-fuzz-")
    LAST.append(made.cleanup)
    return made


def nut_files(data: bytes) -> None:
    """Take the first byte for the file that has the rest."""
    place = Path(folder().name)
    for name in NUT_FILES:
        (place / name).write_bytes(b"")
    chosen = place / NUT_FILES[data[0] % len(NUT_FILES) if data else 0]
    chosen.write_bytes(data[1:])
    nut_settings(place)
    hosts_file(statements(chosen))


def audit_file(data: bytes) -> None:
    list(faults(data.splitlines(keepends=True)))


TARGETS = {
    "nut-files": Target(
        nut_files,
        (
            b'\x00maxretry = 3\n[ups]\n driver = dummy-ups\n port = "a b"\n desc = "x"\n',
            b"\x01LISTEN 0.0.0.0 3493\nMAXAGE 15\n",
            b"\x02[admin]\npassword = x\nactions = SET\ninstcmds = ALL\nupsmon primary\n",
            b'\x03MONITOR ups@localhost 1 u p primary\nSHUTDOWNCMD "/bin/true"\n'
            b"NOTIFYFLAG ONLINE EXEC\n",
            b"\x04CMDSCRIPT /x\nPIPEFN /p\nLOCKFN /l\nAT ONBATT * START-TIMER t 30\n",
            b'\x05MONITOR ups@localhost "x"\n',
        ),
        rounds=150,
    ),
    "audit": Target(audit_file, (b'{"at": 1}\n{"at": 2, "after": "0123456789abcdef"}\n',)),
}
