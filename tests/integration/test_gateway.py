"""The gateway with a real broker: the bus goes and comes, orders, logins, FSD, reloads."""

import asyncio
import logging
import os
import signal
import time

import pytest

from services.gateway import app
from services.gateway.listeners import Listeners
from services.gateway.settings import GatewaySection, GatewaySettings
from shared.bus import connect
from shared.errors import ResultStatus, SettingsError
from shared.latest import Latest
from shared.messages import (
    Availability,
    DeviceMeta,
    DeviceState,
    ForcedShutdown,
    Message,
    Publication,
    Result,
    Writable,
    clearing,
    device_availability,
    read,
)
from shared.service_messages import Logins, ServiceInfo, service_availability
from shared.settings import BusSettings
from shared.topics import DeviceTopic, ServiceTopic, Topics
from shared.users import hash_password
from tests.brokers import Mosquitto
from tests.integration.gateways import (
    TIMEOUT,
    USERS,
    NutClient,
    accepts,
    ask,
    playing,
    serving,
    until,
)
from tests.ournut import SERVICE
from tests.ports import free_port

pytestmark = pytest.mark.integration
TOPICS = Topics()
STATUS = "GET VAR ups ups.status"


async def retained(broker: Mosquitto, topic: str) -> Message:
    """Return what is retained on a topic, or what comes next."""
    async with connect(BusSettings(broker=broker.url)) as bus, asyncio.timeout(TIMEOUT):
        async for message in bus.listen(topic):
            return message
    raise AssertionError


async def test_clients_are_let_in_when_the_fleet_is_known(broker: Mosquitto):
    async with (
        playing(broker),
        serving(broker) as server,
        await NutClient.connect(server.port) as client,
    ):
        assert await client.rows("LIST UPS") == [
            'UPS ups "Played"',
            'UPS pdu "Description unavailable"',
        ]
        assert len(await client.rows("LIST VAR ups")) == 62
        assert await client.ask("LOGOUT") == "OK Goodbye"
        assert await client.is_closed()


async def test_a_change_of_the_device_is_seen_by_whoever_asks_next(broker: Mosquitto):
    async with (
        playing(broker),
        serving(broker) as server,
        await NutClient.connect(server.port) as client,
        connect(BusSettings(broker=broker.url)) as bus,
    ):
        assert await client.ask(STATUS) == 'VAR ups ups.status "OL"'
        for status in ("OB", "OB LB", "ob lb", "OL"):
            state = DeviceState(seq=1, at=time.time(), vars={"ups.status": status})
            await bus.publish(state.publication(TOPICS, "ups", urgent=True))

            async def is_seen(status: str = status) -> bool:
                return await client.ask(STATUS) == f'VAR ups ups.status "{status}"'

            await until(is_seen)
            assert await client.rows("LIST VAR ups") == [f'VAR ups ups.status "{status}"']


async def test_an_order_reaches_the_driver_and_its_result_the_client(broker: Mosquitto):
    async with (
        playing(broker) as scripted,
        serving(broker) as server,
        await NutClient.connect(server.port, "admin") as client,
    ):
        assert await client.ask("SET VAR ups ups.id new") == "OK"
        await until(lambda: scripted.orders == [("ups", "ups.id", "new")])
        assert await client.ask("SET TRACKING ON") == "OK"
        reply = await client.ask("INSTCMD ups load.off now")
        assert reply.startswith("OK TRACKING ")
        id = reply.split(" ")[2]

        async def has_failed() -> bool:
            return await client.ask(f"GET TRACKING {id}") == "ERR FAILED"

        await until(has_failed)
        assert scripted.orders[1:] == [("ups", "load.off", "now")]


async def test_pipelined_requests_keep_their_order_around_what_takes_time(broker: Mosquitto):
    async with (
        playing(broker),
        serving(broker) as server,
        await NutClient.connect(server.port, "admin") as client,
    ):
        requests = (
            b"SET VAR ups ups.id new\n",
            b"NETVER\n",
            b"INSTCMD ups load.off\n",
            b"FOO\n",
        )
        client.send(b"".join(requests * 50))
        for _ in range(50):
            assert [await client.line() for _ in requests] == [
                "OK", "1.3", "OK", "ERR UNKNOWN-COMMAND",
            ]  # fmt: skip


