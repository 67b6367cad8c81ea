"""What `nutbus check --security` finds: its shape, what it is judged from, how it is written."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from services.console.up import Household
from shared.settings import ServiceSettings


class Severity(StrEnum):
    """How bad it is: HIGH lets strangers do harm, MEDIUM helps them, LOW is worth knowing."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


HIGH, MEDIUM, LOW = Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is open: where in the settings, what, why it matters, what helps."""

    severity: Severity
    where: str
    what: str
    why: str
    cure: str


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is judged: the settings, the file they are from as it stands, and the clock."""

    household: Household
    tables: Mapping[str, Any]
    file: Path | None
    now: datetime
    is_root: bool = True

    def of(self, name: str) -> ServiceSettings | None:
        """Give the settings of one service, if it would run."""
        return self.household.services.get(name)


def sorted_by_severity(found: Iterable[Finding]) -> list[Finding]:
    """Put the worst first."""
    return sorted(found, key=lambda one: list(Severity).index(one.severity))


def rendered(found: list[Finding]) -> str:
    """Write findings for people."""
    if not found:
        return "security: nothing found"
    lines = []
    for one in found:
        lines += [
            f"{one.severity.upper():6}  {one.where}: {one.what}",
            f"        why:  {one.why}",
            f"        cure: {one.cure}",
        ]
    counts = ", ".join(
        f"{sum(one.severity is level for one in found)} {level}" for level in Severity
    )
    return "\n".join([*lines, f"security: {counts}"])


def as_json(found: list[Finding]) -> str:
    """Write findings for programs."""
    return json.dumps([asdict(one) for one in found], indent=2)
