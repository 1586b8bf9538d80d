"""The address of a route, and whether the hub answers there."""

import time

import requests

from jhos.cluster.client import Cluster
from jhos.errors import OutOfTime
from jhos.events import Event, Report, State
from jhos.objects import Object

_TRY_S = 5


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
    with requests.Session() as session:
        session.verify = False
        # Names below localhost need no DNS and no proxy: this machine's resolver may not know them.
        session.trust_env = not cluster.router
        session.headers["Host"] = url.split("://")[1]
        target = f"http://{cluster.router}" if cluster.router else url
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


def _answer(session: requests.Session, address: str) -> str:
    """The status, or why there is none."""
    try:
        return str(session.get(address, timeout=_TRY_S).status_code)
    except requests.RequestException as error:
        return str(error).rsplit(": ", 1)[-1]
