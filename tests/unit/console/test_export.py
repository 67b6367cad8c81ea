"""`nutbus export`: whatever our settings say, NUT's files say the same, or it is said."""

from typing import Any

import pytest

from services.console.importing.reading import read
from shared.nutconfig import nut_settings
from tests.nutfolders import EVERYTHING, exported, written


def test_the_way_back_says_the_same(tmp_path):
    folder = written(tmp_path / "nut", EVERYTHING)
    tables = read(folder).tables
    lost = exported(tables, folder, tmp_path / "back")
    again = nut_settings(tmp_path / "back")
    del tables["web"]
    assert again == tables
    assert lost == [
        "devices.rack1.sdcommands: before NUT 2.8.3 no driver starts with this line in ups.conf: "
        "delete it there",
        "monitor.notify_command: it reads an upssched.conf: keep the one you have",
        "[web]: NUT's pages are the CGI programs with a hosts.conf",
    ]
    assert (tmp_path / "back" / "nut.conf").read_text() == "MODE=standalone\n"


@pytest.mark.parametrize(
    ("ours", "port", "nuts"),
    [
        ("usbhid", "auto", "usbhid-ups"),
        ("apcsmart", "/dev/ttyS0", "apcsmart"),
        ("apcsmart-old", "/dev/ttyS0", "apcsmart-old"),
        ("genericups", "/dev/ttyS0", "genericups"),
        ("blazer", "/dev/ttyS0", "blazer_ser"),
        ("blazer", "auto", "blazer_usb"),
        ("bestups", "/dev/ttyS0", "bestups"),
        ("riello_ser", "/dev/ttyS0", "riello_ser"),
    ],
)
def test_on_the_way_back_a_driver_has_the_name_that_nut_gives_it(tmp_path, ours, port, nuts):
    exported({"devices": {"a": {"driver": ours, "port": port}}}, tmp_path, tmp_path / "back")
    assert nut_settings(tmp_path / "back")["devices"]["a"]["driver"] == nuts


def test_on_the_way_back_no_connection_is_less_safe_or_cannot_be(tmp_path):
    supply = {"role": "secondary", "power_value": 0}
    tables = {
        "monitor": {
            "shutdown_command": "x",
            "supplies": [
                {"address": "a@one", "tls": "require", **supply},
                {"address": "a@two", "tls": "try", "verify_certificate": False, **supply},
                {"address": "a@three", **supply},
            ],
        }
    }
    assert exported(tables, tmp_path, tmp_path / "back") == []
    one, two, three = nut_settings(tmp_path / "back")["monitor"]["supplies"]
    assert (one["tls"], one["verify_certificate"]) == ("require", True)
    assert (two["tls"], two["verify_certificate"]) == ("try", False)
    assert "tls" not in three


def test_on_the_way_back_it_is_said_that_nut_has_no_dry_run(tmp_path):
    monitor = {"supplies": [{"device": "a", "role": "primary"}], "dry_run": True}
    tables = {"monitor": {**monitor, "shutdown_command": "/sbin/off"}}
    lost = exported(tables, tmp_path, tmp_path / "back")
    assert lost == ["monitor.dry_run: NUT has none: ITS upsmon SHUTS THIS HOST DOWN by SHUTDOWNCMD"]
    assert exported({"monitor": monitor}, tmp_path, tmp_path / "back") == []


def test_on_the_way_back_upsmon_starts_upssched(tmp_path):
    tables: dict[str, Any] = {
        "devices": {"rack1": {"driver": "usbhid"}},
        "monitor": {
            "supplies": [{"device": "rack1", "role": "primary"}],
            "notify": {"ONLINE": {"flags": ["IGNORE"]}, "ONBATT": {"message": "%s"}},
        },
        "scheduler": {
            "upssched": {
                "script": ["/usr/local/bin/tell"],
                "at": [
                    {"type": "ONBATT", "ups": "rack1", "verb": "EXECUTE", "name": "a"},
                    {"type": "ONLINE", "verb": "EXECUTE", "name": "b"},
                ],
            }
        },
    }
    assert exported(tables, tmp_path, tmp_path / "back") == []
    back = nut_settings(tmp_path / "back")
    assert back["monitor"]["notify_command"] == "/sbin/upssched"
    assert back["monitor"]["notify"] == {
        "ONLINE": {"flags": ["EXEC"]},
        "ONBATT": {"message": "%s", "flags": ["SYSLOG", "WALL", "EXEC"]},
    }
    assert [at["ups"] for at in back["scheduler"]["upssched"]["at"]] == ["rack1@localhost", "*"]
    tables["monitor"]["notify_command"] = "/usr/local/bin/other"
    lost = exported(tables, tmp_path, tmp_path / "back")
    assert lost == ["scheduler.upssched: NUT acts on it only if upssched is the notify_command"]
    del tables["monitor"]
    lost = exported(tables, tmp_path, tmp_path / "back")
    assert lost == [
        "scheduler.upssched: NUT acts on it only where upsmon runs; there is no monitor"
    ]


def test_what_nut_has_no_word_for_is_said(tmp_path):
    (tmp_path / "secret").write_text("pass\n")
    tables = {
        "bus": {"broker": "mqtt://192.0.2.1"},
        "devices": {
            "rack1": {"driver": "usbhid", "outlets": {"1": "lamp"}},
            "toy": {"driver": "simulated"},
        },
        "gateway": {
            "listen": ["0.0.0.0"],
            "idle_timeout": 5,
            "users": {
                "hashed": {"password_hash": "x"},
                "narrow": {"password": "x", "devices": ["rack1"], "actions": ["SET"]},
                "plain": {"password_file": "secret", "upsmon": "primary"},
            },
        },
        "monitor": {
            "shutdown_command": ["/sbin/shutdown", "-h", "+0"],
            "conditions": {"charge_below": 20},
            "supplies": [{"device": "rack1", "role": "primary"}],
        },
        "scheduler": {"rules": [{"when": "ONBATT"}]},
    }
    lost = exported(tables, tmp_path, tmp_path / "back")
    assert lost == [
        "gateway.users.hashed: only the hash of the password is known: NUT needs the password",
        "gateway.users.narrow: NUT would give these rights for all devices, from everywhere",
        "monitor.conditions: NUT has no word for it",
        "devices.rack1.outlets: NUT has no word for it",
        "devices.toy: NUT has no driver like simulated",
        "gateway.idle_timeout: NUT has no word for it",
        "scheduler.rules: NUT has no word for it",
        "[bus]: NUT has no bus",
    ]
    back = nut_settings(tmp_path / "back")
    assert back["devices"] == {"rack1": {"driver": "usbhid-ups", "port": "auto"}}
    assert back["gateway"]["users"]["plain"] == {"password": "pass", "upsmon": "primary"}
    assert back["monitor"]["shutdown_command"] == "/sbin/shutdown -h +0"
    supply = back["monitor"]["supplies"][0]
    own = back["gateway"]["users"][supply["username"]]
    assert supply["address"] == "rack1@localhost"
    assert own == {"password": supply["password"], "upsmon": "primary"}
    assert (tmp_path / "back" / "nut.conf").read_text() == "MODE=netserver\n"
