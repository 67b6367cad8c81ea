"""Repairs of report descriptors that say what their devices do not mean."""

from dataclasses import replace

from services.driver.protocols.hid.descriptor import Descriptor, Field
from services.driver.protocols.hid.table import UsbId

_VOLTAGE = 0x00840030
_CONFIG_VOLTAGE = 0x00840040
_CONFIG_ACTIVE_POWER = 0x00840044
_HIGH_TRANSFER = 0x00840054
_RUNTIME = 0x00850068
_CPS_VOLTAGE = (0, 511)
_CPS_POWER = 2048  # watts
_IDOWELL_RUNTIME, _IDOWELL_VOLTAGE = 0x75FFFFFF, 65535  # of the same values in report 1


def apc_voltages(descriptor: Descriptor, device: UsbId) -> Descriptor:
    """Widen the ranges of voltages that are smaller than the upper transfer voltage's.

    Back-UPS for 230 V (XS 1400 U and others) state those of their sisters for 120 V.
    """
    transfer = _field(descriptor, 0x33, _HIGH_TRANSFER)
    if device != UsbId("051d", "0002") or not transfer:
        return descriptor
    most = transfer.maximum
    voltage = _field(descriptor, 0x31, _VOLTAGE)
    if voltage and most > voltage.maximum:
        descriptor = _with(descriptor, voltage, 0, 2 * most)
    nominal = _field(descriptor, 0x30, _CONFIG_VOLTAGE)
    if nominal and most > nominal.maximum:
        descriptor = _with(descriptor, nominal, nominal.minimum, 255)
    return descriptor


def cps_voltages(descriptor: Descriptor, device: UsbId) -> Descriptor:
    """Give voltages the range that they need.

    CP900EPFCLCD, CP1500PFCLCDa and others state the upper transfer voltage's range for the output,
    some for the input too; others state a maximum which a signed byte cannot hold.
    """
    if device not in (UsbId("0764", "0501"), UsbId("0764", "0601")):
        return descriptor
    transfer = _field(descriptor, 16, _HIGH_TRANSFER)
    output = _field(descriptor, 18, _VOLTAGE)
    if transfer and output and _range(output) == _range(transfer):
        descriptor = _with(descriptor, output, *_CPS_VOLTAGE)
        voltage = _field(descriptor, 15, _VOLTAGE)
        if voltage and _range(voltage) == _range(transfer):
            descriptor = _with(descriptor, voltage, *_CPS_VOLTAGE)
    return _widened(descriptor)


def cps_power(descriptor: Descriptor, device: UsbId) -> Descriptor:
    """Let the nominal power be what the device says, which its range would cut off."""
    power = _field(descriptor, 24, _CONFIG_ACTIVE_POWER)
    if device not in (UsbId("0764", "0501"), UsbId("0764", "0601")) or not power:
        return descriptor
    if power.maximum >= _CPS_POWER:
        return descriptor
    return _with(descriptor, power, power.minimum, _CPS_POWER)


def idowell_ranges(descriptor: Descriptor, device: UsbId) -> Descriptor:
    """Take the ranges of report 1 for report 2, where their bytes stand in the wrong order."""
    if device not in (UsbId("06da", "ffff"), UsbId("075d", "0300")):
        return descriptor
    for usage, most in ((_RUNTIME, _IDOWELL_RUNTIME), (_VOLTAGE, _IDOWELL_VOLTAGE)):
        field = _field(descriptor, 2, usage)
        if field and (field.maximum < field.minimum or field.maximum > 0x7FFFFFFF):
            descriptor = _with(descriptor, field, field.minimum, most)
    return descriptor


def _widened(descriptor: Descriptor) -> Descriptor:
    output = _field(descriptor, 18, _VOLTAGE)
    voltage = _field(descriptor, 15, _VOLTAGE)
    if not (output and voltage and (output.is_assumed or voltage.is_assumed)):
        return descriptor
    most = max(each.maximum for each in (output, voltage))
    for each in (output, voltage):
        if each.is_assumed:
            wanted = max(_CPS_VOLTAGE[1], most)
            descriptor = _with(descriptor, each, each.minimum, min(wanted, (1 << each.size) - 1))
    return descriptor


def _field(descriptor: Descriptor, report: int, usage: int) -> Field | None:
    """Find the first value of a report that has a usage, as NUT's repairs look it up."""
    return next(
        (each for each in descriptor.fields if each.id == report and each.path[-1] == usage),
        None,
    )


def _range(field: Field) -> tuple[int, int]:
    return field.minimum, field.maximum


def _with(descriptor: Descriptor, field: Field, minimum: int, maximum: int) -> Descriptor:
    """Give one field another range."""
    better = replace(field, minimum=minimum, maximum=maximum)
    fields = tuple(better if each is field else each for each in descriptor.fields)
    return replace(descriptor, fields=fields)
