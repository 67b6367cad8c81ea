"""Two or three hosts that are primaries of one UPS: monitors in processes, on a real broker."""

import contextlib
import signal
from pathlib import Path

import pytest

from tests.integration.power import bystander, plant, stubborn_secondary
from tests.monitors import Diary, MonitorProcess, our_monitor

pytestmark = pytest.mark.integration

SUPPLY = {"device": "ups", "role": "primary"}
SYNC = 3.0


@pytest.fixture
async def ups(broker):
    async with plant(broker.url, ups="OL") as ups:
        yield ups


@pytest.fixture
async def watcher(broker):
    async with bystander(broker.url) as watcher:
        yield watcher


class Site:
    """Hosts that are shut down by a line in the diary."""

    def __init__(self, folder: Path, url: str, stack: contextlib.ExitStack) -> None:
        self.folder, self.url, self.stack = folder, url, stack
        self.diary = Diary(folder)
        self.hosts: dict[str, MonitorProcess] = {}

    def start(self, name, role="primary", **section):
        host = our_monitor(
            self.folder / name,
            supplies=[{**SUPPLY, "role": role}],
            command=[self.diary.command(name)],
            broker=self.url,
            keepalive=2,
            arguments=("-p",),
            **{"host_sync": SYNC, **section},
        )
        self.hosts[name] = self.stack.enter_context(host)

    def send(self, name, number):
        self.hosts[name].process.send_signal(number)

    @property
    def flags(self):
        return [name for name, host in self.hosts.items() if host.has_flag]

    async def down(self, watcher, *names):
        """Wait until these went down, in whatever order."""
        await watcher.until(lambda: len(self.diary.lines()) >= len(names), f"{names} down")
        assert sorted(self.diary.who) == sorted(names)

    async def phase(self, watcher, name, *phases):
        await watcher.until(lambda: watcher.power(name).phase in phases, f"{name} {phases}")


@pytest.fixture
def site(broker, tmp_path):
    with contextlib.ExitStack() as stack:
        site = Site(tmp_path, broker.url, stack)
        yield site
        for host in site.hosts.values():
            with contextlib.suppress(ProcessLookupError):
                host.process.send_signal(signal.SIGCONT)


async def test_the_first_goes_last_and_alone_leaves_the_flag(site, ups, watcher):
    for name in ("a", "b", "c"):
        site.start(name)
    site.start("web", role="secondary")
    for name in ("a", "b", "c", "web"):
        await watcher.online(name)
    ups.say("ups", "OB LB")
    await site.down(watcher, "a", "b", "c", "web")
    assert site.diary.who[-1] == "a"
    assert site.flags == ["a"]


async def test_the_settings_say_who_goes_last(site, ups, watcher):
    site.start("a", priority=2)
    site.start("b")
    await watcher.online("a")
    await watcher.online("b")
    ups.say("ups", "OB LB")
    await site.down(watcher, "a", "b")
    assert site.diary.who == ["a", "b"]
    assert site.flags == ["b"]


@pytest.mark.parametrize("phase", ["watching", "hostsync"])
async def test_the_chosen_one_is_killed_and_the_next_has_the_power_cut(site, ups, watcher, phase):
    site.start("a")
    site.start("b", final_delay=2.0)
    await watcher.online("a")
    await watcher.online("b")
    if phase == "hostsync":
        ups.say("ups", "OB LB")
        await site.phase(watcher, "b", "final")
        assert watcher.power("a").relieves == ["b"]
    site.send("a", signal.SIGKILL)
    await watcher.until(lambda: not watcher.is_online("a"), "a offline")
    ups.say("ups", "OB LB")
    await site.down(watcher, "b")
    assert site.flags == ["b"]


async def test_the_chosen_one_is_killed_last_of_all(site, ups, watcher):
    site.start("a", final_delay=3.0)
    site.start("b")
    await watcher.online("a")
    await watcher.online("b")
    ups.say("ups", "OB LB")
    await site.down(watcher, "b")
    site.send("a", signal.SIGKILL)
    await watcher.until(lambda: not watcher.is_online("a"), "a offline")
    assert site.flags == [], "nobody is left who could have the power cut"


async def test_the_chosen_one_hangs_and_the_next_waits_for_it_so_long(site, ups, watcher):
    site.start("a")
    site.start("b")
    await watcher.online("a")
    await watcher.online("b")
    site.send("a", signal.SIGSTOP)
    ups.say("ups", "OB LB")
    await site.phase(watcher, "b", "hostsync")
    await site.down(watcher, "b")
    assert site.flags == ["b"]


async def test_the_monitor_of_the_chosen_one_comes_back_in_time(site, ups, watcher):
    site.start("a", host_sync=30.0)
    site.start("b", final_delay=12.0)  # in it the other has to start, and to be heard
    await watcher.online("a")
    await watcher.online("b")
    ups.say("ups", "OB LB")
    await site.phase(watcher, "b", "final")
    site.send("a", signal.SIGKILL)
    site.hosts["a"].process.wait()
    await watcher.until(lambda: not watcher.is_online("a"), "a offline")
    site.hosts["a"].start()
    await site.down(watcher, "a", "b")
    assert site.flags == ["a"]
    assert site.diary.who == ["b", "a"]


async def test_mains_is_back_when_one_is_past_return(site, ups, watcher):
    async with stubborn_secondary(site.url, "ups"):  # so that the first waits
        site.start("a", clear_fsd_on_return=True, host_sync=25.0)
        await watcher.online("a")
        ups.say("ups", "OB LB")
        await site.phase(watcher, "a", "hostsync")
        site.start("b", final_delay=6.0)  # later: its FSD would not be for the first to clear
        await watcher.online("b")
        await site.phase(watcher, "b", "final")
        ups.say("ups", "OL")
        await site.phase(watcher, "a", "watching")
        await site.down(watcher, "b")
    assert site.flags == []
