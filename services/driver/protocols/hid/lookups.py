"""What the numbers of many vendors' rows stand for."""

from services.driver.protocols.hid import conversions
from services.driver.protocols.hid.table import Lookup

AWAITINGPOWER = Lookup(
    "awaitingpower",
    texts=(
        (1, "awaitingpower"),
        (0, "!awaitingpower"),
    ),
)
BATTVOLTHI = Lookup(
    "battvolthi",
    texts=(
        (1, "battvolthi"),
        (0, "!battvolthi"),
    ),
)
BATTVOLTLO = Lookup(
    "battvoltlo",
    texts=(
        (1, "battvoltlo"),
        (0, "!battvoltlo"),
    ),
)
BEEPER = Lookup(
    "beeper",
    texts=(
        (1, "disabled"),
        (2, "enabled"),
        (3, "muted"),
    ),
)
BOOST = Lookup(
    "boost",
    texts=(
        (1, "boost"),
        (0, "!boost"),
    ),
)
BYPASS_AUTO = Lookup(
    "bypass_auto",
    texts=(
        (1, "bypassauto"),
        (0, "!bypassauto"),
    ),
)
BYPASS_MANUAL = Lookup(
    "bypass_manual",
    texts=(
        (1, "bypassman"),
        (0, "!bypassman"),
    ),
)
CALIBRATION = Lookup(
    "calibration",
    texts=(
        (1, "cal"),
        (0, "!cal"),
    ),
)
CHARGERFAIL = Lookup(
    "chargerfail",
    texts=(
        (1, "chargerfail"),
        (0, "!chargerfail"),
    ),
)
CHARGING = Lookup(
    "charging",
    texts=(
        (1, "chrg"),
        (0, "!chrg"),
    ),
)
COMMFAULT = Lookup(
    "commfault",
    texts=(
        (1, "commfault"),
        (0, "!commfault"),
    ),
)
DATE = Lookup("date", read=conversions.packed_date, write=conversions.as_packed_date)
DEPLETED = Lookup(
    "depleted",
    texts=(
        (1, "depleted"),
        (0, "!depleted"),
    ),
)
DISCHARGING = Lookup(
    "discharging",
    texts=(
        (1, "dischrg"),
        (0, "!dischrg"),
    ),
)
DIVIDE_BY_100 = Lookup("divide_by_100", read=conversions.scaled(0.01, "%.1f"))
DIVIDE_BY_10 = Lookup("divide_by_10", read=conversions.scaled(0.1, "%.1f"))
ECO_MODE = Lookup(
    "eco_mode",
    texts=(
        (0, "normal"),
        (1, "ecomode"),
        (2, "essmode"),
    ),
)
FANFAIL = Lookup(
    "fanfail",
    texts=(
        (1, "fanfail"),
        (0, "!fanfail"),
    ),
)
FRANGE = Lookup(
    "frange",
    texts=(
        (0, "!frange"),
        (1, "frange"),
    ),
)
FULLYCHARGED = Lookup(
    "fullycharged",
    texts=(
        (1, "fullycharged"),
        (0, "notfullycharged"),
    ),
)
HEX = Lookup("hex", read=conversions.hexadecimal)
KELVIN_CELSIUS = Lookup("kelvin_celsius", read=conversions.celsius)
LOWBATT = Lookup(
    "lowbatt",
    texts=(
        (1, "lowbatt"),
        (0, "!lowbatt"),
    ),
)
NOBATTERY = Lookup(
    "nobattery",
    texts=(
        (1, "!nobattery"),
        (0, "nobattery"),
    ),
)
OFF = Lookup(
    "off",
    texts=(
        (0, "off"),
        (1, "!off"),
    ),
)
ON_OFF = Lookup(
    "on_off",
    texts=(
        (0, "off"),
        (1, "on"),
    ),
)
ONLINE = Lookup(
    "online",
    texts=(
        (1, "online"),
        (0, "offline"),
    ),
)
OVERHEAT = Lookup(
    "overheat",
    texts=(
        (1, "overheat"),
        (0, "!overheat"),
    ),
)
OVERLOAD = Lookup(
    "overload",
    texts=(
        (1, "overload"),
        (0, "!overload"),
    ),
)
REPLACEBATT = Lookup(
    "replacebatt",
    texts=(
        (1, "replacebatt"),
        (0, "!replacebatt"),
    ),
)
SHUTDOWNIMM = Lookup(
    "shutdownimm",
    texts=(
        (1, "shutdownimm"),
        (0, "!shutdownimm"),
    ),
)
STRINGID = Lookup("stringid", read=conversions.indexed, is_index=True)
TEST_READ = Lookup(
    "test_read",
    texts=(
        (1, "Done and passed"),
        (2, "Done and warning"),
        (3, "Done and error"),
        (4, "Aborted"),
        (5, "In progress"),
        (6, "No test initiated"),
        (7, "Test scheduled"),
    ),
)
TEST_WRITE = Lookup(
    "test_write",
    texts=(
        (0, "No test"),
        (1, "Quick test"),
        (2, "Deep test"),
        (3, "Abort test"),
    ),
)
TIMELIMITEXPIRED = Lookup(
    "timelimitexpired",
    texts=(
        (1, "timelimitexp"),
        (0, "!timelimitexp"),
    ),
)
TRIM = Lookup(
    "trim",
    texts=(
        (1, "trim"),
        (0, "!trim"),
    ),
)
VRANGE = Lookup(
    "vrange",
    texts=(
        (0, "!vrange"),
        (1, "vrange"),
    ),
)
YES_NO = Lookup(
    "yes_no",
    texts=(
        (0, "no"),
        (1, "yes"),
    ),
)
