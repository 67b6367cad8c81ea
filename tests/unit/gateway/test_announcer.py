"""The announcer lives on where the machine cannot tell its addresses."""

import asyncio
import contextlib
import resource
from collections.abc import Generator
from pathlib import Path

from services.gateway.announcer import Announcer
from services.gateway.settings import GatewaySection
from shared.listening import Address


@contextlib.contextmanager
def no_file_left() -> Generator[None]:
    """Let this process open no further file inside the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(int(file.name) for file in Path("/proc/self/fd").iterdir()) + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    with contextlib.ExitStack() as files:
        try:
            with contextlib.suppress(OSError):
                while True:
                    files.enter_context(open("/dev/null"))  # noqa: PTH123 -- as few steps as can be
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_gateway_that_has_no_file_left_goes_on(caplog):
    announcer = Announcer()
    section = GatewaySection(announce=True)
    with no_file_left():
        keeping = asyncio.create_task(announcer.keep())
        announcer.apply(section, [Address("0.0.0.0", 3493)])
        async with asyncio.timeout(10):
            while not (caplog.records or keeping.done()):
                await asyncio.sleep(0)
    assert not keeping.done()
    assert "addresses of this machine: Too many open files" in caplog.text
    keeping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await keeping
