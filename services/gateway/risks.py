"""What the settings of a gateway let others do that its owner may not expect."""

from services.gateway.sections import NAS, Demand
from services.gateway.settings import GatewaySection


def risks(settings: GatewaySection) -> list[str]:
    """Say in a sentence each what is risky or of no use."""
    is_open = any(not address.is_loopback for address in settings.addresses)
    said = []
    if is_open and settings.users and settings.certificate_file is None:
        said.append(
            "other machines can connect, and their passwords cross the network unencrypted: "
            "set certificate_file in [gateway]"
        )
    for kind, nas in settings.nas.items():
        networks = ", ".join(map(str, nas.allow_from))
        said.append(
            f"the password of the user {NAS[kind].user} is public (nas.{kind}): whoever is in "
            f"{networks} may log in to {nas.device} and so delay its shutdown"
        )
        if settings.require_tls is not Demand.NOTHING:
            said.append(f"the NAS of nas.{kind} is turned away: it begins no TLS (require_tls)")
    if settings.announce and not is_open:
        said.append("announce is of no use: the gateway listens on this machine only (listen)")
    return said
