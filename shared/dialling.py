"""How to reach a broker: TCP and TLS connections as plain sockets, opened in the event loop."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.errors import BusError
from shared.lookup import Found, addresses
from shared.settings import BusSettings

_OF_NAMES = 0.8  # of the patience, so that who waits is told what did not answer
QUICK_ACKNOWLEDGE: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux has it


@dataclass(frozen=True, slots=True)
class Manner:
    """How a broker wants to be spoken to; the default suits those of the bus.

    `is_old` is for MQTT 3.1, `qos` is that of subscriptions. `any_name` takes the very certificates
    of `ca_file`, whatever host they name: a device may have made its own.
    """

    is_old: bool = False
    qos: int = 1
    any_name: bool = False


USUAL = Manner()


async def dialled(
    host: str, port: int, context: ssl.SSLContext | None, patience: float
) -> socket.socket:
    """Open a connection, with TLS if there is a context; raises OSError.

    The addresses of the host are tried in turn; each gets its share of `patience` (seconds). The
    socket does not block and does not delay what is small.
    """
    found = await _found(host, port, patience)
    error = OSError("the name has no address")
    for family, kind, protocol, _, where in found:
        try:
            line = socket.socket(family, kind, protocol)  # fails where IPv6 is turned off
            async with asyncio.timeout(patience / len(found)):
                return await _connected(line, where, host, context)
        except OSError as failed:  # TimeoutError is one
            error = failed
    raise error


async def _found(host: str, port: int, patience: float) -> Found:
    try:
        async with asyncio.timeout(patience * _OF_NAMES):
            return await addresses(host, port)
    except TimeoutError:
        raise OSError(f"no name server tells the address of {host!r}") from None


def tls_context(settings: BusSettings, manner: Manner = USUAL) -> ssl.SSLContext:
    """Say whom we trust and who we are; BusError names the file that cannot be used."""
    files = [settings.ca_file]
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.certificate_file:
            files = [settings.certificate_file, settings.key_file]
            # The password keeps OpenSSL from asking for one at the terminal.
            context.load_cert_chain(settings.certificate_file, settings.key_file, password="")
    except OSError as error:  # ssl.SSLError is one
        named = " and ".join(str(file) for file in files if file) or "the system's authorities"
        raise BusError(f"cannot use {named} for TLS with the broker: {error}") from None
    if manner.any_name:
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # devices' own certificates are plain
    return context


def acknowledge_at_once(line: object) -> None:
    """Spare a broker that leaves Nagle on 44 ms a message; Linux forgets it at each read."""
    if QUICK_ACKNOWLEDGE is not None and isinstance(line, socket.socket):
        line.setsockopt(socket.IPPROTO_TCP, QUICK_ACKNOWLEDGE, 1)


async def _connected(
    line: socket.socket, where: tuple[Any, ...], host: str, context: ssl.SSLContext | None
) -> socket.socket:
    try:
        line.setblocking(False)
        await _connect(line, where)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # Nagle would cost 44 ms
        if context:
            line = context.wrap_socket(line, server_hostname=host, do_handshake_on_connect=False)
            await _shake_hands(line)
    except BaseException:
        line.close()
        raise
    return line


async def _connect(line: socket.socket, where: tuple[Any, ...]) -> None:
    """Connect to an address; uvloop's own sock_connect would queue behind lookups of names."""
    code = line.connect_ex(where)
    if code == errno.EINPROGRESS:
        loop = asyncio.get_running_loop()
        await _until_ready(line, loop.add_writer, loop.remove_writer)
        code = line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


async def _shake_hands(line: ssl.SSLSocket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            return line.do_handshake()
        except ssl.SSLWantReadError:
            await _until_ready(line, loop.add_reader, loop.remove_reader)
        except ssl.SSLWantWriteError:
            await _until_ready(line, loop.add_writer, loop.remove_writer)


async def _until_ready(
    line: socket.socket, add: Callable[..., None], remove: Callable[..., object]
) -> None:
    ready = asyncio.Event()
    add(line, ready.set)
    try:
        await ready.wait()
    finally:
        remove(line)


def plain_reason(error: OSError | ValueError) -> str:
    """Say in plain words why a connection failed; asyncio hides the system's own words."""
    if isinstance(error, ssl.SSLError):
        return _of_tls(error)
    if not isinstance(error, OSError):
        return str(error)
    if error.errno and error.errno in errno.errorcode:
        return os.strerror(error.errno)
    return error.strerror or str(error) or "no answer"


def _of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.removesuffix(".")
        return f"its certificate is not trusted: {why}; see ca_file, and the name in the address"
    reason = (error.reason or "").upper()
    known = (plain for sign, plain in _REASONS if sign in reason)
    return next(known, reason.lower().replace("_", " ") or str(error))


# The alerts of TLS, as OpenSSL names them (RFC 8446, section 6.2), and what they are told for.
_REASONS = (
    ("CERTIFICATE_REQUIRED", "it refuses us without a certificate: set certificate_file"),
    ("DID_NOT_RETURN_A_CERTIFICATE", "it refuses us without a certificate: set certificate_file"),
    ("ALERT_UNKNOWN_CA", "it refuses our certificate: it does not know who signed it"),
    ("CERTIFICATE_EXPIRED", "it refuses our certificate: it has ended, or does not count yet"),
    ("CERTIFICATE_REVOKED", "it refuses our certificate: it was revoked"),
    ("CERTIFICATE_UNKNOWN", "it refuses our certificate"),
    ("BAD_CERTIFICATE", "it refuses our certificate, or that we have none (certificate_file)"),
    ("UNSUPPORTED_CERTIFICATE", "it refuses our certificate: it is not one for clients"),
    ("WRONG_VERSION_NUMBER", "it speaks no TLS there: is the port right?"),
    ("PROTOCOL_VERSION", "it has no version of TLS that we take"),
    ("HANDSHAKE_FAILURE", "it has no cipher in common with us"),
)
