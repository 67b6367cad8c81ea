"""By what a model of the hardware list is served here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.driver.contract import Kind
from services.driver.drivers import DRIVERS, NUT_DRIVER
from shared.hardware.models import FIRST_RELEASE, GIVEN_UP, Model, Transport, Way

OLDEST_RELEASE: Final = "2.8.0"

# Kinds that have NUT's name for a driver, and serve only some of the transports that it has.
# The rest is served through NUT's own driver until ours has it.
ONLY: Final[Mapping[str, Collection[Transport]]] = {
    "qx": (Transport.SERIAL, Transport.UNTOLD),
    "blazer": (Transport.SERIAL, Transport.UNTOLD),
}


class Served(StrEnum):
    """How well; the best comes first."""

    NATIVELY = "natively"
    ON_SERIAL = "natively if it is on a serial line"
    THROUGH_NUT = "through NUT's driver"
    NOT = "not yet"


@dataclass(frozen=True, slots=True)
class Service:
    """How a model is served: `driver` is ours, and `program` the driver of NUT that it stands for.

    `release` is the first release of NUT that has the program, if NUT's is needed and it is not in
    every release from 2.8.0: "" if it is, "none" if no release has it as yet.
    """

    served: Served
    driver: str
    program: str
    release: str = ""

    @property
    def text(self) -> str:
        """Say it to people."""
        if self.served in (Served.NATIVELY, Served.ON_SERIAL):
            also = "" if self.served is Served.NATIVELY else " on a serial line"
            return f"driver {self.driver}{also}"
        if self.served is Served.NOT:
            return "not yet"
        since = {"": "", "none": ", which no release has yet"}
        release = since.get(self.release, f" of NUT {self.release} or later")
        return f"driver {self.driver} with {self.program}{release}"


def service(model: Model, drivers: Mapping[str, Kind] = DRIVERS) -> Service:
    """Choose the best of the ways to a model."""
    ranks = list(Served)
    services = [way_service(way, drivers) for way in model.ways]
    return min(services, key=lambda each: ranks.index(each.served))


def way_service(way: Way, drivers: Mapping[str, Kind] = DRIVERS) -> Service:
    """Tell how one way to a model is served."""
    kind = drivers.get(way.driver)
    if kind is not None and way.transport in ONLY.get(kind.name, Transport):
        untold = way.transport is Transport.UNTOLD
        return Service(Served.ON_SERIAL if untold else Served.NATIVELY, kind.name, way.driver)
    if NUT_DRIVER not in drivers or way.driver in GIVEN_UP:
        return Service(Served.NOT, "", way.driver)
    release = FIRST_RELEASE.get(way.driver, OLDEST_RELEASE)
    told = "" if release == OLDEST_RELEASE else release or "none"
    return Service(Served.THROUGH_NUT, NUT_DRIVER, way.driver, told)
