"""The bus against brokers that refuse, hang, flood, lie or vanish."""

import asyncio
import contextlib
import gc
import logging
import socket
import ssl
import struct
import subprocess
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
import uvloop
from paho.mqtt import client as paho
from pydantic import SecretStr

from services.monitor.rules import Rules
from shared import bus as bus_module
from shared import inbox, reconnecting
from shared.bus import Bus, connect
from shared.errors import BusError
from shared.messages import Publication
from shared.presence import Identity
from shared.reconnecting import MAX_DELAY, stay_connected
from shared.settings import BusSettings
from tests.brokers import Embedded, Login, Mosquitto, Nats, TestBroker, find_program
from tests.simulators.mqtt_peer import Peer, framed, publish

pytestmark = pytest.mark.integration

TIMEOUT = 20.0
AGES = 1100  # tries; 2.0 to the power of 1024 is no number any more
DRIVER = Identity("driver", "x")
CONNACK = b"\x20\x02\x00\x00"
TOPIC = "nut/device/a/event"
Script = Callable[[Reader, Writer], Awaitable[None]]
bus_error = pytest.RaisesGroup(BusError, allow_unwrapped=True, flatten_subgroups=True)


@contextlib.asynccontextmanager
async def scripted(script: Script, context: ssl.SSLContext | None = None) -> AsyncGenerator[str]:
    """A broker that does what the test says; yields its URL."""
    attending: set[asyncio.Task[None]] = set()

    def admit(reader: Reader, writer: Writer) -> None:
        task = asyncio.create_task(attend(reader, writer))
        attending.add(task)

    async def attend(reader: Reader, writer: Writer) -> None:
        try:
            with contextlib.suppress(OSError, EOFError):
                await script(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(admit, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"{'mqtts' if context else 'mqtt'}://127.0.0.1:{port}"
    finally:
        server.close()
        for task in attending:
            task.cancel()
        for outcome in await asyncio.gather(*attending, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
        await server.wait_closed()


async def packet(reader: Reader) -> bytes:
    """Read one short packet of a client."""
    head = await reader.readexactly(2)
    assert head[1] < 128
    return head + await reader.readexactly(head[1])


async def silence(reader: Reader) -> None:
    """Read until the client goes, and answer nothing."""
    while await reader.read(65536):
        pass


def counted(number: int, size: int = 4) -> bytes:
    return publish(TOPIC, number.to_bytes(4, "big").ljust(size, b"."), None)


@pytest.fixture
async def loop_without_errors() -> AsyncGenerator[None]:
    errors: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    yield
    gc.collect()
    assert errors == []


# --- who is let in


@pytest.mark.parametrize("kind", [Embedded, Mosquitto, Nats])
async def test_a_wrong_password_is_told_in_one_sentence(kind, tmp_path):
    broker: TestBroker = kind(tmp_path, login=Login("driver", "right"))
    await broker.start()
    try:
        at_port = f"127.0.0.1:{broker.port}"
        by_url = BusSettings(broker=f"mqtt://driver:right@{at_port}")
        by_keys = BusSettings(broker=broker.url, username="driver", password=SecretStr("right"))
        for settings in (by_url, by_keys):
            async with connect(settings):
                pass
        for wrong in ("mqtt://driver:hunter2@", "mqtt://other:right@", "mqtt://"):
            with pytest.raises(BusError) as error:
                async with connect(BusSettings(broker=wrong + at_port)):
                    pass
            said = f"the broker at mqtt://{at_port} refused us: "
            assert str(error.value).startswith(said) or "was lost" in str(error.value)
            assert "hunter2" not in str(error.value)
    finally:
        await broker.stop()


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
async def test_every_refusal_names_the_broker_and_the_reason(code):
    async def refuse(reader: Reader, writer: Writer) -> None:
        await packet_of_connect(reader)
        writer.write(CONNACK[:3] + bytes([code]))
        await silence(reader)

    async with scripted(refuse) as url:
        with pytest.raises(BusError, match=f"the broker at {url} (refused us|was lost): [A-Z]"):
            async with connect(BusSettings(broker=url)):
                pass


async def packet_of_connect(reader: Reader) -> None:
    assert (await packet(reader))[0] == 0x10


class LimitedNats(Nats):
    """A NATS server whose users may not listen to everything."""

    def command(self) -> tuple[str, ...]:
        arguments = super().command()
        settings = self.directory / "nats.conf"
        denied = 'subscribe: { deny: ["nut.device.secret.>", "nut.device.secret.state"] }'
        rights = f"permissions: {{ {denied} }}"
        user = f'{{ user: "driver", password: "right", {rights} }}'
        text = settings.read_text().replace(
            'authorization { user: "driver", password: "right" }',
            f"authorization {{ users: [ {user} ] }}",
        )
        assert "deny" in text
        settings.write_text(text)
        return arguments


async def test_a_subscription_that_an_acl_refuses_is_named(tmp_path):
    broker = LimitedNats(tmp_path, login=Login("driver", "right"))
    await broker.start()
    settings = BusSettings(broker=broker.url, username="driver", password=SecretStr("right"))
    try:
        with bus_error as error:
            async with connect(settings) as bus:
                await bus.subscribe("nut/device/open/state")
                await bus.subscribe("nut/device/open/meta", "nut/device/secret/state")
        refused = f"the broker at {broker.url} refused the subscription to nut/device/secret/state;"
        assert refused in str(leaf(error.value))
    finally:
        await broker.stop()


def leaf(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def test_the_first_refused_filter_is_named_and_the_others_counted():
    async def deny(reader: Reader, writer: Writer) -> None:
        await packet_of_connect(reader)
        writer.write(CONNACK)
        asked = await packet(reader)
        writer.write(framed(0x90, asked[2:4] + b"\x01\x80\x80\x01\x80"))
        await silence(reader)

    async with scripted(deny) as url:
        with bus_error as error:
            async with connect(BusSettings(broker=url)) as bus:
                await bus.subscribe(*"abcde")
        assert "refused the subscription to b and 2 others; see its ACL" in str(leaf(error.value))


# --- a broker that does not answer


@pytest.fixture
def impatient(monkeypatch):
    """Leave soon where nothing is acknowledged."""
    monkeypatch.setattr(bus_module, "LEAVE_TIMEOUT", 0.2)


@pytest.mark.parametrize("scheme", ["mqtt", "mqtts"])
async def test_a_broker_that_takes_the_call_and_says_nothing_is_given_up(scheme, monkeypatch):
    monkeypatch.setattr(bus_module, "CONNECT_TIMEOUT", 0.2)
    async with scripted(lambda reader, _: silence(reader)) as url:
        silent = url.replace("mqtt:", f"{scheme}:")
        async with asyncio.timeout(TIMEOUT):
            with pytest.raises(BusError, match=f"cannot reach the broker at {silent}: no answer"):
                async with connect(BusSettings(broker=silent), DRIVER):
                    pass


async def test_a_broker_that_acknowledges_nothing_does_not_keep_us_from_leaving(impatient):
    async def greet(reader: Reader, writer: Writer) -> None:
        await packet_of_connect(reader)
        writer.write(CONNACK)
        await silence(reader)

    async with (
        scripted(greet) as url,
        asyncio.timeout(TIMEOUT),
        connect(BusSettings(broker=url), DRIVER),
    ):
        pass


async def test_an_answer_in_single_bytes_is_an_answer():
    async def stammer(reader: Reader, writer: Writer) -> None:
        await packet_of_connect(reader)
        writer.write(CONNACK)
        asked = await packet(reader)
        for byte in framed(0x90, asked[2:4] + b"\x01") + counted(1, size=300):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        await silence(reader)

    async with scripted(stammer) as url, connect(BusSettings(broker=url)) as bus:
        async with asyncio.timeout(TIMEOUT):
            message = await anext(bus.listen(TOPIC))
        assert message.payload[:4] == b"\x00\x00\x00\x01"


async def test_a_name_with_an_address_that_nobody_answers_on_is_tried_further(broker):
    async with connect(BusSettings(broker=broker.url.replace("127.0.0.1", "localhost"))):
        pass


MALFORMED = [
    b"\x30\x05\x00\xff",
    b"\x30\x03\x00\xffa",
    b"\x40\x00",
    b"\x90\x00",
    b"\xf0\x00",
    b"\x00\x00",
    b"\x30\xff\xff\xff\xff\xff",
    b"\x32\x03\x00\x01a",
    b"\x36\x05\x00\x01a\x00\x01",
]


@pytest.mark.parametrize("nonsense", MALFORMED, ids=bytes.hex)
async def test_nonsense_from_the_broker_ends_the_session(nonsense, loop_without_errors):
    async def rave(reader: Reader, writer: Writer) -> None:
        await packet_of_connect(reader)
        writer.write(CONNACK)
        await packet(reader)
        writer.write(nonsense.ljust(64, b"\0"))
        await silence(reader)

    async with scripted(rave) as url, asyncio.timeout(TIMEOUT):
        with bus_error:
            async with connect(BusSettings(broker=url, keepalive=2)) as bus:
                await anext(bus.listen(TOPIC))


async def test_a_topic_that_is_no_text_is_passed_over():
    async def send(reader: Reader, writer: Writer) -> None:
        await answer_subscription(reader, writer)
        writer.write(b"\x30\x04\x00\x01\xffx" + counted(7))
        await silence(reader)

    async with scripted(send) as url, connect(BusSettings(broker=url)) as bus:
        async with asyncio.timeout(TIMEOUT):
            assert (await anext(bus.listen(TOPIC))).topic == TOPIC


async def answer_subscription(reader: Reader, writer: Writer) -> None:
    await packet_of_connect(reader)
    writer.write(CONNACK)
    asked = await packet(reader)
    assert asked[0] == 0x82
    writer.write(framed(0x90, asked[2:4] + b"\x01"))


# --- cancelled


def open_sockets() -> set[str]:
    names = set()
    for number in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            names.add(str(number.readlink()))
    return {name for name in names if name.startswith("socket:")}


async def cancel_at_every_step(url: str, count: int) -> None:
    """Begin to connect and cancel it, each time a few turns of the event loop later."""

    async def come_and_go() -> None:
        async with connect(BusSettings(broker=url), DRIVER) as bus:
            await bus.online()

    for turns in range(count):
        going = asyncio.create_task(come_and_go())
        for _ in range(turns):
            await asyncio.sleep(0)
        going.cancel()
        async with asyncio.timeout(TIMEOUT):
            await asyncio.wait({going})
        assert going.cancelled() or turns > 10


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("answers", [True, False])
def test_a_connect_that_is_cancelled_at_any_step_leaves_nothing_behind(
    loop_factory, answers, impatient
):
    async def script(reader: Reader, writer: Writer) -> None:
        await packet_of_connect(reader)
        if answers:
            writer.write(CONNACK)
        await silence(reader)

    async def main() -> list[object]:
        errors: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, said: errors.append(said))
        async with scripted(script) as url:
            await cancel_at_every_step(url, 60)
        return errors

    before = open_sockets()
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        errors = runner.run(main())
    gc.collect()
    assert errors == []
    assert open_sockets() <= before


async def test_a_leave_that_is_cancelled_gives_the_socket_back(loop_without_errors):
    leaving, gone = asyncio.Event(), asyncio.Event()

    async def never_acknowledge(reader: Reader, writer: Writer) -> None:
        await packet_of_connect(reader)
        writer.write(CONNACK)
        assert (await packet(reader)).endswith(b"offline")
        leaving.set()
        await silence(reader)
        gone.set()

    async def come_and_go() -> None:
        async with connect(BusSettings(broker=url), DRIVER):
            pass

    async with scripted(never_acknowledge) as url:
        going = asyncio.create_task(come_and_go())
        async with asyncio.timeout(TIMEOUT):
            await leaving.wait()
        going.cancel()
        async with asyncio.timeout(TIMEOUT):
            await asyncio.wait({going})
            await gone.wait()
        assert going.cancelled()


@pytest.mark.parametrize("turns", range(5))
async def test_a_cancellation_that_coincides_with_the_loss_is_not_forgotten(turns, broker):
    inside: asyncio.Queue[Bus] = asyncio.Queue()

    async def session(bus: Bus) -> None:
        inside.put_nowait(bus)
        await asyncio.Event().wait()

    staying = asyncio.create_task(stay_connected(BusSettings(broker=broker.url), None, session))
    async with asyncio.timeout(TIMEOUT):
        bus = await inside.get()
        await asyncio.sleep(0)  # until all that the session is made of waits
        bus._lose(BusError("gone"))  # from outside nobody hits the one turn of the loop
        for _ in range(turns):
            await asyncio.sleep(0)
        staying.cancel()
        await asyncio.wait({staying})
    assert staying.cancelled()


async def test_a_session_that_ended_is_not_run_again_because_the_broker_went_too(broker):
    sessions = 0

    async def session(bus: Bus) -> None:
        nonlocal sessions
        sessions += 1
        bus._lose(BusError("gone"))
        with contextlib.suppress(asyncio.CancelledError):  # it has more to do, and does it
            await asyncio.Event().wait()

    async with asyncio.timeout(TIMEOUT):
        await stay_connected(BusSettings(broker=broker.url), None, session)
    assert sessions == 1


# --- a goodbye


async def test_the_broker_hears_goodbye():
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(reader: Reader, writer: Writer) -> None:
        await packet_of_connect(reader)
        writer.write(CONNACK)
        heard.put_nowait(await reader.read())

    async with scripted(listen) as url, asyncio.timeout(TIMEOUT):
        async with connect(BusSettings(broker=url)):
            pass
        assert await heard.get() == b"\xe0\x00"


async def test_an_orderly_leave_says_offline_once_and_the_will_stays_unsaid(any_broker):
    topic = "nut/service/driver/x/availability"
    async with Peer.connected(any_broker.port, "watcher") as peer:
        await peer.subscribe(topic)
        async with connect(BusSettings(broker=any_broker.url), DRIVER) as bus:
            await bus.online()
        async with connect(BusSettings(broker=any_broker.url)) as bus:
            await bus.publish(Publication(topic, b"the end", 1, retain=False))
        said = [(await peer.receive()).payload for _ in range(3)]
    assert said == [b"online", b"offline", b"the end"]


# --- a flood


@pytest.fixture
def small_inbox(monkeypatch):
    monkeypatch.setattr(inbox, "FULL", 100)


FLOOD = 5000


async def flood(reader: Reader, writer: Writer, size: int = 4) -> None:
    await answer_subscription(reader, writer)
    for number in range(FLOOD):
        writer.write(counted(number, size))
        await writer.drain()
    await silence(reader)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(TIMEOUT):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_listener_that_is_slow_is_not_buried_and_misses_nothing(small_inbox):
    async with scripted(flood) as url, connect(BusSettings(broker=url)) as bus:
        await bus.subscribe(TOPIC)
        await until(lambda: len(bus._inbox) > 100)
        for _ in range(200):
            await asyncio.sleep(0)
        assert len(bus._inbox) <= 110
        async with asyncio.timeout(TIMEOUT):
            seen = [int.from_bytes((await bus._next()).payload) for _ in range(FLOOD)]
    assert seen == list(range(FLOOD))


async def test_the_inbox_is_bounded_in_bytes_too(monkeypatch):
    monkeypatch.setattr(inbox, "FULL_BYTES", 100_000)

    async def large(reader: Reader, writer: Writer) -> None:
        await flood(reader, writer, size=10_000)

    async with scripted(large) as url, connect(BusSettings(broker=url)) as bus:
        await bus.subscribe(TOPIC)
        await until(lambda: len(bus._inbox) > 10)
        for _ in range(200):
            await asyncio.sleep(0)
        assert len(bus._inbox) <= 12
        async with asyncio.timeout(TIMEOUT):
            for number in range(100):
                assert int.from_bytes((await bus._next()).payload[:4]) == number
        assert bus._inbox._bytes == sum(len(message.payload) for message in bus._inbox._messages)


async def test_who_answers_each_message_is_acknowledged_while_the_inbox_is_full(
    small_inbox, broker
):
    settings = BusSettings(broker=broker.url)
    async with connect(settings) as speaker, connect(settings) as bus:
        await bus.subscribe(TOPIC)
        for _ in range(500):
            await speaker.publish(Publication(TOPIC, b"x", 0, retain=False))
        await until(lambda: len(bus._inbox) > 100)
        arrived = bus.listen("nut/none")
        async with asyncio.timeout(TIMEOUT):
            for _ in range(500):
                await anext(arrived)
                await bus.publish(Publication("nut/device/a/result", b"y", 1, retain=False))


async def test_a_flood_that_nobody_can_keep_up_with_ends_the_session(small_inbox):
    async def main(url: str) -> None:
        async with connect(BusSettings(broker=url)) as bus:
            await bus.subscribe(TOPIC)
            await bus.publish(Publication("nut/device/a/result", b"", 1, retain=False))

    async with scripted(flood) as url, asyncio.timeout(TIMEOUT):
        with bus_error as error:
            await main(url)
    assert str(leaf(error.value)) == "messages arrive faster than they are taken"


async def test_what_arrived_before_the_loss_is_read_and_then_the_loss_is_told(
    small_inbox, loop_without_errors
):
    async def flood_and_go(reader: Reader, writer: Writer) -> None:
        await answer_subscription(reader, writer)
        for number in range(150):
            writer.write(counted(number))
        await silence(reader)

    async with scripted(flood_and_go) as url:
        with bus_error:
            async with connect(BusSettings(broker=url)) as bus:
                await bus.subscribe(TOPIC)
                await until(lambda: bus._paused is not None)
                bus._client._sock_close()  # as paho does when no ping is answered
                for _ in range(101):
                    await bus._next()
                bus._lose(BusError("gone"))
                await bus._next()


async def test_who_publishes_waits_for_a_broker_that_does_not_read_and_then_goes_on():
    may_read = asyncio.Event()

    async def stall(reader: Reader, writer: Writer) -> None:
        await packet_of_connect(reader)
        writer.write(CONNACK)
        await may_read.wait()
        await silence(reader)

    said = 0

    async def speak(bus: Bus) -> None:
        nonlocal said
        for _ in range(1000):
            await bus.publish(Publication(TOPIC, bytes(20_000), 0, retain=False))
            said += 1

    async with scripted(stall) as url, connect(BusSettings(broker=url)) as bus:
        speaking = asyncio.create_task(speak(bus))
        await until(lambda: bus._unwritten > 64 * 1024)
        before = -1
        while before != said:  # the buffers of the system take some
            before = said
            for _ in range(200):
                await asyncio.sleep(0)
        assert said < 1000
        assert sum(len(each["packet"]) for each in bus._client._out_packet) < 200_000
        may_read.set()
        async with asyncio.timeout(TIMEOUT):
            await speaking


async def test_small_messages_leave_together(monkeypatch):
    sent: list[int] = []
    plain = paho.Client._sock_send

    def counting(client: paho.Client, data: bytes) -> int:
        sent.append(len(data))
        return plain(client, data)

    got = bytearray()

    async def collect(reader: Reader, writer: Writer) -> None:
        await packet_of_connect(reader)
        writer.write(CONNACK)
        while data := await reader.read(65536):
            got.extend(data)

    expected = b"".join(publish(TOPIC, number.to_bytes(4), None) for number in range(1000))
    goodbye = b"\xe0\x00"
    async with scripted(collect) as url:
        async with connect(BusSettings(broker=url)) as bus:
            monkeypatch.setattr(paho.Client, "_sock_send", counting)
            for number in range(1000):
                await bus.publish(Publication(TOPIC, number.to_bytes(4), 0, retain=False))
        await until(lambda: bytes(got) == expected + goodbye)
    assert len(sent) < 10


# --- TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    """A CA of our own, and what it signed: a server on 127.0.0.1 and a client."""
    folder: Path = tmp_path_factory.mktemp("certificates")
    openssl = find_program("openssl", "openssl")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], check=True, capture_output=True, cwd=folder)

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for ca in ("ca", "other-ca"):
        made = ("-keyout", f"{ca}.key", "-out", f"{ca}.pem", "-subj", f"/CN={ca}")
        run("req", "-x509", *new_key, *made, "-days", "2")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    for name in ("server", "client"):
        made = ("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        run("req", *new_key, *made)
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
        request = ("-in", f"{name}.csr", "-out", f"{name}.pem", "-extfile", "names")
        run("x509", "-req", *request, *signed)
    run("ec", "-in", "client.key", "-out", "locked.key", "-aes128", "-passout", "pass:locked")
    return folder


class TlsMosquitto(Mosquitto):
    """Mosquitto with TLS; it may ask for a certificate of the client."""

    folder: Path
    mutual = False

    def command(self) -> tuple[str, ...]:
        arguments = super().command()
        settings = self.directory / "mosquitto.conf"
        files = ("cafile ca.pem", "certfile server.pem", "keyfile server.key")
        lines = [f"{key} {self.folder / name}" for key, name in map(str.split, files)]
        lines.append(f"require_certificate {str(self.mutual).lower()}")
        settings.write_text("\n".join([settings.read_text(), *lines, ""]))
        return arguments

    async def start(self) -> None:
        program = find_program(self.program, self.package)
        with self._log_path.open("ab") as log:
            self._process = await self._spawn(program, log)
        async with asyncio.timeout(TIMEOUT):
            while "running" not in self.log:
                self._check_alive()
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def tls_broker(
    folder: Path, certificates: Path, *, mutual: bool = False
) -> AsyncGenerator[str]:
    mosquitto = TlsMosquitto(folder)
    mosquitto.folder, mosquitto.mutual = certificates, mutual
    await mosquitto.start()
    try:
        yield mosquitto.url.replace("mqtt:", "mqtts:")
    finally:
        await mosquitto.stop()


async def test_the_bus_over_tls_with_an_authority_of_our_own(tmp_path, certificates):
    async with tls_broker(tmp_path, certificates) as url:
        settings = BusSettings(broker=url, ca_file=certificates / "ca.pem")
        async with connect(settings) as bus, asyncio.timeout(TIMEOUT):
            for number in range(300):
                payload = str(number).encode() * 100
                await bus.publish(Publication(f"nut/device/u{number}/meta", payload, 0, True))
            await bus.publish(Publication("nut/device/last/meta", b"", 1, retain=False))
        async with connect(settings) as bus, asyncio.timeout(TIMEOUT):
            arrived = bus.listen("nut/#")
            seen = {(await anext(arrived)).topic for _ in range(300)}
    assert len(seen) == 300


async def test_a_certificate_that_does_not_convince_is_told_and_leaves_no_socket(
    tmp_path, certificates, recwarn
):
    async with tls_broker(tmp_path, certificates) as url:
        ours = certificates / "ca.pem"
        for broker, authority, said in (
            (url, None, "its certificate is not trusted: self-signed certificate"),
            (url, certificates / "other-ca.pem", "its certificate is not trusted"),
            (url.replace("127.0.0.1", "localhost"), ours, "Hostname mismatch"),
        ):
            with pytest.raises(BusError, match=f"cannot reach the broker at {broker}: ") as error:
                async with connect(BusSettings(broker=broker, ca_file=authority)):
                    pass
            assert said in str(error.value)
        with pytest.raises(BusError):
            async with connect(BusSettings(broker=url.replace("mqtts:", "mqtt:"))):
                pass
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


async def test_tls_with_a_broker_that_has_none_fails_cleanly(broker, certificates, recwarn):
    secure = broker.url.replace("mqtt:", "mqtts:")
    with pytest.raises(BusError, match=f"cannot reach the broker at {secure}: "):
        async with connect(BusSettings(broker=secure, ca_file=certificates / "ca.pem")):
            pass
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


async def test_a_broker_may_ask_for_our_certificate(tmp_path, certificates):
    async with tls_broker(tmp_path, certificates, mutual=True) as url:
        anonymous = BusSettings(broker=url, ca_file=certificates / "ca.pem")
        known = anonymous.model_copy(
            update={
                "certificate_file": certificates / "client.pem",
                "key_file": certificates / "client.key",
            }
        )
        async with connect(known) as bus, asyncio.timeout(TIMEOUT):
            await bus.publish(Publication(TOPIC, b"", 1, retain=False))
        with pytest.raises(BusError, match=url):
            async with connect(anonymous):
                pass


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"ca_file": "none.pem"}, "none.pem"),
        ({"ca_file": "ca.key"}, "ca.key"),
        ({"certificate_file": "client.pem", "key_file": "none.key"}, "none.key"),
        ({"certificate_file": "client.pem", "key_file": "server.key"}, "server.key"),
        ({"certificate_file": "client.pem", "key_file": "locked.key"}, "locked.key"),
    ],
)
async def test_a_file_that_tls_cannot_use_is_named(certificates, settings, named):
    files = {key: certificates / name for key, name in settings.items()}
    with pytest.raises(BusError, match=f"cannot use .*{named} for TLS with the broker: "):
        async with connect(BusSettings(broker="mqtts://127.0.0.1:1", **files)):
            pass


