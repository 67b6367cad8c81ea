"""Hosts with networks of their own on one machine, joined by lines that a test cuts and slows.

Each host is a network namespace with one address for documentation (192.0.2.0/24). Its line ends in
this process, which hands each packet on: late, or not at all, as the test wants.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import random
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

from tests.brokers import find_program

ROOT = Path(__file__).parents[1]
TUNSETIFF = 0x400454CA
TUN_WITHOUT_HEADER = 0x0001 | 0x1000
CLONE_NEWNET = 0x40000000
LONGEST_PACKET = 65535
STOP_TIMEOUT = 30.0


@dataclass(slots=True)
class Line:
    """How a host hangs on the others: seconds each way, share of packets lost, or cut."""

    delay: float = 0.0
    loss: float = 0.0
    is_cut: bool = False

    def loses(self) -> bool:
        return self.is_cut or random.random() < self.loss


@dataclass
class Host:
    """One machine: what it runs ends with the test."""

    name: str
    namespace: str
    address: str
    end: int
    line: Line = field(default_factory=Line)
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self, *words: str, log: Path) -> "subprocess.Popen[bytes]":
        """Run a program there; what it says goes to the log."""
        with log.open("ab") as file:
            process = subprocess.Popen(
                (find_program("ip", "iproute2"), "netns", "exec", self.namespace, *words),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd=ROOT,
            )
        self.processes.append(process)
        return process

    def nutbus(self, settings: Path) -> "subprocess.Popen[bytes]":
        """Run all services that a settings file names."""
        words = (sys.executable, "-m", "services.console", "up", "--config", str(settings))
        return self.start(*words, log=settings.with_suffix(".log"))

    async def connect(self, address: str, port: int) -> socket.socket:
        """Connect from there; the socket does not block."""
        return await asyncio.to_thread(self._connect, address, port)

    def _connect(self, address: str, port: int) -> socket.socket:
        found: list[socket.socket | OSError] = []
        thread = threading.Thread(target=self._within, args=(address, port, found))
        thread.start()  # it is of that network until its end, so it is no one's else
        thread.join()
        if isinstance(found[0], OSError):
            raise found[0]
        return found[0]

    def _within(self, address: str, port: int, found: list[Any]) -> None:
        try:
            with Path(f"/run/netns/{self.namespace}").open("rb") as network:
                if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            line = socket.create_connection((address, port), timeout=30)
            line.setblocking(False)
            found.append(line)
        except OSError as error:
            found.append(error)


class Network:
    """Hosts by name; packets go from line to line while the event loop of the test runs."""

    def __init__(self, *names: str) -> None:
        self._ip = find_program("ip", "iproute2")
        self._loop = asyncio.get_running_loop()
        self.hosts: dict[str, Host] = {}
        self.parted: set[frozenset[str]] = set()  # pairs of hosts that do not reach each other
        try:
            for number, name in enumerate(names, start=1):
                self._add(name, number)
        except BaseException:
            self.__exit__()
            raise

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        processes = [each for host in self.hosts.values() for each in host.processes]
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for host in self.hosts.values():
            self._loop.remove_reader(host.end)
            os.close(host.end)
            subprocess.run([self._ip, "netns", "del", host.namespace], check=False)

    def _add(self, name: str, number: int) -> None:
        namespace, device = f"nutbus-{name}-{os.getpid()}", f"nb{number}-{os.getpid() % 10**7}"
        end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH", device.encode(), TUN_WITHOUT_HEADER))
        host = Host(name, namespace, f"192.0.2.{number}", end)
        self._run("netns", "add", namespace)
        self.hosts[name] = host
        self._run("link", "set", device, "netns", namespace)
        for words in (
            ("link", "set", "lo", "up"),
            ("address", "add", f"{host.address}/24", "dev", device),
            ("link", "set", device, "up"),
        ):
            self._run("-n", namespace, *words)
        self._loop.add_reader(end, self._pass_on, host)

    def _run(self, *words: str) -> None:
        subprocess.run([self._ip, *words], check=True, capture_output=True)

    def _pass_on(self, sender: Host) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = os.read(sender.end, LONGEST_PACKET)
                receiver = self._receiver(packet)
                if receiver is None or self._loses(sender, receiver):
                    continue
                delay = sender.line.delay + receiver.line.delay
                self._loop.call_later(delay, self._deliver, receiver, packet)

    def _loses(self, sender: Host, receiver: Host) -> bool:
        if frozenset((sender.name, receiver.name)) in self.parted:
            return True
        return sender.line.loses() or receiver.line.loses()

    def _receiver(self, packet: bytes) -> Host | None:
        if packet[0] >> 4 != 4:
            return None
        address = socket.inet_ntoa(packet[16:20])
        return next((host for host in self.hosts.values() if host.address == address), None)

    def _deliver(self, receiver: Host, packet: bytes) -> None:
        if not receiver.line.is_cut:
            with contextlib.suppress(OSError):  # its network is gone
                os.write(receiver.end, packet)


@contextlib.contextmanager
def network(*names: str) -> Generator[Network]:
    """Join hosts with these names; skip the test where root may not make networks."""
    try:
        found = Network(*names)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this root may not make networks: {error}")
    with found:
        yield found
