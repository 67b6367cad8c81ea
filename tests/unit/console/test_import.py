"""`nutbus import` and `nutbus export`: whatever NUT's files say, ours say the same."""

import logging
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from typer.testing import CliRunner

from services.console import up
from services.console.__main__ import app
from services.console.importing.reading import read
from services.console.importing.report import report
from services.console.importing.toml import toml
from shared.nutconfig import nut_settings
from shared.nutwire import join
from shared.users import Users
from tests.nutfolders import EVERYTHING, exported, written


@pytest.fixture(autouse=True)
def hushed():
    logger = logging.getLogger("shared.nutconfig")
    level = logger.level
    yield
    logger.setLevel(level)


def services(tables: dict[str, Any], source: Path) -> dict[str, Any]:
    return up.household(tables, str(source)).services


def is_the_same(folder: Path, settings_file: Path) -> bool:
    """Tell whether every service gets the same settings from our file and from NUT's."""
    theirs = up.load(None, folder)
    ours = up.load(settings_file, None)
    return ours.services == theirs.services and up.summary(ours) == up.summary(theirs)


def test_every_service_gets_the_same_settings(tmp_path):
    folder = written(tmp_path / "nut", EVERYTHING)
    (folder / "file.dev").write_text("ups.status: OL\n")
    file = tmp_path / "nutbus.toml"
    file.write_text(toml(read(folder).tables))
    assert is_the_same(folder, file)


def test_debians_own_files_are_taken_over(tmp_path):
    file = tmp_path / "nutbus.toml"
    reading = read(Path("/etc/nut"))
    file.write_text(toml(reading.tables))
    assert is_the_same(Path("/etc/nut"), file)


def test_each_line_is_told_of_and_no_secret_with_it(tmp_path):
    folder = written(tmp_path / "nut", EVERYTHING)
    reading = read(folder)
    assert all(line.fates for line in reading.statements)
    told = "\n".join(report(reading.statements))
    for name, text in EVERYTHING.items():
        for number, line in enumerate(text.splitlines(), 1):
            assert (
                not line.strip() or f"{name}:{number}: {line.split()[0].partition('=')[0]}" in told
            )
    assert "se cr#et" not in told
    assert "not public" not in told


def test_what_cannot_be_is_said_and_the_rest_goes_on(tmp_path):
    folder = written(
        tmp_path / "nut",
        {
            "ups.conf": "[a]\ndriver = dummy-ups\nport = x\nnonsense = 1\n[b]\ndriver = dummy-ups\n"
            "[c]\ndriver = dummy-ups\nport = c.dev\n",
            "upsd.conf": "MAXAG 3\nACCEPT all\n",
            "upsd.users": "stray\n[nobody]\nactions = SET\n[x]\npassword = p\nactions = FLY\n",
            "upsmon.conf": "DEADTIME 20\n",
        },
    )
    reading = read(folder)
    told = list(report(reading.statements))
    assert list(reading.tables["devices"]) == ["c"]
    assert list(reading.tables["gateway"]["users"]) == ["x"]
    lost = [line.partition(" IS NOT TAKEN OVER")[0] for line in told if "IS NOT TAKEN" in line]
    assert lost == [
        *("ups.conf:1: [a]", "ups.conf:2: driver", "ups.conf:3: port", "ups.conf:4: nonsense"),
        *("ups.conf:5: [b]", "ups.conf:6: driver"),
        *("upsd.conf:1: MAXAG", "upsd.conf:2: ACCEPT"),
        *("upsd.users:1: stray", "upsd.users:2: [nobody]", "upsd.users:3: actions"),
        *("upsd.users:6: actions", "upsmon.conf:1: DEADTIME"),
    ]


