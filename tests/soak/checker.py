"""Asks all views again and again, and compares them with what the devices really say."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from shared.audit import faults as chain_faults
from tests.monitors import Down
from tests.soak.hook import Hook
from tests.soak.hosts import had_to_go
from tests.soak.observer import Observer
from tests.soak.plant import Plant
from tests.soak.settings import HEARTBEAT, PASSWORD, USER
from tests.soak.truth import KILL_BROKER, SILENT, Device, Faults, Findings, Word, now
from tests.soak.views import STALE, NutLine, Shown, shown_by_gateway, shown_by_web

LOOK = 0.5
STALE_AFTER = 3 * HEARTBEAT
CONFIRMED_AFTER = 1.0
DRIVER_BACK = 6.0  # seconds after the return of a broker in which all drivers have told anew
NEW = 15.0  # seconds after its end, during which a service may not have heard all anew
DUE = 8.0  # undisturbed seconds on battery, or on line before, that a scheduler needs to notice
ORDER_EVERY = (0.5, 3.0)

View = Callable[[str], Awaitable[Shown]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a machine must keep to.

    `longest_age` is that of a word that is no more: the time until it is noticed (a second) or
    counts as stale, and slack. `back_after` are the undisturbed seconds after which every view
    must have everything again.
    """

    longest_age: float = STALE_AFTER + 3.0
    back_after: float = 25.0


STRICT = Limits()


@dataclass(slots=True)
class _Absence:
    """Since when a view has shown a device as stale."""

    since: float


