"""A power cut with monitors of both kinds, ours and Debian's, on servers of both kinds.

Whoever is primary and whoever is secondary: the secondary goes down first, the primary after it,
and the primary leaves the flag file. All pairs live through one power cut at the same time, each
with a UPS of its own.
"""

import os
import sys
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.monitors import Diary, MonitorProcess, our_monitor, until, upsmon
from tests.ournut import OurNut
from tests.realnut import Dummy, RealNut

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="upsmon writes its files as root only"),
]

LOGIN_TIMEOUT = 60.0
DOWN_TIMEOUT = 60.0
HOST_SYNC = 40  # so that a primary which does not see its secondary leave is much too late
BEFORE = "ups.status: OL\nbattery.charge: 100\n"
AFTER = "ups.status: OB LB\nbattery.charge: 8\n"
USERS = """
[first]
    password = one
    upsmon primary
[second]
    password = two
    upsmon secondary
"""


@dataclass(slots=True)
class Pair:
    """A primary and a secondary that hang on one UPS; `kind` is ours, bus or upsmon."""

    server: str
    primary: str
    secondary: str
    monitors: list[MonitorProcess] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.server}-{self.primary}-{self.secondary}"


# `ours` asks the server as upsmon does, `bus` hears our driver without asking.
PAIRS = [
    *(Pair("upsd", first, second) for first in ("ours", "upsmon") for second in ("ours", "upsmon")),
    *(
        Pair("gateway", first, second)
        for first in ("ours", "bus", "upsmon")
        for second in ("ours", "bus", "upsmon")
    ),
]


class Site:
    """Both servers, with a UPS for each pair, and the monitors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.diaries: dict[str, Diary] = {}
        self.upsd = RealNut(self._folder("upsd"), self._devices("upsd"), users=USERS)
        confs = RealNut(self._folder("gateway"), self._devices("gateway"), users=USERS)
        self.ours = OurNut(confs.directory)

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    def _devices(self, server: str) -> dict[str, str | Dummy]:
        settings = {"mode": "dummy-once", "pollinterval": "1"}
        return {
            pair.name: Dummy(BEFORE, settings=settings) for pair in PAIRS if pair.server == server
        }

    def start_pair(self, pair: Pair) -> None:
        folder = self._folder(f"hosts-{pair.name}")
        diary = self.diaries[pair.name] = Diary(folder)
        for role, kind in (("primary", pair.primary), ("secondary", pair.secondary)):
            monitor = self._monitor(pair, folder / role, role, kind, diary.command(role))
            pair.monitors.append(monitor)
            monitor.start()

    def _monitor(
        self, pair: Pair, folder: Path, role: str, kind: str, command: str
    ) -> MonitorProcess:
        server = (self.upsd if pair.server == "upsd" else self.ours).address
        user, password = ("first", "one") if role == "primary" else ("second", "two")
        if kind == "upsmon":
            return upsmon(
                folder,
                ups=pair.name,
                server=server,
                user=user,
                password=password,
                role=role,
                command=command,
                host_sync=HOST_SYNC,
            )
        by_address = {
            "address": f"{pair.name}@{server}",
            "username": user,
            "password": password,
            "role": role,
        }
        return our_monitor(
            folder,
            supplies=[{"device": pair.name, "role": role} if kind == "bus" else by_address],
            command=command,
            broker=self.ours.broker.url,
            name=f"{pair.name}-{role}",
            host_sync=float(HOST_SYNC),
        )

    def logins(self, pair: Pair) -> str:
        server = self.upsd if pair.server == "upsd" else self.ours
        return server.ask(f"GET NUMLOGINS {pair.name}")

    def await_logins(self, pair: Pair) -> None:
        expected = f"NUMLOGINS {pair.name} 2"
        until(
            lambda: self.logins(pair) == expected,
            lambda: f"{self.logins(pair)}\n{self.told(pair)}",
            LOGIN_TIMEOUT,
        )

    def cut_power(self) -> None:
        for pair in PAIRS:
            file = self.folder / pair.server / f"{pair.name}.dev"
            # dummy-ups must not read half a file.
            new = file.with_suffix(".new")
            new.write_text(AFTER)
            new.chmod(0o600)
            new.replace(file)

    def told(self, pair: Pair) -> str:
        logs = "\n".join(f"{monitor.folder.name}:\n{monitor.log}" for monitor in pair.monitors)
        return f"{pair.name}: {self.diaries[pair.name].lines()}\n{logs}"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Generator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    with site.upsd, site.ours:
        try:
            for pair in PAIRS:
                if pair.server == "gateway":
                    site.ours.await_readable(pair.name)
                site.start_pair(pair)
            for pair in PAIRS:
                site.await_logins(pair)
            site.cut_power()
            yield site
        finally:
            for pair in PAIRS:
                for monitor in pair.monitors:
                    monitor.stop()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_the_secondary_goes_first_and_the_primary_leaves_the_flag(site, pair, record_property):
    diary = site.diaries[pair.name]
    until(lambda: len(diary.lines()) == 2, lambda: site.told(pair), DOWN_TIMEOUT)
    assert diary.who == ["secondary", "primary"], site.told(pair)
    secondary, primary = diary.lines()
    record_property("secondary at", secondary.at)
    record_property("primary at", primary.at)
    sys.stdout.write(f"{pair.name}: secondary at {secondary.at}, primary at {primary.at}\n")
    assert primary.at >= secondary.at
    assert primary.at - secondary.at < HOST_SYNC, "it waited in vain"
    until(lambda: pair.monitors[0].has_flag, lambda: site.told(pair), DOWN_TIMEOUT)
