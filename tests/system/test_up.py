"""`nutbus up` with everything in it: a power cut from the simulated mains to the shutdown."""

import asyncio
import contextlib
import signal
import socket
import sys
from pathlib import Path

import pytest

from services.console import up
from services.console.live import view
from shared.latest import Latest
from shared.settings import BusSettings, ServiceSettings
from shared.topics import DeviceTopic
from tests.ports import free_port

pytestmark = pytest.mark.system

TIMEOUT = 30.0


def settings(folder: Path, broker_port: int, nut_port: int) -> Path:
    """Write settings whose shutdown is a file, and nothing else."""
    file = folder / "nutbus.toml"
    file.write_text(
        f"""
        [bus]
        broker = "embedded://127.0.0.1:{broker_port}"
        [devices.ups1]
        driver = "simulated"
        speed = 600
        load = 60
        poll_interval = 0.2
        [gateway]
        listen = ["127.0.0.1:{nut_port}"]
        [monitor]
        pid_file = "{folder}/monitor.pid"
        power_down_flag = "{folder}/flag"
        shutdown_command = "echo down > {folder}/down"
        final_delay = 0.1
        [[monitor.supplies]]
        device = "ups1"
        power_value = 1
        role = "primary"
        [scheduler]
        database = "{folder}/scheduler.sqlite"
        [[scheduler.rules]]
        name = "cut"
        when = "ONBATT"
        do = [{{run = ["/bin/sh", "-c", "echo $UPSNAME > {folder}/cut"]}}]
        """
    )
    return file


@contextlib.asynccontextmanager
async def running(file: Path):
    log = file.with_name("log")
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.console", "up", "--config", str(file)),
            stderr=stderr,
        )
    try:
        yield log
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(TIMEOUT):
            assert await process.wait() == 0, log.read_text()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until_there(file: Path, log: Path) -> str:
    try:
        async with asyncio.timeout(TIMEOUT):
            while not (file.exists() and file.read_text()):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{file.name} never came: {log.read_text()}") from None
    return file.read_text()


async def until_connectable(port: int, log: Path) -> None:
    try:
        async with asyncio.timeout(TIMEOUT):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    await writer.wait_closed()
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(log.read_text()) from None


async def test_a_power_cut_goes_from_the_mains_to_the_shutdown(tmp_path: Path):
    broker, nut = free_port(), free_port()
    async with running(settings(tmp_path, broker, nut)) as log:
        await until_connectable(nut, log)
        bus = BusSettings(broker=f"mqtt://127.0.0.1:{broker}")
        async with view(bus, DeviceTopic.RESULT) as seen:
            await seen.request("ups1", DeviceTopic.SET, "input.voltage", "0", TIMEOUT)
        assert await until_there(tmp_path / "cut", log) == "ups1\n"
        assert await until_there(tmp_path / "down", log) == "down\n"
        assert (tmp_path / "flag").read_text().startswith("upsmon-shutdown-file")
    assert "Traceback" not in log.read_text()


async def test_a_monitor_of_the_gateway_beside_it_begins_when_that_lets_clients_in(tmp_path: Path):
    broker, nut = free_port(), free_port()
    file = settings(tmp_path, broker, nut)
    # As NUT's files are taken over: the host is a client of its own server.
    supply = f'address = "ups1@127.0.0.1:{nut}"\nusername = "m"\npassword = "m"'
    users = '[gateway.users.m]\npassword = "m"\nupsmon = "primary"\n[monitor]'
    tell = f'notify_command = ["/bin/sh", "-c", "echo $NOTIFYTYPE >> {tmp_path}/told"]\n'
    flags = "".join(
        f'[monitor.notify.{event}]\nflags = ["EXEC"]\n' for event in ("COMMBAD", "ONBATT")
    )
    text = file.read_text().replace('device = "ups1"', supply)
    file.write_text(text.replace("[monitor]", users + "\n" + tell, 1) + flags)
    async with running(file) as log:
        await until_connectable(nut, log)
        bus = BusSettings(broker=f"mqtt://127.0.0.1:{broker}")
        async with view(bus, DeviceTopic.RESULT) as seen:
            await seen.request("ups1", DeviceTopic.SET, "input.voltage", "0", TIMEOUT)
        assert (await until_there(tmp_path / "told", log)).startswith("ONBATT\n")


async def test_a_service_that_fails_does_not_stop_the_others(tmp_path: Path):
    broker = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with running(settings(tmp_path, broker, port)) as log:
            async with asyncio.timeout(TIMEOUT):
                while "gateway starts again" not in log.read_text():
                    await asyncio.sleep(0.05)
            async with view(BusSettings(broker=f"mqtt://127.0.0.1:{broker}")) as seen:
                assert seen.fleet.names() == ["ups1"]
            assert f"127.0.0.1:{port}" in log.read_text()


async def test_a_crash_is_logged_and_the_service_starts_again(caplog):
    starts: asyncio.Queue[int] = asyncio.Queue()

    async def crash(_settings: Latest[ServiceSettings], _means: up.Means) -> None:
        starts.put_nowait(1)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())
            await asyncio.Event().wait()

    async def fail() -> None:
        raise ZeroDivisionError("a bug")

    service = up.Service("crasher", (), ServiceSettings, crash)
    keeping = asyncio.create_task(
        up.keep_running(service, Latest(ServiceSettings()), up.Means(lambda: None))
    )
    async with asyncio.timeout(TIMEOUT):
        await starts.get()
        await starts.get()
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert "crasher crashed" in caplog.text
