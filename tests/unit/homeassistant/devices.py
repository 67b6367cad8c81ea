"""Devices as a fleet has them, and templates rendered as Home Assistant does, for tests."""

import json
import math
from typing import Any

import jinja2

from shared.fleet import Device
from shared.messages import Availability, DeviceMeta, DeviceState, Writable

UPS = {
    "battery.charge": "100",
    "battery.runtime": "1800",
    "device.mfr": "EATON",
    "device.model": "5P 1550",
    "device.serial": "G202E45678",
    "device.type": "ups",
    "input.voltage": "230.1",
    "ups.beeper.status": "enabled",
    "ups.load": "20",
    "ups.realpower": "180",
    "ups.status": "OL",
}
PDU = {
    "device.type": "pdu",
    "outlet.count": "2",
    "outlet.1.desc": "Switch room",
    "outlet.1.realpower": "60",
    "outlet.1.status": "on",
    "outlet.1.switchable": "yes",
    "outlet.2.realpower": "40",
    "outlet.2.status": "off",
    "outlet.2.switchable": "no",
    "ups.status": "OL",
}
SWITCHING = [f"outlet.{number}.load.{order}" for number in (1, 2) for order in ("on", "off")]


def device(
    variables: dict[str, str],
    commands: list[str] | None = None,
    writable: dict[str, Writable] | None = None,
    name: str = "rack1",
    heard: float = 0.0,
    standing: Availability = Availability.ONLINE,
    **meta: Any,
) -> Device:
    described = DeviceMeta(
        driver="usbhid", service="host", commands=commands or [], writable=writable or {}, **meta
    )
    return Device(
        name,
        meta=described,
        state=DeviceState(seq=1, at=0.0, vars=variables),
        availability=standing,
        service_online=True,
        heard=heard,
    )


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (ValueError, TypeError):
        return False


_ENVIRONMENT = jinja2.Environment(autoescape=False)
_ENVIRONMENT.filters["is_number"] = _is_number
_ENVIRONMENT.filters["to_json"] = json.dumps


def rendered(template: str, value: Any) -> str:
    """Render a template with a payload; what is not there is an error, as a hidden one would be."""
    given = {"value": value}
    try:
        given["value_json"] = json.loads(value)
    except (ValueError, TypeError):
        pass
    return _ENVIRONMENT.from_string(template).render(given).strip()
