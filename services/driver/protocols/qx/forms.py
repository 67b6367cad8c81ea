"""The form of a user's table: the columns of `table`, with functions by their names."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator
from pydantic import Field as Column

from services.driver.protocols.qx import functions
from services.driver.protocols.qx.table import (
    Answer,
    Command,
    Dialect,
    Field,
    Limits,
    Probe,
    Query,
    Reading,
    Setting,
)


def _bytes(value: Any) -> bytes:  # noqa: ANN401 -- whatever the file holds
    if not isinstance(value, str):
        raise ValueError("a text")
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError("characters of Latin-1 only") from None


def _function(column: str) -> PlainValidator:
    def find(value: Any) -> functions.Function:  # noqa: ANN401 -- whatever the file holds
        if not isinstance(value, str):
            raise ValueError("the name of a function, as text")
        return functions.named(column, value)

    return PlainValidator(find)


Latin = Annotated[bytes, BeforeValidator(_bytes)]
Place = Annotated[int, Column(ge=0)]


class Form(BaseModel):
    """What all rows share: unknown columns are errors, nothing is converted silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def given(self) -> dict[str, Any]:
        """List the columns that were given."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class LimitsForm(Form):
    """What may be written."""

    choices: list[str] = []
    ranges: list[Annotated[list[float], Column(min_length=2, max_length=2)]] = []
    length: Place | None = None

    def limits(self) -> Limits:
        """Make the limits."""
        ranges = tuple((low, high) for low, high in self.ranges)
        return Limits(tuple(self.choices), ranges, self.length)


def _limits(value: Any) -> Any:  # noqa: ANN401 -- whatever the file holds
    if isinstance(value, str):
        return functions.named("limits", value)
    return LimitsForm.model_validate(value).limits()


AnyLimits = Annotated[Any, PlainValidator(_limits)]


class AnswerForm(Form):
    """How the device answers."""

    lead: str = ""
    length: Place = 0
    start: Place = 0
    end: Place | None = None
    frame: Annotated[Any, _function("frame")] = None
    repair: Annotated[Any, _function("repair")] = None


class FieldForm(Form):
    """One value in the columns of a reply."""

    variable: str
    start: Place
    end: Place | None = None
    form: str = "%.1f"
    says: dict[str, str] = {}
    convert: Annotated[Any, _function("convert")] = None
    reading: Literal["each", "once", "changed"] = "each"
    quick: bool = False
    trim: bool = False
    private: bool = False
    limits: AnyLimits = None
    when: Annotated[Any, _function("when")] = None

    def field(self) -> Field:
        """Make the row."""
        given = {**self.given(), "reading": Reading[self.reading.upper()]}
        return Field(**{"end": None, **given})


class QueryForm(Form):
    """One request, and what its reply carries."""

    request: str
    example: Latin
    fields: list[FieldForm]
    lead: str = ""
    length: Place = 0
    longest: Place = 0
    is_binary: bool = False
    frame: Annotated[Any, _function("frame")] = None
    repair: Annotated[Any, _function("repair")] = None

    def query(self) -> Query:
        """Make the row."""
        return Query(**{**self.given(), "fields": tuple(each.field() for each in self.fields)})


class SettingForm(Form):
    """A variable that can be written."""

    variable: str
    request: str | None = None
    default: str = ""
    limits: AnyLimits = None
    ask: Annotated[Any, _function("ask")] = None
    answer: AnswerForm = AnswerForm()
    private: bool = False
    when: Annotated[Any, _function("when")] = None

    def setting(self) -> Setting:
        """Make the row."""
        return Setting(**{**self.given(), "answer": Answer(**self.answer.given())})


class CommandForm(Form):
    """An instant command."""

    name: str
    request: str
    ask: Annotated[Any, _function("ask")] = None
    default: str = ""
    answer: AnswerForm = AnswerForm()
    when: Annotated[Any, _function("when")] = None

    def command(self) -> Command:
        """Make the row."""
        return Command(**{**self.given(), "answer": Answer(**self.answer.given())})


class ProbeForm(Form):
    """A variable that must be readable."""

    variable: str
    unless: str = ""
    refusals: list[Latin] = []

    def probe(self) -> Probe:
        """Make the row."""
        return Probe(**{**self.given(), "refusals": tuple(self.refusals)})


class DialectForm(Form):
    """A whole table."""

    version: str = ""
    probes: Annotated[list[ProbeForm], Column(min_length=1)]
    queries: Annotated[list[QueryForm], Column(min_length=1)]
    settings: list[SettingForm] = []
    commands: list[CommandForm] = []
    constants: dict[str, str] = {}
    accepted: str = ""
    rejected: Latin = b""

    def dialect(self, name: str) -> Dialect:
        """Make the dialect."""
        return Dialect(
            name=name,
            version=self.version or name,
            probes=tuple(each.probe() for each in self.probes),
            queries=tuple(each.query() for each in self.queries),
            settings=tuple(each.setting() for each in self.settings),
            commands=tuple(each.command() for each in self.commands),
            constants=self.constants,
            accepted=self.accepted,
            rejected=self.rejected,
        )
