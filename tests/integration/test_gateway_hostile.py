"""Clients that mean harm, or cannot help it: none of them may hurt the others.

The gateway runs on uvloop in a thread of its own, as it does in earnest.
"""

import contextlib
import logging
import random
import resource
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests.brokers import find_program
from tests.integration.gateways import DEVICES, USERS
from tests.ournut import OurNut

pytestmark = pytest.mark.integration
TIMEOUT = 30.0
STATUS = "GET VAR ups ups.status"
OL = 'VAR ups ups.status "OL"'
CONNECTIONS = 2000


@pytest.fixture(name="folder", scope="module")
def a_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gateway")
    (folder / "ups.conf").write_text("")
    return folder


@pytest.fixture(name="certificate", scope="module")
def a_certificate(folder: Path) -> Path:
    file = folder / "certificate.pem"
    command = (
        find_program("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost", "-keyout", str(file), "-out", f"{file}.crt",
    )  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + Path(f"{file}.crt").read_bytes())
    return file


@pytest.fixture(name="nut", scope="module")
def a_gateway(folder: Path, certificate: Path) -> Generator[OurNut]:
    gateway = {
        "users": USERS,
        "idle_timeout": 2.0,
        "certificate_file": str(certificate),
        "max_connections": CONNECTIONS,
    }
    with OurNut(folder, scripted=DEVICES, gateway=gateway) as nut:
        nut.await_readable("ups")
        yield nut


@pytest.fixture(autouse=True)
def _nobody_else_is_hurt(nut: OurNut) -> Generator[None]:
    with connected(nut) as bystander:
        yield
        with contextlib.suppress(ConnectionError):  # it was idle: that is no harm
            bystander.close()
    assert nut.ask(STATUS) == OL


def connected(nut: OurNut) -> socket.socket:
    return socket.create_connection((nut.host, nut.port), timeout=TIMEOUT)


