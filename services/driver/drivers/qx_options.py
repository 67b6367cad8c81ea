"""Options of the driver qx: those of NUT's nutdrv_qx and blazer drivers, by their names."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from services.driver.drivers.usbhid_options import Index
from shared.settings import Section

UNUSED = "Of NUT; of no account here."
UNUSED_YET = "For devices on USB; not used yet."
OF_OLD_DRIVERS = "Of NUT's older drivers; not used."


class QxOptions(Section):
    """Options of the driver qx."""

    protocol: str | None = Field(
        default=None,
        description="Dialect that the device speaks, or name of a table; by default it is found.",
    )
    pollfreq: float = Field(
        default=30.0,
        ge=0,
        description="Seconds between readings of all; the status is read always.",
    )
    ondelay: int | None = Field(
        default=None, ge=0, description="Seconds before a start (ups.delay.start)."
    )
    offdelay: int | None = Field(
        default=None, ge=0, description="Seconds before a shutdown (ups.delay.shutdown)."
    )
    stayoff: bool = Field(
        default=False, description="shutdown.default keeps the device off when the mains return."
    )
    cablepower: Literal["normal", "reverse", "both", "none"] = Field(
        default="normal", description="What feeds the cable: DTR, RTS (reverse), both or none."
    )
    runtimecal: str | None = Field(
        default=None, description="Two runtimes in seconds with their loads: 240,100,720,50."
    )
    chargetime: float | None = Field(
        default=None, gt=0, description="Seconds that charging an empty battery takes (43200)."
    )
    idleload: float | None = Field(
        default=None, gt=0, le=100, description="Least load to count with, in percent (10)."
    )
    battery_voltage_reports_one_pack: bool = Field(
        default=False, description="The device tells the voltage of one of battery.packs packs."
    )
    norating: bool = Field(default=False, description="Do not ask for the ratings.")
    novendor: bool = Field(default=False, description="Do not ask for maker and model.")
    ignoresab: bool = Field(
        default=False, description="Ignore the bit that says that a shutdown is under way."
    )
    nooutstats: bool = Field(default=False, description="Of q2 and q6: do not ask for the loads.")
    pins_shutdown_mode: int | None = Field(
        default=None, ge=0, le=6, description="Of bestups: what pins 1 and 7 of its port do."
    )
    slave_address: int | None = Field(
        default=None, ge=0, le=99, description="Of masterguard: address that it must have."
    )
    reset_to_default: bool = Field(
        default=False, description="Of voltronic: put capabilities and their limits back."
    )
    bypass_alarm: str | None = Field(
        default=None, description="Of voltronic: beep on bypass; enabled or disabled."
    )
    battery_alarm: str | None = Field(
        default=None, description="Of voltronic: beep on battery; enabled or disabled."
    )
    bypass_when_off: str | None = Field(
        default=None, description="Of voltronic: bypass while off; enabled or disabled."
    )
    alarm_control: str | None = Field(
        default=None, description="Of voltronic: beep at all; enabled or disabled."
    )
    converter_mode: str | None = Field(
        default=None, description="Of voltronic: fixed output frequency; enabled or disabled."
    )
    eco_mode: str | None = Field(
        default=None, description="Of voltronic: ECO mode; enabled or disabled."
    )
    battery_open_status_check: str | None = Field(
        default=None, description="Of voltronic: look for the battery at start; enabled, disabled."
    )
    bypass_forbidding: str | None = Field(
        default=None, description="Of voltronic: never bypass; enabled or disabled."
    )
    site_fault_detection: str | None = Field(
        default=None, description="Of voltronic: warn of swapped wires; enabled or disabled."
    )
    advanced_eco_mode: str | None = Field(
        default=None, description="Of voltronic: advanced ECO mode; enabled or disabled."
    )
    constant_phase_angle: str | None = Field(
        default=None, description="Of voltronic: constant phase angle; enabled or disabled."
    )
    limited_runtime_on_battery: str | None = Field(
        default=None, description="Of voltronic: limited runtime on battery; enabled or disabled."
    )
    max_bypass_volt: float | None = Field(
        default=None, description="Of voltronic: highest voltage for the bypass."
    )
    min_bypass_volt: float | None = Field(
        default=None, description="Of voltronic: lowest voltage for the bypass."
    )
    max_bypass_freq: float | None = Field(
        default=None, description="Of voltronic: highest frequency for the bypass."
    )
    min_bypass_freq: float | None = Field(
        default=None, description="Of voltronic: lowest frequency for the bypass."
    )
    battery_number: int | None = Field(
        default=None, ge=1, le=9, description="Of voltronic: batteries in a pack."
    )
    output_phase_angle: str | None = Field(
        default=None, description="Of voltronic: phase angle; 000, 120, 180 or 240."
    )
    work_range_type: str | None = Field(
        default=None, description="Of voltronic: range of the mains; Appliance or UPS."
    )
    testing: bool = Field(
        default=False, description="Of voltronic: also ask what nobody has tested yet."
    )
    subdriver: str | None = Field(
        default=None, description="On USB: bridge in the device; it needs vendorid and productid."
    )
    vendorid: str | None = Field(
        default=None, description="On USB: pattern of the vendor's id, four hexadecimal digits."
    )
    productid: str | None = Field(
        default=None, description="On USB: pattern of the product's id, four hexadecimal digits."
    )
    vendor: str | None = Field(default=None, description="On USB: pattern of the maker's name.")
    product: str | None = Field(default=None, description="On USB: pattern of the product's name.")
    serial: str | None = Field(default=None, description="On USB: pattern of the serial number.")
    bus: str | None = Field(default=None, description="On USB: pattern of the bus, such as 001.")
    device: str | None = Field(
        default=None, description="On USB: pattern of the number on the bus; replugging changes it."
    )
    busport: str | None = Field(
        default=None, description="On USB: pattern of the way through the hubs, such as 1-2.3."
    )
    langid_fix: str | None = Field(
        default=None,
        pattern="^0[xX][0-9a-fA-F]{1,4}$",
        description="On USB: language of the device's texts, such as 0x0409.",
    )
    noscanlangid: bool = Field(default=False, description=UNUSED)
    usb_set_altinterface: Index = Field(
        default=None, description="On USB: alternate setting to choose, hexadecimal."
    )
    usb_config_index: Index = Field(
        default=None, description="On USB: index of the configuration to choose, hexadecimal."
    )
    usb_hid_rep_index: Index = Field(
        default=None, description="On USB: interface to claim, hexadecimal (0)."
    )
    usb_hid_desc_index: str | None = Field(default=None, description=UNUSED)
    usb_hid_ep_in: str | None = Field(default=None, description=UNUSED)
    usb_hid_ep_out: str | None = Field(default=None, description=UNUSED)
    allow_duplicates: bool = Field(default=False, description=UNUSED)

    # Variables that the driver has by another name.
    names: ClassVar[Mapping[str, str]] = {}
    usb: ClassVar[tuple[str, ...]] = (
        "subdriver",
        "vendorid",
        "productid",
        "vendor",
        "product",
        "serial",
        "bus",
        "device",
        "busport",
        "langid_fix",
    )

    def given(self) -> dict[str, str]:
        """List the options that the settings have, as text; a flag that is set is ""."""
        found = {}
        for name in self.model_fields_set:
            value = getattr(self, name)
            if value is not None and value is not False:
                found[name] = "" if value is True else _text(value)
        return found


class BlazerOptions(QxOptions):
    """Options of NUT's blazer drivers: as those of qx, but a start is delayed by minutes."""

    ondelay: int | None = Field(
        default=None, ge=0, le=9999, description="Minutes before a start (ups.delay.start)."
    )
    mfr: str | None = Field(default=None, description=OF_OLD_DRIVERS)
    model: str | None = Field(default=None, description=OF_OLD_DRIVERS)
    lowbatt: str | None = Field(default=None, description=OF_OLD_DRIVERS)
    battvolts: str | None = Field(default=None, description=OF_OLD_DRIVERS)
    nombattvolt: str | None = Field(default=None, description=OF_OLD_DRIVERS)
    battvoltmult: str | None = Field(default=None, description=OF_OLD_DRIVERS)
    ignoreoff: bool = Field(default=False, description=OF_OLD_DRIVERS)
    sendpace: str | None = Field(default=None, description=OF_OLD_DRIVERS)
    dtr: str | None = Field(default=None, description=OF_OLD_DRIVERS)
    rts: str | None = Field(default=None, description=OF_OLD_DRIVERS)
    ID: str | None = Field(default=None, description=OF_OLD_DRIVERS)

    names: ClassVar[Mapping[str, str]] = {"device.mfr": "ups.mfr", "device.model": "ups.model"}

    def given(self) -> dict[str, str]:
        """List the options, with the delay in seconds; one pack's voltage is always multiplied."""
        found = {"battery_voltage_reports_one_pack": "", **super().given()}
        if self.ondelay is not None:
            found["ondelay"] = str(self.ondelay * 60)
        return found


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
