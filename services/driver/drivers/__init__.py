"""The drivers, by the names that the settings may give them."""

from services.driver.contract import Kind
from services.driver.drivers import apcsmart, genericups
from services.driver.drivers.apcupsd import ApcupsdDriver, ApcupsdOptions
from services.driver.drivers.clone import (
    CloneDriver,
    CloneOptions,
    CloneOutletDriver,
    CloneOutletOptions,
)
from services.driver.drivers.dummy import DummyOptions, dummy_driver
from services.driver.drivers.eatonmqtt import EatonMqttDriver, EatonMqttOptions
from services.driver.drivers.failover import FailoverDriver, FailoverOptions
from services.driver.drivers.mgeshut import MgeShutDriver, MgeShutOptions
from services.driver.drivers.netxml import NetxmlDriver, NetxmlOptions
from services.driver.drivers.nut import NutDriver, NutOptions
from services.driver.drivers.nutdriver import NutProgramDriver
from services.driver.drivers.nutdriver_options import NutDriverOptions
from services.driver.drivers.powerman import PowermanDriver, PowermanOptions
from services.driver.drivers.qx import QxDriver
from services.driver.drivers.qx_options import BlazerOptions, QxOptions
from services.driver.drivers.simulated import SimulatedDriver, SimulatedOptions
from services.driver.drivers.snmp import SnmpDriver
from services.driver.drivers.snmp_options import SnmpOptions
from services.driver.drivers.usbhid import UsbHidDriver
from services.driver.drivers.usbhid_options import UsbHidOptions
from services.driver.protocols.qx.userform import read_table as read_qx_table

NUT = "nut"
NUT_DRIVER = "nut-driver"

KINDS = (
    Kind(
        "apcsmart",
        apcsmart.ApcSmartOptions,
        apcsmart.ApcSmartDriver,
        "APC Smart-UPS, Matrix-UPS and Back-UPS Pro on a serial line",
        aliases=("apcsmart-old",),
        read_table=apcsmart.read_table,
    ),
    Kind(
        "dummy",
        DummyOptions,
        dummy_driver,
        "a file of variables, played once or in a loop",
        aliases=("dummy-ups",),
        port_is_file=True,
    ),
    Kind("clone", CloneOptions, CloneDriver, "an outlet of a device as a UPS of its own"),
    Kind(
        "clone-outlet",
        CloneOutletOptions,
        CloneOutletDriver,
        "an outlet of a device as a UPS of its own, only watched",
    ),
    Kind("failover", FailoverOptions, FailoverDriver, "the best of several devices as one"),
    Kind(
        "genericups",
        genericups.GenericUpsOptions,
        genericups.GenericUps,
        "a UPS that tells its state by contacts on the modem lines of a serial port",
        read_table=genericups.read_table,
    ),
    Kind(NUT, NutOptions, NutDriver, "a device of another NUT server"),
    Kind(NUT_DRIVER, NutDriverOptions, NutProgramDriver, "any driver of NUT, started or adopted"),
    Kind(
        "apcupsd",
        ApcupsdOptions,
        ApcupsdDriver,
        "the UPS of an apcupsd, over its network information server",
        aliases=("apcupsd-ups",),
    ),
    Kind(
        "powerman",
        PowermanOptions,
        PowermanDriver,
        "the outlets that a powermand switches, as one PDU",
        aliases=("powerman-pdu",),
    ),
    Kind(
        "netxml",
        NetxmlOptions,
        NetxmlDriver,
        "network cards of Eaton and MGE that speak XML over HTTP",
        aliases=("netxml-ups",),
    ),
    Kind(
        "qx",
        QxOptions,
        QxDriver,
        "UPSes that speak Q1 or one of its relatives, on a serial line or USB",
        aliases=("nutdrv_qx",),
        read_table=read_qx_table,
    ),
    Kind(
        "blazer",
        BlazerOptions,
        QxDriver,
        "as qx, with the options of NUT's older drivers for these UPSes",
        aliases=("blazer_ser", "blazer_usb", "bestups", "megatec", "megatec_usb"),
    ),
    Kind(
        "mge-shut",
        MgeShutOptions,
        MgeShutDriver,
        "UPSes of MGE, Eaton and Dell that speak HID over SHUT on a serial line",
    ),
    Kind(
        "eaton-mqtt",
        EatonMqttOptions,
        EatonMqttDriver,
        "Eaton's Network-M2 and -M3 cards, over their own MQTT server",
    ),
    Kind(
        "usbhid",
        UsbHidOptions,
        UsbHidDriver,
        "UPSes and other power devices on USB that speak HID",
        aliases=("usbhid-ups",),
    ),
    Kind(
        "snmp",
        SnmpOptions,
        SnmpDriver,
        "UPSes, PDUs and transfer switches with an SNMP agent",
        aliases=("snmp-ups",),
    ),
    Kind("simulated", SimulatedOptions, SimulatedDriver, "a model of a UPS or PDU, for trying out"),
)

DRIVERS: dict[str, Kind] = {name: kind for kind in KINDS for name in (kind.name, *kind.aliases)}
