"""A machine with USB devices for real programs: they and libusb run as they are, not the kernel.

umockdev's library (Debian: umockdev) is preloaded into a program: it turns to a folder for /sys
and /dev, and hands on each ioctl on a USB device. This module keeps that folder, and
tests/realusb_node.py answers, in threads of its own; a `Peer` is what is plugged in.
"""

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from tests.realusb_node import BUS, Node, Peer, StallError

__all__ = ("Hub", "Machine", "Peer", "StallError", "preloaded")

PRELOADED = "libumockdev-preload.so.0"
SHIM = Path(__file__).with_name("realusb.c")
HUB = bytes.fromhex("12010002090001406b1d0200010003020101") + bytes.fromhex(
    "0902190001010040000904000001090000000705810304000c"
)


class Hub:
    """The root hub, which programs find beside the devices; it refuses everything."""

    descriptors = HUB

    def control(
        self, _kind: int, _request: int, _value: int, _index: int, _data: bytes | int, /
    ) -> bytes:
        """Refuse."""
        raise StallError

    def read(self, _endpoint: int, _size: int, /) -> bytes | None:
        """Have nothing to tell."""
        return None

    def write(self, _endpoint: int, _data: bytes, /) -> None:
        """Refuse."""
        raise StallError


class Machine:
    """A machine whose USB devices are given; use it as a context manager.

    `environment` is what makes a program see it; one program may open 50 devices, umockdev's limit.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._old: list[Node] = []
        self._numbers = iter(range(1, 128))
        self._events = iter(range(1, 1 << 30))

    def __enter__(self) -> Self:
        # Not a folder of pytest: the paths of sockets are short.
        self.folder = Path(tempfile.mkdtemp(prefix="usb"))
        (self.folder / "sys/bus/usb/devices").mkdir(parents=True)
        self._shim = _built(self.folder)
        self.plug(f"usb{BUS}", Hub())
        return self

    def __exit__(self, *_: object) -> None:
        for node in (*self._nodes.values(), *self._old):
            node.close()
        shutil.rmtree(self.folder)

    @property
    def environment(self) -> dict[str, str]:
        """Return what makes a program see the devices of this machine."""
        libraries = f"{self._shim}:{preloaded()}"
        return {"LD_PRELOAD": libraries, "UMOCKDEV_DIR": str(self.folder)}

    def plug(self, busport: str, peer: Peer) -> str:
        """Plug a device in, such as at "1-2"; return its number on the bus as three digits."""
        number = next(self._numbers)
        node = Node(self.folder, busport, number, peer)
        files = {
            "uevent": f"MAJOR=189\nMINOR={number - 1}\nDEVNAME={node.name}\nDEVTYPE=usb_device\n"
            f"BUSNUM={BUS:03d}\nDEVNUM={number:03d}\n",
            "busnum": f"{BUS}\n",
            "devnum": f"{number}\n",
            "dev": f"189:{number - 1}\n",
            "speed": "12\n",
            "bConfigurationValue": "1\n",
        }
        folder = self._folder(busport)
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        (folder / "descriptors").write_bytes(peer.descriptors)
        _link(folder / "subsystem", self.folder / "sys/bus/usb")
        _link(self.folder / "sys/bus/usb/devices" / busport, folder)
        self._nodes[busport] = node
        self._tell("add", node)
        return f"{number:03d}"

    def unplug(self, busport: str) -> None:
        """Pull a device out."""
        node = self._nodes.pop(busport)
        self._old.append(node)
        (self.folder / "sys/bus/usb/devices" / busport).unlink()
        shutil.rmtree(self._folder(busport))
        node.unplug()
        self._tell("remove", node)

    def look(self, busport: str) -> None:
        """Let a device tell what it has to tell unasked."""
        self._nodes[busport].look()

    def is_claimed(self, busport: str) -> bool:
        """Tell whether a program has claimed the device."""
        return self._nodes[busport].is_claimed

    def _folder(self, busport: str) -> Path:
        parent = self.folder / f"sys/devices/pci0000:00/usb{BUS}"
        return parent if busport.startswith("usb") else parent / busport

    def _tell(self, action: str, node: Node) -> None:
        """Tell the programs that listen for devices, in the kernel's words."""
        path = "/" + str(self._folder(node.busport).relative_to(self.folder / "sys"))
        words = (
            f"{action}@{path}",
            f"ACTION={action}",
            f"DEVPATH={path}",
            "SUBSYSTEM=usb",
            "MAJOR=189",
            f"MINOR={node.number - 1}",
            f"DEVNAME={node.name}",
            "DEVTYPE=usb_device",
            f"BUSNUM={BUS:03d}",
            f"DEVNUM={node.number:03d}",
            f"SEQNUM={next(self._events)}",
        )
        text = "".join(f"{word}\0" for word in words).encode()
        for listener in self.folder.glob("event*"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                try:
                    line.sendto(text, str(listener))
                except ConnectionRefusedError:
                    listener.unlink()


def preloaded() -> str:
    """Name what programs have to preload, or fail naming its Debian package."""
    with contextlib.suppress(OSError):
        ctypes.CDLL(PRELOADED)
        return PRELOADED
    raise AssertionError(f"these tests need {PRELOADED}: apt-get install umockdev")


def _built(folder: Path) -> Path:
    compiler = shutil.which("tcc")
    if compiler is None:
        raise AssertionError("these tests need tcc: apt-get install tcc")
    library = folder / "realusb.so"
    subprocess.run((compiler, "-shared", "-o", library, SHIM), check=True)
    return library


def _link(path: Path, target: Path) -> None:
    """Link as /sys does, by a relative path: libudev looks where a link leads."""
    path.symlink_to(os.path.relpath(target, path.parent))
