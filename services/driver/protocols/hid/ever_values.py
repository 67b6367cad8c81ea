"""What Ever's devices mean: whole reports instead of single values."""

from collections.abc import Callable

from services.driver.protocols.hid.table import Known, Read

MODE, MESSAGES, ALARMS, MAC = 74, 75, 76, 210  # reports
_MODES = {2: "STOP", 4: "ONLINE", 8: "ONBATTERY", 16: "WATCH", 32: "WAITING", 64: "EMERGENCY"}
_MESSAGES = (
    (0x0004, "BOOST"),
    (0x0008, "BUCK"),
    (0x0010, "BOOST_BLOCKED"),
    (0x0020, "BUCK_BLOCKED"),
    (0x0040, "CHARGING"),
    (0x0080, "FAN_ON"),
    (0x0100, "EPO_BLOCKED"),
    (0x0200, "NEED_REPLACMENT"),
    (0x0C00, "OVERHEAT"),
    (0x1000, "WAITING_FOR_MIN_CHARGE"),
    (0x2000, "MAINS_OUT_OF_RANGE"),
)
_ALARMS = (
    (0x0001, "OVERLOAD"),
    (0x0002, "SHORT-CIRCUIT"),
    (0x000C, "OVERHEAT"),
    (0x0010, "EPO"),
    (0x0020, "INERNAL_ERROR"),
    (0x0040, "REVERSE_POWER_SUPPLY"),
    (0x0080, "NO_INETERNAL_COMM"),
    (0x0100, "CRITICAL_BATT_VOLTAGE"),
)


def hardware(value: float, _known: Known) -> str | None:
    """Read a revision such as rev.Av02."""
    letter, number = int(value) >> 8 & 255, int(value) & 255
    if letter > 26:
        return None
    return f"rev.{chr(ord('A') + letter - 1) if letter else '0'}v{number:02d}"


def version(value: float, _known: Known) -> str:
    """Read a version such as v1.Ab11."""
    number = int(value)
    return f"v{number >> 12 & 15:X}.{number >> 8 & 15:X}b{number & 255:02d}"


def mac(value: float, known: Known) -> str | None:
    """Write the bytes of the report of the MAC address."""
    return _reported(MAC, 6, lambda body: ":".join(f"{each:02x}" for each in body))(value, known)


def address(report: int) -> Read:
    """Write the bytes of a report as an IP address."""
    return _reported(report, 4, lambda body: ".".join(str(each) for each in body))


def packets(report: int) -> Read:
    """Read a counter of 32 bits."""
    return _reported(report, 4, lambda body: str(int.from_bytes(body[:4], "little", signed=True)))


def mode(value: float, known: Known) -> str | None:
    """Name the mode in which the device works."""
    return _reported(MODE, 1, lambda body: _MODES.get(body[0], "UNKNOWN"))(value, known)


def off(value: float, known: Known) -> str | None:
    """Tell whether the device is off, which is neither online nor on battery."""
    return _reported(MODE, 1, lambda body: "!off" if body[0] in (4, 8) else "off")(value, known)


def messages(value: float, known: Known) -> str | None:
    """List the messages."""
    return _reported(MESSAGES, 2, lambda body: _listed(body, _MESSAGES))(value, known)


def alarms(value: float, known: Known) -> str | None:
    """List the alarms."""
    return _reported(ALARMS, 2, lambda body: _listed(body, _ALARMS))(value, known)


def _reported(report: int, least: int, write: Callable[[bytes], str]) -> Read:
    """Write what a report holds, whatever the value is; None while there is no such report."""

    def read(_value: float, known: Known) -> str | None:
        body = known.reports.get(report, b"")
        return write(body) if len(body) >= least else None

    return read


def _listed(body: bytes, names: tuple[tuple[int, str], ...]) -> str:
    bits = int.from_bytes(body[:2], "little")
    return " ".join(name for mask, name in names if bits & mask)
