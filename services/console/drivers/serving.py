"""By what a model of the hardware list is served here."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.driver.contract import Kind
from services.driver.drivers import DRIVERS, NUT_DRIVER
from shared.hardware.models import FIRST_RELEASE, GIVEN_UP, Model, Way

OLDEST_RELEASE: Final = "2.8.0"


class Served(StrEnum):
    """How well; the best comes first."""

    NATIVELY = "natively"
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
        if self.served is Served.NATIVELY:
            return f"driver {self.driver}"
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
    if kind is not None:
        return Service(Served.NATIVELY, kind.name, way.driver)
    if NUT_DRIVER not in drivers or way.driver in GIVEN_UP:
        return Service(Served.NOT, "", way.driver)
    release = FIRST_RELEASE.get(way.driver, OLDEST_RELEASE)
    told = "" if release == OLDEST_RELEASE else release or "none"
    return Service(Served.THROUGH_NUT, NUT_DRIVER, way.driver, told)
