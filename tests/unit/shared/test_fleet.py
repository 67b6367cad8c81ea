import logging
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import messages, service_messages
from shared.fleet import HEARTBEATS_MISSED, SETTLE_TIME, Device, Fleet
from shared.messages import (
    Availability,
    DeviceMeta,
    DeviceState,
    ForcedShutdown,
    Message,
    Publication,
)
from shared.service_messages import ServiceInfo
from shared.topics import DeviceTopic, ServiceTopic, Topics

TOPICS = Topics("nut")
BEAT = 5.0
PATIENCE = HEARTBEATS_MISSED * BEAT
ONLINE, STALE, OFFLINE = Availability.ONLINE, Availability.STALE, Availability.OFFLINE
FSD = ForcedShutdown(by="monitor", at=1.0)


class Mirror:
    """A fleet with a clock that a test moves, and what its listener was told."""

    def __init__(self) -> None:
        self.fleet = Fleet(TOPICS)
        self.now = 100.0
        self.told: list[tuple[str, Device | None]] = []
        self.fleet.follow(lambda name, device: self.told.append((name, device)))

    def take(self, *publications: Publication, retained: bool = False) -> None:
        for topic, payload, *_ in publications:
            assert self.fleet.take(Message(topic, payload, retained), self.now)

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.now += 1.0
            self.fleet.expire(self.now)

    def begin(self) -> None:
        self.fleet.begin_session(self.now)

    def __getitem__(self, name: str) -> Device:
        return self.fleet.devices[name]

    def announce(self, *names: str, service: str = "host") -> None:
        self.take(serving(ONLINE, service))
        for name in names:
            self.take(meta(name, service), available(name), state(name))


def state(name: str = "ups1", status: str = "OL", seq: int = 1, charge: str = "") -> Publication:
    told = {"ups.status": status} | ({"charge": charge} if charge else {})
    return DeviceState(seq=seq, at=1e9, vars=told).publication(TOPICS, name, urgent=False)


def meta(name: str = "ups1", service: str = "host", heartbeat: float = BEAT) -> Publication:
    described = DeviceMeta(driver="dummy", service=service, heartbeat=heartbeat)
    return described.publication(TOPICS, name)


def available(name: str = "ups1", value: Availability = ONLINE) -> Publication:
    return messages.device_availability(TOPICS, name, value)


def serving(value: Availability = ONLINE, service: str = "host") -> Publication:
    return service_messages.service_availability(TOPICS, "driver", service, value)


def info(*devices: str, service: str = "host") -> Publication:
    said = ServiceInfo(version="1", host="h", started=1.0, devices=list(devices))
    return said.publication(TOPICS, "driver", service)


def cleared(part: DeviceTopic, name: str = "ups1") -> Publication:
    return messages.clearing(TOPICS.device(name, part))


@pytest.fixture
def mirror() -> Mirror:
    return Mirror()


# --- what stands


def test_a_device_is_online_when_its_own_topic_and_its_service_both_say_so(mirror):
    mirror.take(meta(), state())
    assert mirror["ups1"].standing is OFFLINE
    mirror.take(available())
    assert mirror["ups1"].standing is OFFLINE
    mirror.take(serving(ONLINE))
    assert mirror["ups1"].standing is ONLINE
    mirror.take(serving(OFFLINE))
    assert mirror["ups1"].standing is OFFLINE
    mirror.take(serving(ONLINE), available(value=STALE))
    assert mirror["ups1"].standing is STALE


def test_another_service_does_not_speak_for_a_device(mirror):
    mirror.take(meta(), state(), available(), serving(ONLINE, "elsewhere"))
    topic, payload, *_ = service_messages.service_availability(TOPICS, "gateway", "host", ONLINE)
    assert not mirror.fleet.take(Message(topic, payload, retained=False), mirror.now)
    assert mirror["ups1"].standing is OFFLINE


