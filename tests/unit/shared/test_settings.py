import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr, ValidationError, field_validator

from shared.broker_address import BrokerAddress
from shared.errors import SettingsError
from shared.settings import (
    SECTIONS,
    BusSettings,
    Section,
    ServiceSettings,
    checked_name,
    default_id,
    find_file,
)
from shared.topics import is_name

SECRET = "hunter2"


class DeviceSection(Section):
    port: str = "auto"
    interval: float = Field(default=2.0, gt=0)
    phases: list[str] = Field(default=[])
    options: dict[str, str] = Field(default={})
    password: SecretStr | None = None


class GatewaySection(Section):
    listen: list[str] = Field(default=["127.0.0.1:3493"])
    users: dict[str, DeviceSection] = Field(default={})

    @field_validator("users")
    @classmethod
    def _named(cls, users: dict[str, DeviceSection]) -> dict[str, DeviceSection]:
        return {checked_name(name): user for name, user in users.items()}


class ExampleSettings(ServiceSettings):
    devices: dict[str, DeviceSection] = Field(default_factory=dict)
    gateway: GatewaySection = Field(default_factory=GatewaySection)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in list(os.environ):
        if name.upper().startswith("NUTBUS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "nutbus.toml"


def load(file: Path, text: str) -> ExampleSettings:
    file.write_text(text)
    return ExampleSettings.load(file)


def fault(file: Path, text: str) -> str:
    """Load a file that is wrong; return what the error says after the name of the file."""
    with pytest.raises(SettingsError) as error:
        load(file, text)
    said = str(error.value)
    assert said.startswith(str(file))
    assert "\n" not in said
    assert SECRET not in said
    return said.removeprefix(str(file)).removeprefix(": ")


# --- who wins


def test_without_a_file_all_is_as_documented():
    settings = ExampleSettings.load()
    assert settings.bus == BusSettings()
    assert settings.bus.address.embedded
    assert settings.devices == {}


def test_the_environment_wins_over_the_file_key_by_key(file, monkeypatch):
    monkeypatch.setenv("NUTBUS_BUS__BROKER", "mqtt://from-environment")
    settings = load(file, '[bus]\nbroker = "mqtt://from-file"\nprefix = "site"')
    assert settings.bus.broker == "mqtt://from-environment"
    assert settings.bus.prefix == "site"


def test_the_environment_reaches_into_one_device_of_many(file, monkeypatch):
    monkeypatch.setenv("NUTBUS_DEVICES__RACK1__PORT", "/dev/ttyS1")
    monkeypatch.setenv("NUTBUS_DEVICES__NEW__INTERVAL", "7")
    settings = load(file, '[devices.rack1]\nport = "x"\ninterval = 3\n[devices.rack2]')
    assert settings.devices["rack1"] == DeviceSection(port="/dev/ttyS1", interval=3)
    assert settings.devices["new"] == DeviceSection(interval=7)
    assert list(settings.devices) == ["rack1", "rack2", "new"]


def test_the_environment_reaches_a_device_with_capitals_in_its_name(file, monkeypatch):
    monkeypatch.setenv("NUTBUS_DEVICES__RACK1__PORT", "changed")
    settings = load(file, "[devices.Rack1]\ninterval = 3")
    assert settings.devices == {"Rack1": DeviceSection(port="changed", interval=3)}


def test_of_two_devices_that_differ_in_capitals_only_the_exact_one_is_meant(file, monkeypatch):
    monkeypatch.setenv("NUTBUS_DEVICES__RACK1__PORT", "changed")
    settings = load(file, "[devices.RACK1]\n[devices.rack1]")
    assert settings.devices["rack1"].port == "changed"
    assert settings.devices["RACK1"].port == "auto"


def test_a_number_in_the_environment_is_the_text_that_a_text_key_wants(file, monkeypatch):
    monkeypatch.setenv("NUTBUS_DEVICES__A__PORT", "161")
    monkeypatch.setenv("NUTBUS_DEVICES__A__OPTIONS__VENDORID", "0463")
    monkeypatch.setenv("NUTBUS_DEVICES__A__OPTIONS__PRODUCTID", "1234")
    monkeypatch.setenv("NUTBUS_DEVICES__A__PASSWORD", "42")
    device = load(file, "").devices["a"]
    assert device.port == "161"
    assert device.options == {"vendorid": "0463", "productid": "1234"}
    assert device.password == SecretStr("42")


def test_a_list_in_the_environment_is_json(file, monkeypatch):
    monkeypatch.setenv("NUTBUS_GATEWAY__LISTEN", '["[::1]:1", "[::1]:2"]')
    assert load(file, "").gateway.listen == ["[::1]:1", "[::1]:2"]


def test_the_file_wins_over_nuts_own_files_and_the_environment_over_both(
    file, tmp_path, monkeypatch
):
    (tmp_path / "ups.conf").write_text("[rack1]\n driver = dummy-ups\n port = nut\n")
    monkeypatch.setenv("NUTBUS_BUS__PREFIX", "from-environment")
    file.write_text('[bus]\nprefix = "from-file"\n[devices.rack1]\nport = "from-file"')

    class NutSettings(ServiceSettings):
        devices: dict[str, dict[str, Any]] = Field(default_factory=dict)

    settings = NutSettings.load(file, tmp_path)
    assert settings.devices["rack1"]["port"] == "from-file"
    assert settings.devices["rack1"]["driver"] == "dummy-ups"
    assert settings.bus.prefix == "from-environment"


# --- misspelt, misplaced, mistyped


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[bus]\nbrokr = 'x'", "bus: unknown key 'brokr'; did you mean 'broker'?"),
        ("[bus]\npasword_file = 'x'", "bus: unknown key 'pasword_file'; did you mean 'pass"),
        ("[devices.a]\nprot = 'x'", "devices.a: unknown key 'prot'; did you mean 'port'?"),
        ("[gateway.users.u]\nport_file = 'x'", "gateway.users.u: unknown key 'port_file'"),
        ("[bus]\nzzz = 1", "bus: unknown key 'zzz'"),
        ("[bsu]\n", "unknown section 'bsu'; did you mean 'bus'?"),
        ("[device.a]\n", "unknown section 'device'; did you mean 'devices'?"),
        ("brokr = 'x'", "unknown section 'brokr'; did you mean 'broker'?"),
    ],
)
def test_a_misspelt_key_is_named_with_its_place_and_the_nearest_right_one(file, text, said):
    assert fault(file, text).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bus = 5", "bus: has to be a table"),
        ("devices = []", "devices: has to be a table"),
        ("[devices]\na = 5", "devices.a: has to be a table"),
        ("[devices.a]\nport = 5", "devices.a.port: Input should be a valid string"),
        ("[devices.a]\nport = ['x']", "devices.a.port: Input should be a valid string"),
        ("[devices.a]\ninterval = 0", "devices.a.interval: Input should be greater than 0"),
        ("[devices.a]\nphases = 'L1'", "devices.a.phases: Input should be a valid list"),
        ("[devices.a.options]\nx = 1", "devices.a.options.x: Input should be a valid string"),
        ("[bus]\nkeepalive = 1", "bus.keepalive: Input should be greater than or equal to 2"),
        ("[bus]\nprefix = 'a/+'", "bus.prefix: the prefix is one or more of A-Z a-z 0-9 _ -"),
        ("[bus]\nprefix = '/a'", "bus.prefix: the prefix is one or more of"),
        ("[gateway.users.'a b']\n", "gateway.users: 'a b' is no name: 1 to 63 of"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_what_is_right(file, text, said):
    assert fault(file, text).startswith(said)


def test_all_faults_are_told_at_once(file):
    said = fault(file, "[bus]\nkeepalive = 0\n[devices.a]\ninterval = 0")
    assert "bus.keepalive: " in said
    assert "devices.a.interval: " in said


def test_sections_of_other_services_are_passed_over(file):
    others = "".join(f"[{name}]\nwhatever = 1\n" for name in ("driver", "monitor", "web"))
    assert load(file, others).bus == BusSettings()
    assert {"driver", "monitor", "web"} <= set(SECTIONS)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("NUTBUS_BUS__BROKR", "x", "with NUTBUS_BUS__BROKR: bus: unknown key 'brokr'; did you"),
        ("NUTBUS_BUS__KEEPALIVE", "soon", "with NUTBUS_BUS__KEEPALIVE: bus.keepalive: "),
        ("NUTBUS_BUS__BROKER", "", "with NUTBUS_BUS__BROKER: bus.broker: the broker is "),
        ("NUTBUS_DEVICES__A", "x", "with NUTBUS_DEVICES__A: devices.a: has to be a table"),
    ],
)
def test_a_fault_names_the_variables_that_may_have_brought_it(file, monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    assert fault(file, "").strip().startswith(said)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("NUTBUS_BSU__BROKER", "x", "unknown section 'bsu'; did you mean 'bus'?"),
        ("NUTBUS_GATEWAY__LISTEN", SECRET, "a list or a table is written as JSON"),
        ("NUTBUS_GATEWAY__LISTEN", "5", "a list or a table is written as JSON"),
        ("NUTBUS_DEVICES", '{"a": ' + SECRET, "a list or a table is written as JSON"),
        ("NUTBUS_BUS", SECRET, "a list or a table is written as JSON"),
    ],
)
def test_a_variable_that_cannot_be_read_is_named(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        ExampleSettings.load()
    assert str(error.value) == f"{name}: {said}"


def test_variables_that_are_no_settings_are_left_alone(monkeypatch):
    monkeypatch.setenv("NUTBUS_CONFIG", "/nowhere")
    monkeypatch.setenv("NUTBUS_NUT_PASSWORD", "x")
    assert ExampleSettings.load().bus == BusSettings()


# --- files


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a = \n", "Invalid value (at line 1, column 5)"),
        (b"[bus\n", "Expected ']' at the end of a table declaration (at line 1, column 5)"),
        (b"[bus]\n[bus]\n", "Cannot declare ('bus',) twice (at line 2, column 5)"),
        (b"# \xff", "not UTF-8 at byte 2"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_toml_says_where(file, content, said):
    file.write_bytes(content)
    with pytest.raises(SettingsError) as error:
        ExampleSettings.load(file)
    assert str(error.value) == f"{file}: {said}"


def test_a_file_that_cannot_be_read_is_named(file, tmp_path):
    with pytest.raises(SettingsError, match=f"^{file}: No such file or directory$"):
        ExampleSettings.load(file)
    with pytest.raises(SettingsError, match=f"^{tmp_path}: Is a directory$"):
        ExampleSettings.load(tmp_path)
    with pytest.raises(SettingsError, match=r"none/ups\.conf: No such file or directory$"):
        ExampleSettings.load(None, tmp_path / "none")


@given(st.binary(max_size=60))
def test_any_file_is_settings_or_one_error(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "nutbus.toml"
    file.write_bytes(content)
    try:
        ExampleSettings.load(file)
    except SettingsError as error:
        said = str(error)
    else:
        said = f"{file}: "
    assert said.startswith(f"{file}: ")


def test_the_file_is_the_given_one_else_the_named_one_else_a_default(tmp_path, monkeypatch):
    given, named = tmp_path / "given.toml", tmp_path / "named.toml"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("shared.settings.DEFAULT_FILES", (Path("nutbus.toml"), Path("etc.toml")))
    assert find_file(None) is None
    (tmp_path / "etc.toml").touch()
    assert find_file(None) == Path("etc.toml")
    (tmp_path / "nutbus.toml").touch()
    assert find_file(None) == Path("nutbus.toml")
    monkeypatch.setenv("NUTBUS_CONFIG", str(named))
    assert find_file(None) == named
    assert find_file(given) == given
    assert find_file(None, nut_config=tmp_path) is None


def test_a_default_file_in_a_folder_of_others_is_found_so_that_reading_it_says_why(monkeypatch):
    class Locked(type(Path())):  # type: ignore[misc] # the class depends on the system
        def is_file(self) -> bool:
            raise PermissionError

    locked = Locked("/etc/nutbus/nutbus.toml")
    monkeypatch.delenv("NUTBUS_CONFIG", raising=False)
    monkeypatch.setattr("shared.settings.DEFAULT_FILES", (locked,))
    assert find_file(None) == locked


# --- secrets


def test_a_secret_is_read_from_its_file_without_the_end_of_the_line(file, tmp_path):
    (tmp_path / "secret").write_bytes(b" p\xc3\xa4ss word \r\n")
    settings = load(file, f"[bus]\npassword_file = '{tmp_path}/secret'")
    assert settings.bus.password == SecretStr(" päss word ")
    assert "ss word" not in repr(settings)


def test_a_secret_of_the_environment_wins_over_a_file_of_the_file_that_is_not_there(
    file, monkeypatch
):
    monkeypatch.setenv("NUTBUS_BUS__PASSWORD", SECRET)
    settings = load(file, "[bus]\npassword_file = '/nowhere/secret'")
    assert settings.bus.password == SecretStr(SECRET)


def test_a_file_of_the_environment_wins_over_a_secret_of_the_file(file, tmp_path, monkeypatch):
    (tmp_path / "secret").write_text(SECRET)
    monkeypatch.setenv("NUTBUS_DEVICES__A__PASSWORD_FILE", str(tmp_path / "secret"))
    settings = load(file, "[devices.a]\npassword = 'other'")
    assert settings.devices["a"].password == SecretStr(SECRET)


def test_a_secret_that_cannot_be_read_names_key_and_file(file, tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff" + SECRET.encode())
    for value, said in (
        (f"'{tmp_path}/none'", f"cannot read {tmp_path}/none: No such file or directory"),
        (f"'{tmp_path}'", f"cannot read {tmp_path}: Is a directory"),
        (f"'{tmp_path}/binary'", f"{tmp_path}/binary is not UTF-8"),
        ("5", "has to be the path of a file"),
    ):
        assert fault(file, f"[bus]\npassword_file = {value}") == f"bus: password_file: {said}"


@pytest.mark.parametrize(
    "text",
    [
        f"[bus]\npassword = ['{SECRET}']",
        f"[bus]\npassword = {{ x = '{SECRET}' }}",
        f"[bus]\nkeepalive = '{SECRET}'",
        f"[bus]\nbroker = 'mqtt://u:{SECRET}℀@host'",
        f"[bus]\nbroker = 'mqtt://u:{SECRET}#x@host'",
        f"[bus]\nbroker = 'mqtt://u:1#{SECRET}@host'",
        f"[bus]\nbroker = 'mqtt://u:1/{SECRET}@host'",
        f"[bus]\nbroker = 'mqtt://u:{SECRET}@host:99999'",
        f"[bus]\nbroker = 'http://u:{SECRET}@host'",
        f"[bus]\nbroker = 'mqtt://u:{SECRET}@[::1'",
        f"[devices.a]\npassword = ['{SECRET}']",
        f"[gateway.users.u]\npassword = 5\nport = ['{SECRET}']",
    ],
)
def test_no_error_repeats_a_secret(file, text):
    fault(file, text)  # which looks for it


def test_no_print_of_settings_shows_a_secret(file):
    settings = load(file, f"[bus]\nbroker = 'mqtt://u:{SECRET}@h'\npassword = '{SECRET}'")
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)
    assert SECRET not in repr(settings.bus.address)
    assert SECRET not in str(settings.bus.address)


# --- where the broker is


def address(url: str) -> tuple[str, int, str | None, str | None]:
    found = BusSettings(broker=url).address
    password = found.password.get_secret_value() if found.password else None
    return found.host, found.port, found.username, password


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("embedded", ("127.0.0.1", 1883, None, None)),
        ("embedded://127.0.0.1:1884", ("127.0.0.1", 1884, None, None)),
        ("mqtt://host", ("host", 1883, None, None)),
        ("mqtt://host/", ("host", 1883, None, None)),
        ("mqtts://host", ("host", 8883, None, None)),
        ("mqtts://user@host:1", ("host", 1, "user", None)),
        ("mqtt://user:secret@host", ("host", 1883, "user", "secret")),
        ("mqtt://us%3Aer:p%40%2F%23%25@host", ("host", 1883, "us:er", "p@/#%")),
        ("mqtt://[::1]:1884", ("::1", 1884, None, None)),
        ("mqtts://user:secret@[fe80::1%25eth0]", ("fe80::1%eth0", 8883, "user", "secret")),
    ],
)
def test_a_broker_url_is_taken_apart(url, expected):
    assert address(url) == expected


@pytest.mark.parametrize(
    ("url", "embedded", "tls", "shown"),
    [
        ("embedded", True, False, "mqtt://127.0.0.1:1883"),
        ("mqtt://u:p@host", False, False, "mqtt://host:1883"),
        ("mqtts://u:p@[::1]", False, True, "mqtts://[::1]:8883"),
    ],
)
def test_a_broker_is_named_without_its_user(url, embedded, tls, shown):
    found = BrokerAddress.parse(url)
    assert (found.embedded, found.tls, str(found)) == (embedded, tls, shown)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host",
        "host:1883",
        "http://host",
        "mqtt://",
        "mqtt:host",
        "embedded://",
        "mqtt://ho st",
        "mqtt://[::1",
        "mqtt://[nonsense]",
        "mqtt://host:0",
        "mqtt://host:65536",
        "mqtt://host:port",
        "mqtt://host/topic",
        "mqtt://host?x=1",
        "mqtt://host#x",
        "mqtt://user:12#34@host",
    ],
)
def test_what_is_no_broker_url_is_refused_with_the_rule(url):
    with pytest.raises(ValidationError, match=r"the broker is embedded, |the port of the b"):
        BusSettings(broker=url)


