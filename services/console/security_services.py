"""What the settings of each service leave open."""

from collections.abc import Iterator
from typing import Final

from pydantic import SecretStr

from services.console.security_findings import HIGH, LOW, MEDIUM, Finding, Inquiry
from services.driver.settings import DriverSettings
from services.gateway.sections import Demand
from services.gateway.settings import GatewaySection, GatewaySettings
from services.homeassistant.settings import HomeAssistantSettings
from services.monitor.sections import SupplySettings
from services.monitor.settings import MonitorSettings
from services.web.settings import TokenSettings, WebSection, WebSettings
from shared.broker_address import BrokerAddress
from shared.listening import Address
from shared.nutconfig.upsmon import is_of_this_machine
from shared.users import UserSettings

LONG_TOKEN: Final = 32
LONG_PASSWORD: Final = 8
PUBLIC_PASSWORDS: Final = ("change-me", "changeme", "mypass", "password", "secret", "fixmepass")
CURE_OF_PASSWORDS: Final = "take a longer one of your own; `nutbus passwd` makes hashes"


def own_broker(inquiry: Inquiry) -> Iterator[Finding]:
    """Judge the embedded broker."""
    broker = inquiry.household.broker
    if broker is None:
        return
    open_to = [str(address) for address in broker.addresses if not address.is_loopback]
    for name, user in broker.users.items():
        yield from _password(f"[broker.users.{name}] password", user.password)
    if not broker.users:
        yield _without_users(open_to)
    elif open_to:
        yield Finding(
            HIGH,
            "[broker] listen",
            f"{', '.join(open_to)} is open to other machines without TLS",
            "passwords and commands cross the network readable, and can be repeated by anybody",
            "take Mosquitto or NATS with deploy/mosquitto-tls.conf or deploy/nats-tls.conf",
        )
    if broker.users:
        yield Finding(
            LOW,
            "[broker.users]",
            "the embedded broker has no access rules",
            f"each of {', '.join(broker.users)} may read, command and force shutdowns",
            "where users must not do everything take Mosquitto or NATS with the rules of deploy/",
        )


def _without_users(open_to: list[str]) -> Finding:
    where = ", ".join(open_to) if open_to else "this machine"
    return Finding(
        HIGH if open_to else MEDIUM,
        "[broker] users",
        "the embedded broker lets in everybody without a password",
        f"every user and program that reaches {where} may switch off loads and force shutdowns",
        "add a user: [broker.users.NAME] with password_file, and username in [bus]",
    )


def line_to_broker(inquiry: Inquiry) -> Iterator[Finding]:
    """Judge how we reach the broker, and as whom."""
    bus = inquiry.household.bus
    if bus.address.embedded:
        return
    for address in bus.addresses:
        yield from _in_plain_text(address)
    if not (bus.username or bus.address.username or bus.certificate_file):
        yield Finding(
            HIGH,
            "[bus] username",
            "we log in to the broker as nobody",
            "a broker that takes us so takes everybody, and everybody may switch off loads",
            "give each service a user there, as in deploy/mosquitto.acl or deploy/nats.conf",
        )
    if len(inquiry.household.services) > 1:
        yield Finding(
            LOW,
            "[bus]",
            f"{', '.join(inquiry.household.services)} are one user at the broker",
            "its access rules cannot tell them apart: the weakest has the rights of all",
            "run them as services of their own, each with its user",
        )


def _in_plain_text(address: BrokerAddress) -> Iterator[Finding]:
    if not address.tls and not Address(address.host, address.port).is_loopback:
        yield Finding(
            HIGH,
            "[bus] broker",
            f"{address} is on another machine and reached without TLS",
            "who is between can read passwords, give commands and forge states of devices",
            "mqtts:// with ca_file; `nutbus certs` makes what it needs",
        )