def test_a_device_that_moves_to_another_service_stands_with_that(mirror):
    mirror.announce("ups1")
    mirror.take(meta(service="standby"))
    assert mirror["ups1"].standing is OFFLINE
    mirror.take(serving(ONLINE, "standby"), serving(OFFLINE))
    assert mirror["ups1"].standing is ONLINE


def test_an_online_device_without_a_state_is_stale(mirror):
    mirror.take(serving(), meta(), available())
    assert mirror["ups1"].standing is STALE


# --- rule 3: fresh or not, by our own clock


def test_three_missed_heartbeats_make_a_device_stale_and_the_next_state_heals_it(mirror):
    mirror.announce("ups1")
    mirror.wait(PATIENCE)
    assert mirror["ups1"].standing is ONLINE
    mirror.wait(1)
    assert mirror["ups1"].standing is STALE
    mirror.take(state(seq=2))
    assert mirror["ups1"].standing is ONLINE


def test_the_times_in_states_do_not_matter(mirror):
    mirror.announce("ups1")
    for at in (0.0, 4e9):
        told = DeviceState(seq=1, at=at, vars={"ups.status": "OL"})
        mirror.take(told.publication(TOPICS, "ups1", urgent=False))
        mirror.wait(PATIENCE)
        assert mirror["ups1"].standing is ONLINE


def test_heartbeats_are_as_long_as_the_description_says(mirror):
    mirror.announce("ups1")
    mirror.take(meta(heartbeat=60.0))
    mirror.wait(HEARTBEATS_MISSED * 60.0)
    assert mirror["ups1"].standing is ONLINE
    mirror.wait(1)
    assert mirror["ups1"].standing is STALE


def test_a_service_that_repeats_that_it_is_online_is_no_heartbeat(mirror):
    mirror.announce("ups1")
    for _ in range(round(PATIENCE) + 1):
        mirror.wait(1)
        mirror.take(serving(ONLINE), available(), meta())
    assert mirror["ups1"].standing is STALE


def test_a_bad_state_is_no_heartbeat(mirror):
    mirror.announce("ups1")
    for _ in range(round(PATIENCE) + 1):
        mirror.wait(1)
        mirror.take(Publication("nut/device/ups1/state", b"\xc1", 0, retain=True))
    assert mirror["ups1"].standing is STALE


def test_a_retained_state_of_a_service_that_is_away_is_not_fresh(mirror):
    mirror.begin()
    mirror.take(meta(), state(), available(), serving(OFFLINE), retained=True)
    assert mirror["ups1"].standing is OFFLINE
    mirror.wait(PATIENCE + 1)
    mirror.take(serving(ONLINE))  # it is back, and has not read its device yet
    assert mirror["ups1"].standing is STALE
    mirror.take(state(seq=1))
    assert mirror["ups1"].standing is ONLINE


def test_a_retained_state_counts_as_fresh_while_all_say_online(mirror):
    mirror.begin()
    mirror.take(state(), available(), meta(), serving(), retained=True)
    assert mirror["ups1"].standing is ONLINE
    mirror.wait(PATIENCE + 1)
    assert mirror["ups1"].standing is STALE


def test_silence_is_told_once(mirror):
    mirror.announce("ups1")
    mirror.told.clear()
    mirror.wait(PATIENCE * 3)
    ((name, device),) = mirror.told
    assert name == "ups1"
    assert device is not None
    assert device.standing is STALE


# --- rule 5: FSD


def test_fsd_is_shown_first_for_a_device_that_nobody_describes(mirror):
    mirror.take(FSD.publication(TOPICS, "ups1"))
    assert mirror["ups1"].status == "FSD"
    assert mirror["ups1"].variables == {"ups.status": "FSD"}
    assert mirror["ups1"].standing is OFFLINE
    assert mirror.fleet.names() == []


def test_fsd_is_shown_first_until_it_is_cleared(mirror):
    mirror.announce("ups1")
    mirror.take(state(status="OB LB", charge="7"), FSD.publication(TOPICS, "ups1"))
    assert mirror["ups1"].variables == {"ups.status": "FSD OB LB", "charge": "7"}
    mirror.take(cleared(DeviceTopic.FSD))
    assert mirror["ups1"].status == "OB LB"


