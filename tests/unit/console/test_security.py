"""`nutbus check --security`: each thing that is open is found, and nothing where all is closed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.console.__main__ import app
from services.console.certs_authority import Authority, Use
from services.console.security import findings
from services.console.security_findings import Finding, Inquiry, Severity
from services.console.up import household
from shared.users import hash_password

HASH = hash_password("a long password")
CLOSED: dict[str, Any] = {
    "bus": {"broker": "embedded", "username": "operator", "password_file": "{folder}/operator"},
    "broker": {"users": {"operator": {"password_file": "{folder}/operator"}}},
    "devices": {"ups": {"driver": "simulated"}},
    "gateway": {"users": {"admin": {"password_hash": HASH, "instcmds": ["beeper.mute"]}}},
    "web": {"tokens": {"grafana": {"token_file": "{folder}/token"}}},
    "monitor": {
        "supplies": [{"device": "ups", "role": "primary"}],
        "shutdown_command": "/bin/true",
        "run_as_user": "nobody",
    },
}


def placed(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {key: placed(one, folder) for key, one in value.items()}
    if isinstance(value, list):
        return [placed(one, folder) for one in value]
    return value.replace("{folder}", str(folder)) if isinstance(value, str) else value


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay one nest of tables over another; None takes a key away."""
    result = {key: value for key, value in below.items() if above.get(key, "") is not None}
    for key, value in above.items():
        if value is None:
            continue
        old = result.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        result[key] = merged(old, value) if both else value  # type: ignore[arg-type]
    return result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    for name, text in (("operator", "a long password"), ("token", "t" * 40), ("nutbus.toml", "")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    return tmp_path


def found(folder: Path, change: dict[str, Any] | None = None) -> list[Finding]:
    tables = placed(merged(CLOSED, change or {}), folder)
    everything = household(tables, "test")
    return findings(Inquiry(everything, tables, folder / "nutbus.toml", datetime.now(UTC)))


def where(folder: Path, change: dict[str, Any] | None = None) -> set[tuple[str, str]]:
    return {(one.severity.value, one.where) for one in found(folder, change)}


USUAL = {("low", "[broker.users]")}  # the embedded broker has no access rules


def test_where_all_is_closed_next_to_nothing_is_found(folder):
    assert where(folder) == USUAL


OWN = {"broker": None}
OPEN_GATEWAY = {
    "listen": ["0.0.0.0"],
    "certificate_file": "x.pem",
    "require_tls": "passwords",
    "allow_from": ["10.0.0.0/8"],
}
CASES: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    (
        {"broker": None, "bus": {"username": None, "password_file": None}},
        {("medium", "[broker] users")},
    ),
    (
        {"broker": {"listen": ["0.0.0.0"]}},
        {("high", "[broker] listen")},
    ),
    ({"bus": {"broker": "mqtt://192.0.2.1"}, **OWN}, {("high", "[bus] broker"), ("low", "[bus]")}),
    ({"bus": {"broker": "mqtt://localhost"}, **OWN}, {("low", "[bus]")}),
    (
        {"bus": {"broker": "mqtts://x", "username": None, "password_file": None}, **OWN},
        {("high", "[bus] username"), ("low", "[bus]")},
    ),
    ({"bus": {"broker": "mqtts://x"}, **OWN}, {("low", "[bus]")}),
    (
        {"bus": {"broker": "mqtts://a, mqtt://b"}, **OWN},
        {("high", "[bus] broker"), ("low", "[bus]")},
    ),
    ({"gateway": OPEN_GATEWAY}, set()),
    ({"gateway": {**OPEN_GATEWAY, "require_tls": "everything"}}, set()),
    ({"gateway": {**OPEN_GATEWAY, "require_tls": None}}, {("medium", "[gateway] require_tls")}),
    (
        {"gateway": {**OPEN_GATEWAY, "certificate_file": None, "require_tls": None}},
        {("high", "[gateway] certificate_file")},
    ),
    ({"gateway": {**OPEN_GATEWAY, "allow_from": []}}, {("low", "[gateway] allow_from")}),
    (
        {"gateway": {"nas": {"synology": {"device": "ups", "allow_from": ["192.0.2.9"]}}}},
        {("medium", "[gateway.nas.synology]")},
    ),
    (
        {"gateway": {"users": {"admin": {"instcmds": ["ALL"]}}}},
        {("low", "[gateway.users.admin] instcmds")},
    ),
    (
        {"gateway": {**OPEN_GATEWAY, "users": {"admin": {"instcmds": ["all"]}}}},
        {("medium", "[gateway.users.admin] instcmds")},
    ),
    (
        {"gateway": {**OPEN_GATEWAY, "users": {"admin": {"actions": ["fsd"]}}}},
        {("medium", "[gateway.users.admin] actions")},
    ),
    (
        {"gateway": {"users": {"x": {"password_file": "{folder}/short"}}}},
        {("medium", "[gateway.users.x] password")},
    ),
    (
        {"gateway": {"users": {"x": {"password": ""}}}},
        {("high", "[gateway.users.x] password")},
    ),
    (
        {"gateway": {"users": {"x": {"password_file": "{folder}/example"}}}},
        {("high", "[gateway.users.x] password")},
    ),
    (
        {"broker": {"users": {"x": {"password_file": "{folder}/short"}}}},
        {("medium", "[broker.users.x] password")},
    ),
    (
        {"monitor": {"supplies": [{"address": "ups@192.0.2.1", "role": "secondary"}]}},
        {("medium", "[monitor] supplies ups@192.0.2.1")},
    ),
    (
        {
            "monitor": {
                "supplies": [
                    {"address": "a@192.0.2.1", "role": "secondary", "tls": "try"},
                    {"address": "b@192.0.2.1", "role": "secondary", "tls": "require"},
                    {"address": "c@127.0.0.1", "role": "secondary"},
                    {"address": "d", "role": "secondary"},
                ]
            }
        },
        {("low", "[monitor] supplies a@192.0.2.1")},
    ),
    (
        {"monitor": {"notify_command": "{folder}/open-program 'a"}},
        set(),
    ),
    (
        {"monitor": {"notify_command": "{folder}/open-program a"}},
        {("high", "[monitor] notify_command")},
    ),
    (
        {
            "scheduler": {
                "upssched": {"script": ["{folder}/open-program"]},
                "rules": [{"when": "ONBATT", "do": {"run": ["{folder}/open-program", "x"]}}],
            }
        },
        {("high", "[scheduler.upssched] script"), ("high", "[scheduler.rules] run")},
    ),
    (
        {
            "devices": {
                "pdu": {
                    "driver": "snmp",
                    "port": "192.0.2.3",
                    "snmp_version": "v3",
                    "secName": "x",
                }
            }
        },
        {("low", "[devices.pdu] secLevel")},
    ),
    (
        {"web": {"tokens": {"grafana": {"token_file": "{folder}/middling"}}}},
        {("low", "[web.tokens.grafana]")},
    ),
    (
        {"web": {"listen": ["0.0.0.0"]}},
        {
            ("high", "[web] listen"),
            ("medium", "[web] login_to_read"),
            ("low", "[web] metrics_token"),
        },
    ),
    (
        {
            "web": {
                "listen": ["192.0.2.1"],
                "trusted_proxies": ["192.0.2.2"],
                "login_to_read": True,
                "metrics": False,
            }
        },
        set(),
    ),
    ({"monitor": {"dry_run": True}}, {("medium", "[monitor] dry_run")}),
    ({"monitor": {"run_as_user": None}}, {("medium", "[monitor] run_as_user")}),
    ({"monitor": {"obey": ["centre"]}}, {("low", "[monitor] obey")}),
    (
        {"monitor": {"shutdown_command": "{folder}/open-program -h"}},
        {("high", "[monitor] shutdown_command")},
    ),
    (
        {"homeassistant": {"allow_power_off": ["outlet.*"]}},
        {("low", "[homeassistant] allow_power_off")},
    ),
    (
        {"devices": {"pdu": {"driver": "snmp", "port": "192.0.2.3"}}},
        {("low", "[devices.pdu] snmp_version")},
    ),
    ({"audit": {"file": ""}}, {("low", "[audit]")}),
    (
        {"gateway": {"users": {"x": {"password": "a long password"}}}},
        {("low", "{folder}/nutbus.toml")},
    ),
    (
        {"gateway": {"users": {"x": {"password_file": "{folder}/public"}}}},
        {("high", "gateway.users.x.password_file")},
    ),
]


