"""The settings that make one of our drivers read what was found."""

import json
import re
from collections.abc import Mapping
from typing import Final

from services.console.scan.forms import SERVER_DEVICE
from services.console.scan.found import Bus, Found
from services.driver.drivers import DRIVERS, NUT_DRIVER

SERVER_DRIVER: Final = "nut"
_UNUSUAL: Final = ("community", "snmp_version")
_SPECIAL = re.compile(r"[.^$*+?{}\[\]\\|()]")  # in a regular expression


def settings(found: Found) -> Mapping[str, str]:
    """Make the keys of its section, `driver` first."""
    if found.driver == SERVER_DEVICE:
        return {"driver": SERVER_DRIVER, "port": found.port}
    kind = DRIVERS.get(found.driver)
    if kind is None:
        return {"driver": NUT_DRIVER, "program": found.driver, "port": found.port}
    return {"driver": kind.name, "port": found.port, **_place(found)}


def _place(found: Found) -> Mapping[str, str]:
    """Say which device on USB is meant, by what stays the same when it is plugged in again.

    Of an SNMP agent the community is said if it is not the usual one, and version 1.
    """
    if found.bus is Bus.SNMP:
        options = dict(found.options)
        return {
            key: options[key]
            for key in ("community", "snmp_version")
            if options.get(key, "public") != "public"
        }
    if found.bus is not Bus.USB:
        return {}
    told = {**found.facts, **dict(found.options)}
    by = "serial" if told.get("serial", "").strip("0 ") else "busport"
    place: dict[str, str] = {key: told[key] for key in ("vendorid", "productid") if key in told}
    if by in told:
        place[by] = _SPECIAL.sub(r"\\\g<0>", told[by])
    return place


def quoted(text: str) -> str:
    """Write a TOML basic string; JSON's escapes are a part of TOML's, save for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