async def test_messages_that_tls_brings_together_all_arrive_at_once(certificates):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")

    async def send(reader: Reader, writer: Writer) -> None:
        await packet_of_connect(reader)
        writer.write(CONNACK)
        asked = await packet(reader)
        answer = framed(0x90, asked[2:4] + b"\x01")
        writer.write(answer + b"".join(counted(number) for number in range(500)))  # one record
        await silence(reader)

    async with scripted(send, context) as url:
        settings = BusSettings(broker=url, ca_file=certificates / "ca.pem", keepalive=3600)
        async with connect(settings) as bus, asyncio.timeout(TIMEOUT):
            arrived = bus.listen(TOPIC)
            seen = [int.from_bytes((await anext(arrived)).payload) for _ in range(500)]
    assert seen == list(range(500))


async def test_a_slow_listener_gets_all_over_tls_too(certificates, small_inbox):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")

    async with scripted(flood, context) as url:
        settings = BusSettings(broker=url, ca_file=certificates / "ca.pem", keepalive=3600)
        async with connect(settings) as bus, asyncio.timeout(TIMEOUT):
            await bus.subscribe(TOPIC)
            seen = [int.from_bytes((await bus._next()).payload) for _ in range(FLOOD)]
    assert seen == list(range(FLOOD))


# --- staying connected


