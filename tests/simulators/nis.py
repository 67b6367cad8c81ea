"""An apcupsd's network information server that plays a status report, well or badly."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

SHARED = Path(__file__).parents[2] / "../shared/fixtures/nis"

# A Smart-UPS as apcupsd 3.14.14 reports it, and LOAD_W and LOAD_VA as others do who speak so:
# every line that makes a variable of NUT's is there.
SMART_UPS = """\
APC      : 001,058,1326
DATE     : 2026-03-01 12:00:00 +0100
HOSTNAME : cellar
VERSION  : 3.14.14 (31 May 2016) debian
UPSNAME  : rack1
CABLE    : USB Cable
DRIVER   : USB UPS Driver
UPSMODE  : Stand Alone
STARTTIME: 2026-02-01 08:00:00 +0100
MODEL    : Smart-UPS X 1500
STATUS   : ONLINE
LINEV    : 231.8 Volts
LOADPCT  : 23.4 Percent
LOADAPNT : 25.1 Percent
LOAD_W   : 234 Watts
LOAD_VA  : 376.5 VA
BCHARGE  : 99.5 Percent
TIMELEFT : 61.3 Minutes
MBATTCHG : 10 Percent
MINTIMEL : 5 Minutes
MAXTIME  : 0 Seconds
MAXLINEV : 234.0 Volts
MINLINEV : 229.5 Volts
OUTPUTV  : 231.7 Volts
SENSE    : High
DWAKE    : 10 Seconds
DSHUTD   : 90 Seconds
DLOWBATT : 2 Minutes
LOTRANS  : 208.0 Volts
HITRANS  : 253.0 Volts
RETPCT   : 15.0 Percent
ITEMP    : 27.4 C
ALARMDEL : 30 Seconds
BATTV    : 54.6 Volts
LINEFREQ : 50.0 Hz
OUTCURNT : 1.53 Amps
LASTXFER : Low line voltage
NUMXFERS : 1
XONBATT  : 2026-02-20 03:14:15 +0100
TONBATT  : 0 Seconds
CUMONBATT: 7 Seconds
XOFFBATT : 2026-02-20 03:14:22 +0100
LASTSTEST: 2026-02-15 02:00:00 +0100
SELFTEST : OK
STESTI   : 336
STATFLAG : 0x05000008
MANDATE  : 2021-05-04
SERIALNO : AS2118123456
BATTDATE : 2024-06-01
NOMOUTV  : 230 Volts
NOMINV   : 230 Volts
NOMBATTV : 48.0 Volts
NOMPOWER : 1000 Watts
NOMAPNT  : 1500 VA
HUMIDITY : 41.0 Percent
AMBTEMP  : 22.5 C
EXTBATTS : 1
BADBATTS : 0
FIRMWARE : UPS 08.8 / MCU 14.0
END APC  : 2026-03-01 12:00:20 +0100
"""


def report(**changes: str | None) -> str:
    """Return the report of the Smart-UPS with other values; None leaves a line out.

    END_APC stands for the key that is written with a blank.
    """
    changes = {key.replace("_APC", " APC"): value for key, value in changes.items()}
    lines = []
    for line in SMART_UPS.splitlines():
        key = line.partition(":")[0].strip()
        value = changes.pop(key, line.partition(":")[2].strip())
        if value is not None:
            lines.append(f"{key:<9}: {value}")
    assert not changes, f"the report has no {list(changes)}"
    return "\n".join([*lines, ""])


def recordings() -> list[Path]:
    """List the recorded reports; none where the shared material is absent."""
    return sorted(SHARED.glob("*/*.status"))


def framed(lines: Sequence[bytes]) -> bytes:
    """Put the lines as the server sends them."""
    return b"".join(len(line).to_bytes(2) + line for line in [*lines, b""])


class NisServer:
    """The server; `report` may be changed at any time, `spoil` alters the bytes of an answer."""

    def __init__(self, told: str) -> None:
        self.report = told
        self.spoil: Callable[[bytes], bytes] = bytes
        self.hangs = asyncio.Event()  # set: nothing is answered any more
        self.asked = 0
        self._server: asyncio.Server | None = None
        self._port = 0
        self._lines: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> str:
        """Return host and port as a driver's settings name them."""
        return f"127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listen, after a stop on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up on everybody and listen no more."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for line in self._lines:
            line.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(2))
                assert await reader.readexactly(size) == b"status"
                self.asked += 1
                if self.hangs.is_set():
                    await reader.read()
                    return
                lines = [f"{line}\n".encode() for line in self.report.splitlines()]
                data = self.spoil(framed(lines))
                writer.write(data)
                await writer.drain()
                if data != framed(lines):
                    return
        except (EOFError, OSError):
            pass
        finally:
            self._lines.discard(writer)
            writer.close()


@asynccontextmanager
async def nis_server(told: str = SMART_UPS) -> AsyncGenerator[NisServer]:
    """Serve a report."""
    server = NisServer(told)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
