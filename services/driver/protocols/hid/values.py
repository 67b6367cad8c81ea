"""Values in reports: bits into numbers as people read them, and back."""

from services.driver.protocols.hid.descriptor import Field
from shared.errors import DeviceError

# Powers of ten that a unit holds beyond SI, as HID counts in centimetres and grams (HID PDC 1.0,
# section 3.2.3).
UNIT_EXPONENTS = {
    0x00F0D121: 7,  # V
    0x0000D121: 7,  # VA and W
    0x00100001: 0,  # A
    0x00001001: 0,  # s
    0x00010001: 0,  # K
    0x0000F001: 0,  # Hz
    0x00101001: 0,  # As
}
_ROUNDING = 1e-9


def raw(field: Field, report: bytes) -> int:
    """Cut the number out of a report whose id is not part of it.

    Bits above what the range needs are dropped and the rest is put into the range, as NUT does:
    some devices fill them with anything. DeviceError if the report is too short.
    """
    if len(report) * 8 < field.offset + field.size:
        raise DeviceError(
            f"the report {field.id} is cut short: {len(report)} bytes,"
            f" and a value ends at bit {field.offset + field.size}"
        )
    whole = int.from_bytes(report, "little") >> field.offset
    value = whole & ((1 << field.size) - 1)
    bits = max(_magnitude(field.minimum), _magnitude(field.maximum)).bit_length()
    sign = 1 << bits
    if field.minimum < 0:
        value &= (sign << 1) - 1
        value -= (sign << 1) if value & sign else 0
    else:
        value &= sign - 1
    return max(field.minimum, min(field.maximum, value))


def with_raw(field: Field, report: bytes, value: int) -> bytes:
    """Put a number into a report whose id is not part of it."""
    if len(report) * 8 < field.offset + field.size:
        raise DeviceError(f"the report {field.id} of {len(report)} bytes has no room for a value")
    mask = ((1 << field.size) - 1) << field.offset
    whole = int.from_bytes(report, "little") & ~mask
    return (whole | (value << field.offset) & mask).to_bytes(len(report), "little")


def physical(field: Field, value: int) -> float:
    """Scale a number of a report to V, A, W, VA, s, Hz, K, percent."""
    return _scaled(field, value) * 10.0 ** exponent(field)


def logical(field: Field, value: float) -> int:
    """Scale a finite number back, cut off towards 0 as NUT does; into the range if it is scaled."""
    value = value / 10.0 ** exponent(field)
    if field.physical:
        low, high = field.physical
        factor = (field.maximum - field.minimum) / (high - low)
        number = _whole((value - low) * factor) + field.minimum
        return max(field.minimum, min(field.maximum, number))
    return _whole(value)


def fits(field: Field, value: int) -> bool:
    """Tell whether a field has bits enough for a number, with or without a sign.

    Devices take -1 for "never" in fields whose range begins at 0, so the range does not decide.
    """
    return -(1 << field.size) // 2 <= value < 1 << field.size


def exponent(field: Field) -> int:
    """Tell the power of ten of a field in SI units."""
    return field.exponent - UNIT_EXPONENTS.get(field.unit, 0)


def _scaled(field: Field, value: int) -> float:
    if not field.physical:
        return float(value)
    low, high = field.physical
    factor = (high - low) / (field.maximum - field.minimum)
    return max(low, min(high, (value - field.minimum) * factor + low))


def _whole(value: float) -> int:
    """Cut off, but not what is whole but for the error of a division: 13.7 / 0.1 is 137."""
    nearest = round(value)
    return nearest if abs(value - nearest) < _ROUNDING * max(1.0, abs(value)) else int(value)


def _magnitude(limit: int) -> int:
    return limit if limit >= 0 else -(limit + 1)
