"""STARTTLS with certificates that OpenSSL made for the test."""

import asyncio
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.gateway import app, client
from services.gateway.settings import GatewaySettings
from shared.errors import SettingsError
from shared.latest import Latest
from tests.brokers import Mosquitto, find_program
from tests.integration.gateways import NutClient, accepts, ask, playing, serving, until
from tests.monitors import upsmon
from tests.ports import free_port
from tests.realnut import find_nut_program

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class Certificates:
    """An authority, what it signed, and what nobody signed."""

    folder: Path

    def __getitem__(self, name: str) -> Path:
        return self.folder / f"{name}.pem"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    openssl = find_program("openssl", "openssl")

    def make(name: str, *arguments: str, subject: str = "localhost") -> None:
        command = (
            openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-days", "2", "-subj", f"/CN={subject}",
            "-keyout", str(folder / f"{name}-key.pem"), "-out", str(folder / f"{name}.pem"),
            *arguments,
        )  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)

    usage = ("-addext", "keyUsage=critical,digitalSignature,keyCertSign")
    make("authority", *usage, subject="authority")
    signed = ("-CA", str(folder / "authority.pem"), "-CAkey", str(folder / "authority-key.pem"))
    plain = ("-addext", "basicConstraints=critical,CA:FALSE")
    make("server", *signed, *plain, "-addext", "subjectAltName=DNS:localhost")
    make("client", *signed, *plain, subject="client")
    make("stranger", subject="stranger")
    both = (folder / "server.pem").read_bytes() + (folder / "server-key.pem").read_bytes()
    (folder / "both.pem").write_bytes(both)
    subprocess.run(
        (openssl, "pkey", "-in", str(folder / "server-key.pem"), "-aes128", "-passout", "pass:x",
         "-out", str(folder / "encrypted-key.pem")),
        check=True,
        capture_output=True,
    )  # fmt: skip
    return Certificates(folder)


def trusting(certificates: Certificates, name: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificates["authority"])
    if name:
        context.load_cert_chain(certificates[name], certificates[f"{name}-key"])
    return context


async def test_a_client_goes_on_encrypted(broker: Mosquitto, certificates: Certificates):
    async with (
        playing(broker),
        serving(broker, certificate_file=str(certificates["both"])) as server,
        await NutClient.connect(server.port) as client,
    ):
        assert await client.ask("USERNAME admin") == "OK"
        await client.encrypt(trusting(certificates))
        assert await client.ask("STARTTLS") == "ERR ALREADY-SSL-MODE"
        assert await client.ask("PASSWORD secret") == "OK"
        assert await client.ask("LOGIN ups") == "OK"
        assert await client.ask("SET VAR ups ups.id new") == "OK"
        assert len(await client.rows("LIST VAR ups")) == 62
        assert await ask(server.port, "GET NUMLOGINS ups") == "NUMLOGINS ups 1"
        assert await client.ask("LOGOUT") == "OK Goodbye"
        assert await client.is_closed()
        await until(lambda: has_no_logins(server.port))


async def has_no_logins(port: int) -> bool:
    return await ask(port, "GET NUMLOGINS ups") == "NUMLOGINS ups 0"


async def test_without_a_certificate_there_is_no_tls(broker: Mosquitto):
    async with (
        playing(broker),
        serving(broker) as server,
        await NutClient.connect(server.port) as client,
    ):
        assert await client.ask("STARTTLS") == "ERR FEATURE-NOT-CONFIGURED"
        assert await client.ask("NETVER") == "1.3"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
async def test_tls_before_1_2_is_refused(broker: Mosquitto, certificates: Certificates):
    async with (
        playing(broker),
        serving(broker, certificate_file=str(certificates["both"])) as server,
        await NutClient.connect(server.port) as client,
    ):
        context = trusting(certificates)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await client.encrypt(context)
        assert await ask(server.port, "NETVER") == "1.3"


async def test_plain_text_sent_along_with_starttls_is_dropped(
    broker: Mosquitto, certificates: Certificates
):
    async with (
        playing(broker),
        serving(broker, certificate_file=str(certificates["both"])) as server,
        await NutClient.connect(server.port) as client,
    ):
        client.send(b"NETVER\nSTARTTLS\nUSERNAME injected\nUSERN")
        assert await client.line() == "1.3"
        assert await client.line() == "OK STARTTLS"
        async with asyncio.timeout(30):
            await client.writer.start_tls(trusting(certificates), server_hostname="localhost")
        assert await client.ask("USERNAME admin") == "OK"
        assert await client.ask("NETVER") == "1.3"


