"""The tables of the apcsmart driver."""

import json
import runpy
from pathlib import Path

import pytest

from services.driver.protocols.apcsmart.identity import Abilities, of_firmware
from services.driver.protocols.apcsmart.orders import DEFAULT, REBOOT
from services.driver.protocols.apcsmart.tables import (
    COMMANDS,
    DUAL_VARIABLES,
    MODELS,
    STATUS_BITS,
    VARIABLES,
)
from services.driver.protocols.apcsmart.values import value
from shared.commands import command
from shared.status import Status
from shared.variables import variable

ROOT = Path(__file__).parents[3]
FACTS = ROOT.parent / "shared/facts/apcsmart.json"


@pytest.mark.parametrize("row", [*VARIABLES, *DUAL_VARIABLES], ids=lambda row: row.variable)
def test_every_variable_is_in_the_catalogue(row):
    assert variable(row.variable.replace(".0.", ".1.")) is not None


@pytest.mark.parametrize("name", [*(row.name for row in COMMANDS), DEFAULT, REBOOT])
def test_every_command_is_in_the_catalogue(name):
    assert command(name) is not None


def test_every_status_word_is_known():
    assert {word for _, word in STATUS_BITS} <= {*Status}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.firmware)
def test_an_old_model_has_rows_and_a_family(model):
    abilities = of_firmware(model.firmware)
    assert isinstance(abilities, Abilities)
    assert abilities.rows
    assert abilities.model in ("Smart-UPS", "Matrix-UPS")


def test_rivals_come_in_groups():
    rivals = [row for row in VARIABLES if row.is_rival]
    for row in rivals:
        assert any(
            other is not row and (other.code == row.code or other.variable == row.variable)
            for other in rivals
        )


def test_reasons_are_words():
    reason = next(row for row in VARIABLES if row.variable == "input.transfer.reason")
    assert value(reason, "S") == "simulated power failure or UPS test"
    assert value(reason, "K") == "K"


def test_the_tables_are_those_of_the_facts():
    if not FACTS.exists():
        pytest.skip(f"the facts are not beside the checkout: {FACTS}")
    facts = json.loads(FACTS.read_text())
    made = runpy.run_path(str(ROOT / "tools/apcsmart-tables"))["text"](facts)
    namespace: dict[str, object] = {}
    exec(made, namespace)
    assert namespace["VARIABLES"] == VARIABLES
    assert namespace["DUAL_VARIABLES"] == DUAL_VARIABLES
    assert namespace["COMMANDS"] == COMMANDS
    assert namespace["MODELS"] == MODELS
    assert namespace["STATUS_BITS"] == STATUS_BITS
