"""What UPSes of Huawei say under SNMP."""

from services.driver.protocols.snmp.table import Flag, Lookup, Mapping, Row

_HUAWEI_SUPPLYMETHOD = Lookup(
    "huawei_supplymethod",
    texts=(
        (1, ""),
        (2, "OL BYPASS"),
        (3, "OL"),
        (4, "OB"),
        (5, ""),
        (6, "OL ECO"),
        (7, "OB ECO"),
    ),
)
_HUAWEI_BATTSTATE = Lookup(
    "huawei_battstate",
    texts=(
        (1, ""),
        (2, ""),
        (3, ""),
        (4, ""),
        (5, "CHRG"),
        (6, "DISCHRG"),
    ),
)
_HUAWEI_TEST_RESULT = Lookup(
    "huawei_test_result",
    texts=(
        (1, "done and passed"),
        (2, "done and warning"),
        (3, "done and error"),
        (4, "aborted"),
        (5, "in progress"),
        (6, "no test initiated"),
    ),
)
_HUAWEI_PHASE = Lookup(
    "huawei_phase",
    texts=(
        (1, "1"),
        (2, "3"),
    ),
)
_HUAWEI_VOLTRATING = Lookup(
    "huawei_voltrating",
    texts=(
        (1, "200"),
        (2, "208"),
        (3, "220"),
        (4, "380"),
        (5, "400"),
        (6, "415"),
        (7, "480"),
        (8, "600"),
        (9, "690"),
    ),
)
_HUAWEI_FREQRATING = Lookup(
    "huawei_freqrating",
    texts=(
        (1, "50"),
        (2, "60"),
    ),
)
_HUAWEI_PWRRATING = Lookup(
    "huawei_pwrrating",
    texts=(
        (1, "80000"),
        (2, "100000"),
        (3, "120000"),
        (4, "160000"),
        (5, "200000"),
        (6, "30000"),
        (7, "40000"),
        (8, "60000"),
        (9, "2400000"),
        (10, "2500000"),
        (11, "2800000"),
        (12, "3000000"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    # ups
    Row("ups.mfr", length=128, default="Huawei", flags=Flag.ABSENT, is_text=True),
    Row(
        "ups.model",
        "1.3.6.1.4.1.2011.6.174.1.2.100.1.2.1",
        length=128,
        default="Generic SNMP UPS",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("ups.id", "1.3.6.1.4.1.2011.6.174.1.1.1.2.0", length=128, flags=Flag.STATIC, is_text=True),
    Row("ups.time", "1.3.6.1.4.1.2011.6.174.1.11.1.0"),
    Row(
        "ups.firmware",
        "1.3.6.1.4.1.2011.6.174.1.2.100.1.3.1",
        length=128,
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.serial",
        "1.3.6.1.4.1.2011.6.174.1.2.100.1.5.1",
        length=128,
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("ups.status", "1.3.6.1.4.1.2011.6.174.1.2.101.1.1.1", lookup=_HUAWEI_SUPPLYMETHOD),
    Row(
        "ups.status",
        "1.3.6.1.4.1.2011.6.174.1.2.101.1.3.1",
        flags=Flag.STATUS_BATT,
        lookup=_HUAWEI_BATTSTATE,
    ),
    Row(
        "ups.test.result",
        "1.3.6.1.2.1.33.1.7.3.0",
        length=128,
        default="",
        lookup=_HUAWEI_TEST_RESULT,
        is_text=True,
    ),
    # input
    Row(
        "input.phases",
        "1.3.6.1.4.1.2011.6.174.1.102.100.1.8",
        length=128,
        default="3",
        flags=Flag.ABSENT,
        lookup=_HUAWEI_PHASE,
        is_text=True,
    ),
    Row("input.L1-N.voltage", "1.3.6.1.4.1.2011.6.174.1.3.100.1.1.1", multiplier=0.1),
    Row("input.L2-N.voltage", "1.3.6.1.4.1.2011.6.174.1.3.100.1.2.1", multiplier=0.1),
    Row("input.L3-N.voltage", "1.3.6.1.4.1.2011.6.174.1.3.100.1.3.1", multiplier=0.1),
    Row("input.frequency", "1.3.6.1.4.1.2011.6.174.1.3.100.1.4.1", multiplier=0.01),
    Row("input.L1.current", "1.3.6.1.4.1.2011.6.174.1.3.100.1.5.1", multiplier=0.1),
    Row("input.L2.current", "1.3.6.1.4.1.2011.6.174.1.3.100.1.6.1", multiplier=0.1),
    Row("input.L3.current", "1.3.6.1.4.1.2011.6.174.1.3.100.1.7.1", multiplier=0.1),
    Row("input.L1.powerfactor", "1.3.6.1.4.1.2011.6.174.1.3.100.1.8.1", multiplier=0.01),
    Row("input.L2.powerfactor", "1.3.6.1.4.1.2011.6.174.1.3.100.1.9.1", multiplier=0.01),
    Row("input.L3.powerfactor", "1.3.6.1.4.1.2011.6.174.1.3.100.1.10.1", multiplier=0.01),
    Row("input.bypass.L1-N.voltage", "1.3.6.1.4.1.2011.6.174.1.5.100.1.1.1", multiplier=0.1),
    Row("input.bypass.L2-N.voltage", "1.3.6.1.4.1.2011.6.174.1.5.100.1.2.1", multiplier=0.1),
    Row("input.bypass.L3-N.voltage", "1.3.6.1.4.1.2011.6.174.1.5.100.1.3.1", multiplier=0.1),
    Row("input.bypass.frequency", "1.3.6.1.4.1.2011.6.174.1.5.100.1.4.1", multiplier=0.01),
    # output
    Row(
        "output.phases",
        "1.3.6.1.4.1.2011.6.174.1.102.100.1.9",
        length=128,
        default="3",
        flags=Flag.ABSENT,
        lookup=_HUAWEI_PHASE,
        is_text=True,
    ),
    Row("output.L1-N.voltage", "1.3.6.1.4.1.2011.6.174.1.4.100.1.1.1", multiplier=0.1),
    Row("output.L2-N.voltage", "1.3.6.1.4.1.2011.6.174.1.4.100.1.2.1", multiplier=0.1),
    Row("output.L3-N.voltage", "1.3.6.1.4.1.2011.6.174.1.4.100.1.3.1", multiplier=0.1),
    Row("output.L1.current", "1.3.6.1.4.1.2011.6.174.1.4.100.1.4.1", multiplier=0.1),
    Row("output.L2.current", "1.3.6.1.4.1.2011.6.174.1.4.100.1.5.1", multiplier=0.1),
    Row("output.L3.current", "1.3.6.1.4.1.2011.6.174.1.4.100.1.6.1", multiplier=0.1),
    Row("output.frequency", "1.3.6.1.4.1.2011.6.174.1.4.100.1.7.1", multiplier=0.01),
    Row("output.L1.realpower", "1.3.6.1.4.1.2011.6.174.1.4.100.1.8.1", multiplier=0.1),
    Row("output.L1.realpower", "1.3.6.1.4.1.2011.6.174.1.4.100.1.9.1", multiplier=0.1),
    Row("output.L1.realpower", "1.3.6.1.4.1.2011.6.174.1.4.100.1.10.1", multiplier=0.1),
    Row("output.L1.power", "1.3.6.1.4.1.2011.6.174.1.4.100.1.11.1", multiplier=0.1),
    Row("output.L2.power", "1.3.6.1.4.1.2011.6.174.1.4.100.1.12.1", multiplier=0.1),
    Row("output.L3.power", "1.3.6.1.4.1.2011.6.174.1.4.100.1.13.1", multiplier=0.1),
    Row("output.L1.power.percent", "1.3.6.1.4.1.2011.6.174.1.4.100.1.14.1", multiplier=0.1),
    Row("output.L2.power.percent", "1.3.6.1.4.1.2011.6.174.1.4.100.1.15.1", multiplier=0.1),
    Row("output.L3.power.percent", "1.3.6.1.4.1.2011.6.174.1.4.100.1.16.1", multiplier=0.1),
    Row(
        "output.voltage.nominal",
        "1.3.6.1.4.1.2011.6.174.1.4.100.1.17.1",
        length=128,
        flags=Flag.STATIC,
        lookup=_HUAWEI_VOLTRATING,
        is_text=True,
    ),
    Row(
        "output.frequency.nominal",
        "1.3.6.1.4.1.2011.6.174.1.4.100.1.18.1",
        length=128,
        flags=Flag.STATIC,
        lookup=_HUAWEI_FREQRATING,
        is_text=True,
    ),
    Row(
        "output.power.nominal",
        "1.3.6.1.4.1.2011.6.174.1.2.100.1.6.1",
        length=128,
        flags=Flag.STATIC,
        lookup=_HUAWEI_PWRRATING,
        is_text=True,
    ),
    Row("output.L1.powerfactor", "1.3.6.1.4.1.2011.6.174.1.4.100.1.19.1", multiplier=0.01),
    Row("output.L2.powerfactor", "1.3.6.1.4.1.2011.6.174.1.4.100.1.20.1", multiplier=0.01),
    Row("output.L2.powerfactor", "1.3.6.1.4.1.2011.6.174.1.4.100.1.21.1", multiplier=0.01),
    # battery
    Row("battery.voltage", "1.3.6.1.4.1.2011.6.174.1.6.100.1.1.1", multiplier=0.1),
    Row("battery.current", "1.3.6.1.4.1.2011.6.174.1.6.100.1.2.1", multiplier=0.1),
    Row("battery.charge", "1.3.6.1.4.1.2011.6.174.1.6.100.1.3.1"),
    Row("battery.runtime", "1.3.6.1.4.1.2011.6.174.1.6.100.1.4.1"),
)

MAPPINGS = (
    Mapping(
        "huawei",
        "huawei",
        "0.40",
        ROWS,
        system="1.3.6.1.4.1.8072.3.2.10",
        test="1.3.6.1.4.1.2011.6.174.1.2.100.1.2.1",
    ),
)
