"""The USB bridges of Q1 devices, and which device has which.

Facts: NUT, drivers/nutdrv_qx.c.
"""

from dataclasses import dataclass, replace

from services.driver.protocols.qx.bridges_frames import (
    Bridge,
    Control,
    Ends,
    PacketBridge,
    TextBridge,
    ablerex_packet,
    armac_packet,
    armac_part,
    chunks,
    counted,
    counted_part,
    fuji_packet,
    whole,
)

_REPORT = Control(0x21, 0x09, 0x0200)  # HID: set the output report 0
_REPORT_SWAPPED = Control(0x21, 0x09, 0x0002)  # the same with its bytes swapped; some want that

CYPRESS = PacketBridge("cypress", _REPORT, chunks(8))
PHOENIX = PacketBridge("phoenix", _REPORT, chunks(8), flushes=8)
GTEC = PacketBridge("gtec", _REPORT_SWAPPED, chunks(8), size=128)
SGS = PacketBridge(
    "sgs", _REPORT, counted(8), unpack=counted_part, ends=Ends.BY_SILENCE, adds_end=True
)
IPPON = PacketBridge(
    "ippon",
    _REPORT_SWAPPED,
    chunks(8),
    size=64,
    ends=Ends.WITH_PACKET,
    adds_end=True,
)
OMRON = replace(IPPON, name="omron", packets=chunks(16))
PHOENIXTEC = PacketBridge(
    "phoenixtec",
    Control(0x42, 0x0D, 0),
    whole,
    size=512,
    unanswered=(
        *(b"T", b"TL", b"S", b"C", b"CT", b"M", b"N", b"O"),
        *(b"SRC", b"FCLR", b"SS", b"TUD", b"SSN"),
    ),
)
FUJI = PacketBridge("fuji", 0x02, fuji_packet)
ABLEREX = PacketBridge(
    "ablerex",
    Control(0x21, 0x09, 0x0305),
    ablerex_packet,
    source=Control(0xA1, 0x01, 0x0305),
    size=47,
    ends=Ends.WITH_PACKET,
    pause=0.5,
    tries=3,
    lengths={b"Q1\r": 47, b"I\r": 39, b"F\r": 22, b"Q5\r": 22},
)
_ARMAC_PACKETS = PacketBridge(
    "armac",
    0x02,
    armac_packet,
    source=0x82,
    size=64,
    unpack=armac_part,
    pause=0.002,
    short_pause=0.01,
    echoed=(b"QGS\r", b"QS\r", b"QPI\r", b"M\r", b"D\r"),
)
ARMAC = replace(
    _ARMAC_PACKETS,
    out=_REPORT,
    packets=counted(4, 0xA0),
    source=0x81,
    size=8,
    flushes=10,
    flush_within=0.1,
    variant=_ARMAC_PACKETS,
    variant_endpoints=frozenset({(0x82, 64), (0x02, 64)}),
)
KRAULER = TextBridge(
    "krauler",
    {
        b"Q1\r": 3,
        b"F\r": 13,
        b"I\r": 12,
        b"T\r": 4,
        b"TL\r": 5,
        b"Q\r": 7,
        b"C\r": 11,
        b"CT\r": 11,
    },
    leads={
        b"Q1\r": b"(",
        b"F\r": b"#",
        b"I\r": b"#",
        **dict.fromkeys((b"T\r", b"TL\r", b"Q\r", b"C\r", b"CT\r"), b"\r"),
    },
    tries=10,
)
FABULA = TextBridge(
    "fabula",
    {b"Q1\r": 3, b"F\r": 13, b"I\r": 12, b"Q\r": 7, b"C\r": 10},
    has_shutdowns=True,
)
HUNNOX = replace(
    FABULA,
    name="hunnox",
    indexes={**FABULA.indexes, b"BL\r": 243},
    length=102,
    first=((0, 1026), (0, 1026), (1, 1026)),
    pause=0.01,
    between=((13, 102), (3, 102), (12, 102)),
)
SNR = TextBridge(
    "snr",
    {b"Q1\r": 3, b"F\r": 13, b"I\r": 12},
    leads={b"Q1\r": b"(", b"F\r": b"#", b"I\r": b"#"},
    length=102,
    read_before=102,
    language=0x0409,
    tries=10,
)

BRIDGES: tuple[Bridge, ...] = (
    *(CYPRESS, PHOENIXTEC, PHOENIX, IPPON, OMRON, KRAULER, FABULA),
    *(HUNNOX, FUJI, SGS, SNR, ABLEREX, ARMAC, GTEC),
)


@dataclass(frozen=True, slots=True)
class BridgeId:
    """Devices that have a bridge: their ids, four hexadecimal digits each, and their texts.

    A text of None means any. Without a bridge they are known not to be served.
    """

    vendor: str
    product: str
    bridge: Bridge | None
    maker: str | None = None
    name: str | None = None


IDS: tuple[BridgeId, ...] = (
    BridgeId("05b8", "0000", CYPRESS),
    BridgeId("ffff", "0000", ABLEREX),
    BridgeId("1cb0", "0035", KRAULER),
    BridgeId("0665", "5161", CYPRESS),
    BridgeId("06da", "0002", PHOENIXTEC, "Phoenixtec Power", "USB Cable (V2.00)"),
    BridgeId("06da", "0002", CYPRESS),
    BridgeId("06da", "0003", IPPON),
    BridgeId("06da", "0004", CYPRESS),
    BridgeId("06da", "0005", CYPRESS),
    BridgeId("06da", "0201", CYPRESS),
    BridgeId("06da", "0601", PHOENIX),
    BridgeId("0f03", "0001", CYPRESS),
    BridgeId("14f0", "00c9", PHOENIX),
    BridgeId("1a86", "7523", None),  # a serial converter: the system has a port for it
    BridgeId("0483", "0035", SGS),
    BridgeId("0590", "00b7", OMRON),
    BridgeId("0001", "0000", FABULA, "MEC", "MEC0003"),
    BridgeId("0001", "0000", HUNNOX, None, "MEC0003"),
    BridgeId("0001", "0000", FUJI, "ATCL FOR UPS", "ATCL FOR UPS"),
    BridgeId("0001", "0000", KRAULER),
    BridgeId("0001", "0000", SNR, None, "MEC0003"),  # hunnox comes first: it must be asked for
    BridgeId("0925", "1234", ARMAC),
)


def named(name: str) -> Bridge | None:
    """Find a bridge by its name."""
    return next((each for each in BRIDGES if each.name == name.lower()), None)


def is_known(vendor: str, product: str) -> bool:
    """Tell whether devices of these ids may have a bridge."""
    return any((each.vendor, each.product) == (vendor, product) for each in IDS)


def bridge_of(vendor: str, product: str, maker: str | None, name: str | None) -> Bridge | None:
    """Find the bridge of a device by its ids and texts: the first of `IDS` that fits."""
    for each in IDS:
        if (each.vendor, each.product) != (vendor, product) or each.bridge is None:
            continue
        if _is(each.maker, maker) and _is(each.name, name):
            return each.bridge
    return None


def _is(wanted: str | None, text: str | None) -> bool:
    return wanted is None or wanted.lower() == (text or "").lower()
