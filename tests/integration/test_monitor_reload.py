"""Settings that are read again while the monitor runs."""

import time

from shared.service_messages import StageOrder
from tests.integration.power import TOPICS, bystander, host, monitor_settings, went_down


async def test_a_monitor_keeps_its_id_until_it_is_started_anew(broker, tmp_path):
    section = {"obey": ["boss"]}
    async with (
        bystander(broker.url) as watching,
        host(broker.url, tmp_path, [], **section) as monitor,
    ):
        await watching.online()
        new = monitor_settings(broker.url, tmp_path, [], id="other", priority=2, **section)
        monitor.settings.set(new)
        await watching.until(lambda: watching.power().priority == 2, "reloaded")
        order = StageOrder(id="x", at=time.time(), stage="s", hosts=["tested"], deadline=5.0)
        assert watching.bus
        await watching.bus.publish(order.publication(TOPICS, "boss"))
        await went_down(tmp_path, "tested")