async def announce(broker: Mosquitto, heartbeat: float = 3600.0) -> None:
    """Say once that the device is there; nobody stands behind it."""
    meta = DeviceMeta(
        driver="dummy",
        service="host",
        commands=["load.off"],
        writable={"ups.id": Writable()},
        heartbeat=heartbeat,
    )
    state = DeviceState(seq=1, at=time.time(), vars={"ups.status": "OL", "ups.id": "x"})
    async with connect(BusSettings(broker=broker.url)) as bus:
        await bus.publish(meta.publication(TOPICS, "ups"))
        await bus.publish(service_availability(TOPICS, "driver", "host", Availability.ONLINE))
        await bus.publish(device_availability(TOPICS, "ups", Availability.ONLINE))
        await bus.publish(state.publication(TOPICS, "ups", urgent=True))


async def test_without_the_bus_data_become_stale_and_orders_fail_until_it_is_back(
    broker: Mosquitto,
):
    await announce(broker, heartbeat=0.1)
    async with (
        serving(broker, max_age=0.5) as server,
        await NutClient.connect(server.port, "admin") as client,
    ):
        await broker.kill()

        async def is_stale() -> bool:
            return await client.ask(STATUS) == "ERR DATA-STALE"

        await until(is_stale)
        assert await client.ask("GET UPSDESC ups") == 'UPSDESC ups "Unavailable"'
        assert await client.ask("SET VAR ups ups.id new") == "ERR DATA-STALE"
        await broker.start()

        async def is_back() -> bool:
            await announce(broker)  # as a driver goes on: what the broker kept is no sign of life
            return await client.ask(STATUS) == 'VAR ups ups.status "OL"'

        await until(is_back)
        assert await client.ask("SET VAR ups ups.id new") == "OK"


async def test_an_order_that_the_broker_does_not_take_has_failed(broker: Mosquitto):
    await announce(broker)
    async with (
        serving(broker) as server,
        await NutClient.connect(server.port, "admin") as client,
    ):
        await broker.kill()

        async def has_failed() -> bool:
            return await client.ask("SET VAR ups ups.id new") == "ERR SET-FAILED"

        await until(has_failed)
        assert await client.ask("INSTCMD ups load.off") == "ERR INSTCMD-FAILED"
        assert await client.ask("SET TRACKING ON") == "OK"
        assert await client.ask("INSTCMD ups load.off") == "ERR INSTCMD-FAILED"
        assert await client.ask(STATUS) == 'VAR ups ups.status "OL"'


async def test_fsd_is_latched_without_the_bus_and_told_when_it_is_back(broker: Mosquitto):
    await announce(broker)
    topic = TOPICS.device("ups", DeviceTopic.FSD)
    async with serving(broker) as server, serving(broker, id="other") as other:
        await broker.stop()
        async with await NutClient.connect(server.port, "admin") as client:
            assert await client.ask("FSD ups") == "OK FSD-SET"
            assert await client.ask(STATUS) == 'VAR ups ups.status "FSD OL"'
        assert await ask(server.port, STATUS) == 'VAR ups ups.status "FSD OL"'
        await broker.start()
        told = read(ForcedShutdown, await retained(broker, topic))
        assert told.by == "admin@127.0.0.1"
        assert await ask(server.port, STATUS) == 'VAR ups ups.status "FSD OL"'

        async def is_seen() -> bool:
            return await ask(other.port, STATUS) == 'VAR ups ups.status "FSD OL"'

        await until(is_seen)
        async with connect(BusSettings(broker=broker.url)) as bus:
            await bus.publish(clearing(topic))

        async def is_cleared() -> bool:
            return await ask(server.port, STATUS) == 'VAR ups ups.status "OL"'

        await until(is_cleared)


async def test_fsd_that_is_back_with_a_killed_broker_is_not_shown_and_cleared_again(
    broker: Mosquitto, caplog
):
    await announce(broker)
    topic = TOPICS.device("ups", DeviceTopic.FSD)
    meta = TOPICS.device("ups", DeviceTopic.META)
    async with serving(broker) as server, await NutClient.connect(server.port) as client:

        async def says(status: str) -> bool:
            return await client.ask(STATUS) == f'VAR ups ups.status "{status}"'

        async with connect(BusSettings(broker=broker.url)) as bus:
            order = ForcedShutdown(by="tested", at=time.time())
            await bus.publish(order.publication(TOPICS, "ups"))
        await until(lambda: says("FSD OL"))
        os.kill(broker.pid, signal.SIGUSR1)  # it saves what is retained
        saved = broker.directory / "mosquitto.db"
        await until(lambda: saved.exists() and order.encode() in saved.read_bytes())
        async with connect(BusSettings(broker=broker.url)) as bus:
            await bus.publish(clearing(topic))
        await until(lambda: says("OL"))
        await broker.kill()
        await broker.start()
        await until(lambda: "the broker has an FSD again that was cleared" in caplog.text)
        assert await says("OL")

        async def is_cleared() -> bool:
            async with connect(BusSettings(broker=broker.url)) as bus, asyncio.timeout(TIMEOUT):
                return (await anext(bus.listen(topic, meta))).topic == meta

        await until(is_cleared)


