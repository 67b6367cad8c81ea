"""The driver `mge-shut`: UPSes of MGE, Eaton and Dell that speak HID over SHUT on a serial line."""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from services.driver.contract import Site
from services.driver.drivers.usbhid_device import HidDriver
from services.driver.drivers.usbhid_options import HidOptions, Index
from services.driver.protocols import shut
from services.driver.protocols.hid import mge
from services.driver.transports.serial import check_port
from services.driver.transports.shut import ShutReports

# The levels to ask for, by NUT's numbers: the wanted one, and others for devices without it.
LEVELS: Final = {
    1: (shut.SYNC_OFF, shut.SYNC_COMPLETE),
    2: (shut.SYNC_LIGHT, shut.SYNC_OFF, shut.SYNC_COMPLETE),
    3: (shut.SYNC_COMPLETE, shut.SYNC_OFF),
}


class MgeShutOptions(HidOptions):
    """Options of the driver mge-shut."""

    notification: Annotated[Literal[1, 2, 3], BeforeValidator(int)] = Field(
        default=3, description="What the device may say unasked: 1 nothing, 2 some, 3 everything."
    )
    usb_hid_desc_index: Index = Field(
        default=None, description="Index of the report descriptor, hexadecimal."
    )


class MgeShutDriver(HidDriver):
    """The line to one device."""

    def __init__(self, site: Site, options: MgeShutOptions) -> None:
        check_port(site.port)
        levels = LEVELS[1 if options.pollonly else options.notification]
        reports = ShutReports(site.port, levels, options.usb_hid_desc_index)
        super().__init__(
            site,
            options,
            reports,
            lambda _device, _descriptor: mge.VENDOR,
            lambda device: mge.VENDOR.quirks_of(device.id),
        )
