"""What a site's bridge tells, and what the centre's rules of deploy/bridges let it tell."""

import contextlib
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from shared.topics import DeviceTopic, ServiceKind, ServiceTopic, Topics
from tests.brokers import Login, mosquitto_password_line
from tests.shipped import DEPLOY, PASSWORD, TESTER, ShippedMosquitto
from tests.simulators.mqtt_peer import Peer

pytestmark = pytest.mark.integration

SITE = "site1"
OUT = re.findall(r"^topic (\S+) out \d$", (DEPLOY / "bridges/site.conf").read_text(), re.MULTILINE)
OF_ONE_KIND = {
    ServiceTopic.LOGINS: ServiceKind.GATEWAY,
    ServiceTopic.POWER: ServiceKind.MONITOR,
}


class Centre(ShippedMosquitto):
    """A centre's Mosquitto: the site is a user of it, by password here."""

    def command(self) -> tuple[str, ...]:
        started = super().command()
        with (self.directory / "passwords").open("a") as passwords:
            passwords.write(mosquitto_password_line(Login(SITE, PASSWORD)))
        with (self.directory / "mosquitto.acl").open("a") as rules:
            rules.write("\n" + (DEPLOY / "bridges/centre.acl").read_text())
        return started


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncGenerator[Centre]:
    broker = Centre(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


def told() -> list[str]:
    """List what the bridge tells of a site with one device and a service of each kind."""
    topics = []
    for filter_ in OUT:
        of_device = re.fullmatch(r"nut/device/\+/(.+)", filter_)
        if of_device:
            topics.append(f"nut/device/{SITE}-ups/{of_device[1].replace('#', 'ups/status')}")
            continue
        _, _, kind, _, part = filter_.split("/")
        kinds = list(ServiceKind) if kind == "+" else [kind]
        topics += [f"nut/service/{each}/{SITE}/{part}" for each in kinds]
    return [*topics, f"nut-bridges/{SITE}"]


def test_it_tells_all_that_others_have_to_know():
    parts = {about.part for about in map(Topics().parse, told()) if about}
    here_only = {DeviceTopic.COMMAND, DeviceTopic.SET, DeviceTopic.CLAIM}
    assert parts >= {*DeviceTopic} - here_only
    assert parts >= {ServiceTopic.INFO, ServiceTopic.AVAILABILITY, *OF_ONE_KIND}


async def test_the_centre_lets_a_site_tell_all_of_it_whatever_services_it_has(centre: Centre):
    async with (
        Peer.connected(centre.port, "tester", login=(TESTER, PASSWORD)) as tester,
        Peer.connected(centre.port, SITE, login=(SITE, PASSWORD)) as site,
    ):
        await tester.subscribe("nut/#", "nut-bridges/#")
        for topic in told():
            await site.publish(topic, b"told", qos=1)
            assert (await tester.receive()).topic == topic


async def test_the_centre_lets_no_site_speak_for_others_or_give_orders(centre: Centre):
    foreign = [topic.replace(SITE, "site2") for topic in told()]
    orders = [f"nut/device/{SITE}-ups/{part}/load/off" for part in ("command", "set")]
    async with Peer.connected(centre.port, "tester", login=(TESTER, PASSWORD)) as tester:
        await tester.subscribe("nut/#", "nut-bridges/#")
        for topic in (*foreign, *orders, f"nut/service/monitor/{SITE}/stage"):
            async with Peer.connected(centre.port, SITE, login=(SITE, PASSWORD)) as site:
                with contextlib.suppress(EOFError, OSError):  # the broker hangs up for it
                    await site.publish(topic, b"told", qos=1)
        await tester.publish("nut/end", qos=1)
        assert (await tester.receive()).topic == "nut/end"
