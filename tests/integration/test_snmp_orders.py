"""The driver snmp with a light agent: orders, notifications, versions, and what it asks for."""

import asyncio

import pytest

from services.driver.contract import Site
from services.driver.drivers import snmp
from services.driver.drivers.snmp import SnmpDriver
from services.driver.drivers.snmp_options import SnmpOptions
from services.driver.protocols.snmpwire.ber import oid_text
from services.driver.protocols.snmpwire.message import Message
from services.driver.protocols.snmpwire.values import Kind, Value
from shared.errors import DeviceError, RefusedError, ResultStatus
from tests.ports import free_port
from tests.simulators.snmp import Objects, SnmpSimulator

pytestmark = pytest.mark.integration

PDU = "1.3.6.1.4.1.318.1.1.4"
OUTLETS = range(1, 9)
STATUS, CONTROL = f"{PDU}.4.2.1.3", f"{PDU}.4.2.1.3"
UPS = "1.3.6.1.4.1.318.1.1.1"


def whole(number: int) -> Value:
    return Value(Kind.INTEGER, number)


def words(text: str) -> Value:
    return Value(Kind.OCTETS, text.encode())


def system(oid: str) -> dict[str, Value]:
    return {"1.3.6.1.2.1.1.2.0": Value(Kind.OID, oid), "1.3.6.1.2.1.1.1.0": words("a card")}


def ups() -> Objects:
    return Objects(
        {
            **system("1.3.6.1.4.1.318.1.3.27"),
            f"{UPS}.1.1.1.0": words("Smart-UPS 1500"),
            f"{UPS}.2.2.1.0": Value(Kind.GAUGE, 100),
            f"{UPS}.4.1.1.0": whole(2),
            f"{UPS}.5.2.9.0": Value(Kind.TICKS, 6000),
            f"{UPS}.5.2.10.0": Value(Kind.TICKS, 2000),
            f"{UPS}.6.2.1.0": whole(1),
        }
    )


def revelation() -> Objects:
    """Make a PDU with outlets that can be switched."""
    pdu = "1.3.6.1.4.1.534.6.6.6.1"
    objects = {**system("1.3.6.1.4.1.534.6.6.6"), f"{pdu}.1.12.0": words("PDU")}
    objects[f"{pdu}.2.1.0"] = whole(len(OUTLETS))
    objects |= {f"{pdu}.2.2.1.3.{outlet}": whole(1) for outlet in OUTLETS}
    objects |= {f"{pdu}.2.2.1.2.{outlet}": words(f"o{outlet}") for outlet in OUTLETS}
    return Objects(objects)


def driver(agent: SnmpSimulator, traps: str = "", **options: object) -> SnmpDriver:
    given = SnmpOptions.model_validate({"snmp_retries": 1, "snmp_timeout": 1.0, **options})
    return SnmpDriver(Site("dut", f"127.0.0.1:{agent.port}", snmp_traps=traps), given)


async def test_an_outlet_is_switched() -> None:
    outlet = "1.3.6.1.4.1.534.6.6.6.1.2.2.1.3.5"
    async with SnmpSimulator(revelation(), writable={outlet}) as agent:
        ours = driver(agent)
        await ours.open()
        reading = await ours.poll()
        assert reading.variables["outlet.count"] == "8"
        assert reading.variables["outlet.5.status"] == "on"
        await ours.command("outlet.5.load.off", None)
        assert agent.objects.values[outlet] == whole(0)
        assert (await ours.poll()).variables["outlet.5.status"] == "off"
        with pytest.raises(RefusedError) as refused:
            await ours.command("outlet.6.load.off", None)
        assert refused.value.status in (ResultStatus.FAILED, ResultStatus.READ_ONLY)
        await ours.close()


async def test_the_delays_of_the_options_are_written() -> None:
    delays = {f"{UPS}.5.2.9.0", f"{UPS}.5.2.10.0"}
    async with SnmpSimulator(ups(), writable=delays) as agent:
        ours = driver(agent, ondelay="60", offdelay="90")
        await ours.open()
        assert (await ours.poll()).variables["ups.delay.shutdown"] == "90"
        assert agent.objects.values[f"{UPS}.5.2.10.0"] == Value(Kind.TICKS, 9000)
        sets = [each for each in agent.asked if each.operation.name == "SET"]
        assert len(sets) == 1  # the other one was so already
        await ours.close()


