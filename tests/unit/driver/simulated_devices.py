"""Simulated devices for tests, and what the tests ask of them."""

from dataclasses import replace
from typing import TypeVar

import pytest

from services.driver.protocols.simulation.device import Design, SimulatedDevice
from services.driver.protocols.simulation.pdu import Pdu
from services.driver.protocols.simulation.ups import Ups
from shared.errors import RefusedError

HOUR = 3600.0
UPS_DESIGN = Design(model="Simulated UPS")
PDU_DESIGN = Design(model="Simulated PDU", power=3680.0, realpower=3496.0, outlets=8)
KINDS = {"ups": (Ups, UPS_DESIGN), "pdu": (Pdu, PDU_DESIGN)}


def ups(**changes: object) -> Ups:
    return Ups(replace(UPS_DESIGN, **changes))  # type: ignore[arg-type]


def device(kind: str, **changes: object) -> SimulatedDevice:
    make, design = KINDS[kind]
    return make(replace(design, **changes))  # type: ignore[arg-type]


def words(device: SimulatedDevice) -> set[str]:
    return set(device.status().split())


def shown(device: SimulatedDevice, name: str) -> float:
    return float(device.variables()[name])


def seconds_until(device: SimulatedDevice, *wanted: str, limit: float = 48 * HOUR) -> float:
    """Let time pass second by second until all these words are in the status."""
    start = device.age
    while not set(wanted) <= words(device):
        device.advance(1.0)
        assert device.age - start < limit, f"{wanted} never came: {device.status()}"
    return device.age - start


def refusal(device: SimulatedDevice, name: str, value: str | None = None) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        device.command(name, value)
    return refused.value


D = TypeVar("D", bound=SimulatedDevice)


def after(device: D, *commands: str) -> D:
    for each in commands:
        device.command(each)
    return device
