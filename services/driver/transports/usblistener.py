"""What a USB device says unasked, read in a thread of its own."""

import asyncio
import contextlib
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Final

from services.driver.transports.reports import NoReportError, SilentError
from services.driver.transports.usbfinding import translated
from shared.errors import DeviceError

LISTEN_STEP = 0.25  # seconds of one wait for what comes unasked, so that a line closes soon
CLOSE_TIMEOUT = 3.0
MOST_KEPT = 256  # packets that wait to be taken; older ones are dropped
MOST_STALLS = 5  # in a row before that is told
LONGEST_STALL = 5.0  # seconds of rest for an endpoint that is refused again and again
# An endless stream is read at this pace, once more packets than a burst came without a rest.
BURST: Final = 32
PACE = 0.2  # seconds

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Pace:
    """Lets a burst through at once and slows an endless stream down; times in seconds."""

    credit: float = BURST
    last: float = 0.0

    def pause(self, now: float) -> float:
        """Count a packet; tell how long to rest before the next."""
        self.credit = min(float(BURST), self.credit + (now - self.last) / PACE)
        self.last = now
        self.credit -= 1
        return 0.0 if self.credit >= 0 else PACE


class UsbListener:
    """Keeps what a device says unasked until it is taken; `join` it before the line is closed.

    Only the newest `MOST_KEPT` packets are kept, and of an endless stream none that equals the one
    before it of the same first byte. An endpoint that is refused is tried again, for the device may
    answer all the same when it is asked; the line is lost only if listening `is_vital`.
    """

    def __init__(
        self,
        device: Any,  # noqa: ANN401 -- pyusb has no types
        where: str,
        endpoint: int,
        size: int,
        *,
        is_vital: bool = False,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._device, self._where, self._endpoint, self._size = device, where, endpoint, size
        self._is_vital = is_vital
        self._packets: list[bytes] = []
        self._changed = asyncio.Event()
        self._lost: DeviceError | None = None
        self._stopping = threading.Event()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="usb listener")
        self._ended = self._worker.submit(self._listen)

    @property
    def has_packets(self) -> bool:
        """Tell whether `packets` would return at once."""
        return self._changed.is_set()

    async def packets(self) -> list[bytes]:
        """Wait for packets and take them all; DeviceError once the device is gone."""
        await self._changed.wait()
        found, self._packets = self._packets, []
        if self._lost:
            if not found:
                raise self._lost
        else:
            self._changed.clear()
        return found

    def stop(self) -> None:
        """Let the thread end soon."""
        self._stopping.set()
        self._worker.shutdown(wait=False)

    def join(self) -> None:
        """Wait for the end of the thread; it blocks, but not for long."""
        wait([self._ended], CLOSE_TIMEOUT)

    def _listen(self) -> None:
        pace, stalls = Pace(), 0
        last: dict[int, bytes] = {}
        while not self._stopping.is_set():
            try:
                packet = self._read()
            except NoReportError as error:
                stalls += 1
                self._stall(stalls, error)
                continue
            except DeviceError as error:
                self._tell([], error)
                return
            stalls = 0
            if not packet:
                continue
            pause = pace.pause(time.monotonic())
            if not pause or last.get(packet[0]) != packet:
                last[packet[0]] = packet
                self._tell([packet], None)
            if pause:
                self._stopping.wait(pause)

    def _stall(self, count: int, error: NoReportError) -> None:
        """Rest for a while, the longer the more often the endpoint was refused."""
        if count == MOST_STALLS:
            logger.warning("%s: it cannot be listened to, only asked", error)
            if self._is_vital:
                self._tell([], error)
        self._stopping.wait(min(LISTEN_STEP * count, LONGEST_STALL))

    def _read(self) -> bytes:
        try:
            with translated(self._where):
                milliseconds = int(LISTEN_STEP * 1000)
                return bytes(self._device.read(self._endpoint, self._size, milliseconds))
        except SilentError:
            return b""
        except NoReportError:
            with translated(self._where):
                self._device.clear_halt(self._endpoint)
            raise

    def _tell(self, packets: list[bytes], lost: DeviceError | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._note, packets, lost)

    def _note(self, packets: list[bytes], lost: DeviceError | None) -> None:
        self._packets = [*self._packets, *packets][-MOST_KEPT:]
        self._lost = lost or self._lost
        self._changed.set()
