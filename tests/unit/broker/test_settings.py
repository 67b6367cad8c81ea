"""The settings of the embedded broker."""

import pytest
from pydantic import ValidationError

from services.broker.settings import DEFAULT_PORT, BrokerServiceSettings, BrokerSettings
from shared.listening import Address, parse_address

USERS = {"joe": {"password": "secret"}}


def settings(**values) -> BrokerSettings:
    return BrokerSettings.model_validate(values)


def test_only_this_machine_is_listened_to_unless_told_otherwise():
    assert settings().addresses == (Address("127.0.0.1", 1883),)


@pytest.mark.parametrize("listen", ["0.0.0.0:1883", "[::]:1883", "192.0.2.1", "a.example:1883"])
def test_an_open_listener_without_users_is_refused(listen):
    with pytest.raises(ValidationError, match="open to other machines and no user is set"):
        settings(listen=["127.0.0.1", listen])


@pytest.mark.parametrize("extra", [{"users": USERS}, {"allow_anonymous": True}])
def test_an_open_listener_is_taken_with_users_or_when_said_so(extra):
    assert not settings(listen=["0.0.0.0:1883"], **extra).addresses[0].is_loopback


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.9.9.9", "[::1]:1883", "localhost"])
def test_a_loopback_listener_needs_no_users(listen):
    assert settings(listen=[listen]).addresses[0].is_loopback


def test_users_and_anybody_exclude_each_other():
    with pytest.raises(ValidationError, match="allow_anonymous has no meaning beside users"):
        settings(users=USERS, allow_anonymous=True)


def test_a_password_is_not_shown():
    assert "secret" not in repr(settings(users=USERS))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost", Address("localhost", 1883)),
        ("127.0.0.1:99", Address("127.0.0.1", 99)),
        ("[::1]", Address("::1", 1883)),
        ("[::1]:99", Address("::1", 99)),
    ],
)
def test_an_address_is_read_with_and_without_a_port(text, address):
    assert parse_address(text, DEFAULT_PORT) == address


@pytest.mark.parametrize("text", ["", ":1883", "::1", "host:", "host:0", "host:70000", "[::1"])
def test_what_is_no_address_is_refused_by_name(text):
    with pytest.raises(ValidationError, match="is not an address like"):
        settings(listen=[text])


def test_a_client_may_leave_a_few_packets_unread():
    with pytest.raises(ValidationError, match="at least four times"):
        settings(max_packet_size=100_000, max_unread=200_000)


def test_a_misspelt_key_is_refused():
    with pytest.raises(ValidationError, match="listne"):
        settings(listne=[])


def test_a_settings_file_says_who_may_come_in(tmp_path):
    (tmp_path / "secret").write_text("pass word\n")
    file = tmp_path / "nutbus.toml"
    file.write_text(f"""
        [broker]
        listen = ["0.0.0.0:1883"]
        [broker.users.joe]
        password_file = "{tmp_path / "secret"}"
    """)
    broker = BrokerServiceSettings.load(file).broker
    assert broker.users["joe"].password.get_secret_value() == "pass word"
