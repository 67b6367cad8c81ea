"""What clients see of the fleet, and when ready replies are dropped."""

from services.gateway.logins import Logins
from services.gateway.mirror import Mirror
from services.gateway.replies import FLEET, Replies
from services.gateway.tracking import Tracking
from shared.fleet import Fleet
from shared.messages import (
    Availability,
    DeviceMeta,
    DeviceState,
    ForcedShutdown,
    Message,
    Publication,
    clearing,
    device_availability,
)
from shared.service_messages import service_availability
from shared.topics import DeviceTopic, Topics

TOPICS = Topics()


class Rig:
    """A mirror of a fleet, fed with messages; the clock is the test's."""

    def __init__(self) -> None:
        self.now = 0.0
        self.fleet = Fleet(TOPICS)
        self.replies = Replies()
        self.mirror = Mirror(self.fleet, Logins(), Tracking(), self.replies)
        self.mirror.max_age = 15.0
        self.take(service_availability(TOPICS, "driver", "host", Availability.ONLINE))
        self.describe("ups")
        self.measure("ups", 1, {"ups.status": "OL"})
        self.take(device_availability(TOPICS, "ups", Availability.ONLINE))

    def take(self, publication: Publication) -> None:
        self.fleet.take(Message(publication.topic, publication.payload, False), self.now)

    def describe(self, name: str, heartbeat: float = 5.0) -> None:
        meta = DeviceMeta(driver="dummy", service="host", heartbeat=heartbeat)
        self.take(meta.publication(TOPICS, name))

    def measure(self, name: str, seq: int, variables: dict[str, str]) -> None:
        state = DeviceState(seq=seq, at=float(seq), vars=variables)
        self.take(state.publication(TOPICS, name, urgent=False))

    def keep(self) -> None:
        self.replies.keep(b"about ups", b"x", "ups")
        self.replies.keep(b"about all", b"x", FLEET)

    @property
    def kept(self) -> list[bytes]:
        return [key for key in (b"about ups", b"about all") if self.replies.get(key)]

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.fleet.expire(self.now)
        self.mirror.tick(self.now)

    def standing(self) -> Availability:
        device = self.mirror.device("ups")
        assert device is not None
        return self.mirror.standing(device)


def test_a_heartbeat_that_says_nothing_new_keeps_the_replies():
    rig = Rig()
    rig.keep()
    rig.pass_time(5)
    rig.measure("ups", 2, {"ups.status": "OL"})
    assert rig.kept == [b"about ups", b"about all"]
    rig.measure("ups", 3, {"ups.status": "OB"})
    assert rig.kept == [b"about all"]


def test_what_is_new_about_one_device_drops_nothing_about_others():
    rig = Rig()
    rig.describe("other")
    rig.keep()
    rig.measure("other", 1, {"ups.status": "OL"})
    assert rig.kept == [b"about ups", b"about all"]


def test_a_new_description_changes_the_list_of_devices():
    rig = Rig()
    rig.describe("other")
    rig.keep()
    rig.describe("other", heartbeat=6.0)
    assert rig.kept == [b"about ups"]


def test_a_device_that_comes_or_goes_may_change_what_a_name_means():
    rig = Rig()
    rig.keep()
    rig.describe("new")
    assert rig.kept == []
    rig.keep()
    rig.take(clearing(TOPICS.device("new", DeviceTopic.META)))
    assert rig.kept == []


def test_fsd_and_availability_drop_the_replies():
    rig = Rig()
    for publication in (
        ForcedShutdown(by="x", at=0.0).publication(TOPICS, "ups"),
        device_availability(TOPICS, "ups", Availability.STALE),
        service_availability(TOPICS, "driver", "host", Availability.OFFLINE),
    ):
        rig.keep()
        rig.take(publication)
        assert b"about ups" not in rig.kept


def test_a_device_is_found_in_any_case_and_only_while_it_is_described():
    rig = Rig()
    assert rig.mirror.device("UPS") is rig.mirror.device("ups") is not None
    assert rig.mirror.device("") is None
    rig.describe("UPS")
    found = rig.mirror.device("UPS")
    assert found is not None
    assert found.name == "UPS", "the exact name goes first"
    rig.take(clearing(TOPICS.device("UPS", DeviceTopic.META)))
    found = rig.mirror.device("UPS")
    assert found is not None
    assert found.name == "ups"
    rig.take(clearing(TOPICS.device("ups", DeviceTopic.META)))
    assert rig.mirror.device("ups") is None
    assert rig.mirror.names() == []


def test_silence_makes_a_device_stale_and_drops_the_replies():
    rig = Rig()
    rig.keep()
    rig.pass_time(15)
    assert rig.standing() is Availability.ONLINE
    rig.pass_time(0.5)
    assert rig.standing() is Availability.STALE
    assert rig.kept == [b"about all"]
    rig.measure("ups", 2, {"ups.status": "OL"})
    assert rig.standing() is Availability.ONLINE


def test_a_longer_max_age_gives_a_device_more_time():
    rig = Rig()
    rig.mirror.max_age = 60.0
    rig.keep()
    rig.pass_time(59)
    assert rig.standing() is Availability.ONLINE
    assert rig.kept == [b"about ups", b"about all"]
    rig.pass_time(2)
    assert rig.standing() is Availability.STALE
    assert rig.kept == [b"about all"]


def test_a_slow_heartbeat_is_waited_for_whatever_max_age_says():
    rig = Rig()
    rig.describe("ups", heartbeat=30.0)
    rig.pass_time(89)
    assert rig.standing() is Availability.ONLINE
    rig.pass_time(2)
    assert rig.standing() is Availability.STALE