class Checker:
    """Looks at everything until it is cancelled; what is wrong becomes a finding."""

    def __init__(
        self,
        plant: Plant,
        observer: Observer,
        faults: Faults,
        findings: Findings,
        chance: random.Random,
        limits: Limits = STRICT,
    ) -> None:
        self._plant, self._observer, self._limits = plant, observer, limits
        self._faults, self._findings, self._chance = faults, findings, chance
        line = NutLine(plant.ports["gateway"])
        login = (f"USERNAME {USER}", f"PASSWORD {PASSWORD}")
        self._operator = NutLine(plant.ports["gateway"], *login)
        self._lines = (line, self._operator)
        self._views: Mapping[str, View] = {
            "gateway": lambda device: shown_by_gateway(line, device),
            "web": lambda device: shown_by_web(plant.ports["web"], device),
            "homeassistant": self._shown_by_homeassistant,
        }
        self._absent: dict[tuple[str, str], _Absence] = {}
        self._judged = 0
        self._accepted: list[str] = []
        self.looks = 0
        self._seen_at: dict[tuple[str, str], float] = {}  # by view and device

    def sees_all(self, since: float) -> bool:
        """Tell whether every view has shown every device since a moment."""
        keys = {(view, device) for view in self._views for device in self._plant.devices}
        return all(self._seen_at.get(key, 0.0) > since for key in keys)

    def sees(self, view: str, device: str) -> bool:
        """Tell whether a view has shown a device when it was asked last."""
        return (view, device) not in self._absent

    async def watch_views(self, view: str) -> None:
        """Ask one view for each device in turn."""
        while True:
            for device in self._plant.devices.values():
                await self._look(view, device)
            await asyncio.sleep(LOOK)

    async def watch_hosts(self) -> None:
        """Judge each shutdown once it is some seconds old, and all is known of its time."""
        while True:
            await asyncio.sleep(LOOK)
            self._judge_hosts()

    def _judge_hosts(self) -> None:
        lines = self._plant.diary.lines()
        for line in lines[self._judged :]:
            self._findings.count(f"shutdowns of {line.who}")
            if not self._had_to_go(line):
                self._findings.add(f"false shutdown of {line.who} at {line.at:.1f}")
        self._judged = len(lines)

    def _had_to_go(self, line: Down) -> bool:
        booted = self._plant.diary.booted[line.who]
        times = [at for at in booted if at <= line.at]

        def had_fsd(device: str, since: float, until: float) -> bool:
            return self._observer.had_fsd(device, max(since, times[-1]), until)

        return had_to_go(line.who, line.at, self._plant.devices, self._faults, had_fsd)

    async def order(self) -> None:
        """Have a variable written again and again; what was accepted must be in the audit log."""
        number = 0
        while True:
            await asyncio.sleep(self._chance.uniform(*ORDER_EVERY))
            device = self._chance.choice([*self._plant.devices])
            number += 1
            value = f"{20 + number / 100_000:.5f}"
            answer = await self._operator.ask(f'SET VAR {device} battery.charge.low "{value}"')
            if answer and answer[0].startswith("OK"):
                self._accepted.append(value)
                self._findings.count("orders accepted")

    def conclude(self, hook: Hook) -> None:
        """Judge what can be judged only at the end: the audit log and the scheduler's messages."""
        for line in self._lines:
            line.close()
        self._judge_hosts()
        self._judge_audit()
        self._judge_messages(hook)

    def wrong(self, shown: Shown, device: Device, asked_at: float) -> str:
        """Say what is wrong with what a view showed; empty if nothing is."""
        if shown.variables is None:
            return ""
        word = device.word(shown.variables.get("ups.id", ""))
        if word is None:
            return f"nothing that it ever said: {dict(shown.variables)}"
        status = shown.variables["ups.status"].removeprefix("FSD").strip()
        charge = shown.variables["battery.charge"]
        if {*status.split()} != {*word.status.split()} or charge != str(word.charge):
            return f"a mixture: {status!r} and {charge!r} for {word}"
        if asked_at - word.until > self._limits.longest_age:
            return f"what it said {asked_at - word.until:.1f} s ago: {word}"
        return ""

    async def _look(self, name: str, device: Device) -> None:
        asked_at = now()
        shown = await self._views[name](device.name)
        self.looks += 1
        if self.wrong(shown, device, asked_at):
            self._findings.count(f"{name}: wrong for a moment")
            await asyncio.sleep(CONFIRMED_AFTER)
            again_at = now()
            wrong = self.wrong(await self._views[name](device.name), device, again_at)
            if wrong and self._cannot_know(name, again_at):
                self._findings.count(f"{name}: could not know better until a driver was back")
            elif wrong:
                self._findings.add(f"{name} shows {device.name} wrong: {wrong}")
        self._note_absence(name, device, shown, asked_at)

    def _cannot_know(self, name: str, at: float) -> bool:
        """Tell whether a view has only what a killed broker had, and no driver can have told it.

        A service that was there before compares; one that is new, and Home Assistant, cannot.
        """
        if not self._faults.had(KILL_BROKER, at - DRIVER_BACK):
            return False
        return name == "homeassistant" or self._faults.had(f"kill {name}", at - NEW)

    def _note_absence(self, name: str, device: Device, shown: Shown, asked_at: float) -> None:
        key, word = (name, device.name), device.last
        if shown.variables is not None:
            self._absent.pop(key, None)
            self._seen_at[key] = asked_at
            return
        absence = self._absent.setdefault(key, _Absence(now()))
        talks_for = now() - word.since if word.status != SILENT else 0.0
        patience = min(now() - absence.since, self._faults.calm_for(), talks_for)
        if patience > self._limits.back_after:
            self._findings.add(f"{name} does not show {device.name}, though all is well")
            absence.since = now()

    async def _shown_by_homeassistant(self, device: str) -> Shown:
        """Tell what Home Assistant shows: the state on the bus, if it is to be relied on."""
        state = self._observer.state.get(device)
        if state is None or not self._observer.is_available(device):
            return STALE
        return Shown(state.vars)

    def _judge_audit(self) -> None:
        log = self._plant.state / "audit.jsonl"
        lines = log.read_bytes().splitlines(keepends=True) if log.exists() else []
        for fault in chain_faults(lines):
            self._findings.add(f"audit log: {fault}")
        noted = {json.loads(line).get("value") for line in lines}
        said = self._plant.programs["gateway"].log.read_text(errors="replace")
        for value in self._accepted:
            if value not in noted and f'"{value}"' not in said:
                self._findings.add(f"the audit log has no line of the order {value}")

    def _judge_messages(self, hook: Hook) -> None:
        for device in self._plant.devices.values():
            for numbers, since, until in _outages(device):
                before = device.words[device.words.index(_first(device, numbers)) - 1]
                noticeable = self._had_calm(since, until) and self._had_calm(before.since, since)
                if noticeable and before.status != SILENT:
                    self._findings.count("messages due")
                    if not any(f"{device.name} {number}" in hook.messages for number in numbers):
                        self._findings.add(
                            f"no message that {device.name} is on battery, {sorted(numbers)}, "
                            f"from {since:.1f} to {until:.1f}"
                        )

    def _had_calm(self, since: float, until: float) -> bool:
        """Tell whether nothing was wrong for some seconds within a time, nor before that."""
        return until - since > DUE and self._faults.is_calm(until - 2 * DUE, until)


def _first(device: Device, numbers: set[int]) -> Word:
    return next(word for word in device.words if word.number in numbers)


def _outages(device: Device) -> list[tuple[set[int], float, float]]:
    """List the numbers of the words of each time on battery, and when it was."""
    found: list[tuple[set[int], float, float]] = []
    is_on = False
    for word in device.words:
        if "OB" not in word.status:
            is_on = False
            continue
        until = min(word.until, now())
        if is_on:
            numbers, since, _ = found[-1]
            found[-1] = ({*numbers, word.number}, since, until)
        else:
            found.append(({word.number}, word.since, until))
        is_on = True
    return found
