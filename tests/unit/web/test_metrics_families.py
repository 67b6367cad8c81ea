"""What a scrape says of the bus, read again by prometheus-client's own parsers."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.exposition import generate_latest as plain
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed
from prometheus_client.parser import text_string_to_metric_families as plain_parsed

from services.web.metrics.exporter import STATUSES, ExporterFamilies, NoSuchDeviceError, Wish
from services.web.metrics.families import Families
from services.web.metrics.naming import naming
from services.web.metrics.snapshot import Snapshot, Tally, snapshot
from services.web.mirror import Mirror, ServiceView
from shared.fleet import Device
from shared.messages import (
    Availability,
    DeviceEvent,
    DeviceMeta,
    DeviceState,
    ForcedShutdown,
    Message,
)
from shared.service_messages import (
    EnergyReading,
    Logins,
    MonitorPower,
    Phase,
    ServiceInfo,
    service_availability,
)
from shared.topics import DeviceTopic, ServiceTopic, Topics

DUMPS = Path(__file__).parents[3] / "../shared/ddl"
META = DeviceMeta(driver="played", service="plant", desc="In the rack", heartbeat=5.0)
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def device(name="rack1", *, heard=10.0, online=Availability.ONLINE, fsd=None, **variables):
    said = {key.replace("_", "."): value for key, value in variables.items()}
    state = DeviceState(seq=1, at=0.0, vars={"ups.status": "OL", **said})
    return Device(name, META, state, online, True, fsd, heard)


def shot(*devices, services=(), events=None, connected=True, now=12.0):
    return Snapshot(now, connected, tuple(devices), tuple(services), events or {})


def samples(families) -> Samples:
    """Read what a scraper would: every sample of the OpenMetrics text; it must be whole."""
    text = generate_latest(families).decode()
    assert text.endswith("# EOF\n")
    found: Samples = {}
    for family in parsed(text):
        for each in family.samples:
            key = (each.name, frozenset(each.labels.items()))
            assert key not in found, f"twice: {key}"
            found[key] = each.value
    return found


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def names(found: Samples) -> set[str]:
    return {name for name, _ in found}


def test_a_device_that_is_well_shows_its_values_and_status():
    found = samples(Families(shot(device(battery_charge="57", ups_status="OB LB FOO"))))
    assert value(found, "nutbus_device_up", device="rack1") == 1
    assert value(found, "nutbus_device_stale", device="rack1") == 0
    assert value(found, "nutbus_state_age_seconds", device="rack1") == 2
    assert value(found, "nutbus_battery_charge_ratio", device="rack1") == 0.57
    status = {
        word: value(found, "nutbus_device_status", device="rack1", nutbus_device_status=word)
        for word in ("OL", "OB", "LB", "OTHER", "FOO")
    }
    assert status == {"OL": 0, "OB": 1, "LB": 1, "OTHER": 1, "FOO": None}


@pytest.mark.parametrize(
    ("held", "connected", "stale"),
    [
        (device(online=Availability.STALE, input_voltage="230"), True, 1),
        (device(online=Availability.OFFLINE, input_voltage="230"), True, 0),
        (device(heard=-100.0, input_voltage="230"), True, 1),
        (device(input_voltage="230"), False, 1),
    ],
    ids=["stale", "away", "overdue", "no bus"],
)
def test_values_vanish_when_they_no_longer_hold_and_the_device_stays(held, connected, stale):
    well = samples(Families(shot(device(input_voltage="230"))))
    found = samples(Families(shot(held, connected=connected)))
    assert value(found, "nutbus_device_up", device="rack1") == 0
    assert value(found, "nutbus_device_stale", device="rack1") == stale
    assert value(found, "nutbus_bus_connected") == connected
    gone = {"nutbus_input_voltage_volts", "nutbus_device_status"}
    gone |= set() if connected else {"nutbus_device_clients"}
    assert names(well) - names(found) == gone
    infos = [key for key in found if key[0] == "nutbus_device_info"]
    assert infos == [key for key in well if key[0] == "nutbus_device_info"]


def test_a_device_that_never_spoke_has_no_age_and_one_that_is_gone_has_nothing():
    unheard = Device("rack1", META, None, Availability.OFFLINE, True)
    found = samples(Families(shot(unheard)))
    assert value(found, "nutbus_device_up", device="rack1") == 0
    assert "nutbus_state_age_seconds" not in names(found)
    assert not [key for key in samples(Families(shot())) if ("device", "rack1") in key[1]]


def test_an_ordered_shutdown_is_told_also_while_the_device_is_away():
    fsd = ForcedShutdown(by="x", at=0.0)
    found = samples(
        Families(shot(device(fsd=fsd), device("b", online=Availability.STALE, fsd=fsd)))
    )
    assert value(found, "nutbus_device_forced_shutdown", device="rack1") == 1
    assert value(found, "nutbus_device_forced_shutdown", device="b") == 1
    assert value(found, "nutbus_device_status", device="rack1", nutbus_device_status="FSD") == 1


def test_services_monitors_and_clients_are_told():
    power = MonitorPower(host="db1", present=1, needed=2, phase=Phase.HOSTSYNC, critical=["rack1"])
    info = ServiceInfo(version="9", host="h", started=77.0)
    online = Availability.ONLINE
    views = (
        ServiceView("monitor", "db1", online, info, power=power),
        ServiceView("monitor", "lost", Availability.OFFLINE, power=power),
        ServiceView("gateway", "gate", online, logins=Logins(logins={"rack1": ["::1", "::2"]})),
    )
    found = samples(Families(shot(device(), services=views)))
    assert value(found, "nutbus_service_up", kind="monitor", id="db1") == 1
    assert value(found, "nutbus_service_up", kind="monitor", id="lost") == 0
    assert value(found, "nutbus_service_start_time_seconds", kind="monitor", id="db1") == 77
    assert value(found, "nutbus_monitor_supplies_present", monitor="db1") == 1
    assert value(found, "nutbus_monitor_supplies_needed", monitor="db1") == 2
    assert value(found, "nutbus_monitor_devices_critical", monitor="db1") == 1
    phase = {"monitor": "db1", "nutbus_monitor_phase": "hostsync"}
    assert value(found, "nutbus_monitor_phase", **phase) == 1
    assert value(found, "nutbus_monitor_supplies_present", monitor="lost") is None
    assert value(found, "nutbus_device_clients", device="rack1") == 2


def test_without_the_bus_no_service_counts_as_up_and_nothing_it_said_is_told():
    topics = Topics()
    mirror = Mirror(topics)
    power = MonitorPower(host="db1", present=1, needed=1, phase=Phase.WATCHING)
    for each in (
        META.publication(topics, "rack1"),
        power.publication(topics, "db1"),
        EnergyReading(energy=1.5, power=200.0).publication(topics, "ha", "rack1"),
        service_availability(topics, "monitor", "db1", Availability.ONLINE),
        service_availability(topics, "homeassistant", "ha", Availability.ONLINE),
    ):
        mirror.take(Message(each.topic, each.payload, True), 10.0)
    told = {}
    for connected in (True, False):
        mirror.connect(connected)
        told[connected] = samples(Families(snapshot(mirror, Tally(), 10.0)))
    assert value(told[True], "nutbus_service_up", kind="monitor", id="db1") == 1
    assert value(told[False], "nutbus_service_up", kind="monitor", id="db1") == 0
    held = {
        *("nutbus_monitor_supplies_present", "nutbus_monitor_phase", "nutbus_device_clients"),
        *("nutbus_device_energy_watthours_total", "nutbus_device_power_watts"),
    }
    assert held <= names(told[True])
    assert not held & names(told[False])


def test_energy_is_told_for_as_long_as_its_meter_is_online():
    topics = Topics()
    mirror = Mirror(topics)
    mirror.connect(True)

    def take(publication):
        mirror.take(Message(publication.topic, publication.payload, True), 10.0)

    def told():
        return samples(Families(snapshot(mirror, Tally(), 10.0)))

    take(META.publication(topics, "rack1"))
    reading = EnergyReading(energy=1.5, power=200.0, estimated=True)
    for name in ("rack1", "nobody"):
        take(reading.publication(topics, "ha", name))
    take(service_availability(topics, "homeassistant", "ha", Availability.ONLINE))
    place = {"device": "rack1", "meter": "ha"}
    found = told()
    assert value(found, "nutbus_device_energy_watthours_total", **place) == 1500
    assert value(found, "nutbus_device_power_watts", **place) == 200
    assert value(found, "nutbus_device_power_estimated", **place) == 1
    assert not [key for key in found if ("device", "nobody") in key[1]]
    take(service_availability(topics, "homeassistant", "ha", Availability.OFFLINE))
    assert "nutbus_device_energy_watthours_total" not in names(told())
    take(service_availability(topics, "homeassistant", "ha", Availability.ONLINE))
    topic = topics.about_device("homeassistant", "ha", ServiceTopic.ENERGY, "rack1")
    mirror.take(Message(topic, b"", True), 10.0)
    assert "nutbus_device_energy_watthours_total" not in names(told())


def test_events_are_counted_by_type_and_go_with_their_device():
    topics = Topics()
    mirror, tally = Mirror(topics), Tally()
    tally.follow(mirror)

    def take(publication, retained=False):
        mirror.take(Message(publication.topic, publication.payload, retained), 10.0)

    def tell(type_, name="rack1"):
        event = DeviceEvent(type=type_, at=0.0, status="OB", text="x")
        take(event.publication(topics, name))

    take(META.publication(topics, "rack1"))
    for type_ in ("ONBATT", "ONBATT", "CAL", "made up 1", "made up 2"):
        tell(type_)
    tell("ONBATT", "nobody")
    found = samples(Families(snapshot(mirror, tally, 10.0)))
    counts = {
        dict(labels)["type"]: count
        for (name, labels), count in found.items()
        if name == "nutbus_device_events_total"
    }
    assert counts == {
        **dict.fromkeys(("ONLINE", "LOWBATT", "REPLBATT", "COMMBAD", "COMMOK", "FSD"), 0),
        "ONBATT": 2,
        "CAL": 1,
        "other": 2,
    }
    topic = topics.device("rack1", DeviceTopic.META)
    mirror.take(Message(topic, b"", False), 10.0)
    assert not tally.counts()


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(
    ["ups.status", "ups.model", "device.mfr", "device.serial", "input.voltage", "outlet.1.current",
     "battery.charge", "outlet.status", "x.\u00e9", "ups.a-b", "ups.a.b"]), st.text()))  # fmt: skip
def test_whatever_a_device_says_the_scrape_can_be_read(variables):
    state = DeviceState(seq=1, at=0.0, vars=variables)
    hostile = Device("rack1", META, state, Availability.ONLINE, True, None, 10.0)
    families = Families(shot(hostile, device("b", input_voltage="230")))
    found = samples(families)
    assert value(found, "nutbus_input_voltage_volts", device="b", feed="", phase="") == 230
    if "device.mfr" in variables:
        (labels,) = (
            dict(key[1]) for key in found
            if key[0] == "nutbus_device_info" and ("device", "rack1") in key[1]
        )  # fmt: skip
        assert labels["mfr"] == variables["device.mfr"][:200]
    list(plain_parsed(plain(families).decode()))
    list(plain_parsed(plain(ExporterFamilies(Wish(variables=()), (hostile,))).decode()))


def dumped(text: str) -> dict[str, str]:
    lines = (line.partition("#")[0].partition(":") for line in text.splitlines())
    return {name.strip(): said.strip() for name, _, said in lines if name.strip()}


def test_the_dumps_of_all_real_devices_are_read_again_as_they_are():
    files = sorted(DUMPS.glob("**/*.dev"))
    if not files:
        pytest.skip("the dumps are not here: ../shared/ddl beside the checkout")
    assert len(files) > 700
    devices = []
    for number, file in enumerate(files):
        said = dumped(file.read_text(encoding="utf-8", errors="replace"))
        state = DeviceState(seq=1, at=0.0, vars=said)
        devices.append(Device(f"d{number}", META, state, Availability.ONLINE, True, None, 10.0))
    found = samples(Families(shot(*devices)))
    numbers = 0
    for each in devices:
        assert each.state is not None
        for name, text in each.state.vars.items():
            named = naming(name)
            if named is None or (expected := named.value(text)) is None:
                continue
            labels = {"device": each.name, **dict(named.places)}
            assert value(found, named.family.name, **labels) == expected, (each.name, name)
            numbers += 1
    assert numbers > 10_000
    everything = plain(ExporterFamilies(Wish(variables=()), devices)).decode()
    assert sum(len(family.samples) for family in plain_parsed(everything)) > numbers


# /ups_metrics


def exported(wish: Wish, *devices: Device) -> Samples:
    text = plain(ExporterFamilies(wish, wish.devices(shot(*devices)))).decode()
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in plain_parsed(text)
        for each in family.samples
    }


def test_the_names_and_flags_are_those_of_nut_exporter():
    ups = device(
        ups_status="OL TRIM XYZ", battery_charge="100", ups_load="7", device_model="M", ups_id="5"
    )
    found = exported(Wish.of({}), ups)
    assert value(found, "network_ups_tools_battery_charge", ups="rack1") == 100
    assert value(found, "network_ups_tools_ups_load", ups="rack1") == 7
    assert "network_ups_tools_ups_id" not in names(found)
    flags = {
        dict(labels)["flag"]: set_
        for (name, labels), set_ in found.items()
        if name == "network_ups_tools_ups_status"
    }
    assert flags == {**dict.fromkeys(STATUSES, 0), "OL": 1, "TRIM": 1, "XYZ": 1}
    (info,) = (dict(key[1]) for key in found if key[0] == "network_ups_tools_device_info")
    empty = dict.fromkeys(
        ("mfr", "serial", "type", "description", "contact", "location", "part", "macaddr"), ""
    )
    assert info == {"ups": "rack1", "model": "M", **empty}


def test_no_variable_takes_the_name_of_a_metric_that_is_made_of_several():
    state = DeviceState(seq=1, at=0.0, vars={"ups.status": "OL", "ups-status": "1"})
    said = {**state.vars, "device.info": "1", "device.model": "M"}
    odd = Device("odd", META, state.model_copy(update={"vars": said}), Availability.ONLINE, True)
    text = plain(ExporterFamilies(Wish(variables=()), (odd,))).decode()
    heads = [line for line in text.splitlines() if line.startswith("# HELP")]
    assert len({line.split()[2] for line in heads}) == len(heads)


def test_a_scrape_may_choose_device_variables_and_flags():
    both = (device("a", ups_load="1", ups_beeper_status="enabled"), device("b", ups_load="2"))
    chosen = Wish.of({"ups": "b", "variables": "ups.load,ups.status", "statuses": "OL, LB"})
    found = exported(chosen, *both)
    assert {dict(labels)["ups"] for _, labels in found} == {"b"}
    flags = {dict(labels).get("flag") for _, labels in found} - {None}
    assert flags == {"OL", "LB"}
    everything = exported(Wish.of({"variables": ""}), *both)
    assert value(everything, "network_ups_tools_ups_beeper_status", ups="a") == 1
    without_status = exported(Wish.of({"variables": "ups.load"}), *both)
    assert "network_ups_tools_ups_status" not in names(without_status)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("enabled", 1), ("ON", 1), ("activated", 1), ("disabled", 0), ("Inactive", 0), ("-4.5", -4.5),
     ("muted", None), ("2025.01.20", None), ("once", None), ("nan", None)],
)  # fmt: skip
def test_words_for_on_and_off_become_one_and_zero(text, expected):
    found = exported(Wish.of({"variables": "x.y-z"}), device(**{"x_y-z": text}))
    assert value(found, "network_ups_tools_x_y_z", ups="rack1") == expected


@pytest.mark.parametrize(
    ("wish", "connected", "reason"),
    [
        (Wish(ups="nobody"), True, "unknown UPS"),
        (Wish(ups="away"), True, "data of the UPS is stale"),
        (Wish(), False, "there is no connection to the bus"),
    ],
)
def test_a_scrape_that_nothing_is_known_for_fails(wish, connected, reason):
    away = device("away", online=Availability.STALE)
    with pytest.raises(NoSuchDeviceError, match=reason):
        wish.devices(shot(device(), away, connected=connected))
    assert [each.name for each in Wish().devices(shot(device(), away))] == ["rack1"]


def test_the_flags_that_are_always_there_are_those_of_nut_exporter():
    default = "OL,OB,LB,HB,RB,CHRG,DISCHRG,BYPASS,CAL,OFF,OVER,TRIM,BOOST,FSD,SD"
    assert ",".join(STATUSES) == default
