"""The user's table files: found, checked, refused with file, row and reason."""

import pytest
from pydantic import BaseModel

from services.driver.contract import Kind, Parts
from services.driver.drivers.dummy import DummyDriver, DummyOptions
from services.driver.settings import DriverSettings
from services.driver.tables import read_tables
from shared.errors import SettingsError


class Row(BaseModel):
    variable: str
    start: int


class Table(BaseModel):
    rows: list[Row]


def read(name, content):
    table = Table.model_validate(content)
    if not table.rows:
        raise ValueError("rows: a table needs one at least")
    return (name, table)


KINDS = (
    Kind("qx", "with tables", lambda: Parts(DummyOptions, DummyDriver, read), has_tables=True),
    Kind("dummy", "without", lambda: Parts(DummyOptions, DummyDriver)),
)


def put(folder, text, name="mine.toml"):
    (folder / name).write_text(text)


def refused(folder):
    with pytest.raises(SettingsError) as error:
        read_tables(folder, KINDS)
    return str(error.value)


def test_a_table_is_found_by_driver_and_file_name(tmp_path):
    put(tmp_path, 'driver = "qx"\nrows = [{variable = "ups.load", start = 3}]\n')
    put(tmp_path, "not a table", "README.md")
    name, table = read_tables(tmp_path, KINDS)["qx"]["mine"]
    assert name == "mine"
    assert table.rows[0].start == 3


def test_a_wrong_row_is_named(tmp_path):
    put(tmp_path, 'driver = "qx"\n[[rows]]\nvariable = "a"\nstart = 1\n[[rows]]\nvariable = "b"\n')
    assert refused(tmp_path) == f"{tmp_path}/mine.toml: rows.1.start: Field required"


def test_what_its_driver_finds_wrong_is_told(tmp_path):
    put(tmp_path, 'driver = "qx"\nrows = []\n')
    assert refused(tmp_path).endswith("mine.toml: rows: a table needs one at least")


@pytest.mark.parametrize("driver", ['driver = "dummy"', 'driver = "qy"', ""])
def test_a_driver_without_tables_is_refused(tmp_path, driver):
    put(tmp_path, driver)
    assert refused(tmp_path).endswith("drivers with tables are qx")


def test_a_file_that_is_no_toml_and_a_missing_folder_are_named(tmp_path):
    put(tmp_path, "driver =")
    assert "mine.toml: Invalid value" in refused(tmp_path)
    assert refused(tmp_path / "none").endswith("none is not a folder")


def test_the_folder_counts_from_the_settings_file(tmp_path):
    (tmp_path / "tables").mkdir()
    tables = {"driver": {"tables": "tables"}}
    assert DriverSettings.from_tables(tables, str(tmp_path / "nutbus.toml")).tables == {}
    with pytest.raises(SettingsError, match="is not a folder"):
        DriverSettings.from_tables(tables, str(tmp_path / "tables" / "nutbus.toml"))
