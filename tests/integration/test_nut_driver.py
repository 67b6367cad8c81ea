"""The nut driver with the real upsd, with our gateway in TLS, and with servers that go wrong."""

import asyncio
import contextlib
import ssl
import subprocess

import pytest
from pydantic import SecretStr

from services.driver.contract import Site
from services.driver.drivers import nut as nut_module
from services.driver.drivers.nut import NutDriver, NutOptions
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError
from shared.topics import DeviceTopic
from tests.brokers import find_program
from tests.integration.gateways import USERS as OUR_USERS
from tests.integration.gateways import playing, serving
from tests.integration.watcher import driver_settings, driving, watching
from tests.realnut import Dummy, RealNut, Scripted

pytestmark = pytest.mark.integration

COMMAND, SET = DeviceTopic.COMMAND, DeviceTopic.SET
LOGIN = {"username": "admin", "password": "secret"}
USERS = """
[admin]
    password = secret
    actions = SET
    instcmds = ALL
[guest]
    password = guest
"""
ORDERS = ("test.good", "test.unknown", "test.invalid", "test.failed")
UPS = Scripted(
    (
        'SETINFO ups.status "OL"',
        'SETINFO ups.id "x"',
        "SETFLAGS ups.id RW STRING",
        "SETAUX ups.id 32",
        'SETINFO ups.delay.start "30"',
        "SETFLAGS ups.delay.start RW NUMBER",
        "ADDCMD load.off",
        "ADDCMD test.silent",
        *(f"ADDCMD {name}" for name in ORDERS),
    ),
    results={
        "ups.id": 0,
        "ups.delay.start": 3,
        "load.off": 0,
        **{name: code for code, name in enumerate(ORDERS)},
    },
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with RealNut(tmp_path_factory.mktemp("nut"), {"ups": UPS}, users=USERS) as nut:
        yield nut


@contextlib.asynccontextmanager
async def opened(port, **options):
    driver = NutDriver(Site("far", port), NutOptions.model_validate(options))
    try:
        await driver.open()
        yield driver
    finally:
        await driver.close()


@contextlib.asynccontextmanager
async def following(server, **options):
    async with opened(f"ups@{server.address}", **options) as driver:
        await driver.poll()
        yield driver


async def refusal(order) -> tuple[ResultStatus, str]:
    with pytest.raises(RefusedError) as caught:
        await order
    return caught.value.status, str(caught.value)


async def test_orders_are_forwarded_as_they_are(server):
    played = server.scripted("ups")
    async with following(server, **LOGIN) as driver:
        played.orders.clear()
        await driver.command("load.off", None)
        await driver.command("load.off", "12")
        await driver.set("ups.id", 'a "b" \\ # = c')
        assert played.orders == [
            ["INSTCMD", "load.off"],
            ["INSTCMD", "load.off", "12"],
            ["SET", "ups.id", 'a "b" \\ # = c'],
        ]
        assert (await driver.poll()).variables["ups.id"] == 'a "b" \\ # = c'


async def test_the_result_of_an_order_is_that_of_the_device(server):
    async with following(server, **LOGIN) as driver:
        await driver.command("test.good", None)
        for name, status in zip(
            ORDERS[1:],
            (ResultStatus.UNKNOWN, ResultStatus.INVALID, ResultStatus.FAILED),
            strict=True,
        ):
            assert (await refusal(driver.command(name, None)))[0] is status
        assert (await refusal(driver.set("ups.delay.start", "5")))[0] is ResultStatus.FAILED
        assert (await refusal(driver.set("no.such", "5")))[0] is ResultStatus.UNKNOWN
        assert (await refusal(driver.set("ups.status", "5")))[0] is ResultStatus.READ_ONLY
        assert (await refusal(driver.set("ups.id", "5" * 33)))[0] is ResultStatus.TOO_LONG
        assert (await refusal(driver.command("no.such", None)))[0] is ResultStatus.UNKNOWN
        assert (await driver.poll()).status == "OL", "the connection is as good as before"


async def test_an_order_without_a_result_fails_and_keeps_the_connection(server, monkeypatch):
    monkeypatch.setattr(nut_module, "RESULT_PATIENCE", 0.2)
    async with following(server, **LOGIN) as driver:
        assert await refusal(driver.command("test.silent", None)) == (
            ResultStatus.FAILED,
            f"the NUT server at {server.address}: no result in 0.2 s",
        )
        assert (await driver.poll()).status == "OL"


async def test_without_tracking_an_order_that_was_taken_counts_as_done(server):
    async with following(server, tracking="no", **LOGIN) as driver:
        await driver.command("test.failed", None)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"username": "admin", "password": "wrong"}, "ACCESS-DENIED"),
        ({"username": "guest", "password": "guest"}, "ACCESS-DENIED"),
        ({"username": "nobody"}, "ACCESS-DENIED"),
        ({}, "USERNAME-REQUIRED"),
    ],
)
async def test_who_may_not_order_is_told_so_and_reads_all_the_same(server, options, word):
    async with following(server, **options) as driver:
        status, text = await refusal(driver.command("load.off", None))
        assert status is ResultStatus.REFUSED
        assert text.startswith(f"the NUT server at {server.address}: it ")
        assert text.endswith(f"({word})")
        assert "wrong" not in text.replace("wrong username or password", "")
        assert (await driver.poll()).status == "OL"


