"""The shape in which a vendor's meaning of HID paths is written down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Flag, auto

from services.driver.protocols.hid.descriptor import Descriptor
from services.driver.protocols.hid.paths import Usages

STATUS = "BOOL"  # as the variable of a row: its text is a word for `status.take`
ALARM = "ups.alarm"  # as the variable of a row: its text is an alarm; several rows add up


class Poll(Flag):
    """How often a row is read."""

    USUAL = 0
    STATIC = auto()  # once
    SEMI_STATIC = auto()  # once, and after something was written
    QUICK = auto()  # at every poll, not only at the full ones
    ABSENT = auto()  # never: if the device has the path, the driver keeps a value, first `form`


@dataclass(frozen=True, slots=True)
class UsbId:
    """A device by its numbers, four hexadecimal digits each."""

    vendor: str
    product: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device says of itself before its reports are looked at."""

    id: UsbId
    maker: str | None = None
    product: str | None = None
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class Quirks:
    """What is special in talking to a device.

    `is_full_size`: it wants to be asked for the greatest length of a report; with
    `full_size_products` only those whose product begins with one of them. `interface`,
    `endpoint_in` and `endpoint_out` are NUT's usb_hid_rep_index, usb_hid_ep_in and usb_hid_ep_out.
    `factors` are what conversions multiply with. `skipped_reports` must never be asked for.
    """

    is_full_size: bool = False
    full_size_products: tuple[str, ...] = ()
    has_interrupts: bool = True
    is_interrupt_only: bool = False
    interrupt_size: int | None = None
    interface: int | None = None
    endpoint_in: int | None = None
    endpoint_out: int | None = None
    skipped_reports: tuple[int, ...] = ()
    factors: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Known:
    """What conversions may look at beside the value; it lives as long as the line to the device.

    `variables` holds what the rows have said so far, a poll's rows over those of the polls before.
    `options` are the settings as text, switches only where they are on; `strings` the texts of the
    device by index; `reports` the last feature reports without their id; `words` what rows of
    STATUS have said (`status.take`). `notes` is where conversions leave things for others. `orders`
    are variables with their texts that must be written before the value that `Lookup.write` gave.
    """

    identity: Identity = Identity(UsbId("0000", "0000"))
    quirks: Quirks = Quirks()
    variables: dict[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    strings: dict[int, str] = field(default_factory=dict)
    reports: dict[int, bytes] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    notes: dict[str, str] = field(default_factory=dict)
    orders: list[tuple[str, str]] = field(default_factory=list)


Read = Callable[[float, Known], str | None]
"""Turn a value as people read it into text; None: the device means nothing by it."""
Write = Callable[[str | None, Known], float | None]
"""Turn text into a value as people read it; None: it cannot be written.

The text is None for a command without a value.
"""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the numbers of a row stand for.

    `texts` names numbers; with `read` it only lists texts that may be written. `write` is the way
    back; without it the texts are looked up. `is_index`: the value is the index of a text of the
    device, to be put into `Known.strings` before; `reports`: to be put into `Known.reports` before.
    """

    name: str
    texts: tuple[tuple[int, str], ...] = ()
    read: Read | None = None
    write: Write | None = None
    is_index: bool = False
    reports: tuple[int, ...] = ()


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
    """One instant command: what is written to its path where the request has no value.

    Of several for a name the first whose path the device has counts.
    """

    name: str
    path: str
    value: str | None = None
    lookup: Lookup | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A vendor's number that others use too: only devices whose texts hold one of these.

    `takes_unlisted`: the texts decide for unlisted products as well.
    """

    vendor: str
    maker: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    takes_unlisted: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """What decides beside the list whether a vendor's table takes a device.

    Unlisted products of a listed vendor are taken only if somebody asked (NUT: with the option
    productid), those of `never` and the `refused` ones not even then.
    """

    named: tuple[Named, ...] = ()
    refused: tuple[UsbId, ...] = ()
    never: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A path that is read once before a device is named; as text by its index, or as a number."""

    path: str
    is_text: bool = True


Name = Callable[[Known, Mapping[str, str]], dict[str, str]]
"""Give ups.mfr, ups.model and so on from the identity and the answers by path; may leave notes."""
Repair = Callable[[Descriptor, UsbId], Descriptor]
"""Mend a descriptor that says what the device does not mean; the same one if it is well."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """Everything that the tables know of one vendor's devices.

    `quirks` are those of all its devices, `special` those of single ones instead. `full_poll` is
    the time between polls of all rows in seconds.
    """

    name: str
    version: str
    usages: Usages
    rows: tuple[Row, ...]
    commands: tuple[Command, ...]
    ids: tuple[UsbId, ...] = ()
    match: Match = Match()
    maker: str | None = None
    questions: tuple[Question, ...] = ()
    identify: Name | None = None
    repairs: tuple[Repair, ...] = ()
    quirks: Quirks = Quirks()
    special: Mapping[UsbId, Quirks] = field(default_factory=dict)
    full_poll: float = 30.0

    def quirks_of(self, device: UsbId) -> Quirks:
        """Give what is special about a device."""
        return self.special.get(device, self.quirks)
