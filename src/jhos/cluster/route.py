"""The address of a route, and whether the hub answers there."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import requests

from jhos.cluster.client import Cluster
from jhos.cluster.web import WebSession, presented_certificate
from jhos.errors import ApiUnavailable, OutOfTime
from jhos.events import Event, Report, State
from jhos.objects import Object

_TRY_S = 5
Found = TypeVar("Found")


def unless_away(
    cluster: Cluster, ask: Callable[[Cluster], Found], otherwise: Found
) -> tuple[Found, str]:
    """Return what is found of routes, and why nothing is: their API may be away."""
    try:
        return ask(cluster.sparing()), ""
    except ApiUnavailable as error:
        return otherwise, error.message


def url_of(cluster: Cluster, route: Object) -> str:
    """`https://HOST`; over plain HTTP where the cluster's router says so."""
    host = next(
        (each["host"] for each in route.get("status", {}).get("ingress", []) if each.get("host")),
        route["spec"].get("host", ""),
    )
    if cluster.router:
        return f"http://{host}:{cluster.router.rpartition(':')[2]}"
    return f"{'https' if route['spec'].get('tls') else 'http'}://{host}"


def until_answered(cluster: Cluster, url: str, timeout_s: float, report: Report) -> None:
    """Wait for the hub's health page behind the route. Raises OutOfTime with the last answer.

    A certificate that this machine does not know is the browser's business, not a failure here.
    """
    deadline, said = time.monotonic() + timeout_s, "no answer"
    session, target = session_at(cluster, url)
    with session:
        session.verify = False
        while time.monotonic() < deadline:
            said = _answer(session, f"{target}/hub/health")
            if said == "200":
                report(Event("Address", State.DONE, "the hub answers"))
                return
            report(Event("Address", State.RUNNING, f"{url}: {said}"))
            time.sleep(0.5)
    raise OutOfTime(
        f"Everything is ready, but {url} does not show the hub after {timeout_s:.0f} s: {said}.",
        "Is the cluster's router reached from this machine? Run the same command to look again.",
    )


def session_at(cluster: Cluster, url: str) -> tuple[WebSession, str]:
    """What reaches a route of the cluster, and the address to send to."""
    # Names below localhost need no DNS and no proxy: this machine's resolver may not know them.
    session = WebSession(direct=bool(cluster.router))
    session.headers["Host"] = url.split("://")[1]
    return session, f"http://{cluster.router}" if cluster.router else url


def certificate_expiry(route: Object, url: str) -> datetime | None:
    """Return when the route's own certificate ends, else that which the router has for `url`.

    None where there is none. Whether it is trusted does not matter: one that has expired is not.
    """
    own = route["spec"].get("tls", {}).get("certificate", "")
    return _end_of(own) if own else _presented(url)


def _end_of(certificate: str) -> datetime | None:
    """Of the first in a PEM; None where it is none."""
    from cryptography.x509 import load_pem_x509_certificate  # it takes a while to import

    try:
        return load_pem_x509_certificate(certificate.encode()).not_valid_after_utc
    except ValueError:
        return None


def _presented(url: str) -> datetime | None:
    if not url.startswith("https:"):
        return None
    try:
        return _end_of(presented_certificate(url))
    except OSError:
        return None


def _answer(session: WebSession, address: str) -> str:
    """The status, or why there is none."""
    try:
        return str(session.get(address, timeout=_TRY_S).status_code)
    except requests.RequestException as error:
        return str(error).rsplit(": ", 1)[-1]
