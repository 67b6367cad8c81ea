"""Recorded HID devices, for tests; they lie beside the checkout and may be absent."""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from services.driver.protocols.hid.descriptor import Descriptor, Report, parse
from services.driver.protocols.hid.table import Identity, UsbId

FOLDER = Path(__file__).resolve().parents[4].parent / "shared" / "fixtures" / "hid"


@dataclass(frozen=True, slots=True)
class Recording:
    """One device: what it says of itself, its descriptor, and the values that were seen.

    `values` are as people read them, by path as NUT writes it and kind of report; `upsc` is what
    NUT showed.
    """

    name: str
    identity: Identity
    descriptor: Descriptor | None
    reports: dict[tuple[Report, int], bytes]
    values: dict[tuple[str, Report], float]
    upsc: dict[str, str]
    fields: list[dict[str, Any]] = field(default_factory=list)
    lengths: dict[str, dict[str, int]] = field(default_factory=dict)


def recordings() -> tuple[Recording, ...]:
    """Give all recordings; the test that asks is skipped where there are none."""
    if not FOLDER.is_dir():
        pytest.skip(f"there are no recordings in {FOLDER.parent}")
    return _all()


def recording(name: str) -> Recording:
    """Give the recording whose file's name begins so."""
    return next(each for each in recordings() if each.name.startswith(name))


@cache
def _all() -> tuple[Recording, ...]:
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.json")))


def _read(path: Path) -> Recording:
    told = json.loads(path.read_text())
    raw = told.get("descriptor_hex")
    kinds = {"feature": Report.FEATURE, "input": Report.INPUT, "output": Report.OUTPUT}
    return Recording(
        name=path.stem,
        identity=Identity(
            UsbId(told["vid"], told["pid"]), told["mfr"], told["product"], told["serial"]
        ),
        descriptor=parse(bytes.fromhex(raw)) if raw else None,
        reports={
            (kinds[kind], int(report, 16)): bytes.fromhex(body)[1:]
            for kind, reports in told["reports"].items()
            for report, body in reports.items()
        },
        values={
            (each["path"], kinds[each["type"].lower()]): _number(each["value"])
            for each in reversed(told.get("paths") or [])
            if each.get("value") is not None
        },
        upsc=dict(told.get("upsc") or {}),
        fields=told.get("fields_computed") or [],
        lengths=told.get("report_lengths") or {},
    )


def _number(value: float | str) -> float:
    """Read a value as a log printed it; one has a stray mark behind it."""
    return float(value.rstrip("`")) if isinstance(value, str) else value
