"""The dialect voltronic: how a UPS is told things, and how far its settings go."""

import pytest

from services.driver.drivers.qx_options import QxOptions
from services.driver.protocols.qx import voltronic_limits, voltronic_values
from services.driver.protocols.qx.table import Setting
from services.driver.protocols.qx.voltronic import VOLTRONIC
from shared.errors import RefusedError
from tests.unit.driver.qx.voltronics import replies, status, ups
from tests.unit.driver.qx.walks import told, walked, written


def test_the_beeper_is_toggled_from_what_it_is():
    assert told(walked(VOLTRONIC, replies(QFLAG=b"(EaDb\r")), "beeper.toggle") == ("BZOFF\r",)
    muted = replies(QFLAG=b"(EaDb\r", QGS=status("100000000101"))
    assert told(walked(VOLTRONIC, muted), "beeper.toggle") == ("BZON\r",)
    without = replies(QFLAG=b"(EpDb\r", QGS=status("100000000101"))
    assert told(walked(VOLTRONIC, without), "beeper.toggle") == ("BZON\r",)
    with pytest.raises(RefusedError, match="disabled"):
        told(walked(VOLTRONIC, replies(QFLAG=b"(EpDa\r")), "beeper.toggle")


@pytest.mark.parametrize(
    ("variable", "value", "request_line"),
    [
        ("ups.start.auto", "yes", "PER\r"),
        ("battery.protection", "no", "PDS\r"),
        ("battery.energysave", "yes", "PEG\r"),
        ("ups.start.battery", "no", "PDC\r"),
        ("outlet.0.switchable", "no", "PDJ\r"),
        ("outlet.3.delay.shutdown", "600", "PSK3010\r"),
        ("input.transfer.high", "240", "HEH240\r"),
        ("input.transfer.low", "220", "HEL220\r"),
        ("input.frequency.high", "54", "FREH54.0\r"),
        ("input.frequency.low", "46.5", "FREL46.5\r"),
        ("battery.packs", "4", "BATGN04\r"),
        ("battery.voltage.low", "22", "W0E22\r"),
    ],
)
def test_a_setting_is_written(variable, value, request_line):
    picture = ups(QFLAG=b"(ErsgcjeaDb\r")
    assert variable in picture.reading(0.0).writable
    assert written(picture, variable, value) == (request_line,)


@pytest.mark.parametrize(
    ("option", "value", "request_line"),
    [
        ("bypass_alarm", "disabled", "PDP\r"),
        ("limited_runtime_on_battery", "enabled", "PEW\r"),
        ("max_bypass_volt", "260", "PHV260\r"),
        ("min_bypass_volt", "180", "PLV180\r"),
        ("max_bypass_freq", "52", "PGF52.0\r"),
        ("min_bypass_freq", "47.5", "PSF47.5\r"),
        ("battery_number", "3", "BATN3\r"),
        ("output_phase_angle", "180", "PPD180\r"),
        ("reset_to_default", "", "PF\r"),
    ],
)
def test_an_option_is_a_setting_that_is_no_variable(option, value, request_line):
    picture = ups()
    assert written(picture, option, value, private=True) == (request_line,)


def test_every_private_setting_is_an_option_of_the_driver():
    private = {setting.variable for setting in VOLTRONIC.settings if setting.private}
    assert private <= set(QxOptions.model_fields)


def test_capabilities_are_only_reset_while_the_ups_is_off():
    with pytest.raises(RefusedError, match="OFF"):
        written(ups(QMOD=b"(L\r"), "reset_to_default", "", private=True)


@pytest.mark.parametrize(
    ("command", "value", "request_line"),
    [
        ("load.off", None, "SOFF\r"),
        ("load.on", None, "SON\r"),
        ("shutdown.return", None, "S.5R0003\r"),
        ("shutdown.stayoff", None, "S.5R0000\r"),
        ("shutdown.stop", None, "CS\r"),
        ("test.battery.start", None, "T10\r"),
        ("test.battery.start", "18", "T.3\r"),
        ("test.battery.start", "120", "T02\r"),
        ("test.battery.start.deep", None, "TL\r"),
        ("test.battery.start.quick", None, "T\r"),
        ("test.battery.stop", None, "CT\r"),
        ("beeper.enable", None, "PEA\r"),
        ("beeper.disable", None, "PDA\r"),
        ("bypass.start", None, "PEE\r"),
        ("bypass.stop", None, "PDE\r"),
        ("outlet.2.load.off", None, "SKOFF2\r"),
        ("outlet.4.load.on", None, "SKON4\r"),
    ],
)
def test_a_command_is_said(command, value, request_line):
    assert told(ups(QFLAG=b"(EjeaDb\r"), command, value) == (request_line,)


@pytest.mark.parametrize("value", ["11", "5941", "a", "-5", "1.5", "²"])
def test_a_battery_test_of_no_possible_length_is_refused(value):
    with pytest.raises(RefusedError):
        told(ups(), "test.battery.start", value)


def test_delays_are_cut_to_what_can_be_said():
    picture = ups()
    kept = picture.setting("ups.delay.shutdown")
    assert isinstance(kept, Setting)
    picture.keep(kept, "120")
    start = picture.setting("ups.delay.start")
    assert isinstance(start, Setting)
    picture.keep(start, "0")
    assert told(picture, "shutdown.return") == ("S02\r",)


@pytest.mark.parametrize("protocol", sorted(voltronic_values.PROTOCOLS))
@pytest.mark.parametrize("volts", ["120", "230"])
@pytest.mark.parametrize("hertz", ["50.0", "60.0"])
def test_limits_are_in_order_or_not_offered(protocol, volts, hertz):
    picture = ups(
        f"{protocol:02d}",
        QFLAG=b"(EeDb\r",
        QRI=f"({volts}.0 004 024.0 {hertz}\r".encode(),
        QMD=f"(#######OLHVT1K0 ###1000 80 1/1 {volts} {volts} 02 12.0\r".encode(),
    )
    writable = picture.reading(0.0).writable
    has_eco = protocol not in (0, 8, 31)
    for name in ("input.transfer.high", "input.transfer.low", "input.frequency.high"):
        assert (name in writable) is has_eco
        for bottom, top in writable[name].ranges if has_eco else ():
            assert bottom < top
    low, high = "input.transfer.low", "input.transfer.high"
    if has_eco:
        assert writable[low].ranges[0][1] < float(volts) < writable[high].ranges[0][0]
        edges = [picture.known.variables[f"{low}.{end}"] for end in ("min", "max")]
        assert tuple(map(float, edges)) == writable[low].ranges[0]
    bypass = voltronic_limits.limit(voltronic_limits.BYPASS_VOLTAGE_LOW, protocol, float(volts))
    assert (bypass is None) is not has_eco


def test_the_low_battery_goes_higher_in_big_models():
    assert ups().reading(0.0).writable["battery.voltage.low"].ranges == [(20, 24)]
    big = ups(QRI=b"(230.0 009 024.0 50.0\r").reading(0.0)
    assert big.writable["battery.voltage.low"].ranges == [(20, 28)]
