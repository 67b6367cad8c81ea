r"""Converters of the dialect voltronic-qs-hex, whose status comes in bytes, not in digits.

A reply such as `#\x6c\x01 \x35 \x6c\x01 …\r` is written out in hexadecimal digits, the status bytes
as bits, so that all is in columns. Bytes that mean something on the line come escaped by `(`.

Facts: NUT, drivers/nutdrv_qx_voltronic-qs-hex.c.
"""

from services.driver.protocols.qx.numbers import written
from services.driver.protocols.qx.table import Cut, Knowledge
from shared.errors import DeviceError

PROTOCOLS = ("P", "T")
WITH_RATINGS = "PM-T"
ESCAPE = 0x28
ESCAPED = {0x00: 0x0D, 0x01: 0x11, 0x02: 0x13, 0x03: 0x0A, 0x04: 0x20}
LENGTHS = {10: 46, 11: 55}  # of what is written out, by the number of tokens
FIRST_BITS = 10  # the token from which bits follow
HIGHEST_FREQUENCY = 99.9

_FREQUENCIES = {"0": 50, "1": 60}
_BATTERIES = {"00": 12, "01": 24, "10": 36, "11": 48}
_VOLTAGES = {"000": 110, "001": 120, "010": 220, "011": 230, "100": 240}
_RATINGS = {47: _FREQUENCIES, 48: _BATTERIES, 52: _VOLTAGES}


def preprocess_qs_answer(answer: bytes) -> bytes:
    """Write the bytes of a status out in digits."""
    if not answer.startswith(b"#") or not answer.endswith(b"\r"):
        raise DeviceError(f"{answer!r} is no status")
    tokens = answer[1:-1].split(b" ")
    shown = " ".join(_written_out(token, place) for place, token in enumerate(tokens, start=1))
    if LENGTHS.get(len(tokens)) != len(shown) + 1:
        raise DeviceError(f"{answer!r} is no whole status")
    return f"#{shown}\r".encode()


def protocol(cut: Cut) -> str:
    """Read the letter of the protocol; another one is another dialect."""
    if cut.text.upper() not in PROTOCOLS:
        raise ValueError(f"{cut.text!r} is another protocol")
    return written(cut.row.form, cut.text)


def input_output_voltage(cut: Cut) -> str:
    """Multiply the two parts of a voltage."""
    high, low = _parts(cut.text)
    return written(cut.row.form, high * low // 51 / 256)


def load(cut: Cut) -> str:
    """Read the load in percent."""
    return written(cut.row.form, int(cut.text, 16))


def frequency(cut: Cut) -> str:
    """Divide the two parts of a frequency."""
    divisor, dividend = _parts(cut.text)
    if divisor == 0:
        raise ValueError("the frequency has no divisor")
    return written(cut.row.form, min(HIGHEST_FREQUENCY, dividend / divisor))


def battery_voltage(cut: Cut) -> str:
    """Multiply the two parts of the battery's voltage."""
    high, low = _parts(cut.text)
    return written(cut.row.form, high * low / 510)


def ratings_bits(cut: Cut) -> str:
    """Tell a nominal value by its bits."""
    rating = _RATINGS[cut.row.start].get(cut.text)
    if rating is None:
        raise ValueError(f"{cut.text!r} is no known rating")
    return written(cut.row.form, rating)


def has_ratings(known: Knowledge) -> bool:
    """Tell whether the device speaks the variant that has nominal values."""
    return known.variables.get("ups.firmware.aux", "").upper() == WITH_RATINGS


WHEN = {
    "command:test.battery.start.quick": has_ratings,
    "field:output.frequency.nominal": has_ratings,
    "field:battery.voltage.nominal": has_ratings,
    "field:output.voltage.nominal": has_ratings,
}


def _written_out(token: bytes, place: int) -> str:
    form = "{:08b}" if place >= FIRST_BITS else "{:02x}"
    shown = ""
    plain = iter(token)
    for byte in plain:
        if byte == ESCAPE:
            follower = next(plain, None)
            if follower in ESCAPED:
                shown += f"{ESCAPED[follower]:02x}"
                continue
            shown += form.format(byte) + (form.format(follower) if follower is not None else "")
            continue
        shown += form.format(byte)
    return shown


def _parts(text: str) -> tuple[int, int]:
    first, second = text.split()
    return int(first, 16), int(second, 16)
