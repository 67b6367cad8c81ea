"""What Ever's devices mean by their HID paths."""

from services.driver.protocols.hid import ever_values, lookups
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.table import STATUS, Command, Lookup, Poll, Row, UsbId, Vendor
from services.driver.protocols.hid.usages import USAGES

_EVER_FORMAT_VERSION = Lookup("ever_format_version", read=ever_values.version)
_EVER_FORMAT_HARDWARE = Lookup("ever_format_hardware", read=ever_values.hardware)
_EVER_MAC_ADDRESS = Lookup("ever_mac_address", read=ever_values.mac, reports=(210,))
_EVER_IP_ADDRESS_211 = Lookup("ever_ip_address_211", read=ever_values.address(211), reports=(211,))
_EVER_PACKETS_215 = Lookup("ever_packets_215", read=ever_values.packets(215), reports=(215,))
_EVER_PACKETS_216 = Lookup("ever_packets_216", read=ever_values.packets(216), reports=(216,))
_EVER_PACKETS_217 = Lookup("ever_packets_217", read=ever_values.packets(217), reports=(217,))
_EVER_PACKETS_218 = Lookup("ever_packets_218", read=ever_values.packets(218), reports=(218,))
_EVER_IP_ADDRESS_230 = Lookup("ever_ip_address_230", read=ever_values.address(230), reports=(230,))
_EVER_IP_ADDRESS_231 = Lookup("ever_ip_address_231", read=ever_values.address(231), reports=(231,))
_EVER_IP_ADDRESS_232 = Lookup("ever_ip_address_232", read=ever_values.address(232), reports=(232,))
_EVER_ON_OFF = Lookup("ever_on_off", read=ever_values.off, reports=(74,))
_EVER_WORKMODE = Lookup("ever_workmode", read=ever_values.mode, reports=(74,))
_EVER_MESSAGES = Lookup("ever_messages", read=ever_values.messages, reports=(75,))
_EVER_ALARMS = Lookup("ever_alarms", read=ever_values.alarms, reports=(76,))

