"""Replies that NUT's sources and protocol documents show are read by the rows of the dialects."""

import re

import pytest

from services.driver.protocols.qx import crc
from services.driver.protocols.qx.decoding import decode
from services.driver.protocols.qx.registry import DIALECTS
from services.driver.protocols.qx.table import Knowledge
from shared.errors import DeviceError
from tests.simulators.qx import recorded

BY_NAME = {dialect.name.replace("/", "-"): dialect for dialect in DIALECTS}
A_MODEL = Knowledge(
    variables={"ups.id": "00", "battery.voltage.nominal": "24.0", "input.voltage.nominal": "230"},
    private={"series": "A"},
)
LETTERS = re.compile(r"([A-Z])\1\.\1|b7b6b5|XX|hh:mm|ii p a|nnn")  # places, not values
# Replies that cannot be read, NUT's drivers included where they check at all.
UNREADABLE = {
    ("bestups", "FOR,3000,120,120,20.0,100.6\r"): "longer than NUT and we take",
    ("bestups", "FOR, 750,120,120,20.0, 27.6\r"): "shown after it was padded",
    ("innovatae", "#222222222222222222222222222R1.00.48\r"): "a byte shorter than its row asks for",
    (
        "voltronic",
        "(234.9 50.0 229.8 50.0 000.0 00A 369.1 ---.- 026.5 ---.- 018.8 100000000001\r",
    ): ("made up: a letter in the load"),
    ("voltronic", "(NAK\r"): "a refusal",
    ("voltronic-axpert", "(G\r"): "a mode that has no meaning",
    (
        "voltronic-axpert",
        "((230.0 50.0 0030 42.0 54.0 56.4 46.0 60 0 0 2 0 0 0 0 0 1 1 0 0 1 0 54.0 0 1 000\r",
    ): "a bracket too many shifts the columns",
    (
        "voltronic-axpert",
        "(235.2 50.1 235.2 50.1 0446 0382 008 440 54.00 000 100 0034 0000 000.0 00.00 00000"
        " 00010101 00 00 00000 110\r",
    ): "a reply to QPIGS, shown as one to QPIGS2",
    ("voltronic-qs-hex", "#6C01 35 6C01 35 03 519A 1312D0 E6 1E 00001001\r"): (
        "shown after its bytes were written out"
    ),
    ("voltronic-qs-hex", "#6901 6C 6802 6C 00 5FD7 12C000 E4 1E 00001001 00000010\r"): (
        "shown after its bytes were written out"
    ),
}


def documented():
    """List dialect, queries and reply of all requests that the tables have."""
    for file in ("protocol_examples_nut.json", "protocol_examples_docs.json"):
        for entry in recorded(file):
            dialect = BY_NAME[entry["protocol"].replace("_", "-")]
            parts = ("pairs", "pairs_from_protocol_comments", "pairs_from_testing_table")
            for pair in (pair for part in parts for pair in entry.get(part, ())):
                queries = [query for query in dialect.queries if query.request == pair["send"]]
                if queries and pair["recv"]:
                    yield dialect, queries, pair["recv"]


def is_read(dialect, queries, text):
    reply = text.encode("latin-1")
    if dialect.name == "voltronic-axpert":
        reply = crc.with_checksum(reply)
    for query in queries:
        try:
            decoded = decode(query, dialect, reply, A_MODEL, range(len(query.fields)))
        except DeviceError:
            continue
        if not decoded.unreadable:
            return True
    return False


def test_documented_replies_are_read():
    known = list(documented())
    assert len(known) > 200
    refused = {
        (dialect.name, text)
        for dialect, queries, text in known
        if not is_read(dialect, queries, text) and not LETTERS.search(text)
    }
    assert refused == set(UNREADABLE)


@pytest.mark.parametrize("protocol", ["megatec", "voltronic"])
def test_the_documents_of_the_protocols_are_among_them(protocol):
    assert any(dialect.name == protocol for dialect, _, _ in documented())
