"""What the scheduler is told: receivers, rules, calendars, upssched.conf, and where it stores."""

import shlex
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    Field,
    SecretStr,
    create_model,
    field_validator,
    model_validator,
)

from services.scheduler import calendar, rules
from services.scheduler.addresses import is_understood, schema_of
from services.scheduler.texts import checked as checked_template
from services.scheduler.upssched import Verb
from shared.faults import unknown_key
from shared.folders import state_folder
from shared.settings import Section, ServiceSettings, checked_name, default_id
from shared.topics import is_dotted_name

VERBS: Final = ("notify", "run", "command", "set", "report")
_BELONGS: Final[dict[str, tuple[str, ...]]] = {
    "title": ("notify",),
    "to": ("notify", "report"),
    "timeout": ("run",),
    "value": ("command", "set"),
    "device": ("command", "set"),
}
_DAY: Final = 86400.0


class ReceiverSettings(Section):
    """Who gets notifications: one or more addresses in apprise's spelling."""

    urls: SecretStr = Field(
        description="Address as apprise takes it (mailto://, json://, tgram://, …), or a list of"
        " them; better given by urls_file, one a line."
    )

    @field_validator("urls", mode="before")
    @classmethod
    def _joined(cls, urls: object) -> object:
        if isinstance(urls, list) and all(isinstance(url, str) for url in urls):
            return "\n".join(urls)
        return urls

    @field_validator("urls")
    @classmethod
    def _understood(cls, urls: SecretStr) -> SecretStr:
        found = addresses(urls)
        if not found:
            raise ValueError("there is no address in it")
        for number, url in enumerate(found, 1):
            if not is_understood(url):
                schema = schema_of(url)
                raise ValueError(
                    f"address {number} of {len(found)} (its schema: {schema}) is none that apprise"
                    " understands, such as mailto://user:password@example.org"
                )
        return urls


