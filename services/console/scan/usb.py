"""Look for power devices on USB: by their ids, and by what they say of themselves."""

import asyncio
from typing import Final

from services.console.scan.found import Bus, Found
from services.console.scan.usbids import OTHERS
from services.driver.protocols.hid.registry import VENDORS
from services.driver.transports.usbfinding import UsbAddress, UsbNames, addresses, names
from shared.errors import PowerError

HID_DRIVER: Final = "usbhid-ups"
PORT: Final = "auto"


async def search(_timeout: float) -> list[Found]:
    """List the power devices that are plugged in, whether or not they may be opened."""
    return await asyncio.to_thread(listed)


def listed() -> list[Found]:
    """List the power devices that are plugged in; it blocks."""
    drivers = known()
    found = []
    for address in addresses():
        driver = drivers.get((address.vendor, address.product))
        if driver:
            found.append(_found(address, driver))
    return found


def known() -> dict[tuple[str, str], str]:
    """Give NUT's driver for each device that has one, by vendor and product."""
    drivers = {(vendor, product): driver for vendor, product, driver in reversed(OTHERS)}
    return drivers | {(id.vendor, id.product): HID_DRIVER for each in VENDORS for id in each.ids}


def _found(address: UsbAddress, driver: str) -> Found:
    facts = {}
    try:
        texts = names(address)
    except PowerError as error:
        texts = UsbNames()
        facts["trouble"] = str(error)
    options = {
        "vendorid": address.vendor,
        "productid": address.product,
        "product": texts.product,
        "serial": texts.serial,
        "vendor": texts.maker,
        "bus": address.bus,
    }
    model = " ".join(filter(None, (texts.maker, texts.product))).strip()
    facts = {"model": model, "device": address.number, "busport": address.busport, **facts}
    return Found(
        Bus.USB,
        driver,
        PORT,
        tuple((key, value.strip()) for key, value in options.items() if value and value.strip()),
        facts={key: value for key, value in facts.items() if value},
    )
