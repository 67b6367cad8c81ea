"""Writes the table of power cuts into docs/monitor-decisions.md.

Run it as `python -m tests.unit.monitor.decisions` in the folder of the project.
"""

from pathlib import Path

from tests.unit.monitor.scenarios import GROUPS, Scenario

PAGE = Path(__file__).parents[3] / "docs" / "monitor-decisions.md"
MARK = "<!-- The rest is made from scenarios.py by decisions.py, in tests/unit/monitor. -->\n"
HEAD = "| case | what happens | what is done | what is told |\n|---|---|---|---|\n"


def page(text: str) -> str:
    """Put the table behind the mark."""
    head, _, _ = text.partition(MARK)
    return head + MARK + "".join(_group(name, rows) for name, rows in GROUPS.items())


def _group(name: str, scenarios: tuple[Scenario, ...]) -> str:
    head = f"\n### {name}\n\n{HEAD}"
    return head + "".join(_row(scenario) for scenario in scenarios)


def _row(scenario: Scenario) -> str:
    events = sorted(
        (line.split() for line in scenario.story.split(";") if line.strip()),
        key=lambda words: float(words[0]),
    )
    story = "; ".join(" ".join(words) for words in events) or "nothing"
    cells = (scenario.name, story, scenario.does or "nothing", scenario.told or "nothing")
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
