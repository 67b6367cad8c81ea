"""NUT notify events: what changed between two readings of a device.

The types and messages are NUT's (docs/man/upsmon.txt). There they come from polls; here they follow
from two states, so a driver, a monitor and the scheduler agree without asking each other.
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.status import Status, words


class EventType(StrEnum):
    """The notify types that follow from the states of one device."""

    ONLINE = "ONLINE"
    ONBATT = "ONBATT"
    LOWBATT = "LOWBATT"
    FSD = "FSD"
    COMMOK = "COMMOK"
    COMMBAD = "COMMBAD"
    REPLBATT = "REPLBATT"
    CAL = "CAL"
    NOTCAL = "NOTCAL"
    OFF = "OFF"
    NOTOFF = "NOTOFF"
    BYPASS = "BYPASS"
    NOTBYPASS = "NOTBYPASS"
    ECO = "ECO"
    NOTECO = "NOTECO"
    ALARM = "ALARM"
    NOTALARM = "NOTALARM"
    OVER = "OVER"
    NOTOVER = "NOTOVER"
    TRIM = "TRIM"
    NOTTRIM = "NOTTRIM"
    BOOST = "BOOST"
    NOTBOOST = "NOTBOOST"
    OTHER = "OTHER"
    NOTOTHER = "NOTOTHER"


class HostEvent(StrEnum):
    """The notify types that a host tells, which no state of a device says."""

    NOCOMM = "NOCOMM"
    SHUTDOWN = "SHUTDOWN"
    SHUTDOWN_HOSTSYNC = "SHUTDOWN_HOSTSYNC"
    NOPARENT = "NOPARENT"
    SUSPEND_STARTING = "SUSPEND_STARTING"
    SUSPEND_FINISHED = "SUSPEND_FINISHED"
    SUSPEND_TIMEJUMP_UNEXPECTED = "SUSPEND_TIMEJUMP_UNEXPECTED"


NOTIFY_TYPES = (*(str(type_) for type_ in EventType), *(str(type_) for type_ in HostEvent))


@dataclass(frozen=True, slots=True)
class Condition:
    """What events are judged by: the status, the alarm text, and whether the device answers."""

    status: str = ""
    alarm: str = ""
    communicating: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """One notify event; `text` is its message with the device's name and the detail filled in."""

    type: EventType
    text: str
    detail: str = ""


# Word of ups.status, event when it appears, event when it goes (None: nothing to say).
_WORDS: tuple[tuple[Status, EventType, EventType | None], ...] = (
    (Status.OB, EventType.ONBATT, None),
    (Status.LB, EventType.LOWBATT, None),
    (Status.FSD, EventType.FSD, None),
    (Status.RB, EventType.REPLBATT, None),
    (Status.CAL, EventType.CAL, EventType.NOTCAL),
    (Status.OFF, EventType.OFF, EventType.NOTOFF),
    (Status.BYPASS, EventType.BYPASS, EventType.NOTBYPASS),
    (Status.ECO, EventType.ECO, EventType.NOTECO),
    (Status.OVER, EventType.OVER, EventType.NOTOVER),
    (Status.TRIM, EventType.TRIM, EventType.NOTTRIM),
    (Status.BOOST, EventType.BOOST, EventType.NOTBOOST),
)

_TEXT = {
    EventType.ONLINE: "UPS {device} on line power",
    EventType.ONBATT: "UPS {device} on battery",
    EventType.LOWBATT: "UPS {device} battery is low",
    EventType.FSD: "UPS {device}: forced shutdown in progress",
    EventType.COMMOK: "Communications with UPS {device} established",
    EventType.COMMBAD: "Communications with UPS {device} lost",
    EventType.REPLBATT: "UPS {device} battery needs to be replaced",
    EventType.CAL: "UPS {device}: calibration in progress",
    EventType.NOTCAL: "UPS {device}: calibration finished",
    EventType.OFF: "UPS {device}: administratively OFF or asleep",
    EventType.NOTOFF: "UPS {device}: no longer administratively OFF or asleep",
    EventType.BYPASS: "UPS {device}: on bypass (powered, not protecting)",
    EventType.NOTBYPASS: "UPS {device}: no longer on bypass",
    EventType.ECO: "UPS {device}: in ECO mode (as defined by vendor)",
    EventType.NOTECO: "UPS {device}: no longer in ECO mode (as defined by vendor)",
    EventType.ALARM: "UPS {device}: one or more active alarms: [{detail}]",
    EventType.NOTALARM: "UPS {device} is no longer in an alarm state (no active alarms)",
    EventType.OVER: "UPS {device}: overloaded",
    EventType.NOTOVER: "UPS {device}: no longer overloaded",
    EventType.TRIM: "UPS {device}: trimming incoming voltage",
    EventType.NOTTRIM: "UPS {device}: no longer trimming incoming voltage",
    EventType.BOOST: "UPS {device}: boosting incoming voltage",
    EventType.NOTBOOST: "UPS {device}: no longer boosting incoming voltage",
    EventType.OTHER: "UPS {device}: has at least one unclassified status token: [{detail}]",
    EventType.NOTOTHER: "UPS {device} has no unclassified status tokens anymore",
}

# Every word that is told by an event of its own, or that NUT knows and passes over in silence.
_CLASSIFIED = frozenset(Status) - {Status.TEST}


def between(device: str, old: Condition | None, new: Condition) -> tuple[Event, ...]:
    """Tell what happened to `device` from one condition to the next.

    `old` None means that nothing is known of the device yet: what is wrong is told, what is well is
    not (no ONLINE, no COMMOK, as upsmon at its start). While a device is silent, its status is
    not judged: pass the last status that was known, and the events come when it answers again.
    """
    if old == new:
        return ()
    if not new.communicating:
        known_bad = old is not None and not old.communicating
        return () if known_bad else (_event(device, EventType.COMMBAD),)
    types = [EventType.COMMOK] if old is not None and not old.communicating else []
    return (*(_event(device, type_) for type_ in types), *_status_events(device, old, new))


def _status_events(device: str, old: Condition | None, new: Condition) -> tuple[Event, ...]:
    before = frozenset(words(old.status)) if old else frozenset[str]()
    after = frozenset(words(new.status))
    types: list[EventType] = []
    if before - {Status.WAIT} and Status.OL in after - before:
        types.append(EventType.ONLINE)
    for word, appears, goes in _WORDS:
        if word in after - before:
            types.append(appears)
        elif goes and word in before - after:
            types.append(goes)
    events = [_event(device, type_) for type_ in types]
    return (*events, *_alarm(device, old, new), *_other(device, before, after))


def _alarm(device: str, old: Condition | None, new: Condition) -> tuple[Event, ...]:
    was = old is not None and Status.ALARM in words(old.status)
    is_now = Status.ALARM in words(new.status)
    if is_now and (not was or (old is not None and old.alarm != new.alarm)):
        return (_event(device, EventType.ALARM, new.alarm or "n/a"),)
    return (_event(device, EventType.NOTALARM),) if was and not is_now else ()


def _other(device: str, before: frozenset[str], after: frozenset[str]) -> tuple[Event, ...]:
    old, new = before - _CLASSIFIED, after - _CLASSIFIED
    if old == new:
        return ()
    if new:
        return (_event(device, EventType.OTHER, " ".join(sorted(new))),)
    return (_event(device, EventType.NOTOTHER),)


def _event(device: str, type_: EventType, detail: str = "") -> Event:
    return Event(type_, _TEXT[type_].format(device=device, detail=detail), detail)
