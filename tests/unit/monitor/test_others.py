"""What a monitor hears of other services."""

import pytest

from services.monitor.supplies.others import Others
from shared.errors import PayloadError
from shared.messages import Message
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