def test_fsd_survives_the_death_of_the_driver(mirror):
    mirror.announce("ups1")
    mirror.take(FSD.publication(TOPICS, "ups1"), serving(OFFLINE))
    for part in (DeviceTopic.STATE, DeviceTopic.META, DeviceTopic.AVAILABILITY):
        mirror.take(cleared(part))
    assert mirror["ups1"].status == "FSD"
    mirror.take(cleared(DeviceTopic.FSD))
    assert not mirror.fleet.devices


# --- rules 4, 6 and 7


def test_variables_and_events_on_the_bus_are_not_believed(mirror):
    mirror.announce("ups1")
    for topic, payload in (
        ("nut/device/ups1/var/ups/status", b"OB LB"),
        ("nut/device/ups1/event", b'{"type": "ONBATT"}'),
        ("nut/device/ups1/command/load/off", b""),
        ("nut/service/gateway/x/availability", b"online"),
        ("other/device/ups1/state", b""),
        ("nut/device/a b/state", b""),
    ):
        assert not mirror.fleet.take(Message(topic, payload, retained=False), mirror.now)
    assert mirror["ups1"].status == "OL"


@pytest.mark.parametrize("topic", [*Fleet(TOPICS).filters])
@pytest.mark.parametrize("payload", [b"\xff", b"{", b"\x80", b"on", b"x" * 200_000, b"\x91" * 9999])
def test_a_bad_payload_changes_nothing_and_is_told_in_one_line(mirror, caplog, topic, payload):
    mirror.announce("ups1")
    before = dict(mirror.fleet.devices)
    mirror.told.clear()
    where = topic.replace("driver/+", "driver/host").replace("+", "ups1")
    with caplog.at_level(logging.WARNING):
        assert mirror.fleet.take(Message(where, payload, retained=False), mirror.now)
    assert mirror.fleet.devices == before
    assert mirror.told == []
    (line,) = caplog.messages
    assert line.startswith(f"dropped a bad payload: {where}: ")
    assert line.isprintable()


@given(
    st.sampled_from([*Fleet(TOPICS).filters]).map(
        lambda filter_: filter_.replace("driver/+", "driver/host").replace("+", "ups1")
    ),
    st.binary(max_size=60),
)
def test_no_payload_stops_the_mirror(topic, payload):
    mirror = Mirror()
    mirror.announce("ups1")
    logging.getLogger("shared.fleet").disabled = True
    try:
        assert mirror.fleet.take(Message(topic, payload, retained=False), mirror.now)
    finally:
        logging.getLogger("shared.fleet").disabled = False
    mirror.wait(30)
    mirror.fleet.names()


def test_a_device_whose_topics_are_all_cleared_is_gone(mirror):
    mirror.announce("ups1")
    for part in (DeviceTopic.META, DeviceTopic.STATE):
        mirror.take(cleared(part))
    assert mirror.fleet.names() == []
    mirror.take(cleared(DeviceTopic.AVAILABILITY))
    assert mirror.told[-1] == ("ups1", None)
    assert not mirror.fleet.devices


def test_clearing_what_is_not_there_tells_nobody(mirror):
    mirror.take(*(cleared(part, "ghost") for part in DeviceTopic if part in PARTS))
    assert mirror.told == []


PARTS = (DeviceTopic.STATE, DeviceTopic.META, DeviceTopic.AVAILABILITY, DeviceTopic.FSD)


# --- who is told what


def test_listeners_are_told_in_the_order_in_which_they_came(mirror):
    told = []
    mirror.fleet.follow(lambda name, _: told.append(("second", name)))
    mirror.fleet.follow(lambda name, _: told.append(("third", name)))
    mirror.take(state())
    assert len(mirror.told) == 1
    assert told == [("second", "ups1"), ("third", "ups1")]


