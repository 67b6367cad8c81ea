"""A small UPS of our own on USB, for tests that pull its plug; it is nobody's recording."""

from dataclasses import dataclass
from typing import Any, Final

from services.driver.protocols.hid.descriptor import Report
from services.driver.protocols.hid.mge import VENDOR
from tests.simulators.usbmodel import Model, Strings, descriptor_of

STATUS: Final = 0x01
CHARGE: Final = 0x06
START: Final = 0x07
SHUTDOWN: Final = 0x08
BEEPER: Final = 0x09
LIMIT: Final = 0x0A

ONLINE: Final = bytes((STATUS, 0b000001))
ON_BATTERY: Final = bytes((STATUS, 0b000010))
LOW_BATTERY: Final = bytes((STATUS, 0b001010))

_WORDS = ("ACPresent", "Discharging", "Charging", "BelowRemainingCapacityLimit", "Overload")
_SIGNED = {"logical_min": -1, "logical_max": 32767}


def _field(path: str, id: int, offset: int, size: int, **more: int) -> list[dict[str, Any]]:
    place = {"path": f"UPS.PowerSummary.{path}", "report_id": hex(id), "offset": offset}
    return [{**place, "type": kind, "size": size, **more} for kind in ("Feature", "Input")]


FIELDS = [
    *(
        each
        for number, word in enumerate(_WORDS)
        for each in _field(f"PresentStatus.{word}", STATUS, number, 1)
    ),
    *_field("RemainingCapacity", CHARGE, 0, 8, logical_max=100),
    *_field("RunTimeToEmpty", CHARGE, 8, 16),
    *_field("DelayBeforeStartup", START, 0, 16, **_SIGNED),
    *_field("DelayBeforeShutdown", SHUTDOWN, 0, 16, **_SIGNED),
    *_field("AudibleAlarmControl", BEEPER, 0, 8),
    *_field("RemainingCapacityLimitSetting", LIMIT, 0, 8, logical_max=100),
]


@dataclass
class SmallUps(Model):
    """Online and full; `charge` changes what it reports."""

    def charge(self, percent: int) -> None:
        """Report another charge."""
        self.reports[Report.FEATURE, CHARGE] = bytes((CHARGE, percent, 0x10, 0x0E))

    def outage(self) -> None:
        """Run on battery, and say so at once."""
        self.reports[Report.FEATURE, STATUS] = ON_BATTERY
        self.say(ON_BATTERY)

    def back(self) -> None:
        """Be online again, and say so at once."""
        self.reports[Report.FEATURE, STATUS] = ONLINE
        self.say(ONLINE)


def small_ups(serial: str | None = None, vendor: int = 0x0463, charge: int = 100) -> SmallUps:
    """Make a UPS with or without a serial number."""
    texts = {1: "EATON", 2: "Small UPS"} | ({3: serial} if serial else {})
    names = (1, 2, 3 if serial else 0)
    ups = SmallUps(vendor, 0xFFFF, descriptor_of(FIELDS, VENDOR.usages), Strings(texts), names)
    ups.fill()
    ups.reports[Report.FEATURE, STATUS] = ONLINE
    ups.reports[Report.FEATURE, START] = bytes((START, 0xFF, 0xFF))
    ups.reports[Report.FEATURE, SHUTDOWN] = bytes((SHUTDOWN, 0xFF, 0xFF))
    ups.reports[Report.FEATURE, BEEPER] = bytes((BEEPER, 2))
    ups.reports[Report.FEATURE, LIMIT] = bytes((LIMIT, 20))
    ups.charge(charge)
    return ups