def test_the_default_id_is_a_name(monkeypatch):
    for host, id in (
        ("server1.example.org", "server1"),
        ("-bad_", "bad_"),
        ("müller", "m-ller"),
        ("", "host"),
        ("x" * 80, "x" * 63),
    ):
        monkeypatch.setattr("socket.gethostname", lambda host=host: host)
        assert default_id() == id
        assert is_name(id)


def test_the_nodes_of_a_cluster_are_tried_in_turn_and_the_lost_one_last():
    settings = BusSettings(broker="mqtt://u:a,b@one, mqtts://two:8884,mqtt://three")
    assert [str(each) for each in settings.addresses] == [
        "mqtt://one:1883",
        "mqtts://two:8884",
        "mqtt://three:1883",
    ]
    assert settings.address.password == SecretStr("a,b")
    after = settings.beginning_after(1)
    assert [each.host for each in after.addresses] == ["three", "one", "two"]
    assert after.beginning_after(0).addresses[0].password == SecretStr("a,b")


@pytest.mark.parametrize(
    ("broker", "said"),
    [
        ("embedded, mqtt://two", "an embedded broker is the only one"),
        ("mqtt://one, two", "mqtt:// or mqtts://host"),
        ("mqtt://one,two", "mqtt:// or mqtts://host"),
        ("mqtt://one,", "mqtt:// or mqtts://host"),
    ],
)
def test_a_list_of_brokers_that_is_none_is_refused(broker, said):
    with pytest.raises(ValidationError, match=said):
        BusSettings(broker=broker)