def test_the_file_is_its_owners_only_and_never_written_over(tmp_path):
    folder = written(tmp_path / "nut", EVERYTHING)
    file = tmp_path / "nutbus.toml"
    command = ["import", str(folder), "--output", str(file)]
    first = CliRunner().invoke(app, command, catch_exceptions=False)
    assert first.exit_code == 0, first.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert "ups.conf:3: pollinterval -> driver.poll_interval\n" in first.output
    before = file.read_bytes()
    assert CliRunner().invoke(app, command).exit_code != 0
    assert file.read_bytes() == before


def test_settings_on_standard_output_are_alone_there(tmp_path):
    folder = written(tmp_path / "nut", EVERYTHING)
    done = CliRunner().invoke(app, ["import", str(folder)], catch_exceptions=False)
    assert tomllib.loads(done.stdout) == read(folder).tables


def test_passwords_of_users_can_be_kept_as_hashes(tmp_path):
    folder = written(tmp_path / "nut", EVERYTHING)
    tables = read(folder, hash_passwords=True).tables
    assert "password" not in tables["gateway"]["users"]["monuser"]
    users = Users(services(tables, folder)["gateway"].gateway.users)
    assert users.verified("monuser", "se cr#et", "127.0.0.1")
    assert not users.verified("monuser", "other", "127.0.0.1")


SCHEDULED = {
    **EVERYTHING,
    "upsmon.conf": """
        MONITOR rack1@localhost:3493 1 monuser "se cr#et" primary
        NOTIFYCMD "/sbin/upssched"
        SHUTDOWNCMD "/sbin/shutdown -h +0"
        NOTIFYFLAG ONBATT SYSLOG+EXEC
        NOTIFYFLAG ONLINE SYSLOG+WALL+EXEC
        NOTIFYFLAG LOWBATT EXEC
    """,
}


def test_upssched_conf_is_not_acted_on_by_the_scheduler_and_by_upssched_too(tmp_path):
    folder = written(tmp_path / "nut", SCHEDULED)
    reading = read(folder)
    assert len(reading.tables["scheduler"]["upssched"]["at"]) == 3
    assert "notify_command" not in reading.tables["monitor"]
    assert up.load(None, folder).services == services(reading.tables, folder)
    told = list(report(reading.statements))
    why = "the scheduler does what upssched.conf says"
    assert f"upsmon.conf:3: NOTIFYCMD is not needed: {why}" in told
    exported(reading.tables, folder, tmp_path / "back")
    back, there = nut_settings(tmp_path / "back"), nut_settings(folder)
    assert (back["monitor"], back["scheduler"]) == (there["monitor"], there["scheduler"])


@pytest.mark.parametrize(
    ("file", "line", "unheard"),
    [
        ("upsmon.conf", "MONITOR rack1@192.0.2.8 0 monuser pass secondary", "rack1@192.0.2.8"),
        ("upsmon.conf", "MONITOR other 0 monuser pass secondary", "other"),
        ("upssched.conf", "AT shutdown * EXECUTE down", "SHUTDOWN"),
    ],
)
def test_upssched_goes_on_where_the_scheduler_would_not_hear_of_all(tmp_path, file, line, unheard):
    files = {**SCHEDULED, file: f"{SCHEDULED[file]}\n{line}\n"}
    folder = written(tmp_path / "nut", files)
    reading = read(folder)
    assert reading.tables["monitor"]["notify_command"] == "/sbin/upssched"
    assert "scheduler" not in reading.tables
    assert "scheduler" not in up.load(None, folder).services
    told = [text for text in report(reading.statements) if text.startswith("upssched.conf:")]
    assert len(told) == sum(bool(text.strip()) for text in files["upssched.conf"].splitlines())
    assert "IS NOT TAKEN OVER: NUT's upssched goes on" in told[0]
    assert told[0].endswith(f"does not hear of {unheard}")
    assert all("IS NOT TAKEN OVER: see upssched.conf:2" in text for text in told[1:])


