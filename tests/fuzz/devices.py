"""Targets: what devices answer, over a network, a terminal server or a bus of the machine."""

import contextlib
import functools
from dataclasses import replace

from services.driver.drivers.usbhid_picture import Picture, Walk
from services.driver.protocols import apcupsd, devfile, eatonmqtt, powerman, rfc2217, shut
from services.driver.protocols.apcsmart import capabilities, identity, stream
from services.driver.protocols.apcsmart import values as apc_values
from services.driver.protocols.apcsmart.tables import DUAL_VARIABLES, VARIABLES
from services.driver.protocols.hid import descriptor, meaning
from services.driver.protocols.hid import values as hid_values
from services.driver.protocols.hid.descriptor import Report
from services.driver.protocols.hid.registry import VENDORS
from services.driver.protocols.hid.table import Known, Vendor
from services.driver.protocols.netxml import decode as netxml
from services.driver.protocols.netxml import documents
from services.driver.protocols.qx.decoding import decode
from services.driver.protocols.qx.registry import DIALECTS
from services.driver.protocols.qx.table import Knowledge
from shared.errors import PowerError
from tests.fuzz.target import Target, pieces


def netxml_pages(data: bytes) -> None:
    """Read them as a page of objects of a card, and as its product page."""
    card = documents.product(PRODUCT)
    for read in (documents.product, documents.timers):
        try:
            read(data)
        except PowerError:
            pass
    netxml.reading(card, documents.objects(data), netxml.Choices())


PRODUCT = (
    b'<PRODUCT_INFO name="N" type="T" version="1" protocol="XML.V3"><SUMMARY>'
    b'<XML_SUMMARY_PAGE url="p.xml"/></SUMMARY></PRODUCT_INFO>'
)
OBJECTS = (
    b'<GET_OBJECT><OBJECT name="UPS.PowerSummary.RemainingCapacity" access="RO">99</OBJECT>'
    b'<OBJECT name="UPS.PowerSummary.PresentStatus.ACPresent" access="RO">1</OBJECT></GET_OBJECT>'
)


def hid(data: bytes) -> None:
    """Take the first half for a report descriptor and the rest for reports."""
    middle = len(data) // 2
    found = descriptor.parse(data[:middle] if middle > 64 else data)
    for field in found.fields[:50]:
        try:
            value = hid_values.raw(field, data[middle:])
            hid_values.physical(field, value)
        except PowerError:
            pass
        except (IndexError, ValueError):
            if len(data) - middle >= 64:
                raise


@functools.cache
def hid_device(number: int, part: int) -> tuple[Vendor, descriptor.Descriptor]:
    """Make a device that has a number of 32 bits for all in a part of a vendor's table."""
    whole, fields, lengths = VENDORS[number], [], {}
    first = part * ROWS % len(whole.rows)
    rows = whole.rows[first : first + ROWS]
    vendor = replace(whole, rows=rows, commands=whole.commands[:5])
    paths = [row.path for row in rows] + [command.path for command in vendor.commands]
    for place, text in enumerate(paths):
        path = vendor.usages.path(text)
        kind = (Report.FEATURE, Report.INPUT)[place % 5 == 0]
        id, offset = 1 + place // NUMBERS, 32 * (place % NUMBERS)
        if path:
            fields.append(descriptor.Field(path, kind, id, offset, 32, -(1 << 31), (1 << 31) - 1))
            lengths[kind, id] = NUMBERS * 4
    return vendor, descriptor.Descriptor(tuple(fields), lengths, has_ids=True)


def hid_meaning(data: bytes) -> None:
    """Take the first byte for the vendor, the second for a part of its table.

    The third says where the rest begins in each report.
    """
    if len(data) < 4:
        return
    vendor, shape = hid_device(data[0] % len(VENDORS), data[1] % 32)
    known = Known(quirks=vendor.quirks, strings=HID_TEXTS)
    picture, said = Picture(vendor, shape, known), data[3:]
    said *= 1 + NUMBERS * 8 // len(said)
    for walk in (Walk.FIRST, Walk.FULL, Walk.QUICK):
        bodies = {key: said[(data[2] + key[1]) % 8 :][: NUMBERS * 4] for key in picture.due(walk)}
        picture.indexes(walk, bodies)
        picture.take(walk, bodies)
    picture.hear(data[3:])
    assert all(isinstance(text, str) for text in picture.reading(1.0).variables.values())
    for name in known.variables:
        if entry := picture.row(name):
            meaning.number(entry.row.lookup, "1", known)
            meaning.number(entry.row.lookup, known.variables[name], known)


ROWS = 24
NUMBERS = 8  # in each report
HID_TEXTS = {1: "1.5", 2: "x", 3: "", 4: "27/01/2026", 5: "0000"}
HID_NUMBERS = b"\x01\0\0\0\x64\0\0\0\xff\xff\xff\xff\0\0\0\x80\xe8\x03\0\0"
HID_SEEDS = tuple(
    bytes([number, part, 0]) + HID_NUMBERS for number in range(len(VENDORS)) for part in range(3)
)

# Usage page Power Device, UPS, a report with one battery voltage.
DESCRIPTOR = bytes.fromhex(
    "0584 0904 a101 8501 0924 a102 0530 0584 0930 75 10 95 01 67 21d1f000 55 05 15 00 26 ffff b1 22"
    "c0 c0".replace(" ", "")
)


