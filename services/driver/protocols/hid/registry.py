"""All vendors' tables, and which of them takes a device."""

import re
from collections.abc import Mapping

from services.driver.protocols.hid import (
    apc,
    arduino,
    belkin,
    cps,
    delta_ups,
    ecoflow,
    ever,
    idowell,
    legrand,
    liebert,
    mge,
    openups,
    powercom,
    powervar,
    salicru,
    tripplite,
)
from services.driver.protocols.hid.descriptor import Descriptor
from services.driver.protocols.hid.table import Identity, Known, Named, Vendor

# The order counts: several vendors list 06da:ffff, and the first whose texts fit takes it.
VENDORS: tuple[Vendor, ...] = (
    mge.VENDOR,
    apc.VENDOR,
    arduino.VENDOR,
    belkin.VENDOR,
    cps.VENDOR,
    delta_ups.VENDOR,
    ecoflow.VENDOR,
    ever.VENDOR,
    idowell.VENDOR,
    legrand.VENDOR,
    liebert.VENDOR,
    openups.VENDOR,
    powercom.VENDOR,
    powervar.VENDOR,
    salicru.VENDOR,
    tripplite.VENDOR,
)
_POWER_PAGES = (0x84, 0x85)  # HID PDC 1.0: power devices, battery systems


def choose(device: Identity, *, is_asked_for: bool = False) -> Vendor | None:
    """Give the first table that takes a device.

    `is_asked_for`: somebody named the product's number, so unlisted ones of known vendors will do.
    """
    return next((each for each in VENDORS if takes(each, device, is_asked_for)), None)


def takes(vendor: Vendor, device: Identity, is_asked_for: bool) -> bool:
    """Tell whether a vendor's table takes a device."""
    match, numbers = vendor.match, device.id
    if numbers in match.refused or numbers.vendor not in {each.vendor for each in vendor.ids}:
        return False
    named = next((each for each in match.named if each.vendor == numbers.vendor), None)
    if numbers in vendor.ids or (named and named.takes_unlisted):
        return named is None or _fits(named, device)
    return is_asked_for and numbers.vendor not in match.never


def _fits(named: Named, device: Identity) -> bool:
    maker, product = device.maker or "", device.product or ""
    return any(each in maker for each in named.maker) or any(
        each in product for each in named.product
    )


def by_name(pattern: str) -> tuple[Vendor, ...]:
    """List the tables whose name or version fits a pattern, as with NUT's option subdriver."""
    fits = re.compile(pattern, re.IGNORECASE).search
    return tuple(each for each in VENDORS if fits(each.name) or fits(each.version))


def is_power_device(descriptor: Descriptor) -> bool:
    """Tell whether a descriptor speaks of power devices at all."""
    return any(step >> 16 in _POWER_PAGES for field in descriptor.fields for step in field.path)


def describe(vendor: Vendor, known: Known, answers: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that name a device, from its texts and the answers to the questions."""
    if vendor.identify:
        return vendor.identify(known, answers)
    parts = {
        "ups.mfr": known.identity.maker or vendor.maker or "",
        "ups.model": known.identity.product or "",
        "ups.serial": known.identity.serial or "",
    }
    return {name: text for name, text in parts.items() if text}