def gateway(inquiry: Inquiry) -> Iterator[Finding]:
    """Judge who reaches the gateway, and what its users may do."""
    settings = inquiry.of("gateway")
    if not isinstance(settings, GatewaySettings):
        return
    section = settings.gateway
    is_open = any(not address.is_loopback for address in section.addresses)
    if is_open and section.users:
        yield from _logins(section)
    if is_open and not section.allow_from:
        yield Finding(
            LOW,
            "[gateway] allow_from",
            "every network may connect and read all devices",
            "who reads learns of models, loads and addresses",
            "list the networks that may connect in allow_from",
        )
    for kind, nas in section.nas.items():
        networks = ", ".join(map(str, nas.allow_from))
        yield Finding(
            MEDIUM,
            f"[gateway.nas.{kind}]",
            "a NAS logs in with a password that everybody knows",
            f"whoever is in {networks} may do so and delay the shutdown of {nas.device}",
            "keep allow_from to the one address of the box",
        )
    for name, user in section.users.items():
        yield from _user(name, user, is_open=is_open)


def _logins(section: GatewaySection) -> Iterator[Finding]:
    if section.certificate_file is None:
        yield Finding(
            HIGH,
            "[gateway] certificate_file",
            "other machines log in without TLS",
            "names and passwords of users cross the network readable",
            "`nutbus certs server HOST`, then certificate_file and key_file in [gateway]",
        )
    elif section.require_tls is Demand.NOTHING:
        yield Finding(
            MEDIUM,
            "[gateway] require_tls",
            "other machines may log in without TLS, though it is offered",
            "names and passwords of clients that do not begin it cross the network readable",
            'require_tls = "passwords" in [gateway], if all who log in can begin TLS',
        )


def _user(name: str, user: UserSettings, *, is_open: bool) -> Iterator[Finding]:
    where = f"[gateway.users.{name}]"
    if any(command.lower() == "all" for command in user.instcmds):
        anywhere = is_open and not user.allow_from
        yield Finding(
            MEDIUM if anywhere else LOW,
            f"{where} instcmds",
            "may give all commands" + (" from everywhere" if anywhere else ""),
            "one stolen password switches off every load",
            "list the commands that are needed; narrow allow_from and devices",
        )
    if "FSD" in user.actions and not user.upsmon and is_open and not user.allow_from:
        yield Finding(
            MEDIUM,
            f"{where} actions",
            "may force shutdowns from everywhere",
            "one stolen password shuts down all hosts",
            "narrow allow_from to where the user is",
        )
    if user.password is not None:
        yield from _password(f"{where} password", user.password)


def _password(where: str, password: SecretStr) -> Iterator[Finding]:
    text = password.get_secret_value()
    if not text or text.lower() in PUBLIC_PASSWORDS:
        yield Finding(
            HIGH,
            where,
            "everybody knows it, from examples" if text else "is empty",
            "who knows the name is let in",
            CURE_OF_PASSWORDS,
        )
    elif len(text) < LONG_PASSWORD:
        yield Finding(
            MEDIUM,
            where,
            f"has fewer than {LONG_PASSWORD} characters",
            "it can be guessed",
            CURE_OF_PASSWORDS,
        )


def web(inquiry: Inquiry) -> Iterator[Finding]:
    """Judge who sees the pages, and what crosses the network."""
    settings = inquiry.of("web")
    if not isinstance(settings, WebSettings):
        return
    for name, token in settings.web.tokens.items():
        yield from _token(name, token)
    if not settings.web.is_on_loopback:
        yield from _open_pages(settings.web, has_users=bool(settings.gateway.users))


