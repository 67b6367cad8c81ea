"""SNMP version 3 against net-snmp's own agent: each protection, and what can be wrong with it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.driver.protocols.snmpwire.message import Operation, request
from services.driver.protocols.snmpwire.security import (
    SIGNED,
    Engine,
    ForgedError,
    Header,
    read_header,
)
from services.driver.protocols.snmpwire.values import Kind, Value
from services.driver.transports.snmp import (
    Authentication,
    Privacy,
    SnmpAgent,
    SnmpSettings,
    User,
    Version,
)
from services.driver.transports.snmpexchange import UserExchange
from shared.errors import DeviceError, RefusedError
from tests.simulators.snmpd import CONTACT, NAME, UPTIME, Snmpd
from tests.simulators.snmpmeddler import Meddler

pytestmark = pytest.mark.integration

AUTHENTICATION = "correct horse"
PRIVACY = "battery staple"
SPELT = {  # as snmpd writes them
    Authentication.SHA224: "SHA-224",
    Authentication.SHA256: "SHA-256",
    Authentication.SHA384: "SHA-384",
    Authentication.SHA512: "SHA-512",
    Privacy.AES192: "AES-192",
    Privacy.AES256: "AES-256",
    Privacy.AES192C: "AES-192-C",
    Privacy.AES256C: "AES-256-C",
}


def _users() -> Iterator[User]:
    yield User("plain")
    for authentication in Authentication:
        yield User(f"{authentication}-only", authentication, AUTHENTICATION)
    for authentication in (Authentication.MD5, Authentication.SHA, Authentication.SHA256):
        for privacy in Privacy:
            name = f"{authentication}-{privacy}"
            yield User(name, authentication, AUTHENTICATION, privacy, PRIVACY)
    yield User("strong", Authentication.SHA512, AUTHENTICATION, Privacy.AES256, PRIVACY)


USERS = {user.name: user for user in _users()}
USER = USERS["SHA-AES"]


def _line(user: User) -> str:
    words = [user.name]
    if user.authentication_password:
        protocol = SPELT.get(user.authentication, user.authentication)
        words += [protocol, f'"{user.authentication_password}"']
    if user.privacy_password:
        words += [SPELT.get(user.privacy, user.privacy), f'"{user.privacy_password}"']
    return " ".join(words)


@pytest.fixture
async def snmpd(tmp_path: Path):
    users = [_line(USERS[name]) for name in ("SHA-AES", "SHA-only")]
    async with Snmpd(tmp_path / "snmpd", users) as agent:
        yield agent


def _agent(snmpd: Snmpd, user: User, host: str = "127.0.0.1", timeout: float = 3.0) -> SnmpAgent:
    settings = SnmpSettings(host, snmpd.port, Version.V3, user=user, retries=2, timeout=timeout)
    return SnmpAgent(settings)


async def test_each_level_and_each_protocol_reads_and_writes(tmp_path: Path):
    async with Snmpd(tmp_path / "snmpd", [_line(user) for user in USERS.values()]) as snmpd:
        for user in USERS.values():
            agent = _agent(snmpd, user)
            await agent.open()
            found = await agent.get([NAME, UPTIME])
            assert isinstance(found[UPTIME], Value), user
            assert (await agent.column("1.3.6.1.2.1.1"))["3.0"].kind is Kind.TICKS, user
            name = Value(Kind.OCTETS, user.name.encode())
            await agent.set({CONTACT: name})
            assert await agent.get([CONTACT]) == {CONTACT: name}
            await agent.close()


WRONG = {
    "user": (User("nobody", Authentication.SHA, AUTHENTICATION), "does not know the user"),
    "password": (
        User(USER.name, Authentication.SHA, "incorrect horse"),
        "wrong authentication password or protocol",
    ),
    "protocol": (
        User(USER.name, Authentication.SHA256, AUTHENTICATION),
        "wrong authentication password or protocol",
    ),
    "privacy password": (
        User(USER.name, Authentication.SHA, AUTHENTICATION, Privacy.AES, "battery stable"),
        "privacy password",
    ),
    "privacy protocol": (
        User(USER.name, Authentication.SHA, AUTHENTICATION, Privacy.DES, PRIVACY),
        "privacy password",
    ),
    "level": (
        User("SHA-only", Authentication.SHA, AUTHENTICATION, Privacy.AES, PRIVACY),
        "level of security",
    ),
}


async def _read_name(agent: SnmpAgent) -> None:
    await agent.open()
    await agent.get([NAME])


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_wrong_is_told_without_the_passwords(snmpd: Snmpd, name: str):
    user, reason = WRONG[name]
    agent = _agent(snmpd, user, timeout=1.0)  # some of them meet silence
    async with asyncio.timeout(30):
        with pytest.raises(DeviceError, match=reason) as told:
            await _read_name(agent)
    assert user.authentication_password not in str(told.value)
    assert user.privacy_password == "" or user.privacy_password not in str(told.value)
    assert "horse" not in repr(agent.settings)
    await agent.close()


async def test_an_agent_that_boots_again_is_followed_on_the_same_line(snmpd: Snmpd):
    agent = _agent(snmpd, USER)
    await agent.open()
    await agent.get([NAME])
    await snmpd.stop()
    await snmpd.start()
    assert isinstance((await agent.get([UPTIME]))[UPTIME], Value)
    await agent.set({CONTACT: Value(Kind.OCTETS, b"again")})
    await agent.close()


async def test_an_agent_with_a_new_engine_is_met_anew(snmpd: Snmpd):
    agent = _agent(snmpd, USER)
    await agent.open()
    await snmpd.stop()
    snmpd.forget()
    snmpd.engine = "80001f88040102030405"
    await snmpd.start()
    assert isinstance((await agent.get([UPTIME]))[UPTIME], Value)
    await agent.close()


def _engine(agent: SnmpAgent) -> Engine:
    exchange = agent._exchange
    assert isinstance(exchange, UserExchange)
    return exchange.engine


@pytest.mark.parametrize("skew", [-100_000, -151, 151, 100_000])
async def test_a_clock_that_has_gone_off_is_set_by_the_agent(snmpd: Snmpd, skew: int):
    agent = _agent(snmpd, USER)
    await agent.open()
    await agent.get([NAME])
    now = asyncio.get_running_loop().time()
    _engine(agent).set_clock(1, max(0, 1000 + skew), now)
    assert isinstance((await agent.get([UPTIME]))[UPTIME], Value)
    await agent.close()


async def test_an_agent_that_lost_its_boots_is_followed(snmpd: Snmpd):
    agent = _agent(snmpd, USER)
    await agent.open()
    await agent.get([NAME])
    now = asyncio.get_running_loop().time()
    _engine(agent).set_clock(77, 5000, now)
    assert isinstance((await agent.get([UPTIME]))[UPTIME], Value)
    await agent.close()


async def test_the_user_may_write_only_where_the_agent_lets_it(snmpd: Snmpd):
    agent = _agent(snmpd, USER)
    await agent.open()
    with pytest.raises(RefusedError, match=r"not writable|no access"):
        await agent.set({UPTIME: Value(Kind.TICKS, 1)})
    await agent.close()


async def test_an_answer_that_was_changed_on_the_way_is_no_value(snmpd: Snmpd):
    direct = _agent(snmpd, USER)
    await direct.open()
    await direct.set({CONTACT: Value(Kind.OCTETS, b"-- nutbus --")})
    await direct.close()
    meddler = Meddler(snmpd.port, b"nutbus", b"forged")
    port = await meddler.start()
    settings = SnmpSettings(
        "127.0.0.1", port, Version.V3, user=USERS["SHA-only"], retries=1, timeout=1.0
    )
    agent = SnmpAgent(settings)
    await agent.open()
    assert await agent.get([CONTACT]) == {CONTACT: Value(Kind.OCTETS, b"-- nutbus --")}
    meddler.is_meddling = True
    with pytest.raises(DeviceError, match="signature"):
        await agent.get([CONTACT])
    assert meddler.changed == 2
    await agent.close()
    meddler.stop()


async def test_an_answer_without_signature_is_no_value(snmpd: Snmpd):
    agent = _agent(snmpd, USERS["SHA-only"])
    await agent.open()
    engine = _engine(agent)
    stranger = Engine(User("SHA-only"), engine.engine)
    now = asyncio.get_running_loop().time()
    lie = request(Operation.RESPONSE, 7, [(NAME, Value(Kind.OCTETS, b"forged"))])
    header: Header = read_header(stranger.sealed(lie, 7, now, 0))
    assert not header.flags & SIGNED
    with pytest.raises(ForgedError):
        engine.opened(header, now)
    await agent.close()


async def test_an_agent_that_does_not_tell_its_engine_is_told():
    class Nameless(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            header = read_header(data)
            report = request(Operation.REPORT, 0, [(NAME, Value(Kind.COUNTER, 1))])
            answer = Engine(User("")).sealed(report, header.identity, 0.0, 0)
            self.transport.sendto(answer, addr)  # type: ignore[attr-defined]

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Nameless, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    agent = SnmpAgent(SnmpSettings("127.0.0.1", port, Version.V3, user=USER, timeout=0.3))
    with pytest.raises(DeviceError, match="does not tell its engine"):
        await agent.open()
    await agent.close()
    transport.close()


async def test_version_3_works_over_ipv6(snmpd: Snmpd):
    agent = _agent(snmpd, USER, "::1")
    await agent.open()
    assert isinstance((await agent.get([UPTIME]))[UPTIME], Value)
    await agent.close()


async def test_an_agent_without_version_3_is_told(snmpd: Snmpd):
    await snmpd.stop()
    agent = _agent(snmpd, USER, timeout=0.2)
    async with asyncio.timeout(30):
        with pytest.raises(DeviceError, match=r"refused|no answer"):
            await agent.open()
    await agent.close()