async def test_a_broker_that_is_away_is_warned_of_once_and_then_quietly_tried(
    free_port, caplog, monkeypatch
):
    monkeypatch.setattr(reconnecting, "MAX_DELAY", 0.01)

    async def session(bus: Bus) -> None:
        raise AssertionError

    settings = BusSettings(broker=f"mqtt://127.0.0.1:{free_port}")
    with caplog.at_level(logging.DEBUG, logger="shared.reconnecting"):
        staying = asyncio.create_task(stay_connected(settings, None, session))
        await until(lambda: len(caplog.records) >= 5)
        staying.cancel()
        await asyncio.wait({staying})
    levels = [record.levelname for record in caplog.records]
    assert levels[0] == "WARNING"
    assert set(levels[1:]) == {"DEBUG"}
    assert caplog.messages[0].startswith(f"cannot reach the broker at {settings.broker}: ")


async def test_a_broker_may_be_away_for_as_long_as_it_likes(free_port, caplog, monkeypatch):
    monkeypatch.setattr(reconnecting, "MAX_DELAY", 0.0)

    async def session(bus: Bus) -> None:
        raise AssertionError

    settings = BusSettings(broker=f"mqtt://127.0.0.1:{free_port}")
    with caplog.at_level(logging.DEBUG, logger="shared.reconnecting"):
        staying = asyncio.create_task(stay_connected(settings, None, session))
        await until(lambda: len(caplog.records) >= AGES or staying.done())
        assert not staying.done()
        staying.cancel()
        await asyncio.wait({staying})


