"""What `/metrics` and `/ups_metrics` answer over HTTP, with a real broker behind them."""

import asyncio
import gc
import gzip
import sys

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed

from shared.bus import connect
from shared.messages import Availability, clearing
from shared.topics import DeviceTopic
from tests.integration.power import bus_settings, host, plant
from tests.prometheus import until, web, web_settings

pytestmark = pytest.mark.integration

SCRAPER = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
TOKEN = "a-token-of-twenty-characters"


async def test_new_scrapers_get_openmetrics_and_old_ones_what_they_know(broker):
    async with plant(broker.url, rack1="OL"), web(broker.url) as served:
        await served.says('nutbus_device_up{device="rack1"} 1.0')
        new = await served.get("/metrics", accept=SCRAPER)
        kind = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        assert new.headers["content-type"] == kind
        families = {family.name: family for family in parsed(new.text)}
        assert families["nutbus_device_status"].type == "stateset"
        assert families["nutbus_device_events"].type == "counter"
        assert families["process_cpu_seconds"].type == "counter"
        for accept in ("text/plain", "*/*", "", "application/openmetrics-text;version=9", ";;,=,;"):
            old = await served.get("/metrics", accept=accept)
            assert old.headers["content-type"].startswith("text/plain; version=0.0.4"), accept
            assert "# EOF" not in old.text


async def test_what_is_packed_and_what_is_not_say_the_same(broker):
    async with plant(broker.url, rack1="OL"), web(broker.url) as served:
        await served.says('network_ups_tools_ups_status{flag="OL",ups="rack1"} 1.0', "/ups_metrics")
        packed = await served.get("/ups_metrics", accept_encoding="gzip")
        assert packed.headers["content-encoding"] == "gzip"
        bare = await served.get("/ups_metrics", accept_encoding="identity")
        assert "content-encoding" not in bare.headers
        assert packed.text == bare.text
        assert int(packed.headers["content-length"]) == len(gzip.compress(bare.content, 1))


async def test_values_vanish_with_the_device_and_all_of_it_when_it_is_removed(broker):
    async with web(broker.url) as served:
        async with plant(broker.url, rack1="OL") as played:
            played.say("rack1", "OB", battery_charge="40")
            await served.says('nutbus_battery_charge_ratio{device="rack1"} 0.4')
            played.be("rack1", Availability.STALE)
            await served.says('nutbus_device_stale{device="rack1"} 1.0')
            assert "nutbus_battery_charge_ratio" not in (await served.get("/metrics")).text
            stale = await served.get("/ups_metrics?ups=rack1")
            assert (stale.status_code, stale.text) == (500, "500 - data of the UPS is stale")
        await served.says('nutbus_device_stale{device="rack1"} 0.0')
        await served.says('nutbus_device_up{device="rack1"} 0.0')
        async with connect(bus_settings(broker.url)) as bus:
            for part in (DeviceTopic.META, DeviceTopic.STATE, DeviceTopic.AVAILABILITY):
                await bus.publish(clearing(bus.topics.device("rack1", part)))

        async def is_gone() -> bool:
            return "rack1" not in await served.said("/metrics")

        await until(is_gone, "gone")


async def test_a_monitor_that_ends_is_down_and_says_nothing_of_its_supplies(broker, tmp_path):
    supplies = [{"device": "rack1", "role": "primary"}]
    async with plant(broker.url, rack1="OL"), web(broker.url) as served:
        async with host(broker.url, tmp_path, supplies):
            await served.says('nutbus_monitor_supplies_present{monitor="tested"} 1.0')
            await served.says('nutbus_service_up{id="tested",kind="monitor"} 1.0')
        await served.says('nutbus_service_up{id="tested",kind="monitor"} 0.0')
        assert "nutbus_monitor_supplies_present{" not in (await served.get("/metrics")).text


async def test_without_a_broker_nothing_is_shown_as_true(broker):
    async with plant(broker.url, rack1="OL") as played, web(broker.url) as served:
        played.say("rack1", "OL", battery_charge="40")
        await served.says('nutbus_battery_charge_ratio{device="rack1"} 0.4')
        await broker.kill()
        await served.says("nutbus_bus_connected 0.0")
        found = (await served.get("/metrics")).text
        assert 'nutbus_device_up{device="rack1"} 0.0' in found.splitlines()
        assert "nutbus_battery_charge_ratio" not in found
        assert (await served.get("/ups_metrics")).status_code == 500
        await broker.start()
        await served.says('nutbus_battery_charge_ratio{device="rack1"} 0.4')


WISHES = (
    ("?ups=nobody", 500, "500 - unknown UPS"),
    ("?ups=%00%0a", 500, "500 - unknown UPS"),
    ("?server=other", 400, "this serves the devices on its bus"),
    ("?ups=rack1&variables=ups.status&statuses=OL", 200, "# HELP network_ups_tools_ups_status"),
)


async def test_a_wrong_wish_is_told_what_is_wrong(broker):
    async with plant(broker.url, rack1="OL"), web(broker.url) as served:
        await served.says('network_ups_tools_ups_status{flag="OL",ups="rack1"} 1.0', "/ups_metrics")
        for query, status, reason in WISHES:
            answer = await served.get(f"/ups_metrics{query}")
            assert answer.status_code == status, query
            assert answer.text.startswith(reason)


async def test_a_token_keeps_others_out(broker, tmp_path):
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n")
    async with web(broker.url, metrics_token_file=str(secret)) as served:
        for path in ("/metrics", "/ups_metrics?server=x"):
            for wrong in ("", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
                answer = await served.get(path, authorization=wrong)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
                assert TOKEN not in answer.text
            right = await served.get(path, authorization=f"bearer {TOKEN}")
            assert right.status_code in (200, 400)


async def test_a_site_that_asks_for_a_login_shows_no_metrics_without_a_token(broker):
    tokens = {"grafana": {"token": TOKEN}}
    async with web(broker.url, login_to_read=True, tokens=tokens) as served:
        assert (await served.get("/metrics")).status_code == 401
        allowed = await served.get("/metrics", authorization=f"Bearer {TOKEN}")
        assert allowed.status_code == 200


async def test_metrics_may_be_switched_off_while_it_runs(broker):
    async with web(broker.url) as served:
        assert (await served.get("/metrics")).status_code == 200
        port = int(served.target.rpartition(":")[2])
        served.settings.set(web_settings(broker.url, port, metrics=False))
        for path in ("/metrics", "/ups_metrics"):
            assert (await served.get(path)).status_code == 404


async def test_many_scrapers_at_once_get_one_rendering(broker):
    async with plant(broker.url, rack1="OL"), web(broker.url) as served:
        await served.says('nutbus_device_up{device="rack1"} 1.0')
        answers = await asyncio.gather(*(served.get("/metrics", accept=SCRAPER) for _ in range(8)))
        ages = {
            line
            for answer in answers
            for line in answer.text.splitlines()
            if line.startswith("nutbus_state_age_seconds{")
        }
        assert len(ages) < len(answers)


async def test_a_scrape_leaves_the_interpreter_as_it_was(broker):
    before = sys.getswitchinterval(), gc.isenabled()
    async with web(broker.url) as served:
        assert (await served.get("/metrics")).status_code == 200
        assert (await served.get("/ups_metrics?ups=nobody")).status_code == 500
        assert (sys.getswitchinterval(), gc.isenabled()) == before
