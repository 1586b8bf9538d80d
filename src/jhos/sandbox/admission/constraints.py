"""Security context constraints: every pod runs under `restricted-v2`, or is refused."""

from collections.abc import Iterator
from typing import Any

from jhos.sandbox import failure, ranges
from jhos.sandbox.call import Call
from jhos.sandbox.poddefaults import fill

Object = dict[str, Any]

NAME = "restricted-v2"
OTHERS = ("restricted", "nonroot-v2", "nonroot", "anyuid", "hostmount-anyuid", "hostnetwork-v2",
          "hostnetwork", "hostaccess", "node-exporter", "privileged")  # fmt: skip
VOLUMES = ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image",
           "persistentVolumeClaim", "projected", "secret")  # fmt: skip
ALLOWED_CAPABILITIES = {"NET_BIND_SERVICE"}
NOTES = {
    "openshift.io/scc": NAME,
    "seccomp.security.alpha.kubernetes.io/pod": "runtime/default",
    "security.openshift.io/validated-scc-subject-type": "user",
}


def admit(call: Call, pod: Object) -> None:
    """Set what is left open; raises Failure 403 that tells everything that is not allowed.

    Namespaces without a range of user ids, as `kube-system`, are the cluster's own: not held.
    """
    namespace = call.store.get("namespaces", "", call.namespace) or {"metadata": {}}
    first = ranges.first_uid(namespace)
    if not first:
        return
    if problems := list(_problems(pod["spec"], first)):
        _refuse(pod, problems)
    level = namespace["metadata"]["annotations"][ranges.LEVEL]
    _pod(pod["spec"].setdefault("securityContext", {}), first, level)
    for list_name in ("initContainers", "containers"):
        for container in pod["spec"].get(list_name, ()):
            _container(container, pod["spec"]["securityContext"], first)
    pod["metadata"]["annotations"] = {**pod["metadata"].get("annotations", {}), **NOTES}


def _refuse(pod: Object, problems: list[str]) -> None:
    tried = [f"provider {NAME}: {problem}" for problem in problems]
    unusable = "Forbidden: not usable by user or serviceaccount"
    tried += [f'provider "{name}": {unusable}' for name in OTHERS]
    why = f"unable to validate against any security context constraint: [{', '.join(tried)}]"
    raise failure.forbidden("", "pods", pod["metadata"]["name"], why)


def _pod(context: Object, first: int, level: str) -> None:
    fill(context, fsGroup=first, seccompProfile={"type": "RuntimeDefault"})
    fill(context.setdefault("seLinuxOptions", {}), level=level)


def _container(container: Object, of_pod: Object, first: int) -> None:
    context = container.setdefault("securityContext", {})
    fill(context, allowPrivilegeEscalation=False)
    dropped = context.setdefault("capabilities", {}).setdefault("drop", [])
    if "ALL" not in dropped:
        dropped.append("ALL")
    if "runAsUser" not in of_pod:
        fill(context, runAsUser=first)
    if "runAsNonRoot" not in of_pod:
        fill(context, runAsNonRoot=True)


def _problems(spec: Object, first: int) -> Iterator[str]:
    context, allowed = spec.get("securityContext", {}), range(first, first + ranges.BLOCK)
    group = context.get("fsGroup", first)
    if group not in allowed:
        yield (
            f".spec.securityContext.fsGroup: Invalid value: []int64{{{group}}}: "
            f"{group} is not an allowed group"
        )
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            words = {"hostNetwork": "Host network", "hostPID": "Host PID", "hostIPC": "Host IPC"}
            yield (
                f".spec.securityContext.{name}: Invalid value: true: "
                f"{words[name]} is not allowed to be used"
            )
    for number, volume in enumerate(spec.get("volumes", ())):
        source = next((key for key in volume if key != "name"), "emptyDir")
        if source not in VOLUMES:
            yield (
                f'spec.volumes[{number}]: Invalid value: "{source}": '
                f"{source} volumes are not allowed to be used"
            )
    for list_name in ("initContainers", "containers"):
        for number, container in enumerate(spec.get(list_name, ())):
            yield from _container_problems(container, context, allowed, f".{list_name}[{number}]")


def _container_problems(
    container: Object, of_pod: Object, allowed: range, where: str
) -> Iterator[str]:
    context = container.get("securityContext", {})
    user = context.get("runAsUser", of_pod.get("runAsUser", allowed.start))
    if user not in allowed:
        yield (
            f"{where}.runAsUser: Invalid value: {user}: "
            f"must be in the ranges: [{allowed.start}, {allowed.stop - 1}]"
        )
    if context.get("privileged"):
        yield f"{where}.privileged: Invalid value: true: Privileged containers are not allowed"
    if context.get("allowPrivilegeEscalation"):
        yield (
            f"{where}.allowPrivilegeEscalation: Invalid value: true: "
            "Allowing privilege escalation for containers is not allowed"
        )
    for name in context.get("capabilities", {}).get("add", ()):
        if name not in ALLOWED_CAPABILITIES:
            yield f'{where}.capabilities.add: Invalid value: "{name}": capability may not be added'
    for port in container.get("ports", ()):
        if number := port.get("hostPort"):
            yield (
                f"{where}.containers[0].hostPort: Invalid value: {number}: "
                "Host ports are not allowed to be used"
            )
