"""`nutbus certs`: a small authority for a site's brokers, gateways and services."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from services.console.certs_authority import (
    CA_DAYS,
    DAYS,
    Authority,
    Issued,
    Use,
    has_expired,
    is_pair,
)
from shared.errors import PowerError

app = typer.Typer(
    name="certs",
    help="Make certificates for the brokers, gateways and services of a site.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Option(help="Where the authority and all that it signs is kept.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
Days = Annotated[int, typer.Option(min=1, max=36500, help="Days for which it counts.")]
HERE = Path("certs")
SOON = 60

_SERVER = """\
For a broker (its own user must be able to read all three):
  Mosquitto: cafile {ca}, certfile {certificate}, keyfile {key}
  NATS:      ca_file, cert_file and key_file in the tls of mqtt, likewise
For a gateway: certificate_file = "{certificate}" and key_file = "{key}" in [gateway]."""
_NODE = """\
For a broker of a cluster, to its clients and to the other brokers:
  NATS: ca_file {ca}, cert_file {certificate}, key_file {key}
        in the tls of mqtt and of cluster"""
_CLIENT = """\
For the service that is the user {name} at the broker:
  [bus]
  broker = "mqtts://BROKER:8883"
  ca_file = "{ca}"
  certificate_file = "{certificate}"
  key_file = "{key}"
For the bridge of a Mosquitto that is this user at another (deploy/bridges):
  bridge_cafile {ca}, bridge_certfile {certificate}, bridge_keyfile {key}
Only that service's user should be able to read {key}."""
_COPY = "\nCopy them to where they are used: only who made them can look into {folder}."


@app.command()
def ca(
    name: Annotated[str, typer.Option(help="Name of the authority.")] = "nutbus",
    folder: Folder = HERE,
    days: Days = CA_DAYS,
    force: Force = False,
) -> None:
    """Make the authority that signs all others; keep its key where nobody else comes."""
    made = Authority(folder).create(name, days, force=force)
    typer.echo(f"{made.pair.certificate}: the authority {name}, until {_day(made)}")
    typer.echo(
        f"All machines get {made.pair.certificate} (ca_file). {made.pair.key} stays here: who has "
        "it can be anybody on the bus. Only `nutbus certs` needs it."
    )


@app.command()
def server(
    hosts: Annotated[list[str], typer.Argument(help="Its names and addresses, as clients say.")],
    folder: Folder = HERE,
    days: Days = DAYS,
    force: Force = False,
) -> None:
    """Make a certificate for a broker or a gateway."""
    authority = Authority(folder)
    made = authority.sign(Use.SERVER, hosts, days, force=force)
    typer.echo(f"{made.pair.certificate}: {', '.join(made.names)}, until {_day(made)}")
    typer.echo(_placed(_SERVER, authority, made))


@app.command()
def node(
    hosts: Annotated[list[str], typer.Argument(help="Its names and addresses, as others say.")],
    folder: Folder = HERE,
    days: Days = DAYS,
    force: Force = False,
) -> None:
    """Make a certificate for a broker of a cluster, which connects to the others too."""
    authority = Authority(folder)
    made = authority.sign(Use.NODE, hosts, days, force=force)
    typer.echo(f"{made.pair.certificate}: {', '.join(made.names)}, until {_day(made)}")
    typer.echo(_placed(_NODE, authority, made))


@app.command()
def client(
    name: Annotated[str, typer.Argument(help="The user at the broker, as in its access rules.")],
    folder: Folder = HERE,
    days: Days = DAYS,
    force: Force = False,
) -> None:
    """Make a certificate by which a service is a user at the broker, without a password."""
    authority = Authority(folder)
    made = authority.sign(Use.CLIENT, [name], days, force=force)
    typer.echo(f"{made.pair.certificate}: user {name}, until {_day(made)}")
    typer.echo(_placed(_CLIENT, authority, made))


@app.command("list")
def list_certificates(folder: Folder = HERE) -> None:
    """List the certificates and how long they count; exit code 1 if one of them does not."""
    all_ = Authority(folder).issued()
    for issued in all_:
        names = ", ".join(issued.names)
        typer.echo(f"{issued.use:6}  {_day(issued)}  {_standing(issued):22}  {names}")
    if any(has_expired(issued) or not is_pair(issued.pair) for issued in all_):
        raise typer.Exit(1)


@app.command()
def renew(
    names: Annotated[list[str] | None, typer.Argument(help="Which; by default those due.")] = None,
    within: Annotated[int, typer.Option(min=0, help="Due is what ends in so many days.")] = SOON,
    folder: Folder = HERE,
    days: Annotated[
        int | None, typer.Option(min=1, max=36500, help="Days; by default as before.")
    ] = None,
) -> None:
    """Make certificates anew, with new keys, in place of the old; the authority keeps its key."""
    authority = Authority(folder)
    all_ = authority.issued()
    for issued in _chosen(all_, names or [], within):
        made = authority.renew(issued, days)
        typer.echo(f"{made.pair.certificate}: until {_day(made)}; bring it to where it is used")


def _chosen(all_: list[Issued], names: list[str], within: int) -> list[Issued]:
    unknown = [name for name in names if not any(name in (one.name, one.use) for one in all_)]
    if unknown:
        raise PowerError(f"no certificate for {', '.join(unknown)}; see `nutbus certs list`")
    if names:
        return [one for one in all_ if one.name in names or one.use in names]
    due = [one for one in all_ if has_expired(one, timedelta(days=within))]
    if not due:
        typer.echo(f"nothing ends within {within} days")
    return due


def _placed(text: str, authority: Authority, made: Issued) -> str:
    return (text + _COPY).format(
        folder=authority.folder.resolve(),
        name=made.name,
        ca=authority.pair.certificate.resolve(),
        certificate=made.pair.certificate.resolve(),
        key=made.pair.key.resolve(),
    )


def _standing(issued: Issued) -> str:
    if has_expired(issued):
        return "has ended"
    if not is_pair(issued.pair):
        return "its key is not there" if not issued.pair.key.exists() else "its key is another"
    days = (issued.ends - datetime.now(UTC)).days
    return f"{days} days left"


def _day(issued: Issued) -> str:
    return f"{issued.ends:%Y-%m-%d}"
