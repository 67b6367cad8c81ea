"""The settings of the Home Assistant service."""

import pytest

from services.homeassistant.settings import HomeAssistantSection, HomeAssistantSettings
from shared.errors import SettingsError


def test_an_empty_section_is_enough(monkeypatch, tmp_path):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    section = HomeAssistantSettings.from_tables({"homeassistant": {}}, "test").homeassistant
    assert section.state_file == tmp_path / "homeassistant.json"
    assert section.rules.allow_power_off == section.rules.allow_set == ()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"id": "a b"}, "homeassistant.id"),
        ({"discovery_prefix": "home/+"}, "homeassistant.discovery_prefix"),
        ({"discovery_prefix": ""}, "homeassistant.discovery_prefix"),
        ({"birth_topic": "a//b"}, "homeassistant.birth_topic"),
        ({"power_factor": 0}, "homeassistant.power_factor"),
        ({"allow_poweroff": ["*"]}, "did you mean 'allow_power_off'"),
    ],
)
def test_what_is_wrong_is_named(table, said):
    with pytest.raises(SettingsError, match=said):
        HomeAssistantSettings.from_tables({"homeassistant": table}, "test")


def test_rules_are_made_of_all_that_the_settings_allow():
    section = HomeAssistantSection(
        id="ha", devices=["a*"], commands=[], allow_power_off=["x"], allow_set=["y"], energy=False
    )
    rules = section.rules
    assert rules.shows("a1")
    assert not rules.shows("b1")
    assert not rules.may_send("beeper.mute")
    assert rules.may_send("x")
    assert rules.may_set("y")
    assert not rules.energy
