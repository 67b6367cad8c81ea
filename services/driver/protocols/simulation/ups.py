"""The simulated UPS in NUT's words: its variables, settings, commands, status and alarms.

How it behaves is in `services.driver.protocols.simulation.upsmodel`.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from typing import NamedTuple

from services.driver.protocols.simulation.battery import NOMINAL_VOLTAGE
from services.driver.protocols.simulation.device import Action, Design, Measure
from services.driver.protocols.simulation.mains import mains_settings
from services.driver.protocols.simulation.outlets import outlet_settings
from services.driver.protocols.simulation.panel import (
    YES_NO,
    Setting,
    choice,
    delay,
    number,
    text,
)
from services.driver.protocols.simulation.trials import CALIBRATION, DEEP, LOW, QUICK
from services.driver.protocols.simulation.upsmodel import Comeback, Source, UpsModel
from shared.status import Status

HOTTEST = 55.0


class Ups(UpsModel):
    """A simulated UPS as a driver sees it."""

    def __init__(self, design: Design) -> None:
        super().__init__(design, _settings(design))
        self._fixed = _fixed(design)

    @cached_property
    def actions(self) -> Mapping[str, Action]:
        """What each command does."""
        return _actions(self) | self.outlets.actions()

    def variables(self) -> dict[str, str]:
        """Say every variable."""
        now = _flow(self)
        count = len(self.outlets)
        each = now.watts / (sum(outlet.is_on for outlet in self.outlets) or 1)
        draws = dict.fromkeys(range(1, count + 1), each)
        return {
            **self._fixed,
            **self.panel.values,
            **self.outlets.variables(draws, now.output_voltage, self.design.powerfactor),
            **{name: say(self) for name, say in _TEXTS.items()},
            **{measure.name: self.measured(measure, now) for measure in _MEASURES},
        }

    def status(self) -> str:
        """Say the words of ups.status, without ALARM."""
        return " ".join(word for word, holds in _STATUS if holds(self))

    def alarms(self) -> tuple[str, ...]:
        """Say what the alarm is about."""
        return tuple(alarm for alarm, holds in _ALARMS if holds(self))


def _is_overloaded(ups: Ups) -> bool:
    return ups.load > ups.panel.number("ups.load.high")


def _regulates(word: Status) -> Callable[[Ups], bool]:
    return lambda ups: ups.source is Source.LINE and ups.mains.regulation is word


def _tries(word: Status) -> Callable[[Ups], bool]:
    return lambda ups: ups.trial is not None and ups.trial.word is word


_STATUS: tuple[tuple[Status, Callable[[Ups], bool]], ...] = (
    (Status.OL, lambda ups: ups.mains.is_good),
    (Status.OB, lambda ups: not ups.mains.is_good),
    (Status.CHRG, lambda ups: ups.is_charging),
    (Status.DISCHRG, lambda ups: ups.source is Source.BATTERY),
    (Status.LB, lambda ups: ups.is_low),
    (Status.RB, lambda ups: ups.needs_battery),
    (Status.BYPASS, lambda ups: ups.is_bypassed),
    (Status.CAL, _tries(Status.CAL)),
    (Status.TEST, _tries(Status.TEST)),
    (Status.OFF, lambda ups: not ups.is_output_on),
    (Status.OVER, _is_overloaded),
    (Status.TRIM, _regulates(Status.TRIM)),
    (Status.BOOST, _regulates(Status.BOOST)),
)

_ALARMS: tuple[tuple[str, Callable[[Ups], bool]], ...] = (
    ("Overload!", _is_overloaded),
    ("Replace battery!", lambda ups: ups.needs_battery),
    ("Temperature too high!", lambda ups: ups.temperature > HOTTEST),
)


def _charger(ups: Ups) -> str:
    if ups.source is Source.BATTERY:
        return "discharging"
    if ups.is_charging:
        return "charging"
    return "floating" if ups.mains.is_good else "resting"


def _mode(ups: Ups) -> str:
    return "bypass" if ups.is_bypassed else "line-interactive"


_TEXTS: dict[str, Callable[[Ups], str]] = {
    "battery.charger.status": _charger,
    "input.transfer.reason": lambda ups: ups.mains.reason.value,
    "ups.mode": _mode,
    "ups.test.result": lambda ups: ups.test_result,
    "ups.timer.reboot": lambda ups: ups.countdowns.text("ups.timer.reboot"),
    "ups.timer.shutdown": lambda ups: ups.countdowns.text("ups.timer.shutdown"),
    "ups.timer.start": lambda ups: ups.countdowns.text("ups.timer.start"),
}


class Flow(NamedTuple):
    """What flows through a UPS at one moment, each worked out once; power in W."""

    ups: Ups
    source: Source
    load: float
    watts: float
    input_watts: float
    drain_watts: float
    charger_watts: float
    battery_watts: float  # negative while the battery is charged
    output_voltage: float


def _flow(ups: Ups) -> Flow:
    source, load, drain = ups.source, ups.load, ups.drain_watts
    charger = ups.battery.charger_watts() if ups.is_charging else 0.0
    return Flow(
        ups=ups,
        source=source,
        load=load,
        watts=load / 100.0 * ups.design.realpower,
        input_watts=ups.input_watts,
        drain_watts=drain,
        charger_watts=charger,
        battery_watts=drain if source is Source.BATTERY else -charger,
        output_voltage=ups.output_voltage,
    )


def _battery_voltage(now: Flow) -> float:
    battery = now.ups.battery
    if now.ups.mains.is_good and battery.is_full and now.source is not Source.BATTERY:
        return battery.floating_voltage()
    return battery.voltage(now.battery_watts)


def _swing(now: Flow) -> float:
    """Say how far jitter takes a voltage, so that none is shown beyond the extremes."""
    return now.ups.design.jitter / 100.0


def _input_current(now: Flow) -> float:
    volts = now.ups.mains.voltage
    return now.input_watts / volts if volts else 0.0


def _power(now: Flow) -> float:
    return now.load / 100.0 * now.ups.design.power


def _output_current(now: Flow) -> float:
    return _power(now) / now.output_voltage if now.output_voltage else 0.0


def _output_frequency(now: Flow) -> float:
    frequencies = {Source.NOTHING: 0.0, Source.BATTERY: now.ups.design.frequency}
    return frequencies.get(now.source, now.ups.mains.frequency)


def _efficiency(now: Flow) -> float:
    taken = now.watts if now.source is Source.BYPASS else now.input_watts
    if now.source is Source.BATTERY:
        taken = now.drain_watts
    elif now.source is Source.LINE:
        taken -= now.charger_watts
    return 100.0 * now.watts / taken if taken else 0.0


_MEASURES: tuple[Measure[Flow], ...] = (
    # rounded up, so that charge.low shows only when it is reached
    Measure("battery.charge", lambda now: -(-(now.ups.battery.charge - 1e-6) // 1), 0),
    Measure("battery.current", lambda now: -now.battery_watts / _battery_voltage(now), 2),
    Measure("battery.runtime", lambda now: now.ups.battery.runtime(now.drain_watts), 0),
    Measure("battery.temperature", lambda now: now.ups.temperature - 2.0),
    Measure("battery.voltage", _battery_voltage, 2, sway=0.3),
    Measure("input.current", _input_current, 2, sway=1.0),
    Measure("input.frequency", lambda now: now.ups.mains.frequency, sway=0.2),
    Measure("input.frequency.high", lambda now: now.ups.mains.frequency_range[1]),
    Measure("input.frequency.low", lambda now: now.ups.mains.frequency_range[0]),
    Measure("input.realpower", lambda now: now.input_watts, 0, sway=3.0),
    Measure("input.voltage", lambda now: now.ups.mains.voltage, sway=1.0),
    Measure("input.voltage.maximum", lambda now: now.ups.mains.highest * (1.0 + _swing(now))),
    Measure("input.voltage.minimum", lambda now: now.ups.mains.lowest * (1.0 - _swing(now))),
    Measure("output.current", _output_current, 2, sway=3.0),
    Measure("output.frequency", _output_frequency, sway=0.2),
    Measure("output.voltage", lambda now: now.output_voltage, sway=0.5),
    Measure("ups.efficiency", _efficiency, 0),
    Measure("ups.load", lambda now: now.load, 0, sway=5.0),
    Measure("ups.power", _power, 0, sway=5.0),
    Measure("ups.realpower", lambda now: now.watts, 0, sway=5.0),
    Measure("ups.temperature", lambda now: now.ups.temperature),
)


def _fixed(design: Design) -> dict[str, str]:
    """List what never changes."""
    return {
        **design.identity("ups"),
        "battery.capacity.nominal": f"{design.battery_wh / NOMINAL_VOLTAGE:.2f}",
        "battery.type": "PbAc",
        "battery.voltage.nominal": f"{NOMINAL_VOLTAGE:.1f}",
        "input.frequency.nominal": f"{design.frequency:.0f}",
        "input.voltage.nominal": f"{design.voltage:.0f}",
        "output.frequency.nominal": f"{design.frequency:.0f}",
        "output.voltage.nominal": f"{design.voltage:.0f}",
        "ups.power.nominal": f"{design.power:.0f}",
        "ups.realpower.nominal": f"{design.realpower:.0f}",
        "ups.type": "line-interactive",
    }


def _settings(design: Design) -> Iterator[Setting]:
    """List what can be set, with its value at the start."""
    yield from mains_settings(design.voltage, design.frequency)
    yield number("ups.load", design.load, 0, 150)
    yield number("ambient.temperature", 22.0, -20.0, 60.0, 1)
    yield number("battery.charge.low", 20, 0, 80)
    yield number("battery.charge.restart", 0, 0, 100)
    yield number("battery.runtime.low", 120, 0, 7200)
    yield text("battery.date", "2024-01-01", 10)
    yield delay("ups.delay.shutdown", 20)
    yield delay("ups.delay.start", 30)
    yield delay("ups.delay.reboot", 10)
    yield number("ups.load.high", 100, 10, 100)
    yield choice("ups.start.auto", "yes", YES_NO)
    yield choice("ups.start.battery", "yes", YES_NO)
    yield choice("ups.beeper.status", "enabled", ("enabled", "disabled", "muted"))
    yield text("ups.id", "simulated")
    yield from outlet_settings(design.outlets)


def _plainly(action: Callable[[], None]) -> Action:
    """Make a command of what takes no parameter; buttons of other programs send one anyway."""
    return lambda _value: action()


def _beeps(ups: Ups, **change: str) -> Action:
    """Make a command that changes ups.beeper.status from one word to another."""
    name = "ups.beeper.status"

    def act() -> None:
        present = ups.panel.values[name]
        ups.panel.write(name, change.get(present, present))

    return _plainly(act)


def _actions(ups: Ups) -> dict[str, Action]:
    """List the commands and what they do; a shutdown is named after how it ends."""
    return {
        "beeper.disable": _beeps(ups, enabled="disabled", muted="disabled"),
        "beeper.enable": _beeps(ups, disabled="enabled", muted="enabled"),
        "beeper.mute": _beeps(ups, enabled="muted"),
        "beeper.toggle": _beeps(ups, enabled="disabled", muted="disabled", disabled="enabled"),
        "bypass.start": _plainly(partial(ups.set_bypass, True)),
        "bypass.stop": _plainly(partial(ups.set_bypass, False)),
        "calibrate.start": _plainly(partial(ups.start_trial, CALIBRATION)),
        "calibrate.stop": _plainly(ups.stop_trial),
        "load.off": _plainly(partial(ups.switch_off, Comeback.NEVER)),
        "load.off.delay": partial(ups.shut_down, Comeback.NEVER),
        "load.on": _plainly(ups.switch_on),
        "load.on.delay": ups.switch_on_later,
        "reset.input.minmax": _plainly(ups.mains.forget_extremes),
        "shutdown.reboot": _plainly(partial(ups.switch_off, Comeback.AFTER_REBOOT)),
        "shutdown.reboot.graceful": _plainly(partial(ups.shut_down, Comeback.AFTER_REBOOT)),
        "shutdown.return": _plainly(partial(ups.shut_down, Comeback.WITH_MAINS)),
        "shutdown.stayoff": _plainly(partial(ups.shut_down, Comeback.NEVER)),
        "shutdown.stop": _plainly(ups.stop_shutdown),
        "test.battery.start": partial(ups.start_trial, QUICK),
        "test.battery.start.deep": _plainly(partial(ups.start_trial, DEEP)),
        "test.battery.start.low": _plainly(partial(ups.start_trial, LOW)),
        "test.battery.start.quick": _plainly(partial(ups.start_trial, QUICK)),
        "test.battery.stop": _plainly(ups.stop_trial),
        "test.failure.start": _plainly(partial(ups.set_failing, True)),
        "test.failure.stop": _plainly(partial(ups.set_failing, False)),
    }
