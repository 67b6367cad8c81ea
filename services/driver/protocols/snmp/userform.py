"""A user's own mapping as TOML: how it is read and checked.

`extends` takes all of a shipped mapping; rows of the file come after its rows and win. The name of
the file is what the option `mibs` calls it.
"""

import re
from collections.abc import Mapping as Table
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.driver.protocols.snmp.layout import PARTS
from services.driver.protocols.snmp.registry import by_name
from services.driver.protocols.snmp.table import (
    INDEX,
    Alarm,
    Command,
    Flag,
    Lookup,
    Mapping,
    Row,
)
from shared.topics import is_dotted_name

FLAGS = {name.lower(): flag for name, flag in Flag.__members__.items() if flag}
_OID = re.compile(r"\.?(?:[0-2]|%i)(?:\.(?:\d{1,10}|%i))+")
_WHOLE = re.compile(r"-?\d+")


def _oid(text: str) -> str:
    if not _OID.fullmatch(text) or text.count(INDEX) > 2:
        raise ValueError("an OID in digits, such as 1.3.6.1.2.1.33.1.1.2.0")
    return text.removeprefix(".")


def _name(text: str) -> str:
    if not is_dotted_name(text.replace(INDEX, "1")):
        raise ValueError("a name such as input.voltage or outlet.%i.status")
    return text


Oid = Annotated[str, AfterValidator(_oid)]
Name = Annotated[str, AfterValidator(_name)]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    flags: list[str] = []

    def _flags(self, name: str) -> Flag:
        """Put the flags together; those of the kind of part follow from the name."""
        found = Flag.OK
        for each in self.flags:
            if each not in FLAGS:
                raise ValueError(f"flag {each!r} is not known; there are {', '.join(FLAGS)}")
            found |= FLAGS[each]
        for kind, prefix in PARTS.items():
            if name.startswith(f"{prefix}.{INDEX}") and not found & _KINDS:
                found |= kind
        if INDEX in name and not found & _KINDS:
            raise ValueError(f"{name}: %i stands for an outlet, a group or a sensor")
        return found


_KINDS = Flag.OUTLET | Flag.OUTLET_GROUP | Flag.AMBIENT_TEMPLATE


class RowForm(_Form):
    """One variable: a number with a multiplier, or a text; `says` names numbers."""

    variable: Name
    oid: Oid | None = None
    multiplier: float = Field(default=1.0, allow_inf_nan=False)
    length: int = Field(default=0, ge=0)
    default: str | None = None
    says: dict[str, str] = {}
    text: bool = False
    writable: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> "RowForm":
        if self.oid is None and self.default is None:
            raise ValueError("an oid, or a default")
        if self.multiplier == 0:
            raise ValueError("multiplier: not 0")
        if bad := [key for key in self.says if not _WHOLE.fullmatch(key)]:
            raise ValueError(f"says: {bad[0]!r} is no whole number")
        self.row()
        return self

    def row(self) -> Row:
        """Make the row."""
        texts = tuple((int(number), text) for number, text in self.says.items())
        return Row(
            self.variable,
            self.oid,
            self.multiplier,
            self.length,
            self.default,
            self._flags(self.variable),
            Lookup("own", texts) if texts else None,
            self.text,
            self.writable,
        )


class CommandForm(_Form):
    """One instant command; without a default a request needs a value."""

    name: Name
    oid: Oid
    default: str | None = None
    text: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> "CommandForm":
        self.command()
        return self

    def command(self) -> Command:
        """Make the command."""
        return Command(self.name, self.oid, self.default, self._flags(self.name), self.text)


class AlarmForm(BaseModel):
    """What it means that a table of alarms holds a pointer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    oid: Oid
    status: str | None = None
    alarm: str | None = None


class MappingForm(BaseModel):
    """A whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = "1"
    extends: str | None = None
    system: Oid | None = None
    test: Oid | None = None
    rows: list[RowForm] = []
    commands: list[CommandForm] = []
    alarms: list[AlarmForm] = []

    def mapping(self, name: str) -> Mapping:
        """Make the mapping; ValueError if it extends what is not there."""
        shipped = by_name(self.extends) if self.extends else ()
        if self.extends and not shipped:
            raise ValueError(f"extends: no mapping is called {self.extends!r}")
        rows = tuple(each.row() for each in self.rows)
        commands = tuple(each.command() for each in self.commands)
        alarms = tuple(Alarm(each.oid, each.status, each.alarm) for each in self.alarms)
        own = {each.name for each in commands}
        taken = shipped[0] if shipped else Mapping(name, name, self.version, ())
        kept = tuple(each for each in taken.commands if each.name not in own)
        if not rows + taken.rows:
            raise ValueError("rows: there are none")
        return Mapping(
            name,
            name,
            self.version,
            taken.rows + rows,
            kept + commands,
            taken.alarms + alarms,
            self.system or taken.system,
            self.test or taken.test,
            taken.power,
        )


def read_table(name: str, content: Table[str, Any]) -> Mapping:
    """Make a mapping of the content of a file; ValueError names the row and the reason."""
    try:
        return MappingForm.model_validate(dict(content)).mapping(name)
    except ValidationError as error:
        raise ValueError("; ".join(_complaint(each, content) for each in error.errors())) from None


def _complaint(fault: Any, content: Table[str, Any]) -> str:  # noqa: ANN401 -- pydantic's own form
    """Write where a fault is: rows[3] 'ups.load': multiplier: not 0."""
    place = ""
    inside: Any = dict(content)
    for part in fault["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f"{'.' if place else ''}{part}"
        is_in = isinstance(part, int) and isinstance(inside, list) and part < len(inside)
        if is_in or (isinstance(inside, dict) and part in inside):
            inside = inside[part]
        if isinstance(inside, dict) and (called := inside.get("variable", inside.get("name"))):
            place += f" {called!r}"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}"
