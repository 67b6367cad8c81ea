"""Secrets among the options of a driver."""

import pytest
from pydantic import SecretStr

from services.driver import drivers
from services.driver.contract import Kind, Parts
from services.driver.drivers.dummy import DummyDriver
from services.driver.settings import DriverSettings
from shared.errors import SettingsError
from shared.settings import Section


class Options(Section):
    community: SecretStr | None = None
    password: str | None = None
    retries: int = 3


@pytest.fixture(autouse=True)
def kind(monkeypatch):
    monkeypatch.setitem(
        drivers.DRIVERS, "snmp", Kind("snmp", "for this test", lambda: Parts(Options, DummyDriver))
    )


def device(**table):
    return DriverSettings.from_tables({"devices": {"d": {"driver": "snmp", **table}}}, "x").devices[
        "d"
    ]


def test_secrets_are_never_shown(tmp_path):
    file = tmp_path / "community"
    file.write_text("hush\n")
    settings = device(community_file=str(file), password="hush", retries=5)
    assert settings.options.community.get_secret_value() == "hush"
    shown = settings.driver_variables(2.0)
    assert "hush" not in str(shown)
    assert shown["driver.parameter.retries"] == "5"


def test_a_secret_is_not_repeated_in_an_error():
    with pytest.raises(SettingsError) as error:
        device(community=["hush"])
    assert "hush" not in str(error.value)
