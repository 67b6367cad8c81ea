"""Tables of the user's own: the guide's example, all shipped ones, and what is refused."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from services.driver.drivers import KINDS
from services.driver.protocols.qx.picture import Picture, Walk
from services.driver.protocols.qx.registry import DIALECTS
from services.driver.protocols.qx.userform import as_toml, read_table
from services.driver.tables import read_tables
from shared.errors import SettingsError

GUIDE = Path(__file__).parents[4] / "docs/new-device.md"


def guide():
    return next(
        block
        for block in re.findall(r"```toml\n(.*?)```", GUIDE.read_text(), re.S)
        if block.startswith("driver =")
    )


def content(text=None):
    found = tomllib.loads(text or guide())
    found.pop("driver")
    return found


def read(change):
    table = content()
    change(table)
    return read_table("acme", table)


def test_the_table_of_the_guide_reads_its_own_examples():
    picture = Picture(read_table("acme", content()), {})
    for query in picture.due(Walk.FIRST):
        picture.take(query, query.example, Walk.FIRST)
    reading = picture.reading(0.0)
    assert reading.status == "OB LB"
    assert reading.variables["device.model"] == "Tower 800"
    assert reading.variables["battery.voltage"] == "27.30"
    assert reading.variables["ups.load"] == "27"
    assert reading.variables["driver.version.data"] == "Acme 1.0"


def test_the_guide_works_as_a_file_in_the_folder(tmp_path):
    (tmp_path / "acme.toml").write_text(guide())
    assert read_tables(tmp_path, KINDS)["qx"]["acme"].version == "Acme 1.0"


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_shipped_table_written_down_and_read_is_the_same(dialect):
    assert read_table(dialect.name, content(as_toml(dialect))) == replace(dialect, by_name=False)


def first_fields(table):
    return table["queries"][0]["fields"]


MISTAKES = {
    "beyond": (
        lambda table: first_fields(table)[2].update(start=33, end=42),
        "queries[0].fields[2] 'ups.load': end 42 is beyond the example reply",
    ),
    "backwards": (
        lambda table: first_fields(table)[2].update(end=13),
        "queries[0].fields[2] 'ups.load': end 13 is not behind start 13",
    ),
    "no number": (
        lambda table: first_fields(table)[2].update(start=30, end=32),
        "queries[0].fields[2] 'ups.load': in the example ups.load: 'BL' is no number",
    ),
    "no such column": (
        lambda table: first_fields(table)[2].update(finish=16),
        "queries[0].fields[2].finish 'ups.load': Extra inputs are not permitted",
    ),
    "no such part": (
        lambda table: table.update(query=[]),
        "query: Extra inputs are not permitted",
    ),
    "a text for a number": (
        lambda table: first_fields(table)[2].update(start="13"),
        "queries[0].fields[2].start 'ups.load': Input should be a valid integer",
    ),
    "a variable without a name": (
        lambda table: first_fields(table)[2].update(variable="load"),
        "queries[0].fields[2] 'load': this is no name of a variable",
    ),
    "a form of nothing": (
        lambda table: first_fields(table)[2].update(form="%x"),
        "queries[0].fields[2] 'ups.load': the form '%x' is none such as",
    ),
    "an end that is no column anywhere": (
        lambda table: first_fields(table)[2].update(end=10**30),
        f"queries[0].fields[2] 'ups.load': end {10**30} is beyond the example reply",
    ),
    "a form of two values": (
        lambda table: first_fields(table)[2].update(form="%s%s"),
        "queries[0].fields[2] 'ups.load': the form '%s%s' is none such as",
    ),
    "a form without an end": (
        lambda table: first_fields(table)[2].update(form="%.9999999f"),
        "queries[0].fields[2] 'ups.load': the form '%.9999999f' is none such as",
    ),
    "a word that ups.status has not": (
        lambda table: first_fields(table)[6].update(says={"M": "OL", "B": "OB"}),
        "queries[0].fields[6] 'ups.status': 'OB' is no word for ups.status; there are",
    ),
    "a range of nothing": (
        lambda table: table["settings"][0].update(limits={"ranges": [[600, 12]]}),
        "settings[0] 'ups.delay.shutdown': limits: nothing is from 600 to 12",
    ),
    "two places for a value": (
        lambda table: table["commands"][1].update(request="OFF %s %s\r"),
        "commands[1] 'shutdown.return': the request 'OFF %s %s\\r' has more than one place",
    ),
    "a function that is none": (
        lambda table: first_fields(table)[2].update(convert="os.system"),
        "queries[0].fields[2].convert 'ups.load': there is no 'os.system'; there are",
    ),
    "a function of another column": (
        lambda table: table["commands"][1].update(ask="blazer.status_bits"),
        "commands[1].ask 'shutdown.return': there is no 'blazer.status_bits'; there are",
    ),
    "an example that is too short": (
        lambda table: table["queries"][0].update(length=40),
        "queries[0] 'ST\\r': the example does not do",
    ),
    "an example of another lead": (
        lambda table: table["queries"][0].update(lead="("),
        "queries[0] 'ST\\r': the example does not do",
    ),
    "a request without an end": (
        lambda table: table["queries"][1].update(request="ID"),
        "queries[1]: the request 'ID' does not end in \\r",
    ),
    "a command without an end": (
        lambda table: table["commands"][0].update(request="TEST"),
        "commands[0] 'test.battery.start.quick': the request 'TEST' does not end in \\r",
    ),
    "a place without a value": (
        lambda table: table["commands"][0].update(request="TEST %s\r"),
        "commands[0] 'test.battery.start.quick': the request has a place for a value",
    ),
    "a setting without a default": (
        lambda table: table["settings"][0].pop("default"),
        "settings[0] 'ups.delay.shutdown': without a request the driver keeps it",
    ),
    "a probe of nothing": (
        lambda table: table["probes"][0].update(variable="input.volts"),
        "probes[0] 'input.volts': no query reads this variable",
    ),
    "no probes": (lambda table: table.update(probes=[]), "probes: List should have at least 1"),
    "no queries": (lambda table: table.pop("queries"), "queries: Field required"),
    "says and convert": (
        lambda table: first_fields(table)[6].update(convert="blazer.status_bits"),
        "queries[0].fields[6] 'ups.status': it has `says` and a `convert`",
    ),
    "no Latin-1": (
        lambda table: table["queries"][0].update(example="€\r"),
        "queries[0].example 'ST\\r': characters of Latin-1 only",
    ),
}


@pytest.mark.parametrize(("change", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_row_and_reason(change, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        read(change)


def test_the_file_is_named_too(tmp_path):
    (tmp_path / "acme.toml").write_text(guide().replace("end = 16,", "end = 12,", 1))
    with pytest.raises(SettingsError) as told:
        read_tables(tmp_path, KINDS)
    assert str(told.value).startswith(f"{tmp_path / 'acme.toml'}: queries[0].fields[2] 'ups.load'")