async def test_the_fsd_of_a_device_that_leaves_the_bus_leaves_with_it(broker: Mosquitto):
    await announce(broker)
    topic = TOPICS.device("ups", DeviceTopic.FSD)
    async with serving(broker) as server, connect(BusSettings(broker=broker.url)) as bus:
        async with await NutClient.connect(server.port, "admin") as client:
            assert await client.ask("FSD ups") == "OK FSD-SET"
        assert (await retained(broker, topic)).payload
        arriving = bus.listen(topic)
        async with asyncio.timeout(TIMEOUT):
            assert (await anext(arriving)).payload
            await bus.publish(clearing(TOPICS.device("ups", DeviceTopic.META)))
            assert (await anext(arriving)).payload == b""


async def test_the_clients_of_all_gateways_are_counted(broker: Mosquitto):
    async with (
        playing(broker),
        serving(broker, id="east") as east,
        await NutClient.connect(east.port, "admin") as primary,
    ):
        assert await primary.ask("LOGIN ups") == "OK"
        async with serving(broker, id="west") as west:
            async with await NutClient.connect(west.port, "watch") as secondary:
                assert await secondary.ask("LOGIN UPS") == "OK"

                async def has(count: int) -> bool:
                    return await primary.ask("GET NUMLOGINS ups") == f"NUMLOGINS ups {count}"

                await until(lambda: has(2))
                assert await primary.rows("LIST CLIENT ups") == ["CLIENT ups 127.0.0.1"] * 2
                topic = TOPICS.service("gateway", "west", ServiceTopic.LOGINS)
                logins = read(Logins, await retained(broker, topic)).logins
                assert logins == {"ups": ["127.0.0.1"]}
                assert await primary.ask("GET NUMLOGINS pdu") == "NUMLOGINS pdu 0"
            await until(lambda: has(1))
            async with await NutClient.connect(west.port, "watch") as secondary:
                assert await secondary.ask("LOGIN ups") == "OK"
                await until(lambda: has(2))
                west.task.cancel()
                await until(lambda: has(1))


async def test_a_restarted_gateway_shows_what_is_retained(broker: Mosquitto):
    async with playing(broker):
        for _ in range(2):
            async with serving(broker) as server:
                assert await ask(server.port, STATUS) == 'VAR ups ups.status "OL"'
        topic = TOPICS.service("gateway", "tested", ServiceTopic.AVAILABILITY)
        assert (await retained(broker, topic)).payload == b"offline"


async def test_bad_payloads_and_foreign_results_change_nothing(
    broker: Mosquitto, caplog: pytest.LogCaptureFixture
):
    async with playing(broker), serving(broker) as server:
        async with connect(BusSettings(broker=broker.url)) as bus:
            for topic in (
                TOPICS.device("ups", DeviceTopic.STATE),
                TOPICS.device("ups", DeviceTopic.META),
                TOPICS.device("ups", DeviceTopic.AVAILABILITY),
                TOPICS.device("ups", DeviceTopic.FSD),
                TOPICS.device("ups", DeviceTopic.RESULT),
                TOPICS.service("gateway", "x", ServiceTopic.LOGINS),
                TOPICS.service("gateway", "x", ServiceTopic.AVAILABILITY),
                TOPICS.service("driver", "x", ServiceTopic.INFO),
            ):
                for payload in (b"\xff\x00 nonsense", b"{", b"\x91" * 3000, b"x" * 200_000):
                    await bus.publish(Publication(topic, payload, 1, retain=False))
            foreign = Result(
                id="foreign", request="set", name="x", status=ResultStatus.OK, at=time.time()
            )
            await bus.publish(foreign.publication(TOPICS, "ups"))
            state = DeviceState(seq=1, at=time.time(), vars={"ups.status": "OB"})
            await bus.publish(state.publication(TOPICS, "ups", urgent=True))

        async def is_seen() -> bool:
            return await ask(server.port, STATUS) == 'VAR ups ups.status "OB"'

        await until(is_seen)
        warnings = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
        assert len(warnings) == 8 * 4
        assert all("nut/" in warning for warning in warnings)


