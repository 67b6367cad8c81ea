"""A small certificate authority in a folder: it signs for brokers, gateways and their clients.

The folder has ca.pem and ca-key.pem, servers/HOST.pem and clients/NAME.pem with their -key.pem.
Keys are elliptic (P-256) and without a password; only their owner may read them.
"""

import contextlib
import ipaddress
import os
import re
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.errors import PowerError
from shared.topics import NAME_RULE, is_name

CA_DAYS: Final = 3653
DAYS: Final = 730
EARLIER: Final = timedelta(minutes=5)  # clocks differ; a certificate must count at once
LONGEST_COMMON_NAME: Final = 64
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*\Z")


class Use(StrEnum):
    """What a certificate is for."""

    CA = "ca"
    SERVER = "server"
    CLIENT = "client"
    NODE = "node"


_FOLDERS: Final = {Use.SERVER: "servers", Use.CLIENT: "clients", Use.NODE: "nodes"}
_PURPOSES: Final = {
    Use.SERVER: [ExtendedKeyUsageOID.SERVER_AUTH],
    Use.CLIENT: [ExtendedKeyUsageOID.CLIENT_AUTH],
    # The brokers of a cluster connect to each other, either way.
    Use.NODE: [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH],
}
_OF_HOSTS: Final = (Use.SERVER, Use.NODE)


@dataclass(frozen=True, slots=True)
class Pair:
    """Where a certificate and its key are."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate of the folder; `names` are the hosts or the user that it is for."""

    use: Use
    name: str
    names: tuple[str, ...]
    begins: datetime
    ends: datetime
    pair: Pair


