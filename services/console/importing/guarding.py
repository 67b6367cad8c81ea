"""What our monitor and scheduler would do otherwise than upsmon and upssched: it is told."""

from collections.abc import Sequence

from shared.nutconfig.statements import Outcome, Statement, leave_out
from shared.nutconfig.values import Table

_NO_COMMAND = (
    "there is no SHUTDOWNCMD that counts: as with NUT, THIS HOST IS NOT SHUT DOWN; dry_run = true "
    "says so, until shutdown_command is there"
)
_TOO_LITTLE = (
    "the power values add up to {}, less than MINSUPPLIES {}: NUT's upsmon does not start with it "
    "either, so there is no monitor, and THIS HOST IS NOT SHUT DOWN"
)

_NEVER_STARTED = (
    "NUT never does what these lines say, as no NOTIFYCMD starts upssched, BUT OUR SCHEDULER DOES: "
    "take [scheduler.upssched] out of the new file if it shall not"
)
_NOT_FOR_THIS = (
    "NUT does it only with EXEC in NOTIFYFLAG {0}, BUT OUR SCHEDULER DOES IT: take it out of the "
    "new file if it shall not"
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


def tell_of_schedule(tables: Table, lines: Sequence[Statement]) -> None:
    """Say at CMDSCRIPT or AT what the scheduler does, though upsmon starts no upssched for it.

    `lines` are all that were read; a NOTIFYCMD that is not needed is one that the scheduler is.
    """
    if "scheduler" not in tables:
        return
    commands = [line for line in lines if line.key == "NOTIFYCMD"]
    starts = [line for line in commands if line.has(Outcome.UNNEEDED)]
    if "monitor" not in tables or not starts:
        script = next(line for line in lines if line.key == "CMDSCRIPT" and line.has(Outcome.TAKEN))
        script.warn(_NEVER_STARTED)
        return
    notify = tables["monitor"].get("notify", {})
    for line in lines:
        if line.key == "AT" and line.has(Outcome.TAKEN):
            type_ = line.words[1].upper()
            if "EXEC" not in notify.get(type_, {}).get("flags", ()):
                line.warn(_NOT_FOR_THIS.format(type_))
