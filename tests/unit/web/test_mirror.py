"""What the web service knows beside the devices: services, energy, reasons."""

import pytest

from services.web.mirror import Mirror
from shared.fleet import SETTLE_TIME
from shared.messages import Availability, Message, Publication, variable
from shared.service_messages import (
    EnergyReading,
    MonitorPower,
    Phase,
    ServiceInfo,
    service_availability,
)
from shared.topics import ServiceKind, Topics

TOPICS = Topics()
MONITOR = (ServiceKind.MONITOR, "host1")
ONLINE = service_availability(TOPICS, *MONITOR, Availability.ONLINE)
POWER = MonitorPower(host="host1", present=1, needed=1, phase=Phase.FINAL).publication(
    TOPICS, "host1"
)
INFO = ServiceInfo(version="1", host="host1", started=1.0).publication(TOPICS, *MONITOR)
ENERGY = EnergyReading(energy=1.0).publication(TOPICS, "ha", "rack1")
REASON = variable(TOPICS, "rack1", "driver.state", "silent")


@pytest.fixture
def mirror():
    mirror = Mirror(TOPICS)
    mirror.begin_session(0.0)
    tell(mirror, ONLINE, POWER, INFO, ENERGY, REASON)
    mirror.expire(SETTLE_TIME)
    return mirror


def tell(mirror: Mirror, *said: Publication) -> None:
    for each in said:
        mirror.take(Message(each.topic, each.payload, retained=True), 0.0)


def test_what_is_announced_stays(mirror):
    assert mirror.powers().keys() == {"host1"}
    assert mirror.energies
    assert mirror.reasons == {"rack1": "silent"}


def test_what_a_broker_has_no_more_is_gone_once_it_has_said_all(mirror):
    heard = []
    mirror.follow_services(lambda kind, id, view: heard.append((kind, id, view)))
    mirror.end_session()
    mirror.expire(100.0)
    mirror.begin_session(100.0)
    mirror.expire(100.0 + SETTLE_TIME - 1)
    assert mirror.powers()
    mirror.expire(100.0 + SETTLE_TIME)
    assert (mirror.services, mirror.energies, mirror.reasons) == ({}, {}, {})
    assert heard[-1] == (*MONITOR, None)


def test_what_is_announced_again_is_kept_part_by_part(mirror):
    mirror.end_session()
    mirror.begin_session(100.0)
    tell(mirror, ONLINE, ENERGY)
    mirror.expire(100.0 + SETTLE_TIME)
    (view,) = mirror.services.values()
    assert view.availability is Availability.ONLINE
    assert (view.power, view.info) == (None, None)
    assert mirror.energies
    assert not mirror.reasons
