"""The check of Voltronic inverters: two bytes before the carriage return that ends a line.

It is CRC-16/XMODEM, with the bytes that mean something on the line (line feed, carriage return and
the bracket that opens an answer) counted up by one.
"""

from binascii import crc_hqx

from shared.errors import DeviceError

SPECIAL = b"\n\r("
END = b"\r"


def checksum(line: bytes) -> bytes:
    """Compute the two bytes that follow a line."""
    return bytes(
        byte + 1 if byte in SPECIAL else byte for byte in crc_hqx(line, 0).to_bytes(2, "big")
    )


def with_checksum(line: bytes) -> bytes:
    r"""Put the check before the `\r` of a command."""
    body = line.removesuffix(END)
    return body + checksum(body) + END


def without_checksum(answer: bytes) -> bytes:
    r"""Take the check out of an answer that ends in `\r`; DeviceError where it is wrong."""
    body = answer.removesuffix(END)
    if len(body) < 3 or body == answer or body[-2:] != checksum(body[:-2]):
        raise DeviceError(f"the checksum of the answer {answer!r} is wrong")
    return body[:-2] + END
