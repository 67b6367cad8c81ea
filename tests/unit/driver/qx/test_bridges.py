"""The tables of the USB bridges, and what is cut and put together by them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.qx import bridges
from services.driver.protocols.qx.bridges_frames import (
    Control,
    PacketBridge,
    TextBridge,
    armac_part,
    counted_part,
    shutdown_index,
    text_of,
)
from shared.errors import DeviceError

FACTS = Path(__file__).parents[5] / "shared/facts/qx.json"
PACKETS = [each for each in bridges.BRIDGES if isinstance(each, PacketBridge)]
TEXTS = [each for each in bridges.BRIDGES if isinstance(each, TextBridge)]
NAMED = {each.name: each for each in bridges.BRIDGES}


@pytest.fixture
def facts():
    if not FACTS.exists():
        pytest.skip(f"the facts are not beside the checkout: {FACTS}")
    return json.loads(FACTS.read_text())


def test_there_are_all_bridges_of_nut(facts):
    assert sorted(NAMED) == sorted(facts["bridges"])


def test_the_devices_are_those_of_nut_in_its_order(facts):
    ours = [
        (each.vendor, each.product, each.maker, each.name, each.bridge and each.bridge.name)
        for each in bridges.IDS
    ]
    theirs = [
        (row["vid"], row["pid"], row["iManufacturer"], row["iProduct"], row["bridge"])
        for row in facts["usb_ids"]
    ]
    assert ours == theirs


def test_control_transfers_are_those_of_nut(facts):
    compared = 0
    for name, row in facts["bridges"].items():
        write = row.get("write") or row.get("write_control")
        bridge = NAMED[name]
        if write is None or write["type"] != "control":
            continue
        assert isinstance(bridge, PacketBridge)
        assert bridge.out == Control(write["bmRequestType"], write["bRequest"], write["wValue"])
        if isinstance(read := row.get("read", {}), dict) and read.get("endpoint"):
            assert (bridge.source, bridge.size) == (
                read["endpoint"],
                512 if read["size"] == "rest" else read["size"],
            )
        compared += 1
    assert compared == 9


def test_texts_have_the_numbers_of_nut(facts):
    for bridge in TEXTS:
        rows = facts["bridges"][bridge.name]["string_index"]
        assert bridge.indexes == {f"{row[0]}\r".encode(): row[1] for row in rows}
        assert bridge.leads == {f"{r[0]}\r".encode(): r[2].encode() for r in rows if len(r) > 2}


@pytest.mark.parametrize(
    ("ids", "texts", "name"),
    [
        (("0665", "5161"), (None, None), "cypress"),
        (("06da", "0002"), ("phoenixtec power", "USB Cable (V2.00)"), "phoenixtec"),
        (("06da", "0002"), ("Phoenixtec Power", "other"), "cypress"),
        (("0001", "0000"), ("MEC", "MEC0003"), "fabula"),
        (("0001", "0000"), (None, "MEC0003"), "hunnox"),
        (("0001", "0000"), ("ATCL FOR UPS", "ATCL FOR UPS"), "fuji"),
        (("0001", "0000"), (None, None), "krauler"),
    ],
)
def test_the_first_row_that_fits_a_device_counts(ids, texts, name):
    found = bridges.bridge_of(*ids, *texts)
    assert found is not None
    assert found.name == name


def test_a_serial_converter_and_an_unknown_device_have_no_bridge():
    assert bridges.bridge_of("1a86", "7523", None, None) is None
    assert bridges.bridge_of("1234", "5678", None, None) is None
    assert not bridges.is_known("1234", "5678")


@pytest.mark.parametrize(
    ("name", "request_line", "packets"),
    [
        ("cypress", b"Q1\r", [b"Q1\r\0\0\0\0\0"]),
        ("cypress", b"S.5R0003\r", [b"S.5R0003", b"\r\0\0\0\0\0\0\0"]),
        ("omron", b"Q1\r", [b"Q1\r".ljust(16, b"\0")]),
        ("sgs", b"S.5R0003\r", [b"\x07S.5R000", b"\x023\r\0\0\0\0\0"]),
        ("phoenixtec", b"S.5R0003\r", [b"S.5R0003\r"]),
        ("fuji", b"Q1\r", [b"\x80\x06\x03\x03Q1\0\x2f"]),
        ("fuji", b"T\r", [b"\x80\x06\x02\x03T\0\0\0"]),
        ("fuji", b"S.5R0003\r", [b"\x80\x06\x04\x03S.5\0"]),
        ("ablerex", b"Q1\r", [b"\x05\0\x03Q1\r".ljust(47, b"\0")]),
        ("armac", b"T05\r", [b"\xa3T05", b"\xa1\r\0\0"]),
    ],
)
def test_a_request_is_cut_into_packets(name, request_line, packets):
    bridge = NAMED[name]
    assert isinstance(bridge, PacketBridge)
    assert bridge.packets(request_line) == tuple(packets)


def test_a_newer_armac_takes_a_request_in_one_packet():
    assert bridges.ARMAC.variant is not None
    assert bridges.ARMAC.variant.packets(b"Q1\r") == (b"\xa3Q1\r",)


@pytest.mark.parametrize("request_line", [b"S01R0000\r", b"T9999\r", b"TL10\r"])
def test_what_fuji_has_no_room_for_is_not_carried(request_line):
    assert bridges.FUJI.packets(request_line) is None


@pytest.mark.parametrize(
    ("request_line", "index"),
    [
        (b"S.5\r", 24),
        (b"S.5R0003\r", 24),
        (b"S.5R0000\r", 16),
        (b"S.2R0001\r", 24),
        (b"S.6R0000\r", 32),
        (b"S.9R0000\r", 80),
        (b"S01R0000\r", 96),
        (b"S02R0001\r", 120),
        (b"S10R0000\r", 240),
        (b"S99R0000\r", 240),
        (b"C\r", None),
        (b"SR\r", None),
        (b"S\r", None),
    ],
)
def test_a_shutdown_has_a_number(request_line, index):
    assert shutdown_index(request_line) == index


@pytest.mark.parametrize(
    ("request_line", "has_reply"),
    [(b"M\r", False), (b"MSO\r", True), (b"T10\r", False), (b"Q1\r", True), (b"SSN12\r", False)],
)
def test_some_requests_get_no_reply(request_line, has_reply):
    assert bridges.PHOENIXTEC.has_reply(request_line) is has_reply


def test_zeros_are_status_bits_that_a_device_has_not_and_nothing_before():
    head = b"(226.0 195.0 226.0 014 49.0 27.5 30.0 "
    assert armac_part(b"\xc3\x001\r", len(head)).data == b"01\r"
    assert armac_part(b"\xc3\x001\r", 10).data == b""
    assert armac_part(b"\xc3\x001\r", 10).is_last


def test_a_reply_without_its_end_is_an_error_where_devices_send_one():
    with pytest.raises(DeviceError, match="cut short"):
        bridges.CYPRESS.reply(b"(226.0", 0)
    assert bridges.IPPON.reply(b"(226.0\0\0", 0) == b"(226.0\r"


def test_zeros_and_a_bare_end_behind_them_are_silence():
    assert bridges.IPPON.reply(b"\0\r" + bytes(62), 0) is None
    assert bridges.CYPRESS.reply(b"", 0) is None
    assert bridges.CYPRESS.reply(b"\r" + bytes(7), 0) == b"\r"


def test_a_hunnox_is_asked_for_other_texts_in_turn():
    steps = [bridges.HUNNOX.asked_before(step, 3, ()) for step in range(5)]
    assert steps == [
        ((0, 1026), (0, 1026), (1, 1026)),
        ((13, 102),),
        (),
        ((12, 102),),
        ((13, 102),),
    ]
    assert bridges.HUNNOX.asked_before(3, 3, (12,)) == ()


@given(st.sampled_from(PACKETS), st.binary(max_size=60), st.integers(0, 60))
def test_a_reply_ends_where_it_says_or_is_none(bridge, found, length):
    try:
        reply = bridge.reply(found, length)
    except DeviceError:
        return
    assert reply is None or reply.endswith(b"\r")


@given(st.binary(max_size=64), st.integers(0, 60))
def test_any_packet_gives_no_more_than_it_holds(packet, before):
    for unpack in (counted_part, armac_part):
        assert len(unpack(packet, before).data) <= max(len(packet) - 1, 0)


@given(st.binary(max_size=60), st.booleans())
def test_any_text_is_read_or_refused(descriptor, is_exact):
    try:
        text = text_of(descriptor, is_exact=is_exact)
    except DeviceError:
        return
    assert len(text) * 2 + 2 == descriptor[0]


@given(st.sampled_from(TEXTS), st.sampled_from([b"Q1\r", b"C\r", b"X\r"]), st.binary(max_size=60))
def test_any_text_makes_a_line_or_none(bridge, request_line, text):
    reply = bridge.reply(request_line, text)
    assert reply is None or reply.index(b"\r") == len(reply) - 1
