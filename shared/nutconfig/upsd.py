"""upsd.conf: where the gateway listens, and its limits."""

from typing import Final

from shared.nutconfig.statements import Statement
from shared.nutconfig.values import (
    SECONDS,
    SWITCH,
    Setting,
    Table,
    certificate_request,
    count,
    seconds,
    switch,
)

PORT: Final = "3493"

GATEWAY_SETTINGS: Final = {
    "MAXAGE": Setting("max_age", seconds, SECONDS),
    "TRACKINGDELAY": Setting("tracking_delay", seconds, SECONDS),
    "MAXCONN": Setting("max_connections", count, "a whole number above 0"),
    "ALLOW_NO_DEVICE": Setting("allow_no_device", switch, SWITCH),
    "ALLOW_NOT_ALL_LISTENERS": Setting("allow_not_all_listeners", switch, SWITCH),
    "CERTFILE": Setting("certificate_file"),
    "CERTPATH": Setting("certificate_authority"),
    "CERTREQUEST": Setting(
        "client_certificates", certificate_request, "0, 1, 2 or NO, REQUEST, REQUIRE"
    ),
}
_GATEWAY_UNUSED: Final = {
    "STATEPATH": "drivers have no sockets in files",
    "DATAPATH": "the catalogue of variables is part of nutbus",
    "DEBUG_MIN": "--log-level says how much is logged",
    "debug_min": "--log-level says how much is logged",
    "DISABLE_WEAK_SSL": "TLS 1.2 is the least in any case",
}
_GATEWAY_OBSOLETE: Final = {
    "ACCEPT": "obsolete and passed over: use LISTEN",
    "REJECT": "obsolete and passed over: use LISTEN",
    "ACL": "obsolete and passed over: use LISTEN",
    "CERTIDENT": "passed over: name a PEM file, its key without a password, with CERTFILE",
}
_GATEWAY_KEYS: Final = ("LISTEN", *GATEWAY_SETTINGS, *_GATEWAY_UNUSED, *_GATEWAY_OBSOLETE)


def gateway_table(lines: list[Statement]) -> Table:
    """Read the statements of upsd.conf."""
    gateway: Table = {}
    for line in lines:
        if line.key not in _GATEWAY_KEYS:
            line.warn_unknown(_GATEWAY_KEYS)
        elif line.key in _GATEWAY_UNUSED:
            line.skip(_GATEWAY_UNUSED[line.key])
        elif line.key in _GATEWAY_OBSOLETE:
            line.warn(f"{line.key} is {_GATEWAY_OBSOLETE[line.key]}")
        elif len(line.words) < 2 or line.words[1] == "=":
            what = "an address" if line.key == "LISTEN" else "a value"
            raise line.error(f"{line.key} needs {what}, after a space and without =")
        else:
            _set_gateway(gateway, line)
    return gateway


def _set_gateway(gateway: Table, line: Statement) -> None:
    text = line.words[1]
    if line.key != "LISTEN":
        setting = GATEWAY_SETTINGS[line.key]
        gateway[setting.name] = setting.value(line, text)
        line.take(f"gateway.{setting.name}")
        return
    port = line.words[2] if len(line.words) > 2 else PORT
    if not (port.isdigit() and 0 < int(port) < 65536):
        raise line.error("the port of LISTEN must be a number from 1 to 65535")
    line.take("gateway.listen")
    listen = gateway.setdefault("listen", [])
    if text == "*":  # in NUT: whichever of the two the machine has
        gateway.setdefault("allow_not_all_listeners", True)
        listen += [f"0.0.0.0:{port}", f"[::]:{port}"]
    else:
        listen.append(f"[{text}]:{port}" if ":" in text else f"{text}:{port}")