async def test_without_a_username_a_device_can_only_be_read(server):
    async with following(server) as driver:
        reading = await driver.poll()
    assert (reading.writable, reading.commands) == ({}, ())
    async with following(server, **LOGIN) as driver:
        reading = await driver.poll()
    assert set(reading.writable) == {"ups.id", "ups.delay.start"}
    assert set(reading.commands) == {"load.off", "test.silent", *ORDERS}


async def test_a_reading_is_the_same_object_while_nothing_changes(server):
    async with following(server) as driver:
        before = await driver.poll()
        assert await driver.poll() is before
        server.scripted("ups").say("SETINFO ups.load 7")
        async with asyncio.timeout(10):
            while (now := await driver.poll()) is before:
                pass
        assert now.variables["ups.load"] == "7"
        server.scripted("ups").say("DELINFO ups.load")


async def test_what_can_be_done_is_asked_for_again_when_there_are_other_variables(server):
    async with following(server, **LOGIN) as driver:
        assert "outlet.1.name" not in (await driver.poll()).writable
        for line in ("SETINFO outlet.1.name a", "SETAUX outlet.1.name 4"):
            server.scripted("ups").say(line)
        server.scripted("ups").say("SETFLAGS outlet.1.name RW STRING")
        async with asyncio.timeout(10):
            while "outlet.1.name" not in (reading := await driver.poll()).writable:
                server.scripted("ups").say(f"SETINFO x.y{asyncio.get_running_loop().time()} 1")
        assert reading.writable["outlet.1.name"].max_length == 4


async def test_it_asks_again_before_the_server_hangs_up_on_a_silent_client(server, monkeypatch):
    monkeypatch.setattr(nut_module, "IDLE", 0.01)
    async with following(server) as driver, asyncio.timeout(10):
        await driver.wait()


@pytest.mark.parametrize(
    ("port", "complaint"),
    [
        ("other@{}", "it has no device of this name"),
        ("ups@127.0.0.1:{free}", "cannot reach the NUT server at 127.0.0.1:{free}: "),
    ],
)
async def test_what_is_not_there_is_named(server, free_port, port, complaint):
    places = {"free": free_port}
    with pytest.raises(DeviceError, match=complaint.format(**places)):
        async with opened(port.format(server.address, **places)) as driver:
            await driver.poll()


def test_a_port_that_is_no_address_is_refused():
    with pytest.raises(SettingsError, match="port: '' names no host"):
        NutDriver(Site("far", "ups@"), NutOptions())


async def test_a_device_goes_stale_with_the_other_server_and_comes_back(broker, tmp_path):
    nut = RealNut(tmp_path, {"ups": UPS, "toy": Dummy("ups.status: OB\n")}, users=USERS)
    devices = {
        name: {"driver": "nut", "port": f"{name}@{nut.address}", **LOGIN} for name in nut.devices
    }
    devices["again"] = {"driver": "dummy-ups", "port": f"toy@{nut.address}"}
    settings = driver_settings(broker.url, tmp_path, devices)
    try:
        async with watching(broker.url) as watcher, driving(settings):
            await watcher.available("ups", "stale")
            await asyncio.to_thread(nut.start)
            for name in devices:
                await watcher.available(name)
            assert watcher.variables("again")["ups.status"] == "OB"

            nut.scripted("ups").say("DATASTALE")
            await watcher.available("ups", "stale")
            result = await watcher.ask("ups", COMMAND, "load.off")
            assert (result.status, "stale there" in result.detail) == (ResultStatus.STALE, True)
            nut.scripted("ups").say("DATAOK")
            await watcher.available("ups")

            await asyncio.to_thread(nut.stop_driver, "ups")
            await watcher.available("ups", "stale")
            assert watcher.now["nut/device/toy/availability"] == b"online"
            await asyncio.to_thread(nut.start_driver, "ups")
            await watcher.available("ups")

            await asyncio.to_thread(nut.stop_server)
            for name in devices:
                await watcher.available(name, "stale")
            await asyncio.to_thread(nut.start_server)
            for name in devices:
                await watcher.available(name)
            assert (await watcher.ask("ups", SET, "ups.id", value="new")).status is ResultStatus.OK
            await watcher.variable("ups", "ups.id", "new")
    finally:
        await asyncio.to_thread(nut.stop)


