"""The drivers, by the names that the settings may give them.

A driver is loaded when the first device needs it: a service of ten SNMP cards holds neither the
tables of USB nor those of serial lines in its memory.
"""

from services.driver.contract import Kind, Parts

NUT = "nut"
NUT_DRIVER = "nut-driver"


def _apcsmart() -> Parts:
    from services.driver.drivers.apcsmart import ApcSmartDriver, ApcSmartOptions, read_table

    return Parts(ApcSmartOptions, ApcSmartDriver, read_table)


def _apcupsd() -> Parts:
    from services.driver.drivers.apcupsd import ApcupsdDriver, ApcupsdOptions

    return Parts(ApcupsdOptions, ApcupsdDriver)


def _blazer() -> Parts:
    from services.driver.drivers.qx import QxDriver
    from services.driver.drivers.qx_options import BlazerOptions

    return Parts(BlazerOptions, QxDriver)


def _clone() -> Parts:
    from services.driver.drivers.clone import CloneDriver, CloneOptions

    return Parts(CloneOptions, CloneDriver)


def _clone_outlet() -> Parts:
    from services.driver.drivers.clone import CloneOutletDriver, CloneOutletOptions

    return Parts(CloneOutletOptions, CloneOutletDriver)


def _dummy() -> Parts:
    from services.driver.drivers.dummy import DummyOptions, dummy_driver

    return Parts(DummyOptions, dummy_driver)


def _eaton_mqtt() -> Parts:
    from services.driver.drivers.eatonmqtt import EatonMqttDriver, EatonMqttOptions

    return Parts(EatonMqttOptions, EatonMqttDriver)


def _failover() -> Parts:
    from services.driver.drivers.failover import FailoverDriver, FailoverOptions

    return Parts(FailoverOptions, FailoverDriver)


def _genericups() -> Parts:
    from services.driver.drivers.genericups import GenericUps, GenericUpsOptions, read_table

    return Parts(GenericUpsOptions, GenericUps, read_table)


def _mge_shut() -> Parts:
    from services.driver.drivers.mgeshut import MgeShutDriver, MgeShutOptions

    return Parts(MgeShutOptions, MgeShutDriver)


def _netxml() -> Parts:
    from services.driver.drivers.netxml import NetxmlDriver, NetxmlOptions

    return Parts(NetxmlOptions, NetxmlDriver)


def _nut() -> Parts:
    from services.driver.drivers.nut import NutDriver, NutOptions

    return Parts(NutOptions, NutDriver)


def _nut_driver() -> Parts:
    from services.driver.drivers.nutdriver import NutProgramDriver
    from services.driver.drivers.nutdriver_options import NutDriverOptions

    return Parts(NutDriverOptions, NutProgramDriver)


def _powerman() -> Parts:
    from services.driver.drivers.powerman import PowermanDriver, PowermanOptions

    return Parts(PowermanOptions, PowermanDriver)


def _qx() -> Parts:
    from services.driver.drivers.qx import QxDriver
    from services.driver.drivers.qx_options import QxOptions
    from services.driver.protocols.qx.userform import read_table

    return Parts(QxOptions, QxDriver, read_table)


def _simulated() -> Parts:
    from services.driver.drivers.simulated import SimulatedDriver, SimulatedOptions

    return Parts(SimulatedOptions, SimulatedDriver)


def _snmp() -> Parts:
    from services.driver.drivers.snmp import SnmpDriver
    from services.driver.drivers.snmp_options import SnmpOptions
    from services.driver.protocols.snmp.userform import read_table

    return Parts(SnmpOptions, SnmpDriver, read_table)


def _usbhid() -> Parts:
    from services.driver.drivers.usbhid import UsbHidDriver
    from services.driver.drivers.usbhid_options import UsbHidOptions
    from services.driver.protocols.hid.userform import read_table

    return Parts(UsbHidOptions, UsbHidDriver, read_table)


KINDS = (
    Kind(
        "usbhid",
        "UPSes and other power devices on USB that speak HID",
        _usbhid,
        aliases=("usbhid-ups",),
        has_tables=True,
    ),
    Kind(
        "qx",
        "UPSes that speak Q1 or one of its relatives, on a serial line or USB",
        _qx,
        aliases=("nutdrv_qx",),
        has_tables=True,
    ),
    Kind(
        "blazer",
        "as qx, with the options of NUT's older drivers for these UPSes",
        _blazer,
        aliases=("blazer_ser", "blazer_usb", "bestups", "megatec", "megatec_usb"),
    ),
    Kind(
        "apcsmart",
        "APC Smart-UPS, Matrix-UPS and Back-UPS Pro on a serial line",
        _apcsmart,
        aliases=("apcsmart-old",),
        has_tables=True,
    ),
    Kind(
        "mge-shut",
        "UPSes of MGE, Eaton and Dell that speak HID over SHUT on a serial line",
        _mge_shut,
    ),
    Kind(
        "genericups",
        "a UPS that tells its state by contacts on the modem lines of a serial port",
        _genericups,
        has_tables=True,
    ),
    Kind(
        "snmp",
        "UPSes, PDUs and transfer switches with an SNMP agent",
        _snmp,
        aliases=("snmp-ups",),
        has_tables=True,
    ),
    Kind(
        "netxml",
        "network cards of Eaton and MGE that speak XML over HTTP",
        _netxml,
        aliases=("netxml-ups",),
    ),
    Kind("eaton-mqtt", "Eaton's Network-M2 and -M3 cards, over their own MQTT server", _eaton_mqtt),
    Kind(
        "apcupsd",
        "the UPS of an apcupsd, over its network information server",
        _apcupsd,
        aliases=("apcupsd-ups",),
    ),
    Kind(
        "powerman",
        "the outlets that a powermand switches, as one PDU",
        _powerman,
        aliases=("powerman-pdu",),
    ),
    Kind(NUT, "a device of another NUT server", _nut),
    Kind(NUT_DRIVER, "any driver of NUT, started or adopted", _nut_driver),
    Kind("clone", "an outlet of a device as a UPS of its own", _clone),
    Kind("clone-outlet", "an outlet of a device as a UPS of its own, only watched", _clone_outlet),
    Kind("failover", "the best of several devices as one", _failover),
    Kind(
        "dummy",
        "a file of variables, played once or in a loop",
        _dummy,
        aliases=("dummy-ups",),
        port_is_file=True,
    ),
    Kind("simulated", "a model of a UPS or PDU, for trying out", _simulated),
)

DRIVERS: dict[str, Kind] = {name: kind for kind in KINDS for name in (kind.name, *kind.aliases)}
