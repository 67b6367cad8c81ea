"""Ask a NUT server one thing, on a connection of its own."""

import contextlib
import socket

HOST = "127.0.0.1"
TIMEOUT = 5.0


def ask(port: int, request: str) -> str:
    """Return the whole reply: one line, or for a LIST up to its END; empty if nobody answers."""
    end = f"END {request}\n" if request.startswith("LIST") else "\n"
    reply = ""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), TIMEOUT) as line:
        line.sendall(request.encode() + b"\n")
        while not reply.endswith(end) and not reply.startswith("ERR"):
            data = line.recv(65536).decode()
            if not data:
                break
            reply += data
    return reply


def are_readable(port: int, devices: list[str]) -> bool:
    """Tell whether a server has the data of all devices."""
    return all(_is_data(ask(port, f"GET VAR {device} ups.status")) for device in devices)


def _is_data(reply: str) -> bool:
    return reply.startswith("VAR ") and not reply.endswith('"WAIT"\n')
