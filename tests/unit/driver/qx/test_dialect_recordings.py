"""The harder dialects: every exchange that NUT's sources, protocol papers and logs show is read."""

import json
import re
from pathlib import Path

import pytest

from services.driver.protocols.qx import crc
from services.driver.protocols.qx.decoding import DeclinedError, decode
from services.driver.protocols.qx.gtec import GTEC
from services.driver.protocols.qx.innovart31 import INNOVART31
from services.driver.protocols.qx.innovart33 import INNOVART33
from services.driver.protocols.qx.innovatae import INNOVATAE
from services.driver.protocols.qx.masterguard import MASTERGUARD
from services.driver.protocols.qx.omron import OMRON
from services.driver.protocols.qx.q2 import Q2
from services.driver.protocols.qx.q6 import Q6
from services.driver.protocols.qx.voltronic import VOLTRONIC
from services.driver.protocols.qx.voltronic_axpert import VOLTRONIC_AXPERT
from shared.errors import DeviceError
from tests.unit.driver.qx.walks import examples, walked

RECORDINGS = Path(__file__).resolve().parents[5] / "shared" / "fixtures" / "qx"
DIALECTS = (
    VOLTRONIC,
    VOLTRONIC_AXPERT,
    MASTERGUARD,
    OMRON,
    Q2,
    Q6,
    INNOVART31,
    INNOVART33,
    INNOVATAE,
    GTEC,
)
# Replies that are shown as letters for digits.
TEMPLATE = re.compile(r"MM|WWW|XX|nnn|TTTT")
# What is shown as a reply to a request and cannot be one.
UNREADABLE = {
    # A digit is a letter, to try what the driver does with it.
    ("QGS", "(234.9 50.0 229.8 50.0 000.0 00A 369.1 ---.- 026.5 ---.- 018.8 100000000001"),
    # A bracket too many.
    ("QDI", "((230.0 50.0 0030 42.0 54.0 56.4 46.0 60 0 0 2 0 0 0 0 0 1 1 0 0 1 0 54.0 0 1 000"),
    # Shorter than NUT's own least length.
    ("I", "#222222222222222222222222222R1.00.48"),
    # A mode that there is not.
    ("QMOD", "(G"),
    # A reply to QPIGS.
    (
        "QPIGS2",
        "(235.2 50.1 235.2 50.1 0446 0382 008 440 54.00 000 100 0034 0000 000.0 00.00 00000"
        " 00010101 00 00 00000 110",
    ),
}
REFUSAL = "(NAK"


def exchanges():
    """List dialect, request and reply of all that is shown."""
    found = []
    entries = json.loads((RECORDINGS / "protocol_examples_nut.json").read_text())
    for entry in entries:
        pairs = [*entry["pairs_from_protocol_comments"], *entry["pairs_from_testing_table"]]
        found += [(entry["protocol"], pair["send"], pair["recv"]) for pair in pairs]
    for entry in json.loads((RECORDINGS / "protocol_examples_docs.json").read_text()):
        found += [(entry["protocol"], pair["send"], pair["recv"]) for pair in entry["pairs"]]
    for entry in json.loads((RECORDINGS / "device_logs.json").read_text()):
        name = entry.get("protocol", "").partition(" ")[0]
        found += [(name, send, recv) for send, recv in entry.get("pairs", ())]
    return found


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_exchange_that_is_shown_is_read(dialect):
    if not RECORDINGS.exists():
        pytest.skip("the recordings lie beside the checkout only where the project is made")
    known = walked(dialect, examples(dialect)).known
    read, wrong = 0, []
    for name, send, reply in exchanges():
        queries = [query for query in dialect.queries if query.request == send]
        if name != dialect.name or not queries or TEMPLATE.search(reply):
            continue
        text = reply.removesuffix("\r")
        if text == REFUSAL or (send.removesuffix("\r"), text) in UNREADABLE:
            continue
        raw = (reply if reply.endswith("\r") else f"{reply}\r").encode("latin-1")
        framed = crc.with_checksum(raw) if dialect is VOLTRONIC_AXPERT else raw
        told = [_told(query, dialect, framed, known) for query in queries]
        read += "" in told
        if "" not in told:
            wrong.append((send, reply, told))
    assert not wrong
    assert read >= min(len(dialect.queries) // 2, 7) or dialect is MASTERGUARD


def _told(query, dialect, raw, known):
    """Say what is wrong with a reply, "" for nothing."""
    try:
        decoded = decode(query, dialect, raw, known, range(len(query.fields)))
    except DeclinedError:
        return "declined"
    except DeviceError as error:
        return str(error)
    return "; ".join(decoded.unreadable.values())
