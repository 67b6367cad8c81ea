import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SettingsError
from shared.nutconfig import nut_settings
from shared.nutconfig.statements import statements

UPS = """\
# Two devices
maxretry = 3
pollinterval=5
nowait

[dummy]
    driver = dummy-ups
    port = dummy.dev
    desc = "Crash Dummy #1"
    mode = dummy-once
    ignorelb
    sdorder = -1
    sdcommands = "shutdown.return, load.off"
    allow_killpower = 1
    default.battery.charge.low = 20
    override.ups.mfr = "A \\"B\\""
    debug_min = 2

[rack-1_B]
    driver = nutdrv_qx
    port = auto
    pollinterval = 0.5
    vendorid = 0665
    novendor
"""

UPSD = """\
MAXAGE 20
TRACKINGDELAY 600
MAXCONN 50
ALLOW_NO_DEVICE true
ALLOW_NOT_ALL_LISTENERS 0
LISTEN 127.0.0.1
LISTEN ::1 3494
LISTEN ups.example.org 3495
STATEPATH /run/nut
CERTFILE /etc/nut/upsd.pem
CERTPATH /etc/nut/ca.pem
CERTREQUEST 2
DISABLE_WEAK_SSL true
"""

USERS = """\
[admin]
    password = "se cret#1"
    actions = SET
    actions = fsd SET
    instcmds = ALL
[operator]
    password=mypass
    instcmds = test.panel.start test.panel.stop
    instcmds = beeper.toggle
[upsmon]
    password = pass
    upsmon primary
[old]
    password = pass
    upsmon = slave
"""


@pytest.fixture
def read(tmp_path: Path):
    def settings(ups: str = "", upsd: str | None = None, users: str | None = None):
        for name, text in (("ups.conf", ups), ("upsd.conf", upsd), ("upsd.users", users)):
            if text is not None:
                (tmp_path / name).write_text(text)
        return nut_settings(tmp_path)

    return settings


def test_devices_are_read_as_the_settings_file_has_them(read, tmp_path):
    (tmp_path / "dummy.dev").write_text("ups.status: OL\n")
    settings = read(UPS)
    assert settings["driver"] == {"poll_interval": 5.0}
    assert settings["devices"] == {
        "dummy": {
            "driver": "dummy-ups",
            "port": str(tmp_path / "dummy.dev"),
            "desc": "Crash Dummy #1",
            "mode": "dummy-once",
            "ignorelb": True,
            "sdorder": -1,
            "sdcommands": ["shutdown.return", "load.off"],
            "allow_killpower": True,
            "default": {"battery.charge.low": "20"},
            "override": {"ups.mfr": 'A "B"'},
        },
        "rack-1_B": {
            "driver": "nutdrv_qx",
            "port": "auto",
            "poll_interval": 0.5,
            "vendorid": "0665",
            "novendor": True,
        },
    }


def test_the_gateway_is_read_as_the_settings_file_has_it(read):
    assert read(upsd=UPSD)["gateway"] == {
        "max_age": 20.0,
        "tracking_delay": 600.0,
        "max_connections": 50,
        "allow_no_device": True,
        "allow_not_all_listeners": False,
        "listen": ["127.0.0.1:3493", "[::1]:3494", "ups.example.org:3495"],
        "certificate_file": "/etc/nut/upsd.pem",
        "certificate_authority": "/etc/nut/ca.pem",
        "client_certificates": "require",
        "users": {},
    }


def test_users_are_read_as_the_settings_file_has_them(read):
    assert read(users=USERS)["gateway"]["users"] == {
        "admin": {"password": "se cret#1", "actions": ["SET", "FSD"], "instcmds": ["ALL"]},
        "operator": {
            "password": "mypass",
            "instcmds": ["test.panel.start", "test.panel.stop", "beeper.toggle"],
        },
        "upsmon": {"password": "pass", "upsmon": "primary"},
        "old": {"password": "pass", "upsmon": "secondary"},
    }


def test_nothing_is_warned_about_in_sound_files(read, caplog):
    with caplog.at_level(logging.WARNING):
        read(UPS, UPSD, USERS)
    assert not caplog.messages


def test_keys_of_nuts_own_processes_are_noted_at_debug_level_only(read, caplog):
    with caplog.at_level(logging.DEBUG):
        read("nowait\nmaxretry = 3\n")
    assert caplog.messages == [
        "ups.conf line 1: nowait has no use here",
        "ups.conf line 2: maxretry has no use here",
    ]


def test_without_the_other_two_files_the_defaults_hold(read):
    assert read() == {"driver": {}, "devices": {}, "gateway": {"users": {}}}


