"""What the gateway notes of its clients, and what it only counts."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.answers import ACCESS_DENIED, Order, Session
from services.gateway.deeds import DENIALS, Deeds
from shared.audit import AuditLog
from shared.errors import ResultStatus
from shared.fleet import Device
from shared.messages import ForcedShutdown, Result

SESSION = Session("192.0.2.1", username="eve")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize(
    ("words", "reply", "expected"),
    [
        (["LOGIN", "ups"], "OK", ("login", "ok", "ups", None, None)),
        (["PRIMARY", "ups"], "OK PRIMARY-GRANTED", ("primary", "ok", "ups", None, None)),
        (["FSD", "ups"], "OK FSD-SET", ("fsd", "ok", "ups", None, None)),
        (["set", "VAR", "u", "a.b", "1"], ACCESS_DENIED, ("set", "denied", "u", "a.b", "1")),
        (["INSTCMD", "u", "c", "5"], "ERR UNKNOWN-UPS", ("command", "refused", "u", "c", "5")),
        (["INSTCMD"], "ERR INVALID-ARGUMENT", ("command", "refused", None, None, None)),
        (["SET", "X"], "ERR INVALID-ARGUMENT", ("set", "refused", None, None, None)),
        (["LOGIN", "a", "b", "c", "d"], "ERR X", ("login", "refused", "a", "b", "c")),
    ],
)
async def test_a_request_is_one_line_in_words_of_ours(file, words, reply, expected):
    await Deeds(AuditLog(file), "g").asked(words, SESSION, reply)
    (line,) = lines(file)
    keys = ("action", "outcome", "device", "name", "value")
    assert tuple(line.get(key) for key in keys) == expected
    assert (line["user"], line["address"], line["service"]) == ("eve", "192.0.2.1", "gateway@g")


async def test_an_order_has_a_line_before_and_one_with_its_end(file):
    log = AuditLog(file)
    noted = Deeds(log, "g")
    await noted.ordering(Order("ups", "ups.id", "x", is_command=False), SESSION, "ID1")
    ended = Result(id="ID1", request="set", name="ups.id", status=ResultStatus.READ_ONLY, at=1.0)
    noted.concluded(ended)
    noted.concluded(ended)
    noted.concluded(ended.model_copy(update={"id": "another"}))
    await noted.ordering(Order("ups", "load.off", None, is_command=True), SESSION, "ID2")
    await noted.failed("ID2", "ERR INSTCMD-FAILED")
    said = [(line["id"], line["action"], line["outcome"]) for line in lines(file)]
    assert said == [
        ("ID1", "set", "sent"),
        ("ID1", "set", "readonly"),
        ("ID2", "command", "sent"),
        ("ID2", "command", "not sent"),
    ]


def test_what_others_force_is_seen_once_and_what_our_clients_force_is_not(file):
    log = AuditLog(file)
    noted = Deeds(log, "g")
    theirs = ForcedShutdown(by="node-red", at=1.0, reason="smoke")
    ours = ForcedShutdown(by="eve@192.0.2.1", at=2.0, reason="FSD")
    noted.forcing("ups", ours)
    for fsd in (ours, ours, None, theirs, theirs, None, None):
        noted.seen("ups", Device("ups", fsd=fsd))
    noted.seen("ups", None)
    log.flush()
    keys = ("user", "action", "outcome", "detail", "id")
    assert [tuple(line.get(key) for key in keys) for line in lines(file)] == [
        (None, "clear-fsd", "seen", None, ours.digest),
        ("node-red", "fsd", "seen", "smoke", theirs.digest),
        (None, "clear-fsd", "seen", None, theirs.digest),
    ]


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False), st.text())
def test_whatever_is_said_of_a_forced_shutdown_has_a_digest(by, at, reason):
    order = ForcedShutdown(by=by, at=at, reason=reason)
    assert order.digest == ForcedShutdown(by=by, at=at, reason=reason).digest
    assert order.digest != ForcedShutdown(by=by + "x", at=at, reason=reason).digest


async def test_who_is_denied_without_end_fills_no_disk_and_hides_nobody_else(
    file, monkeypatch: pytest.MonkeyPatch
):
    now = 1000.0
    monkeypatch.setattr("services.gateway.deeds.time.time", lambda: now)
    noted = Deeds(AuditLog(file), "g")
    for _ in range(DENIALS + 50):
        await noted.asked(["LOGIN", "ups"], SESSION, ACCESS_DENIED)
    assert len(lines(file)) == DENIALS
    await noted.asked(["LOGIN", "ups"], Session("192.0.2.2", username="x"), ACCESS_DENIED)
    await noted.asked(["LOGIN", "ups"], SESSION, "OK")
    assert len(lines(file)) == DENIALS + 2
    now += 61.0
    await noted.asked(["LOGIN", "ups"], SESSION, ACCESS_DENIED)
    assert lines(file)[-1]["detail"] == "50 more before were not noted"
