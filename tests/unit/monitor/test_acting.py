"""What the log says when something is done."""

import logging

import pytest

from services.monitor.acting import Means, carry_out
from services.monitor.actions import ShutDown
from services.monitor.notify import Notifier
from services.monitor.privileged import PowerDown
from services.monitor.shutdown import Ourselves
from services.monitor.supplies.bus import BusLink, Interests
from shared.topics import Topics


@pytest.mark.parametrize("dry_run", [False, True])
async def test_the_log_tells_whether_the_shutdown_command_was_run(tmp_path, caplog, dry_run):
    done = tmp_path / "done"
    means = Means(
        notifier=Notifier(),
        power=Ourselves(PowerDown(["touch", str(done)])),
        link=BusLink("host", Topics("nut"), Interests(), lambda: None),
        asked={},
        notify_command=None,
        hosts={},
    )
    with caplog.at_level(logging.INFO):
        await carry_out([ShutDown(writes_flag=False, dry_run=dry_run)], means)
    assert done.exists() is not dry_run
    assert ("running the shutdown command" in caplog.messages) is not dry_run
