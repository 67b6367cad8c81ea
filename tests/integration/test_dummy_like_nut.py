"""The dummy driver beside NUT's own dummy-ups: the same file, the same variables and flags."""

import socket

import pytest

from services.driver.contract import Site
from services.driver.drivers.dummy import DummyDriver, DummyOptions
from services.driver.features import Features, Trend, present
from services.driver.protocols.dummyups import _NUMBERS, _STRINGS
from shared.nutwire import split
from tests.realnut import Dummy, RealNut

pytestmark = pytest.mark.integration

EVERY = [name for names in (_NUMBERS, *_STRINGS.values()) for name in names.split()]
FILE = "\n".join(
    [
        *(f"{name}: 7" for name in EVERY),
        "# what follows is in no table",
        "outlet.1.status: on",
        "outlet.1.desc: A name with spaces",
        'device.location: "Rack  1" # with a remark',
        "battery.date 2020/01/01",
        'device.contact: ""',
        "driver.name: usbhid-ups",
        "ups.alarm: Replace battery!",
        "ups.serial: S1",
        "ups.status: OL CHRG",
    ]
)
OURS_ALONE = {"driver.flag.allow_killpower"}


def ask_all(address: str, question: str) -> list[list[str]]:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(question.encode() + b"\n")
        with connection.makefile("r") as replies:
            assert replies.readline().startswith("BEGIN")
            return [split(line) for line in iter(replies.readline, f"END {question}\n")]


@pytest.fixture(scope="module")
def nut(tmp_path_factory):
    with RealNut(tmp_path_factory.mktemp("nut"), {"dummy": Dummy(FILE + "\n")}) as nut:
        yield nut


@pytest.fixture
async def view(tmp_path):
    file = tmp_path / "ups.dev"
    file.write_text(FILE + "\n")
    driver = DummyDriver(Site("ups", str(file)), DummyOptions())
    await driver.open()
    return present(Features(), await driver.poll(), Trend())[0]


def test_it_has_the_same_variables(nut, view):
    theirs = {name: value for _, _, name, value in ask_all(nut.address, "LIST VAR dummy")}
    ours = {n: v for n, v in view.variables.items() if not n.startswith("driver.")}
    assert ours == {n: v for n, v in theirs.items() if not n.startswith("driver.")}


def test_it_has_the_same_writable_variables_of_the_same_types(nut, view):
    theirs = {name for _, _, name, _ in ask_all(nut.address, "LIST RW dummy")}
    assert set(view.writable) - OURS_ALONE == theirs
    for name in theirs:
        known = view.writable[name]
        kind = "NUMBER" if known.type == "number" else f"STRING:{known.max_length}"
        assert nut.ask(f"GET TYPE dummy {name}") == f"TYPE dummy {name} RW {kind}"


def test_it_offers_the_command_that_dummy_ups_advertises(nut, view):
    theirs = {name for _, _, name in ask_all(nut.address, "LIST CMD dummy")}
    assert theirs <= set(view.commands)
