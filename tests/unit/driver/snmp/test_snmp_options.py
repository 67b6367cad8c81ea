"""Options of the driver snmp, and labels of outlets."""

import pytest

from services.driver.contract import Reading, Site
from services.driver.drivers.snmp import SnmpDriver
from services.driver.drivers.snmp_options import SnmpOptions
from services.driver.features import Features, Trend, present
from services.driver.settings import DriverSettings
from services.driver.transports.snmp import Authentication, Privacy, Version
from shared.errors import SettingsError

PASSWORDS = {"authPassword": "first-secret", "privPassword": "other-secret"}
SECURE = {"snmp_version": "v3", "secName": "monitor", "secLevel": "authPriv", **PASSWORDS}


def settings(**table):
    tables = {"devices": {"pdu1": {"driver": "snmp-ups", "port": "10.0.0.5", **table}}}
    return DriverSettings.from_tables(tables, "nutbus.toml")


def agent(**table):
    options = settings(**table).devices["pdu1"].options
    assert isinstance(options, SnmpOptions)
    return options.agent("10.0.0.5:1161", options.versions()[0])


def test_an_agent_is_asked_in_version_2c_unless_said_otherwise():
    found = agent()
    assert (found.host, found.port, found.version) == ("10.0.0.5", 1161, Version.V2C)
    assert (found.retries, found.timeout, found.community) == (5, 1.0, "public")
    assert SnmpOptions().versions() == (Version.V2C, Version.V1)
    assert SnmpOptions.model_validate({"snmp_version": "v1"}).versions() == (Version.V1,)


def test_nuts_options_are_taken_as_text():
    found = agent(
        mibs="apcc", snmp_version="v1", snmp_retries="2", snmp_timeout="3", community="house"
    )
    assert (found.version, found.retries, found.timeout) == (Version.V1, 2, 3.0)
    assert found.community == "house"


def test_a_user_of_version_3_has_what_its_level_needs():
    user = agent(**SECURE, authProtocol="SHA256", privProtocol="AES256").user
    assert user
    assert (user.authentication, user.privacy) == (Authentication.SHA256, Privacy.AES256)
    assert (user.authentication_password, user.privacy_password) == ("first-secret", "other-secret")
    user = agent(**{**SECURE, "secLevel": "authNoPriv"}).user
    assert user
    assert (user.authentication_password, user.privacy_password) == ("first-secret", "")


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"snmp_version": "v3"}, "secName"),
        ({**SECURE, "authPassword": "short"}, "authPassword: at least 8"),
        ({k: v for k, v in SECURE.items() if k != "privPassword"}, "privPassword: secLevel"),
        ({"snmp_version": "v4"}, "snmp_version"),
        ({"secLevel": "all"}, "secLevel"),
        ({"comunity": "public"}, "comunity"),
    ],
)
def test_what_cannot_work_is_refused(table, complaint):
    with pytest.raises(SettingsError, match=complaint):
        settings(**table)


def test_no_secret_is_told():
    told = str(settings(**SECURE, community="hush-hush").devices["pdu1"].driver_variables(2.0))
    told += repr(agent(**SECURE, community="hush-hush"))
    assert not any(secret in told for secret in ("hush-hush", *PASSWORDS.values()))


@pytest.mark.parametrize("mibs", ["acme", ["apcc", "acme"], "ietf, acme"])
def test_an_unknown_mapping_is_refused(mibs):
    with pytest.raises(SettingsError, match="'acme' is not known"):
        SnmpDriver(Site("pdu1", "10.0.0.5"), SnmpOptions.model_validate({"mibs": mibs}))


@pytest.mark.parametrize("port", ["auto", "tcp:10.0.0.5", "10.0.0.5:70000", "a b", ""])
def test_what_is_no_address_is_refused(port):
    with pytest.raises(SettingsError, match="port"):
        SnmpDriver(Site("pdu1", port), SnmpOptions())


def test_an_outlet_is_labelled():
    device = settings(outlets={"5": "web-03", "2.1": "switch"}).devices["pdu1"]
    assert device.override == {"outlet.5.desc": "web-03", "device.2.outlet.1.desc": "switch"}
    reading = Reading({"outlet.5.desc": "Outlet 5", "outlet.6.desc": "Outlet 6"})
    view, _ = present(Features(overrides=device.override), reading, Trend())
    assert view.variables["outlet.5.desc"] == "web-03"
    assert view.variables["outlet.6.desc"] == "Outlet 6"


def test_an_override_wins_over_a_label():
    device = settings(outlets={"5": "web-03"}, override={"outlet.5.desc": "spare"}).devices["pdu1"]
    assert device.override["outlet.5.desc"] == "spare"


def test_a_label_needs_a_number():
    with pytest.raises(SettingsError, match="'left' is no outlet's number"):
        settings(outlets={"left": "web-03"})


def test_a_simulated_pdu_still_has_so_many_outlets():
    tables = {"devices": {"pdu1": {"driver": "simulated", "outlets": 4}}}
    device = DriverSettings.from_tables(tables, "nutbus.toml").devices["pdu1"]
    assert device.options
    assert device.options.model_dump()["outlets"] == 4
