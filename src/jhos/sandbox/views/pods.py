"""What one does with a pod besides writing it: logs, commands, binding to a node, eviction."""

from typing import Any

from jhos.sandbox import deletion, failure, reading
from jhos.sandbox.answers import NO_CONTENT, Answer, success
from jhos.sandbox.call import Call
from jhos.sandbox.connecting import lead
from jhos.sandbox.failure import Failure
from jhos.sandbox.managed import now
from jhos.sandbox.poddefaults import containers

Object = dict[str, Any]

_PULLING = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


def log(call: Call) -> Answer:
    """The lines of one container; nothing yet from a pod without a node."""
    pod = reading.get(call)
    container = _container(pod, call.query.get("container", ""))
    if not pod["spec"].get("nodeName"):
        return NO_CONTENT
    if why := _no_log(pod, container):
        subject = f'container "{container}" in pod "{call.name}"'
        raise failure.bad_request(f"{subject} {why}")
    if call.cluster.pod_logs is None:
        return NO_CONTENT
    if call.query.get("previous") == "true" and not _ended_before(pod, container):
        words = f'previous terminated container "{container}" in pod "{call.name}" not found'
        raise failure.bad_request(words)
    lines = call.cluster.pod_logs(call.namespace, call.name, container, call.query)
    return Answer({}, stream=lines)


def _no_log(pod: Object, container: str) -> str:
    """Why a kubelet has no log of the container; empty where it has one."""
    told = next((each for each in _told(pod) if each["name"] == container), None)
    if told is None:
        return "is not available"
    waiting = told.get("state", {}).get("waiting")
    if waiting is None or _ended_before(pod, container):
        return ""
    reason = waiting.get("reason", "")
    return f"is waiting to start: {_PULLING.get(reason, reason)}"


def _ended_before(pod: Object, container: str) -> bool:
    return any(
        each["name"] == container and "terminated" in (each.get("lastState") or {})
        for each in _told(pod)
    )


def _told(pod: Object) -> list[Object]:
    """The statuses of its containers."""
    status = pod["status"]
    return [*status.get("containerStatuses", []), *status.get("initContainerStatuses", [])]


def _container(pod: Object, wanted: str) -> str:
    spec, name = pod["spec"], pod["metadata"]["name"]
    names = [container["name"] for container in containers(spec)]
    if wanted and wanted not in names:
        raise failure.bad_request(f"container {wanted} is not valid for pod {name}")
    default = pod["metadata"].get("annotations", {}).get("kubectl.kubernetes.io/default-container")
    if wanted or default:
        return wanted or str(default)
    own = [container["name"] for container in spec["containers"]]
    if len(own) > 1:
        raise failure.bad_request(
            f"a container name must be specified for pod {name}, choose one of: {own}"
        )
    return str(own[0])


def bind(call: Call) -> Answer:
    pod = reading.get(call)
    node = call.object()["target"]["name"]
    if pod["spec"].get("nodeName"):
        why = f'pod {call.name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise failure.conflict("", "pods/binding", call.name, why)
    status = {**pod["status"], "conditions": _scheduled(pod["status"])}
    bound = {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status}
    call.store.put(call.kind.key, bound)
    return Answer(success(), 201)


def _scheduled(status: Object) -> list[Object]:
    condition = {"type": "PodScheduled", "status": "True", "lastTransitionTime": now()}
    others = [c for c in status.get("conditions", ()) if c["type"] != "PodScheduled"]
    return [*others, {**condition, "lastProbeTime": None}]


def evict(call: Call) -> Answer:
    options = call.object().get("deleteOptions") or {}
    deletion.delete(call, options)
    return Answer(success(), 201)


def execute(call: Call) -> Answer:
    """A command in a container of the pod, by a websocket."""
    pod = _placed(call)
    socket, uid = call.cluster.exec_socket, pod["metadata"]["uid"]
    if "command" not in call.query:
        raise failure.bad_request("you must specify at least 1 command for the container")
    if socket is None:
        raise _not_available(call)
    container = _container(pod, call.query.get("container", ""))
    if not _runs(pod, container):
        why = f'unable to upgrade connection: container not found ("{container}")'
        raise Failure(500, why, reason="InternalError")
    return Answer({}, connection=lambda request: lead(request, socket, uid, container))


def _runs(pod: Object, container: str) -> bool:
    """Said before the protocol is looked at: kubectl shows the answer to its last attempt."""
    return any(
        each["name"] == container and "running" in each.get("state", {}) for each in _told(pod)
    )


def connect(call: Call) -> Answer:
    """Attach and port-forward."""
    _placed(call)
    raise _not_available(call)


def _placed(call: Call) -> Object:
    pod = reading.get(call)
    if not pod["spec"].get("nodeName"):
        raise failure.bad_request(f"pod {call.name} does not have a host assigned")
    return pod


def _not_available(call: Call) -> Failure:
    word = call.path.subresource
    return Failure(501, f"{word} is not available in this cluster", reason="NotImplemented")