def _token(name: str, token: TokenSettings) -> Iterator[Finding]:
    if len(token.token.get_secret_value()) < LONG_TOKEN:
        yield Finding(
            LOW,
            f"[web.tokens.{name}]",
            f"has fewer than {LONG_TOKEN} characters",
            "what is made by people and short can be guessed",
            "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )


def _open_pages(section: WebSection, *, has_users: bool) -> Iterator[Finding]:
    if not section.trusted_proxies:
        yield Finding(
            HIGH if has_users else MEDIUM,
            "[web] listen",
            "pages are served to other machines without TLS",
            "passwords and sessions cross the network readable",
            "listen on 127.0.0.1 behind a proxy with TLS, and name it in trusted_proxies",
        )
    if not section.login_to_read:
        yield Finding(
            MEDIUM,
            "[web] login_to_read",
            "everybody who reaches the pages sees all devices, hosts and plans",
            "that tells when and how a room can be darkened",
            "login_to_read = true, or a proxy that asks who it is",
        )
    if section.metrics and section.metrics_token is None:
        yield Finding(
            LOW,
            "[web] metrics_token",
            "metrics are served without a login",
            "they have the state of all devices",
            "set metrics_token, or metrics = false",
        )


def monitor(inquiry: Inquiry) -> Iterator[Finding]:
    """Judge with which rights this host is shut down, and who may have it done."""
    settings = inquiry.of("monitor")
    if not isinstance(settings, MonitorSettings):
        return
    section = settings.monitor
    if section.dry_run:
        yield Finding(
            MEDIUM,
            "[monitor] dry_run",
            "this host does not shut down",
            "it loses power while it runs; dry_run is for rehearsals",
            "take dry_run away when you have rehearsed",
        )
    if inquiry.is_root and not section.run_as_user:
        yield Finding(
            MEDIUM,
            "[monitor] run_as_user",
            "what talks to the network has the rights of root",
            "a mistake in it would be a way to root",
            'run_as_user = "nobody", or a user of its own',
        )
    if section.obey:
        yield Finding(
            LOW,
            "[monitor] obey",
            f"shuts down when {', '.join(section.obey)} says so",
            "whoever may write that monitor's topics at the broker can shut this host down",
            "give each monitor a user of its own at the broker (deploy/mosquitto.acl)",
        )
    for supply in section.supplies:
        yield from _line_to_server(supply)


def _line_to_server(supply: SupplySettings) -> Iterator[Finding]:
    if supply.address is None or is_of_this_machine(supply.address):
        return
    if supply.tls == "no":
        yield Finding(
            MEDIUM,
            f"[monitor] supplies {supply.address}",
            "the NUT server is on another machine and reached without TLS",
            "who is between can read the password, and say that power fails or that it does not",
            'tls = "require" with certificate_authority',
        )
    elif supply.tls == "try" or not supply.verify_certificate:
        yield Finding(
            LOW,
            f"[monitor] supplies {supply.address}",
            "it does without TLS, too" if supply.tls == "try" else "its certificate is not checked",
            "who is between can be taken for the NUT server",
            'tls = "require" with certificate_authority',
        )


def homeassistant(inquiry: Inquiry) -> Iterator[Finding]:
    """Judge what Home Assistant may switch off."""
    settings = inquiry.of("homeassistant")
    if isinstance(settings, HomeAssistantSettings) and settings.homeassistant.allow_power_off:
        yield Finding(
            LOW,
            "[homeassistant] allow_power_off",
            f"Home Assistant may switch off {', '.join(settings.homeassistant.allow_power_off)}",
            "so may each of its users, its add-ons and whoever gets in there",
            "keep the list short",
        )


def devices(inquiry: Inquiry) -> Iterator[Finding]:
    """Judge how devices are spoken to."""
    settings = inquiry.of("driver")
    if not isinstance(settings, DriverSettings):
        return
    for name, device in settings.devices.items():
        kind = device.kind
        is_old = str(getattr(device.options, "snmp_version", None) or "v1") != "v3"
        if kind is not None and kind.name.startswith("snmp") and is_old:
            yield Finding(
                LOW,
                f"[devices.{name}] snmp_version",
                "SNMP before version 3 is used",
                "the community is readable on the network, and who has it may switch the device",
                'snmp_version = "v3" with authPriv, or a network of its own',
            )
        elif getattr(device.options, "secLevel", None) in ("noAuthNoPriv", "authNoPriv"):
            is_signed = device.options.secLevel == "authNoPriv"  # type: ignore[union-attr] # asked above
            yield Finding(
                LOW,
                f"[devices.{name}] secLevel",
                "SNMP is not encrypted" + ("" if is_signed else ", nor signed"),
                "what is set is readable"
                if is_signed
                else "who knows the user may switch the device",
                'secLevel = "authPriv"',
            )


def audit(inquiry: Inquiry) -> Iterator[Finding]:
    """Judge where it is noted who did what."""
    settings = next(iter(inquiry.household.services.values()))
    if settings.audit.file is None and settings.audit.syslog is None:
        yield Finding(
            LOW,
            "[audit]",
            "who does what is noted in the log only",
            "logs are rotated, filtered and mixed with other lines",
            "set file, and syslog of another machine, in [audit]",
        )
