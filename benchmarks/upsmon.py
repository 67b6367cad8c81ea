"""Debian's real upsmon, with a shutdown command that shuts nothing down."""

import shlex

from benchmarks.programs import Programs
from tests.monitors import NOBODY, QUIET
from tests.realnut import find_nut_program

USER, PASSWORD = "monitor", "benchmark"
USERS = f"[{USER}]\n  password = {PASSWORD}\n  upsmon primary\n"
POLL_INTERVAL = 5.0  # seconds; upsmon's own default, also while on battery

SETTINGS = """\
MONITOR {supply} 1 {user} {password} primary
MINSUPPLIES 1
SHUTDOWNCMD "{command}"
POWERDOWNFLAG {flag}
POLLFREQ {interval:.0f}
POLLFREQALERT {interval:.0f}
DEADTIME 15
HOSTSYNC 1
FINALDELAY 0
"""


def start_upsmon(programs: Programs, supply: str, command: str) -> None:
    """Start an upsmon as the primary of one supply (`ups@host:port`), in a folder of its own."""
    name = supply.partition("@")[0]
    folder = programs.folder / f"upsmon-{name}"
    folder.mkdir()
    text = SETTINGS.format(
        supply=supply,
        user=USER,
        password=PASSWORD,
        command=command,
        flag=shlex.quote(str(folder / "killpower")),
        interval=POLL_INTERVAL,
    )
    text += "".join(f"NOTIFYFLAG {type_} SYSLOG\n" for type_ in QUIET)
    file = folder / "upsmon.conf"
    file.write_text(text)
    file.chmod(0o600)
    places = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH")
    program = (find_nut_program("upsmon"), "-D", "-p", "-P", NOBODY)
    programs.start(folder.name, *program, environment=dict.fromkeys(places, str(folder)))
