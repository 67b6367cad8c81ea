"""`nutbus scan --explore`: all that a HID device has, as a table that needs only editing."""

import asyncio
import re
from collections.abc import Iterator

from services.console.scan.ours import quoted
from services.driver.drivers.usbhid_explore import Explored, Found, explore
from services.driver.drivers.usbhid_options import UsbHidOptions
from services.driver.protocols.hid.descriptor import Report
from services.driver.protocols.hid.table import Row
from services.driver.protocols.hid.userform import row_text
from shared.errors import PowerError

_IDS = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4})", re.IGNORECASE)
_PORT = re.compile(r"[0-9]+(-[0-9]+(\.[0-9]+)*)?")


def explored(device: str) -> str:
    """Open a device, read it and write it down; PowerError says why not."""
    return as_table(asyncio.run(explore(options(device))))


def options(device: str) -> UsbHidOptions:
    """Read which device is meant: its ids 0463:ffff, or its port 1-2."""
    if ids := _IDS.fullmatch(device):
        return UsbHidOptions(vendorid=ids[1], productid=ids[2], pollonly=True)
    if _PORT.fullmatch(device):
        return UsbHidOptions(busport=re.escape(device), pollonly=True)
    raise PowerError(f"--explore {device}: write its ids as 0463:ffff or its port as 1-2")


def as_table(found: Explored) -> str:
    """Write the device in the form of a table of its own.

    A path that its table knows is a row; the others are comments, with their values.
    """
    device = found.identity
    name = " ".join(filter(None, (device.maker, device.product))).strip() or "unknown device"
    lines = [
        f"# {found.where}, read by the table {found.vendor.name} ({found.vendor.version})",
        'driver = "usbhid"',
        f"version = {quoted(name)}",
        f'like = "{found.vendor.name}"  # what the rows below do not say, this table says',
        "",
        "[usages]",
        *_usages(found),
    ]
    for each in found.fields:
        lines += ["", *_described(each, found)]
    return "\n".join(lines) + "\n"


def _usages(found: Explored) -> Iterator[str]:
    """Write the vendor's own usages that the device has, with a place for the names of others."""
    steps = {step for each in found.fields for step in each.field.path}
    for step in sorted(step for step in steps if step >> 16 >= 0xFF00):
        name = found.vendor.usages.names.get(step)
        yield f'{name} = "{step:08x}"' if name else f'# name = "{step:08x}"'


def _described(each: Found, found: Explored) -> Iterator[str]:
    place = each.field
    value = "not told" if each.value is None else f"{each.value:g}"
    kind = place.report.name.lower()
    yield (
        f"# {kind} report 0x{place.id:02x}, bit {place.offset}, {place.size} bits,"
        f" {place.minimum} to {place.maximum}: {value}"
    )
    row = _row(each, found)
    if row is None or place.report is not Report.FEATURE:
        yield "# [[rows]]"
        yield '# variable = ""'
        yield f"# path = {quoted(each.path)}"
    else:
        yield from row_text(row)


def _row(each: Found, found: Explored) -> Row | None:
    usages = found.vendor.usages
    return next(
        (row for row in found.vendor.rows if usages.path(row.path) == each.field.path), None
    )
