"""Which device of the bus a system of hosts.conf is, and what hosts.conf allows."""

import pytest

from services.web.compatibility.directory import NO_BUS, UNKNOWN, UNREACHABLE, Directory
from services.web.compatibility.hosts import HostsFile, HostsReader, Monitored
from shared.errors import SettingsError
from shared.messages import Availability
from tests.unit.web.compatibility_bus import HERE, VARIABLES, Bus


def directory(bus: Bus, *systems: str, given: dict[str, str] | None = None) -> Directory:
    file = HostsFile(tuple(Monitored(system, f"The {system}") for system in systems))
    return Directory(bus.mirror, file if systems else None, given or {})


@pytest.fixture
def bus() -> Bus:
    bus = Bus()
    bus.add("ups1", {**VARIABLES, "ups.model": "here"})
    port = {"driver.parameter.port": "ups1@far.example.org:3500"}
    bus.add("far", {**VARIABLES, "ups.model": "far", **port}, driver="nut")
    bus.add("broken", driver="nut", variables={"driver.parameter.port": "@@"})
    return bus


@pytest.mark.parametrize(
    ("system", "model"),
    [
        ("ups1", "here"),
        ("ups1@localhost", "here"),
        ("UPS1@LocalHost:3493", "here"),
        ("ups1@127.0.0.1", "here"),
        ("ups1@[::1]", "here"),
        (f"ups1@{HERE}", "here"),
        ("ups1@far.example.org:3500", "far"),
        ("Ups1@FAR.example.org:3500", "far"),
        ("ups1@far.example.org", None),
        ("ups1@localhost:3494", None),  # another server of this machine
        ("ups1@elsewhere", None),
        ("nobody", None),
        ("far@localhost", "far"),
        ("", None),
        ("@", None),
        ("a@b:c", None),
        ("ups1@" + "x" * 100_000, None),
        ("given@anywhere:1", "here"),
        ("given@nowhere", None),
    ],
)
def test_a_system_is_found_by_where_it_is(bus, system, model):
    given = {"given@anywhere:1": "ups1", "given@nowhere": "gone"}
    host = directory(bus, system, given=given).host(system)
    assert host is not None
    assert host.description == f"The {system}"
    assert (host.variables or {}).get("ups.model") == model
    free = directory(bus, given=given).host(system)
    assert (free.variables or {}).get("ups.model") == model if free else model is None


def test_only_what_hosts_conf_lists_may_be_asked_for_word_for_word(bus):
    listed = directory(bus, "ups1@localhost")
    assert [host.system for host in listed.hosts()] == ["ups1@localhost"]
    for system in ("ups1", "far", "UPS1@localhost", "ups1@localhost ", None):
        assert listed.host(system) is None


def test_without_hosts_conf_all_devices_may_be_asked_for(bus):
    hosts = directory(bus).hosts()
    assert [host.system for host in hosts] == ["broken", "far", "ups1"]
    assert directory(bus).host("nobody") is None
    assert directory(bus).host(None) is None


def test_the_description_is_the_devices_own_where_no_file_says_one():
    bus = Bus()
    bus.add("ups1", desc="In the rack")
    bus.add("ups2")
    assert [host.description for host in directory(bus).hosts()] == ["In the rack", "ups2"]


def test_what_is_wrong_is_said_as_nut_says_it(bus):
    bus.add("stale", availability=Availability.STALE)
    bus.add("off", availability=Availability.OFFLINE)
    listed = directory(bus, "stale", "off", "nobody", "ups1@elsewhere")
    assert [(host.error, host.is_connected) for host in listed.hosts()] == [
        ("Data stale", True),
        ("Driver not connected", True),
        (UNKNOWN, True),
        (UNREACHABLE, False),
    ]
    assert all(host.variables is None for host in listed.hosts())


def test_without_a_bus_nothing_old_is_shown(bus):
    bus.mirror.is_connected = False
    for hosts in (directory(bus, "ups1").hosts(), directory(bus).hosts()):
        assert hosts
        for host in hosts:
            assert (host.variables, host.error, host.is_connected) == (None, NO_BUS, False)


def test_hosts_conf_is_read_as_nut_reads_it(tmp_path, caplog):
    file = tmp_path / "hosts.conf"
    file.write_text(
        "# a remark\n"
        'MONITOR ups1@localhost "The \\"first\\" one"\n'
        "  MONITOR ups2 second # and last\n"
        "MONITOR lonely\n"
        "monitor small letters\n"
        "CUSTOM_TEMPLATE_LIST mine.html\n"
        "CUSTOM_TEMPLATE_SINGLE one.htm\nCUSTOM_TEMPLATE_SINGLE two.htm\n"
        "CUSTOM_TEMPLATE_SINGLE\n"
    )
    found = HostsReader().read(file)
    assert found == HostsFile(
        (Monitored("ups1@localhost", 'The "first" one'), Monitored("ups2", "second")),
        frozenset({"mine.html"}),
        frozenset({"one.htm", "two.htm"}),
    )
    assert [record.message for record in caplog.records] == [
        "hosts.conf line 4: MONITOR lacks a word and is passed over",
        "hosts.conf line 5: unknown 'monitor' is passed over; did you mean MONITOR?",
        "hosts.conf line 9: CUSTOM_TEMPLATE_SINGLE lacks a word and is passed over",
    ]


def test_a_hosts_conf_is_read_again_when_it_changes_and_only_then(tmp_path, caplog):
    file, reader = tmp_path / "hosts.conf", HostsReader()
    assert reader.read(file) is None
    file.write_text("MONITOR lonely\n")
    for _ in range(3):
        assert reader.read(file) == HostsFile()
    assert len(caplog.records) == 1
    file.write_text('MONITOR "open\n')
    for _ in range(3):
        with pytest.raises(SettingsError, match="unterminated"):
            reader.read(file)
    assert len(caplog.records) == 2
    file.write_text("MONITOR ups1 One\n")
    assert reader.read(file) == HostsFile((Monitored("ups1", "One"),))
    file.unlink()
    assert reader.read(file) is None


def test_a_hosts_conf_that_cannot_be_read_allows_nothing(tmp_path):
    assert HostsReader().read(tmp_path / "hosts.conf") is None
    (tmp_path / "hosts.conf").mkdir()
    with pytest.raises(SettingsError, match=r"hosts\.conf"):
        HostsReader().read(tmp_path / "hosts.conf")
    (tmp_path / "open.conf").write_text('MONITOR a "b\n')
    with pytest.raises(SettingsError, match="unterminated quote"):
        HostsReader().read(tmp_path / "open.conf")