async def test_a_reload_changes_users_limits_and_listeners_and_keeps_connections(
    broker: Mosquitto,
):
    async with (
        playing(broker),
        serving(broker) as server,
        await NutClient.connect(server.port, "admin") as client,
    ):
        assert await client.ask("LOGIN ups") == "OK"
        second = free_port()
        server.reload(
            listen=[f"127.0.0.1:{second}"],
            users={
                "admin": {"password": "secret"},
                "late": {"password": "x", "upsmon": "primary"},
            },
        )
        await until(lambda: accepts(second))
        await until(lambda: is_left(server.port))
        assert await client.ask("SET VAR ups ups.id new") == "ERR ACCESS-DENIED"
        assert await client.ask("GET NUMLOGINS ups") == "NUMLOGINS ups 1"
        async with await NutClient.connect(second) as late:
            await late.log_in("late", "x")
            assert await late.ask("PRIMARY ups") == "OK PRIMARY-GRANTED"
        server.reload(deny_from=["127.0.0.0/8"])
        await until(lambda: is_turned_away(second))
        assert await client.ask("NETVER") == "1.3"
        server.reload(deny_from=[], allow_from=["10.0.0.0/8"])
        assert await is_turned_away(second)
        server.reload(allow_from=["127.0.0.1"])
        await until(lambda: is_served(second))


async def is_left(port: int) -> bool:
    return not await accepts(port)


async def is_turned_away(port: int) -> bool:
    return not await is_served(port)


async def is_served(port: int) -> bool:
    try:
        return await ask(port, "NETVER") == "1.3"
    except ConnectionError:
        return False


async def test_settings_that_cannot_be_kept_on_a_reload_leave_the_rest_as_it_was(
    broker: Mosquitto, caplog: pytest.LogCaptureFixture
):
    async with playing(broker), serving(broker) as server, serving(broker, id="other") as other:
        taken, own = f"127.0.0.1:{other.port}", f"127.0.0.1:{server.port}"
        server.reload(listen=[own, taken])
        await until(lambda: "the port is in use" in caplog.text)
        assert await ask(server.port, "NETVER") == "1.3"
        server.reload(listen=[own], certificate_file="/nowhere/certificate.pem")
        await until(lambda: "/nowhere/certificate.pem" in caplog.text)
        assert await ask(server.port, STATUS) == 'VAR ups ups.status "OL"'


@pytest.mark.parametrize("allowed", [False, True])
async def test_a_port_in_use_stops_the_start_unless_that_is_allowed(
    broker: Mosquitto, allowed: bool
):
    async with playing(broker), serving(broker, id="other") as other:
        taken = f"127.0.0.1:{other.port}"
        if allowed:
            port = free_port()
            both = [taken, f"127.0.0.1:{port}"]
            async with serving(broker, listen=both, allow_not_all_listeners=True):
                await until(lambda: accepts(port))
            return
        tables = {"bus": {"broker": broker.url}, "gateway": {"listen": [taken]}}
        settings = Latest(GatewaySettings.from_tables(tables, "test"))
        with pytest.raises(ExceptionGroup) as caught:
            await app.run(settings)
        assert caught.group_contains(SettingsError, match=f"{taken}: the port is in use")