@pytest.mark.parametrize(("change", "expected"), CASES)
def test_what_is_open_is_found_and_nothing_else(folder, change, expected):
    for name, text, mode in (
        ("short", "abcdefg", 0o600),
        ("example", "change-me", 0o600),
        ("middling", "m" * 24, 0o600),
        ("public", "a long password", 0o644),
        ("open-program", "", 0o777),
    ):
        (folder / name).write_text(text)
        (folder / name).chmod(mode)
    usual = USUAL if change.get("broker", {}) is not None else set()
    assert where(folder, change) == usual | {
        (severity, place.replace("{folder}", str(folder))) for severity, place in expected
    }


def test_files_that_others_may_read_or_write_are_found(folder):
    file = folder / "nutbus.toml"
    file.chmod(0o664)
    assert ("high", str(file)) in where(folder)
    file.chmod(0o644)
    assert where(folder) == USUAL
    plain = {"gateway": {"users": {"x": {"password": "a long password"}}}}
    assert ("high", str(file)) in where(folder, plain)
    file.chmod(0o600)
    folder.chmod(0o777)
    assert ("high", str(folder)) in where(folder)
    folder.chmod(0o1777)
    assert where(folder) == USUAL


def test_certificates_that_end_and_keys_that_lie_open_are_found(folder):
    authority = Authority(folder / "site")
    authority.create("test")
    pair = authority.sign(Use.SERVER, ["localhost"]).pair
    files = {"certificate_file": str(pair.certificate), "key_file": str(pair.key)}
    for days, severity in ((-1, "high"), (10, "medium"), (100, "")):
        authority.sign(Use.SERVER, ["localhost"], days, force=True)
        expected = {(severity, "gateway.certificate_file")} if severity else set()
        assert where(folder, {"gateway": files}) == USUAL | expected
    pair.key.chmod(0o644)
    assert ("high", "gateway.key_file") in where(folder, {"gateway": files})
    both = folder / "both.pem"
    both.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    both.chmod(0o644)
    assert ("high", "gateway.certificate_file") in where(
        folder, {"gateway": {"certificate_file": str(both)}}
    )


