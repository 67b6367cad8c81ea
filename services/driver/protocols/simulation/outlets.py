"""The switched outlets of a simulated device."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from services.driver.protocols.simulation.countdowns import Countdowns
from services.driver.protocols.simulation.panel import (
    ON_OFF,
    Panel,
    Setting,
    choice,
    delay,
    seconds,
    text,
)

Action = Callable[[str | None], None]

START_DELAY = 3.0
SHUTDOWN_DELAY = 10.0


class Outlet:
    """One outlet; whether it is switched on is the setting outlet.<n>.switch."""

    def __init__(self, number: int, panel: Panel, countdowns: Countdowns) -> None:
        self.number = number
        self._panel = panel
        self._countdowns = countdowns
        self._comes_back = False
        self._switch = self.variable("switch")

    @property
    def is_on(self) -> bool:
        """Tell whether the outlet is switched on, whether or not there is power."""
        return self._panel.values[self._switch] == "on"

    def variable(self, rest: str) -> str:
        """Name a variable or command of this outlet."""
        return f"outlet.{self.number}.{rest}"

    def switch(self, position: str, _value: str | None = None) -> None:
        """Switch `on` or `off` at once and forget what was to come."""
        self._panel.write(self.variable("switch"), position)
        self.forget()

    def forget(self) -> None:
        """Call off what was to come."""
        self._countdowns.stop(self.variable("timer.shutdown"), self.variable("timer.start"))
        self._comes_back = False

    def cycle(self, _value: str | None = None) -> None:
        """Switch off, and on again after outlet.<n>.delay.start."""
        self.switch("off")
        self._start("start", self._delay("start"))

    def switch_later(self, timer: str, value: str | None) -> None:
        """Count down to `shutdown` or `start`; the value says the seconds."""
        self.forget()
        name = self.variable(f"delay.{timer}")
        self._start(timer, seconds(name, value, self._panel.number(name)))

    def shut_down(self, _value: str | None = None) -> None:
        """Switch off after outlet.<n>.delay.shutdown, and on again after its delay.start."""
        self.switch_later("shutdown", None)
        self._comes_back = True

    def ring(self, timer: str) -> None:
        """Act at the end of the countdown `shutdown` or `start`."""
        if timer == "start":
            self.switch("on")
        elif self._comes_back:
            self.cycle()
        else:
            self.switch("off")

    def actions(self) -> Iterator[tuple[str, Action]]:
        """List the commands of this outlet and what they do."""
        yield self.variable("load.on"), partial(self.switch, "on")
        yield self.variable("load.off"), partial(self.switch, "off")
        yield self.variable("load.cycle"), self.cycle
        yield self.variable("load.on.delay"), partial(self.switch_later, "start")
        yield self.variable("load.off.delay"), partial(self.switch_later, "shutdown")
        yield self.variable("shutdown.return"), self.shut_down

    def _delay(self, timer: str) -> float:
        return self._panel.number(self.variable(f"delay.{timer}"))

    def _start(self, timer: str, after: float) -> None:
        self._countdowns.start(self.variable(f"timer.{timer}"), after)


class Outlets:
    """All outlets of a device, with what they draw."""

    def __init__(self, count: int, panel: Panel, countdowns: Countdowns) -> None:
        self._all = {n: Outlet(n, panel, countdowns) for n in range(1, count + 1)}
        self._countdowns = countdowns

    def __iter__(self) -> Iterator[Outlet]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def actions(self) -> dict[str, Action]:
        """List the commands of all outlets and what they do."""
        return dict(pair for outlet in self for pair in outlet.actions())

    def ring(self, countdown: str) -> None:
        """Act at the end of a countdown outlet.<n>.timer.<shutdown or start>."""
        _, number, _, timer = countdown.split(".")
        self._all[int(number)].ring(timer)

    def was_set(self, name: str) -> None:
        """Forget what was to come when someone turned a switch."""
        for outlet in self:
            if name == outlet.variable("switch"):
                outlet.forget()

    def variables(self, watts: Mapping[int, float], volts: float, factor: float) -> dict[str, str]:
        """Say what every outlet shows: the real power that each draws, at which voltage.

        At 0 V nothing has power, whatever the switches say.
        """
        shown = {"outlet.count": str(len(self))}
        for outlet in self:
            is_live = outlet.is_on and volts > 0.0
            power = watts[outlet.number] / factor if is_live else 0.0
            row = {
                "id": str(outlet.number),
                "switchable": "yes",
                "status": "on" if is_live else "off",
                "realpower": f"{power * factor:.0f}",
                "power": f"{power:.0f}",
                "current": f"{power / volts if is_live else 0.0:.2f}",
                "timer.shutdown": self._countdowns.text(outlet.variable("timer.shutdown")),
                "timer.start": self._countdowns.text(outlet.variable("timer.start")),
            }
            shown |= {outlet.variable(key): value for key, value in row.items()}
        return shown


def outlet_settings(count: int) -> Iterator[Setting]:
    """List what can be set on each outlet."""
    for n in range(1, count + 1):
        yield text(f"outlet.{n}.desc", f"Outlet {n}")
        yield choice(f"outlet.{n}.switch", "on", ON_OFF)
        yield delay(f"outlet.{n}.delay.shutdown", SHUTDOWN_DELAY)
        yield delay(f"outlet.{n}.delay.start", START_DELAY)
