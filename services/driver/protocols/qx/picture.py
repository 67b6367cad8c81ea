"""The picture of a device that its replies make up, walk by walk: what to ask and what was said."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from enum import Enum, auto

from services.driver.contract import Reading as DeviceReading
from services.driver.protocols.qx import limits, words
from services.driver.protocols.qx.decoding import DeclinedError, decode, merged, repaired, told
from services.driver.protocols.qx.estimates import Estimates
from services.driver.protocols.qx.table import (
    STATUS,
    Command,
    Dialect,
    Field,
    Found,
    Knowledge,
    Query,
    Reading,
    Setting,
)
from shared.errors import DeviceError

MISSES = 2  # walks without a reply after which a query is given up
# Rows that an option asks to leave alone: by their request, or by variable and column.
SPARED_REQUESTS = {"norating": ("F\r",), "novendor": ("I\r", "FW?\r"), "nooutstats": ("WA\r",)}
SPARED_COLUMN = ("ignoresab", "ups.status", 44)
IDENTITY = (".mfr", ".model", ".serial")
RATING = ".nominal"
FIRMWARE = "ups.firmware"
SHUTDOWN = "shutdown.default"

Place = tuple[int, int]
"""A field: the number of its query and its number there."""


class Walk(Enum):
    """How much is asked."""

    FIRST = auto()
    FULL = auto()
    CHANGED = auto()  # full, after somebody changed something
    QUICK = auto()


class UnreadableError(DeviceError):
    """A reply has the right shape, but not all of its fields can be read."""


class Picture:
    """What is known of one device; a walk asks the `due` queries and gives each reply to `take`.

    `defaults` and `overrides` are variables that the settings give, `names` are those that the
    reading has for variables of the tables. A walk ends with `reading`.
    """

    def __init__(
        self,
        dialect: Dialect,
        options: Mapping[str, str],
        defaults: Mapping[str, str] | None = None,
        overrides: Mapping[str, str] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self.dialect = dialect
        self.options = options
        self._numbers = {id(query): number for number, query in enumerate(dialect.queries)}
        self._defaults, self._overrides = defaults or {}, overrides or {}
        self._names = names or {}
        self._heard: dict[Place, Found] = {}
        self._left_out: set[Place] = set(_spared(dialect, options))
        self._misses: dict[int, int] = {}
        self._kept = {
            setting.variable: setting.default
            for setting in dialect.settings
            if setting.request is None
        }
        self._also: Knowledge = Knowledge(options=options)
        self._estimates = Estimates(options)
        self._known = self._composed()
        self._reading: DeviceReading | None = None

    @property
    def known(self) -> Knowledge:
        """All that is known now."""
        return self._known

    def due(self, walk: Walk) -> Iterator[Query]:
        """Name the queries to ask in this walk; what one says may decide on the next."""
        quick = {query.request for query in self.dialect.queries if _is_quick(query)}
        for number, query in enumerate(self.dialect.queries):
            if walk is Walk.QUICK and query.request not in quick:
                continue
            if self._places(number, walk):
                yield query

    def take(self, query: Query, reply: bytes, walk: Walk, *, is_last_try: bool = True) -> None:
        """Take the reply to a query; UnreadableError or DeviceError if it cannot be believed.

        In a first walk, fields that the last try cannot read either are left out from then on.
        """
        number = self._numbers[id(query)]
        places = [place for _, place in self._places(number, walk)]
        try:
            decoded = decode(query, self.dialect, reply, self._before(number), places)
        except DeclinedError:
            raise
        except DeviceError as error:
            if self._fits_another(query, reply):
                raise DeclinedError(str(error)) from None
            raise
        fatal = [
            reason
            for place, reason in decoded.unreadable.items()
            if walk is not Walk.FIRST or _is_vital(query.fields[place]) or not is_last_try
        ]
        if fatal:
            raise UnreadableError(f"unexpected reply to {query.request!r}: {fatal[0]}")
        self._left_out |= {(number, place) for place in decoded.unreadable}
        for place, found in decoded.found.items():
            self._compare(query.fields[place], self._heard.get((number, place)), found)
            self._heard[number, place] = found
        self._misses.pop(number, None)
        self._known = decoded.known

    def _fits_another(self, query: Query, reply: bytes) -> bool:
        """Tell whether the same request has another query, to which this is a reply."""
        for other in self.dialect.queries:
            if other.request == query.request and other is not query:
                with suppress(DeviceError):
                    repaired(other, self.dialect, reply)
                    return True
        return False

    def may_lack(self, query: Query) -> bool:
        """Tell whether it may be that the device does not have a query: it never answered it."""
        number = self._numbers[id(query)]
        return not _has_vital(query) and not any(place[0] == number for place in self._heard)

    def miss(self, query: Query, walk: Walk) -> bool:
        """Note that a query got no reply; tell whether the walk may go on without it."""
        number = self._numbers[id(query)]
        if walk is Walk.QUICK or not self.may_lack(query):
            return False
        self._misses[number] = self._misses.get(number, 0) + 1
        if self._misses[number] >= MISSES:
            self._left_out |= {(number, place) for place in range(len(query.fields))}
        return True

    def leave_out(self, query: Query) -> bool:
        """Note that the device declines a query; tell whether the walk may go on without it."""
        number = self._numbers[id(query)]
        if not self.may_lack(query):
            return False
        self._left_out |= {(number, place) for place in range(len(query.fields))}
        return True

    def keep(self, setting: Setting, value: str) -> None:
        """Keep the value of a setting that the driver has for itself."""
        self._kept[setting.variable] = value
        self._known = self._composed()

    def learn(self, variables: Mapping[str, str], private: Mapping[str, str]) -> None:
        """Take over what holds since the device accepted something, until it says so itself."""
        for number, place in list(self._heard):
            field = self.dialect.queries[number].fields[place]
            if field.variable in (private if field.private else variables):
                del self._heard[number, place]
        self._also = replace(
            self._also,
            variables={**self._also.variables, **variables},
            private={**self._also.private, **private},
        )
        self._known = self._composed()

    def reading(self, now: float) -> DeviceReading:
        """Sum up, with the estimates for the time `now`; the same object while nothing changed."""
        self._forget()
        own = self._known = self._composed()
        extra = self._estimates.update(now, own.variables, own.words)
        if own.guessed_packs != self._estimates.packs:
            self._known = replace(own, guessed_packs=self._estimates.packs)
        alarms = [text for _, found in self._in_order() for text in found.alarms]
        reading = DeviceReading(
            variables={
                **{self._names.get(name, name): text for name, text in own.variables.items()},
                **extra,
                **self._overrides,
                "driver.version.data": self.dialect.version,
            },
            status=words.status(own.words),
            alarms=(*dict.fromkeys(alarms), *words.alarms(own.words)),
            writable=limits.writable(self.dialect, own),
            commands=self._commands(),
        )
        if reading != self._reading:
            self._reading = reading
        assert self._reading is not None
        return self._reading

    def command(self, name: str) -> Command | None:
        """Find a command that the device has."""
        for command in self.dialect.commands:
            if command.name == name and (command.when is None or command.when(self._known)):
                return command
        return None

    def setting(self, name: str, *, private: bool = False) -> Setting | None:
        """Find a setting that the device has."""
        for setting in self.dialect.settings:
            is_meant = setting.variable == name and setting.private is private
            if is_meant and limits.is_offered(self.dialect, setting, self._known):
                return setting
        return None

    def differs(self, setting: Setting, value: str) -> bool:
        """Tell whether a private setting has to be written to have this value."""
        is_read = any(
            field.variable == setting.variable and field.private
            for query in self.dialect.queries
            for field in query.fields
        )
        known = self._known.private.get(setting.variable)
        return known.lower() != value.lower() if known is not None else not is_read

    def _forget(self) -> None:
        """Drop what rows said that are not there any more."""
        for number, place in list(self._heard):
            when = self.dialect.queries[number].fields[place].when
            if when is not None and not when(self._known):
                del self._heard[number, place]

    def _commands(self) -> tuple[str, ...]:
        names = {
            command.name
            for command in self.dialect.commands
            if command.when is None or command.when(self._known)
        }
        if names & {"shutdown.return", "shutdown.stayoff"}:
            names.add(SHUTDOWN)
        return tuple(sorted(names))

    def _places(self, number: int, walk: Walk) -> list[Place]:
        """Name the fields of a query that this walk reads."""
        return [
            (number, place)
            for place, field in enumerate(self.dialect.queries[number].fields)
            if (number, place) not in self._left_out
            and _is_read(field, walk)
            and (field.when is None or field.when(self._known))
        ]

    def _before(self, number: int) -> Knowledge:
        """Know what there is, with the status words of the queries before this one."""
        words: frozenset[str] = frozenset()
        for (other, _), found in self._in_order():
            if other < number:
                words = told(words, found)
        return replace(self._known, words=words)

    def _composed(self) -> Knowledge:
        """Put together what all fields said last; of fields read once the first counts."""
        also = self._also
        variables = {**self._defaults, **self.dialect.constants, **self._kept, **also.variables}
        private = dict(also.private)
        words: frozenset[str] = frozenset()
        said: set[str] = set()
        for (number, place), found in self._in_order():
            field = self.dialect.queries[number].fields[place]
            if field.reading is Reading.ONCE and field.variable in said:
                continue
            words = told(words, found)
            variables |= found.variables
            private |= found.private
            if found.text:
                (private if field.private else variables)[field.variable] = found.text
                said.add(field.variable)
        return Knowledge(
            variables=merged({}, {**variables, **self._overrides}),
            private=merged({}, private),
            words=words,
            options=self.options,
            guessed_packs=self._estimates.packs,
        )

    def _in_order(self) -> list[tuple[Place, Found]]:
        return sorted(self._heard.items(), key=lambda item: item[0])

    def _compare(self, field: Field, old: Found | None, new: Found) -> None:
        if old is None or old == new or not _tells_devices_apart(field):
            return
        raise DeviceError(
            f"{field.variable} was {old.text!r} and is {new.text!r} now: another device?"
        )


def _is_vital(field: Field) -> bool:
    """Tell a field without which the device cannot be shown at all."""
    return field.quick or field.variable == STATUS


def _has_vital(query: Query) -> bool:
    return any(_is_vital(field) for field in query.fields)


def _is_quick(query: Query) -> bool:
    """Tell a query to ask each time: an old word of one must not outvote a new one of another."""
    return _has_vital(query)


def _is_read(field: Field, walk: Walk) -> bool:
    if walk is Walk.FIRST:
        return True
    if field.reading is Reading.ONCE:
        return walk is not Walk.QUICK and _tells_devices_apart(field)
    return field.reading is Reading.EACH or walk is Walk.CHANGED or field.quick


def _tells_devices_apart(field: Field) -> bool:
    if field.variable.endswith(IDENTITY):
        return True
    is_rating = field.variable.endswith(RATING) or field.variable.startswith(FIRMWARE)
    return is_rating and field.reading is Reading.ONCE


def _spared(dialect: Dialect, options: Mapping[str, str]) -> Iterator[Place]:
    requests = {
        request for option, each in SPARED_REQUESTS.items() if option in options for request in each
    }
    option, variable, column = SPARED_COLUMN
    for number, query in enumerate(dialect.queries):
        for place, field in enumerate(query.fields):
            is_bit = option in options and (field.variable, field.start) == (variable, column)
            if query.request in requests or is_bit:
                yield number, place
