"""Everything that one HID device on USB has: its fields with their values, and what they mean."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from services.driver.drivers.usbhid import Choice
from services.driver.drivers.usbhid_options import UsbHidOptions
from services.driver.protocols.hid.descriptor import Descriptor, Field, Report, parse
from services.driver.protocols.hid.table import Identity, Vendor
from services.driver.protocols.hid.values import physical, raw
from services.driver.transports.reports import NoReportError
from services.driver.transports.usb import UsbLine
from services.driver.transports.usbhid import UsbReports


@dataclass(frozen=True, slots=True)
class Found:
    """One field: its value as people read it, None where the device does not tell it."""

    field: Field
    path: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Explored:
    """A device as it is, nothing mended; `vendor` is the table by which it is read."""

    where: str
    identity: Identity
    vendor: Vendor
    fields: tuple[Found, ...]


async def explore(options: UsbHidOptions) -> Explored:
    """Open the device that the options mean and read all that it tells; DeviceError if not."""
    choice = Choice(options)
    line = UsbLine(choice.chooses, choice.accepts, {})
    reports = UsbReports(line, choice.quirks, options.usb_hid_desc_index)
    try:
        await reports.open()
        descriptor = parse(await reports.descriptor())
        identity = reports.identity
        vendor = choice.vendor(identity, descriptor)
        skipped = choice.quirks(identity).skipped_reports
        bodies = await _bodies(reports, descriptor, skipped)
        found = tuple(
            Found(each, vendor.usages.text(each.path), _value(each, bodies))
            for each in descriptor.fields
        )
        return Explored(reports.where, identity, vendor, found)
    finally:
        await reports.close()


async def _bodies(
    reports: UsbReports, descriptor: Descriptor, skipped: tuple[int, ...]
) -> Mapping[tuple[Report, int], bytes]:
    """Ask for every report; those that the device refuses are missing."""
    bodies: dict[tuple[Report, int], bytes] = {}
    for (kind, id), length in descriptor.lengths.items():
        if kind is Report.OUTPUT or id in skipped:
            continue
        with contextlib.suppress(NoReportError):
            data = await reports.get(kind, id, length + descriptor.has_ids)
            if not descriptor.has_ids or data[0] == id:
                bodies[kind, id] = data[descriptor.has_ids :]
    return bodies


def _value(place: Field, bodies: Mapping[tuple[Report, int], bytes]) -> float | None:
    body = bodies.get((place.report, place.id))
    if body is None or len(body) * 8 < place.offset + place.size:
        return None
    return physical(place, raw(place, body))