def qx(data: bytes) -> None:
    """Take the first byte for the dialect, the second for the query and the rest for the reply."""
    if len(data) < 2:
        return
    dialect = DIALECTS[data[0] % len(DIALECTS)]
    query = dialect.queries[data[1] % len(dialect.queries)]
    decode(query, dialect, data[2:], Knowledge(), range(len(query.fields)))


QX_SEEDS = tuple(
    bytes((number, place)) + query.example
    for number, dialect in enumerate(DIALECTS)
    for place, query in enumerate(dialect.queries[:3])
    if query.example
)


def nis(data: bytes) -> None:
    """Read a report of apcupsd's; each line has its length before it."""
    lines, at = [], 0
    while at + 2 <= len(data) and (size := int.from_bytes(data[at : at + 2], "big")):
        lines.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    apcupsd.decode(apcupsd.fields(lines), 0)


NIS = b"".join(
    len(line).to_bytes(2, "big") + line
    for line in (
        b"APC      : 001,018,0461\n",
        b"DATE     : 2026-01-01 00:00:00 +0000  \n",
        b"STATUS   : ONLINE \n",
        b"LINEV    : 230.0 Volts\n",
        b"STATFLAG : 0x05000008\n",
        b"END APC  : 2026-01-01 00:00:01 +0000  \n",
    )
)


def powermand(data: bytes) -> None:
    told = powerman.answer(data)
    for read in (powerman.nodes, powerman.reachable, lambda one: powerman.states(one, ("n1",))):
        try:
            read(told)
        except PowerError:
            pass


def eaton(data: bytes) -> None:
    card = eatonmqtt.Card()
    for topic in (
        "mbdetnrs/1.0/powerDistributions/1/status",
        "mbdetnrs/1.0/powerDistributions/1/inputs/1/measures",
        "mbdetnrs/1.0/powerDistributions/1/outputs/1/measures",
        "mbdetnrs/1.0/powerDistributions/1/backupSystem/powerBank/status",
        "mbdetnrs/1.0/powerDistributions/1/backupSystem/powerBank/measures",
    ):
        card.take(topic, data)
    card.reading()


def serial_line(data: bytes) -> None:
    """Take them for the stream of a terminal server, and for packets of SHUT."""
    codec = rfc2217.Codec()
    for piece in pieces(data):
        codec.receive(piece)
    rest = data
    while rest:
        _, used = shut.first_event(rest)
        if not used:
            break
        rest = rest[used:]


def dev_file(data: bytes) -> None:
    steps = devfile.parse(data.decode("utf-8", "replace"), "fuzz")
    devfile.play(devfile.NEW, steps)


# --- APC's Smart protocol --------------------------------------------------------------------

APC_ROWS = (*VARIABLES, *DUAL_VARIABLES)


def apcsmart(data: bytes) -> None:
    """Take each line for a reply to everything that is asked."""
    for line in data.split(stream.END)[:20]:
        stream.is_only_alerts(line)
        stream.agreed(line, line)
        text = stream.said(line).text
        identity.of_firmware(text)
        identity.of_list(text)
        with contextlib.suppress(PowerError):
            apc_values.status(text)
        with contextlib.suppress(ValueError):  # as its caller expects
            capabilities.choices(capabilities.capabilities(text), "I")
        for row in APC_ROWS:
            if apc_values.fits(row, text):
                apc_values.outline(row, text)
                assert all(apc_values.values(row, text))


APC_SEEDS = (
    b"#uD43132135138uM43229234239s441HMLL\r\n",
    b"08\r\n100.0\r\n0060:\r\nON\r\nS\r\n50.0|\r\n12.3,NO,\r\n!",
    b"3.!$%+?=#|.\x09\x01\x0e\x1a')-789>@ABCDEFGHKLMNOPQRSUVWXYZabcefgjklmnopqrsuvxyz~.3:AC\r\n",
    b"50.9.I\r\n5.5\r\n06/01/26\r\n",
)

TARGETS = {
    "netxml": Target(netxml_pages, (OBJECTS, PRODUCT)),
    "hid": Target(hid, (DESCRIPTOR, DESCRIPTOR * 4)),
    "hid-meaning": Target(hid_meaning, HID_SEEDS, rounds=100),
    "qx": Target(qx, QX_SEEDS),
    "nis": Target(nis, (NIS,)),
    "powerman": Target(
        powermand,
        (b"102 Command done\r\npowerman> ", b"303 n1: on\r\n103 Query complete\r\npowerman> "),
    ),
    "eaton-mqtt": Target(
        eaton,
        (b'{"voltage":230.1,"supply":true,"communicationFault":false}', b"[" * 3000),
    ),
    "serial": Target(
        serial_line,
        (b"\xff\xfd\x2c\xff\xfb\x00\xff\xfa\x2c\x65\x00\xff\xf0", b"\x84\x11a\x61"),
    ),
    "dev-file": Target(dev_file, (b"ups.status: OL\nTIMER 5\nALARM [x]\nups.load: 20\n",)),
    "apcsmart": Target(apcsmart, APC_SEEDS),
}
