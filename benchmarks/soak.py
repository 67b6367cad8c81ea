"""Soak the whole set: `python -m benchmarks.soak --minutes 30` or `make soak`.

Everything is killed, frozen, cut off and set wrong at random while mains comes and goes; a checker
tells what must never be. The same seed does the same things again, as far as the machine keeps
pace. With --short each kind of fault comes once, in one order, as in the tests.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from benchmarks.progress import say
from tests.soak.drill import drill
from tests.soak.play import Outcome, soak


def main() -> int:
    """Soak, and print what was found; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--short", action="store_true", help="each kind of fault once")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--folder", type=Path, help="empty folder that keeps all logs")
    options = parser.parse_args()
    say(f"--seed {options.seed} {'--short' if options.short else f'--minutes {options.minutes:g}'}")
    with tempfile.TemporaryDirectory(prefix="nutbus-soak-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        if options.short:
            outcome = asyncio.run(drill(folder, options.seed, say))
        else:
            outcome = asyncio.run(soak(folder, options.seed, options.minutes * 60, say))
    print(_report(outcome, options.seed))
    return 1 if outcome.wrong else 0


def _report(outcome: Outcome, seed: int) -> str:
    def listed(counts: dict[str, int]) -> str:
        return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))

    memory = ", ".join(
        f"{name} {least:.0f} to {most:.0f}" for name, (least, most) in outcome.memory.items()
    )
    lines = [
        f"seed {seed}",
        f"done to the set: {listed(outcome.faults)}",
        f"happened to devices: {listed(outcome.acts)}",
        f"looks at views: {outcome.looks}",
        f"seen: {listed(outcome.counts)}",
        f"megabytes: {memory}",
        f"wrong: {len(outcome.wrong)}",
        *(f"  {each}" for each in outcome.wrong),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
