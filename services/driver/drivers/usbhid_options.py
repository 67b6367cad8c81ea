"""Options of the driver usbhid: those of NUT's usbhid-ups, by their names."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from services.driver.protocols.hid.status import Choices
from services.driver.protocols.hid.table import Identity
from shared.settings import Section

UNUSED = "Accepted, and of no use here."
LONGEST_WAIT = 60.0  # seconds; opening a line may take 90 in all
# Devices that say LB and RB for moments while they calibrate: makers and products (known from NUT).
_UNSTEADY_MAKERS: Final = ("APC", "American Power Conversion")
_UNSTEADY_PRODUCTS: Final = re.compile(r"(^|.* )(BX.*MI|BVK.*M2|BK.*M2[-_]CH)")
_UNSTEADY_DELAY: Final = 3.0  # seconds


def _hexadecimal(value: object) -> object:
    """Read a number as NUT does: without a prefix, and still hexadecimal; a flag is 0."""
    if isinstance(value, bool):
        return 0 if value else None
    return int(value, 16) if isinstance(value, str) else value


Index = Annotated[int | None, BeforeValidator(_hexadecimal)]


class HidOptions(Section):
    """Options that count for HID devices on any line."""

    lowbatt: int | None = Field(
        default=None, ge=0, le=100, description="Charge that counts as low (battery.charge.low)."
    )
    offdelay: int | None = Field(
        default=None, description="Seconds before a shutdown (ups.delay.shutdown)."
    )
    ondelay: int | None = Field(
        default=None, description="Seconds before a start (ups.delay.start)."
    )
    pollfreq: float | None = Field(
        default=None,
        ge=0,
        description="Seconds between readings of all (30, CPS 12); the status is read always.",
    )
    pollonly: bool = Field(default=False, description="Do not listen to what comes unasked.")
    interrupt_pipe_no_events_tolerance: int = Field(
        default=-1, description="Polls without anything unasked before a new line; -1: any number."
    )
    onlinedischarge: bool = Field(
        default=False, description="Older name of onlinedischarge_onbattery."
    )
    onlinedischarge_battery: bool = Field(
        default=False, description="Another name of onlinedischarge_onbattery."
    )
    onlinedischarge_onbattery: bool = Field(
        default=False, description="Online and discharging at once means on battery."
    )
    onlinedischarge_calibration: bool = Field(
        default=False, description="Online and discharging at once means calibrating."
    )
    onlinedischarge_log_throttle_sec: int | None = Field(default=None, description=UNUSED)
    onlinedischarge_log_throttle_hovercharge: int | None = Field(default=None, description=UNUSED)
    lbrb_log_delay_sec: float | None = Field(
        default=None,
        ge=0,
        description="Seconds that LB and RB must last while the device calibrates.",
    )
    lbrb_log_delay_without_calibrating: bool = Field(
        default=False, description="lbrb_log_delay_sec counts whenever the device is online."
    )
    disable_fix_report_desc: bool = Field(
        default=False, description="Do not mend what devices are known to say wrongly."
    )

    def given(self) -> dict[str, str]:
        """List the options that the settings have, as text; a flag that is set is ""."""
        found = {}
        for name in self.model_fields_set:
            value = getattr(self, name)
            if value is not None and value is not False:
                found[name] = "" if value is True else _text(value)
        return found

    def choices(self, device: Identity) -> Choices:
        """Say how the status of a device is summed up."""
        delay = self.lbrb_log_delay_sec
        if delay is None:
            delay = _UNSTEADY_DELAY if is_unsteady(device) else 0.0
        return Choices(
            discharging_is_on_battery=self.onlinedischarge
            or self.onlinedischarge_battery
            or self.onlinedischarge_onbattery,
            discharging_is_calibration=self.onlinedischarge_calibration,
            delay=delay,
            delays_always=self.lbrb_log_delay_without_calibrating,
        )


class UsbHidOptions(HidOptions):
    """Options of the driver usbhid; those that choose a device are regular expressions."""

    vendorid: str | None = Field(default=None, description="Vendor id, 4 hexadecimal digits.")
    productid: str | None = Field(default=None, description="Product id, 4 hexadecimal digits.")
    vendor: str | None = Field(default=None, description="Name of the maker.")
    product: str | None = Field(default=None, description="Name of the product.")
    serial: str | None = Field(default=None, description="Serial number.")
    bus: str | None = Field(default=None, description="Number of the bus, such as 001.")
    device: str | None = Field(
        default=None, description="Number on the bus, such as 004; another after replugging."
    )
    busport: str | None = Field(
        default=None, description="Port: the way to it (1-2.3) or its number at its hub (003)."
    )
    subdriver: str | None = Field(
        default=None,
        description="Table for the device, by name; needs vendorid and productid.",
    )
    interruptonly: bool = Field(
        default=False, description="Ask for nothing; count only what comes unasked."
    )
    interruptsize: int | None = Field(
        default=None, gt=0, le=1024, description="Bytes to take of what comes unasked."
    )
    maxreport: bool = Field(
        default=False, description="Ask for the greatest length of reports, for firmware that errs."
    )
    waitbeforereconnect: float = Field(
        default=0.0, ge=0, description="Seconds to wait before a new line, at most 60."
    )
    usb_set_altinterface: Index = Field(
        default=None, description="Alternate setting to choose, hexadecimal."
    )
    usb_config_index: Index = Field(
        default=None, description="Configuration to choose, hexadecimal, from 0."
    )
    usb_hid_rep_index: Index = Field(default=None, description="Interface, hexadecimal.")
    usb_hid_desc_index: Index = Field(
        default=None, description="Index of the report descriptor, hexadecimal."
    )
    usb_hid_ep_in: Index = Field(default=None, description="Endpoint to listen to, hexadecimal.")
    usb_hid_ep_out: Index = Field(default=None, description=UNUSED)
    powercom_sdcmd_byte_order_fallback: bool = Field(
        default=False, description="Of PowerCOM: the older byte order of shutdown commands."
    )
    powercom_sdcmd_discrete_delay: bool = Field(
        default=False, description="Of PowerCOM: delays only from its table."
    )
    allow_duplicates: bool = Field(
        default=False, description="Accepted; two drivers never take the same device anyway."
    )
    explore: bool = Field(
        default=False, description="Accepted; nutbus scan --explore shows what a device has."
    )
    winhid: bool = Field(default=False, description=UNUSED)
    LIBUSB_DEBUG: int | None = Field(default=None, description=UNUSED)


def is_unsteady(device: Identity) -> bool:
    """Tell whether a device says LB and RB for moments only; its firmware is no part of it."""
    product = (device.product or "").partition("FW:")[0].rstrip()
    return device.maker in _UNSTEADY_MAKERS and bool(_UNSTEADY_PRODUCTS.fullmatch(product))


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
