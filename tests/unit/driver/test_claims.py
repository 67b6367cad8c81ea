"""What a driver service that stands by makes of those that know of no standby."""

import pytest

from services.driver.claims import Claims
from shared.messages import Claim, DeviceMeta, Message
from shared.topics import OfDevice, OfService, ServiceKind, ServiceTopic, Topics

TOPICS = Topics()
ONLINE = TOPICS.service(ServiceKind.DRIVER, "other", ServiceTopic.AVAILABILITY)
PLAIN = DeviceMeta(desc="", driver="dummy-ups", service="other", commands=[], writable={})


@pytest.fixture
def claims():
    found = Claims("us", TOPICS, lambda _device, _works: None)
    found.add("ups1", 1, preempts=False, told=lambda: (0, ""))
    found.begin()
    note(found, ONLINE, b"online")
    note(found, *kept(PLAIN))
    return found


def note(claims, topic, payload, *, retained=True):
    about = TOPICS.parse(topic)
    assert isinstance(about, OfDevice | OfService)
    claims.note(about, Message(topic, payload, retained))


def kept(what):
    publication = what.publication(TOPICS, "ups1")
    return publication.topic, publication.payload


def hear(claims, what):
    topic, payload = kept(what)
    note(claims, topic, payload, retained=False)


def rival(claims):
    return claims._devices["ups1"].candidate.rival


def claim(**more):
    return Claim(service="other", term="t", **{"beat": 3, **more})


def test_who_works_and_makes_no_claims_is_left_alone(claims):
    assert rival(claims) == "other"
    note(claims, *kept(claim()))  # from before he was told to work without a standby
    assert rival(claims) == "other"


def test_who_makes_claims_by_now_is_a_rival_no_more(claims):
    """The broker may have lost the description that says so."""
    hear(claims, claim())
    assert rival(claims) == ""
    note(claims, ONLINE, b"online", retained=False)  # as it is said again now and then
    assert rival(claims) == ""


def test_who_gives_his_claim_up_to_work_without_a_standby_stays_one(claims):
    hear(claims, claim(released=True))
    assert rival(claims) == "other"