async def test_the_password_is_nowhere_on_the_bus_nor_in_the_log(server, broker, tmp_path, caplog):
    caplog.set_level(0)
    (tmp_path / "file").write_text("not-to-be-told\n")
    device = {
        "driver": "nut",
        "port": f"ups@{server.address}",
        "username": "admin",
        "password_file": str(tmp_path / "file"),
    }
    settings = driver_settings(broker.url, tmp_path, {"ups": device})
    async with watching(broker.url) as watcher, driving(settings):
        await watcher.available("ups")
        result = await watcher.ask("ups", COMMAND, "load.off")
        assert result.status is ResultStatus.REFUSED
        assert watcher.variables("ups")["driver.parameter.username"] == "admin"
        assert not [m for m in watcher.messages if b"not-to-be-told" in m.payload]
    assert "not-to-be-told" not in caplog.text + repr(settings)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    command = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -keyout server.key -out server.pem -subj /CN=ups.example"
        " -addext subjectAltName=DNS:ups.example"
    )
    openssl = find_program("openssl", "openssl")
    subprocess.run([openssl, *command.split()], cwd=folder, check=True, capture_output=True)
    both = (folder / "server.pem").read_text() + (folder / "server.key").read_text()
    (folder / "both.pem").write_text(both)
    return folder


async def test_our_own_gateway_is_followed_in_tls_with_as_many_variables_as_it_may_have(
    broker, certificate
):
    trusted = {"tls": "require", "certificate_authority": str(certificate / "server.pem")}
    named = {**trusted, "certificate_name": "ups.example"}
    lines = [f'SETINFO outlet.{n}.desc "{"o" * 200}"' for n in range(300)]
    flags = [f"SETFLAGS outlet.{n}.desc RW STRING" for n in range(300)]
    lengths = [f"SETAUX outlet.{n}.desc 255" for n in range(300)]
    ups = Scripted(
        ("SETINFO ups.status OL", *lines, *flags, *lengths, "ADDCMD load.off"),
        results={"outlet.7.desc": 0, "load.off": 3},
    )
    login = {"username": "admin", "password": OUR_USERS["admin"]["password"]}
    async with (
        playing(broker, {"ups": ups}),
        serving(broker, certificate_file=str(certificate / "both.pem")) as gateway,
    ):
        port = f"ups@127.0.0.1:{gateway.port}"
        async with opened(port, **named, **login) as driver:
            reading = await driver.poll()
            assert len(reading.variables) == 300
            assert reading.writable["outlet.299.desc"].max_length == 255
            await driver.set("outlet.7.desc", "x")
            assert (await refusal(driver.command("load.off", None)))[0] is ResultStatus.FAILED
        for options, complaint in ((trusted, "is not trusted"), ({"tls": "try"}, "is not trusted")):
            with pytest.raises(DeviceError, match=complaint):
                async with opened(port, **options):
                    pass
        async with opened(port, tls="require", verify_certificate="no") as driver:
            assert (await driver.poll()).status == "OL"


async def test_a_server_without_tls_is_refused_or_taken_as_the_settings_say(server):
    with pytest.raises(DeviceError, match="has no TLS"):
        async with following(server, tls="require"):
            pass
    async with following(server, tls="try") as driver:
        assert (await driver.poll()).status == "OL"


def test_the_certificate_s_file_that_cannot_be_used_is_named(tmp_path):
    options = NutOptions(tls="require", certificate_authority=tmp_path / "none.pem")
    security = options.security()
    assert security is not None
    with pytest.raises(SettingsError, match=r"cannot use .*none\.pem for TLS"):
        security.context()


BEGIN, END = b"BEGIN LIST VAR ups\n", b"END LIST VAR ups\n"
ROW = b'VAR ups ups.status "OL"\n'