class Authority:
    """The authority of one site, in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def pair(self) -> Pair:
        """Where its own certificate and key are."""
        return Pair(self.folder / "ca.pem", self.folder / "ca-key.pem")

    def create(self, name: str, days: int = CA_DAYS, *, force: bool = False) -> Issued:
        """Make the authority itself; PowerError if there is one already."""
        if not name or len(name) > LONGEST_COMMON_NAME:
            raise PowerError(f"the name of an authority has 1 to {LONGEST_COMMON_NAME} characters")
        _check_absent(self.pair, force=force, cost="; all that it signed would be worth nothing")
        key = ec.generate_private_key(ec.SECP256R1())
        self._write(self.pair, _own_certificate(key, _named(name), days), key)
        return self.read(Use.CA, self.pair)

    def sign(
        self, use: Use, names: Sequence[str], days: int = DAYS, *, force: bool = False
    ) -> Issued:
        """Make a key and a certificate for the hosts of a server, or for one user."""
        checked = _checked_user(names[0]) if use is Use.CLIENT else ""
        alternatives = [_host(name) for name in names] if use in _OF_HOSTS else []
        pair = self._pair(use, names[0])
        _check_absent(pair, force=force)
        # A broker that goes by the alternative names finds the user there (NATS).
        alternatives = alternatives or [x509.DNSName(checked)]
        self._sign(use, names[0], alternatives, days, pair)
        return self.read(use, pair)

    def renew(self, old: Issued, days: int | None = None) -> Issued:
        """Make a certificate anew for the same names, with a new key; the authority keeps its own.

        By default it lasts as long as the old one did.
        """
        days = days or max(1, round((old.ends - old.begins) / timedelta(days=1)))
        certificate = _read_certificate(old.pair.certificate)
        if old.use is Use.CA:
            key = self._key()
            self._write(old.pair, _own_certificate(key, certificate.subject, days), key)
        else:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            self._sign(old.use, _common_name(certificate), list(names.value), days, old.pair)
        return self.read(old.use, old.pair)

    def issued(self) -> list[Issued]:
        """Read all certificates of the folder; the authority's own is the first."""
        found = [self.read(Use.CA, self.pair)]
        for use, folder in _FOLDERS.items():
            for file in sorted((self.folder / folder).glob("*.pem")):
                if not file.stem.endswith("-key"):
                    found.append(self.read(use, Pair(file, file.with_stem(f"{file.stem}-key"))))
        return found

    def read(self, use: Use, pair: Pair) -> Issued:
        """Read one certificate; PowerError names the file that is none."""
        certificate = _read_certificate(pair.certificate)
        name = _common_name(certificate)
        names = tuple(_alternatives(certificate)) if use in _OF_HOSTS else (name,)
        ends, begins = certificate.not_valid_after_utc, certificate.not_valid_before_utc
        return Issued(use, name, names, begins, ends, pair)

    def _pair(self, use: Use, name: str) -> Pair:
        folder = self.folder / _FOLDERS[use]
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
        return Pair(folder / f"{plain}.pem", folder / f"{plain}-key.pem")

    def _sign(
        self, use: Use, name: str, names: Sequence[x509.GeneralName], days: int, pair: Pair
    ) -> None:
        authority, signing = _read_certificate(self.pair.certificate), self._key()
        key = ec.generate_private_key(ec.SECP256R1())
        common = name if len(name) <= LONGEST_COMMON_NAME else use.value
        ends = datetime.now(UTC) + timedelta(days=days)
        builder = _builder(key, _named(common), authority.subject, ends)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(_PURPOSES[use]), critical=False)
        builder = builder.add_extension(_key_usage(is_authority=False), critical=True)
        builder = builder.add_extension(_signed_by(signing.public_key()), critical=False)
        self._write(pair, builder.sign(signing, hashes.SHA256()), key)

    def _key(self) -> ec.EllipticCurvePrivateKey:
        try:
            key = serialization.load_pem_private_key(self.pair.key.read_bytes(), None)
        except FileNotFoundError:
            raise PowerError(
                f"{self.pair.key} is not there: make an authority with `nutbus certs ca`, or say "
                "with --folder where it is"
            ) from None
        except OSError as error:
            raise PowerError(f"cannot read {self.pair.key}: {error.strerror}") from None
        except (ValueError, TypeError):
            raise PowerError(f"{self.pair.key} has no key without a password, in PEM") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise PowerError(f"{self.pair.key} has no elliptic key")
        return key

    def _write(
        self, pair: Pair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            pair.key.parent.mkdir(mode=0o700, exist_ok=True)
            _replace(pair.key, 0o600, _key_pem(key))
            pem = certificate.public_bytes(serialization.Encoding.PEM)
            _replace(pair.certificate, 0o644, pem)
        except OSError as error:
            raise PowerError(f"cannot write {error.filename}: {error.strerror}") from None


def has_expired(issued: Issued, within: timedelta = timedelta()) -> bool:
    """Tell whether a certificate ends before that time is over."""
    return issued.ends <= datetime.now(UTC) + within


def expiry(file: Path) -> datetime | None:
    """Tell when the first certificate of a PEM file ends; None if there is none to be read."""
    with contextlib.suppress(PowerError, OSError):
        return _read_certificate(file).not_valid_after_utc
    return None


def _own_certificate(
    key: ec.EllipticCurvePrivateKey, name: x509.Name, days: int
) -> x509.Certificate:
    builder = _builder(key, name, name, datetime.now(UTC) + timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
    builder = builder.add_extension(_key_usage(is_authority=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def _builder(
    key: ec.EllipticCurvePrivateKey, subject: x509.Name, issuer: x509.Name, ends: datetime
) -> x509.CertificateBuilder:
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(datetime.now(UTC) - EARLIER, ends - EARLIER))
        .not_valid_after(ends)
        .add_extension(own, critical=False)
    )


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _signed_by(key: ec.EllipticCurvePublicKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _common_name(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def _alternatives(certificate: x509.Certificate) -> Iterator[str]:
    with contextlib.suppress(x509.ExtensionNotFound):
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        yield from (str(name.value) for name in names.value)


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    if not _HOST.match(name) or len(name) > 253:
        raise PowerError(f"{name!r} is neither a host name nor an address")
    return x509.DNSName(name)


def _checked_user(name: str) -> str:
    if not is_name(name):
        raise PowerError(f"{name!r} is no name of a user at the broker: {NAME_RULE}")
    return name


def _read_certificate(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except FileNotFoundError:
        raise PowerError(f"{file} is not there; `nutbus certs ca` makes an authority") from None
    except OSError as error:
        raise PowerError(f"cannot read {file}: {error.strerror}") from None
    except ValueError:
        raise PowerError(f"{file} has no certificate in PEM") from None


def _check_absent(pair: Pair, *, force: bool, cost: str = "") -> None:
    there = [str(file) for file in (pair.certificate, pair.key) if file.exists()]
    if there and not force:
        verb, them = ("is", "it") if len(there) == 1 else ("are", "them")
        names = " and ".join(there)
        raise PowerError(f"{names} {verb} there already; --force replaces {them}{cost}")


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _replace(file: Path, mode: int, content: bytes) -> None:
    """Write a file whole or not at all; nobody else can read a key, not even for a moment."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        new.replace(file)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def is_pair(pair: Pair) -> bool:
    """Tell whether a certificate and a key belong together."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair.certificate, pair.key, "")
    except OSError:  # ssl.SSLError is one
        return False
    return True