async def test_a_notification_ends_the_wait() -> None:
    traps = free_port()
    async with SnmpSimulator(ups()) as agent:
        ours = driver(agent, f"127.0.0.1:{traps}")
        await ours.open()
        assert (await ours.poll()).status == "OL"
        waiting = asyncio.create_task(ours.wait())
        await asyncio.sleep(0)
        agent.objects.put(f"{UPS}.4.1.1.0", whole(3))
        agent.notify(("127.0.0.1", traps))
        async with asyncio.timeout(30):
            await waiting
        assert (await ours.poll()).status == "OB"
        await ours.close()


async def test_an_agent_of_version_1_is_found_too() -> None:
    async with SnmpSimulator(ups()) as agent:
        agent.fault = lambda asked, answer: [answer] if asked.version == 0 else []
        ours = driver(agent, snmp_retries=0)
        await ours.open()
        assert (await ours.poll()).variables["ups.model"] == "Smart-UPS 1500"
        await ours.close()


async def test_an_agent_that_was_away_is_not_taken_for_one_of_version_1() -> None:
    async with SnmpSimulator(ups(), lost=1) as agent:
        asked: list[int] = []

        def watched(message: Message, answer: bytes) -> list[bytes]:
            asked.append(message.version)
            return [answer]

        agent.fault = watched
        ours = driver(agent, snmp_retries=0)
        await ours.open()
        asked.clear()
        await ours.poll()
        assert asked == [1]  # which is 2c
        await ours.close()


async def test_what_a_card_lacks_while_it_starts_is_found_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole_pdu = revelation().values
    uptime = {"1.3.6.1.2.1.1.3.0": Value(Kind.TICKS, 0)}
    starting = {oid: each for oid, each in whole_pdu.items() if ".6.6.6.1.2." not in oid}
    monkeypatch.setattr(snmp, "YOUNG", 0.1)
    async with SnmpSimulator(Objects(starting | uptime)) as agent:
        ours = driver(agent)
        await ours.open()
        assert "outlet.5.status" not in (await ours.poll()).variables
        uptime = {"1.3.6.1.2.1.1.3.0": Value(Kind.TICKS, 30000)}
        agent.objects = Objects(whole_pdu | uptime)
        async with asyncio.timeout(30):
            while "outlet.5.status" not in (await ours.poll()).variables:
                await asyncio.sleep(0)
        agent.asked.clear()
        await ours.poll()
        assert len(agent.asked) == 1
        await ours.close()


async def test_a_status_is_one_packet() -> None:
    async with SnmpSimulator(revelation()) as agent:
        ours = driver(agent)
        await ours.open()
        agent.asked.clear()
        await ours.poll()
        assert len(agent.asked) == 1
        asked = {oid_text(name) for name, _ in agent.asked[0].bindings}
        assert len(asked) == len(OUTLETS)
        await ours.close()


async def test_a_device_that_no_mapping_fits_is_named() -> None:
    async with SnmpSimulator(Objects(system("1.3.6.1.4.1.99999.1"))) as agent:
        ours = driver(agent)
        with pytest.raises(DeviceError, match=r"no mapping fits the device \(mibs: auto\)"):
            await ours.open()
        await ours.close()


async def test_a_mapping_that_is_named_must_fit() -> None:
    async with SnmpSimulator(ups()) as agent:
        ours = driver(agent, mibs="mge")
        with pytest.raises(DeviceError, match="mibs: mge"):
            await ours.open()
        await ours.close()
        ours = driver(agent, mibs=["mge", "apcc"])
        await ours.open()
        assert (await ours.poll()).status == "OL"
        await ours.close()


async def test_a_silent_agent_is_told() -> None:
    async with SnmpSimulator(ups(), is_silent=True) as agent:
        ours = driver(agent, snmp_retries=0)
        with pytest.raises(DeviceError, match=str(agent.port)):
            await ours.open()
        await ours.close()
