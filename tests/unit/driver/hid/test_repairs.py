"""Repairs of report descriptors, on recorded ones and on made-up ones."""

from dataclasses import replace

from services.driver.protocols.hid import repairs
from services.driver.protocols.hid.descriptor import Descriptor, Field, Report, find
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.registry import VENDORS, choose
from services.driver.protocols.hid.table import UsbId
from services.driver.protocols.hid.usages import USAGES
from tests.unit.driver.hid.recorded import recording, recordings

NAMES = Usages.of(USAGES)
OTHER = UsbId("1234", "0001")


def ranges(descriptor: Descriptor, path: str, report: Report) -> tuple[int, int]:
    steps = NAMES.path(path)
    assert steps
    field = find(descriptor.fields, steps, report)
    assert field
    return field.minimum, field.maximum


def mended(name: str) -> tuple[Descriptor, Descriptor]:
    recorded = recording(name)
    vendor = choose(recorded.identity)
    assert vendor
    assert recorded.descriptor
    descriptor = recorded.descriptor
    for repair in vendor.repairs:
        descriptor = repair(descriptor, recorded.identity.id)
    return recorded.descriptor, descriptor


def test_a_back_ups_for_230_volts_may_measure_them():
    before, after = mended("apc_051d-0002_bk650m2-ch")
    assert ranges(before, "UPS.Input.Voltage", Report.FEATURE) == (0, 255)
    assert ranges(after, "UPS.Input.Voltage", Report.FEATURE) == (0, 556)
    assert ranges(after, "UPS.Input.ConfigVoltage", Report.FEATURE) == (0, 255)


def test_voltages_of_cyberpower_get_room():
    before, after = mended("cps_0764-0601_powerwalker-vi-500-r1u")
    assert ranges(before, "UPS.Output.Voltage", Report.FEATURE) == (0, 255)
    assert ranges(before, "UPS.Input.Voltage", Report.FEATURE) == (0, 65535)
    assert ranges(after, "UPS.Input.Voltage", Report.FEATURE) == (0, 65535)
    size = next(each.size for each in after.fields if each.id == 18)
    assert ranges(after, "UPS.Output.Voltage", Report.FEATURE)[1] == min(65535, 2**size - 1)


def test_the_range_of_the_upper_transfer_voltage_is_not_that_of_the_output():
    path = (0x00840004, 0x0084001C, 0x00840030)
    output = Field(path, Report.FEATURE, 18, 0, 16, 260, 300)
    voltage = replace(output, id=15)
    transfer = replace(output, id=16, path=(0x00840004, 0x0084001A, 0x00840054))
    power = replace(output, id=24, path=(0x00840004, 0x0084001C, 0x00840044), maximum=1000)
    wrong = Descriptor((transfer, output, voltage, power), {}, has_ids=True)
    device = UsbId("0764", "0501")
    better = repairs.cps_power(repairs.cps_voltages(wrong, device), device)
    assert [(each.minimum, each.maximum) for each in better.fields] == [
        (260, 300),
        (0, 511),
        (0, 511),
        (260, 2048),
    ]
    assert repairs.cps_voltages(wrong, OTHER) is wrong
    assert repairs.cps_power(wrong, OTHER) is wrong


def test_ranges_with_swapped_bytes_are_those_of_the_other_report():
    before, after = mended("goldenmate_075d-0300")
    assert ranges(before, "UPS.PowerSummary.RunTimeToEmpty", Report.INPUT)[1] == 0xFEFFFFFF
    assert ranges(after, "UPS.PowerSummary.RunTimeToEmpty", Report.INPUT) == (0, 0x75FFFFFF)
    assert ranges(after, "UPS.PowerSummary.Voltage", Report.INPUT) == (0, 65535)
    assert ranges(after, "UPS.PowerSummary.RunTimeToEmpty", Report.FEATURE) == ranges(
        before, "UPS.PowerSummary.RunTimeToEmpty", Report.FEATURE
    )


def test_every_repair_leaves_other_devices_alone_and_is_done_once():
    for recorded in recordings():
        if not recorded.descriptor:
            continue
        for repair in (each for vendor in VENDORS for each in vendor.repairs):
            assert repair(recorded.descriptor, OTHER) is recorded.descriptor
            once = repair(recorded.descriptor, recorded.identity.id)
            assert repair(once, recorded.identity.id) == once
            assert len(once.fields) == len(recorded.descriptor.fields)
