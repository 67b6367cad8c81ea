"""The driver netxml against a simulated card that fails in every way."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator

import pytest

from services.driver.contract import Reading, Site
from services.driver.drivers.netxml import NetxmlDriver, NetxmlOptions
from services.driver.transports.http import MAX_BODY, HttpDevice, HttpSettings, check_port
from shared.errors import DeviceError, RefusedError, SettingsError
from tests.simulators.eaton_certificates import make_certificates
from tests.simulators.netxml import (
    MINISLOT,
    NEWER,
    TRANSVERSE,
    AlarmServer,
    Card,
    Fault,
    Handler,
    broken_off,
    cut_short,
    dripping,
    hang_up,
    http_error,
    slow,
    values,
    wrong,
)

pytestmark = pytest.mark.integration

PASSWORD = "s3cret-word"
SUPPLY = "UPS.PowerSummary.PresentStatus.ACPresent"
PAGES = ("/mgeups/product.xml", "/getvalue.cgi", "/upsprop.xml")
LOW = "System.RunTimeToEmptyLimit"


def driver(card: Card, site: Site | None = None, **options: object) -> NetxmlDriver:
    settings = NetxmlOptions.model_validate({"timeout": "10", **options})
    return NetxmlDriver(site or Site("ups", card.url), settings)


@contextlib.asynccontextmanager
async def line(
    card: Card, site: Site | None = None, **options: object
) -> AsyncGenerator[NetxmlDriver]:
    made = driver(card, site, **options)
    try:
        await made.open()
        yield made
    finally:
        await made.close()


def too_long(handler: Handler) -> None:
    handler.answer(200, "<SUMMARY>" + " " * MAX_BODY + "</SUMMARY>")


def packed(handler: Handler) -> None:
    handler.answer(200, "never mind", Content_Encoding="gzip")


def elsewhere(handler: Handler) -> None:
    handler.answer(302, "", Location="https://name:word@card.example/")


FAULTS: dict[str, tuple[Fault, str]] = {
    "error 500": (http_error(500), "HTTP 500 Internal Server Error"),
    "error 503": (http_error(503), "HTTP 503 Service Unavailable"),
    "login page": (wrong("<html><body>Please log in</body></html>"), "document <html> instead of"),
    "no XML": (wrong("230.1 V"), "not a whole XML document"),
    "nothing": (wrong(""), "not a whole XML document"),
    "cut short": (cut_short(), "not a whole XML document"),
    "broken off": (broken_off, "closed connection"),
    "no reply": (hang_up, "disconnected"),
    "slow": (slow(3), "no whole reply in time"),
    "dripping": (dripping, "no whole reply in time"),
    "too long": (too_long, "more than 1048576 bytes"),
    "packed": (packed, "packed"),
    "elsewhere": (elsewhere, "it is elsewhere"),
}


TAKES_LONG = ("slow", "dripping")


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_one_clear_error_and_the_next_line_works(fault):
    answer, reason = FAULTS[fault]
    with Card(login=("admin", PASSWORD)) as card:
        site = Site("ups", card.url)
        patience = "1" if fault in TAKES_LONG else "10"
        for page in PAGES[:1] if fault in TAKES_LONG else PAGES:
            login = {"login": "admin", "password": PASSWORD}
            async with line(card, site, timeout=patience, **login) as before:
                first = await before.poll()
                card.objects = values(ONLINE=False)
                card.faults = {page: answer}
                with pytest.raises(DeviceError, match=reason) as caught:
                    await before.poll()
            assert f"{card.url}{page}" in str(caught.value)
            assert PASSWORD not in str(caught.value)
            assert "word@" not in str(caught.value)
            card.faults = {}
            async with line(card, site, login="admin", password=PASSWORD) as after:
                assert (await after.poll()).status == "OB"
                card.objects = values()
                assert await after.poll() == first


async def test_a_card_that_stays_ill_is_always_told_in_the_same_words(caplog):
    caplog.set_level("INFO")
    with Card() as card:
        site = Site("ups", card.url)
        async with line(card, site) as made:
            await made.poll()
            card.faults = {"*": http_error(503)}
            with pytest.raises(DeviceError) as first:
                await made.poll()
        with pytest.raises(DeviceError) as second:
            await line(card, site).__aenter__()
    assert str(first.value) == str(second.value)
    assert caplog.text == ""  # telling is up to the owner of the line


async def test_a_value_out_of_shape_is_an_error_and_no_value():
    with Card() as card:
        async with line(card) as made:
            for name, text in ((SUPPLY, "2"), ("UPS.PowerSummary.PercentLoad", "1,5")):
                card.objects = {**values(), name: text}
                with pytest.raises(DeviceError, match=f"{name} is n"):
                    await made.poll()
            card.objects = {"UPS.Unheard.Of": "1"}
            with pytest.raises(DeviceError, match="no object that is known"):
                await made.poll()


async def test_a_card_that_starts_anew_is_read_on():
    with Card() as card:
        async with line(card) as made:
            before = await made.poll()
            card.hang_up()
            assert await made.poll() == before


async def test_a_card_that_is_gone_is_an_error_within_its_time():
    with Card() as card:
        url = card.url
    made = NetxmlDriver(Site("ups", url), NetxmlOptions(timeout=1))
    with pytest.raises(DeviceError, match=f"{url}/mgeups/product.xml: .*onnect"):
        await made.open()
    await made.close()


@pytest.mark.parametrize("layout", [TRANSVERSE, MINISLOT, NEWER])
async def test_it_finds_the_card_and_remembers_where(layout):
    with Card(layout=layout) as card:
        site = Site("ups", card.url)
        async with line(card, site) as made:
            await made.poll()
        card.asked.clear()
        async with line(card, site):
            assert card.asked == [layout.product_page]


async def test_another_card_at_the_same_address_is_never_taken_for_the_old_one():
    with Card() as card:
        async with line(card) as made:
            assert (await made.poll()).variables["ups.serial"] == "49EH29101"
            card.layout = MINISLOT
            with pytest.raises(DeviceError, match="HTTP 404"):
                await made.poll()
        async with line(card, Site("ups", card.url)) as made:
            assert (await made.poll()).variables["ups.serial"] != "49EH29101"


@pytest.mark.parametrize("is_digest", [True, False])
@pytest.mark.parametrize("password", [PASSWORD, 'pä"ss:w%rd'])
async def test_the_login_is_shown_to_a_card_that_asks_for_it(is_digest, password):
    with Card(login=("admin", password), is_digest=is_digest) as card:
        async with line(card, login="admin", password=password) as made:
            await made.poll()
            await made.set("device.contact", "me")
        assert card.objects["System.Contact"] == "me"


@pytest.mark.parametrize("is_digest", [True, False])
async def test_a_wrong_login_is_one_clear_error(is_digest):
    with Card(login=("admin", "other"), is_digest=is_digest) as card:
        with pytest.raises(DeviceError, match="refuses login and password") as caught:
            await line(card, login="admin", password=PASSWORD).__aenter__()
        assert PASSWORD not in str(caught.value)
        with pytest.raises(DeviceError, match="asks for a login and a password"):
            await line(card).__aenter__()


async def test_a_page_for_friends_alone_is_done_without():
    with Card(faults={"/getvalue.cgi": http_error(403)}) as card:
        async with line(card) as made:
            assert (await made.poll()).status == "OL"
            card.faults["/upsprop.xml"] = http_error(404)
            with pytest.raises(DeviceError, match=r"upsprop\.xml: HTTP 404"):
                await made.poll()


async def test_settings_are_written_and_read_again():
    with Card(access={"System.ShutdownDuration": "RO"}) as card:
        async with line(card) as made:
            reading = await made.poll()
            assert "ups.delay.shutdown" not in reading.writable
            await made.set("battery.runtime.low", "240")
            await made.set("device.location", "<Rack & 7>")
            assert card.objects["System.Location"] == "<Rack & 7>"
            assert (await made.poll()).variables["battery.runtime.low"] == "240"
            with pytest.raises(RefusedError, match=r"leaves ups\.delay\.shutdown at 148"):
                await made.set("ups.delay.shutdown", "60")


async def test_the_older_page_is_used_where_there_is_no_form():
    with Card(takes_forms=False) as card:
        async with line(card) as made:
            await made.poll()
            await made.set("battery.runtime.low", "240")
        assert [page for page, _ in card.posts] == ["/Forms/set_obj_2", "/set_obj.htm"]
        assert card.objects[LOW] == "240"


async def test_a_setting_that_the_card_refuses_leaves_the_line_well():
    with Card(faults={"/Forms/set_obj_2": http_error(403)}) as card:
        async with line(card) as made:
            await made.poll()
            with pytest.raises(RefusedError, match="HTTP 403 Forbidden"):
                await made.set("battery.runtime.low", "240")
            assert (await made.poll()).status == "OL"


async def test_a_shutdown_makes_every_runtime_too_short():
    with Card() as card:
        async with line(card) as made:
            assert (await made.poll()).commands == ("shutdown.default",)
            await made.command("shutdown.default", None)
            assert card.objects[LOW] == "999999999"
            with pytest.raises(RefusedError, match=r"no command load\.off"):
                await made.command("load.off", None)


async def test_a_subscribed_card_says_at_once_what_happened():
    with Card(alarms=AlarmServer()) as card:
        async with line(card, subscribe=True, shutdown_duration="30", shutdown_timer="300") as made:
            assert card.alarms
            reading: Reading = await made.poll()
            assert reading.variables["driver.delay.shutdown"] == "150"
            assert card.alarms.greetings == [
                b'<Subscription Identification="4711"></Subscription>\0'
            ]
            [(_, wish)] = card.posts
            assert "<ShutdownDuration>30</ShutdownDuration>" in wish
            assert "<ShutdownTimer>300</ShutdownTimer>" in wish
            card.objects = values(ONLINE=False)
            async with asyncio.timeout(10):
                waiting = asyncio.create_task(made.wait())
                card.alarms.say(f'<ALARM object="{SUPPLY}" value="0" date="2026/1/2 3:4:5"/>')
                await waiting
            assert (await made.poll()).status == "OB"
            card.alarms.drop()
            async with asyncio.timeout(10):
                await made.wait()
            assert (await made.poll()).status == "OB"


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (http_error(500), "HTTP 500"),
        (wrong("<html>no</html>"), "without port and secret"),
        (wrong("<Port>1\r\n<Secret>1\r\n"), "onnection refused"),
    ],
)
async def test_a_card_that_takes_no_subscription_is_polled(reply, told, caplog):
    with Card(faults={"/subscribe.cgi": reply}) as card:
        async with line(card, subscribe=True) as made:
            assert (await made.poll()).status == "OL"
            assert (await made.poll()).status == "OL"
    assert caplog.text.count("no subscription") == 1
    assert told in caplog.text


async def test_a_declined_subscription_is_done_without(caplog):
    with Card(alarms=AlarmServer()) as card:
        assert card.alarms
        card.alarms.answer = b'<Subscription Answer="nok"></Subscription>'
        async with line(card, subscribe=True) as made:
            assert (await made.poll()).status == "OL"
    assert "declined" in caplog.text


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"), "localhost", "other")


def secured(certificates, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return context


async def test_only_a_trusted_certificate_opens_the_line(certificates):
    with Card(tls=secured(certificates, "localhost")) as card:
        trusted = certificates / "localhost.pem"
        for options in ({"ca_file": str(trusted)}, {"insecure": "yes"}):
            async with line(card, None, **options) as made:
                assert (await made.poll()).status == "OL"
        for options in ({}, {"ca_file": str(certificates / "other.pem")}):
            with pytest.raises(DeviceError, match="CERTIFICATE_VERIFY_FAILED"):
                await line(card, None, **options).__aenter__()
        with pytest.raises(DeviceError, match=r"cannot use .*none\.pem"):
            await line(card, ca_file=str(certificates / "none.pem")).__aenter__()


async def test_proxies_are_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with Card() as card:
        async with line(card) as made:
            assert (await made.poll()).status == "OL"


@pytest.mark.parametrize(
    "port",
    [
        *("", "auto", "10.0.0.1", "10.0.0.1:80", "ftp://card", "http://", "http://[::1"),
        *("http://card:99999", "http://card:x", "http://a b", "http://xn--", "http://\0"),
    ],
)
def test_a_port_has_to_be_an_address_of_the_web(port):
    with pytest.raises(SettingsError, match="name the address of the card"):
        check_port(port)


def test_a_login_has_no_place_in_the_port():
    with pytest.raises(SettingsError, match="give login and password apart") as caught:
        check_port("http://admin:hush@card")
    assert "hush" not in str(caught.value)
    assert str(check_port("http://card:8080/ups?x=1#y")) == "http://card:8080/"


def test_options_are_taken_as_the_files_of_nut_write_them():
    options = NetxmlOptions.model_validate(
        {"timeout": "7", "shutdown_timer": "none", "subscribe": True, "do_convert_deci": "yes"}
    )
    assert (options.timeout, options.shutdown_timer, options.do_convert_deci) == (7.0, 0, True)
    with pytest.raises(ValueError, match="password needs login"):
        NetxmlOptions.model_validate({"password": "x"})


async def test_a_card_by_name_is_read_while_no_other_name_can_be_looked_up(monkeypatch):
    """The few threads of the event loop for lookups may all wait for a dead name server."""

    async def none_left(*_: object, **__: object) -> list[object]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", none_left)
    with Card() as card:
        device = HttpDevice(card.url.replace("127.0.0.1", "localhost"), HttpSettings())
        await device.open()
        assert b"PRODUCT_INFO" in await device.get("/mgeups/product.xml")
        await device.close()


async def test_a_card_with_an_unknown_name_is_named_with_the_reason():
    device = HttpDevice(f"http://{'x' * 70}.test", HttpSettings())
    await device.open()
    with pytest.raises(DeviceError, match="no name of a host"):
        await device.get("/mgeups/product.xml")
    await device.close()