def test_no_finding_has_a_secret_in_it(folder):
    plain = {
        "gateway": {"users": {"x": {"password": "hush-hush"}}},
        "bus": {"broker": "mqtt://me:hush-hush@192.0.2.1", "username": "u"},
        "broker": None,
    }
    said = json.dumps([one.what + one.why + one.cure for one in found(folder, plain)])
    assert "bus.broker" in said
    assert "hush" not in said


def test_the_command_says_it_to_people_and_programs(folder, monkeypatch):
    (folder / "nutbus.toml").write_text(
        '[devices.ups]\ndriver = "simulated"\n[gateway]\nlisten = ["0.0.0.0"]\n'
        '[gateway.users.admin]\npassword = "hush-hush-hush"\n'
    )
    command = ["check", "--security", "--config", str(folder / "nutbus.toml")]
    said = CliRunner().invoke(app, command)
    assert said.exit_code == 1
    assert "HIGH    [gateway] certificate_file: other machines log in without TLS" in said.output
    assert "security: 1 high, 1 medium, 2 low" in said.output
    listed = json.loads(CliRunner().invoke(app, [*command, "--json"]).output)
    assert listed[0].keys() == {"severity", "where", "what", "why", "cure"}
    assert [one["severity"] for one in listed] == ["high", "medium", "low", "low"]
    assert "hush" not in said.output
    assert {Severity(one["severity"]) for one in listed} == set(Severity)
