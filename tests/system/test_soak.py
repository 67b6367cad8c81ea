"""The whole set under faults: each kind once in the suite, for half an hour at night."""

import logging
import random

import pytest

from tests.soak.drill import STEPS, drill
from tests.soak.play import soak

pytestmark = pytest.mark.system

SEED = 7
MINUTES = 30
COMMAND = "python -m benchmarks.soak"

logger = logging.getLogger(__name__)


async def test_the_set_gets_over_each_kind_of_fault_and_goes_down_when_power_fails(
    tmp_path, caplog
):
    caplog.set_level("INFO", __name__)
    again = f"{COMMAND} --short --seed {SEED}"
    logger.info(again)
    outcome = await drill(tmp_path, SEED, logger.info)
    assert not outcome.wrong, "\n".join([again, *outcome.wrong])
    assert outcome.faults == dict.fromkeys(STEPS, 1)
    assert {what: number for what, number in outcome.counts.items() if "shutdowns" in what} == {
        "shutdowns of boss": 1,
        "shutdowns of web1": 1,
    }
    assert outcome.counts["orders accepted"]
    assert outcome.looks


@pytest.mark.nightly  # its findings depend on how fast the machine is
async def test_nothing_goes_wrong_whatever_is_done_to_the_set(tmp_path, caplog):
    caplog.set_level("INFO", __name__)
    seed = random.randrange(1_000_000)
    again = f"{COMMAND} --minutes {MINUTES} --seed {seed}"
    logger.info(again)
    outcome = await soak(tmp_path, seed, MINUTES * 60, logger.info)
    assert outcome.faults
    assert outcome.acts
    assert outcome.looks > MINUTES * 60
    assert not outcome.wrong, "\n".join([again, *outcome.wrong])
