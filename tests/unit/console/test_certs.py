"""`nutbus certs`: what it makes, what it refuses, and what OpenSSL makes of it."""

import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bcrypt
import pytest
from typer.testing import CliRunner

from services.console.__main__ import app
from services.console.certs_authority import Authority, Use, has_expired, is_pair
from services.console.passwords import bcrypt_hash, mosquitto_hash
from shared.errors import PowerError
from tests.brokers import find_program

RUN = CliRunner()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    authority = Authority(tmp_path / "site")
    authority.create("Test")
    return authority


def test_nobody_but_the_owner_can_read_keys_and_the_folder(authority):
    authority.sign(Use.SERVER, ["localhost"])
    authority.sign(Use.CLIENT, ["driver"])
    for key in authority.folder.rglob("*-key.pem"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(list(authority.folder.rglob("*-key.pem"))) == 3
    assert stat.S_IMODE(authority.folder.stat().st_mode) == 0o700
    assert not list(authority.folder.rglob(".*"))


def test_openssl_takes_each_for_its_purpose_only(authority):
    for use, names, purpose, other in (
        (Use.SERVER, ["broker.example.org", "192.0.2.7", "::1"], "sslserver", "sslclient"),
        (Use.CLIENT, ["driver"], "sslclient", "sslserver"),
        (Use.NODE, ["node1", "192.0.2.8"], "sslserver", None),
        (Use.NODE, ["node2"], "sslclient", None),
    ):
        pair = authority.sign(use, names).pair
        assert verified(authority, pair.certificate, "-purpose", purpose)
        assert not other or not verified(authority, pair.certificate, "-purpose", other)
        assert is_pair(pair)


def test_a_server_counts_for_its_hosts_and_no_other(authority):
    pair = authority.sign(Use.SERVER, ["broker.example.org", "192.0.2.7"]).pair
    assert verified(authority, pair.certificate, "-verify_hostname", "broker.example.org")
    assert verified(authority, pair.certificate, "-verify_ip", "192.0.2.7")
    assert not verified(authority, pair.certificate, "-verify_hostname", "other.example.org")
    assert not verified(authority, pair.certificate, "-verify_ip", "192.0.2.8")


def test_a_client_can_sign_nothing(authority, tmp_path):
    client = authority.sign(Use.CLIENT, ["driver"])
    forger = Authority(tmp_path / "forged")
    forger.folder.mkdir()
    forger.pair.certificate.write_bytes(client.pair.certificate.read_bytes())
    forger.pair.key.write_bytes(client.pair.key.read_bytes())
    forged = forger.sign(Use.CLIENT, ["operator"])
    chain = ("-untrusted", str(client.pair.certificate))
    assert not verified(authority, forged.pair.certificate, *chain)


def verified(authority: Authority, certificate: Path, *options: str) -> bool:
    openssl = find_program("openssl", "openssl")
    own = authority.pair.certificate
    command = (openssl, "verify", "-x509_strict", "-CAfile", str(own), *options, str(certificate))
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_nothing_is_overwritten_unless_that_is_asked_for(authority):
    authority.sign(Use.CLIENT, ["driver"])
    for overwrite in (
        lambda force: authority.create("Other", force=force),
        lambda force: authority.sign(Use.CLIENT, ["driver"], force=force),
    ):
        before = content(authority)
        with pytest.raises(PowerError, match="are there already; --force replaces them"):
            overwrite(False)
        assert content(authority) == before
        overwrite(True)
        assert content(authority) != before


def content(authority: Authority) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in authority.folder.rglob("*.pem")}


def test_renewing_keeps_names_and_trust_and_changes_the_key(authority):
    old = authority.sign(Use.SERVER, ["broker.example.org", "192.0.2.7"], days=10)
    key = old.pair.key.read_bytes()
    new = authority.renew(old)
    assert (new.names, new.pair) == (old.names, old.pair)
    assert timedelta(days=9) < new.ends - datetime.now(UTC) <= timedelta(days=11)
    assert new.pair.key.read_bytes() != key
    own, signing = authority.issued()[0], authority.pair.key.read_bytes()
    assert authority.renew(own, 20).ends < own.ends
    assert authority.pair.key.read_bytes() == signing
    assert verified(authority, new.pair.certificate)


