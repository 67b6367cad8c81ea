"""What only this service can say of devices: energy, power, and whether to rely on them; pure."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from services.homeassistant.energy import Meter
from services.homeassistant.rules import Rules
from shared.fleet import HEARTBEATS_MISSED, Device
from shared.messages import Availability
from shared.power import Source, source
from shared.service_messages import DeviceStanding, EnergyReading

_DIGITS: Final = 3  # of a kWh, so one Wh


@dataclass(slots=True)
class Metering:
    """Keeps a meter for each device, by name."""

    rules: Rules
    meters: dict[str, Meter] = field(default_factory=dict)
    _sources: dict[str, tuple[Collection[str], Source | None]] = field(default_factory=dict)

    @classmethod
    def resumed(cls, rules: Rules, energies: dict[str, float]) -> "Metering":
        """Go on where another run ended."""
        return cls(rules, {name: Meter(energy) for name, energy in energies.items()})

    def apply(self, rules: Rules) -> None:
        """Follow other rules."""
        self.rules = rules
        self._sources.clear()

    def energies(self) -> dict[str, float]:
        """Say what is to be stored."""
        return {name: meter.energy for name, meter in sorted(self.meters.items())}

    def observe(self, device: Device, known: Collection[str]) -> EnergyReading | None:
        """Take a device as it is now; None if nothing tells its power.

        `known` are the variables that it has or had: they decide how its power is worked out.
        """
        way = self._source(device.name, known)
        if way is None:
            self.pause(device.name)
            return None
        meter = self.meters.setdefault(device.name, Meter())
        if device.standing is Availability.ONLINE:
            longest = HEARTBEATS_MISSED * device.heartbeat
            meter.take(way.power(device.variables), device.heard, longest)
        else:
            meter.pause()
        power = None if meter.power is None else round(meter.power, 1)
        energy = round(meter.energy, _DIGITS)
        return EnergyReading(energy=energy, power=power, estimated=way.estimated)

    def pause(self, name: str) -> None:
        """Note that nothing is heard of a device."""
        if name in self.meters:
            self.meters[name].pause()

    def pause_all(self) -> None:
        """Note that nothing is heard of any device."""
        for meter in self.meters.values():
            meter.pause()

    def _source(self, name: str, known: Collection[str]) -> Source | None:
        if not self.rules.energy:
            return None
        before, way = self._sources.get(name, ((), None))
        if before is not known:
            way = source(known, self.rules.power_factor)
            self._sources[name] = (known, way)
        return way


def standing(device: Device) -> DeviceStanding:
    """Say whether a device can be relied on, and whether a forced shutdown is ordered."""
    return DeviceStanding(availability=device.standing, fsd=device.fsd is not None)
