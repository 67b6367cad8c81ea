"""What the manuals of schools and offices teach, with NUT's tools and a ups.conf of today."""

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.ournut import OurNut
from tests.simulators.apcsmart import CODES, SimulatedUps, smart_ups
from tests.system.test_nut_tools import run, theirs

pytestmark = pytest.mark.system

TIMEOUT = 40.0
UPS_CONF = """\
maxretry = 3
pollinterval = 60
[office]
    driver = apcsmart
    port = {port}
    cable = 940-0024C
    desc = "Rack in the office"
    sdtype = 0
    advorder = no
    awd = 0
    cshdelay = 2.5
    ttymode = raw
"""
USERS = "[admin]\n    password = secret\n    actions = SET\n    instcmds = ALL\n"
LOGIN = ("-u", "admin", "-p", "secret")


@pytest.fixture(scope="module", name="ups")
def a_simulated_ups() -> Generator[SimulatedUps]:
    with SimulatedUps(smart_ups()) as ups:
        yield ups


@pytest.fixture(scope="module", name="server")
def our_server(ups: SimulatedUps, tmp_path_factory: pytest.TempPathFactory) -> Generator[OurNut]:
    folder: Path = tmp_path_factory.mktemp("nut")
    (folder / "ups.conf").write_text(UPS_CONF.format(port=ups.port))
    (folder / "upsd.conf").write_text("LISTEN 127.0.0.1 3493\n")
    (folder / "upsd.users").write_text(USERS)
    with OurNut(folder) as server:
        server.await_readable("office")
        yield server


def tool(server: OurNut, name: str, *arguments: str) -> str:
    outcome = run([*theirs(name), *arguments, f"office@{server.address}"])
    assert outcome.status == 0, outcome.stderr
    return outcome.stdout


def test_upsrw_writes_the_battery_date(server: OurNut, ups: SimulatedUps):
    outcome = run(
        [*theirs("upsrw"), "-s", "battery.date=12/31/24", *LOGIN, "-w", f"office@{server.address}"]
    )
    assert (outcome.status, outcome.stderr.strip()) == (0, "SUCCESS")
    assert ups.replies[CODES["battery.date"]] == "12/31/24"
    server.await_answer("GET VAR office battery.date", 'VAR office battery.date "12/31/24"')


def test_upsrw_lists_what_the_eeprom_offers(server: OurNut):
    listed = tool(server, "upsrw")
    assert "[battery.date]" in listed
    assert "Maximum length: 8" in listed
    assert 'Option: "253"' in listed


def test_upsrw_refuses_what_the_eeprom_does_not_offer(server: OurNut, ups: SimulatedUps):
    order = [*theirs("upsrw"), "-s", "input.transfer.high=999", *LOGIN, f"office@{server.address}"]
    assert run(order).status != 0
    assert ups.replies[CODES["input.transfer.high"]] == "253"


def test_upscmd_starts_a_test(server: OurNut, ups: SimulatedUps):
    outcome = run([*theirs("upscmd"), *LOGIN, "-w", f"office@{server.address}", "test.panel.start"])
    assert (outcome.status, outcome.stderr.strip()) == (0, "SUCCESS")
    assert "A" in ups.orders


def test_upsc_shows_an_outage_long_before_the_next_poll(server: OurNut, ups: SimulatedUps):
    ups.alert("!")
    deadline = time.monotonic() + TIMEOUT
    while "ups.status: OB" not in tool(server, "upsc"):
        assert time.monotonic() < deadline
    ups.alert("$")
    while "ups.status: OL" not in tool(server, "upsc"):
        assert time.monotonic() < deadline
