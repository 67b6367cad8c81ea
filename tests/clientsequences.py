"""What clients that others wrote send to a NUT server, line for line, and which replies they take.

The facts are those of each client's source, of the version named. A client waits for each reply
before it sends the next line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Each:
    """Steps that are repeated for each thing found, which stands in the lines by its name.

    Found are `ups` by LIST UPS, `variable`, `command` and `writable` by the lists of an ups, and
    `enumeration` and `range` by GET TYPE: the variable that was asked for, or nothing.
    """

    found: str
    steps: "tuple[str | Each, ...]"


Step = str | Each


@dataclass(frozen=True, slots=True)
class Sequence:
    """What a client does on one connection.

    `accepts` has, for the beginning of a line, an expression that the whole reply must match;
    {ups} is the device of the line and {last} its last word. `patience` is how long it waits
    for a reply, in seconds; it never gets more here than a minute.
    """

    client: str
    does: str
    steps: tuple[Step, ...]
    accepts: Mapping[str, str] = field(default_factory=dict)
    line_end: bytes = b"\n"
    patience: float = 60.0

    def __str__(self) -> str:
        return f"{self.client}: {self.does}"


# What any client takes for an answer; each has rules of its own beside.
_NAME = r"[^\s\"]+"
_TEXT = r'"[^"\n]*"'
PROTOCOL = {
    "VER": r"Network UPS Tools upsd [^\n]+\n",
    "NETVER": r"\d\.\d\n",
    "HELP": r"Commands: [A-Z ]+\n",
    "LIST UPS": rf"BEGIN LIST UPS\n(UPS {_NAME} {_TEXT}\n)+END LIST UPS\n",
    "LIST VAR": rf"BEGIN LIST VAR {{ups}}\n(VAR {{ups}} {_NAME} {_TEXT}\n)+END LIST VAR {{ups}}\n",
    "LIST RW": rf"BEGIN LIST RW {{ups}}\n(RW {{ups}} {_NAME} {_TEXT}\n)*END LIST RW {{ups}}\n",
    "LIST CMD": rf"BEGIN LIST CMD {{ups}}\n(CMD {{ups}} {_NAME}\n)*END LIST CMD {{ups}}\n",
    "LIST ENUM": rf"BEGIN LIST ENUM {{ups}} ({_NAME})\n(ENUM {{ups}} \1 {_TEXT}\n)*"
    r"END LIST ENUM {ups} \1\n",
    "LIST RANGE": rf"BEGIN LIST RANGE {{ups}} ({_NAME})\n(RANGE {{ups}} \1 {_TEXT} {_TEXT}\n)*"
    r"END LIST RANGE {ups} \1\n",
    "LIST CLIENT": r"BEGIN LIST CLIENT {ups}\n(CLIENT {ups} [0-9a-f.:]+\n)*"
    r"END LIST CLIENT {ups}\n",
    "GET UPSDESC": rf"UPSDESC {{ups}} {_TEXT}\n",
    "GET NUMLOGINS": r"NUMLOGINS {ups} \d+\n",
    "GET VAR": rf"VAR {{ups}} {_NAME} {_TEXT}\n",
    "GET DESC": rf"DESC {{ups}} {{last}} {_TEXT}\n",
    "GET TYPE": r"TYPE {ups} {last} (RW )?((STRING:\d+|ENUM|RANGE|NUMBER)( |\n))+",
    "GET CMDDESC": rf"CMDDESC {{ups}} {{last}} {_TEXT}\n",
    "USERNAME": r"OK\n",
    "PASSWORD": r"OK\n",
    "LOGIN": r"OK\n",
    "SET VAR": r"OK\n",
    "INSTCMD": r"OK\n",
    "PRIMARY": r"OK [^\n]+\n",
    "MASTER": r"OK [^\n]+\n",
    "FSD": r"OK FSD-SET\n",
    "LOGOUT": r"OK Goodbye\n",
}

_CREDENTIALS = ("USERNAME monitor", "PASSWORD watch")

# github.com/DRuggeri/nut_exporter 3.2.5 with github.com/robbiet480/go.nut of 2024-06: two seconds
# for a reply; an ERR anywhere ends the scrape; LOGOUT is read, two forms of farewell are known.
_GO_NUT_UPS = (
    "LIST CLIENT {ups}",
    "LIST CMD {ups}",
    Each("command", ("GET CMDDESC {ups} {command}",)),
    "GET UPSDESC {ups}",
    "GET NUMLOGINS {ups}",
    "LIST VAR {ups}",
    Each("variable", ("GET DESC {ups} {variable}", "GET TYPE {ups} {variable}")),
)
_GO_NUT = {"LOGOUT": r"(OK Goodbye|Goodbye\.\.\.)\n"}
EXPORTER = (
    Sequence(
        "nut_exporter",
        "scrapes whatever there is",
        ("VER", "NETVER", "LIST UPS", Each("ups", _GO_NUT_UPS), "LOGOUT"),
        _GO_NUT,
        patience=2.0,
    ),
    Sequence(
        "nut_exporter",
        "scrapes one device with a password",
        ("VER", "NETVER", *_CREDENTIALS, *_GO_NUT_UPS, "LOGOUT"),
        _GO_NUT,
        patience=2.0,
    ),
)

# github.com/Brandawg93/PeaNUT 6.0.0: ten seconds; OK and a line feed, nothing else, for whatever
# changes something or names a user; LOGOUT is sent and not read; sockets that only read are kept.
_PEANUT_USER = ("USERNAME all", "PASSWORD all", "LOGIN {ups}")
PEANUT = (
    Sequence(
        "PeaNUT",
        "reads everything",
        (
            "LIST UPS",
            Each(
                "ups",
                (
                    "LIST VAR {ups}",
                    Each("variable", ("GET DESC {ups} {variable}", "GET TYPE {ups} {variable}")),
                    "GET UPSDESC {ups}",
                    "LIST CLIENT {ups}",
                    "LIST CMD {ups}",
                    Each("command", ("GET CMDDESC {ups} {command}",)),
                    "LIST RW {ups}",
                    Each("writable", ("LIST ENUM {ups} {writable}", "LIST RANGE {ups} {writable}")),
                ),
            ),
            "VER",
            "NETVER",
        ),
        patience=10.0,
    ),
    Sequence("PeaNUT", "tries a password", (*_PEANUT_USER, "LOGOUT"), patience=10.0),
    Sequence(
        "PeaNUT",
        "sets a variable",
        (*_PEANUT_USER, "SET VAR {ups} ups.id peanut", "LOGOUT"),
        patience=10.0,
    ),
    Sequence(
        "PeaNUT",
        "gives a command",
        (*_PEANUT_USER, "INSTCMD {ups} test.battery.start", "LOGOUT"),
        patience=10.0,
    ),
)

# github.com/SuperioOne/nut_webgui 0.10.2: a grammar. Types it knows are RW, ENUM, RANGE, NUMBER,
# STRING:n; ends of a range are numbers; clients are addresses; OK stands alone, or with Goodbye or
# FSD-SET. Its password is the only thing that it does not quote.
_NUMBER = r'"-?\d+(\.\d+)?"'
_WEBGUI = {
    "GET TYPE": r"TYPE {ups} {last}( (RW|ENUM|RANGE|NUMBER|STRING:\d+))+\n",
    "LIST RANGE": rf"BEGIN LIST RANGE {{ups}} ({_NAME})\n"
    rf"(RANGE {{ups}} \1 {_NUMBER} {_NUMBER}\n)*END LIST RANGE {{ups}} \1\n",
    "LIST CLIENT": r"BEGIN LIST CLIENT {ups}\n(CLIENT {ups} \d+\.\d+\.\d+\.\d+\n)*"
    r"END LIST CLIENT {ups}\n",
}
WEBGUI = (
    Sequence("nut_webgui", "finds the devices", ("LIST UPS", "NETVER", "VER"), _WEBGUI),
    Sequence(
        "nut_webgui",
        "reads a device",
        (
            "LIST VAR {ups}",
            "LIST CMD {ups}",
            "LIST CLIENT {ups}",
            "LIST RW {ups}",
            Each(
                "writable",
                (
                    "GET TYPE {ups} {writable}",
                    Each("enumeration", ("LIST ENUM {ups} {enumeration}",)),
                    Each("range", ("LIST RANGE {ups} {range}",)),
                ),
            ),
            Each("command", ("GET CMDDESC {ups} {command}",)),
            Each("variable", ("GET DESC {ups} {variable}",)),
            "GET VAR {ups} ups.status",
            "NETVER",
        ),
        _WEBGUI,
    ),
    Sequence(
        "nut_webgui",
        "sets, commands, and shuts down",
        (
            "USERNAME all",
            "PASSWORD all",
            'SET VAR {ups} ups.id "web gui"',
            "INSTCMD {ups} beeper.mute",
            "LOGIN {ups}",
            "FSD victim",
            "LOGOUT",
        ),
        _WEBGUI,
    ),
)

# github.com/nutdotnet/WinNUT-Client 2.3 of 2024-03: a carriage return of its own before Windows'
# line end; LOGIN without a device, whose error it expects; the fifth word of VER is the version; a
# name of an error that it does not know is an exception, so is a closed connection.
WINNUT_ERRORS = (
    "ACCESS-DENIED",
    "UNKNOWN-UPS",
    "VAR-NOT-SUPPORTED",
    "CMD-NOT-SUPPORTED",
    "INVALID-ARGUMENT",
    "INSTCMD-FAILED",
    "SET-FAILED",
    "READONLY",
    "TOO-LONG",
    "FEATURE-NOT-SUPPORTED",
    "FEATURE-NOT-CONFIGURED",
    "ALREADY-SSL-MODE",
    "DRIVER-NOT-CONNECTED",
    "DATA-STALE",
    "ALREADY-LOGGED-IN",
    "INVALID-PASSWORD",
    "ALREADY-SET-PASSWORD",
    "INVALID-USERNAME",
    "ALREADY-SET-USERNAME",
    "USERNAME-REQUIRED",
    "PASSWORD-REQUIRED",
    "UNKNOWN-COMMAND",
    "INVALID-VALUE",
)
_WINNUT_ERROR = rf"ERR ({'|'.join(WINNUT_ERRORS)})\n"
_WINNUT = {
    "VER": r"Network UPS Tools upsd \d\.\d\.\d [^\n]+\n",
    "LOGIN": _WINNUT_ERROR,
    "GET VAR": rf"VAR {{ups}} {_NAME} {_TEXT}\n|{_WINNUT_ERROR}",
}
WINNUT = (
    Sequence(
        "WinNUT",
        "logs in, identifies and polls",
        (
            "USERNAME monitor",
            "PASSWORD watch",
            "LOGIN",
            "VER",
            "NETVER",
            *(f"GET VAR {{ups}} ups.{what}" for what in ("mfr", "model", "serial", "firmware")),
            "GET VAR {ups} ups.realpower",
            "GET VAR {ups} ups.realpower.nominal",
            "GET VAR {ups} ups.load",
            "GET VAR {ups} battery.capacity",
            "GET VAR {ups} output.frequency.nominal",
            "GET VAR {ups} battery.charge",
            "GET VAR {ups} battery.voltage",
            "GET VAR {ups} battery.runtime",
            "GET VAR {ups} output.frequency",
            "GET VAR {ups} input.frequency",
            "GET VAR {ups} input.voltage",
            "GET VAR {ups} output.voltage",
            "GET VAR {ups} ups.load",
            "GET VAR {ups} ups.realpower.nominal",
            "GET VAR {ups} ups.status",
        ),
        _WINNUT,
        line_end=b"\r\r\n",
    ),
    Sequence(
        "WinNUT",
        "shows the variables",
        ("LIST VAR {ups}", Each("variable", ("GET DESC {ups} {variable}",))),
        _WINNUT,
        line_end=b"\r\r\n",
    ),
)

# github.com/skarcha/node-nut 1.0.3 (Node-RED, homebridge, ioBroker): a piece of data that ends
# with a line feed is the whole reply; values go out without quotes; LOGOUT is not read.
NODE_NUT = (
    Sequence(
        "node-nut",
        "reads everything",
        (
            "VER",
            "NETVER",
            "HELP",
            "LIST UPS",
            Each(
                "ups",
                (
                    "LIST VAR {ups}",
                    "LIST CMD {ups}",
                    Each("command", ("GET CMDDESC {ups} {command}",)),
                    "LIST RW {ups}",
                    Each(
                        "writable",
                        (
                            "GET TYPE {ups} {writable}",
                            "GET DESC {ups} {writable}",
                            "LIST ENUM {ups} {writable}",
                            "LIST RANGE {ups} {writable}",
                        ),
                    ),
                    "LIST CLIENT {ups}",
                ),
            ),
            "LOGOUT",
        ),
    ),
    Sequence(
        "node-nut",
        "sets, commands, and shuts down",
        (
            "USERNAME all",
            "PASSWORD all",
            "SET VAR {ups} ups.id node",
            "INSTCMD {ups} load.on",
            "MASTER {ups}",
            "FSD victim",
            "LOGOUT",
        ),
    ),
)

# github.com/HON95/prometheus-nut-exporter of 2025-03: between "upsd " and " -" stands the version;
# an ERR for one device fails them all; it hangs up without a word.
# github.com/ArthurMitchell42/nutcase of 2024-10: two seconds; LOGIN for the device of its settings.
OTHERS = (
    Sequence(
        "HON95 exporter",
        "scrapes whatever there is",
        ("VER", "LIST UPS", Each("ups", ("LIST VAR {ups}",))),
        {"VER": r"[^\n]*upsd .+ -[^\n]*\n"},
    ),
    Sequence(
        "NUTCase",
        "scrapes whatever there is",
        (
            *_CREDENTIALS,
            "LOGIN {ups}",
            "VER",
            "LIST UPS",
            Each("ups", ("LIST VAR {ups}",)),
            Each("ups", ("LIST CLIENT {ups}",)),
            "LOGOUT",
        ),
        {"VER": r"[^\n]+ upsd [^\n]+ - [^\n]+\n"},
        patience=2.0,
    ),
)

# NUT's clients/upsmon.c of 2.8.0 and 2.7.4: it asks for TLS and goes on without; an old one says
# MASTER; whatever begins with OK is agreed to. LOGOUT is sent and not read.
_NO_TLS = {"STARTTLS": r"ERR FEATURE-NOT-(CONFIGURED|SUPPORTED)\n"}
_POLL = ("GET VAR {ups} ups.status", "GET VAR {ups} ups.status")
UPSMON = (
    Sequence(
        "upsmon",
        "watches as a secondary",
        ("STARTTLS", *_CREDENTIALS, "LOGIN {ups}", *_POLL, "LOGOUT"),
        _NO_TLS,
    ),
    Sequence(
        "upsmon",
        "shuts down as a primary",
        (
            "STARTTLS",
            "USERNAME chief",
            "PASSWORD chief",
            "LOGIN victim",
            "PRIMARY victim",
            *_POLL,
            "FSD victim",
            "GET NUMLOGINS victim",
            "GET VAR victim ups.status",
            "LOGOUT",
        ),
        {
            **_NO_TLS,
            "GET VAR": r'VAR \S+ ups\.status "[^"]+"\n',
            "GET NUMLOGINS": r"NUMLOGINS \S+ 1\n",
        },
    ),
    Sequence(
        "upsmon 2.7.4",
        "becomes the master",
        ("STARTTLS", "USERNAME chief", "PASSWORD chief", "LOGIN {ups}", "MASTER {ups}", *_POLL),
        _NO_TLS,
    ),
)

SEQUENCES = (*EXPORTER, *PEANUT, *WEBGUI, *WINNUT, *NODE_NUT, *OTHERS, *UPSMON)
