"""What a server that is measured looks like, whichever it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """A NUT server that runs: its port, its process, and the processes of all that it needs."""

    port: int
    process: int
    processes: tuple[int, ...]