def is_closed(connection: socket.socket) -> bool:
    """Wait for the end of a connection."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_endless_line_is_one_error_and_the_next_line_counts(nut: OurNut):
    with connected(nut) as connection, connection.makefile("rb") as replies:
        for _ in range(64):
            connection.sendall(b"x" * 65536)
        connection.sendall(b"\nNETVER\n")
        assert replies.readline() == b"ERR INVALID-ARGUMENT\n"
        assert replies.readline() == b"1.3\n"


def test_a_quote_that_is_never_closed_is_one_error(nut: OurNut):
    with connected(nut) as connection, connection.makefile("rb") as replies:
        connection.sendall(b'GET VAR "' + b"NETVER\n" * 10_000)
        assert replies.readline() == b"ERR INVALID-ARGUMENT\n"
        connection.sendall(b"\nHELP\n")
        lines = iter(replies.readline, b"")
        assert any(line.startswith(b"Commands: HELP") for line in lines)


def test_random_bytes_get_errors_and_nothing_worse(nut: OurNut, caplog: pytest.LogCaptureFixture):
    chance = random.Random(1)
    text = 'GET VAR ups LIST " \\ # = \0 USERNAME PASSWORD SET TRACKING ON LOGIN INSTCMD FSD TYPE'
    words = [*text.encode().split(b" "), *[b"\n"] * 6, b"ups.status", b"\r", b"PRIMARY", b"STARTTL"]
    for _ in range(60):
        with connected(nut) as connection:
            connection.settimeout(2)
            with contextlib.suppress(OSError):
                connection.sendall(chance.randbytes(2000))
                connection.sendall(b" ".join(chance.choices(words, k=300)))
                connection.shutdown(socket.SHUT_WR)
                is_closed(connection)
    assert not [record for record in caplog.records if record.exc_info]


def test_who_never_reads_is_dropped_and_kept_little_for(nut: OurNut):
    with connected(nut) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(0.5)
        sent = 0
        with contextlib.suppress(TimeoutError, ConnectionError):
            while sent < 64 * 1024 * 1024:
                sent += connection.send(b"LIST VAR ups\n" * 1000)
        assert sent < 64 * 1024 * 1024, "it is read on although nothing is fetched"
        assert nut.ask(STATUS) == OL
        connection.settimeout(TIMEOUT)
        assert is_closed(connection)


def test_a_reader_who_is_slow_but_reads_gets_all(nut: OurNut):
    with connected(nut) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(b"LIST VAR ups\n" * 400 + b"LOGOUT\n")
        received = b""
        while data := connection.recv(65536):
            received += data
        assert received.count(b"END LIST VAR ups\n") == 400
        assert received.endswith(b"OK Goodbye\n")


def test_one_byte_a_second_is_not_enough(nut: OurNut):
    with connected(nut) as connection:
        began = time.monotonic()
        connection.settimeout(0.2)
        try:
            while time.monotonic() < began + TIMEOUT:
                connection.sendall(b"G")
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(100):
                        break
        except ConnectionError:
            pass
        assert time.monotonic() < began + TIMEOUT


def test_who_says_nothing_is_dropped_and_who_asks_is_not(nut: OurNut):
    with connected(nut) as silent, connected(nut) as busy, busy.makefile("r") as replies:
        silent.settimeout(0.1)
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            busy.sendall(b"NETVER\n")
            assert replies.readline() == "1.3\n"
            with contextlib.suppress(TimeoutError):
                if silent.recv(1) == b"":
                    return
        raise AssertionError("it was not dropped")


@pytest.fixture(name="patient")
def a_patient_gateway(tmp_path: Path) -> Generator[OurNut]:
    """A gateway that hangs up on nobody while a crowd comes."""
    (tmp_path / "ups.conf").write_text("")
    gateway = {"users": USERS, "max_connections": CONNECTIONS}
    with OurNut(tmp_path, scripted=DEVICES, gateway=gateway) as nut:
        nut.await_readable("ups")
        yield nut


def test_two_thousand_clients_are_served_and_no_more_let_in(
    patient: OurNut, caplog: pytest.LogCaptureFixture
):
    nut = patient
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard >= 2 * CONNECTIONS, "the gateway raises the limit of open files"
    with contextlib.ExitStack() as stack, caplog.at_level(logging.WARNING):
        crowd = [stack.enter_context(connected(nut)) for _ in range(CONNECTIONS - 50)]
        for round_ in range(2):
            for connection in crowd:
                connection.sendall(b"GET VAR ups ups.status\n")
            for connection in crowd:
                assert connection.recv(100).decode() == OL + "\n", round_
        surplus = [stack.enter_context(connected(nut)) for _ in range(150)]
        turned_away = sum(is_turned_away(connection) for connection in surplus)
        assert turned_away >= 90
        complaints = [r for r in caplog.records if "max_connections" in r.getMessage()]
        assert 1 <= len(complaints) <= 3
    until(lambda: is_served(nut))


def is_turned_away(connection: socket.socket) -> bool:
    try:
        connection.sendall(b"NETVER\n")
        return connection.recv(10) == b""
    except ConnectionError:
        return True


def is_served(nut: OurNut) -> bool:
    try:
        return nut.ask("NETVER") == "1.3"
    except ConnectionError:
        return False


def test_the_bus_is_asked_for_nothing_that_a_client_made_up(nut: OurNut):
    with connected(nut) as connection, connection.makefile("r") as replies:
        for line, reply in (
            ("USERNAME admin", "OK"),
            ("PASSWORD secret", "OK"),
            ("INSTCMD ups load/off", "ERR CMD-NOT-SUPPORTED"),
            ("INSTCMD ups +", "ERR CMD-NOT-SUPPORTED"),
            ("INSTCMD ups/command load.off", "ERR UNKNOWN-UPS"),
            ("SET VAR ups # x", "ERR INVALID-ARGUMENT"),
            ('SET VAR ups "#" x', "ERR VAR-NOT-SUPPORTED"),
            ("SET VAR + ups.id x", "ERR UNKNOWN-UPS"),
            ("FSD +", "ERR UNKNOWN-UPS"),
            ('SET VAR ups ups.id {"a":1}', "OK"),
        ):
            connection.sendall(line.encode() + b"\n")
            assert replies.readline() == reply + "\n"
    until(lambda: nut.scripted.orders[-1:] == [("ups", "ups.id", '{"a":1}')])


def test_on_uvloop_too_a_client_goes_on_encrypted_and_injections_are_dropped(
    nut: OurNut, certificate: Path
):
    context = ssl.create_default_context(cafile=f"{certificate}.crt")
    with connected(nut) as connection:
        connection.sendall(b"NETVER\nSTARTTLS\nUSERNAME injected\n")
        received = b""
        while not received.endswith(b"OK STARTTLS\n"):
            received += connection.recv(1)
        assert received == b"1.3\nOK STARTTLS\n"
        with context.wrap_socket(connection, server_hostname="localhost") as encrypted:
            encrypted.sendall(b"USERNAME admin\nSTARTTLS\n")
            received = b""
            while received.count(b"\n") < 2:
                received += encrypted.recv(100)
            assert received == b"OK\nERR ALREADY-SSL-MODE\n"
            encrypted.sendall(b"LIST VAR ups\n" * 500 + b"LOGOUT\n")
            received = b""
            while data := encrypted.recv(65536):
                received += data
            assert received.count(b"END LIST VAR ups\n") == 500
            assert received.endswith(b"OK Goodbye\n")


def test_on_uvloop_too_handshakes_that_fail_are_forgotten(nut: OurNut):
    for data in (b"", b"nonsense\n" * 100, b"\x16\x03\x01\xff\xff" + b"x" * 99):
        with connected(nut) as connection:
            connection.sendall(b"STARTTLS\n")
            assert connection.recv(100) == b"OK STARTTLS\n"
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            assert is_closed(connection)
