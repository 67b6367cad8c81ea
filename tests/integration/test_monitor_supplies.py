"""Supplies of NUT servers: the real upsd, and servers that answer late, strangely or not at all."""

import asyncio
import contextlib
import ssl
import subprocess

import pytest
from pydantic import SecretStr

from services.monitor.sights import Reach
from services.monitor.supplies.nut import NutSupply, Server
from shared import nutline as line_module
from shared.nutline import LineError, Security, ServerRefusalError, connected
from tests.realnut import RealNut

TIMEOUT = 20.0
USERS = """
[first]
    password = "pass word"
    upsmon primary
[second]
    password = two
    upsmon secondary
"""
UPS = """
ups.status: OL CHRG
battery.charge: 87.5
battery.runtime: 1800
"""


class Seen:
    """A supply that is kept, and waited for."""

    def __init__(self, server: Server, interval: float = 0.05) -> None:
        self.new = asyncio.Event()
        self.supply = NutSupply("ups", server, interval, self.new.set)

    async def until(self, condition) -> None:
        async with asyncio.timeout(TIMEOUT):
            while not condition(self.supply.sight):
                self.new.clear()
                await self.new.wait()


@contextlib.asynccontextmanager
async def keeping(server: Server, interval: float = 0.05):
    seen = Seen(server, interval)
    task = asyncio.create_task(seen.supply.keep())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture(scope="module")
def upsd(tmp_path_factory):
    with RealNut(tmp_path_factory.mktemp("upsd"), {"ups": UPS}, users=USERS) as nut:
        yield nut


def server(nut, name="first", password="pass word", **more):
    return Server("ups", nut.host, nut.port, name, SecretStr(password), **more)


async def test_upsd_is_read(upsd):
    async with keeping(server(upsd, has_conditions=True)) as seen:
        await seen.until(lambda sight: sight.reach is Reach.REACHED)
        sight = seen.supply.sight
        assert (sight.status, sight.charge, sight.runtime) == ("OL CHRG", 87.5, 1800.0)
        assert sight.temperature is None
        assert sight.logins is None, "nobody asked for it"


async def test_logins_count_this_host_and_go_when_it_leaves(upsd):
    async with keeping(server(upsd, is_primary=True)) as first:
        first.supply.pace(0.05, counts_logins=True)
        async with keeping(server(upsd, "second", "two")):
            await first.until(lambda sight: sight.logins == 2)
        await first.until(lambda sight: sight.logins == 1)


async def test_a_host_whose_login_is_refused_sees_nothing(upsd):
    async with keeping(server(upsd, "second", "wrong")) as seen:
        await seen.until(lambda sight: sight.reach is Reach.SILENT)


async def test_a_secondary_that_claims_to_be_primary_is_refused(upsd):
    async with keeping(server(upsd, "second", "two", is_primary=True)) as seen:
        await seen.until(lambda sight: sight.reach is Reach.SILENT)


async def test_fsd_is_set_and_seen_by_all(tmp_path):
    nut = RealNut(tmp_path, {"ups": UPS}, users=USERS)
    try:
        await asyncio.to_thread(nut.start)
        async with (
            keeping(server(nut, is_primary=True)) as first,
            keeping(server(nut, "second", "two")) as second,
        ):
            await second.until(lambda sight: sight.reach is Reach.REACHED)
            await first.until(lambda sight: sight.reach is Reach.REACHED)
            first.supply.force_shutdown()
            async with asyncio.timeout(TIMEOUT):
                await first.supply.flushed()
            await second.until(lambda sight: sight.status == "FSD OL CHRG")
    finally:
        await asyncio.to_thread(nut.stop)


async def test_a_driver_that_died_is_silence_and_its_return_is_seen(tmp_path):
    nut = RealNut(tmp_path, {"ups": UPS}, users=USERS)
    try:
        await asyncio.to_thread(nut.start)
        async with keeping(server(nut)) as seen:
            await seen.until(lambda sight: sight.reach is Reach.REACHED)
            at = seen.supply.sight.at
            await asyncio.to_thread(nut.stop_driver, "ups")
            await seen.until(lambda sight: sight.reach is Reach.SILENT)
            assert seen.supply.sight.status == "OL CHRG", "the last that was known"
            assert seen.supply.sight.at >= at
            await asyncio.to_thread(nut.stop_server)
            await asyncio.to_thread(nut.start)
            await seen.until(lambda sight: sight.reach is Reach.REACHED)
    finally:
        await asyncio.to_thread(nut.stop)