@pytest.mark.parametrize(
    "data", [b"no handshake at all\n" * 20, b"\x16\x03\x01\xff\xff" + b"x" * 99]
)
async def test_who_does_not_shake_hands_is_hung_up_on(
    broker: Mosquitto, certificates: Certificates, data: bytes
):
    async with (
        playing(broker),
        serving(broker, certificate_file=str(certificates["both"]), max_connections=2) as server,
    ):
        for _ in range(5):  # more than may be connected: each has to be forgotten
            async with await NutClient.connect(server.port) as client:
                assert await client.ask("STARTTLS") == "OK STARTTLS"
                client.send(data)
                client.writer.write_eof()
                assert await client.is_closed()
        await until(lambda: is_served(server.port))


async def is_served(port: int) -> bool:
    return await ask(port, "NETVER") == "1.3"


@pytest.mark.parametrize(
    ("wanted", "shown", "is_served"),
    [
        ("require", "client", True),
        ("require", "stranger", False),
        ("require", None, False),
        ("request", "client", True),
        ("request", None, True),
        ("request", "stranger", False),
        ("no", "stranger", True),
    ],
)
async def test_clients_may_have_to_show_a_certificate(
    broker: Mosquitto, certificates: Certificates, wanted: str, shown: str | None, is_served: bool
):
    async with (
        playing(broker),
        serving(
            broker,
            certificate_file=str(certificates["server"]),
            key_file=str(certificates["server-key"]),
            certificate_authority=str(certificates["authority"]),
            client_certificates=wanted,
        ) as server,
        await NutClient.connect(server.port) as client,
    ):
        answer = ""
        try:
            await client.encrypt(trusting(certificates, shown))
            answer = await client.ask("NETVER")
        except OSError:
            assert not is_served
        assert answer == ("1.3" if is_served else "")
        assert await ask(server.port, "NETVER") == "1.3"


async def test_a_reload_brings_a_new_certificate(broker: Mosquitto, certificates: Certificates):
    async with playing(broker), serving(broker) as server:
        assert await ask(server.port, "STARTTLS") == "ERR FEATURE-NOT-CONFIGURED"
        server.reload(certificate_file=str(certificates["both"]))

        async def is_configured() -> bool:
            return await ask(server.port, "STARTTLS") == "OK STARTTLS"

        await until(is_configured)
        async with await NutClient.connect(server.port) as client:
            await client.encrypt(trusting(certificates))
            assert await client.ask("NETVER") == "1.3"


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ({"certificate_file": "nosuch"}, "cannot read .*nosuch.pem: No such file"),
        ({"certificate_file": "server"}, "server.pem are no certificate and its key"),
        ({"certificate_file": "server", "key_file": "nosuch"}, "cannot read .*nosuch.pem"),
        ({"certificate_file": "server", "key_file": "stranger-key"}, "stranger-key.pem are no"),
        ({"certificate_file": "server", "key_file": "encrypted-key"}, "without a password"),
        ({"certificate_file": "server-key"}, "server-key.pem are no certificate"),
    ],
)
async def test_a_certificate_that_cannot_be_used_stops_the_start_with_one_error(
    broker: Mosquitto, certificates: Certificates, names: dict[str, str], complaint: str
):
    files = {key: str(certificates[name]) for key, name in names.items()}
    port = free_port()
    gateway = {"listen": [f"127.0.0.1:{port}"], **files}
    tables = {"bus": {"broker": broker.url}, "gateway": gateway}
    settings = Latest(GatewaySettings.from_tables(tables, "test"))
    with pytest.raises(ExceptionGroup) as caught:
        await app.run(settings)
    assert caught.group_contains(SettingsError, match=complaint)
    assert len(caught.value.exceptions) == 1
    assert not await accepts(port)


async def test_an_authority_that_cannot_be_used_stops_the_start(
    broker: Mosquitto, certificates: Certificates
):
    gateway = {
        "certificate_file": str(certificates["both"]),
        "client_certificates": "require",
        "certificate_authority": str(certificates["server-key"]),
    }
    tables = {"bus": {"broker": broker.url}, "gateway": gateway}
    settings = Latest(GatewaySettings.from_tables(tables, "test"))
    with pytest.raises(ExceptionGroup) as caught:
        await app.run(settings)
    assert caught.group_contains(SettingsError, match=r"certificate_authority .*server-key.pem")


