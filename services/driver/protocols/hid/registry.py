"""All vendors' tables, and which of them takes a device."""

import re

from services.driver.protocols.hid.descriptor import Descriptor
from services.driver.protocols.hid.table import Identity, Match, UsbId, Vendor

VENDORS: tuple[Vendor, ...] = ()
_POWER_PAGES = (0x84, 0x85)  # HID PDC 1.0: power devices, battery systems


def choose(device: Identity, *, is_asked_for: bool = False) -> Vendor | None:
    """Give the first table that takes a device.

    `is_asked_for`: somebody named the product's number, so unlisted ones of known vendors will do.
    """
    return next((each for each in VENDORS if takes(each, device, is_asked_for)), None)


def takes(vendor: Vendor, device: Identity, is_asked_for: bool) -> bool:
    """Tell whether a vendor's table takes a device."""
    if device.id in vendor.match.refused:
        return False
    is_listed = device.id in vendor.ids
    if not is_listed and device.id.vendor not in {each.vendor for each in vendor.ids}:
        return False
    named = _named(vendor.match, device)
    if is_listed:
        return named is not False
    return (is_asked_for and device.id.vendor not in vendor.match.never) if named is None else named


def _named(match: Match, device: Identity) -> bool | None:
    """Tell whether the texts of a device decide, and how; None if they do not."""
    return None


def by_name(pattern: str) -> tuple[Vendor, ...]:
    """List the tables whose name or version fits a pattern, as NUT's option subdriver."""
    fits = re.compile(pattern, re.IGNORECASE).search
    return tuple(each for each in VENDORS if fits(each.name) or fits(each.version))


def is_power_device(descriptor: Descriptor) -> bool:
    """Tell whether a descriptor speaks of power devices at all."""
    return any(step >> 16 in _POWER_PAGES for field in descriptor.fields for step in field.path)


__all__ = ["VENDORS", "UsbId", "by_name", "choose", "is_power_device", "takes"]