class ActionSettings(Section):
    """One thing to do: notify, run, command, set or report, with what belongs to it."""

    notify: str | None = Field(default=None, description="Text of a message; a template.")
    title: str = Field(default="{device}: {type}", description="Its title; a template.")
    to: list[str] = Field(default=[], description="Names of receivers; by default all.")
    run: list[str] | None = Field(
        default=None, description="Program and arguments, started without a shell; templates."
    )
    timeout: float | None = Field(
        default=None, gt=0, le=_DAY, description="Seconds after which the program is ended."
    )
    command: str | None = Field(default=None, description="Instant command for the device.")
    set: str | None = Field(default=None, description="Variable of the device to set.")
    value: str | None = Field(
        default=None, description="Value of the variable, or the command's parameter; a template."
    )
    device: str | None = Field(
        default=None, description="Device that gets it; by default the one it is about."
    )
    report: str | None = Field(
        default=None, description="Title of a report of outages and battery health (calendar only)."
    )

    @field_validator("to", mode="before")
    @classmethod
    def _listed(cls, to: object) -> object:
        return [to] if isinstance(to, str) else to

    @field_validator("run", mode="before")
    @classmethod
    def _split(cls, run: object) -> object:
        return shlex.split(run) if isinstance(run, str) else run

    @field_validator("value", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return str(value) if is_number else value

    @field_validator("run")
    @classmethod
    def _runnable(cls, run: list[str] | None) -> list[str] | None:
        if run is not None and not (run and run[0].startswith("/")):
            raise ValueError("has to begin with the full path of a program, as /usr/bin/logger")
        for argument in (run or [])[1:]:
            checked_template(argument)
        return run

    @field_validator("notify", "title", "value", "report")
    @classmethod
    def _template(cls, text: str | None) -> str | None:
        return text and checked_template(text)

    @field_validator("command", "set")
    @classmethod
    def _dotted(cls, name: str | None) -> str | None:
        if name is not None and not is_dotted_name(name):
            raise ValueError(f"{name!r} is no name of a command or a variable")
        return name

    @field_validator("device")
    @classmethod
    def _named(cls, device: str | None) -> str | None:
        return device and checked_name(device)

    @model_validator(mode="after")
    def _one_verb(self) -> "ActionSettings":
        verbs = [verb for verb in VERBS if getattr(self, verb) is not None]
        if len(verbs) != 1:
            raise ValueError(f"an action is exactly one of {', '.join(VERBS)}")
        for key, owners in _BELONGS.items():
            if key in self.model_fields_set and verbs[0] not in owners:
                raise ValueError(f"{key} belongs to {' and '.join(owners)}, not to {verbs[0]}")
        if self.set is not None and self.value is None:
            raise ValueError("set needs a value")
        return self


class _RuleSettings(Section):
    when: list[str] = Field(
        min_length=1,
        description="Event type (ONBATT) or condition (battery.charge < 50), or a list of them,"
        " which is as many rules.",
    )
    name: str | None = Field(default=None, description="Name of the rule in messages and the log.")
    device: str = Field(default="*", description="Which devices: a name or a pattern, as rack*.")
    repeat: float | None = Field(
        default=None, ge=1, description="Seconds after which it acts again while it still holds."
    )
    quiet: float = Field(
        default=60.0,
        ge=0,
        description="Seconds without news after which it may act again for the same device, so"
        " that a storm of events gives one message; 0 acts on each.",
    )
    do: list[ActionSettings] = Field(min_length=1, description="What to do, in this order.")

    @property
    def lasting(self) -> float:
        """Seconds that it has to hold before the rule acts."""
        return float(getattr(self, "for"))

    @field_validator("when", "do", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return value if isinstance(value, list) else [value]

    @field_validator("when")
    @classmethod
    def _understood(cls, when: list[str]) -> list[str]:
        for text in when:
            rules.trigger(text)
        return when

    @field_validator("do")
    @classmethod
    def _no_report(cls, do: list[ActionSettings]) -> list[ActionSettings]:
        if any(action.report for action in do):
            raise ValueError("report belongs to [[scheduler.calendar]], since it covers a period")
        return do


# The key is a word of the language, so no class body can hold it.
RuleSettings: type[_RuleSettings] = create_model(  # type: ignore[call-overload] # reads the pairs as its own arguments
    "RuleSettings",
    __base__=_RuleSettings,
    __doc__="One rule: when something happens or holds, do something.",
    **{
        "for": (
            float,
            Field(
                default=0.0,
                ge=0,
                description="Seconds that it has to hold before the rule acts; when it does not"
                " hold any more before that, nothing happens.",
            ),
        )
    },
)


class CalendarSettings(Section):
    """One entry of the calendar: at certain times, do something."""

    cron: str = Field(description="When: minute hour day-of-month month day-of-week.")
    name: str | None = Field(default=None, description="Name of the entry in messages and the log.")
    device: str = Field(
        default="*", description='Which devices: a name or a pattern; "" is about no device.'
    )
    when: str | None = Field(default=None, description="Only for devices where this holds.")
    do: list[ActionSettings] = Field(min_length=1, description="What to do, in this order.")

    @field_validator("do", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return value if isinstance(value, list) else [value]

    @field_validator("cron")
    @classmethod
    def _possible(cls, cron: str) -> str:
        return calendar.checked(cron)

    @field_validator("when")
    @classmethod
    def _condition(cls, when: str | None) -> str | None:
        if when is not None and not isinstance(rules.trigger(when), rules.Holds):
            raise ValueError(f"{when!r} is no condition such as 'ups.status has OL'")
        return when

    @model_validator(mode="after")
    def _has_device(self) -> "CalendarSettings":
        for action in self.do:
            if not self.device and (action.command or action.set) and not action.device:
                raise ValueError("do: a command for no device: name one in device")
        return self


class AtSettings(Section):
    """One AT line of upssched.conf."""

    type: str = Field(description="Event type.")
    ups: str = Field(default="*", description="Device, also as name@host:port; * is every one.")
    verb: Verb = Field(description="START-TIMER and so on.")
    name: str = Field(min_length=1, description="Name of the timer, or of the command.")
    seconds: float = Field(default=0.0, ge=0, description="How long the timer runs.")
    otherwise: str = Field(default="", description="Command when there is nothing to cancel.")


class UpsschedSettings(Section):
    """What upssched.conf says."""

    script: list[str] = Field(min_length=1, description="CMDSCRIPT: the program and its arguments.")
    at: list[AtSettings] = Field(default=[], description="The AT lines.")


def default_database() -> Path:
    """Choose where the timers are stored: systemd's folder, /var/lib/nutbus or the user's."""
    return state_folder() / "scheduler.sqlite3"


class SchedulerSection(Section):
    """The scheduler's own section."""

    id: str = Field(
        default_factory=default_id,
        description="Name of this service on the bus, one of its own; by default the host's.",
    )
    database: Path = Field(
        default_factory=default_database,
        description="File that keeps timers and messages over a restart; by default"
        " scheduler.sqlite3 in /var/lib/nutbus, for an ordinary user in ~/.local/state/nutbus.",
    )
    timezone: str | None = Field(
        default=None, description="Time zone of the calendars, as Europe/Berlin; else this host's."
    )
    program_timeout: float = Field(
        default=60.0, gt=0, le=_DAY, description="Seconds after which a program is ended."
    )
    max_programs: int = Field(
        default=4, ge=1, le=100, description="How many programs may run at the same time."
    )
    retry_delay: float = Field(
        default=5.0,
        gt=0,
        description="Seconds until a message that could not be delivered is tried again; they"
        " double with each failure.",
    )
    max_retry_delay: float = Field(
        default=300.0, gt=0, description="The most that they grow to, in seconds."
    )
    keep_notifications: float = Field(
        default=7 * _DAY,
        ge=60,
        description="Seconds after which a message that cannot be delivered is given up.",
    )
    no_comm_warn_time: float = Field(
        default=300.0, gt=0, description="Seconds of silence until NOCOMM, and between two of them."
    )
    replace_battery_warn_time: float = Field(
        default=43200.0, gt=0, description="Seconds between two REPLBATT while it lasts."
    )
    receivers: dict[str, ReceiverSettings] = Field(default={}, description="Receivers by name.")
    rules: list[RuleSettings] = Field(default=[], description="The rules.")
    calendar: list[CalendarSettings] = Field(default=[], description="The calendar.")
    upssched: UpsschedSettings | None = Field(
        default=None, description="What upssched.conf says; read from it with --nut-config."
    )

    @field_validator("id")
    @classmethod
    def _named(cls, id: str) -> str:
        return checked_name(id)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        try:
            return name and ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no time zone that this host knows") from None

    @model_validator(mode="after")
    def _known_receivers(self) -> "SchedulerSection":
        for place, action in self._actions():
            if action.notify is None and action.report is None:
                continue
            if not self.receivers:
                raise ValueError(f"{place}: there is no [scheduler.receivers.NAME] to notify")
            for name in action.to:
                if name not in self.receivers:
                    raise ValueError(f"{place}: {unknown_key(name, self.receivers, 'receiver')}")
        return self

    def _actions(self) -> list[tuple[str, ActionSettings]]:
        kinds: tuple[tuple[Literal["rules", "calendar"], list[Any]], ...] = (
            ("rules", self.rules),
            ("calendar", self.calendar),
        )
        return [
            (f"{kind}.{number}.do.{step}", action)
            for kind, entries in kinds
            for number, entry in enumerate(entries)
            for step, action in enumerate(entry.do)
        ]


class SchedulerSettings(ServiceSettings):
    """All that the scheduler service is told."""

    scheduler: SchedulerSection = Field(default_factory=SchedulerSection)


def addresses(urls: SecretStr) -> list[str]:
    """List the addresses of a receiver: one a line, # begins a comment."""
    lines = (line.strip() for line in urls.get_secret_value().splitlines())
    return [line for line in lines if line and not line.startswith("#")]