ROWS = (
    # experimental
    Row("experimental.battery.batteryid", "UPS.BatterySystem.Battery.BatteryID"),
    Row("experimental.battery.systemid", "UPS.BatterySystem.BatterySystemID"),
    Row("experimental.battery.chargerid", "UPS.BatterySystem.Charger.ChargerID"),
    Row("experimental.battery.input_flowid", "UPS.BatterySystem.Input.FlowID"),
    Row("experimental.battery.input_id", "UPS.BatterySystem.Input.InputID"),
    Row("experimental.battery.output_flowid", "UPS.BatterySystem.Output.FlowID"),
    Row("experimental.battery.output_id", "UPS.BatterySystem.Output.OutputID"),
    Row(
        "experimental.id.firmware_version_inverter", "UPS.EVER1.EVER13", lookup=_EVER_FORMAT_VERSION
    ),
    Row(
        "experimental.id.firmware_version_interfaces",
        "UPS.EVER1.EVER14",
        lookup=_EVER_FORMAT_VERSION,
    ),
    Row("experimental.id.hardware_version", "UPS.EVER1.EVER15", lookup=_EVER_FORMAT_HARDWARE),
    Row(
        "experimental.id.protocol_version_inverter", "UPS.EVER1.EVER16", lookup=_EVER_FORMAT_VERSION
    ),
    Row(
        "experimental.id.protocol_version_interfaces",
        "UPS.EVER1.EVER17",
        lookup=_EVER_FORMAT_VERSION,
    ),
    Row("ups.temperature", "UPS.EVER1.EVER42", lookup=lookups.KELVIN_CELSIUS),
    Row("battery.temperature", "UPS.EVER1.EVER43", lookup=lookups.KELVIN_CELSIUS),
    Row("output.powerfactor", "UPS.EVER1.EVER44"),
    # experimental
    Row("experimental.control.ups_on", "UPS.EVER1.EVER45.EVER46", is_writable=True),
    Row("experimental.control.clear_fault", "UPS.EVER1.EVER45.EVER47", is_writable=True),
    Row("experimental.control.clear_battery_fault", "UPS.EVER1.EVER45.EVER48", is_writable=True),
    Row("experimental.control.epo_blocked", "UPS.EVER1.EVER49.EVER50", is_writable=True),
    Row("experimental.control.green_mode", "UPS.EVER1.EVER49.EVER51", is_writable=True),
    Row("experimental.control.button_sound", "UPS.EVER1.EVER49.EVER52", is_writable=True),
    Row("experimental.control.audible_alarm", "UPS.EVER1.EVER49.EVER53", is_writable=True),
    Row("output.voltage", "UPS.EVER1.EVER54", is_writable=True, is_text=True, length=3),
    # experimental
    Row(
        "experimental.config.overload_clearance_threshold",
        "UPS.EVER1.EVER59",
        is_writable=True,
        is_text=True,
        length=2,
    ),
    Row(
        "experimental.config.stb_charge",
        "UPS.EVER1.EVER60",
        is_writable=True,
        is_text=True,
        length=2,
    ),
    Row("battery.packs.external", "UPS.EVER1.EVER61", is_writable=True, is_text=True, length=1),
    # experimental
    Row("experimental.statistics.mains_loss_counter", "UPS.EVER1.EVER62"),
    Row("experimental.statistics.lowering_AVR_trigger_counter", "UPS.EVER1.EVER63"),
    Row("experimental.statistics.rising_AVR_trigger_counter", "UPS.EVER1.EVER64"),
    Row("experimental.statistics.overload_counter", "UPS.EVER1.EVER65"),
    Row("experimental.statistics.short_circuit_counter", "UPS.EVER1.EVER66"),
    Row("experimental.statistics.discharge_counter", "UPS.EVER1.EVER67"),
    Row("experimental.statistics.overheat_counter", "UPS.EVER1.EVER68"),
    Row("experimental.statistics.mains_operation_time", "UPS.EVER1.EVER69"),
    Row("experimental.statistics.autonomous_operation_time", "UPS.EVER1.EVER70"),
    Row("experimental.statistics.overload_operation_time", "UPS.EVER1.EVER71"),
    Row("experimental.networkcard.mac_address", "UPS.EVER1.EVER72", lookup=_EVER_MAC_ADDRESS),
    Row(
        "experimental.networkcard.notification_destination_ip",
        "UPS.EVER1.EVER73",
        lookup=_EVER_IP_ADDRESS_211,
    ),
    Row("experimental.networkcard.send_packets", "UPS.EVER1.EVER77", lookup=_EVER_PACKETS_215),
    Row("experimental.networkcard.received_packets", "UPS.EVER1.EVER78", lookup=_EVER_PACKETS_216),
    Row("experimental.networkcard.send_packets_err", "UPS.EVER1.EVER79", lookup=_EVER_PACKETS_217),
    Row(
        "experimental.networkcard.received_packets_err",
        "UPS.EVER1.EVER80",
        lookup=_EVER_PACKETS_218,
    ),
    Row("experimental.networkcard.config_dhcp_enabled", "UPS.EVER1.EVER85.EVER86"),
    Row("experimental.networkcard.config_ethernet_enabled", "UPS.EVER1.EVER85.EVER87"),
    Row("experimental.networkcard.config_http_enabled", "UPS.EVER1.EVER85.EVER88"),
    Row("experimental.networkcard.config_snmp_enabled", "UPS.EVER1.EVER85.EVER89"),
    Row("experimental.networkcard.config_snmp_trap_enabled", "UPS.EVER1.EVER85.EVER90"),
    Row("experimental.networkcard.config_readonly", "UPS.EVER1.EVER85.EVER91"),
    Row("experimental.networkcard.config_restart_eth", "UPS.EVER1.EVER85.EVER96"),
    Row("experimental.networkcard.ip_address", "UPS.EVER1.EVER93", lookup=_EVER_IP_ADDRESS_230),
    Row("experimental.networkcard.network_mask", "UPS.EVER1.EVER94", lookup=_EVER_IP_ADDRESS_231),
    Row(
        "experimental.networkcard.default_gateway", "UPS.EVER1.EVER95", lookup=_EVER_IP_ADDRESS_232
    ),
    # ups
    Row("ups.realpower.nominal", "UPS.Flow.ConfigActivePower"),
    Row("ups.power.nominal", "UPS.Flow.ConfigApparentPower"),
    # output
    Row("output.frequency.nominal", "UPS.Flow.ConfigFrequency"),
    Row("output.voltage.nominal", "UPS.Flow.ConfigVoltage"),
    Row("experimental.ups.flow_id", "UPS.Flow.FlowID"),
    Row("outlet.1.id", "UPS.OutletSystem.Outlet.OutletID"),
    Row(
        "experimental.outlet.1.present",
        "UPS.OutletSystem.Outlet.PresentStatus.Present",
        lookup=lookups.YES_NO,
    ),
    # outlet
    Row(
        "outlet.1.switchable",
        "UPS.OutletSystem.Outlet.PresentStatus.Switchable",
        lookup=lookups.YES_NO,
    ),
    Row("outlet.1.status", "UPS.OutletSystem.Outlet.PresentStatus.SwitchOn/Off"),
    # experimental
    Row("experimental.outlet.1.undefined", "UPS.OutletSystem.Outlet.PresentStatus.Undefined"),
    Row("experimental.outlet.1.system_id", "UPS.OutletSystem.OutletSystemID"),
    Row(
        "experimental.outlet.1.switch_off_control",
        "UPS.OutletSystem.Outlet.SwitchOffControl",
        is_writable=True,
    ),
    Row(
        "experimental.outlet.1.switch_on_control",
        "UPS.OutletSystem.Outlet.SwitchOnControl",
        is_writable=True,
    ),
    Row("experimental.powerconverter.input_flow_id", "UPS.PowerConverter.Input.FlowID"),
    Row("input.frequency", "UPS.PowerConverter.Input.Frequency"),
    Row("experimental.powerconverter.input_id", "UPS.PowerConverter.Input.InputID"),
    Row("input.voltage", "UPS.PowerConverter.Input.Voltage"),
    # ups
    Row("ups.realpower", "UPS.PowerConverter.Output.ActivePower"),
    Row("ups.power", "UPS.PowerConverter.Output.ApparentPower"),
    Row("output.current", "UPS.PowerConverter.Output.Current"),
    Row("experimental.powerconverter.output_flowid", "UPS.PowerConverter.Output.FlowID"),
    Row("output.frequency", "UPS.PowerConverter.Output.Frequency"),
    Row("experimental.powerconverter.output_id", "UPS.PowerConverter.Output.OutputID"),
    Row("ups.load", "UPS.PowerConverter.Output.PercentLoad"),
    Row("output.voltage", "UPS.PowerConverter.Output.Voltage"),
    # experimental
    Row("experimental.powerconverter.powerconverterid", "UPS.PowerConverter.PowerConverterID"),
    Row(
        "experimental.powersummary.capacity_granularity_1", "UPS.PowerSummary.CapacityGranularity1"
    ),
    Row(
        "experimental.powersummary.capacity_granularity_2", "UPS.PowerSummary.CapacityGranularity2"
    ),
    Row("experimental.powersummary.capacity_mode", "UPS.PowerSummary.CapacityMode"),
    Row(
        "ups.delay.shutdown",
        "UPS.PowerSummary.DelayBeforeShutdown",
        form="20",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row("battery.capacity", "UPS.PowerSummary.DesignCapacity"),
    Row("experimental.powersummary.flow_id", "UPS.PowerSummary.FlowID"),
    # battery
    Row("battery.capacity", "UPS.PowerSummary.FullChargeCapacity"),
    Row("battery.type", "UPS.PowerSummary.iDeviceChemistry"),
    Row("ups.load", "UPS.PowerSummary.PercentLoad"),
    Row("experimental.powersummary.rechargeable", "UPS.PowerSummary.Rechargeable"),
    # battery
    Row("battery.charge", "UPS.PowerSummary.RemainingCapacity"),
    Row("battery.runtime.low", "UPS.PowerSummary.RemainingTimeLimit", is_writable=True),
    Row("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty"),
    Row("battery.voltage", "UPS.PowerSummary.Voltage"),
    Row("ups.timer.shutdown", "UPS.PowerSummary.DelayBeforeShutdown", poll=Poll.QUICK),
    # status words
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ACPresent", lookup=lookups.ONLINE, poll=Poll.QUICK),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.AwaitingPower",
        lookup=lookups.AWAITINGPOWER,
        poll=Poll.QUICK,
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.BatteryPresent", lookup=lookups.NOBATTERY),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.CommunicationLost", lookup=lookups.COMMFAULT),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.Discharging",
        lookup=lookups.DISCHARGING,
        poll=Poll.QUICK,
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.NeedReplacement", lookup=lookups.REPLACEBATT),
    Row(
        STATUS, "UPS.PowerSummary.PresentStatus.Overload", lookup=lookups.OVERLOAD, poll=Poll.QUICK
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.OverTemperature", lookup=lookups.OVERHEAT),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ShutdownImminent", lookup=lookups.SHUTDOWNIMM),
    Row(STATUS, "UPS.EVER1.EVER18.EVER19", lookup=lookups.OVERLOAD),
    Row(STATUS, "UPS.EVER1.EVER18.EVER20", lookup=lookups.LOWBATT),
    Row(STATUS, "UPS.EVER1.EVER18.EVER21", lookup=lookups.BOOST),
    Row(STATUS, "UPS.EVER1.EVER18.EVER22", lookup=lookups.TRIM),
    Row(STATUS, "UPS.EVER1.EVER18.EVER25", lookup=lookups.CHARGING),
    Row(STATUS, "UPS.EVER1.EVER18.EVER28", lookup=lookups.REPLACEBATT),
    Row(STATUS, "UPS.EVER1.EVER32.EVER33", lookup=lookups.OVERLOAD),
    Row(STATUS, "UPS.EVER1.EVER32.EVER40", lookup=lookups.COMMFAULT),
    Row(STATUS, "UPS.EVER1.EVER97.EVER102", lookup=_EVER_ON_OFF),
    # experimental
    Row("experimental.status.workmode", "UPS.EVER1.EVER97.EVER98", lookup=_EVER_WORKMODE),
    Row("experimental.status.messages", "UPS.EVER1.EVER18.EVER28", lookup=_EVER_MESSAGES),
    Row("experimental.status.alarms", "UPS.EVER1.EVER32.EVER33", lookup=_EVER_ALARMS),
)