def test_a_listener_finds_the_fleet_as_it_was_told(mirror):
    seen = []
    mirror.fleet.follow(lambda name, device: seen.append(mirror.fleet.devices.get(name) is device))
    mirror.announce("a", "b")
    mirror.take(serving(OFFLINE), cleared(DeviceTopic.STATE, "a"))
    assert all(seen)


def test_what_changes_nothing_is_not_told(mirror):
    mirror.announce("ups1")
    mirror.told.clear()
    mirror.take(meta(), available(), serving())
    assert mirror.told == []


def test_names_are_sorted_by_service_and_there_as_the_settings_have_them(mirror):
    mirror.announce("d", "c", "b", "a")
    mirror.announce("z", "y", service="earlier")
    mirror.take(info("c", "a", "gone", "b"))
    assert mirror.fleet.names() == ["y", "z", "c", "a", "b", "d"]
    mirror.take(info("b", "a"), info("z", "y", service="earlier"))
    assert mirror.fleet.names() == ["z", "y", "b", "a", "c", "d"]
    mirror.take(messages.clearing(TOPICS.service("driver", "host", ServiceTopic.INFO)))
    assert mirror.fleet.names() == ["z", "y", "a", "b", "c", "d"]


# --- a session that begins anew


def test_what_is_not_announced_again_is_gone(mirror):
    mirror.begin()
    mirror.announce("kept", "removed")
    mirror.take(FSD.publication(TOPICS, "kept"), FSD.publication(TOPICS, "alone"))
    mirror.wait(SETTLE_TIME + 1)
    assert set(mirror.fleet.devices) == {"kept", "removed", "alone"}
    mirror.begin()
    mirror.announce("kept")
    mirror.wait(SETTLE_TIME - 1)
    assert set(mirror.fleet.devices) == {"kept", "removed", "alone"}
    mirror.wait(1)
    assert set(mirror.fleet.devices) == {"kept"}
    assert mirror["kept"].fsd is None
    assert sorted(name for name, device in mirror.told if device is None) == ["alone", "removed"]


def test_a_part_that_was_cleared_meanwhile_is_gone(mirror):
    mirror.begin()
    mirror.announce("ups1")
    mirror.begin()
    mirror.take(serving(), state(), available())
    mirror.wait(SETTLE_TIME)
    assert mirror["ups1"].meta is None
    assert not mirror["ups1"].service_online
    assert mirror["ups1"].state is not None


def test_a_service_that_was_cleared_meanwhile_is_offline(mirror):
    mirror.begin()
    mirror.announce("b", "a")
    mirror.take(info("b", "a"))
    mirror.begin()
    mirror.take(*(part(name) for name in ("a", "b") for part in (meta, state, available)))
    assert mirror["a"].standing is ONLINE
    mirror.wait(SETTLE_TIME)
    assert mirror["a"].standing is OFFLINE
    assert mirror.fleet.names() == ["a", "b"]


def test_a_session_that_is_lost_before_all_arrived_takes_nothing_away(mirror):
    mirror.begin()
    mirror.announce("ups1")
    mirror.wait(SETTLE_TIME)
    mirror.begin()
    mirror.fleet.end_session()
    mirror.wait(SETTLE_TIME * 2)
    assert mirror["ups1"].status == "OL"
    assert mirror["ups1"].standing is STALE


def test_announced_devices_without_a_state_are_warned_of_once(mirror, caplog):
    mirror.begin()
    mirror.announce("whole")
    mirror.take(*(part(name) for name in ("b", "a") for part in (meta, available)))
    mirror.take(meta("away", service="nobody"), available("away"))
    mirror.take(meta("never_reached"), available("never_reached", STALE))
    with caplog.at_level(logging.WARNING):
        mirror.wait(SETTLE_TIME * 3)
    (line,) = caplog.messages
    assert "no state of a, b after 10 s" in line
    assert "max_queued_messages" in line


# --- the property that all of this rests on: level, not edge