def test_without_ups_conf_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(SettingsError, match=r"ups\.conf: No such file"):
        nut_settings(tmp_path)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / "ups.conf").touch()
    (tmp_path / "upsd.users").mkdir()
    with pytest.raises(SettingsError, match=r"upsd\.users: Is a directory"):
        nut_settings(tmp_path)


def test_a_dummy_port_that_is_no_file_here_stays_as_it_is(read):
    text = "[a]\ndriver = dummy-ups\nport = ups@host\n[b]\ndriver = nutdrv_qx\nport = ups.conf\n"
    ports = {name: device["port"] for name, device in read(text)["devices"].items()}
    assert ports == {"a": "ups@host", "b": "ups.conf"}


def test_a_dummy_port_too_long_for_a_file_name_stays_as_it_is(read):
    port = "x" * 300
    text = f"[a]\ndriver = dummy-ups\nport = {port}\n"
    assert read(text)["devices"]["a"]["port"] == port


def test_a_section_that_comes_twice_is_one_device(read):
    text = "[a]\ndriver = x\nport = 1\n[b]\ndriver = y\nport = 2\n[a]\nport = 3\n"
    assert read(text)["devices"]["a"] == {"driver": "x", "port": "3"}


def test_listen_star_is_both_families_whichever_the_machine_has(read):
    assert read(upsd="LISTEN * 3500\n")["gateway"] == {
        "listen": ["0.0.0.0:3500", "[::]:3500"],
        "allow_not_all_listeners": True,
        "users": {},
    }


def test_rights_of_a_user_add_up(read):
    users = read(users="[u]\npassword = p\nupsmon primary\nupsmon secondary\nactions = MASTER\n")
    expected = {"password": "p", "upsmon": "primary", "actions": ["PRIMARY"]}
    assert users["gateway"]["users"]["u"] == expected


@pytest.mark.parametrize(
    ("ups", "error"),
    [
        ('[a]\ndesc = "x\nport = y\n', "ups.conf line 2: unterminated quote"),
        ('[a]\n\ndesc = "x', "ups.conf line 3: unterminated quote"),
        ("[a b]\n", "ups.conf line 1: '[a' is no [device]: its name is 1 to 63 of"),
        ("[a.b]\n", "ups.conf line 1: '[a.b]' is no [device]"),
        ("[]\n", "ups.conf line 1: '[]' is no [device]"),
        ("[a]\npollinterval = fast\n", "line 2: pollinterval must be a number of seconds above 0"),
        ("pollinterval = 0\n", "line 1: pollinterval must be a number of seconds above 0"),
        ("[a]\npollinterval = inf\n", "line 2: pollinterval must be a number of seconds above 0"),
        ("[a]\nsdorder = first\n", "line 2: sdorder must be a whole number"),
        ("[a]\nallow_killpower = maybe\n", "line 2: allow_killpower must be yes or no, or 1 or 0"),
        ("[a]\nport\n", "line 2: port needs a value"),
        ("[a]\ndefault.ups.mfr\n", "line 2: default.ups.mfr needs a value"),
        ("pollinterval\n", "line 1: pollinterval needs a value"),
    ],
)
def test_an_error_in_ups_conf_names_line_and_cure(read, ups, error):
    with pytest.raises(SettingsError) as raised:
        read(ups)
    assert error in str(raised.value)


@pytest.mark.parametrize(
    ("upsd", "error"),
    [
        ("\n\nLISTEN\n", "upsd.conf line 3: LISTEN needs an address"),
        ("MAXAGE\n", "upsd.conf line 1: MAXAGE needs a value"),
        ("MAXAGE = 15\n", "upsd.conf line 1: MAXAGE needs a value, after a space and without ="),
        ("LISTEN 127.0.0.1 70000\n", "the port of LISTEN must be a number from 1 to 65535"),
        ("MAXAGE soon\n", "MAXAGE must be a number of seconds"),
        ("MAXCONN 0\n", "MAXCONN must be a whole number above 0"),
        ("ALLOW_NO_DEVICE perhaps\n", "ALLOW_NO_DEVICE must be yes or no"),
        ("CERTREQUEST 3\n", "CERTREQUEST must be 0, 1, 2 or NO, REQUEST, REQUIRE"),
    ],
)
def test_an_error_in_upsd_conf_names_line_and_cure(read, upsd, error):
    with pytest.raises(SettingsError) as raised:
        read(upsd=upsd)
    assert error in str(raised.value)


def test_a_section_that_is_no_user_is_an_error(read):
    with pytest.raises(SettingsError, match=r"upsd\.users line 3: .* is no \[user\]"):
        read(users="[a]\npassword = x\n[b c]\nactions = SET\n")