def test_a_broker_that_was_away_for_a_moment_is_back_before_dead_time():
    """Else a monitor on battery shuts its host down because somebody restarts the broker."""
    away = 10.0
    assert away + MAX_DELAY < Rules(id="host", host="host", supplies=()).dead_time


async def test_a_bug_in_a_session_is_not_taken_for_a_lost_broker(broker):
    async def session(bus: Bus) -> None:
        raise ZeroDivisionError

    with pytest.RaisesGroup(ZeroDivisionError, flatten_subgroups=True):
        await stay_connected(BusSettings(broker=broker.url), None, session)


def test_a_socket_that_is_reset_is_a_lost_broker_in_either_loop():
    for factory in (uvloop.new_event_loop, asyncio.new_event_loop):
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(_publish_into_a_reset_socket())


async def _publish_into_a_reset_socket() -> None:
    """Let a reset come while there is more to be read than one packet."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"mqtt://127.0.0.1:{server.getsockname()[1]}"
        admitted = asyncio.get_running_loop().run_in_executor(None, _admit, server)
        with bus_error:
            async with asyncio.timeout(TIMEOUT), connect(BusSettings(broker=url)) as bus:
                with await admitted as line:
                    line.sendall(10 * publish(TOPIC, b"still to be read", None))
                while True:
                    await asyncio.sleep(0)
                    await bus.publish(Publication(TOPIC, b"x", 0, retain=False))


def _admit(server: socket.socket) -> socket.socket:
    line, _ = server.accept()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # resets
    line.recv(1024)
    line.sendall(CONNACK)
    return line
