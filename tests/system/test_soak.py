"""The whole set under faults: a short soak in the suite, a long one at night."""

import random

import pytest

from tests.soak.play import soak

pytestmark = pytest.mark.system

SHORT, LONG = 20.0, 30 * 60.0


@pytest.mark.nightly  # its findings depend on how fast the machine is
@pytest.mark.parametrize("seconds", [SHORT, LONG], ids=["short", "long"])
async def test_nothing_goes_wrong_whatever_is_done_to_the_set(seconds, tmp_path):
    seed = random.randrange(1_000_000)
    outcome = await soak(tmp_path, seed, seconds, lambda _: None)
    assert outcome.faults
    assert outcome.acts
    assert outcome.looks > seconds
    again = f"python -m benchmarks.soak --seed {seed} --minutes {seconds / 60:.2f}"
    assert not outcome.wrong, "\n".join([again, *outcome.wrong])
