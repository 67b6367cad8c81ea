"""The shape in which a vendor's meaning of HID paths is written down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Literal

from services.driver.protocols.hid.descriptor import Descriptor
from services.driver.protocols.hid.paths import Usages

STATUS = "BOOL"  # as the variable of a row: its text is a word of the status or an alarm


class Poll(Flag):
    """How often a row is read."""

    USUAL = 0
    STATIC = auto()  # once
    SEMI_STATIC = auto()  # once, and after something was written
    QUICK = auto()  # at every poll, not only at the full ones
    ABSENT = auto()  # never: the driver keeps the value, `form` is its default


@dataclass(slots=True)
class Known:
    """What conversions may look at, beside the value: it changes from poll to poll.

    `variables` are those of the last reading, `options` those of the settings, `strings` the texts
    of the device by index, `reports` the last feature reports without their id, `notes` is the
    place for what one conversion leaves for others. `product_id` is four hexadecimal digits.
    """

    product_id: str = ""
    model: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    strings: dict[int, str] = field(default_factory=dict)
    reports: dict[int, bytes] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


Read = Callable[[float, Known], str | None]
"""Turn a value as people read it into text; None: the device means nothing by it."""
Write = Callable[[str, Known], float | None]
"""Turn text into a value as people read it; None: it cannot be written."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the numbers of a row stand for.

    `texts` names numbers; with `read` it lists the texts that may be written, and `read` decides.
    `write` is the way back; without it the texts are looked up.
    """

    name: str
    texts: tuple[tuple[int, str], ...] = ()
    read: Read | None = None
    write: Write | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One variable. Of several rows for a variable the first that the device has counts.

    `form` is a printf form; `length` the longest text, `is_text` whether NUT calls it a string.
    """

    variable: str
    path: str
    form: str = "%.0f"
    lookup: Lookup | None = None
    poll: Poll = Poll.USUAL
    is_writable: bool = False
    is_text: bool = False
    is_enumerated: bool = False
    length: int = 0


@dataclass(frozen=True, slots=True)
class Command:
    """One instant command: what is written to its path where the request has no value."""

    name: str
    path: str
    value: str | None = None
    lookup: Lookup | None = None


@dataclass(frozen=True, slots=True)
class UsbId:
    """A device by its numbers, four hexadecimal digits each; `quirk` names what is special."""

    vendor: str
    product: str
    quirk: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """What else decides whether a vendor's table takes a device.

    `other_products`: unlisted products of a listed vendor are taken "if asked" (with the option
    productid), "always" or "never".
    `named`: of these vendors only devices whose maker or product has one of the texts.
    """

    other_products: Literal["if asked", "always", "never"] = "if asked"
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refused: tuple[UsbId, ...] = ()


Repair = Callable[[Descriptor, UsbId], Descriptor]
"""Mend a descriptor that says what the device does not mean; the same one if it is well."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """Everything that the tables know of one vendor's devices."""

    name: str
    version: str
    ids: tuple[UsbId, ...]
    match: Match
    usages: Usages
    rows: tuple[Row, ...]
    commands: tuple[Command, ...]
    repairs: tuple[Repair, ...] = ()