texts = some.text(some.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20)
names = some.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,10}", fullmatch=True)
whole = some.integers(1, 10_000)
devices = some.fixed_dictionaries(
    {"driver": some.just("snmp-ups"), "port": some.just("192.0.2.1")},
    optional={
        "desc": texts,
        "community": texts,
        "pollinterval": whole,
        "sdorder": some.integers(-1, 9),
        "default.battery.charge": texts,
        "override.ups.mfr": texts,
    },
)
users = some.fixed_dictionaries(
    {"password": texts},
    optional={
        "actions": some.sampled_from(["SET", "FSD"]),
        "instcmds": some.sampled_from(["ALL", "test.battery.start"]),
        "upsmon": some.sampled_from(["primary", "secondary"]),
    },
)
servers = some.fixed_dictionaries(
    {},
    optional={
        "LISTEN": some.sampled_from(["127.0.0.1", "::1", "*"]),
        "MAXAGE": whole,
        "MAXCONN": whole,
        "TRACKINGDELAY": whole,
        "ALLOW_NO_DEVICE": some.sampled_from(["yes", "no"]),
    },
)
programs = texts.filter(lambda text: text != "=")  # that alone is refused, quoted or not
monitors = some.fixed_dictionaries(
    {"SHUTDOWNCMD": programs},
    optional={
        "DEADTIME": whole,
        "HOSTSYNC": whole,
        "FINALDELAY": whole,
        "OFFDURATION": some.integers(-5, 90),
        "SHUTDOWNEXIT": some.sampled_from(["yes", "no", "30"]),
        "POWERDOWNFLAG": some.just("/etc/killpower"),
        "NOTIFYCMD": programs,
        "CERTVERIFY": some.sampled_from(["0", "1"]),
        "CERTPATH": some.just("/etc/ssl"),
        "FORCESSL": some.sampled_from(["0", "1"]),
    },
)


@some.composite
def nut_folders(draw):
    """Draw the files of a machine that runs NUT."""
    keyed = some.dictionaries(names, devices, min_size=1, max_size=3)
    ups = draw(keyed.filter(lambda found: len({name.lower() for name in found}) == len(found)))
    sections = [
        f"[{name}]\n" + "".join(f"{key} = {join([str(value)])}\n" for key, value in table.items())
        for name, table in ups.items()
    ]
    people = [
        f"[{name}]\n" + "".join(f"{key} = {join([value])}\n" for key, value in table.items())
        for name, table in draw(some.dictionaries(names, users, max_size=3)).items()
    ]
    server = [join([key, str(value)]) + "\n" for key, value in draw(servers).items()]
    files = {
        "ups.conf": "".join(sections),
        "upsd.conf": "".join(server),
        "upsd.users": "".join(people),
    }
    if draw(some.booleans()):
        supply = join(["MONITOR", f"{next(iter(ups))}@localhost", "1", "u", draw(texts), "primary"])
        lines = [join([key, str(value)]) for key, value in draw(monitors).items()]
        files["upsmon.conf"] = "\n".join([supply, *lines, ""])
    return files


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(files=nut_folders())
def test_any_files_of_nut_say_the_same_there_and_back(tmp_path, files):
    folder = written(tmp_path / "nut", files)
    reading = read(folder)
    assert all(line.fates for line in reading.statements)
    assert tomllib.loads(toml(reading.tables)) == reading.tables
    assert services(reading.tables, tmp_path) == up.load(None, folder).services
    exported(reading.tables, folder, tmp_path / "back")
    assert nut_settings(tmp_path / "back") == reading.tables


values = some.recursive(
    some.text(some.characters(codec="utf-8"), max_size=10)
    | some.booleans()
    | some.integers(-(2**63), 2**63 - 1)
    | some.floats(allow_nan=False),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(
            some.text(some.characters(codec="utf-8"), max_size=5), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(tables=some.dictionaries(some.text(some.characters(codec="utf-8")), values, max_size=4))
def test_any_tables_are_read_as_they_were_written(tables):
    assert tomllib.loads(toml(tables)) == tables
