"""The states of a simulated line-interactive UPS, and what makes it change them.

The world around it is set through variables that a real UPS only measures: `input.voltage` (0 is a
power cut, 230 ends it), `input.frequency`, `ups.load` (what is plugged in, in percent of the rated
power; less shows while outlets or the whole output are off), `ambient.temperature`, and
`battery.date` (writing it puts a new battery in).

OL and OB tell of the mains only. During a self-test or a calibration the status therefore is
`OL DISCHRG TEST` or `OL DISCHRG CAL`. What the battery feeds is switched off when it is empty.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum, auto
from math import exp, inf

from services.driver.protocols.simulation.battery import FULL, Battery
from services.driver.protocols.simulation.device import Design, SimulatedDevice
from services.driver.protocols.simulation.mains import Mains
from services.driver.protocols.simulation.outlets import Outlets
from services.driver.protocols.simulation.panel import Setting, seconds
from services.driver.protocols.simulation.trials import (
    ABORTED,
    FAILED,
    NEVER_TESTED,
    RUNNING,
    Trial,
    verdict,
)
from shared.errors import RefusedError, ResultStatus

INVERTER_EFFICIENCY = 0.90
LINE_EFFICIENCY = 0.97
STANDBY_WATTS = 10.0
WARMING_SECONDS = 1200.0


class Source(Enum):
    """What feeds the load."""

    NOTHING = auto()
    LINE = auto()
    BYPASS = auto()
    BATTERY = auto()


class Comeback(Enum):
    """When an output that is off comes on by itself."""

    NEVER = auto()
    WITH_MAINS = auto()  # ordered by shutdown.return
    IF_AUTOMATIC = auto()  # the battery was empty: ups.start.auto decides
    AFTER_REBOOT = auto()


class UpsModel(SimulatedDevice):
    """A UPS between the mains and its load; `services.driver.protocols.simulation.ups` names it."""

    def __init__(self, design: Design, settings: Iterable[Setting]) -> None:
        super().__init__(design, settings)
        self.mains = Mains(self.panel, design.frequency)
        self.battery = Battery(design.battery_wh, health=design.health, charge=design.charge)
        self.outlets = Outlets(design.outlets, self.panel, self.countdowns)
        self.is_output_on = True
        self.is_bypassed = False
        self.needs_battery = False
        self.trial: Trial | None = None
        self.is_trial_draining = False
        self.test_result = NEVER_TESTED
        self.comeback = Comeback.NEVER
        self._plan = Comeback.NEVER
        self.temperature = self.final_temperature
        self.judge()

    # What flows.

    @property
    def source(self) -> Source:
        """Say what feeds the load."""
        if not self.is_output_on:
            return Source.NOTHING
        if self.is_bypassed:
            is_fed = self.design.is_live(self.mains.voltage)
            return Source.BYPASS if is_fed else Source.NOTHING
        is_on_line = self.mains.is_good and not self.is_trial_draining
        return Source.LINE if is_on_line else Source.BATTERY

    @property
    def load(self) -> float:
        """Say what is drawn, in percent of the rated power."""
        if self.source is Source.NOTHING:
            return 0.0
        count = len(self.outlets)
        share = sum(outlet.is_on for outlet in self.outlets) / count if count else 1.0
        return self.panel.number("ups.load") * share

    @property
    def load_watts(self) -> float:
        """Say what is drawn, in W."""
        return self.load / 100.0 * self.design.realpower

    @property
    def drain_watts(self) -> float:
        """Say what the battery gives for the present load, or would have to give."""
        return self.load_watts / INVERTER_EFFICIENCY + STANDBY_WATTS

    @property
    def is_charging(self) -> bool:
        """Tell whether the charger fills the battery."""
        is_used = self.source is Source.BATTERY
        return self.mains.is_good and not is_used and not self.battery.is_full

    @property
    def input_watts(self) -> float:
        """Say what is taken from the mains."""
        charger = self.battery.charger_watts() if self.is_charging else 0.0
        if self.source is Source.BYPASS:
            return self.load_watts + charger
        if not self.mains.is_good:
            return 0.0
        fed = self.load_watts / LINE_EFFICIENCY if self.source is Source.LINE else 0.0
        return fed + STANDBY_WATTS + charger

    @property
    def output_voltage(self) -> float:
        """Say the voltage at the output."""
        voltages = {
            Source.NOTHING: 0.0,
            Source.LINE: self.mains.regulated_voltage,
            Source.BYPASS: self.mains.voltage,
            Source.BATTERY: self.design.voltage,
        }
        return voltages[self.source]

    @property
    def is_low(self) -> bool:
        """Tell whether the battery is low by its charge or, in use, by its runtime."""
        if self.battery.charge <= self.panel.number("battery.charge.low"):
            return True
        runtime = self.battery.runtime(self.drain_watts)
        is_used = self.source is Source.BATTERY
        return is_used and runtime <= self.panel.number("battery.runtime.low")

    @property
    def final_temperature(self) -> float:
        """Say the temperature that is reached if all stays as it is."""
        work = {Source.BATTERY: 10.0, Source.NOTHING: 0.0}.get(self.source, 3.0)
        charging = 3.0 if self.is_charging else 0.0
        return self.panel.number("ambient.temperature") + work + charging + 0.08 * self.load

    # How time acts.

    def horizon(self) -> float:
        """Say in how many seconds the state changes if nobody acts; infinite for never."""
        return min(super().horizon(), self._battery_horizon())

    def _battery_horizon(self) -> float:
        low = self.panel.number("battery.charge.low")
        if self.source is Source.BATTERY:
            drain = self.drain_watts
            short = self.battery.level_at(self.panel.number("battery.runtime.low"), drain)
            ends = (0.0, low, short, self._trial_floor())
            return min(self.battery.seconds_down_to(level, drain) for level in ends)
        if self.is_charging:
            levels = (FULL, low, self.panel.number("battery.charge.restart"))
            return min(self.battery.seconds_up_to(level) for level in levels)
        return inf

    def elapse(self, seconds: float) -> None:
        """Let time pass in which the state does not change."""
        if self.source is Source.BATTERY:
            self.battery.discharge(self.drain_watts, seconds)
        elif self.is_charging:
            self.battery.recharge(seconds)
        final = self.final_temperature
        self.temperature = final + (self.temperature - final) * exp(-seconds / WARMING_SECONDS)
        super().elapse(seconds)

    def judge(self) -> None:
        """Let the UPS react to the mains, to its battery and to a test."""
        was_good = self.mains.is_good
        self.mains.judge()
        if self.mains.is_good and not was_good:
            self._unmute()
        if self.trial:
            self._judge_trial(self.trial)
        if self.source is Source.BATTERY and self.battery.is_empty:
            is_ordered = "ups.timer.shutdown" in self.countdowns
            self.switch_off(self._plan if is_ordered else Comeback.IF_AUTOMATIC)
        self._judge_comeback()

    def _judge_trial(self, trial: Trial) -> None:
        if not self.mains.is_good:
            self.stop_trial()
        elif self.is_trial_draining and self.battery.charge <= self._trial_floor():
            self._end_drain()
        elif not self.is_trial_draining and (self.battery.is_full or not trial.recharges):
            self.trial = None

    def _judge_comeback(self) -> None:
        """Count down to the return of the load while the mains and the battery allow it."""
        waits = self.comeback is Comeback.WITH_MAINS or (
            self.comeback is Comeback.IF_AUTOMATIC and self.panel.values["ups.start.auto"] == "yes"
        )
        if self.is_output_on or self.comeback in (Comeback.NEVER, Comeback.AFTER_REBOOT):
            return
        enough = self.battery.charge >= self.panel.number("battery.charge.restart")
        if not (waits and self.mains.is_good and enough):
            self.countdowns.stop("ups.timer.start")
        elif "ups.timer.start" not in self.countdowns:
            self.countdowns.start("ups.timer.start", self.panel.number("ups.delay.start"))

    def ring(self, countdown: str) -> None:
        """Do what was to be done at the end of a countdown."""
        if countdown == "ups.timer.shutdown":
            self.switch_off(self._plan)
        elif countdown in ("ups.timer.start", "ups.timer.reboot"):
            self._switch_on_if_possible()
        elif countdown == "trial":
            self._end_drain()
        else:
            self.outlets.ring(countdown)

    def was_set(self, name: str) -> None:
        """Do what follows from a new value of a setting."""
        self.outlets.was_set(name)
        if name == "battery.date":
            self.battery.health = self.battery.charge = FULL
            self.needs_battery = False

    def _unmute(self) -> None:
        """Let a beeper that was silenced for one outage beep at the next."""
        if self.panel.values["ups.beeper.status"] == "muted":
            self.panel.write("ups.beeper.status", "enabled")

    # Output.

    def switch_off(self, comeback: Comeback) -> None:
        """Cut the output; what was to come is forgotten save the comeback."""
        self.stop_trial()
        self.is_output_on = self.is_bypassed = False
        self.comeback = comeback
        self.countdowns.stop("ups.timer.shutdown", "ups.timer.start", "ups.timer.reboot")
        if comeback is Comeback.AFTER_REBOOT:
            self.countdowns.start("ups.timer.reboot", self.panel.number("ups.delay.reboot"))

    def shut_down(self, comeback: Comeback, value: str | None = None) -> None:
        """Cut the output after a while: ups.delay.shutdown, or the seconds given."""
        default = self.panel.number("ups.delay.shutdown")
        after = seconds("the delay", value, default)
        self._plan = comeback
        self.countdowns.start("ups.timer.shutdown", after)

    def stop_shutdown(self) -> None:
        """Call off a shutdown that has not happened yet."""
        self.countdowns.stop("ups.timer.shutdown")

    def switch_on(self) -> None:
        """Feed the load, from the battery if the mains is away and ups.start.battery allows it."""
        if self.is_output_on:
            return
        if not self.mains.is_good:
            if self.panel.values["ups.start.battery"] == "no":
                raise _failed("there is no line power, and ups.start.battery is no")
            if self.battery.is_empty:
                raise _failed("there is no line power, and the battery is empty")
        self.countdowns.stop("ups.timer.shutdown", "ups.timer.start", "ups.timer.reboot")
        self.is_output_on = True
        self.comeback = Comeback.NEVER

    def switch_on_later(self, value: str | None) -> None:
        """Feed the load after ups.delay.start, or the seconds given."""
        after = seconds("the delay", value, self.panel.number("ups.delay.start"))
        if not self.is_output_on:
            self.comeback = Comeback.NEVER
        self.countdowns.start("ups.timer.start", after)

    def _switch_on_if_possible(self) -> None:
        try:
            self.switch_on()
        except RefusedError:
            self.comeback = Comeback.WITH_MAINS

    # Bypass, tests.

    def set_bypass(self, wanted: bool) -> None:
        """Let the load hang on the mains alone, or no longer."""
        if wanted and not self.is_output_on:
            raise _failed("the output is off")
        if wanted and not self.mains.is_good:
            raise _failed("line power cannot be used for bypass")
        if wanted:
            self.stop_trial()
        self.is_bypassed = wanted

    def set_failing(self, wanted: bool) -> None:
        """Act as if line power had failed, or no longer."""
        self.mains.is_failing = wanted

    def start_trial(self, trial: Trial, value: str | None = None) -> None:
        """Run on the battery to learn of its health; the value says the seconds."""
        if trial.seconds is not None:
            trial = replace(trial, seconds=seconds("the length", value, trial.seconds))
        if self.trial:
            raise _failed(f"a {self.trial.name} is running")
        if self.source is not Source.LINE:
            raise _failed(f"a {trial.name} needs the load to be on line power")
        if self.battery.charge < max(trial.least_charge, self._floor(trial)):
            raise _failed(f"a {trial.name} needs at least {trial.least_charge:.0f} % of charge")
        self.trial, self.is_trial_draining = trial, True
        self.test_result, self.mains.reason = RUNNING, trial.reason
        if trial.seconds is not None:
            self.countdowns.start("trial", trial.seconds)

    def stop_trial(self) -> None:
        """Give up a test or a calibration, if one runs."""
        if self.is_trial_draining:
            self.test_result = ABORTED
        self.trial, self.is_trial_draining = None, False
        self.countdowns.stop("trial")

    def _end_drain(self) -> None:
        self.is_trial_draining = False
        self.countdowns.stop("trial")
        self.test_result = verdict(self.battery.health)
        self.needs_battery = self.test_result == FAILED
        if self.trial and not self.trial.recharges:
            self.trial = None

    def _trial_floor(self) -> float:
        return self._floor(self.trial) if self.trial else 0.0

    def _floor(self, trial: Trial) -> float:
        low = self.panel.number("battery.charge.low") if trial.above_low else 0.0
        return low + trial.stop_at


def _failed(detail: str) -> RefusedError:
    return RefusedError(ResultStatus.FAILED, detail)
