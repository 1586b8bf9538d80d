"""The address of a route, and whether the hub answers there."""

import time

import urllib3

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
    host = url.split("://")[1]
    # Names below localhost need no DNS: this machine's resolver may not know them.
    target = f"http://{cluster.router}" if cluster.router else url
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    with urllib3.PoolManager(cert_reqs="CERT_NONE", retries=False) as pool:
        while time.monotonic() < deadline:
            try:
                answer = pool.request(
                    "GET", f"{target}/hub/health", headers={"Host": host}, timeout=_TRY_S
                )
                if answer.status == 200:
                    report(Event("Address", State.DONE, "the hub answers"))
                    return
                said = f"status {answer.status}"
            except urllib3.exceptions.HTTPError as error:
                said = str(error).rsplit(": ", 1)[-1]
            report(Event("Address", State.RUNNING, f"{url}: {said}"))
            time.sleep(0.5)
    raise OutOfTime(
        f"Everything is ready, but {url} does not show the hub after {timeout_s:.0f} s: {said}.",
        "Is the cluster's router reached from this machine? Run the same command to look again.",
    )
