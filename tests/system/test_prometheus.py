"""A real Prometheus reads a real web service on a real bus: scrapes, dashboards, alerts."""

import asyncio
import contextlib
import json
import re

import pytest
import yaml  # type: ignore[import-untyped] # PyYAML comes with amqtt

from tests.integration.power import gateway, host, plant
from tests.prometheus import DEPLOY, Prometheus, promtool, until, web

pytestmark = pytest.mark.system

# What nut_exporter's published dashboard asks (DRuggeri/nut_exporter, dashboard/dashboard.json),
# its variables filled in as Grafana does, and the alert rules of its Helm chart. The rule of LB
# joins two flags without `on`, so that it never gives anything, there as here.
SELECTOR = 'instance=~"127.*",job=~"nut",ups="rack1"'
EXPORTER_QUERIES = (
    "network_ups_tools_ups_status{%s} == 1",
    "network_ups_tools_device_info{%s}",
    "network_ups_tools_battery_charge{%s}",
    "network_ups_tools_battery_runtime{%s}",
    "network_ups_tools_ups_load{%s}",
    "network_ups_tools_input_voltage{%s}",
    "network_ups_tools_battery_voltage{%s}",
    "network_ups_tools_battery_voltage_low{%s}",
    "network_ups_tools_battery_voltage_high{%s}",
    "network_ups_tools_battery_voltage_high{%s}*1.1",
)
EXPORTER_RULES = (
    'network_ups_tools_ups_status{flag="RB"} != 0',
    'network_ups_tools_ups_status{flag="LB"} == 0 and network_ups_tools_ups_status{flag="OL"} == 0',
    "network_ups_tools_battery_runtime < 300",
    'network_ups_tools_ups_status{flag="OL"} == 0',
    'network_ups_tools_ups_status{flag="HB"} != 0',
)
VALUES = {
    "battery_charge": "80",
    "battery_runtime": "900",
    "battery_temperature": "25",
    "battery_voltage": "26.1",
    "battery_voltage_low": "20.8",
    "battery_voltage_high": "27.0",
    "battery_voltage_nominal": "24",
    "ambient_temperature": "21",
    "input_voltage": "231",
    "output_voltage": "230",
    "outlet_1_current": "0.4",
    "ups_load": "22",
    "ups_realpower": "200",
    "ups_temperature": "30",
    "device_mfr": 'Maker "of" \\ UPSes\n<script>',
}
FOR = re.compile(r"\d+[smh]")


def quick_rules():
    """Give our rules with every `for` shortened to two seconds: how long is promtool's business."""
    rules = yaml.safe_load((DEPLOY / "prometheus" / "nutbus-rules.yml").read_text())
    for group in rules["groups"]:
        group["interval"] = "250ms"
        for rule in group["rules"]:
            if "for" in rule:
                assert FOR.fullmatch(rule["for"])
                rule["for"] = "2s"
    return rules


def dashboard():
    return json.loads((DEPLOY / "grafana" / "nutbus.json").read_text())


def dashboard_queries():
    """Name what each panel of our dashboard asks, its variables filled in as Grafana does."""
    values = {"$instance": "127.*", "$job": "nutbus", "$device": "rack1|rack2"}
    asked = [
        target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])
    ]
    asked += [each["expr"] for each in dashboard()["annotations"]["list"]]
    for name, value in values.items():
        asked = [query.replace(name, value) for query in asked]
    assert not any("$" in query for query in asked)
    return asked


def test_promtool_takes_the_settings_and_rules_and_tries_them():
    folder = DEPLOY / "prometheus"
    promtool("check", "config", folder / "prometheus.yml")
    promtool("check", "rules", folder / "nutbus-rules.yml")
    assert "SUCCESS" in promtool("test", "rules", folder / "nutbus-rules.test.yml")


def test_every_rule_is_tried_and_tells_what_it_is_about():
    rules = yaml.safe_load((DEPLOY / "prometheus" / "nutbus-rules.yml").read_text())
    tests = yaml.safe_load((DEPLOY / "prometheus" / "nutbus-rules.test.yml").read_text())
    tried = {
        case["alertname"]
        for test in tests["tests"]
        for case in test["alert_rule_test"]
        if case.get("exp_alerts")
    }
    for rule in rules["groups"][0]["rules"]:
        assert rule["alert"] in tried
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert {"summary", "description"} <= rule["annotations"].keys()


