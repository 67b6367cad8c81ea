"""The harder dialects of qx over a line: found, read, told, and with noise on it."""

import asyncio

import pytest

from services.driver.protocols.qx import crc
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
from shared.errors import DeviceError, RefusedError
from tests.likenut import OurDriver
from tests.simulators.masterguard import SimulatedMasterguard
from tests.simulators.qx import SimulatedQx, examples
from tests.simulators.voltronic import SimulatedVoltronic

pytestmark = pytest.mark.integration

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
ALL = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
# What each says of itself, so that nobody takes it for another.
KNOWN_BY = {
    "voltronic": {"ups.firmware.aux": "P00", "device.mfr": "BOH"},
    "voltronic-axpert": {"device.firmware.aux": "P30", "device.type": "scd"},
    "masterguard": {"device.mfr": "Masterguard", "device.model": "A700-19"},
    "omron": {"ups.serial": "A0Z25110005109G"},
    "q2": {"input.L2-N.voltage": "224.3"},
    "q6": {"input.L2-N.voltage": "225.6", "output.phases": "3"},
    "innovart31": {"input.bypass.phases": "1"},
    "innovart33": {"input.bypass.phases": "3"},
    "innovatae": {"device.mfr": "Ippon"},
    "gtec": {"battery.test.status": "Test passed - Result: OK"},
}
FOUND = ("voltronic", "voltronic-axpert", "masterguard", "innovart31", "gtec")
OK = b"(ACK\r"


def device(dialect):
    """Make a device that gives the examples and refuses all else."""
    refusal = dialect.rejected or b"NAK\r"
    if dialect is VOLTRONIC_AXPERT:
        refusal = crc.with_checksum(refusal)
    return SimulatedQx(examples(dialect), unknown=refusal)


def ours(ups, dialect=None, **options):
    named = {"protocol": dialect.name} if dialect else {}
    return OurDriver("qx", ups.port, {"pollfreq": 0, **named, **options})


@ALL
async def test_a_device_is_read(dialect):
    with device(dialect) as ups:
        async with ours(ups, dialect) as driver:
            report = await driver.report()
            again = await driver.report()
    assert KNOWN_BY[dialect.name].items() <= report.variables.items()
    assert report.variables["driver.version.data"] == dialect.version
    assert again == report


@pytest.mark.parametrize(
    "dialect", [each for each in DIALECTS if each.name in FOUND], ids=lambda dialect: dialect.name
)
async def test_a_device_is_found(dialect):
    with device(dialect) as ups:
        async with ours(ups) as driver:
            report = await driver.report()
    assert report.variables["driver.version.data"] == dialect.version


async def test_noise_on_the_line_is_never_a_value():
    async def one(dialect):
        with device(dialect) as ups:
            async with ours(ups, dialect) as driver:
                before = await driver.report()
                ups.fault = lambda _, reply: (reply[: len(reply) // 2] + b"\xff\x00#\r",)
                with pytest.raises(DeviceError):
                    await driver.report()
                ups.fault = lambda _, reply: (reply[:-5] + b"\r",)
                with pytest.raises(DeviceError):
                    await driver.report()
                ups.fault = None
            async with ours(ups, dialect) as driver:
                return await driver.report() == before

    assert await asyncio.gather(*map(one, DIALECTS)) == [True] * len(DIALECTS)


async def test_every_line_to_an_inverter_has_a_checksum():
    told = crc.with_checksum(b"PEJ\r")
    with device(VOLTRONIC_AXPERT) as ups:
        ups.replies[told] = crc.with_checksum(OK)
        async with ours(ups, VOLTRONIC_AXPERT) as driver:
            await driver.report()
            await driver.set("battery.energysave", "yes")
            with pytest.raises(RefusedError):
                await driver.command("beeper.disable")
    assert told in ups.requests
    assert all(crc.with_checksum(crc.without_checksum(each)) == each for each in ups.requests)


async def test_an_omron_is_told_first_whether_to_start_again():
    with device(OMRON) as ups:
        ups.replies |= {b"An\r": b"OK\r", b"S.5\r": b"OKn\r", b"Af\r": b"OK\r"}
        async with ours(ups, OMRON) as driver:
            await driver.report()
            await driver.command("shutdown.return")
            assert (await driver.report()).variables["ups.start.auto"] == "yes"
            with pytest.raises(RefusedError):
                await driver.command("shutdown.stayoff")
    orders = [each for each in ups.requests if each[:1] in b"AS"]
    assert orders == [b"An\r", b"S.5\r", b"Af\r", b"Sf.5\r"]


async def test_an_omron_that_refuses_the_first_is_not_told_the_second():
    with device(OMRON) as ups:
        ups.replies[b"S.5\r"] = b"OK\r"
        async with ours(ups, OMRON) as driver:
            with pytest.raises(RefusedError):
                await driver.command("shutdown.return")
            assert "ups.start.auto" not in (await driver.report()).variables
    assert b"An\r" in ups.requests
    assert b"S.5\r" not in ups.requests


async def test_an_omron_that_says_nothing_was_not_told():
    with device(OMRON) as ups:
        ups.unknown = None
        async with ours(ups, OMRON) as driver:
            with pytest.raises(RefusedError, match="no answer"):
                await driver.command("shutdown.stop")


async def test_the_address_of_a_masterguard_is_asked_for_and_set():
    with SimulatedMasterguard("A 1000", address="17") as ups:
        async with ours(ups, MASTERGUARD, slave_address=17) as driver:
            await driver.report()
            await driver.set("ups.id", "5")
            report = await driver.report()
            assert report.variables["ups.id"] == "05"
            await driver.command("beeper.disable")
            assert (await driver.report()).variables["ups.beeper.status"] == "disabled"
        assert ups.orders == [b"SS05--,17\r", b"SS---0,05\r"]
        with pytest.raises(DeviceError):
            async with ours(ups, MASTERGUARD, slave_address=18):
                pass


async def test_a_power_cut_of_a_voltronic_is_seen_at_the_next_poll():
    with SimulatedVoltronic("01", {b"QMOD\r": b"(L\r"}) as ups:
        async with ours(ups, VOLTRONIC, pollfreq=1000) as driver:
            assert (await driver.report()).status >= {"OL"}
            bits = ups.replies[b"QGS\r"]
            ups.replies |= {b"QGS\r": bits[:65] + b"1" + bits[66:], b"QMOD\r": b"(B\r"}
            assert (await driver.report()).status >= {"OB"}


async def test_loads_are_not_asked_for_on_request():
    with device(Q6) as ups:
        del ups.replies[b"WA\r"]
        async with ours(ups, Q6, nooutstats=True) as driver:
            assert "ups.realpower" not in (await driver.report()).variables
    assert b"WA\r" not in ups.requests
    with device(Q6) as ups:
        del ups.replies[b"WA\r"]
        with pytest.raises(DeviceError):
            async with asyncio.timeout(20), ours(ups, Q6):
                pass
