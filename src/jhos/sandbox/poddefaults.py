"""The defaults of a pod's spec, as in pods and in the templates of deployments and jobs."""

from typing import Any

Object = dict[str, Any]
FILE_MODE = 0o644
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def fill(obj: Object, **values: Any) -> None:
    """Set what is absent."""
    for name, value in values.items():
        obj.setdefault(name, value)


def pod(obj: Object) -> None:
    spec(obj.setdefault("spec", {}))
    fill(obj["spec"], enableServiceLinks=True)
    for container in containers(obj["spec"]):
        resources = container["resources"]
        if limits := resources.get("limits"):
            resources["requests"] = {**limits, **resources.get("requests", {})}
    fill(obj, status={"phase": "Pending", "qosClass": quality(obj["spec"])})


def containers(pod_spec: Object) -> list[Object]:
    """Init containers first, as they run."""
    return [*pod_spec.get("initContainers", ()), *pod_spec.get("containers", ())]


def spec(pod_spec: Object) -> None:
    fill(pod_spec, restartPolicy="Always", dnsPolicy="ClusterFirst", securityContext={})
    fill(pod_spec, schedulerName="default-scheduler", terminationGracePeriodSeconds=30)
    account = pod_spec.get("serviceAccountName") or pod_spec.get("serviceAccount")
    if account:
        pod_spec.update(serviceAccountName=account, serviceAccount=account)
    for container in containers(pod_spec):
        _container(container)
    for volume in pod_spec.get("volumes", ()):
        _volume(volume)


def _container(container: Object) -> None:
    fill(container, resources={}, imagePullPolicy=_pull_policy(container.get("image", "")))
    fill(container, terminationMessagePath="/dev/termination-log")
    fill(container, terminationMessagePolicy="File")
    for port in container.get("ports", ()):
        fill(port, protocol="TCP")
    for variable in container.get("env", ()):
        if reference := variable.get("valueFrom", {}).get("fieldRef"):
            fill(reference, apiVersion="v1")
        if reference := variable.get("valueFrom", {}).get("resourceFieldRef"):
            fill(reference, divisor="0")
    for name in PROBES:
        if probe := container.get(name):
            fill(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            _action(probe)
    for action in container.get("lifecycle", {}).values():
        if isinstance(action, dict):
            _action(action)


def _action(action: Object) -> None:
    if request := action.get("httpGet"):
        fill(request, path="/", scheme="HTTP")


def _pull_policy(image: str) -> str:
    """`Always` for what may change under its name: no tag, or `latest`."""
    if "@" in image:
        return "IfNotPresent"
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _volume(volume: Object) -> None:
    for name in ("configMap", "secret", "downwardAPI", "projected"):
        if name in volume:
            fill(volume[name], defaultMode=FILE_MODE)
    if len(volume) == 1:
        volume["emptyDir"] = {}
    for source in volume.get("projected", {}).get("sources", ()):
        if token := source.get("serviceAccountToken"):
            fill(token, expirationSeconds=3600)
        _items(source.get("downwardAPI", {}))
    _items(volume.get("downwardAPI", {}))
    if "hostPath" in volume:
        fill(volume["hostPath"], type="")


def _items(source: Object) -> None:
    for item in source.get("items", ()):
        if "fieldRef" in item:
            fill(item["fieldRef"], apiVersion="v1")


def quality(pod_spec: Object) -> str:
    """The pod's `qosClass`."""
    resources = [c.get("resources", {}) for c in containers(pod_spec)]
    if not any(r.get("limits") or r.get("requests") for r in resources):
        return "BestEffort"
    guaranteed = all(
        {"cpu", "memory"} <= r.get("limits", {}).keys()
        and r.get("requests", r["limits"]) == r["limits"]
        for r in resources
    )
    return "Guaranteed" if guaranteed else "Burstable"
