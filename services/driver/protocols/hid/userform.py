"""Vendor tables as TOML: how a user's table is read and checked, and how a row is written down.

driver = "usbhid"
version = "Acme 1.0"
like = "apc"
[usages]
AcmeLoad = "ff860042"
[[rows]]
variable = "ups.status"
path = "UPS.PowerSummary.PresentStatus.ACPresent"
poll = "quick"
says = { 1 = "online", 0 = "!online" }
[[commands]]
name = "beeper.mute"
path = "UPS.PowerSummary.AudibleAlarmControl"
value = "3"
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.driver.protocols.hid import lookups, registry
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.standard import STANDARD
from services.driver.protocols.hid.status import WORDS
from services.driver.protocols.hid.table import STATUS, Command, Lookup, Poll, Row, Vendor
from services.driver.protocols.hid.usages import USAGES

SHOWN_STATUS: Final = "ups.status"
POLLS: Final = {
    "usual": Poll.USUAL,
    "quick": Poll.QUICK,
    "once": Poll.STATIC,
    "set": Poll.SEMI_STATIC,
    "kept": Poll.ABSENT,
}
LOOKUPS: Final = {
    name.lower(): each for name, each in vars(lookups).items() if isinstance(each, Lookup)
}
_FORM = re.compile(r"[^%]*%(0?\d{0,2})(?:\.\d{1,2})?[df][^%]*\Z")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:[.-][A-Za-z0-9-]+)+\Z")


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RowForm(_Form):
    """A row as it is written: `says` or `lookup` where numbers stand for texts."""

    variable: str
    path: str
    form: str = "%.0f"
    lookup: str | None = None
    says: dict[int, str] = {}
    poll: Literal["usual", "quick", "once", "set", "kept"] = "usual"
    writable: bool = False
    length: int = Field(default=0, ge=0)


class CommandForm(_Form):
    """A command as it is written."""

    name: str
    path: str
    value: str | None = None
    lookup: str | None = None
    says: dict[int, str] = {}


class VendorForm(_Form):
    """A file: `like` names the table whose rows and commands come behind those of the file."""

    version: str
    like: str = STANDARD.name
    usages: dict[str, str] = {}
    rows: list[RowForm] = []
    commands: list[CommandForm] = []


def read_table(name: str, content: Mapping[str, Any]) -> Vendor:
    """Make a table of the content of a file; ValueError names the row and the reason."""
    form = VendorForm.model_validate(dict(content))
    base = _base(form.like)
    own = tuple((usage, _number(usage, text)) for usage, text in form.usages.items())
    usages = Usages.of(own, tuple((n, u) for n, u in base.usages.numbers.items()), USAGES)
    rows = tuple(_row(f"rows[{at}]", each, usages) for at, each in enumerate(form.rows))
    commands = tuple(
        _command(f"commands[{at}]", each, usages) for at, each in enumerate(form.commands)
    )
    return Vendor(
        name,
        version=form.version,
        usages=usages,
        rows=(*rows, *base.rows),
        commands=(*commands, *base.commands),
        maker=base.maker,
        questions=base.questions,
        identify=base.identify,
        repairs=base.repairs,
        quirks=base.quirks,
        special=base.special,
        full_poll=base.full_poll,
    )


def row_text(row: Row) -> Iterator[str]:
    """Write a row as `read_table` reads it; as a comment if its conversion has no name there."""
    shared = next((name for name, each in LOOKUPS.items() if each is row.lookup), None)
    is_own = row.lookup is not None and row.lookup.read is None and row.lookup.write is None
    head = "" if row.lookup is None or shared or is_own else "# "
    poll = next((name for name, each in POLLS.items() if each == row.poll), "usual")
    yield f"{head}[[rows]]"
    yield f"{head}variable = {_quoted(SHOWN_STATUS if row.variable == STATUS else row.variable)}"
    yield f"{head}path = {_quoted(row.path)}"
    if row.lookup is None or row.poll & Poll.ABSENT:
        yield f"{head}form = {_quoted(row.form)}"
    if shared:
        yield f"{head}lookup = {_quoted(shared)}"
    elif row.lookup is not None and is_own:
        pairs = ", ".join(f"{number} = {_quoted(text)}" for number, text in row.lookup.texts)
        yield f"says = {{ {pairs} }}"
    elif row.lookup is not None:
        yield f"# its conversion {row.lookup.name} is a part of the table above"
    if poll != "usual":
        yield f"{head}poll = {_quoted(poll)}"
    if row.is_writable:
        yield f"{head}writable = true"
    if row.length:
        yield f"{head}length = {row.length}"


def _base(name: str) -> Vendor:
    tables = {each.name: each for each in (*registry.VENDORS, STANDARD)}
    if name not in tables:
        raise ValueError(f"like: no table is called {name!r}; there are {', '.join(tables)}")
    return tables[name]


def _number(name: str, text: str) -> int:
    try:
        number = int(text, 16)
    except ValueError:
        number = -1
    if not 0 <= number <= 0xFFFFFFFF:
        raise ValueError(f"usages.{name}: {text!r} is no number of 8 hexadecimal digits")
    return number


def _row(place: str, form: RowForm, usages: Usages) -> Row:
    place = f"{place} {form.variable!r}"
    _check_path(place, form.path, usages)
    if form.variable != SHOWN_STATUS and not _NAME.match(form.variable):
        raise ValueError(f"{place}: this is no name of a variable")
    lookup = _lookup(place, form.lookup, form.says)
    if form.variable == SHOWN_STATUS:
        _check_words(place, lookup)
    elif lookup is None and form.poll != "kept" and not _FORM.match(form.form):
        raise ValueError(f"{place}: form: {form.form!r} must hold one number such as %.1f")
    return Row(
        STATUS if form.variable == SHOWN_STATUS else form.variable,
        form.path,
        form.form,
        lookup,
        POLLS[form.poll],
        is_writable=form.writable,
        is_text=form.length > 0,
        is_enumerated=form.writable and bool(lookup and lookup.texts),
        length=form.length,
    )


def _command(place: str, form: CommandForm, usages: Usages) -> Command:
    place = f"{place} {form.name!r}"
    _check_path(place, form.path, usages)
    return Command(form.name, form.path, form.value, _lookup(place, form.lookup, form.says))


def _lookup(place: str, name: str | None, says: Mapping[int, str]) -> Lookup | None:
    if says:
        return Lookup("says", tuple(says.items()))
    if name is not None and name not in LOOKUPS:
        raise ValueError(f"{place}: lookup: there are {', '.join(LOOKUPS)}, and no {name}")
    return LOOKUPS[name] if name else None


def _check_words(place: str, lookup: Lookup | None) -> None:
    if lookup is None:
        raise ValueError(f"{place}: says: which number stands for which word")
    for _, text in lookup.texts:
        if text.removeprefix("!").lower() not in WORDS:
            known = ", ".join(sorted(WORDS))
            raise ValueError(f"{place}: says: {text!r} is none of {known}, nor one of them with !")


def _check_path(place: str, path: str, usages: Usages) -> None:
    for step in path.split("."):
        if usages.path(step) is None:
            raise ValueError(f"{place}: path: {step!r} is no usage; [usages] may give it a number")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
