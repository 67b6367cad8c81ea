"""What ATS16 transfer switches of Eaton with a Network-M2 say under SNMP."""

from services.driver.protocols.snmp import values
from services.driver.protocols.snmp.table import Flag, Lookup, Mapping, Row

_EATON_ATS16_NM2_INPUT_VOLTAGE_STATUS = Lookup(
    "eaton_ats16_nm2_input_voltage_status",
    texts=(
        (1, "good"),
        (2, "derated-range"),
        (3, "out-of-range"),
        (4, "unknown"),
    ),
)
_EATON_ATS16_NM2_INPUT_FREQUENCY_STATUS = Lookup(
    "eaton_ats16_nm2_input_frequency_status",
    texts=(
        (1, "good"),
        (2, "out-of-range"),
    ),
)
_EATON_ATS16_NM2_SENSITIVITY = Lookup(
    "eaton_ats16_nm2_sensitivity",
    texts=(
        (1, "normal"),
        (2, "high"),
        (3, "low"),
    ),
)
_EATON_ATS16_NM2_SOURCE = Lookup(
    "eaton_ats16_nm2_source",
    texts=(
        (1, "init"),
        (2, "diagnosis"),
        (3, "off"),
        (4, "1"),
        (5, "2"),
        (6, "safe"),
        (7, "fault"),
    ),
)
_EATON_ATS16_NM2_TEST_RESULT = Lookup(
    "eaton_ats16_nm2_test_result",
    texts=(
        (1, "done and passed"),
        (2, "done and warning"),
        (3, "done and error"),
        (4, "aborted"),
        (5, "in progress"),
        (6, "no test initiated"),
    ),
)
_EATON_ATS16_NM2_OUTPUT_STATUS = Lookup(
    "eaton_ats16_nm2_output_status",
    texts=(
        (1, "OFF"),
        (2, "OL"),
    ),
)
_EATON_ATS16_NM2_AMBIENT_DRYCONTACTS = Lookup(
    "eaton_ats16_nm2_ambient_drycontacts",
    texts=(
        (-1, "unknown"),
        (1, "opened"),
        (2, "closed"),
        (3, "opened"),
        (4, "closed"),
    ),
)
_EATON_ATS16_NM2_EMP002_AMBIENT_PRESENCE = Lookup(
    "eaton_ats16_nm2_emp002_ambient_presence",
    texts=(
        (0, "unknown"),
        (2, "yes"),
        (3, "no"),
    ),
)
_EATON_ATS16_NM2_SENSOR_TEMPERATURE_UNIT = Lookup(
    "eaton_ats16_nm2_sensor_temperature_unit", read=values.temperature_unit
)
_EATON_ATS16_NM2_SENSOR_TEMPERATURE_READ = Lookup(
    "eaton_ats16_nm2_sensor_temperature_read", read=values.sensor_temperature
)
_EATON_ATS16_NM2_THRESHOLD_STATUS = Lookup(
    "eaton_ats16_nm2_threshold_status",
    texts=(
        (0, "good"),
        (1, "warning-low"),
        (2, "critical-low"),
        (3, "warning-high"),
        (4, "critical-high"),
    ),
)
_EATON_ATS16_NM2_THRESHOLD_TEMPERATURE_ALARMS = Lookup(
    "eaton_ats16_nm2_threshold_temperature_alarms",
    texts=(
        (0, ""),
        (1, "low temperature warning!"),
        (2, "low temperature critical!"),
        (3, "high temperature warning!"),
        (4, "high temperature critical!"),
    ),
)
_EATON_ATS16_NM2_THRESHOLD_HUMIDITY_ALARMS = Lookup(
    "eaton_ats16_nm2_threshold_humidity_alarms",
    texts=(
        (0, ""),
        (1, "low humidity warning!"),
        (2, "low humidity critical!"),
        (3, "high humidity warning!"),
        (4, "high humidity critical!"),
    ),
)
_EATON_ATS16_NM2_AMBIENT_DRYCONTACTS_POLARITY = Lookup(
    "eaton_ats16_nm2_ambient_drycontacts_polarity",
    texts=(
        (0, "normal-opened"),
        (1, "normal-closed"),
    ),
)
_EATON_ATS16_NM2_AMBIENT_DRYCONTACTS_STATE = Lookup(
    "eaton_ats16_nm2_ambient_drycontacts_state",
    texts=(
        (0, "inactive"),
        (1, "active"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    Row("device.type", length=128, default="ats", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "device.mfr",
        "1.3.6.1.4.1.534.10.2.1.1.0",
        length=128,
        default="Eaton",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "device.model",
        "1.3.6.1.4.1.534.10.2.1.2.0",
        length=128,
        default="ATS",
        flags=Flag.STATIC,
        is_text=True,
    ),
    # ups
    Row("ups.firmware", "1.3.6.1.4.1.534.10.2.1.3.0", length=128, is_text=True),
    Row("ups.firmware.aux", "1.3.6.1.4.1.534.10.2.1.7.0", length=128, is_text=True),
    # device
    Row("device.serial", "1.3.6.1.4.1.534.10.2.1.5.0", length=128, flags=Flag.STATIC, is_text=True),
    Row("device.part", "1.3.6.1.4.1.534.10.2.1.6.0", length=128, flags=Flag.STATIC, is_text=True),
    # input
    Row("input.1.id", "1.3.6.1.4.1.534.10.2.2.2.1.1.1", flags=Flag.STATIC),
    Row("input.2.id", "1.3.6.1.4.1.534.10.2.2.2.1.1.2", flags=Flag.STATIC),
    Row("input.1.voltage", "1.3.6.1.4.1.534.10.2.2.2.1.2.1", multiplier=0.1),
    Row("input.2.voltage", "1.3.6.1.4.1.534.10.2.2.2.1.2.2", multiplier=0.1),
    Row(
        "input.1.voltage.status",
        "1.3.6.1.4.1.534.10.2.3.2.1.5.1",
        length=1,
        lookup=_EATON_ATS16_NM2_INPUT_VOLTAGE_STATUS,
        is_text=True,
    ),
    Row(
        "input.2.voltage.status",
        "1.3.6.1.4.1.534.10.2.3.2.1.5.2",
        length=1,
        lookup=_EATON_ATS16_NM2_INPUT_VOLTAGE_STATUS,
        is_text=True,
    ),
    Row("input.1.frequency", "1.3.6.1.4.1.534.10.2.2.2.1.3.1", multiplier=0.1),
    Row("input.2.frequency", "1.3.6.1.4.1.534.10.2.2.2.1.3.2", multiplier=0.1),
    Row(
        "input.1.frequency.status",
        "1.3.6.1.4.1.534.10.2.3.2.1.2.1",
        length=1,
        lookup=_EATON_ATS16_NM2_INPUT_FREQUENCY_STATUS,
        is_text=True,
    ),
    Row(
        "input.2.frequency.status",
        "1.3.6.1.4.1.534.10.2.3.2.1.2.2",
        length=1,
        lookup=_EATON_ATS16_NM2_INPUT_FREQUENCY_STATUS,
        is_text=True,
    ),
    Row(
        "input.sensitivity",
        "1.3.6.1.4.1.534.10.2.4.6.0",
        lookup=_EATON_ATS16_NM2_SENSITIVITY,
        is_writable=True,
    ),
    Row(
        "input.source",
        "1.3.6.1.4.1.534.10.2.2.4.0",
        length=1,
        lookup=_EATON_ATS16_NM2_SOURCE,
        is_text=True,
    ),
    Row("input.source.preferred", "1.3.6.1.4.1.534.10.2.4.5.0", is_writable=True),
    Row("input.phase.shift", "1.3.6.1.4.1.534.10.2.2.1.1.0"),
    # output
    Row("output.voltage", "1.3.6.1.4.1.534.10.2.2.3.1.0", multiplier=0.1),
    Row("output.voltage.nominal", "1.3.6.1.4.1.534.10.2.4.4.0", is_writable=True),
    Row("output.current", "1.3.6.1.4.1.534.10.2.2.3.2.0", multiplier=0.1),
    # ups
    Row("ups.test.result", "1.3.6.1.4.1.534.10.2.4.8.0", lookup=_EATON_ATS16_NM2_TEST_RESULT),
    Row("ups.status", "1.3.6.1.4.1.534.10.2.3.3.2.0", lookup=_EATON_ATS16_NM2_OUTPUT_STATUS),
    # ambient
    Row("ambient.temperature", "1.3.6.1.4.1.534.10.2.5.1.0", lookup=values.degrees(1)),
    Row("ambient.temperature.low", "1.3.6.1.4.1.534.10.2.5.5.0", is_writable=True),
    Row("ambient.temperature.high", "1.3.6.1.4.1.534.10.2.5.6.0", is_writable=True),
    Row("ambient.humidity", "1.3.6.1.4.1.534.10.2.5.2.0"),
    Row("ambient.humidity.low", "1.3.6.1.4.1.534.10.2.5.7.0", is_writable=True),
    Row("ambient.humidity.high", "1.3.6.1.4.1.534.10.2.5.8.0", is_writable=True),
    Row(
        "ambient.contacts.1.status",
        "1.3.6.1.4.1.534.10.2.5.4.1.3.1",
        length=128,
        lookup=_EATON_ATS16_NM2_AMBIENT_DRYCONTACTS,
        is_text=True,
    ),
    Row(
        "ambient.contacts.2.status",
        "1.3.6.1.4.1.534.10.2.5.4.1.3.2",
        length=128,
        lookup=_EATON_ATS16_NM2_AMBIENT_DRYCONTACTS,
        is_text=True,
    ),
    Row("ambient.count", "1.3.6.1.4.1.534.6.8.1.1.1.0", default="", is_writable=True),
    Row(
        "ambient.%i.present",
        "1.3.6.1.4.1.534.6.8.1.1.4.1.1.%i",
        length=128,
        flags=Flag.AMBIENT_TEMPLATE,
        lookup=_EATON_ATS16_NM2_EMP002_AMBIENT_PRESENCE,
        is_text=True,
    ),
    Row(
        "ambient.%i.name",
        "1.3.6.1.4.1.534.6.8.1.1.3.1.1.%i",
        length=1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_text=True,
    ),
    Row(
        "ambient.%i.mfr",
        "1.3.6.1.4.1.534.6.8.1.1.2.1.6.%i",
        length=1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_text=True,
    ),
    Row(
        "ambient.%i.model",
        "1.3.6.1.4.1.534.6.8.1.1.2.1.7.%i",
        length=1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_text=True,
    ),
    Row(
        "ambient.%i.serial",
        "1.3.6.1.4.1.534.6.8.1.1.2.1.9.%i",
        length=1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_text=True,
    ),
    Row(
        "ambient.%i.id",
        "1.3.6.1.4.1.534.6.8.1.1.2.1.2.%i",
        length=1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_text=True,
    ),
    Row(
        "ambient.%i.address",
        "1.3.6.1.4.1.534.6.8.1.1.2.1.4.%i",
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
    ),
    Row(
        "ambient.%i.firmware",
        "1.3.6.1.4.1.534.6.8.1.1.2.1.10.%i",
        length=1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_text=True,
    ),
    Row(
        "ambient.%i.temperature.unit",
        "1.3.6.1.4.1.534.6.8.1.2.5.0",
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        lookup=_EATON_ATS16_NM2_SENSOR_TEMPERATURE_UNIT,
    ),
    Row(
        "ambient.%i.temperature",
        "1.3.6.1.4.1.534.6.8.1.2.3.1.3.%i.1",
        multiplier=0.1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        lookup=_EATON_ATS16_NM2_SENSOR_TEMPERATURE_READ,
    ),
    Row(
        "ambient.%i.temperature.status",
        "1.3.6.1.4.1.534.6.8.1.2.3.1.1.%i.1",
        length=128,
        flags=Flag.AMBIENT_TEMPLATE,
        lookup=_EATON_ATS16_NM2_THRESHOLD_STATUS,
        is_text=True,
    ),
    Row(
        "ups.alarm",
        "1.3.6.1.4.1.534.6.8.1.2.3.1.1.%i.1",
        length=128,
        flags=Flag.AMBIENT_TEMPLATE,
        lookup=_EATON_ATS16_NM2_THRESHOLD_TEMPERATURE_ALARMS,
        is_text=True,
    ),
    # ambient
    Row(
        "ambient.%i.temperature.low.critical",
        "1.3.6.1.4.1.534.6.8.1.2.2.1.6.%i.1",
        multiplier=0.1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_writable=True,
    ),
    Row(
        "ambient.%i.temperature.low.warning",
        "1.3.6.1.4.1.534.6.8.1.2.2.1.5.%i.1",
        multiplier=0.1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_writable=True,
    ),
    Row(
        "ambient.%i.temperature.high.warning",
        "1.3.6.1.4.1.534.6.8.1.2.2.1.7.%i.1",
        multiplier=0.1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_writable=True,
    ),
    Row(
        "ambient.%i.temperature.high.critical",
        "1.3.6.1.4.1.534.6.8.1.2.2.1.8.%i.1",
        multiplier=0.1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_writable=True,
    ),
    Row(
        "ambient.%i.humidity",
        "1.3.6.1.4.1.534.6.8.1.3.3.1.3.%i.1",
        multiplier=0.1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
    ),
    Row(
        "ambient.%i.humidity.status",
        "1.3.6.1.4.1.534.6.8.1.3.3.1.1.%i.1",
        length=128,
        flags=Flag.AMBIENT_TEMPLATE,
        lookup=_EATON_ATS16_NM2_THRESHOLD_STATUS,
        is_text=True,
    ),
    Row(
        "ups.alarm",
        "1.3.6.1.4.1.534.6.8.1.3.3.1.1.%i.1",
        length=128,
        flags=Flag.AMBIENT_TEMPLATE,
        lookup=_EATON_ATS16_NM2_THRESHOLD_HUMIDITY_ALARMS,
        is_text=True,
    ),
    # ambient
    Row(
        "ambient.%i.humidity.low.critical",
        "1.3.6.1.4.1.534.6.8.1.3.2.1.6.%i.1",
        multiplier=0.1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_writable=True,
    ),
    Row(
        "ambient.%i.humidity.low.warning",
        "1.3.6.1.4.1.534.6.8.1.3.2.1.5.%i.1",
        multiplier=0.1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_writable=True,
    ),
    Row(
        "ambient.%i.humidity.high.warning",
        "1.3.6.1.4.1.534.6.8.1.3.2.1.7.%i.1",
        multiplier=0.1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_writable=True,
    ),
    Row(
        "ambient.%i.humidity.high.critical",
        "1.3.6.1.4.1.534.6.8.1.3.2.1.8.%i.1",
        multiplier=0.1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_writable=True,
    ),
    Row(
        "ambient.%i.contacts.1.name",
        "1.3.6.1.4.1.534.6.8.1.4.2.1.1.%i.1",
        length=1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_text=True,
    ),
    Row(
        "ambient.%i.contacts.2.name",
        "1.3.6.1.4.1.534.6.8.1.4.2.1.1.%i.2",
        length=1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        is_text=True,
    ),
    Row(
        "ambient.%i.contacts.1.config",
        "1.3.6.1.4.1.534.6.8.1.4.2.1.3.%i.1",
        length=128,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        lookup=_EATON_ATS16_NM2_AMBIENT_DRYCONTACTS_POLARITY,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "ambient.%i.contacts.2.config",
        "1.3.6.1.4.1.534.6.8.1.4.2.1.3.%i.2",
        length=128,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        lookup=_EATON_ATS16_NM2_AMBIENT_DRYCONTACTS_POLARITY,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "ambient.%i.contacts.1.status",
        "1.3.6.1.4.1.534.6.8.1.4.3.1.3.%i.1",
        length=1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        lookup=_EATON_ATS16_NM2_AMBIENT_DRYCONTACTS_STATE,
        is_text=True,
    ),
    Row(
        "ambient.%i.contacts.2.status",
        "1.3.6.1.4.1.534.6.8.1.4.3.1.3.%i.2",
        length=1,
        default="",
        flags=Flag.AMBIENT_TEMPLATE,
        lookup=_EATON_ATS16_NM2_AMBIENT_DRYCONTACTS_STATE,
        is_text=True,
    ),
)

MAPPINGS = (
    Mapping(
        "eaton_ats16_nm2",
        "eaton_ats16_nm2",
        "0.23",
        ROWS,
        system="1.3.6.1.4.1.534.10.2",
        test="1.3.6.1.4.1.534.10.2.1.2.0",
    ),
)
