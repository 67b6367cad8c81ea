"""Mutual TLS with what `nutbus certs` makes and deploy/ ships: who gets in, what is said else."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.console.certs_authority import Authority, Issued, Use
from services.driver import app as driver
from services.driver.settings import DriverSettings
from services.gateway import app as gateway
from services.gateway.settings import GatewaySettings
from shared.bus import connect
from shared.errors import BusError, first_error
from shared.latest import Latest
from shared.messages import Publication
from shared.settings import BusSettings
from tests.ports import free_port
from tests.scanner import scan, versions, weak
from tests.shipped import DEPLOY, PASSWORD, TlsMosquitto, TlsNats

pytestmark = pytest.mark.integration

TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Site:
    """A broker with mutual TLS, and the authority it goes by."""

    broker: TlsMosquitto | TlsNats
    authority: Authority

    def bus(self, user: str, pair: Issued | None = None, **settings: object) -> BusSettings:
        """Be that user at the broker, by certificate; NATS wants the password as well."""
        pair = pair or self.client(user)
        known: dict[str, object] = {
            "broker": f"mqtts://localhost:{self.broker.tls_port}",
            "ca_file": self.authority.pair.certificate,
            "certificate_file": pair.pair.certificate,
            "key_file": pair.pair.key,
        }
        if isinstance(self.broker, TlsNats):
            known |= {"username": user, "password": PASSWORD}
        return BusSettings.model_validate(known | settings)

    def client(self, user: str, days: int = 2) -> Issued:
        return self.authority.sign(Use.CLIENT, [user], days, force=True)


@pytest.fixture(params=[TlsMosquitto, TlsNats], ids=["mosquitto", "nats"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Site]:
    authority = made_authority(tmp_path / "site")
    broker: TlsMosquitto | TlsNats = request.param(tmp_path)
    certificates = tmp_path / "certs"
    certificates.mkdir()
    server = authority.sign(Use.SERVER, ["localhost", "127.0.0.1"])
    for here, there in (
        (authority.pair.certificate, "ca.pem"),
        (server.pair.certificate, "server.pem"),
        (server.pair.key, "server-key.pem"),
    ):
        (certificates / there).write_bytes(here.read_bytes())
    await broker.start()
    yield Site(broker, authority)
    await broker.stop()


def made_authority(folder: Path) -> Authority:
    authority = Authority(folder)
    authority.create("test")
    return authority


async def complaint(settings: BusSettings) -> str:
    """Connect and subscribe; what our client says against it."""
    try:
        async with asyncio.timeout(TIMEOUT), connect(settings) as bus:
            await bus.subscribe("nut/device/rack1/command/#")
    except* BusError as group:
        error = first_error(group)
    else:
        return ""
    return str(error)


async def test_a_service_is_the_user_that_its_certificate_names(site: Site):
    async with asyncio.timeout(TIMEOUT), connect(site.bus("viewer")) as viewer:
        await viewer.subscribe("nut/#")
        for user, topic in (
            ("stranger", "nut/device/rack1/fsd"),
            ("viewer", "nut/device/rack1/fsd"),
            ("driver", "nut/device/rack1/fsd"),
            ("driver", "nut/device/rack2/state"),
            ("monitor-web1", "nut/service/monitor/web2/stage"),
            ("driver", "nut/device/rack1/event"),
        ):
            try:
                async with connect(site.bus(user)) as bus:
                    await bus.publish(Publication(topic, user.encode(), 1, retain=False))
            except* BusError:
                pass  # so does Mosquitto hang up on who writes what he may not
        messages = viewer.listen()
        message = await anext(messages)
        await messages.aclose()
    assert (message.topic, message.payload) == ("nut/device/rack1/event", b"driver")


async def test_driver_and_gateway_do_their_work_with_certificates(site: Site):
    port = free_port()

    def of(user: str) -> dict[str, object]:
        return {
            "bus": site.bus(user).model_dump(exclude_none=True),
            "devices": {"rack1": {"driver": "simulated"}},
            "gateway": {"listen": [f"127.0.0.1:{port}"]},
        }

    driving = Latest(DriverSettings.from_tables(of("driver"), "test"))
    serving = Latest(GatewaySettings.from_tables(of("gateway"), "test"))
    async with asyncio.timeout(TIMEOUT), asyncio.TaskGroup() as tasks:
        services = (tasks.create_task(driver.run(driving)), tasks.create_task(gateway.run(serving)))
        while await status(port) != 'VAR rack1 ups.status "OL"\n':
            await asyncio.sleep(0.05)
        for service in services:
            service.cancel()


async def status(port: int) -> str:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return ""
    writer.write(b"GET VAR rack1 ups.status\n")
    answer = await reader.readline()
    writer.close()
    return answer.decode()


async def test_without_a_certificate_nobody_comes_in_and_is_told_what_is_missing(site: Site):
    said = await complaint(site.bus("driver", certificate_file=None, key_file=None))
    assert re.search(
        r"refuses us without a certificate: set certificate_file|or that we have none", said
    )


async def test_a_certificate_of_another_authority_is_refused(site: Site, tmp_path: Path):
    foreign = made_authority(tmp_path / "foreign").sign(Use.CLIENT, ["driver"])
    said = await complaint(site.bus("driver", foreign))
    assert "refuses our certificate" in said


async def test_a_certificate_that_has_ended_is_refused(site: Site):
    said = await complaint(site.bus("driver", site.client("driver", days=-1)))
    assert re.search("refuses our certificate", said)


async def test_a_broker_of_another_authority_is_not_trusted(site: Site, tmp_path: Path):
    foreign = made_authority(tmp_path / "foreign")
    said = await complaint(site.bus("driver", ca_file=foreign.pair.certificate))
    assert re.search(r"localhost:\d+: its certificate is not trusted: .*see ca_file", said)


async def test_a_broker_under_another_name_is_not_trusted(site: Site):
    broker = f"mqtts://127.0.0.2:{site.broker.tls_port}"
    await relisten(site, "127.0.0.2")
    said = await complaint(site.bus("driver", broker=broker))
    assert re.search(r"127\.0\.0\.2.*not trusted.*(IP address mismatch|not valid for)", said)


async def relisten(site: Site, host: str) -> None:
    """Let the broker listen on another address, which its certificate does not have."""
    old = "127.0.0.1"
    site.broker.places = tuple(
        (shipped, here.replace(old, host) if shipped in ("8883", "0.0.0.0") else here)
        for shipped, here in site.broker.places
    )
    await site.broker.stop()
    await site.broker.start()


async def test_a_broker_whose_certificate_has_ended_is_not_trusted(site: Site):
    old = site.authority.sign(Use.SERVER, ["localhost"], -1, force=True)
    folder = site.broker.directory / "certs"
    (folder / "server.pem").write_bytes(old.pair.certificate.read_bytes())
    (folder / "server-key.pem").write_bytes(old.pair.key.read_bytes())
    await site.broker.stop()
    await site.broker.start()
    assert "certificate has expired" in await complaint(site.bus("driver"))


async def test_who_speaks_plain_text_to_tls_hears_so_as_does_the_opposite(site: Site):
    plain = site.bus("driver", broker=f"mqtt://localhost:{site.broker.tls_port}")
    assert await complaint(plain)
    if isinstance(site.broker, TlsMosquitto):  # the other way, where a plain port is left
        said = await complaint(site.bus("driver", broker=f"mqtts://localhost:{site.broker.port}"))
        assert re.search("no TLS|reset|hung up", said)


async def test_renewed_certificates_go_on_working(site: Site):
    site.authority.renew(site.client("driver"))
    own = site.authority.renew(site.authority.issued()[0])
    assert own.use is Use.CA
    assert not await complaint(site.bus("driver", site.authority.issued()[-1]))


async def test_a_scanner_finds_nothing_but_new_tls(site: Site):
    own = site.client("driver").pair
    scanned = await scan(site.broker.tls_port, f"--certs={own.certificate}", f"--pk={own.key}")
    assert versions(scanned, "enabled") == ["TLSv1.2", "TLSv1.3"]
    assert weak(scanned) == []


def test_the_file_with_tls_has_all_that_the_one_without_has():
    files = ("mosquitto.conf", "mosquitto-tls.conf")
    plain, encrypted = ((DEPLOY / name).read_text() for name in files)
    settings = {line for line in plain.splitlines() if line and not line.startswith("#")}
    assert settings <= set(encrypted.splitlines())
