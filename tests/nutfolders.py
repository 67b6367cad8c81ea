"""Folders of NUT's files, as somebody who moves has them."""

from pathlib import Path
from typing import Any

from services.console.importing.nutfiles import nut_files

EVERYTHING = {
    "ups.conf": """
        maxretry = 3
        pollinterval = 4
        [rack1]
            driver = snmp-ups
            port = 192.0.2.1
            community = "not public"
            desc = "Rack 1, \\"left\\""
            sdorder = 2
            sdcommands = shutdown.return,load.off
            ignorelb
            default.battery.charge.low = 30
            override.ups.mfr = "A \\\\ B"
        [file]
            driver = dummy-ups
            port = file.dev
            mode = dummy-once
            nolock
        [far]
            driver = dummy-ups
            port = ups@192.0.2.7
    """,
    "upsd.conf": """
        LISTEN 127.0.0.1
        LISTEN ::1 4000
        MAXAGE 20
        MAXCONN 100
        STATEPATH /run/nut
    """,
    "upsd.users": """
        [monuser]
            password = "se cr#et"
            upsmon secondary
        [admin]
            password = x
            actions = SET FSD
            instcmds = ALL
    """,
    "upsmon.conf": """
        MONITOR rack1@localhost 1 monuser "se cr#et" primary
        MONITOR other@192.0.2.8:4000 0 monuser pass secondary
        MINSUPPLIES 1
        SHUTDOWNCMD "/sbin/shutdown -h +0"
        NOTIFYCMD /sbin/upssched
        NOTIFYMSG ONBATT "UPS %s is on battery"
        NOTIFYFLAG ONBATT SYSLOG+WALL+EXEC
        NOTIFYFLAG ONLINE IGNORE
        POWERDOWNFLAG /etc/killpower
        SHUTDOWNEXIT no
        OFFDURATION -1
        CERTPATH /etc/ssl/certs
        CERTVERIFY 1
        FORCESSL 1
        CERTHOST 192.0.2.8 their-name 1 0
        DEBUG_MIN 1
    """,
    "upssched.conf": """
        CMDSCRIPT /usr/local/bin/tell
        PIPEFN /run/nut/pipe
        LOCKFN /run/nut/lock
        AT ONBATT * START-TIMER early 30
        AT ONLINE * CANCEL-TIMER early "back again"
        AT LOWBATT rack1@localhost EXECUTE low
    """,
    "hosts.conf": 'MONITOR rack1@localhost "Rack 1"\n',
    "nut.conf": "MODE=netserver\nPOWEROFF_WAIT=15m\n",
    "upsset.conf": "I_HAVE_SECURED_MY_CGI_DIRECTORY\n",
}


def written(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def exported(tables: dict[str, Any], folder: Path, target: Path) -> list[str]:
    files, lost = nut_files(tables, folder)
    written(target, files)
    return lost