async def test_a_hashed_password_is_as_good_and_a_guess_comes_late(
    broker: Mosquitto, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    users = {**USERS, "hashed": {"password_hash": hash_password("hidden"), "upsmon": "primary"}}
    async with (
        playing(broker),
        serving(broker, users=users) as server,
        await NutClient.connect(server.port) as client,
    ):
        await client.log_in("hashed", "hidden")
        assert await client.ask("LOGIN ups") == "OK"
        assert await client.ask("FSD nosuch") == "ERR UNKNOWN-UPS"
        delays = []
        for _ in range(4):
            async with await NutClient.connect(server.port) as guesser:
                await guesser.log_in("hashed", "guessed")
                began = asyncio.get_running_loop().time()
                assert await guesser.ask("LOGIN ups") == "ERR ACCESS-DENIED"
                delays.append(asyncio.get_running_loop().time() - began)
        assert all(delay >= 0.1 * 2**count for count, delay in enumerate(delays))
        async with await NutClient.connect(server.port) as late:
            await late.log_in("hashed", "hidden")
            assert await late.ask("PRIMARY ups") == "OK PRIMARY-GRANTED"
    assert "hashed@127.0.0.1: LOGIN ups -> OK" in caplog.text
    assert "hashed@127.0.0.1: LOGIN ups -> ERR ACCESS-DENIED" in caplog.text
    assert "hidden" not in caplog.text
    assert "guessed" not in caplog.text


async def test_guessing_does_not_keep_others_waiting(broker: Mosquitto):
    users = {**USERS, "hashed": {"password_hash": hash_password("hidden"), "upsmon": "primary"}}
    async with playing(broker), serving(broker, users=users) as server:
        guessers = [await NutClient.connect(server.port) for _ in range(9)]
        for number, guesser in enumerate(guessers):
            await guesser.log_in(f"user{number % 3}", "guessed")
            guesser.send(b"LOGIN ups\n")
        assert await ask(server.port, STATUS) == 'VAR ups ups.status "OL"'
        async with await NutClient.connect(server.port, "admin") as client:
            assert await client.ask("LOGIN ups") == "OK"
        for guesser in guessers:
            assert await guesser.line() == "ERR ACCESS-DENIED"
            await guesser.close()


async def test_the_devices_are_listed_in_the_order_that_their_service_tells(broker: Mosquitto):
    async with (
        playing(broker),
        serving(broker) as server,
        await NutClient.connect(server.port) as client,
        connect(BusSettings(broker=broker.url)) as bus,
    ):
        for order in (["ups", "pdu"], ["pdu", "ups"], ["ups", "pdu"]):
            info = ServiceInfo(version="0", host="x", started=0.0, devices=order)
            await bus.publish(info.publication(TOPICS, "driver", SERVICE))

            async def is_listed(order: list[str] = order) -> bool:
                return [row.split(" ")[1] for row in await client.rows("LIST UPS")] == order

            await until(is_listed)


async def test_without_a_device_clients_are_let_in_late_but_are(
    broker: Mosquitto, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(app, "PATIENCE", 0.5)
    async with serving(broker) as server:
        assert "no device on the bus yet" in caplog.text
        assert await ask(server.port, STATUS) == "ERR UNKNOWN-UPS"
        async with playing(broker):

            async def is_seen() -> bool:
                return await ask(server.port, STATUS) == 'VAR ups ups.status "OL"'

            await until(is_seen)


async def test_without_a_broker_clients_are_let_in_too(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(app, "PATIENCE", 0.5)
    await broker.stop()
    async with serving(broker) as server:
        assert await ask(server.port, "VER") != ""
        assert await ask(server.port, "LIST UPS") == "BEGIN LIST UPS"


async def test_it_listens_on_ipv6_too(broker: Mosquitto):
    port = free_port()
    both = [f"[::1]:{port}", f"127.0.0.1:{port}"]
    async with playing(broker), serving(broker, listen=both) as server:
        six = NutClient(*await asyncio.open_connection("::1", port))
        async with six, await NutClient.connect(server.port) as four:
            await six.log_in("watch", "watch")
            assert await six.ask("LOGIN ups") == "OK"
            assert await four.rows("LIST CLIENT ups") == ["CLIENT ups ::1"]


async def test_a_machine_without_ipv6_does_not_stop_the_default():
    listeners = Listeners(asyncio.Protocol)
    port = free_port()
    # As by default, but for the port; no machine has the second address.
    nobodys = [f"127.0.0.1:{port}", f"[2001:db8::1]:{port}"]
    default = GatewaySection.model_construct(_fields_set=set(), listen=nobodys)
    await listeners.apply(default)
    assert await accepts(port)
    listeners.close()
    with pytest.raises(SettingsError, match="2001:db8::1"):
        await listeners.apply(GatewaySection(listen=nobodys))
    listeners.close()


async def test_passwords_that_cross_the_network_unencrypted_are_warned_of(
    broker: Mosquitto, caplog: pytest.LogCaptureFixture
):
    async with playing(broker), serving(broker) as server:
        assert "unencrypted" not in caplog.text
        server.reload(listen=[f"0.0.0.0:{free_port()}"])
        await until(lambda: "cross the network unencrypted" in caplog.text)
