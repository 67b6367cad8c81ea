"""`nutbus check`: what would not run is said before it is started."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.console.__main__ import app
from services.console.up import household
from shared.errors import SettingsError


@pytest.mark.parametrize(
    ("broker", "listen"),
    [
        ("embedded", "127.0.0.1"),
        ("embedded", "localhost:1883"),
        ("embedded", "127.0.0.1:1884, 127.0.0.1:1883"),
        ("embedded://127.0.0.1:1884", "0.0.0.0:1884"),
        ("embedded://[::1]:1884", "[::1]:1884"),
        ("mqtt://192.0.2.1", "127.0.0.1:1884"),
    ],
)
def test_the_embedded_broker_listens_where_the_services_look_for_it(broker, listen):
    assert household(settings(broker, listen), "test").services


@pytest.mark.parametrize(
    ("broker", "listen"),
    [
        ("embedded", "127.0.0.1:1884"),
        ("embedded", "192.0.2.1"),
        ("embedded://127.0.0.1:1884", "0.0.0.0"),
    ],
)
def test_a_broker_that_no_service_would_find_is_refused(broker, listen):
    with pytest.raises(SettingsError, match=r"broker: listen has not 127\.0\.0\.1:188[34], where"):
        household(settings(broker, listen), "test")


def settings(broker: str, listen: str) -> dict[str, dict[str, object]]:
    users = {"x": {"password": "a long password"}}
    return {
        "bus": {"broker": broker},
        "broker": {"listen": listen.split(", "), "users": users},
        "web": {},
    }


def test_a_gateway_without_its_certificate_is_not_called_good(tmp_path: Path) -> None:
    file = tmp_path / "nutbus.toml"
    missing = tmp_path / "missing.pem"
    text = f'[devices.a]\ndriver = "simulated"\n[gateway]\ncertificate_file = "{missing}"\n'
    file.write_text(text)
    done = CliRunner().invoke(app, ["check", "--config", str(file)])
    assert done.exit_code == 1
    assert done.output.startswith(f"{file}: not all of it can run\n")
    assert f"nutbus: gateway: cannot read {missing}: No such file" in done.output