class Strange:
    """A NUT server that says what the test tells it to, then nothing; TLS after one reply."""

    def __init__(self, replies: list[bytes], tls: ssl.SSLContext | None = None) -> None:
        self.replies = replies
        self.tls = tls
        self.asked: list[bytes] = []
        self.port = 0

    async def serve(self, reader, writer) -> None:
        try:
            for reply in [*self.replies, None]:
                self.asked.append(await reader.readuntil(b"\n"))
                if reply is None:
                    await reader.read()
                    break
                writer.write(reply)
                await writer.drain()
                if not reply.endswith(b"\n"):
                    break
                if self.tls and len(self.asked) == 1:
                    await writer.start_tls(self.tls)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def strange(*replies: bytes, tls: ssl.SSLContext | None = None):
    peer = Strange([*replies], tls)
    serving = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = serving.sockets[0].getsockname()[1]
    async with serving:
        yield peer


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (b"", "hung up"),
        (b"VAR ups ups.status", "hung up"),
        (b"\n", "makes no sense"),
        (b'VAR ups ups.status "OL\n"\n', "something else|makes no sense"),
        (b'VAR other ups.status "OL"\n', "something else"),
        (b"VAR ups ups.status\n", "something else"),
        (b"OK\n", "something else"),
        (b"x" * 200_000 + b"\n", "makes no sense"),
    ],
)
async def test_a_strange_reply_closes_the_line(reply, complaint):
    async with (
        strange(reply, b'VAR ups ups.status "OB"\n') as peer,
        connected("127.0.0.1", peer.port, None) as line,
    ):
        with pytest.raises(LineError, match=complaint):
            await line.get(("VAR", "ups", "ups.status"))
        with pytest.raises(LineError):
            await line.get(("VAR", "ups", "ups.status"))


async def test_a_late_reply_closes_the_line(monkeypatch):
    monkeypatch.setattr(line_module, "PATIENCE", 0.2)
    async with strange() as peer, connected("127.0.0.1", peer.port, None) as line:
        with pytest.raises(LineError, match=r"did not answer within 0\.2 s"):
            await line.ask("VER")
        with pytest.raises(LineError):
            await line.ask("VER")


async def test_a_refusal_keeps_the_line_and_never_shows_the_password():
    async with (
        strange(b"ERR ACCESS-DENIED\n", b"OK\n") as peer,
        connected("127.0.0.1", peer.port, None) as line,
    ):
        with pytest.raises(ServerRefusalError) as refused:
            await line.ask("PASSWORD", "tell-nobody")
        assert "tell-nobody" not in str(refused.value)
        assert await line.ask("VER") == ["OK"]


async def test_nobody_there_is_one_sentence(free_port):
    with pytest.raises(LineError, match=f"cannot reach the NUT server at 127.0.0.1:{free_port}"):
        async with connected("127.0.0.1", free_port, None):
            pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -keyout server.key -out server.pem -subj /CN=ups.example"
        " -addext subjectAltName=DNS:ups.example"
    )
    subprocess.run(
        command.split(),
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


async def test_tls_is_as_strict_as_asked(certificate):
    trusted = certificate / "server.pem"
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(trusted, certificate / "server.key")
    replies = (b"OK STARTTLS\n", b'VAR ups ups.status "OL"\n')
    for good in (Security(trusted, host="ups.example"), Security(is_verified=False)):
        async with (
            strange(*replies, tls=tls) as peer,
            connected("127.0.0.1", peer.port, good) as line,
        ):
            assert await line.get(("VAR", "ups", "ups.status")) == ["OL"]
    for bad in (Security(), Security(trusted), Security(trusted, host="other.example")):
        async with strange(*replies, tls=tls) as peer:
            with pytest.raises(LineError, match="is not trusted"):
                async with connected("127.0.0.1", peer.port, bad):
                    pass


async def test_a_certificate_that_is_gone_is_silence_and_not_the_end(tmp_path):
    security = Security(tmp_path / "gone.pem")
    async with (
        strange(b"OK STARTTLS\n") as peer,
        keeping(Server("ups", "127.0.0.1", peer.port, security=security)) as seen,
    ):
        await seen.until(lambda sight: sight.reach is Reach.SILENT)
        async with asyncio.timeout(TIMEOUT):
            while len(peer.asked) < 2:
                await asyncio.sleep(0.01)
    assert peer.asked == [b"STARTTLS\n"] * len(peer.asked)


async def test_a_server_without_tls_is_refused_or_taken_as_the_settings_say(upsd):
    with pytest.raises(LineError, match="has no TLS"):
        async with connected(upsd.host, upsd.port, Security()):
            pass
    async with connected(upsd.host, upsd.port, Security(is_required=False)) as line:
        assert await line.get(("VAR", "ups", "ups.status")) == ["OL CHRG"]
