from pathlib import Path
from typing import Any

import pytest

from services.monitor.rules import Conditions, Flag, LostOnBattery, Notice, Stage
from services.monitor.settings import MonitorSettings
from shared.errors import SettingsError
from shared.service_messages import Role

ONE = {"device": "rack1", "role": "primary"}
COMMAND = {"shutdown_command": "/sbin/shutdown -h +0"}


def settings(supplies: Any = (ONE,), **monitor: Any) -> MonitorSettings:
    tables = {"monitor": {"supplies": list(supplies), **COMMAND, **monitor}}
    return MonitorSettings.from_tables(tables, "nutbus.toml")


def refusal(**monitor: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(**monitor)
    return str(caught.value)


def test_little_is_needed():
    rules = settings().monitor.rules()
    assert [(supply.name, supply.power_value, supply.role) for supply in rules.supplies] == [
        ("rack1", 1, Role.PRIMARY)
    ]
    assert (rules.min_supplies, rules.dead_time, rules.final_delay) == (1, 15.0, 5.0)
    assert rules.is_primary


def test_the_example_of_the_manual_is_read(tmp_path: Path):
    (tmp_path / "secret").write_text("pass\n")
    (tmp_path / "nutbus.toml").write_text(
        f"""
[monitor]
id = "boss"
shutdown_command = "/sbin/shutdown -h +0"
min_supplies = 2
lost_on_battery = "runtime"
shutdown_exit = 30
conditions = {{ charge_below = 20 }}
obey = ["chief"]
[[monitor.supplies]]
device = "rack1"
role = "primary"
conditions = {{ on_battery = 300 }}
[[monitor.supplies]]
address = "ups@host:3494"
role = "secondary"
username = "monuser"
password_file = "{tmp_path / "secret"}"
tls = "require"
certificate_name = "ups.example.org"
[[monitor.stages]]
name = "early"
hosts = ["web", "mail"]
supplies = ["rack1"]
conditions = {{ charge_below = 50 }}
deadline = 90
[monitor.wake]
charge = 60
[monitor.wake.hosts.web]
mac = "52:54:00:12:34:56"
[monitor.notify.ONBATT]
message = "%s is on battery"
flags = ["SYSLOG", "EXEC"]
[monitor.notify.ONLINE]
flags = ["IGNORE"]
"""
    )
    section = MonitorSettings.load(tmp_path / "nutbus.toml").monitor
    rules = section.rules()
    assert [supply.when for supply in rules.supplies] == [
        Conditions(on_battery=300.0),
        Conditions(charge_below=20.0),
    ]
    early = Stage("early", ("web", "mail"), Conditions(charge_below=50.0), ("rack1",), 90.0)
    assert rules.stages == (early,)
    assert rules.lost_on_battery is LostOnBattery.RUNTIME
    assert rules.shutdown_exit == 30.0
    assert rules.obey == ("chief",)
    assert rules.wake.hosts == ("web",)
    assert rules.notices == {
        "ONBATT": Notice("%s is on battery", frozenset({Flag.SYSLOG, Flag.EXEC})),
        "ONLINE": Notice(None, frozenset()),
    }
    server = section.servers()["ups@host:3494"]
    assert (server.device, server.host, server.port) == ("ups", "host", 3494)
    assert server.password is not None
    assert server.password.get_secret_value() == "pass"
    assert server.security is not None
    assert server.security.is_required
    assert section.wake_targets()["web"].mac == "52:54:00:12:34:56"


@pytest.mark.parametrize(
    ("given", "delay"), [(True, 0.0), (False, None), (0, 0.0), (1, 1.0), (12.5, 12.5)]
)
def test_shutdown_exit_is_yes_no_or_seconds(given: bool | float, delay: float | None):
    assert settings(shutdown_exit=given).monitor.rules().shutdown_exit == delay


@pytest.mark.parametrize(
    ("monitor", "words"),
    [
        ({"min_supplies": 2}, ["add up to 1", "min_supplies = 2", "lower min_supplies"]),
        ({"supplies": []}, ["at least one of [[monitor.supplies]]"]),
        ({"supplies": [{"role": "primary"}]}, ["either a device or an address"]),
        ({"supplies": [{"device": "a", "address": "a@b", "role": "primary"}]}, ["either"]),
        ({"supplies": [{"device": "a"}]}, ["supplies.0.role", "required"]),
        ({"supplies": [{"device": "a b", "role": "primary"}]}, ["device", "is no name"]),
        ({"supplies": [ONE, ONE]}, ["supply rack1 stands there twice"]),
        ({"supplies": [{**ONE, "username": "x"}]}, ["username is for a supply with an address"]),
        ({"supplies": [{**ONE, "power_value": -1}]}, ["power_value", "greater than or equal to 0"]),
        ({"supplies": [{**ONE, "rol": "primary"}]}, ["unknown key 'rol'; did you mean 'role'?"]),
        ({"supplies": [{"address": "a@b", "role": "primary"}]}, ["has to log in", "username"]),
        ({"supplies": [{"address": "a@b:x", "role": "secondary"}]}, ["'a@b:x'", "ups@host"]),
        ({"dead_time": -1}, ["monitor.dead_time", "greater than or equal to 0"]),
        ({"final_delay": float("nan")}, ["monitor.final_delay"]),
        ({"off_duration": float("inf")}, ["monitor.off_duration"]),
        ({"no_comm_warn_time": 0}, ["monitor.no_comm_warn_time", "greater than 0"]),
        ({"poll_interval": 0}, ["monitor.poll_interval", "greater than 0"]),
        ({"shutdown_exit": -5}, ["monitor.shutdown_exit"]),
        ({"shutdown_command": None}, ["shutdown_command is missing", "/sbin/shutdown"]),
        ({"dead_tim": 1}, ["unknown key 'dead_tim'; did you mean 'dead_time'?"]),
        ({"stages": [{"name": "s", "hosts": []}]}, ["stages.0.hosts", "at least one host"]),
        ({"stages": [{"name": "s"}]}, ["stages.0.hosts", "required"]),
        ({"stages": [{"name": "s", "hosts": ["me"]}], "id": "me"}, ["me is this host"]),
        ({"stages": [{"name": "s", "hosts": ["w"]}] * 2}, ["stage s stands there twice"]),
        (
            {"stages": [{"name": "s", "hosts": ["w"], "supplies": ["rack2"]}]},
            ["stage s", "unknown supply 'rack2'", "'rack1'"],
        ),
        ({"stages": [{"name": "s", "hosts": ["w"], "deadline": -1}]}, ["stages.0.deadline"]),
        ({"conditions": {"charge_below": 120}}, ["conditions.charge_below", "100"]),
        ({"conditions": {"on_battery": -1}}, ["conditions.on_battery"]),
        ({"wake": {"hosts": {"w": {"mac": "nonsense"}}}}, ["wake.hosts.w.mac", "52:54:00"]),
        ({"wake": {"hosts": {"a b": {"mac": "52:54:00:12:34:56"}}}}, ["'a b' is no name"]),
        ({"wake": {"retry": 0}}, ["wake.retry", "greater than 0"]),
        ({"notify": {"ONBAT": {}}}, ["unknown notify type 'ONBAT'; did you mean 'ONBATT'?"]),
        ({"notify": {"ONBATT": {"flags": ["MAIL"]}}}, ["notify.ONBATT.flags.0", "'SYSLOG'"]),
        ({"lost_on_battery": "never"}, ["lost_on_battery", "'deadtime' or 'runtime'"]),
        ({"obey": ["a b"]}, ["obey.0", "is no name"]),
    ],
)
def test_bad_settings_are_refused_with_key_and_cure(monitor: dict[str, Any], words: list[str]):
    text = refusal(**monitor)
    assert text.startswith("nutbus.toml: monitor")
    for word in words:
        assert word in text
    assert "\n" not in text


def test_a_file_without_a_monitor_is_refused():
    with pytest.raises(SettingsError, match="monitor"):
        MonitorSettings.from_tables({}, "nutbus.toml")


def test_a_password_is_never_shown():
    address = {"address": "a@b", "role": "secondary", "password": "hush-hush"}
    assert "hush-hush" not in repr(settings(supplies=[{**address, "username": "u"}]))
    assert "hush-hush" not in refusal(supplies=[{**address, "tls": "perhaps"}])


def test_a_host_that_only_obeys_needs_no_supplies():
    rules = settings(supplies=[], obey=["boss"]).monitor.rules()
    assert rules.supplies == ()
    assert rules.min_supplies == 0


def test_a_monitor_that_only_watches_needs_no_command():
    assert settings(min_supplies=0, shutdown_command=None).monitor.power_down.command == ""


def test_measures_are_asked_for_only_where_they_count():
    supply = {"address": "a@b", "role": "secondary"}
    assert not settings(supplies=[supply]).monitor.servers()["a@b"].has_conditions
    for needs in ({"conditions": {"charge_below": 20}}, {"lost_on_battery": "runtime"}):
        assert settings(supplies=[supply], **needs).monitor.servers()["a@b"].has_conditions


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("ups@host", ("ups", "host", 3493)),
        ("ups@host:99", ("ups", "host", 99)),
        ("ups@[::1]", ("ups", "::1", 3493)),
        ("ups@[::1]:99", ("ups", "::1", 99)),
        ("ups", ("ups", "localhost", 3493)),
    ],
)
def test_an_address_is_read_as_nut_does(address: str, parts: tuple[str, str, int]):
    (server,) = settings([{"address": address, "role": "secondary"}]).monitor.servers().values()
    assert (server.device, server.host, server.port) == parts


@pytest.mark.parametrize(
    "address", ["", "@host", "ups@host:", "ups@host:0", "ups@host:65536", "ups@[::1", "u s@host",
                "ups@[::1]x", "ups@::1"]
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str):
    assert "ups@host:port" in refusal(supplies=[{"address": address, "role": "secondary"}])
