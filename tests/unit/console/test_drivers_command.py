"""`nutbus drivers`."""

import json
import tomllib

import pytest
from typer.testing import CliRunner

from services.console.__main__ import app
from services.console.drivers.command import NotFoundError
from services.console.drivers.serving import Served, service, way_service
from services.console.drivers.templates import TEMPLATES, template_names
from services.console.drivers.texts import hit_lines, kind_lines
from services.driver.contract import Kind
from services.driver.drivers import DRIVERS, KINDS, NUT_DRIVER
from shared.hardware.models import FIRST_RELEASE, GIVEN_UP, Model, Transport, Way, models
from shared.hardware.search import Hit

DUMMY = DRIVERS["dummy"]
QX = Kind("qx", "Q1", DUMMY.parts, aliases=("nutdrv_qx", "blazer_ser", "blazer_usb"))
ANY = Kind(NUT_DRIVER, "any driver of NUT", DUMMY.parts)
SOME = {name: kind for kind in (QX, ANY) for name in (kind.name, *kind.aliases)}


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["drivers", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def model(*ways: Way) -> Model:
    return Model("Maker", "ups", 3, "Model", "", ways, "")


def test_all_drivers_are_listed():
    lines = run().splitlines()
    assert [line.split()[0] for line in lines[1:]] == [kind.name for kind in KINDS]
    assert lines == kind_lines(KINDS)


def test_scripts_get_the_list_too():
    told = json.loads(run("--json"))
    assert [(each["name"], each["summary"]) for each in told] == [
        (kind.name, kind.summary) for kind in KINDS
    ]


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_every_driver_explains_its_options(kind: Kind):
    shown = run(kind.name)
    assert kind.summary in shown
    told = json.loads(run(kind.name, "--json"))
    assert [option["name"] for option in told["options"]] == list(kind.options.model_fields)
    for option in told["options"]:
        assert option["description"], f"{kind.name}: {option['name']} is not described"
        assert f"  {option['name']}  (" in shown


@pytest.mark.parametrize("kind", TEMPLATES)
def test_the_tables_of_a_driver_are_printed_as_the_driver_reads_them(kind: str):
    read = DRIVERS[kind].read_table
    assert read is not None
    shown = run(kind)
    for name in template_names(kind):
        content = tomllib.loads(run("--table", name))
        assert content.pop("driver") == kind
        read(name, content)
        assert name in shown


def test_nuts_names_will_do():
    assert run("dummy-ups") == run("dummy")


def test_a_model_is_looked_up_whatever_its_spelling():
    told = json.loads(run("--find", "smartups 1500", "--json"))
    assert {"APC"} == {each["manufacturer"] for each in told}
    assert any(each["drivers"] == ["usbhid-ups"] for each in told)
    assert "support:" in run("--find", "smartups 1500")


def test_a_near_miss_is_said_to_be_one():
    assert run("--find", "Elipse Eco").startswith("nothing is called 'Elipse Eco'")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing"], "unknown driver 'nothing'"),
        (["dumy"], "dummy"),
        (["--find", "qqqqqq"], "no model like 'qqqqqq'"),
        (["dummy", "--find", "x"], "only one of them"),
        (["--find", "x", "--table", "q1"], "only one of them"),
        (["--table", "megatek"], "megatec"),
    ],
)
def test_what_is_not_there_is_an_error(arguments, says):
    result = CliRunner().invoke(app, ["drivers", *arguments])
    assert result.exit_code == 1
    assert says in str(result.exception)
    assert NotFoundError.__mro__[1] in type(result.exception).__mro__


def test_a_long_list_is_cut_and_says_so():
    hits = [Hit(each, 1.0) for each in models()]
    lines = hit_lines(hits, DRIVERS)
    assert lines[-1] == f"and {len(hits) - 40} more: say more of its name, or use --json"


@pytest.mark.parametrize(
    ("way", "served"),
    [
        (Way("blazer_ser", Transport.SERIAL), Served.NATIVELY),
        (Way("nutdrv_qx", Transport.UNTOLD), Served.NATIVELY),
        (Way("nutdrv_qx", Transport.USB), Served.NATIVELY),
        (Way("blazer_usb", Transport.USB), Served.NATIVELY),
        (Way("snmp-ups", Transport.NETWORK), Served.THROUGH_NUT),
        (Way("megatec_usb", Transport.USB), Served.NOT),
    ],
)
def test_a_way_is_served_by_the_driver_of_its_name(way, served):
    assert way_service(way, SOME).served is served


def test_without_nut_driver_the_rest_is_not_served():
    found = way_service(Way("snmp-ups", Transport.NETWORK), {"qx": QX})
    assert (found.served, found.text) == (Served.NOT, "not yet")


def test_the_best_way_counts():
    found = service(
        model(Way("snmp-ups", Transport.NETWORK), Way("blazer_ser", Transport.SERIAL)), SOME
    )
    assert (found.driver, found.program, found.text) == ("qx", "blazer_ser", "driver qx")


def test_a_driver_that_only_later_releases_have_is_told_with_the_release():
    found = way_service(Way("nhs_ser", Transport.SERIAL), SOME)
    assert found.text == "driver nut-driver with nhs_ser of NUT 2.8.3 or later"
    found = way_service(Way("ragtech", Transport.SERIAL), SOME)
    assert found.text == "driver nut-driver with ragtech, which no release has yet"


def test_the_tables_name_what_there_is():
    listed = {way.driver for each in models() for way in each.ways}
    assert set(FIRST_RELEASE) | GIVEN_UP <= listed
