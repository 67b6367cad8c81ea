"""A device with a standby counts on while it may be handed over, and no longer."""

import pytest

from shared.fleet import HANDOVER_TIME, Fleet
from shared.messages import Availability, DeviceMeta, DeviceState, Message, device_availability
from shared.service_messages import service_availability
from shared.topics import Topics

TOPICS = Topics()
ONLINE, OFFLINE = Availability.ONLINE, Availability.OFFLINE


@pytest.fixture
def fleet():
    fleet = Fleet(TOPICS)
    service(fleet, "first", ONLINE)
    meta(fleet, "first", standby=True)
    state = DeviceState(seq=1, at=0.0, vars={"ups.status": "OL"})
    hear(fleet, state.publication(TOPICS, "ups", urgent=True))
    hear(fleet, device_availability(TOPICS, "ups", ONLINE))
    return fleet


def hear(fleet, publication, now=0.0):
    assert fleet.take(Message(publication.topic, publication.payload, False), now)


def service(fleet, id, value, now=0.0):
    hear(fleet, service_availability(TOPICS, "driver", id, value), now)


def meta(fleet, service, *, standby, now=0.0):
    described = DeviceMeta(driver="snmp", service=service, standby=standby, heartbeat=60.0)
    hear(fleet, described.publication(TOPICS, "ups"), now)


def state(fleet, seq, status, now=0.0):
    told = DeviceState(seq=seq, at=0.0, vars={"ups.status": status})
    hear(fleet, told.publication(TOPICS, "ups", urgent=True), now)
    return fleet.devices["ups"].status


def standing(fleet):
    return fleet.devices["ups"].standing


def test_it_counts_on_until_another_has_it(fleet):
    told = []
    fleet.follow(lambda _name, device: told.append(device.standing))
    service(fleet, "second", ONLINE, 1.0)
    service(fleet, "first", OFFLINE, 10.0)
    fleet.expire(10.0 + HANDOVER_TIME - 0.5)
    meta(fleet, "second", standby=True, now=13.0)
    fleet.expire(10.0 + 2 * HANDOVER_TIME)
    assert standing(fleet) is ONLINE
    assert set(told) <= {ONLINE}


def test_nobody_takes_it_over(fleet):
    service(fleet, "first", OFFLINE, 10.0)
    assert standing(fleet) is ONLINE
    fleet.expire(10.0 + HANDOVER_TIME + 0.1)
    assert standing(fleet) is OFFLINE


def test_its_service_says_offline_twice(fleet):
    service(fleet, "first", OFFLINE, 10.0)
    service(fleet, "first", OFFLINE, 13.0)
    fleet.expire(10.0 + HANDOVER_TIME + 0.1)
    assert standing(fleet) is OFFLINE


def test_its_service_is_back_at_once(fleet):
    service(fleet, "first", OFFLINE, 10.0)
    service(fleet, "first", ONLINE, 11.0)
    fleet.expire(10.0 + 2 * HANDOVER_TIME)
    assert standing(fleet) is ONLINE


def test_it_is_taken_over_by_one_who_is_not_online(fleet):
    service(fleet, "first", OFFLINE, 10.0)
    meta(fleet, "second", standby=True, now=11.0)
    assert standing(fleet) is OFFLINE


def test_without_a_standby_it_is_gone_at_once(fleet):
    meta(fleet, "first", standby=False)
    service(fleet, "first", OFFLINE, 10.0)
    assert standing(fleet) is OFFLINE


def test_one_that_was_offline_when_we_came_does_not_count():
    fleet = Fleet(TOPICS)
    meta(fleet, "first", standby=True)
    hear(fleet, device_availability(TOPICS, "ups", ONLINE))
    service(fleet, "first", OFFLINE)
    assert standing(fleet) is OFFLINE


def test_what_one_that_was_cut_off_had_said_comes_late_and_is_no_news(fleet):
    meta(fleet, "second", standby=True, now=11.0)
    assert state(fleet, 1001, "OL", 11.0) == "OL"
    assert state(fleet, 2, "OB LB", 20.0) == "OL"
    assert fleet.devices["ups"].heard == 11.0
    assert state(fleet, 1002, "OB", 21.0) == "OB"


def test_who_lost_the_count_is_believed_when_nothing_else_comes(fleet):
    state(fleet, 1001, "OL", 11.0)
    assert state(fleet, 1, "OB", 30.0) == "OL"
    fleet.expire(11.0 + 3 * 60.0 + 1.0)
    assert state(fleet, 2, "OB", 200.0) == "OB"


def test_who_lost_the_count_is_believed_after_a_new_connection(fleet):
    state(fleet, 1001, "OL", 11.0)
    fleet.begin_session(12.0)
    assert state(fleet, 1, "OB", 13.0) == "OB"


def test_a_device_that_has_no_standby_yet_may_count_anew(fleet):
    meta(fleet, "first", standby=False)
    state(fleet, 1001, "OL", 11.0)
    meta(fleet, "first", standby=True)
    assert state(fleet, 1, "OB", 12.0) == "OB"