RETAINED = {
    publication.topic: publication
    for publication in (
        *(meta(name, service) for name, service in (("a", "one"), ("b", "one"), ("c", "two"))),
        *(state(name) for name in "abd"),
        available("a"),
        available("b", STALE),
        available("c", OFFLINE),
        available("e"),
        serving(ONLINE, "one"),
        serving(OFFLINE, "two"),
        info("b", "a", service="one"),
        FSD.publication(TOPICS, "b"),
        FSD.publication(TOPICS, "f"),
    )
}.values()


def mirrored(publications: list[Publication]) -> Mirror:
    mirror = Mirror()
    mirror.begin()
    mirror.take(*publications, retained=True)
    return mirror


@given(st.permutations(list(RETAINED)), st.integers(0, 20))
def test_the_same_retained_messages_give_the_same_fleet_in_any_order(publications, seconds):
    one, other = mirrored(list(RETAINED)), mirrored(publications)
    one.wait(seconds)
    other.wait(seconds)
    assert one.fleet.devices == other.fleet.devices
    assert one.fleet.names() == other.fleet.names()


@given(
    st.lists(st.sampled_from(list(RETAINED)), max_size=20),
    st.lists(st.sampled_from([*PARTS]), max_size=5),
    st.permutations(list(RETAINED)),
)
def test_whatever_was_before_a_new_session_heals(earlier, clearings, publications):
    mirror = mirrored([*earlier, *(cleared(part, "a") for part in clearings), *ELSEWHERE])
    mirror.begin()
    mirror.take(*publications, retained=True)
    mirror.wait(SETTLE_TIME)
    fresh = mirrored(publications)
    fresh.wait(SETTLE_TIME)
    assert unheard(mirror.fleet.devices) == unheard(fresh.fleet.devices)
    assert mirror.fleet.names() == fresh.fleet.names()


ELSEWHERE = (meta("g"), state("g"), available("g"), serving(), FSD.publication(TOPICS, "a"))


def unheard(devices: dict[str, Device]) -> dict[str, Device]:
    """Leave out when a device was heard, which is no part of what the bus says."""
    return {name: replace(device, heard=0.0) for name, device in devices.items()}


# --- what the broker kept, and what is none of our business


def test_what_the_broker_kept_does_not_make_a_silent_device_fresh_again(mirror):
    mirror.announce("ups1")
    mirror.wait(PATIENCE + 1)
    assert mirror["ups1"].standing is STALE
    mirror.begin()
    mirror.take(serving(ONLINE), meta(), available(), state(status="OB", seq=2), retained=True)
    assert mirror["ups1"].standing is STALE
    assert mirror["ups1"].status == "OB"
    mirror.take(state(seq=3, status="OB"))
    assert mirror["ups1"].standing is ONLINE


def test_a_fleet_may_be_about_some_devices_only():
    mirror = Mirror()
    mirror.fleet = Fleet(TOPICS, ("site1-*", "spare"))
    mirror.announce("site1-a", "site2-a", "spare", "Spare")
    assert mirror.fleet.names() == ["site1-a", "spare"]
    assert not mirror.fleet.shows("site2-a")
    mirror.take(FSD.publication(TOPICS, "site2-a"))
    assert set(mirror.fleet.devices) == {"site1-a", "spare"}


def test_an_older_state_that_a_broker_has_left_is_no_news():
    mirror = Mirror()
    mirror.announce("ups1")
    older = DeviceState(seq=9, at=1e9 - 60, vars={"ups.status": "OB LB"})
    mirror.begin()  # the broker was killed, and has what it saved a minute ago
    mirror.take(serving(), meta(), available(), retained=True)
    mirror.take(older.publication(TOPICS, "ups1", urgent=False), retained=True)
    assert mirror["ups1"].status == "OL"
    mirror.wait(PATIENCE + 1)
    assert mirror["ups1"].standing is STALE
    mirror.take(older.publication(TOPICS, "ups1", urgent=False))  # heard: the clock was set back
    assert mirror["ups1"].status == "OB LB"
    assert mirror["ups1"].standing is ONLINE


