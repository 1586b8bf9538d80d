"""Routes: which of them are admitted; of two with one host and path the older is."""

from collections.abc import Sequence
from datetime import UTC, datetime

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.informers import Key, key_of
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import timestamp

ROUTES = "apis/route.openshift.io/v1/routes"
ROUTER = "default"


class Routes:
    """The controller."""

    def __init__(self, control: Control, apps_domain: str) -> None:
        self.client, self.apps_domain = control.client, apps_domain
        self.routes = control.informer(ROUTES)
        self.loop = Loop("routes", self.reconcile)
        self.routes.listen(self._on_route)

    async def run(self) -> None:
        await self.loop.run()

    def _on_route(self, event: str, route: Object) -> None:
        """A route that goes makes room for others of its host."""
        self.loop.add(key_of(route))
        if event == "DELETED":
            for other in self.routes.all():
                if other["spec"].get("host") == route["spec"].get("host"):
                    self.loop.add(key_of(other))

    async def reconcile(self, key: Key) -> float | None:
        route = self.routes.get(*key)
        if route is None or not route["spec"].get("host"):
            return None
        problem = refusal(route, self.routes.all())
        wanted = ingress(route, problem, self.apps_domain, timestamp(datetime.now(UTC)))
        held = next(iter(route.get("status", {}).get("ingress") or []), None)
        if held is None or not _same(held, wanted):
            changed = route | {"status": {"ingress": [wanted]}}
            self.routes.written(await self.client.update(ROUTES, changed, "status"))
        return None


def refusal(route: Object, routes: Sequence[Object]) -> tuple[str, str] | None:
    """Reason and message where an older route has the host."""
    namespace, name = key_of(route)
    spec = route["spec"]
    for other in sorted(routes, key=_age):
        if other is route or other["spec"].get("host") != spec["host"] or _age(other) > _age(route):
            continue
        holder, other_name = key_of(other)
        if (holder, other_name) == (namespace, name):
            continue
        if holder != namespace:
            message = f"a route in another namespace holds {spec['host']} and is older than {name}"
            return "HostAlreadyClaimed", message
        if other["spec"].get("path", "") == spec.get("path", ""):
            return "HostAlreadyClaimed", f"route {other_name} already exposes {spec['host']}" + (
                f"{spec['path']}" if spec.get("path") else ""
            ) + " and is older"
    return None


def ingress(route: Object, problem: tuple[str, str] | None, apps_domain: str, now: str) -> Object:
    """What the router says of the route."""
    condition = {"type": "Admitted", "status": "True", "lastTransitionTime": now}
    if problem:
        reason, message = problem
        condition |= {"status": "False", "reason": reason, "message": message}
    return {
        "host": route["spec"]["host"],
        "routerName": ROUTER,
        "routerCanonicalHostname": f"router-{ROUTER}.{apps_domain}",
        "wildcardPolicy": route["spec"].get("wildcardPolicy", "None"),
        "conditions": [condition],
    }


def is_admitted(route: Object) -> bool:
    return any(
        condition["type"] == "Admitted" and condition["status"] == "True"
        for held in route.get("status", {}).get("ingress") or []
        for condition in held.get("conditions") or []
    )


def _age(route: Object) -> tuple[str, str]:
    return route["metadata"]["creationTimestamp"], route["metadata"]["uid"]


def _same(held: Object, wanted: Object) -> bool:
    """But for the time of the condition."""
    timeless = [{k: v for k, v in c.items() if k != "lastTransitionTime"} for c in (
        held["conditions"][0], wanted["conditions"][0])]  # fmt: skip
    return timeless[0] == timeless[1] and all(
        held.get(part) == wanted[part] for part in wanted if part != "conditions"
    )
