import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.nut.client import LINE_LIMIT, Client, ClientError, Security
from services.console.nut.wording import SENTENCES
from shared.nutaddress import Address
from tests.brokers import find_program

WAIT = 30


@contextlib.contextmanager
def told(*replies: bytes, ends: bool = True) -> Generator[tuple[Client, socket.socket]]:
    """A client of a server that has said already all it will say."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(WAIT)
        theirs.settimeout(WAIT)
        theirs.sendall(b"".join(replies))
        if ends:
            theirs.shutdown(socket.SHUT_WR)
        yield Client(ours), theirs


def test_a_value_comes_with_its_quotes_taken_away() -> None:
    with told(b'VAR ups device.model "a \\"b\\" \\# \\\\"\n') as (client, server):
        assert client.get("VAR", "ups", "device.model")[3] == 'a "b" # \\'
        assert server.recv(99) == b"GET VAR ups device.model\n"


def test_rows_are_what_stands_between_begin_and_end() -> None:
    with told(b'BEGIN LIST VAR ups\nVAR ups a.b "1"\nVAR ups c.d "2"\nEND LIST VAR ups\n') as (
        client,
        _,
    ):
        rows = client.rows("VAR", "ups")
        assert [row[2:] for row in rows] == [["a.b", "1"], ["c.d", "2"]]


@pytest.mark.parametrize("pieces", [1, 2, 7])
def test_a_reply_may_come_in_pieces(pieces: int) -> None:
    reply = b'BEGIN LIST UPS\nUPS a "b"\nEND LIST UPS\n'
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for at in range(0, len(reply), pieces):
            theirs.sendall(reply[at : at + pieces])
        assert Client(ours).rows("UPS") == [["UPS", "a", "b"]]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("SET", "VAR", "ups", "ups.id", "two words"), b'SET VAR ups ups.id "two words"\n'),
        (("PASSWORD", 'a"b\\c#d=e'), b'PASSWORD "a\\"b\\\\c\\#d=e"\n'),
        (("USERNAME", "line\nLOGIN ups"), b'USERNAME "lineLOGIN ups"\n'),
        (("PASSWORD", "pässword"), b"PASSWORD pssword\n"),
        (("PASSWORD", ""), b'PASSWORD ""\n'),
    ],
)
def test_a_request_is_one_line_with_each_word_whole(words: tuple[str, ...], line: bytes) -> None:
    with told(b"OK\n") as (client, server):
        assert client.ask(*words) == "OK"
        assert server.recv(99) == line


@pytest.mark.parametrize("word", SENTENCES)
def test_an_error_word_becomes_the_sentence_of_nut(word: str) -> None:
    with told(f"ERR {word} extra text\n".encode()) as (client, _):
        with pytest.raises(ClientError) as refused:
            client.get("VAR", "ups", "a.b")
        assert (str(refused.value), refused.value.word) == (SENTENCES[word], word)
        assert client.is_open


@pytest.mark.parametrize("reply", [b"ERR\n", b"ERR FEATURE-NOT-CONFIGURED\n", b"ERR NEW-WORD\n"])
def test_any_other_error_is_unknown(reply: bytes) -> None:
    with told(reply) as (client, _), pytest.raises(ClientError, match=r"^Unknown error$"):
        client.get("VAR", "ups", "a.b")


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (b"", "Server disconnected"),
        (b"VAR ups a.b", "Server disconnected"),
        (b"\n", "Protocol error"),
        (b'VAR other a.b "1"\n', "Protocol error"),
        (b'VAR ups c.d "1"\n', "Protocol error"),
        (b"OK\n", "Protocol error"),
        (b'VAR ups a.b "never closed\n', "Parse error: "),
        (b"x" * (LINE_LIMIT + 1), "Protocol error"),
    ],
)
def test_a_server_that_makes_no_sense_is_left(reply: bytes, complaint: str) -> None:
    ours, theirs = socket.socketpair()

    def say() -> None:
        with contextlib.suppress(OSError):
            theirs.sendall(reply)
            theirs.shutdown(socket.SHUT_WR)

    with ours, theirs:
        saying = threading.Thread(target=say)
        saying.start()
        client = Client(ours)
        with pytest.raises(ClientError, match=f"^{complaint}"):
            client.get("VAR", "ups", "a.b")
        client.close()
        saying.join()


def test_after_an_answer_to_another_question_nothing_more_is_asked() -> None:
    with told(b'VAR ups c.d "1"\nVAR ups a.b "2"\n') as (client, _):
        with pytest.raises(ClientError, match="Protocol error"):
            client.get("VAR", "ups", "a.b")
        assert not client.is_open
        with pytest.raises(ClientError, match="Server disconnected"):
            client.get("VAR", "ups", "a.b")


def test_a_list_that_breaks_off_is_an_error() -> None:
    with (
        told(b'BEGIN LIST VAR ups\nVAR ups a.b "1"\n') as (client, _),
        pytest.raises(ClientError, match="Server disconnected"),
    ):
        client.rows("VAR", "ups")


def test_rows_that_are_too_short_are_an_error() -> None:
    with (
        told(b"BEGIN LIST VAR ups\nVAR ups a.b\nEND LIST VAR ups\n") as (client, _),
        pytest.raises(ClientError, match=r"got 3 args, need at least 4"),
    ):
        client.rows("VAR", "ups", least=4)


def test_closing_says_goodbye_once() -> None:
    with told() as (client, server):
        client.close()
        client.close()
        assert server.recv(99) == b"LOGOUT\n"
        assert server.recv(99) == b""


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_whatever_a_server_says_there_is_an_answer_or_a_client_error(lines: list[bytes]) -> None:
    with told(*(line + b"\n" for line in lines)) as (client, _):
        with contextlib.suppress(ClientError):
            client.get("VAR", "ups", "a.b")
        with contextlib.suppress(ClientError):
            client.rows("UPS")


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, signed by itself, and its key, in one file."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    subprocess.run(
        [
            find_program("openssl", "openssl"),
            *options.split(),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(file), "-out", str(file) + ".certificate"),
        ],
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + Path(str(file) + ".certificate").read_text())
    return file


class Server:
    """A server for one connection, which answers STARTTLS with `reply` and then one question."""

    def __init__(self, certificate: Path, reply: bytes = b"OK STARTTLS\n") -> None:
        self.lines: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(WAIT)
        self.address = Address(*self._listener.getsockname())
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._reply = reply
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.settimeout(WAIT)
            self.lines.append(connection.recv(99))
            connection.sendall(self._reply)
            if self._reply.startswith(b"OK"):
                with self._context.wrap_socket(connection, server_side=True) as secure:
                    self.lines.append(secure.recv(99))
                    secure.sendall(b"1.3\n")
                    secure.recv(99)


def test_with_tls_all_but_starttls_is_encrypted(certificate: Path) -> None:
    with (
        Server(certificate) as server,
        Client.connect(server.address, Security(authorities=certificate)) as client,
    ):
        assert client.ask("NETVER") == "1.3"
    assert server.lines == [b"STARTTLS\n", b"NETVER\n"]


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(certificate: Path) -> None:
    with (
        Server(certificate) as server,
        pytest.raises(ClientError, match=r"^SSL error: the certificate is not trusted: self"),
    ):
        Client.connect(server.address, Security())


def test_it_is_accepted_if_the_user_says_so(certificate: Path) -> None:
    with (
        Server(certificate) as server,
        Client.connect(server.address, Security(is_verified=False)) as client,
    ):
        assert client.ask("NETVER") == "1.3"


def test_a_server_without_tls_is_left_before_anything_is_sent(certificate: Path) -> None:
    with (
        Server(certificate, b"ERR FEATURE-NOT-CONFIGURED\n") as server,
        pytest.raises(ClientError, match=r"SSL is not available .*FEATURE-NOT-CONFIGURED"),
    ):
        Client.connect(server.address, Security())
    assert server.lines == [b"STARTTLS\n"]


def test_a_certificate_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    for security in (Security(authorities=missing), Security(certificate=missing)):
        with pytest.raises(ClientError, match=rf"{missing}: No such file"):
            Client.connect(Address("127.0.0.1", 1), security)


def test_nobody_at_the_address_is_a_connection_failure() -> None:
    with pytest.raises(ClientError, match=r"^Connection failure: Connection refused$"):
        Client.connect(Address("127.0.0.1", 1))


def test_a_host_without_a_name_is_no_such_host() -> None:
    for name in ("no such host", "a..b", "x" * 300):
        with pytest.raises(ClientError, match=r"^No such host$"):
            Client.connect(Address(name, 1))
