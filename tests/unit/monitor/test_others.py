"""What a monitor hears of other services."""

import pytest

from services.monitor.supplies.others import RETURN_TIME, SETTLE_TIME, Others
from shared.errors import PayloadError
from shared.messages import Availability, Message
from shared.service_messages import Logins, MonitorPower, Phase, service_availability
from shared.topics import OfService, ServiceKind, ServiceTopic, Topics


@pytest.mark.parametrize("kind", [ServiceKind.MONITOR, ServiceKind.GATEWAY])
@pytest.mark.parametrize("payload", [b"on", b"\xff"])
def test_an_availability_that_cannot_be_read_is_named_by_its_topic(kind, payload):
    topics = Topics("nut")
    topic = topics.service(kind, "other", ServiceTopic.AVAILABILITY)
    about = topics.parse(topic)
    assert isinstance(about, OfService)
    with pytest.raises(PayloadError, match=topic):
        Others(topics, "us").take(about, Message(topic, payload, False))


class Bus:
    """Others that hear of the gateway `gate`, as the broker would tell it."""

    def __init__(self) -> None:
        self.topics = Topics("nut")
        self.others = Others(self.topics, "us")
        self.others.begin_session(0.0)

    def be(self, availability: Availability) -> None:
        self._say(*service_availability(self.topics, "gateway", "gate", availability)[:2])

    def log_in(self, *clients: str) -> None:
        said = Logins(logins={"ups": list(clients)} if clients else {})
        self._say(*said.publication(self.topics, "gate")[:2])

    def hear_own(self, power: MonitorPower, *, retained: bool = False) -> None:
        self._say(*power.publication(self.topics, "us")[:2], retained=retained)

    def clear_logins(self) -> None:
        self._say(self.topics.service("gateway", "gate", ServiceTopic.LOGINS), b"")

    def _say(self, topic: str, payload: bytes, *, retained: bool = False) -> None:
        about = self.topics.parse(topic)
        assert isinstance(about, OfService)
        self.others.take(about, Message(topic, payload, retained))


@pytest.fixture
def bus():
    """Have a gateway with one client."""
    bus = Bus()
    bus.log_in("client")
    bus.be(Availability.ONLINE)
    assert bus.others.logins("ups") == 1
    return bus


def test_a_gateway_that_is_lost_with_clients_leaves_their_number_unknown(bus):
    bus.be(Availability.OFFLINE)
    assert bus.others.logins("ups") is None
    assert bus.others.logins("other") == 0
    bus.others.expire(1000.0)
    assert bus.others.logins("ups") is None, "it is not back"


def test_a_gateway_without_clients_may_leave(bus):
    bus.log_in()
    bus.be(Availability.OFFLINE)
    assert bus.others.logins("ups") == 0


def test_a_gateway_that_is_back_without_clients_is_trusted_after_a_while(bus):
    bus.be(Availability.OFFLINE)
    bus.log_in()
    bus.be(Availability.ONLINE)
    assert not bus.others.expire(100.0)
    assert not bus.others.expire(100.0 + RETURN_TIME - 0.1)
    assert bus.others.logins("ups") is None
    assert bus.others.expire(100.0 + RETURN_TIME)
    assert bus.others.logins("ups") == 0


def test_a_gateway_that_is_lost_again_is_doubted_anew(bus):
    bus.be(Availability.OFFLINE)
    bus.log_in()
    bus.be(Availability.ONLINE)
    bus.others.expire(100.0)
    bus.be(Availability.OFFLINE)
    bus.others.expire(200.0)
    assert bus.others.logins("ups") is None


def test_what_was_kept_of_a_lost_gateway_counts_in_whatever_order_it_comes():
    first, second = Bus(), Bus()
    first.be(Availability.OFFLINE)
    first.log_in("client")
    second.log_in("client")
    second.be(Availability.OFFLINE)
    assert (first.others.logins("ups"), second.others.logins("ups")) == (None, None)


def test_no_doubt_ends_while_the_bus_is_gone(bus):
    bus.be(Availability.OFFLINE)
    bus.be(Availability.ONLINE)
    bus.others.expire(100.0)
    bus.others.end_session()
    bus.others.expire(200.0)
    bus.others.expire(300.0)
    assert bus.others.logins("ups") is None


def test_a_gateway_that_a_new_broker_does_not_know_is_lost(bus):
    bus.others.end_session()
    bus.others.begin_session(100.0)
    assert bus.others.logins("ups") == 1
    bus.others.expire(100.0 + SETTLE_TIME)
    assert bus.others.logins("ups") is None


def test_clearing_the_logins_of_a_lost_gateway_ends_the_doubt(bus):
    bus.be(Availability.OFFLINE)
    bus.clear_logins()
    assert bus.others.logins("ups") == 0


OURS = MonitorPower(host="here", present=1, needed=1, phase=Phase.WATCHING)
LATER = OURS.model_copy(update={"phase": Phase.HOSTSYNC})
THEIRS = OURS.model_copy(update={"host": "there\n" + "x" * 100})


@pytest.fixture
def said(bus):
    """Have said how our host stands."""
    bus.others.note_own_power(OURS.host, OURS.publication(bus.topics, "us").payload)
    return bus


@pytest.mark.parametrize(
    ("power", "retained"),
    [(THEIRS, False), (THEIRS, True), (LATER, False)],
    ids=["live", "kept", "other words"],
)
def test_another_monitor_with_our_id_is_warned_of_once(said, caplog, power, retained):
    said.hear_own(power, retained=retained)
    said.hear_own(THEIRS)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert f"on host {power.host[:64]!r}, is called 'us' too" in record.message
    assert "give each its own id in [monitor]" in record.message


def test_what_we_say_or_said_before_a_restart_is_no_other_monitor(said, caplog):
    said.hear_own(LATER, retained=True)
    said.others.note_own_power(LATER.host, LATER.publication(said.topics, "us").payload)
    for power in (OURS, LATER):
        said.hear_own(power)
    assert not caplog.records
