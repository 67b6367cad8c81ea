"""The rows of the hardware list, from `models.tsv`, which tools/hardware-list makes.

A row is a line of NUT's hardware compatibility list: manufacturer, kind of device, support level,
model, what else tells it from others, the drivers with their transports, and what they need.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

FILE: Final = "models.tsv"
COLUMNS: Final = ("manufacturer", "type", "level", "model", "extra", "drivers", "needs")

# What NUT's stars mean.
LEVELS: Final = {
    1: "by reverse engineering",
    2: "by fragments of a public protocol",
    3: "by a public protocol",
    4: "by the vendor's protocol",
    5: "by the vendor's protocol and hardware",
}
# Releases of NUT that first had a driver, where 2.8.0 had it not; "" is no release as yet.
FIRST_RELEASE: Final = {
    "apc_modbus": "2.8.1",
    "apcmicrolink": "",
    "bicker_ser": "2.8.3",
    "hwmon_ina219": "2.8.3",
    "liebert-gxe": "2.8.3",
    "meanwell_ntu": "2.8.5",
    "must_ep2000pro": "2.8.5",
    "nhs_ser": "2.8.3",
    "nutdrv_hashx": "2.8.4",
    "powervar-cs": "",
    "powervar-cu": "",
    "ragtech": "",
}
# Drivers that NUT has given up, though its list still names them.
GIVEN_UP: Final = frozenset({"megatec_usb"})


class Transport(StrEnum):
    """How a driver reaches a device; UNTOLD is serial or USB, and the list does not say which."""

    SERIAL = "serial"
    USB = "usb"
    NETWORK = "network"
    BOARD = "board"  # I2C and the like, on the board of a computer
    FILE = "file"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Way:
    """A driver of NUT, and the transport that it reaches the model by."""

    driver: str
    transport: Transport


@dataclass(frozen=True, slots=True)
class Model:
    """One row. `level` is NUT's number of stars, `needs` are settings or remarks, "" if none."""

    manufacturer: str
    type: str
    level: int
    name: str
    extra: str
    ways: tuple[Way, ...]
    needs: str

    @property
    def drivers(self) -> tuple[str, ...]:
        """The names of NUT's drivers for it, the best first."""
        return tuple(way.driver for way in self.ways)


@cache
def models() -> tuple[Model, ...]:
    """Read the list; it is read once."""
    text = files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    _, *rows = text.splitlines()
    return tuple(map(_model, rows))


def _model(row: str) -> Model:
    manufacturer, kind, level, name, extra, ways, needs = row.split("\t")
    return Model(
        manufacturer, kind, int(level), name, extra, tuple(map(_way, ways.split(" "))), needs
    )


def _way(text: str) -> Way:
    driver, _, transport = text.partition(":")
    return Way(driver, Transport(transport))
