"""The shapes of the rows of the netxml tables."""

from dataclasses import dataclass
from enum import StrEnum


class Flag(StrEnum):
    """The states of a UPS that make its status words and alarms."""

    ONLINE = "ONLINE"
    DISCHRG = "DISCHRG"
    CHRG = "CHRG"
    LOWBATT = "LOWBATT"
    OVERLOAD = "OVERLOAD"
    REPLACEBATT = "REPLACEBATT"
    SHUTDOWNIMM = "SHUTDOWNIMM"
    TRIM = "TRIM"
    BOOST = "BOOST"
    BYPASSAUTO = "BYPASSAUTO"
    BYPASSMAN = "BYPASSMAN"
    OFF = "OFF"
    OVERHEAT = "OVERHEAT"
    COMMFAULT = "COMMFAULT"
    INTERNALFAULT = "INTERNALFAULT"
    FANFAIL = "FANFAIL"
    NOBATTERY = "NOBATTERY"
    BATTVOLTLO = "BATTVOLTLO"
    BATTVOLTHI = "BATTVOLTHI"
    CHARGERFAIL = "CHARGERFAIL"
    VRANGE = "VRANGE"
    FRANGE = "FRANGE"
    FUSEFAULT = "FUSEFAULT"
    CALIB = "CALIB"


@dataclass(frozen=True, slots=True)
class Switch:
    """A flag, and the values of an object that set it."""

    flag: Flag
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """An object of a card; of a `static` variable the first object that is found counts."""

    object: str
    variable: str
    conversion: str
    rw: bool = False
    static: bool = False
