"""The embedded broker, asked packet by packet, and by clients that mean it no good."""

import asyncio
import contextlib
import logging
import os
import random

import pytest

from services.broker.app import run, serving
from services.broker.server import BrokerError
from services.broker.settings import BrokerSettings
from tests.brokers import Embedded, Login
from tests.ports import free_port
from tests.simulators.mqtt_peer import Message, Peer, Will, connect, framed, publish, text

pytestmark = pytest.mark.integration

MEGABYTE = 1 << 20


@pytest.fixture
async def embedded(tmp_path):
    broker = Embedded(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def port(embedded: Embedded) -> int:
    return embedded.port


async def test_a_message_arrives_at_the_lower_qos_of_the_two(port):
    async with peers(port, "from", "low", "high") as (sender, low, high):
        await low.subscribe("q/+", qos=0)
        assert await high.subscribe("q/+", qos=2) == b"\x01"  # QoS 2 is granted as 1
        for qos in (0, 1):
            await sender.publish("q/x", b"x", qos=qos)
        assert [(await low.receive()).qos for _ in range(2)] == [0, 0]
        assert [(await high.receive()).qos for _ in range(2)] == [0, 1]


async def test_what_is_retained_arrives_at_the_lower_qos_of_the_two(port):
    async with peers(port, "from", "low", "high") as (sender, low, high):
        await sender.publish("r/x", b"x", qos=1, retain=True)
        for receiver, qos in ((low, 0), (high, 1)):
            await receiver.subscribe("r/+", qos=qos)
            assert await receiver.receive() == Message("r/x", b"x", qos=qos, retain=True)


async def test_a_message_comes_once_however_many_filters_match(port):
    async with peers(port, "from", "to") as (sender, receiver):
        await receiver.subscribe("o/#", "o/+", "o/x")
        await sender.publish("o/x", b"1", qos=1)
        assert await receiver.synchronise() == [Message("o/x", b"1", qos=1)]
        await receiver.unsubscribe("o/#", "o/+")
        await sender.publish("o/y", b"2", qos=1)
        await sender.publish("o/x", b"3", qos=1)
        assert await receiver.synchronise() == [Message("o/x", b"3", qos=1)]


async def test_messages_keep_their_order(port):
    async with peers(port, "from", "to") as (sender, receiver):
        await receiver.subscribe("n")
        for number in range(200):
            packet_id = number + 1 if number % 2 else None
            sender.writer.write(publish("n", b"%d" % number, packet_id, qos=number % 2))
        received = [await receiver.receive() for _ in range(200)]
        assert [int(message.payload) for message in received] == list(range(200))


async def test_a_message_of_qos_2_is_published_once_however_often_it_is_sent(port):
    async with peers(port, "from", "to") as (sender, receiver):
        await receiver.subscribe("two")
        for _ in range(2):
            await sender.send(publish("two", b"x", 7, qos=2))
            assert await sender.packet() == (5, 0, b"\x00\x07")  # PUBREC
        await sender.send(framed(0x62, b"\x00\x07"))  # PUBREL
        assert await sender.packet() == (7, 0, b"\x00\x07")  # PUBCOMP
        assert len(await receiver.synchronise()) == 1


async def test_a_payload_of_128_kilobytes_arrives(port):
    async with peers(port, "from", "to") as (sender, receiver):
        await receiver.subscribe("big")
        payload = random.Random(1).randbytes(128 * 1024)
        await sender.publish("big", payload, qos=1)
        assert await receiver.receive() == Message("big", payload, qos=1)


async def test_a_new_subscriber_gets_all_of_5000_retained_topics(port):
    async with peers(port, "from", "to") as (sender, receiver):
        for number in range(5000):
            sender.writer.write(publish(f"r/{number}/state", b"x" * 100, None, retain=True))
        await sender.synchronise()
        await receiver.subscribe("r/+/state")
        received = [await receiver.receive() for _ in range(5000)]
        assert len({message.topic for message in received}) == 5000
        assert all(message.retain for message in received)


async def test_more_is_retained_than_one_client_may_leave_unread(tmp_path):
    listen = [f"127.0.0.1:{free_port()}"]
    settings = BrokerSettings(listen=listen, max_packet_size=MEGABYTE // 8, max_unread=MEGABYTE)
    port = settings.addresses[0].port
    async with serving(settings), peers(port, "from", "to") as (sender, receiver):
        for number in range(400):
            sender.writer.write(publish(f"r/{number}", b"x" * 20_000, None, retain=True))
        await sender.synchronise()
        await receiver.subscribe("r/#")
        assert len({(await receiver.receive()).topic for _ in range(400)}) == 400


async def test_an_empty_payload_clears_what_is_retained(port):
    async with peers(port, "from", "to") as (sender, receiver):
        await sender.publish("r/a", b"1", retain=True, qos=1)
        await sender.publish("r/b", b"2", retain=True, qos=1)
        await sender.publish("r/a", b"", retain=True, qos=1)
        await receiver.subscribe("r/#")
        assert await receiver.receive() == Message("r/b", b"2", qos=1, retain=True)
        assert await receiver.synchronise() == []


async def test_who_has_not_subscribed_gets_nothing(port):
    async with peers(port, "from", "to") as (sender, subscriber):
        await subscriber.subscribe("r/#")
        await sender.publish("r/a", b"1", retain=True, qos=1)
        async with Peer.connected(port, "newcomer") as newcomer:
            assert await newcomer.synchronise() == []


async def test_a_will_is_published_when_a_client_vanishes_and_is_retained(port):
    async with peers(port, "watcher") as (watcher,):
        await watcher.subscribe("will")
        async with Peer.connected(port, "mortal", will=Will("will", b"offline")):
            pass
        assert await watcher.receive() == Message("will", b"offline", qos=1)
        async with peers(port, "late") as (late,):
            await late.subscribe("will")
            assert await late.receive() == Message("will", b"offline", qos=1, retain=True)


async def test_no_will_is_published_for_who_says_goodbye(port):
    async with peers(port, "watcher") as (watcher,):
        await watcher.subscribe("will")
        async with Peer.connected(port, "polite", will=Will("will", b"offline")) as polite:
            await polite.disconnect()
            await polite.until_closed()
        assert await watcher.synchronise() == []


async def test_a_silent_client_is_given_up_after_its_keep_alive(port):
    async with peers(port, "watcher") as (watcher,):
        await watcher.subscribe("will")
        will = Will("will", b"offline")
        async with Peer.connected(port, "silent", will=will, keep_alive=1) as silent:
            assert await watcher.receive() == Message("will", b"offline", qos=1)
            await silent.until_closed()


async def test_a_second_client_of_the_same_name_takes_over_after_the_will_of_the_first(port):
    async with peers(port, "watcher") as (watcher,):
        await watcher.subscribe("#")
        async with Peer.connected(port, "same", will=Will("will", b"first")) as first:
            await first.subscribe("mail")
            async with Peer.connected(port, "same") as second:
                await second.publish("will", b"online", qos=1)
                await first.until_closed()
                await second.subscribe("mail")
                await second.publish("mail", b"x", qos=1)
                assert [m.payload for m in await second.synchronise()] == [b"x"]
        received = [(await watcher.receive()).payload for _ in range(3)]
        assert received == [b"first", b"online", b"x"]


@pytest.fixture
async def guarded(tmp_path):
    broker = Embedded(tmp_path, login=Login("joe", "secret"))
    await broker.start()
    yield broker
    await broker.stop()


@pytest.mark.parametrize(
    ("login", "code"),
    [
        (("joe", "secret"), 0),
        (("joe", "wrong"), 5),
        (("joe", ""), 5),
        (("", ""), 5),
        (("eve", "secret"), 5),
        (None, 5),
    ],
)
async def test_only_users_with_their_password_come_in(guarded, login, code, caplog):
    async with Peer.connected(guarded.port, "me", login=login) as peer:
        assert peer.return_code == code
    assert "secret" not in caplog.text
    assert "wrong" not in caplog.text.replace("user or password is wrong", "")


async def test_a_stranger_cannot_push_out_a_client_by_its_name(guarded):
    async with Peer.connected(guarded.port, "me", login=("joe", "secret")) as member:
        await member.subscribe("x")
        async with Peer.connected(guarded.port, "me", login=("joe", "no")) as stranger:
            await stranger.until_closed()
        await member.publish("x", b"1", qos=1)
        assert len(await member.synchronise()) == 1


HOSTILE = {
    "nothing": b"",
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "a packet of 256 MB": connect("h") + b"\x30\xff\xff\xff\x7f",
    "an endless length": connect("h") + b"\x30\xff\xff\xff\xff\xff",
    "a publish before the connect": publish("x", b"y", None),
    "two connects": connect("h") * 2,
    "a wildcard topic": connect("h") + publish("a/+", b"", None),
    "an empty topic": connect("h") + publish("", b"", None),
    "a topic that is not text": connect("h") + b"\x30\x04\x00\x02\xff\xff",
    "a topic longer than its packet": connect("h") + b"\x30\x04\xff\xffab",
    "qos 3": connect("h") + b"\x36\x05\x00\x01a\x00\x01",
    "a subscribe without filters": connect("h") + framed(0x82, b"\x00\x01"),
    "a subscribe of qos 3": connect("h") + framed(0x82, b"\x00\x01" + text("a") + b"\x03"),
    "an acknowledgement cut short": connect("h") + b"\x40\x01\x00",
    "a packet for clients": connect("h") + b"\x20\x02\x00\x00",
    "mqtt 5": framed(0x10, b"\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01h"),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
async def test_who_breaks_the_rules_is_hung_up_on_in_one_line_and_nobody_else_notices(
    port, data, caplog
):
    caplog.set_level(logging.INFO)
    async with peers(port, "good") as (good,):
        await good.subscribe("x")
        await hang_up_after(port, data)
        await good.publish("x", b"1", qos=1)
        assert len(await good.synchronise()) == 1
    lines = [record for record in caplog.records if "listening" not in record.message]
    assert len(lines) == (1 if data else 0)
    assert all(record.exc_info is None and "\n" not in record.message for record in lines)


async def test_noise_of_many_clients_leaves_nothing_behind(port, embedded, caplog):
    noise = random.Random(2)
    async with peers(port, "good") as (good,):
        await asyncio.gather(
            *(hang_up_after(port, noise.randbytes(200), eof=True) for _ in range(100)),
            *(
                hang_up_after(port, connect(f"n{number}") + noise.randbytes(200), eof=True)
                for number in range(100)
            ),
        )
        await good.subscribe("x")
        await good.publish("x", b"1", qos=1)
        assert len(await good.synchronise()) == 1
        await until(lambda: len(embedded.server._tasks) == 1)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_client_that_never_reads_is_dropped_and_the_rest_go_on(port, embedded, caplog):
    async with peers(port, "from", "good", "slow") as (sender, good, slow):
        slow.writer.transport.pause_reading()
        await slow.subscribe_blindly("big")
        await good.subscribe("big")
        payload = os.urandom(128 * 1024)
        for _ in range(40 * MEGABYTE // len(payload)):
            await sender.publish("big", payload)
            await good.receive()
        assert "'slow'" in caplog.text
        assert "unread" in caplog.text
        assert "slow" not in embedded.server._clients
        assert "good" in embedded.server._clients


async def test_a_client_that_never_acknowledges_is_dropped(port, embedded, caplog):
    async with peers(port, "from", "deaf") as (sender, deaf):
        await deaf.subscribe("x")
        draining = asyncio.create_task(read_all(deaf))
        for _ in range(0, 66_000, 1000):
            await sender.send(publish("x", b"", 1, qos=1) * 1000)
            await sender.synchronise()
        await draining
    assert "it acknowledges nothing" in caplog.text


async def test_no_more_clients_than_allowed_are_connected(caplog):
    settings = BrokerSettings(listen=[f"127.0.0.1:{free_port()}"], max_connections=2)
    port = settings.addresses[0].port
    async with serving(settings) as server, peers(port, "one", "two") as (one, _):
        for _ in range(5):
            await hang_up_after(port, connect("three"))
        assert caplog.text.count("turning clients away") == 1
        await one.disconnect()
        await until(lambda: len(server._connections) == 1)
        async with Peer.connected(port, "three") as three:
            assert three.return_code == 0


async def test_a_port_in_use_is_one_error_that_says_what_to_do(port):
    both = BrokerSettings(listen=[f"127.0.0.1:{(other := free_port())}", f"127.0.0.1:{port}"])
    with pytest.raises(BrokerError, match=rf"cannot listen on 127.0.0.1:{port}: .*in use; stop "):
        await run(both)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", other)


async def test_it_listens_on_several_addresses():
    port = free_port()
    settings = BrokerSettings(listen=[f"127.0.0.1:{port}", f"127.0.0.2:{port}", f"[::1]:{port}"])
    async with serving(settings):
        for host in ("127.0.0.1", "127.0.0.2", "::1"):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            await writer.wait_closed()


async def test_it_stops_under_load_and_leaves_no_task_and_no_port(caplog):
    settings = BrokerSettings(listen=[f"127.0.0.1:{free_port()}"])
    port = settings.addresses[0].port
    before = asyncio.all_tasks()
    ready = asyncio.Event()
    broker = asyncio.create_task(run(settings, ready=ready))
    await ready.wait()
    async with contextlib.AsyncExitStack() as stack:
        names = [f"p{number}" for number in range(20)]
        clients = await stack.enter_async_context(peers(port, *names, will=Will("w", b"x")))
        for client in clients:
            await client.subscribe("load/#")
        load = [asyncio.create_task(shout(client)) for client in clients]
        await until(lambda: all(not task.done() for task in load))
        broker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await broker
        await asyncio.gather(*load)
    assert asyncio.all_tasks() == before
    assert not caplog.records
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


@contextlib.asynccontextmanager
async def peers(port: int, *names: str, will: Will | None = None):
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(Peer.connected(port, name, will=will)) for name in names
        ]


async def hang_up_after(port: int, data: bytes, *, eof: bool = False) -> None:
    """Send bytes and wait until the broker hangs up; without bytes, hang up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        if eof or not data:
            writer.write_eof()
        async with asyncio.timeout(30):
            await reader.read()
    except OSError:
        pass
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def shout(peer: Peer) -> None:
    with contextlib.suppress(OSError, EOFError):
        while True:
            await peer.send(publish("load/x", b"x" * 1000, None) * 20)
            await peer.synchronise()


async def read_all(peer: Peer) -> None:
    while await peer.reader.read(65536):
        pass


async def until(is_true) -> None:
    async with asyncio.timeout(30):
        while not is_true():
            await asyncio.sleep(0.005)
