"""The settings that make one of our drivers read what was found."""

from collections.abc import Mapping
from typing import Final

from services.console.scan.forms import SERVER_DEVICE
from services.console.scan.found import Found
from services.driver.drivers import DRIVERS, NUT_DRIVER

SERVER_DRIVER: Final = "nut"


def settings(found: Found) -> Mapping[str, str]:
    """Make the keys of its section, `driver` first."""
    if found.driver == SERVER_DEVICE:
        return {"driver": SERVER_DRIVER, "port": found.port}
    kind = DRIVERS.get(found.driver)
    if kind is None:
        return {"driver": NUT_DRIVER, "program": found.driver, "port": found.port}
    return {"driver": kind.name, "port": found.port}