@pytest.fixture
def from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take no client for one of this machine."""
    monkeypatch.setattr(client, "LOOPBACK", ())


DENIED = "ERR ACCESS-DENIED"


@pytest.mark.usefixtures("from_elsewhere")
@pytest.mark.parametrize("demand", ["passwords", "everything"])
async def test_what_is_to_be_said_over_tls_is_refused_in_plain_text(
    broker: Mosquitto, certificates: Certificates, demand: str, caplog: pytest.LogCaptureFixture
):
    settings: dict[str, Any] = {"certificate_file": str(certificates["both"])}
    async with (
        playing(broker),
        serving(broker, **settings, require_tls=demand) as server,
        await NutClient.connect(server.port) as plain,
        await NutClient.connect(server.port) as encrypted,
    ):
        await encrypted.encrypt(trusting(certificates))
        await encrypted.log_in("admin", "secret")
        assert await encrypted.ask("LOGIN ups") == "OK"
        for _ in range(2):  # the second time a reply is ready
            assert await encrypted.ask("GET UPSDESC pdu") == 'UPSDESC pdu "Unavailable"'
            assert (await plain.ask("GET UPSDESC pdu") == DENIED) is (demand == "everything")
        assert await plain.ask("VER") == await encrypted.ask("VER")
        assert (await plain.ask("HELP")).startswith("Commands:")
        for line in ("USERNAME admin", "PASSWORD secret", "SET TRACKING ON", "LOGIN ups"):
            assert await plain.ask(line) == DENIED
        assert await plain.ask("NONSENSE") == "ERR UNKNOWN-COMMAND"
        assert await ask(server.port, "LOGOUT") == "OK Goodbye"
    (said,) = [each for each in caplog.messages if "require_tls" in each]
    assert said.startswith("GET" if demand == "everything" else "USERNAME")


async def test_clients_of_this_machine_need_no_tls(broker: Mosquitto, certificates: Certificates):
    settings: dict[str, Any] = {"certificate_file": str(certificates["both"])}
    async with (
        playing(broker),
        serving(broker, **settings, require_tls="everything") as server,
        await NutClient.connect(server.port, "admin") as plain,
    ):
        assert await plain.ask("LOGIN ups") == "OK"
        assert await plain.rows("LIST UPS")


@pytest.mark.usefixtures("from_elsewhere")
async def test_a_reload_brings_the_demand_for_those_who_are_there(
    broker: Mosquitto, certificates: Certificates
):
    async with (
        playing(broker),
        serving(broker, certificate_file=str(certificates["both"])) as server,
        await NutClient.connect(server.port, "admin") as plain,
    ):
        assert await plain.ask("LOGIN ups") == "OK"
        assert await plain.rows("LIST UPS")
        server.reload(require_tls="everything")
        await until(lambda: is_denied(plain))
        assert await plain.ask("SET VAR ups ups.id new") == DENIED
        server.reload(require_tls="passwords")
        assert await plain.rows("LIST UPS")
        assert await plain.ask("SET VAR ups ups.id new") == DENIED


async def is_denied(plain: NutClient) -> bool:
    return await plain.ask("GET UPSDESC pdu") == DENIED


@pytest.mark.usefixtures("from_elsewhere")
async def test_which_of_nuts_clients_begin_tls(
    broker: Mosquitto, certificates: Certificates, tmp_path: Path
):
    """upsc and upsmon do wherever it is offered; upscmd and upsrw of NUT 2.8 never do."""
    async with (
        playing(broker),
        serving(
            broker, certificate_file=str(certificates["both"]), require_tls="everything"
        ) as server,
    ):
        ups, admin = f"ups@127.0.0.1:{server.port}", ("-u", "admin", "-p", "secret")
        assert await run_nut("upsc", ups, "ups.status") == "OL"
        assert "ACCESS-DENIED" in await run_nut("upscmd", *admin, ups, "load.off")
        assert "ACCESS-DENIED" in await run_nut("upsrw", *admin, "-s", "ups.id=y", ups)
        with upsmon(
            tmp_path / "upsmon",
            ups="ups",
            server=f"127.0.0.1:{server.port}",
            user="watch",
            password="watch",
            role="secondary",
            command="/bin/true",
        ) as monitor:
            await until(lambda: "in SSL" in monitor.log)
            await until(lambda: has_one_login(server.port, certificates))
            await asyncio.to_thread(monitor.stop)  # it says goodbye to the gateway of this loop


async def has_one_login(port: int, certificates: Certificates) -> bool:
    async with await NutClient.connect(port) as counting:
        await counting.encrypt(trusting(certificates))
        return await counting.ask("GET NUMLOGINS ups") == "NUMLOGINS ups 1"


async def run_nut(name: str, *words: str) -> str:
    """Run a client of NUT; all that it says."""
    process = await asyncio.create_subprocess_exec(
        find_nut_program(name),
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"NUT_QUIET_INIT_SSL": "true"},
    )
    async with asyncio.timeout(30):
        said, _ = await process.communicate()
    return said.decode().strip().splitlines()[-1]