async def test_promtool_takes_both_endpoints(broker):
    async with (
        plant(broker.url, rack1="OL", rack2="OB LB") as played,
        gateway(broker.url, rack1=["127.0.0.1"]),
        web(broker.url) as served,
    ):
        played.say("rack1", "OL CHRG", **VALUES)
        await served.says('nutbus_ups_load_ratio{device="rack1",phase=""} 0.22')
        for path in (
            "/metrics",
            "/ups_metrics",
            "/ups_metrics?ups=rack1",
            "/ups_metrics?variables=",
        ):
            answer = await served.get(path)
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            await asyncio.to_thread(promtool, "check", "metrics", given=answer.content)


async def test_a_power_cut_reaches_prometheus_and_its_alerts(broker, tmp_path):
    supplies = [{"device": "rack1", "role": "primary"}]
    folder = tmp_path / "prometheus"
    folder.mkdir()
    prometheus = Prometheus(folder)
    async with contextlib.AsyncExitStack() as stack:
        played = await stack.enter_async_context(plant(broker.url, rack1="OL", rack2="OL"))
        await stack.enter_async_context(gateway(broker.url, rack1=["127.0.0.1"]))
        await stack.enter_async_context(host(broker.url, tmp_path, supplies))
        served = await stack.enter_async_context(web(broker.url))
        played.say("rack1", "OL CHRG", **VALUES)
        await stack.enter_async_context(prometheus.up(served.target, quick_rules()))

        async def is_quiet() -> bool:
            return not await prometheus.alerts()

        async def is_read() -> bool:
            return set((await prometheus.targets()).values()) == {"up"}

        await until(is_read, "read without a fault")
        await until(lambda: prometheus.query('nutbus_ups_load_ratio{device="rack1"}'), "read")
        await until(lambda: prometheus.query("nutbus_monitor_supplies_present"), "a monitor")
        await until(is_quiet, "quiet")
        await _queries_have_data(prometheus)

        played.say("rack1", "OB DISCHRG", battery_runtime="200")
        seen = set()

        async def is_firing() -> bool:
            alerts = await prometheus.alerts()
            seen.add(alerts.get(("UpsOnBattery", "rack1")))
            return alerts.get(("UpsOnBattery", "rack1")) == "firing"

        await until(is_firing, "an alert of the power cut")
        assert "pending" in seen
        (found,) = await prometheus.query('nutbus_battery_runtime_seconds{device="rack1"}')
        assert found["value"][1] == "200"
        assert ("UpsOnBattery", "rack2") not in await prometheus.alerts()
        for query in EXPORTER_RULES[2:4]:
            assert [each["metric"]["ups"] for each in await prometheus.query(query)] == ["rack1"]

        played.say("rack1", "OL CHRG", battery_runtime="900")

        await until(is_quiet, "quiet again")


async def _queries_have_data(prometheus: Prometheus) -> None:
    for template in EXPORTER_QUERIES:
        query = template % SELECTOR

        async def has_data(query=query) -> bool:
            return bool(await prometheus.query(query))

        await until(has_data, f"data for {query}")
    for label, values in {"ups": ["rack1", "rack2"], "job": ["nut"]}.items():
        assert await prometheus.values_of(label, "network_ups_tools_device_info") == values
    for query in EXPORTER_RULES:
        assert await prometheus.query(query) == []
    for query in dashboard_queries():
        if "_total" in query:  # nothing has happened yet
            continue

        async def has_data(query=query) -> bool:
            return bool(await prometheus.query(query))

        await until(has_data, f"data for {query}")
    assert await prometheus.values_of("device", "nutbus_device_up") == ["rack1", "rack2"]
    (info,) = await prometheus.query('nutbus_device_info{device="rack1"}')
    assert info["metric"]["mfr"] == VALUES["device_mfr"]


def test_the_dashboard_is_whole():
    found = dashboard()
    ids = [panel["id"] for panel in found["panels"]]
    assert len(ids) == len(set(ids))
    assert {each["name"] for each in found["templating"]["list"]} == {
        "datasource", "job", "instance", "device",
    }  # fmt: skip
    sources = {
        target["datasource"]["uid"]
        for panel in found["panels"]
        for target in panel.get("targets", [])
    }
    assert sources == {"${datasource}"}
