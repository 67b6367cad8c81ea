"""STARTTLS: the certificates, ready or with one clear error."""

import ssl

from services.gateway.settings import GatewaySection
from shared.errors import SettingsError

_CLIENTS = {
    "no": ssl.CERT_NONE,
    "request": ssl.CERT_OPTIONAL,
    "require": ssl.CERT_REQUIRED,
}


def tls_context(settings: GatewaySection) -> ssl.SSLContext | None:
    """Make what serves TLS 1.2 or later; None without a certificate.

    SettingsError names the file and what is wrong with it.
    """
    if settings.certificate_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_certificate(context, settings)
    if settings.client_certificates != "no":
        _load_authority(context, settings)
    context.verify_mode = _CLIENTS[settings.client_certificates]
    return context


def _load_certificate(context: ssl.SSLContext, settings: GatewaySection) -> None:
    certificate, key = settings.certificate_file, settings.key_file
    assert certificate is not None
    try:
        for file in (certificate, key):
            if file is not None:
                file.open("rb").close()
        # Without a password here, an encrypted key would be asked for at the terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        files = f"certificate_file {certificate}" + (f" and key_file {key}" if key else "")
        raise SettingsError(
            f"gateway: {files} are no certificate and its key, in PEM and without a password: "
            f"{error.reason or error}"
        ) from None
    except OSError as error:
        raise SettingsError(f"gateway: cannot read {error.filename}: {error.strerror}") from None


def _load_authority(context: ssl.SSLContext, settings: GatewaySection) -> None:
    authority = settings.certificate_authority
    assert authority is not None
    try:
        if authority.is_dir():
            context.load_verify_locations(capath=authority)
        else:
            context.load_verify_locations(cafile=authority)
    except OSError as error:  # ssl.SSLError is one
        why = error.strerror or error
        raise SettingsError(f"gateway: certificate_authority {authority}: {why}") from None