COMMANDS = (
    Command("load.off.delay", "UPS.PowerSummary.DelayBeforeShutdown", value="20"),
    Command("shutdown.return", "UPS.PowerSummary.DelayBeforeShutdown", value="20"),
)

VENDOR = Vendor(
    "ever",
    version="Ever HID 0.10",
    usages=Usages.of(
        (
            ("EVER1", 0x00000000),
            ("EVER2", 0xFF000000),
            ("EVER3", 0xFF000001),
            ("EVER4", 0xFF000002),
            ("EVER5", 0xFF000003),
            ("EVER6", 0xFF000004),
            ("EVER7", 0xFF000005),
            ("EVER8", 0xFF000006),
            ("EVER9", 0xFF000007),
            ("EVER10", 0xFF000008),
            ("EVER11", 0xFF000009),
            ("EVER12", 0xFF000010),
            ("EVER13", 0xFF000011),
            ("EVER14", 0xFF000012),
            ("EVER15", 0xFF000013),
            ("EVER16", 0xFF000014),
            ("EVER17", 0xFF000015),
            ("EVER18", 0xFF000016),
            ("EVER19", 0xFF000017),
            ("EVER20", 0xFF000018),
            ("EVER21", 0xFF000019),
            ("EVER22", 0xFF00001A),
            ("EVER23", 0xFF00001B),
            ("EVER24", 0xFF00001C),
            ("EVER25", 0xFF00001D),
            ("EVER26", 0xFF00001E),
            ("EVER27", 0xFF00001F),
            ("EVER28", 0xFF000020),
            ("EVER29", 0xFF000021),
            ("EVER30", 0xFF000022),
            ("EVER31", 0xFF000023),
            ("EVER32", 0xFF000030),
            ("EVER33", 0xFF000031),
            ("EVER34", 0xFF000032),
            ("EVER35", 0xFF000033),
            ("EVER36", 0xFF000034),
            ("EVER37", 0xFF000035),
            ("EVER38", 0xFF000036),
            ("EVER39", 0xFF000037),
            ("EVER40", 0xFF000038),
            ("EVER41", 0xFF000039),
            ("EVER42", 0xFF000040),
            ("EVER43", 0xFF000041),
            ("EVER44", 0xFF000042),
            ("EVER45", 0xFF000043),
            ("EVER46", 0xFF000044),
            ("EVER47", 0xFF000045),
            ("EVER48", 0xFF000046),
            ("EVER49", 0xFF000050),
            ("EVER50", 0xFF000051),
            ("EVER51", 0xFF000052),
            ("EVER52", 0xFF000053),
            ("EVER53", 0xFF000054),
            ("EVER54", 0xFF000060),
            ("EVER55", 0xFF000061),
            ("EVER56", 0xFF000062),
            ("EVER57", 0xFF000063),
            ("EVER58", 0xFF000064),
            ("EVER59", 0xFF000066),
            ("EVER60", 0xFF000067),
            ("EVER61", 0xFF000068),
            ("EVER62", 0xFF000069),
            ("EVER63", 0xFF00006A),
            ("EVER64", 0xFF00006B),
            ("EVER65", 0xFF00006C),
            ("EVER66", 0xFF00006D),
            ("EVER67", 0xFF00006E),
            ("EVER68", 0xFF00006F),
            ("EVER69", 0xFF000070),
            ("EVER70", 0xFF000071),
            ("EVER71", 0xFF000072),
            ("EVER72", 0xFF000073),
            ("EVER73", 0xFF000074),
            ("EVER74", 0xFF000075),
            ("EVER75", 0xFF000076),
            ("EVER76", 0xFF000077),
            ("EVER77", 0xFF000078),
            ("EVER78", 0xFF000079),
            ("EVER79", 0xFF00007A),
            ("EVER80", 0xFF00007B),
            ("EVER81", 0xFF00007C),
            ("EVER82", 0xFF00007D),
            ("EVER83", 0xFF00007E),
            ("EVER84", 0xFF00007F),
            ("EVER85", 0xFF000080),
            ("EVER86", 0xFF000081),
            ("EVER87", 0xFF000082),
            ("EVER88", 0xFF000083),
            ("EVER89", 0xFF000084),
            ("EVER90", 0xFF000085),
            ("EVER91", 0xFF000086),
            ("EVER92", 0xFF000087),
            ("EVER93", 0xFF000088),
            ("EVER94", 0xFF000089),
            ("EVER95", 0xFF00008A),
            ("EVER96", 0xFF00008B),
            ("EVER97", 0xFF000090),
            ("EVER98", 0xFF000091),
            ("EVER99", 0xFF000092),
            ("EVER100", 0xFF000093),
            ("EVER101", 0xFF000094),
            ("EVER102", 0xFF000095),
            ("EVER103", 0xFF000096),
            ("EVER104", 0xFF000097),
        ),
        USAGES,
    ),
    rows=ROWS,
    commands=COMMANDS,
    ids=(
        UsbId("0483", "a113"),
        UsbId("2e51", "ffff"),
        UsbId("2e51", "0000"),
    ),
    maker="Ever",
)
