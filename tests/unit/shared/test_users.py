import ipaddress
import time

import pytest
from pydantic import ValidationError

from shared.users import Right, Users, UserSettings, hash_password

HASH = hash_password("secret")


def test_each_password_has_a_hash_of_its_own_that_any_argon2_understands():
    assert HASH.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hash_password("secret") != HASH


@pytest.mark.parametrize("settings", [{"password": "secret"}, {"password_hash": HASH}])
def test_only_the_right_password_of_the_right_user_counts(settings: dict[str, str]):
    users = Users({"admin": UserSettings(**settings)})
    verified = users.verified("admin", "secret", "127.0.0.1")
    assert verified is not None
    assert verified.name == "admin"
    for name, password in (
        ("admin", "Secret"),
        ("admin", ""),
        ("Admin", "secret"),
        ("nobody", "secret"),
        ("nobody", ""),
        ("", ""),
    ):
        assert users.verified(name, password, "127.0.0.1") is None


def test_a_user_with_a_hash_has_no_empty_password_and_the_hash_is_none():
    users = Users({"hashed": UserSettings(password_hash=HASH), "plain": UserSettings(password="x")})
    assert users.verified("hashed", "", "127.0.0.1") is None
    assert users.verified("hashed", HASH, "127.0.0.1") is None
    assert users.verified("plain", "x", "127.0.0.1") is not None


def test_with_hashed_passwords_everybody_takes_the_same_time():
    users = Users({"hashed": UserSettings(password_hash=HASH), "plain": UserSettings(password="x")})
    assert users.is_slow
    times = {}
    for name in ("hashed", "plain", "nobody"):
        began = time.thread_time()
        users.verified(name, "wrong", "127.0.0.1")
        times[name] = time.thread_time() - began
    # Processor time: an Argon2 takes milliseconds, a comparison microseconds.
    assert min(times.values()) > max(times.values()) / 20


@pytest.mark.parametrize(
    ("upsmon", "rights"),
    [
        ("primary", {Right.LOGIN, Right.PRIMARY, Right.FSD}),
        ("secondary", {Right.LOGIN}),
        (None, set()),
    ],
)
def test_upsmon_needs_no_more_than_its_role(upsmon: str | None, rights: set[Right]):
    users = Users({"mon": UserSettings(password="x", upsmon=upsmon)})
    user = users.verified("mon", "x", "::1")
    assert user is not None
    assert user.rights == rights
    assert not user.may_command("load.off", "ups")


def test_rights_may_be_limited_to_devices_and_networks():
    limited = UserSettings(
        password="x",
        actions=["set"],
        instcmds=["all"],
        devices=["rack*", "Lab-1"],
        allow_from=["10.0.0.0/8", "fd00::/8"],
    )
    users = Users({"limited": limited})
    user = users.verified("limited", "x", "10.2.3.4")
    assert user is not None
    assert [user.may(Right.SET, name) for name in ("Rack1", "LAB-1", "lab-2")] == [
        True,
        True,
        False,
    ]
    assert not user.may(Right.FSD, "rack1")
    assert user.may_command("load.off", "rack1")
    assert not user.may_command("load.off", "lab-2")
    assert users.verified("limited", "x", "fd00::1%eth0") is not None
    assert users.verified("limited", "x", "192.168.1.1") is None
    assert users.verified("limited", "x", "no address") is None


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "either a password or a password_hash"),
        ({"password": "x", "password_hash": HASH}, "either a password or a password_hash"),
        ({"password_hash": "secret"}, "nutbus passwd"),
        ({"password": "pässword"}, "printable ASCII"),
        ({"password": "x", "actions": ["SETT"]}, "SET"),
        ({"password": "x", "allow_from": ["10.0.0.0/40"]}, "allow_from"),
        ({"password": "x", "instcmd": ["ALL"]}, "did you mean 'instcmds'"),
    ],
)
def test_wrong_settings_of_a_user_are_told(settings: dict[str, object], complaint: str):
    with pytest.raises(ValidationError, match=complaint):
        UserSettings(**settings)


def test_no_secret_shows():
    user = UserSettings(password="secret", allow_from=[ipaddress.ip_network("::/0")])
    assert "secret" not in repr(user)
    assert "secret" not in repr(Users({"u": user}).verified("u", "secret", "::1"))
