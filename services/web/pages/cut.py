"""A power cut as the banner of every page tells it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from services.web.mirror import ServiceView
from services.web.pages.ages import Since
from services.web.pages.levels import Level, Standing
from services.web.pages.wording import number
from shared.fleet import Device
from shared.messages import Availability
from shared.service_messages import Answer, MonitorPower, Phase, StageOrder
from shared.status import Status, words

SHOWN: Final = 6
RUNTIMES: Final = ("battery.runtime", "ups.runtime")

PHASES: Final = {
    Phase.WATCHING: "is watching",
    Phase.HOSTSYNC: "waits for other hosts to go first",
    Phase.FINAL: "shuts down now",
    Phase.DOWN: "has begun its shutdown command",
}
ANSWERS: Final = {
    Answer.GOING: "is going",
    Answer.REHEARSED: "only rehearses",
    Answer.REFUSED: "refuses",
}


@dataclass(frozen=True, slots=True)
class Sufferer:
    """One device in a power cut, or in a forced shutdown while `is_on_battery` is not so.

    `until` is when its battery will be empty, if that is known.
    """

    device: Device
    standing: Standing
    since: Since
    is_on_battery: bool
    charge: float | None
    until: float | None


@dataclass(frozen=True, slots=True)
class HostStep:
    """How far one host is with its shutdown."""

    id: str
    power: MonitorPower
    text: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One order that hosts shut down; `answers` says in words what each makes of it."""

    by: str
    order: StageOrder
    since: float
    answers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """All that is to be told; false when all is well."""

    sufferers: tuple[Sufferer, ...] = ()
    others: int = 0
    hosts: tuple[HostStep, ...] = ()
    stages: tuple[Stage, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sufferers or self.hosts or self.stages)

    @property
    def title(self) -> str:
        """Say in a word or two what it is."""
        if any(Status.FSD in words(each.device.status) for each in self.sufferers):
            return "Forced shutdown"
        if any(each.standing.level is Level.CRITICAL for each in self.sufferers):
            return "Power is running out"
        return "Power cut" if self.sufferers else "Shutdown"

    @property
    def is_critical(self) -> bool:
        """Tell whether something is about to go down."""
        levels = {each.standing.level for each in self.sufferers}
        return Level.CRITICAL in levels or bool(self.hosts or self.stages)


def sufferer(device: Device, judged: Standing, since: Since, heard: float) -> Sufferer:
    """Say what a device on battery has left; `heard` is when its state arrived."""
    live = device.variables if judged.is_live else {}
    runtime = next((number(live[name]) for name in RUNTIMES if name in live), None)
    is_discharging = Status.OB in words(device.status)
    until = heard + runtime if runtime is not None and is_discharging else None
    charge = number(live.get("battery.charge"))
    return Sufferer(device, judged, since, is_discharging, charge, until)


def cut(
    sufferers: Iterable[Sufferer],
    services: Iterable[ServiceView],
    orders: Mapping[str, float],
) -> Cut:
    """Put together what is told; `orders` is when each stage order was first heard of."""
    worst = sorted(
        sufferers, key=lambda each: (each.standing.level, each.until or 0, each.device.name)
    )
    monitors = [view for view in services if view.power or view.stage]
    hosts = [
        HostStep(view.id, view.power, step(view)) for view in monitors if view.power and step(view)
    ]
    stages = [
        Stage(
            view.id,
            view.stage,
            orders.get(f"{view.id} {view.stage.id}", 0.0),
            tuple(_answers(view.stage, monitors)),
        )
        for view in monitors
        if view.stage
    ]
    return Cut(tuple(worst[:SHOWN]), max(0, len(worst) - SHOWN), tuple(hosts), tuple(stages))


def step(view: ServiceView) -> str:
    """Say how far a host is; "" while it only watches."""
    power = view.power
    if power is None or power.phase is Phase.WATCHING:
        return ""
    if view.availability is not Availability.ONLINE:
        return "was shut down" if power.phase is Phase.DOWN else ""
    return f"{PHASES[power.phase]}{' (a rehearsal)' if power.dry_run else ''}"


def _answers(order: StageOrder, monitors: Iterable[ServiceView]) -> Iterable[tuple[str, str]]:
    powers = {view.id: view.power for view in monitors if view.power}
    for host in order.hosts:
        power = powers.get(host)
        answer = power.answers.get(order.id) if power else None
        yield host, ANSWERS[answer] if answer else "has not answered"


def announcement(told: Cut) -> str:
    """Say it in a sentence or two for screen readers: no figures, so it changes seldom."""
    said = [f"{each.device.name}: {each.standing.text}." for each in told.sufferers]
    if told.others:
        said.append(f"{told.others} more devices.")
    said += [f"Stage {stage.order.stage} of {stage.by} is ordered." for stage in told.stages]
    said += [f"Host {each.power.host} {each.text}." for each in told.hosts]
    return " ".join(said)
