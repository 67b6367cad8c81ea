"""Ports for the servers of tests that can only be told a number.

Each process of a test run has a range of its own, below the ports that systems give to clients: so
no other test takes a port between its choice and its use, or after its server has gone.
"""

import os
import random
import re
import socket

FIRST, SHARE, PROCESSES = 10_000, 2_000, 10
_TRIES = 200


def free_port(host: str = "127.0.0.1", kind: int = socket.SOCK_STREAM) -> int:
    """Return a port that nothing on the host listens on."""
    worker = re.search(r"\d+$", os.environ.get("PYTEST_XDIST_WORKER", ""))
    first = FIRST + SHARE * (int(worker[0]) % PROCESSES if worker else os.getpid() % PROCESSES)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(_TRIES):
        port = random.randrange(first, first + SHARE)
        with socket.socket(family, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port from {first} to {first + SHARE} is free")
