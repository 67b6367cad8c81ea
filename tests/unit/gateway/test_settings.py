from pathlib import Path

import pytest

from services.gateway.settings import GatewaySettings
from shared.errors import SettingsError
from shared.nutconfig import nut_settings

UPSD_CONF = """
MAXAGE 25
TRACKINGDELAY 600
ALLOW_NO_DEVICE true
ALLOW_NOT_ALL_LISTENERS yes
STATEPATH /var/run/nut
LISTEN 127.0.0.1 3493
LISTEN ::1
LISTEN *
LISTEN fe80::1%eth0 3494
LISTEN ups.example.org
MAXCONN 1024
CERTFILE /etc/nut/upsd.pem
CERTPATH /etc/nut/ca
CERTREQUEST REQUIRE
"""
UPSD_USERS = """
[admin]
    password = "my pass \\# word"
    actions = SET fsd
    instcmds = ALL
[monuser]
    password = secret
    upsmon primary
[observer]
    password = x
    upsmon = slave
[commander]
    password = ""
    instcmds = test.battery.start
    instcmds = beeper.mute
"""


def settings(**gateway: object) -> GatewaySettings:
    return GatewaySettings.from_tables({"gateway": gateway}, "test")


def test_what_nuts_own_files_say_is_taken(tmp_path: Path):
    (tmp_path / "ups.conf").write_text("")
    (tmp_path / "upsd.conf").write_text(UPSD_CONF)
    (tmp_path / "upsd.users").write_text(UPSD_USERS)
    gateway = GatewaySettings.from_tables(nut_settings(tmp_path), str(tmp_path)).gateway
    assert (gateway.max_age, gateway.tracking_delay, gateway.max_connections) == (25, 600, 1024)
    assert [str(address) for address in gateway.addresses] == [
        "127.0.0.1:3493",
        "[::1]:3493",
        "0.0.0.0:3493",
        "[::]:3493",
        "[fe80::1%eth0]:3494",
        "ups.example.org:3493",
    ]
    assert gateway.allow_no_device
    assert gateway.allow_not_all_listeners
    assert gateway.client_certificates == "require"
    assert gateway.certificate_authority == Path("/etc/nut/ca")
    assert gateway.users["admin"].actions == ["SET", "FSD"]
    assert gateway.users["monuser"].upsmon == "primary"
    assert gateway.users["observer"].upsmon == "secondary"
    assert gateway.users["commander"].instcmds == ["test.battery.start", "beeper.mute"]


def test_by_default_only_this_machine_may_connect_and_nobody_log_in():
    gateway = GatewaySettings().gateway
    assert all(address.is_loopback for address in gateway.addresses)
    assert gateway.has_default_listen
    assert gateway.users == {}
    assert not settings(listen=["127.0.0.1"]).gateway.has_default_listen


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("listen", ["127.0.0.1:0"], "is not an address like"),
        ("listen", ["127.0.0.1:65536"], "is not an address like"),
        ("listen", ["::1"], "is not an address like"),
        ("listen", [], "listen"),
        ("listen", ["a b"], "is not an address like"),
        ("id", "two words", "is no name"),
        ("max_age", 0, "max_age"),
        ("max_connections", 0, "max_connections"),
        ("idle_timeout", -1, "idle_timeout"),
        ("allow_from", ["everywhere"], "allow_from"),
        ("key_file", "/x", "key_file needs certificate_file"),
        ("client_certificates", "require", "needs certificate_authority"),
        ("client_certificates", "perhaps", "client_certificates"),
        ("require_tls", "passwords", 'require_tls = "passwords" needs certificate_file'),
        ("require_tls", "perhaps", "require_tls"),
        ("maxage", 5, "did you mean 'max_age'"),
    ],
)
def test_wrong_settings_are_told(key: str, value: object, complaint: str):
    with pytest.raises(SettingsError, match=complaint):
        settings(**{key: value})


def test_no_error_repeats_a_password():
    users = {"admin": {"password": "top secret", "password_hash": "top secret", "actions": ["x"]}}
    with pytest.raises(SettingsError) as caught:
        settings(users=users)
    assert "top secret" not in str(caught.value)


def test_a_password_can_come_from_a_file(tmp_path: Path):
    (tmp_path / "password").write_text("from a file\n")
    users = {"admin": {"password_file": str(tmp_path / "password")}}
    password = settings(users=users).gateway.users["admin"].password
    assert password is not None
    assert password.get_secret_value() == "from a file"


@pytest.mark.parametrize(
    ("address", "allow", "deny", "admitted"),
    [
        ("10.0.0.1", [], [], True),
        ("10.0.0.1", ["10.0.0.0/8"], [], True),
        ("11.0.0.1", ["10.0.0.0/8"], [], False),
        ("10.0.0.1", ["10.0.0.0/8"], ["10.0.0.1"], False),
        ("10.0.0.1", [], ["10.0.0.0/24"], False),
        ("fd00::1", ["10.0.0.0/8"], [], False),
        ("fd00::1", ["fd00::/8"], ["10.0.0.0/8"], True),
        ("fe80::1%eth0", ["fe80::/10"], [], True),
        ("unknown", [], [], True),
        ("unknown", ["10.0.0.0/8"], [], False),
    ],
)
def test_who_may_connect(address: str, allow: list[str], deny: list[str], admitted: bool):
    assert settings(allow_from=allow, deny_from=deny).gateway.admits(address) is admitted