def test_a_state_that_was_heard_already_is_no_heartbeat():
    mirror = Mirror()
    mirror.announce("ups1")
    mirror.wait(PATIENCE - 1)
    mirror.begin()
    mirror.take(serving(), meta(), available(), state(), retained=True)
    mirror.wait(2)
    assert mirror["ups1"].standing is STALE


def test_neither_is_one_from_before_the_clock_was_set_back():
    mirror = Mirror()
    mirror.take(serving(), meta(), available(), state(seq=20))
    older = DeviceState(seq=9, at=1e9 + 3600, vars={"ups.status": "OB LB"})
    mirror.begin()
    mirror.take(serving(), meta(), available(), retained=True)
    mirror.take(older.publication(TOPICS, "ups1", urgent=False), retained=True)
    assert mirror["ups1"].status == "OL"


@pytest.mark.parametrize(
    "lost", [available(value=STALE), serving(OFFLINE)], ids=["silent", "no driver"]
)
def test_who_was_lost_is_not_well_by_what_a_killed_broker_has_only_by_its_next_heartbeat(lost):
    mirror = Mirror()
    mirror.announce("ups1")
    mirror.take(state(status="OB", seq=2), lost)
    mirror.fleet.end_session()
    mirror.begin()
    mirror.take(serving(), meta(), available(), state(seq=3, status="OL"), retained=True)
    assert mirror["ups1"].standing is STALE
    mirror.take(state(seq=4, status="OL"))
    assert mirror["ups1"].standing is ONLINE


def revivals(mirror):
    """Note for which devices an order is back."""
    found: list[str] = []
    mirror.fleet.on_revived = found.append
    return found


def test_a_cleared_shutdown_that_a_killed_broker_still_has_is_ignored():
    mirror = Mirror()
    mirror.announce("ups1")
    found = revivals(mirror)
    mirror.take(FSD.publication(TOPICS, "ups1"))
    mirror.take(messages.clearing(TOPICS.device("ups1", DeviceTopic.FSD)))
    mirror.begin()
    mirror.take(FSD.publication(TOPICS, "ups1"), retained=True)
    assert not mirror["ups1"].fsd
    assert found == ["ups1"]
    mirror.take(FSD.publication(TOPICS, "ups1"))  # somebody gives it anew
    assert mirror["ups1"].fsd == FSD
    mirror.begin()
    mirror.take(FSD.publication(TOPICS, "ups1"), retained=True)
    assert mirror["ups1"].fsd == FSD
    assert found == ["ups1"]


def test_a_shutdown_whose_clearing_was_not_heard_counts_when_it_is_back():
    mirror = Mirror()
    mirror.announce("ups1")
    found = revivals(mirror)
    mirror.take(FSD.publication(TOPICS, "ups1"))
    mirror.begin()
    mirror.take(serving(), meta(), available(), retained=True)
    mirror.wait(SETTLE_TIME + 1)
    assert not mirror["ups1"].fsd
    mirror.begin()
    mirror.take(FSD.publication(TOPICS, "ups1"), retained=True)
    assert mirror["ups1"].fsd == FSD
    assert not found


def test_an_order_that_was_replaced_ends_with_the_one_that_replaced_it():
    later = ForcedShutdown(by="console", at=2.0)
    mirror = Mirror()
    mirror.announce("ups1")
    mirror.take(FSD.publication(TOPICS, "ups1"), later.publication(TOPICS, "ups1"))
    mirror.begin()
    mirror.take(FSD.publication(TOPICS, "ups1"), retained=True)
    assert mirror["ups1"].fsd == FSD  # one of them stands
    mirror.take(messages.clearing(TOPICS.device("ups1", DeviceTopic.FSD)))
    mirror.begin()
    for order in (FSD, later):
        mirror.take(order.publication(TOPICS, "ups1"), retained=True)
        assert mirror["ups1"].fsd is None
