"""upssched.conf, from our scheduler, and what upsmon.conf has to say for it."""

from collections.abc import Mapping
from typing import Any, Final

from services.console.importing.lines import Lost, line, number
from shared.nutconfig.together import starts_upssched
from shared.nutconfig.values import Table

_PROGRAM: Final = "/sbin/upssched"
_FLAGS: Final = ("SYSLOG", "WALL")  # of an event of which nothing is said, here and in NUT


def upssched_conf(scheduler: Mapping[str, Any], monitor: Table | None, lost: Lost) -> str:
    """Write the AT lines, and make `monitor` start upssched for them: in NUT upsmon has to."""
    rest = dict(scheduler)
    upssched = rest.pop("upssched", None)
    lost.rest("scheduler", rest)
    if not (upssched and upssched.get("at")):
        if monitor and starts_upssched(monitor.get("notify_command")):
            lost.add("monitor.notify_command", "it reads an upssched.conf: keep the one you have")
        return ""
    _make_it_start(monitor, upssched["at"], lost)
    devices = _devices(monitor)
    lines = [
        line("CMDSCRIPT", *upssched["script"]),
        line("PIPEFN", "/run/nut/upssched.pipe"),
        line("LOCKFN", "/run/nut/upssched.lock"),
        *(_at(at, devices) for at in upssched["at"]),
    ]
    return "\n".join([*lines, ""])


def _make_it_start(monitor: Table | None, ats: list[Table], lost: Lost) -> None:
    if monitor is None:
        lost.add("scheduler.upssched", "NUT acts on it only where upsmon runs; there is no monitor")
        return
    if not starts_upssched(monitor.setdefault("notify_command", _PROGRAM)):
        lost.add("scheduler.upssched", "NUT acts on it only if upssched is the notify_command")
        return
    notify: Table = {type_: dict(told) for type_, told in monitor.get("notify", {}).items()}
    for type_ in {at["type"].upper(): None for at in ats}:
        told = notify.setdefault(type_, {})
        flags = [flag for flag in told.get("flags", _FLAGS) if flag != "IGNORE"]
        told["flags"] = flags if "EXEC" in flags else [*flags, "EXEC"]
    monitor["notify"] = notify


def _devices(monitor: Table | None) -> set[str]:
    supplies = monitor.get("supplies", []) if monitor else []
    return {supply["device"] for supply in supplies if "device" in supply}


def _at(at: Table, devices: set[str]) -> str:
    ups = at.get("ups", "*")
    words = [
        "AT",
        at["type"],
        f"{ups}@localhost" if ups in devices else ups,
        at["verb"],
        at["name"],
    ]
    if at["verb"].startswith("START-TIMER"):
        words.append(number(at.get("seconds", 0)))
    elif at.get("otherwise"):
        words.append(at["otherwise"])
    return line(*words)
