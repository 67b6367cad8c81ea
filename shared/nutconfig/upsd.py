"""upsd.conf: where the gateway listens, and its limits."""

import ipaddress
import socket
from typing import Final

from shared.listening import parse_address
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
_INSTEAD: Final = {
    "LISTEN": "nobody can connect there; without any other LISTEN only this machine can at all",
    "CERTFILE": "there is no TLS",
    "CERTREQUEST": "REQUIRE counts, the strictest, if there is a CERTPATH",
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
        else:
            with line.judged(_INSTEAD.get(line.key, "the default counts")):
                _set_gateway(gateway, line)
    requests = [line for line in lines if line.key == "CERTREQUEST" and line.is_forgiving]
    if requests:
        _settle_requests(gateway, requests[-1])
    return gateway


def _port(text: str) -> str:
    """Give the number of a port, which NUT knows by its name, too."""
    try:
        return text if text.isdigit() else str(socket.getservbyname(text, "tcp"))
    except OSError:
        return text


def _is_host(text: str) -> bool:
    """Tell whether it may be an address, or a name, and has no port in it."""
    try:
        if ":" in text:
            return ipaddress.ip_address(text).version == 6
        return bool(parse_address(text, int(PORT)))
    except ValueError:
        return False


def _settle_requests(gateway: Table, line: Statement) -> None:
    """Ask for certificates where it cannot be read whether to, but not without a CERTPATH."""
    asked = gateway.setdefault("client_certificates", "require")
    if "certificate_authority" in gateway:
        return
    del gateway["client_certificates"]
    if asked != "no":
        line.withdraw("nobody is asked for a certificate: there is no CERTPATH to judge it by")


def _set_gateway(gateway: Table, line: Statement) -> None:
    if len(line.words) < 2 or line.words[1] == "=":
        what = "an address" if line.key == "LISTEN" else "a value"
        raise line.error(f"{line.key} needs {what}, after a space and without =")
    text = line.words[1]
    if line.key != "LISTEN":
        setting = GATEWAY_SETTINGS[line.key]
        gateway[setting.name] = setting.value(line, text)
        line.take(f"gateway.{setting.name}")
        return
    port = _port(line.words[2]) if len(line.words) > 2 else PORT
    if not (port.isdigit() and 0 < int(port) < 65536):
        raise line.error("the port of LISTEN must be a number from 1 to 65535")
    if line.is_forgiving and not _is_host(text):
        raise line.error(
            "it is no address: the port is a word of its own, as in LISTEN 0.0.0.0 3493"
        )
    line.take("gateway.listen")
    listen = gateway.setdefault("listen", [])
    if text == "*":  # in NUT: whichever of the two the machine has
        gateway.setdefault("allow_not_all_listeners", True)
        listen += [f"0.0.0.0:{port}", f"[::]:{port}"]
    else:
        listen.append(f"[{text}]:{port}" if ":" in text else f"{text}:{port}")
