"""The libraries that could read SNMP: how fast they are, and what they let through.

gufo-snmp and pysnmp are only installed for this (dependency group `dev`).
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Final

from gufo.snmp import Aes128Key, Sha1Key
from gufo.snmp import User as GufoUser
from gufo.snmp.aio import SnmpSession
from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UdpTransportTarget,
    UsmUserData,
    get_cmd,
    usmAesCfb128Protocol,
    usmHMACSHAAuthProtocol,
)

from benchmarks.progress import say
from benchmarks.report import Table, figure
from services.driver.protocols.snmpwire.ber import integer, tagged
from services.driver.protocols.snmpwire.message import Message, Operation, message
from services.driver.protocols.snmpwire.values import Kind, Value
from services.driver.transports.snmp import (
    Authentication,
    Privacy,
    SnmpAgent,
    SnmpSettings,
    User,
    Version,
)
from shared.errors import DeviceError
from tests.simulators.snmp import Objects, SnmpSimulator
from tests.simulators.snmpd import CONTACT, Snmpd
from tests.simulators.snmpmeddler import Meddler

SECONDS = 2.0
GROUPS: Final = ((1, range(1, 9)), (4, range(1, 20)), (5, range(1, 14)))  # all that snmpd has
OIDS = [f"1.3.6.1.2.1.{group}.{number}.0" for group, numbers in GROUPS for number in numbers]
PASSWORD, SECRET = "correct horse", "battery staple"
USER = User("ups", Authentication.SHA, PASSWORD, Privacy.AES, SECRET)
SIGNER = User("signer", Authentication.SHA, PASSWORD)
USERS = (f'ups SHA "{PASSWORD}" AES "{SECRET}"', f'signer SHA "{PASSWORD}"')
TEXT = {CONTACT: Value(Kind.OCTETS, b"as it is")}
WITHIN = 2.0

Read = Callable[[int, list[str], User | None], Awaitable[Callable[[], Awaitable[object]]]]
"""Opens a line to a port of this host, by a user of version 3 or by version 2c; then reads."""


def libraries() -> Table:
    """Compare the library of this project with gufo-snmp and pysnmp."""
    with tempfile.TemporaryDirectory(prefix="nutbus-bench-") as folder:
        rows = asyncio.run(_rows(Path(folder)))
    header = ("40 values in each GET, of net-snmp's agent", *READERS)
    note = (
        "GETs a second of one core. The last rows: what a program is told if an agent's answer is "
        "tooBig, lacks its content, or was changed on the way in spite of a signature."
    )
    return Table("SNMP libraries", header, tuple(rows), note)


async def _rows(folder: Path) -> list[tuple[str, ...]]:
    async with Snmpd(folder / "snmpd", USERS) as snmpd:
        rows = [
            ("version 2c", *[await _speed(name, snmpd.port, None) for name in READERS]),
            ("version 3, SHA and AES", *[await _speed(name, snmpd.port, USER) for name in READERS]),
        ]
    rows += [(what, *[await _told(name, fault) for name in READERS]) for what, fault in FAULTS]
    async with Snmpd(folder / "snmpd", USERS) as snmpd:
        changed = [await _changed(name, snmpd) for name in READERS]
    return [*rows, ("version 3, signed: changed answer", *changed)]


async def _speed(name: str, port: int, user: User | None) -> str:
    read = await READERS[name](port, OIDS, user)
    await read()
    count, began = 0, time.process_time()
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        await read()
        count += 1
    rate = count / (time.process_time() - began)
    say(f"{name}: {rate:.0f} GETs a second of one core, version {'3' if user else '2c'}")
    return figure(rate)


async def _told(name: str, fault: Callable[[Message, bytes], Iterable[bytes]]) -> str:
    async with SnmpSimulator(Objects(TEXT), fault=fault) as agent:
        read = await READERS[name](agent.port, [CONTACT], None)
        return await _outcome(read)


async def _changed(name: str, snmpd: Snmpd) -> str:
    writer = SnmpAgent(SnmpSettings("127.0.0.1", snmpd.port, Version.V3, user=SIGNER))
    await writer.open()
    await writer.set(TEXT)
    await writer.close()
    meddler = Meddler(snmpd.port, b"as it is", b"wrong !!")
    read = await READERS[name](await meddler.start(), [CONTACT], SIGNER)
    await read()
    meddler.is_meddling = True
    try:
        return await _outcome(read)
    finally:
        meddler.stop()


async def _outcome(read: Callable[[], Awaitable[object]]) -> str:
    """Say in a word what became of a read."""
    try:
        async with asyncio.timeout(WITHIN):
            found = await read()
    except BaseException as error:
        return "panic" if type(error).__name__ == "PanicException" else "error"
    return "wrong value" if "wrong" in str(found) else "nothing is wrong"


async def _ours(port: int, oids: list[str], user: User | None) -> Callable[[], Awaitable[object]]:
    version = Version.V3 if user else Version.V2C
    settings = SnmpSettings("127.0.0.1", port, version, user=user, retries=0)
    agent = SnmpAgent(settings)
    await agent.open()

    async def read() -> object:
        found = await agent.get(oids)
        if len(oids) == 1 and not isinstance(found[oids[0]], Value):
            raise DeviceError(str(found[oids[0]]))  # it is told, and which it is
        return found

    return read


async def _gufo(port: int, oids: list[str], user: User | None) -> Callable[[], Awaitable[object]]:
    known = None
    if user is not None:
        auth = Sha1Key(user.authentication_password.encode())
        secret = user.privacy_password.encode()
        known = GufoUser(user.name, auth_key=auth, priv_key=Aes128Key(secret) if secret else None)
    session = SnmpSession("127.0.0.1", port=port, user=known, timeout=1.0)
    await session.refresh()
    return lambda: session.get_many(oids)


async def _pysnmp(port: int, oids: list[str], user: User | None) -> Callable[[], Awaitable[object]]:
    engine = SnmpEngine()
    target = await UdpTransportTarget.create(("127.0.0.1", port), retries=0)
    credentials = CommunityData("public")
    if user is not None:
        secret = user.privacy_password
        protection = {"privKey": secret, "privProtocol": usmAesCfb128Protocol} if secret else {}
        credentials = UsmUserData(
            user.name,
            user.authentication_password,
            authProtocol=usmHMACSHAAuthProtocol,
            **protection,
        )

    async def read() -> object:
        asked = [ObjectType(ObjectIdentity(oid)) for oid in oids]
        trouble, status, _, found = await get_cmd(
            engine, credentials, target, ContextData(), *asked, lookupMib=False
        )
        if trouble or status:
            raise DeviceError(str(trouble or status))
        return str(found)

    return read


READERS: dict[str, Read] = {"ours": _ours, "gufo-snmp": _gufo, "pysnmp": _pysnmp}


def _too_big(asked: Message, _: bytes) -> Iterable[bytes]:
    content = integer(asked.pdu.request) + integer(1) + integer(0) + tagged(0x30, b"")
    return (message(asked.version, asked.community, tagged(Operation.RESPONSE, content)),)


def _hollow(asked: Message, _: bytes) -> Iterable[bytes]:
    content = integer(asked.pdu.request) + integer(0) + integer(0) + tagged(0x30, b"\x30\x00")
    return (message(asked.version, asked.community, tagged(Operation.RESPONSE, content)),)


FAULTS = (("version 2c: answer tooBig", _too_big), ("version 2c: hollow answer", _hollow))
