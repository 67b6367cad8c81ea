"""A UPS that follows the standard UPS MIB (RFC 1628), as an SNMP agent tells it."""

from services.driver.protocols.snmpwire.values import Kind, Value
from tests.simulators.snmp import Objects

UPS = "1.3.6.1.2.1.33.1"
SOURCE = f"{UPS}.4.1.0"
NORMAL, BATTERY = Value(Kind.INTEGER, 3), Value(Kind.INTEGER, 5)

_TEXTS = {"1.1": "Example", "1.2": "UPS 60", "1.3": "1.0", "1.4": "2.0", "1.5": "rack", "1.6": "-"}
_NUMBERS = {
    "2.1": 2,
    "2.2": 0,
    "2.3": 45,
    "2.4": 98,
    "2.5": 540,
    "2.6": 10,
    "2.7": 25,
    "3.1": 4,
    "3.2": 3,
    "4.1": 3,
    "4.2": 500,
    "4.3": 3,
    "5.1": 500,
    "5.2": 3,
    "6.1": 0,
    "7.3": 1,
    "7.5": 0,
    "7.6": 0,
    "8.1": 1,
    "8.2": -1,
    "8.3": -1,
    "8.4": -1,
    "8.5": 1,
    "9.1": 230,
    "9.2": 500,
    "9.3": 230,
    "9.4": 500,
    "9.5": 3000,
    "9.6": 2700,
    "9.7": 2,
    "9.8": 2,
    "9.9": 180,
    "9.10": 264,
}
_LINES = {"3.3.1": (2, 3, 4, 5), "4.4.1": (2, 3, 4, 5)}


def objects() -> Objects:
    """Make what each UPS says: 60 values of the UPS MIB and its system group."""
    values = {
        "1.3.6.1.2.1.1.1.0": Value(Kind.OCTETS, b"Example UPS"),
        "1.3.6.1.2.1.1.2.0": Value(Kind.OID, "1.3.6.1.2.1.33"),
        "1.3.6.1.2.1.1.3.0": Value(Kind.TICKS, 123456),
        "1.3.6.1.2.1.1.4.0": Value(Kind.OCTETS, b"nobody"),
        "1.3.6.1.2.1.1.5.0": Value(Kind.OCTETS, b"ups"),
        "1.3.6.1.2.1.1.6.0": Value(Kind.OCTETS, b"nowhere"),
    }
    values |= {f"{UPS}.{key}.0": Value(Kind.OCTETS, text.encode()) for key, text in _TEXTS.items()}
    values |= {f"{UPS}.{key}.0": Value(Kind.INTEGER, number) for key, number in _NUMBERS.items()}
    values[f"{UPS}.7.1.0"] = Value(Kind.OID, f"{UPS}.7.7.1")
    values |= {
        f"{UPS}.{table}.{column}.{line}": Value(Kind.INTEGER, 100 * column + line)
        for table, columns in _LINES.items()
        for column in columns
        for line in (1, 2, 3)
    }
    return Objects(values)
