"""The driver `usbhid`: power devices on USB, by the tables of their vendors or of the USB class."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from services.driver.contract import Site
from services.driver.drivers.usbhid_device import HidDriver
from services.driver.drivers.usbhid_options import LONGEST_WAIT, UsbHidOptions
from services.driver.protocols.hid import registry
from services.driver.protocols.hid.descriptor import Descriptor
from services.driver.protocols.hid.standard import STANDARD
from services.driver.protocols.hid.table import Identity, Quirks, UsbId, Vendor
from services.driver.transports.usb import PORT_HINT, Claim, UsbLine
from services.driver.transports.usbfinding import UsbAddress, UsbNames
from services.driver.transports.usbhid import UsbReports, identity_of
from services.driver.transports.usbmatch import UsbMatch
from shared.errors import DeviceError, SettingsError


class UsbHidDriver(HidDriver):
    """The line to one device on USB."""

    def __init__(self, site: Site, options: UsbHidOptions) -> None:
        self._usb = Choice(options, site.tables)
        is_again = PORT_HINT in site.hints
        self._wait = min(options.waitbeforereconnect, LONGEST_WAIT) if is_again else 0.0
        line = UsbLine(self._usb.chooses, self._usb.accepts, site.hints)
        reports = UsbReports(line, self._usb.quirks, options.usb_hid_desc_index)
        super().__init__(site, options, reports, self._usb.vendor, self._usb.quirks)

    async def open(self) -> None:
        """Wait as long as the settings say, then find the device."""
        await asyncio.sleep(self._wait)
        await super().open()


class Choice:
    """Which device the options mean, and by which table it is read."""

    def __init__(
        self, options: UsbHidOptions, tables: Mapping[str, Vendor] = MappingProxyType({})
    ) -> None:
        self._options = options
        self._match = UsbMatch.of({name: getattr(options, name) for name in MATCHES})
        self._named = _named(options, tables)

    def chooses(self, address: UsbAddress) -> bool:
        """Look at what can be told without opening a device."""
        listed = self._match.is_specific or address.vendor in _VENDOR_IDS
        return listed and self._match.chooses(address)

    def accepts(self, address: UsbAddress, names: UsbNames) -> Claim | None:
        """Look at the texts; tell what to claim."""
        device = identity_of(UsbId(address.vendor, address.product), names)
        if not self._match.accepts(names) or self.table(device) is None:
            return None
        options = self._options
        return Claim(
            self.quirks(device).interface or 0,
            options.usb_config_index,
            options.usb_set_altinterface,
        )

    def vendor(self, device: Identity, descriptor: Descriptor) -> Vendor:
        """Give the table; devices of no vendor must speak of power at all."""
        found = self.table(device)
        if found is STANDARD and not registry.is_power_device(descriptor):
            raise DeviceError(f"{device.id.vendor}:{device.id.product} is no power device")
        return found or STANDARD

    def quirks(self, device: Identity) -> Quirks:
        """Give what is special about a device, the options on top."""
        found = (self.table(device) or STANDARD).quirks_of(device.id)
        options = self._options
        if options.usb_hid_rep_index is not None:
            found = replace(found, interface=options.usb_hid_rep_index)
        if options.usb_hid_ep_in is not None:
            found = replace(found, endpoint_in=options.usb_hid_ep_in)
        if options.interruptsize is not None:
            found = replace(found, interrupt_size=options.interruptsize)
        if options.pollonly:
            found = replace(found, has_interrupts=False)
        if options.maxreport:
            found = replace(found, is_full_size=True, full_size_products=())
        if options.interruptonly:
            found = replace(found, is_interrupt_only=True)
        return found

    def table(self, device: Identity) -> Vendor | None:
        """Give the table for a device, None if none takes it."""
        if self._named:
            return self._named
        asked = self._options.productid is not None
        found = registry.choose(device, is_asked_for=asked)
        return found or (STANDARD if self._match.is_specific else None)


MATCHES = ("vendorid", "productid", "vendor", "product", "serial", "bus", "device", "busport")
_VENDOR_IDS = {each.vendor for vendor in registry.VENDORS for each in vendor.ids}


def _named(options: UsbHidOptions, own: Mapping[str, Vendor]) -> Vendor | None:
    """Find the table that the options name: exactly, else by a pattern for its beginning."""
    name = options.subdriver
    if name is None:
        return None
    if options.vendorid is None or options.productid is None:
        raise SettingsError("subdriver: give vendorid and productid too")
    tables = (*own.values(), *registry.VENDORS, STANDARD)
    try:
        pattern = re.compile(f"(?:{name}).*", re.IGNORECASE)
    except re.error as error:
        raise SettingsError(f"subdriver: {name!r} is no regular expression: {error}") from None
    for each in tables:
        if name in (each.name, each.version):
            return each
    for each in tables:
        if pattern.fullmatch(each.version) or pattern.fullmatch(each.name):
            return each
    known = ", ".join(each.name for each in tables)
    raise SettingsError(f"subdriver: no table is called {name!r}; there are {known}")