@contextlib.asynccontextmanager
async def saying(reply: bytes, tls: ssl.SSLContext | None = None):
    """Serve whoever comes with one reply, and hang up."""

    async def serve(reader, writer):
        await reader.readline()
        writer.write(reply)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (b"", "hung up"),
        (BEGIN + ROW, "hung up"),
        (BEGIN + ROW + b'VAR ups ups.load "7', "hung up"),
        (b"garbage\n", "makes no sense"),
        (b"BEGIN LIST VAR other\n" + ROW + END, "makes no sense"),
        (BEGIN + b'VAR other ups.status "OL"\n' + END, "makes no sense"),
        (BEGIN + b'CMD ups "OL"\n' + END, "makes no sense"),
        (BEGIN + ROW + b"END LIST VAR other\n", "makes no sense"),
        (BEGIN + ROW + b"ERR DATA-STALE\n" + END, "makes no sense"),
        (BEGIN + b"VAR ups ups.status\n" + END, "no name and value"),
        (BEGIN + b'VAR ups "" "OL"\n' + END, "no name and value"),
        (BEGIN + b"VAR ups ups.status OL CHRG\n" + END, "no name and value"),
        (BEGIN + b'VAR ups ups.status "WAIT"\n' + END, "no data of the device yet"),
        (b"ERR DRIVER-NOT-CONNECTED\n", "the driver of the device does not run there"),
        (b"ERR ACCESS-DENIED\n", "it denies us access"),
        (b"ERR SOMETHING-NEW\n", "answered SOMETHING-NEW"),
        (BEGIN + b"x" * 70_000 + b"\n", "makes no sense"),
    ],
)
async def test_a_strange_reply_gives_no_reading(reply, complaint):
    async with saying(reply) as port:
        with pytest.raises(DeviceError, match=complaint):
            async with opened(f"ups@127.0.0.1:{port}") as driver:
                await driver.poll()


async def test_a_whole_reply_gives_a_reading():
    async with saying(BEGIN + ROW + END) as port, opened(f"ups@127.0.0.1:{port}") as driver:
        assert (await driver.poll()).status == "OL"


async def test_a_list_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr("shared.nutline.ROW_LIMIT", 10)
    async with saying(BEGIN + ROW * 20) as port:
        with pytest.raises(DeviceError, match="a list without end"):
            async with opened(f"ups@127.0.0.1:{port}") as driver:
                await driver.poll()


@contextlib.asynccontextmanager
async def answering(replies: dict[bytes, bytes]):
    """Serve with a reply for each request; what is not there is unknown to the server."""

    async def serve(reader, writer):
        while line := await reader.readline():
            writer.write(replies.get(line.strip(), b"ERR UNKNOWN-COMMAND") + b"\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


OLD = {
    b"USERNAME admin": b"OK",
    b"PASSWORD secret": b"OK",
    b"SET TRACKING ON": b"ERR INVALID-ARGUMENT",
    b"LIST VAR ups": (BEGIN + ROW + END).strip(),
    b"LIST RW ups": b"BEGIN LIST RW ups\nEND LIST RW ups",
    b"LIST CMD ups": b"BEGIN LIST CMD ups\nCMD ups load.off\nEND LIST CMD ups",
    b"INSTCMD ups load.off": b"OK",
}


async def test_a_server_of_old_without_tracking_is_taken_at_its_word():
    async with answering(OLD) as port, opened(f"ups@127.0.0.1:{port}", **LOGIN) as driver:
        assert (await driver.poll()).commands == ("load.off",)
        await driver.command("load.off", None)
        assert (await refusal(driver.command("other", None)))[0] is ResultStatus.FAILED


async def polled_and_ordered(port):
    async with opened(port, **LOGIN) as driver:
        await driver.poll()
        await driver.command("load.off", None)


@pytest.mark.parametrize(
    ("request_", "reply", "complaint"),
    [
        (b"PASSWORD secret", b"ERR ACCESS-DENIED", "refused our PASSWORD$"),
        (b"INSTCMD ups load.off", b"OKAY", "answered INSTCMD with"),
        (b"INSTCMD ups load.off", b"OK TRACKING 7", "answered GET TRACKING with"),
        (
            b"LIST RW ups",
            b'BEGIN LIST RW ups\nRW ups a "1"\nEND LIST RW ups',
            "answered GET TYPE a",
        ),
        (
            b"LIST CMD ups",
            b"BEGIN LIST CMD ups\nCMD ups a b\nEND LIST CMD ups",
            "no name of a comm",
        ),
    ],
)
async def test_a_strange_reply_to_an_order_or_a_question_loses_the_line(request_, reply, complaint):
    replies = {**OLD, b"GET TRACKING 7": b"MAYBE", b"GET TYPE ups a": b"TYPE ups b NUMBER"}
    async with answering({**replies, request_: reply}) as port:
        with pytest.raises(DeviceError, match=complaint):
            await polled_and_ordered(f"ups@127.0.0.1:{port}")


def test_a_secret_is_read_from_its_file(tmp_path):
    (tmp_path / "p").write_text("x y\n")
    options = NutOptions.model_validate({"password_file": str(tmp_path / "p")})
    assert options.password == SecretStr("x y")
