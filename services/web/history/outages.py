"""The log of outages: from when to when a device was on battery, and what became of it; pure."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter

from services.web.history.numbers import number
from shared.fleet import Device
from shared.messages import Availability
from shared.status import Status, words

# An outage of which nothing was seen for so long is another one, though the status is the same.
PATIENCE: Final = 3600.0
NEAR: Final = 30.0  # seconds; a device that is watched is looked at more often
REASON_LIMIT: Final = 200  # characters of what a device tells
WAITING_LIMIT: Final = 10_000  # outages in memory while nothing can be written


class How(StrEnum):
    """How an outage ended.

    LINE: the device was seen on line power again. UNSEEN: it ended while nobody looked, after
    `seen`. GONE: the device was taken away.
    """

    LINE = "line"
    UNSEEN = "unseen"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Outage:
    """One time on battery; times in seconds since the epoch, charge and load in percent.

    `seen` is when it was last seen on battery, `ended` None while it lasts, as is `how`. `load` is
    the mean over the time on battery for which it is known, `load_seconds`.
    """

    device: str
    began: float
    seen: float
    ended: float | None = None
    how: How | None = None
    charge_before: float | None = None
    lowest_charge: float | None = None
    lowest_runtime: float | None = None
    load: float | None = None
    load_seconds: float = 0.0
    is_test: bool = False
    had_low_battery: bool = False
    had_forced_shutdown: bool = False
    reason: str = ""

    @property
    def seconds(self) -> float:
        """How long it was on battery, as far as was seen."""
        return max(0.0, (self.seen if self.ended is None else self.ended) - self.began)


@dataclass(slots=True)
class Outages:
    """Follows the devices; `changed` has by id what is to be written."""

    open: dict[str, tuple[str, Outage]] = field(default_factory=dict)
    changed: dict[str, Outage] = field(default_factory=dict)
    _charges: dict[str, float] = field(default_factory=dict)

    def resume(self, lasting: Mapping[str, tuple[str, Outage]]) -> None:
        """Go on with the outages by device that had no end when they were written."""
        for name, (id, stored) in lasting.items():
            new = self.open.get(name)
            if new and new[0] == id:
                continue
            if new and abs(new[1].began - stored.seen) > PATIENCE:
                self.changed[id] = replace(stored, ended=stored.seen, how=How.UNSEEN)
                continue
            if new:
                self.changed.pop(new[0], None)
            self.open[name] = (id, stored)

    def written(self, outages: Mapping[str, Outage]) -> None:
        """Drop what is written from what is to be written."""
        for id, outage in outages.items():
            if self.changed.get(id) == outage:
                del self.changed[id]

    def take(self, name: str, device: Device | None, now: float) -> None:
        """Take in what a device is now; None: it is gone."""
        if device is None:
            self._charges.pop(name, None)
            self._close(name, now, How.GONE)
        elif device.standing is Availability.ONLINE:
            said = frozenset(words(device.status))
            if Status.OB in said:
                self._on_battery(device, said, now)
            else:
                self._on_line(device, now)

    def tick(self, devices: Mapping[str, Device], now: float) -> None:
        """Take in that what was so still is so; call it every few seconds."""
        for name, (_, outage) in list(self.open.items()):
            if device := devices.get(name):
                self.take(name, device, now)
            is_there = device is not None and device.standing is Availability.ONLINE
            if not is_there and abs(now - outage.seen) > PATIENCE:
                self._close(name, now, How.UNSEEN)

    def _on_line(self, device: Device, now: float) -> None:
        charge = number(device.variables.get("battery.charge"))
        if charge is not None:
            self._charges[device.name] = charge
        lasting = self.open.get(device.name)
        if lasting:
            is_near = abs(now - lasting[1].seen) <= NEAR
            self._close(device.name, now, How.LINE if is_near else How.UNSEEN)

    def _on_battery(self, device: Device, said: frozenset[str], now: float) -> None:
        lasting = self.open.get(device.name)
        if lasting and abs(now - lasting[1].seen) > PATIENCE:
            self._close(device.name, now, How.UNSEEN)
            lasting = None
        if lasting is None:
            self._make_room()
            before = self._charges.get(device.name)
            lasting = (uuid.uuid4().hex, Outage(device.name, now, now, charge_before=before))
        id, outage = lasting
        outage = _seen(outage, device.variables, said, now)
        self.open[device.name] = (id, outage)
        self.changed[id] = outage

    def _make_room(self) -> None:
        """Give up the oldest outage that is over, if too many wait to be written."""
        if len(self.changed) >= WAITING_LIMIT:
            lasting = {id for id, _ in self.open.values()}
            oldest = next((id for id in self.changed if id not in lasting), None)
            self.changed.pop(oldest or "", None)

    def _close(self, name: str, now: float, how: How) -> None:
        if name not in self.open:
            return
        id, outage = self.open.pop(name)
        ended = max(now, outage.began) if how is How.LINE else outage.seen
        self.changed[id] = replace(outage, ended=ended, how=how)


def _seen(outage: Outage, variables: Mapping[str, str], said: frozenset[str], now: float) -> Outage:
    charge = number(variables.get("battery.charge"))
    runtime = number(variables.get("battery.runtime"))
    load = number(variables.get("ups.load"))
    mean, seconds = outage.load, outage.load_seconds
    if load is not None:
        # At least a moment, so the first look counts as well.
        new = min(max(now - outage.seen, 0.001), PATIENCE)
        mean = load if mean is None else (mean * seconds + load * new) / (seconds + new)
        seconds += new
    is_test = Status.CAL in said or Status.TEST in said
    reason = variables.get("input.transfer.reason", "")[:REASON_LIMIT]
    return replace(
        outage,
        began=min(outage.began, now),
        seen=now,
        lowest_charge=_least(outage.lowest_charge, charge),
        lowest_runtime=_least(outage.lowest_runtime, runtime),
        load=mean,
        load_seconds=seconds,
        is_test=outage.is_test or is_test,
        had_low_battery=outage.had_low_battery or Status.LB in said,
        had_forced_shutdown=outage.had_forced_shutdown or Status.FSD in said,
        reason=outage.reason or reason,
    )


def _least(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return min(known, default=None)


def body_of(outage: Outage) -> str:
    """Write an outage as it is stored."""
    return _OUTAGE.dump_json(outage).decode()


def outage_of(body: str) -> Outage:
    """Read an outage as it is stored; ValueError if it is none."""
    return _OUTAGE.validate_json(body)


_OUTAGE: Final = TypeAdapter(Outage)