@pytest.mark.parametrize(
    ("file", "text", "warning"),
    [
        ("ups", "polinterval = 3\n", "line 1: unknown 'polinterval' is passed over; did you mean"),
        ("ups", "[a]\nport auto\n", "ups.conf line 2: 'port' is passed over: write it as key ="),
        ("ups", "[a]\nport =\n", "ups.conf line 2: 'port' is passed over: write it as key ="),
        ("ups", "[a]\ndesc = My UPS\n", "line 2: only the first word of desc counts"),
        ("ups", "[a]\ndefault = 3\n", "line 2: default is passed over: write it as default.var"),
        ("ups", "[a]\ndriver = x\nprot = y\n", "has no port; is prot a misspelling?"),
        ("ups", "[a]\n[A]\n", "ups.conf line 2: [A] is passed over, because [a] is the same name"),
        ("ups", '[a]\ndesc = "x\ny"\n', "ups.conf line 2: a quote runs on to line 3"),
        ("ups", "[a]\ndesc = Büro\n", "line 2: letters that are not ASCII are dropped, as NUT"),
        ("users", '[a]\npassword = "hushü"\n', "line 2: letters that are not ASCII are dropped"),
        ("upsd", "MAXAEG 15\n", "unknown 'MAXAEG' is passed over; did you mean MAXAGE?"),
        ("upsd", "maxage 15\n", "unknown 'maxage' is passed over; did you mean MAXAGE?"),
        ("upsd", "ACL all 0.0.0.0/0\n", "upsd.conf line 1: ACL is obsolete and passed over"),
        ("upsd", "ACCEPT all\n", "ACCEPT is obsolete and passed over: use LISTEN"),
        ("upsd", 'CERTIDENT "a" "hush"\n', "CERTIDENT is passed over: name a PEM file"),
        ("users", "password = hush\n", "line 1: stands before the first [user]"),
        ("users", "[a]\n", "[a] has no password and cannot log in"),
        ("users", "[a]\npassword = b\npassword = hush\n", "line 3: passed over, because the user"),
        ("users", "[a]\npassword = b hush\n", "line 2: only the first word of the password"),
        ("users", "[a]\npassword hush\n", "line 2: passed over: write it as key = value"),
        ("users", "[a]\npasword = hush\n", "unknown 'pasword' is passed over; did you mean passw"),
        ("users", "[a]\nallowfrom = all\n", "line 2: allowfrom is obsolete and passed over"),
        ("users", "[a]\nactions = set FDS\n", "unknown action is passed over; known are SET, FSD"),
        ("users", "[a]\nupsmon boss\n", "line 2: upsmon is primary or secondary"),
        ("users", "[a]\npassword = b\n[a]\n", "line 3: [a] is passed over, because it stands"),
    ],
)
def test_what_is_passed_over_is_warned_about_without_its_value(read, caplog, file, text, warning):
    read(**{file: text})
    assert warning in caplog.text
    assert "hush" not in caplog.text


def test_a_device_without_driver_is_left_out_and_the_rest_stays(read):
    assert list(read("[a]\nport = x\n[b]\ndriver = y\nport = z\n")["devices"]) == ["b"]


def test_a_second_section_of_a_user_gives_nobody_any_right(read):
    text = "[a]\npassword = 1\n[b]\npassword = 2\n[a]\npassword = 3\nactions = SET\n"
    users = read(users=text)["gateway"]["users"]
    assert users == {"a": {"password": "1"}, "b": {"password": "2"}}


def test_statements_know_their_place_in_a_file_with_joined_lines(tmp_path):
    path = tmp_path / "any.conf"
    path.write_bytes(b'\xef\xbb\xbf# head\r\na \\\nb\r\n\n"c\\\nd"\nlast\\')
    found = [(statement.place, *statement.words) for statement in statements(path)]
    assert found == [
        ("any.conf line 2", "a", "b"),
        ("any.conf line 5", "cd"),
        ("any.conf line 7", "last"),
    ]


pieces = '[ ] a = " \\ # driver port dummy-ups LISTEN password default. upsmon MAXAGE 1 sdorder'
nut_like = st.lists(st.sampled_from([*pieces.split(), " ", "\n"])).map("".join)


@given(st.text(st.characters(exclude_categories=["Cs"])) | nut_like)
def test_any_text_gives_settings_or_a_settings_error(text):
    with TemporaryDirectory() as directory:
        for name in ("ups.conf", "upsd.conf", "upsd.users"):
            (Path(directory) / "ups.conf").write_text("")
            (Path(directory) / name).write_text(text)
            try:
                settings = nut_settings(Path(directory))
            except SettingsError:
                continue
            assert settings.keys() == {"driver", "devices", "gateway"}
