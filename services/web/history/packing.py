"""Rows of numbers as few bytes: decimal fractions become whole numbers, of which the differences.

A body is the number of its columns and, compressed by zlib, each column: `<IbB` (count, decimal
places or -1, width) and its numbers. With -1 these are doubles, as they are.
"""

import struct
import zlib
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

_HEAD: Final = struct.Struct("<IbB")
_WIDTHS: Final = ((1, "b", 2**7), (2, "h", 2**15), (4, "i", 2**31), (8, "q", 2**63))
_CODES: Final = {width: code for width, code, _ in _WIDTHS}
_PLACES: Final = 6
_EXACT: Final = 2**53


class SpoiltError(Exception):
    """These bytes are not what was packed."""


def pack(*columns: Sequence[float]) -> bytes:
    """Pack columns of finite numbers; `unpack` gives them back exactly."""
    body = b"".join(_column(column) for column in columns)
    return bytes([len(columns)]) + zlib.compress(body, 6)


def unpack(body: bytes) -> list[list[float]]:
    """Give the columns back; SpoiltError if the bytes are anything else."""
    try:
        plain = zlib.decompress(body[1:])
        offset, columns = 0, []
        for _ in range(body[0]):
            column, offset = _read(plain, offset)
            columns.append(column)
    except (zlib.error, struct.error, LookupError, OverflowError) as error:
        raise SpoiltError(str(error)) from None
    return columns


def _column(values: Sequence[float]) -> bytes:
    for places in range(_PLACES + 1):
        whole = _whole(values, 10**places)
        if whole is not None:
            return _integers(whole, places)
    return _HEAD.pack(len(values), -1, 8) + struct.pack(f"<{len(values)}d", *values)


def _whole(values: Sequence[float], factor: int) -> list[int] | None:
    """Multiply by the factor; None where that does not give whole numbers that lead back."""
    whole = []
    for value in values:
        number = round(value * factor) if abs(value) < _EXACT / factor else None
        if number is None or number / factor != value:
            return None
        whole.append(number)
    return whole


def _integers(whole: list[int], places: int) -> bytes:
    steps = [*whole[:1], *(after - before for before, after in pairwise(whole))]
    most = max(map(abs, steps), default=0)
    width, code = next((width, code) for width, code, limit in _WIDTHS if most < limit)
    return _HEAD.pack(len(whole), places, width) + struct.pack(f"<{len(steps)}{code}", *steps)


def _read(plain: bytes, offset: int) -> tuple[list[float], int]:
    count, places, width = _HEAD.unpack_from(plain, offset)
    offset += _HEAD.size
    code = "d" if places < 0 else _CODES[width]
    numbers = struct.unpack_from(f"<{count}{code}", plain, offset)
    end = offset + count * width
    if places < 0:
        return list(numbers), end
    if not places:
        return list(map(float, accumulate(numbers))), end
    factor = 10**places
    return [number / factor for number in accumulate(numbers)], end