def test_python_trusts_what_it_signed_even_when_it_is_strict(authority):
    context = ssl.create_default_context(cafile=authority.pair.certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = authority.sign(Use.SERVER, ["localhost"]).pair
    server.load_cert_chain(pair.certificate, pair.key)
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(ours, theirs, server_hostname="localhost")
    served = server.wrap_bio(theirs, ours, server_side=True)
    for _ in range(4):
        for side in (client, served):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
    assert client.version() == "TLSv1.3"


@pytest.mark.parametrize("name", ["a/b", "", "../x", "a b", "a..b", "-x.org", "x" * 300, "é.org"])
def test_what_is_no_host_is_refused(authority, name):
    with pytest.raises(PowerError, match="neither a host name nor an address"):
        authority.sign(Use.SERVER, [name])


@pytest.mark.parametrize("name", ["a/b", "", "../x", "a b", "+", "#", "a.b", "x" * 64, "CN=x"])
def test_what_is_no_user_is_refused(authority, name):
    with pytest.raises(PowerError, match="no name of a user"):
        authority.sign(Use.CLIENT, [name])


def test_without_an_authority_one_line_says_how_to_make_one(tmp_path):
    with pytest.raises(PowerError, match="`nutbus certs ca` makes an authority"):
        Authority(tmp_path).sign(Use.CLIENT, ["driver"])


def test_the_commands_say_what_goes_where(tmp_path):
    folder = ("--folder", str(tmp_path / "site"))
    assert RUN.invoke(app, ["certs", "ca", *folder]).exit_code == 0
    said = RUN.invoke(app, ["certs", "server", "broker", "127.0.0.1", *folder]).output
    assert f'certificate_file = "{tmp_path}/site/servers/broker.pem"' in said
    assert f"cafile {tmp_path}/site/ca.pem" in said
    assert f"only who made them can look into {tmp_path}/site." in said
    said = RUN.invoke(app, ["certs", "client", "driver", *folder]).output
    assert f'key_file = "{tmp_path}/site/clients/driver-key.pem"' in said
    assert "PRIVATE" not in said
    listed = RUN.invoke(app, ["certs", "list", *folder])
    assert [line.split()[0] for line in listed.output.splitlines()] == ["ca", "server", "client"]
    assert "729 days left" in listed.output
    assert listed.exit_code == 0
    assert "nothing ends within 60 days" in RUN.invoke(app, ["certs", "renew", *folder]).output
    said = RUN.invoke(app, ["certs", "renew", "driver", "--days", "5", *folder]).output
    assert said.startswith(f"{tmp_path}/site/clients/driver.pem: until ")
    said = RUN.invoke(app, ["certs", "renew", *folder]).output
    assert said.count("until") == 1


def test_the_list_tells_of_what_has_ended_and_of_keys_that_do_not_belong(authority):
    ended = authority.sign(Use.CLIENT, ["old"], days=-1)
    assert has_expired(ended)
    other = authority.sign(Use.CLIENT, ["other"])
    other.pair.key.write_bytes(ended.pair.key.read_bytes())
    authority.sign(Use.CLIENT, ["bare"]).pair.key.unlink()
    listed = RUN.invoke(app, ["certs", "list", "--folder", str(authority.folder)])
    assert listed.exit_code == 1
    for said in ("has ended", "its key is another", "its key is not there"):
        assert listed.output.count(said) == 1


def test_hashes_of_passwords_are_what_the_brokers_take(tmp_path):
    assert bcrypt.checkpw(b"secret", bcrypt_hash("secret").encode())
    assert mosquitto_hash("secret").startswith("$7$210000$")
    with pytest.raises(PowerError, match="at most 72 bytes"):
        bcrypt_hash("x" * 73)
