"""Whether the monitor that upsmon.conf makes can be, and what it can do."""

from collections.abc import Sequence

from shared.nutconfig.statements import Statement, leave_out
from shared.nutconfig.values import Table

_NO_COMMAND = (
    "there is no SHUTDOWNCMD that counts: as with NUT, THIS HOST IS NOT SHUT DOWN; dry_run = true "
    "says so, until shutdown_command is there"
)
_TOO_LITTLE = (
    "the power values add up to {}, less than MINSUPPLIES {}: NUT's upsmon does not start with it "
    "either, so there is no monitor, and THIS HOST IS NOT SHUT DOWN"
)


def watching(tables: Table, lines: Sequence[Statement]) -> Table:
    """Leave out a monitor that has too little power, as NUT does; one without command only tells.

    The lines of upsmon.conf are told.
    """
    monitor = tables["monitor"]
    own = [line for line in lines if line.place.startswith("upsmon.conf ")]
    total = sum(supply["power_value"] for supply in monitor["supplies"])
    needed = monitor.get("min_supplies", 1)
    if total < needed:
        said = [line for line in own if line.key == "MINSUPPLIES"] or own
        others = [line for line in own if line is not said[-1]]
        leave_out([said[-1], *others], _TOO_LITTLE.format(total, needed))
        return {key: table for key, table in tables.items() if key != "monitor"}
    if needed and not monitor.get("shutdown_command"):
        said = [line for line in own if line.key == "SHUTDOWNCMD"] or own
        said[-1].warn(_NO_COMMAND)
        return {**tables, "monitor": {**monitor, "dry_run": True}}
    return tables
