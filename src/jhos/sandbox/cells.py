"""What the tables say of an object of each kind, cell by cell after its name."""

from typing import Any

from jhos.sandbox.ages import age, ago, duration, since

Object = dict[str, Any]
NONE = "<none>"
UNKNOWN = "<unknown>"
MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX",
         "ReadWriteOncePod": "RWOP"}  # fmt: skip


def data(obj: Object) -> list[Any]:
    return [len(obj.get("data", ())) + len(obj.get("binaryData", ())), age(obj)]


def secret(obj: Object) -> list[Any]:
    return [obj.get("type", ""), len(obj.get("data", ())), age(obj)]


def quota(obj: Object) -> list[Any]:
    """What is requested and what it is limited to, each with what there is of it."""
    status = obj.get("status", {})
    hard, used = status.get("hard", {}), status.get("used", {})
    parts = {name: f"{name}: {used.get(name, '0')}/{hard[name]}" for name in sorted(hard)}
    limits = [text for name, text in parts.items() if name.startswith("limits.")]
    requests = [text for name, text in parts.items() if not name.startswith("limits.")]
    return [", ".join(requests), ", ".join(limits), age(obj)]


def budget(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    shares = [spec.get(name, "N/A") for name in ("minAvailable", "maxUnavailable")]
    return [*map(str, shares), obj.get("status", {}).get("disruptionsAllowed", 0), age(obj)]


def cron_job(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    last = ago(status.get("lastScheduleTime")) if "lastScheduleTime" in status else NONE
    active = len(status.get("active", ()))
    zone = spec.get("timeZone", NONE)
    return [spec["schedule"], zone, str(spec["suspend"]), active, last, age(obj)]


def ingress(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    hosts = [rule["host"] for rule in spec.get("rules", ()) if rule.get("host")]
    ports = "80, 443" if spec.get("tls") else "80"
    return [spec.get("ingressClassName", NONE), ",".join(hosts) or "*", "", ports, age(obj)]


def role(obj: Object) -> list[Any]:
    return [obj["metadata"].get("creationTimestamp", "")]


def phase(obj: Object) -> list[Any]:
    return [obj.get("status", {}).get("phase", ""), age(obj)]


def project(obj: Object) -> list[Any]:
    notes = obj["metadata"].get("annotations", {})
    return [notes.get("openshift.io/display-name", ""), obj.get("status", {}).get("phase", "")]


def _containers(template: Object) -> tuple[str, str]:
    found = template.get("spec", {}).get("containers", ())
    return ",".join(c["name"] for c in found), ",".join(c.get("image", "") for c in found)


def _selector(spec: Object) -> str:
    labels = spec.get("selector", {}).get("matchLabels", {})
    return ",".join(f"{k}={v}" for k, v in sorted(labels.items())) or NONE


def deployment(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    counts = [status.get("updatedReplicas", 0), status.get("availableReplicas", 0)]
    return [ready, *counts, age(obj), *_containers(spec["template"]), _selector(spec)]


def replica_set(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    counts = [spec.get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [*counts, age(obj), *_containers(spec["template"]), _selector(spec)]


def stateful_set(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    return [ready, age(obj), *_containers(spec["template"])]


def job(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    done = [c["type"] for c in status.get("conditions", ()) if c["status"] == "True"]
    state = done[0] if done else "Running"
    completions = f"{status.get('succeeded', 0)}/{spec.get('completions', 1)}"
    start = status.get("startTime")
    took = since(start, status.get("completionTime")) if start else ""
    return [state, completions, took, age(obj)]


def pod(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    statuses = status.get("containerStatuses", ())
    ready = sum(1 for s in statuses if s.get("ready"))
    restarts = sum(s.get("restartCount", 0) for s in statuses)
    place = [status.get("podIP", NONE), spec.get("nodeName", NONE), NONE, NONE]
    count = f"{ready}/{len(spec['containers'])}"
    return [count, _pod_state(obj), str(restarts), age(obj), *place]


def _pod_state(obj: Object) -> str:
    """The reason of whatever keeps the pod from running, else its phase."""
    status = obj.get("status", {})
    if "deletionTimestamp" in obj["metadata"]:
        return "Terminating"
    if init := _init_state(obj["spec"], status):
        return init
    for entry in reversed(status.get("containerStatuses", ())):
        state = entry.get("state", {})
        if reason := state.get("waiting", {}).get("reason"):
            return str(reason)
        if ended := state.get("terminated"):
            return str(ended.get("reason") or f"ExitCode:{ended.get('exitCode', 0)}")
    return str(status.get("reason") or status.get("phase", UNKNOWN))


def _init_state(spec: Object, status: Object) -> str:
    total = len(spec.get("initContainers", ()))
    for number, entry in enumerate(status.get("initContainerStatuses", ())):
        state = entry.get("state", {})
        ended = state.get("terminated")
        if ended and ended.get("exitCode") == 0:
            continue
        if ended:
            return f"Init:{ended.get('reason') or 'Error'}"
        reason = state.get("waiting", {}).get("reason", "")
        if reason and reason != "PodInitializing":
            return f"Init:{reason}"
        return f"Init:{number}/{total}"
    return ""


def service(obj: Object) -> list[Any]:
    spec = obj["spec"]
    ports = ",".join(_port(port) for port in spec.get("ports", ())) or NONE
    selector = ",".join(f"{k}={v}" for k, v in sorted(spec.get("selector", {}).items()))
    address = spec.get("clusterIP", NONE)
    return [spec["type"], address, NONE, ports, age(obj), selector or NONE]


def _port(port: Object) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node}/{port.get('protocol', 'TCP')}"


def _modes(modes: list[str]) -> str:
    return ",".join(MODES.get(mode, mode) for mode in modes)


def claim(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    bound = bool(spec.get("volumeName"))
    return [
        "Terminating" if "deletionTimestamp" in obj["metadata"] else status.get("phase", ""),
        spec.get("volumeName", ""),
        status.get("capacity", {}).get("storage", "") if bound else "",
        _modes(status.get("accessModes", [])) if bound else "",
        spec.get("storageClassName", ""),
        "<unset>",
        age(obj),
        spec.get("volumeMode", UNKNOWN),
    ]


def volume(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    owner = spec.get("claimRef", {})
    return [
        spec.get("capacity", {}).get("storage", ""),
        _modes(spec.get("accessModes", [])),
        spec.get("persistentVolumeReclaimPolicy", ""),
        status.get("phase", ""),
        f"{owner['namespace']}/{owner['name']}" if owner else "",
        spec.get("storageClassName", ""),
        age(obj),
    ]


def storage_class(obj: Object) -> list[Any]:
    names = ("provisioner", "reclaimPolicy", "volumeBindingMode")
    return [*(obj.get(name, "") for name in names), obj.get("allowVolumeExpansion", False),
            age(obj)]  # fmt: skip


def network_policy(obj: Object) -> list[Any]:
    labels = obj["spec"].get("podSelector", {}).get("matchLabels", {})
    return [",".join(f"{k}={v}" for k, v in sorted(labels.items())) or NONE, age(obj)]


def role_binding(obj: Object) -> list[Any]:
    return [f"{obj['roleRef']['kind']}/{obj['roleRef']['name']}", age(obj)]


def service_account(obj: Object) -> list[Any]:
    return [len(obj.get("secrets", ())), age(obj)]


def node(obj: Object) -> list[Any]:
    conditions = obj.get("status", {}).get("conditions", ())
    ready = next((c["status"] for c in conditions if c["type"] == "Ready"), "Unknown")
    prefix = "node-role.kubernetes.io/"
    labels = obj["metadata"].get("labels", {})
    roles = ",".join(sorted(k.removeprefix(prefix) for k in labels if k.startswith(prefix)))
    version = obj.get("status", {}).get("nodeInfo", {}).get("kubeletVersion", "")
    return ["Ready" if ready == "True" else "NotReady", roles or NONE, age(obj), version]


def event(obj: Object) -> list[Any]:
    involved = obj.get("involvedObject", {})
    seen = obj.get("lastTimestamp") or obj.get("eventTime") or obj.get("firstTimestamp")
    target = f"{involved.get('kind', '').lower()}/{involved.get('name', '')}"
    texts = [obj.get("type", ""), obj.get("reason", ""), target, obj.get("message", "").strip()]
    return [since(seen), *texts]


def route(obj: Object) -> list[Any]:
    spec = obj["spec"]
    targets = [spec["to"], *spec.get("alternateBackends", ())]
    names = ",".join(target["name"] for target in targets if target.get("name"))
    tls = spec.get("tls") or {}
    ends = "/".join(filter(None, (tls.get("termination"),
                                  tls.get("insecureEdgeTerminationPolicy"))))  # fmt: skip
    port = str(spec.get("port", {}).get("targetPort", "<all>"))
    wildcard = spec.get("wildcardPolicy", "None")
    return [spec.get("host", ""), spec.get("path", ""), names, port, ends, wildcard]


def image_stream(obj: Object) -> list[Any]:
    status = obj.get("status", {})
    tags = [entry for entry in status.get("tags") or () if entry.get("items")]
    newest = max((entry["items"][0]["created"] for entry in tags), default=None)
    names = ",".join(entry["tag"] for entry in tags[:5])
    return [status.get("dockerImageRepository", ""), names, ago(newest)]


def image_stream_tag(obj: Object) -> list[Any]:
    return [obj["image"]["dockerImageReference"], ago(obj["metadata"].get("creationTimestamp"))]


def _source(spec: Object) -> str:
    source = spec.get("source", {})
    kind = str(source.get("type", ""))
    git = source.get("git", {})
    reference = spec.get("revision", {}).get("git", {}).get("commit", "")[:7] or git.get("ref")
    return f"{kind}@{reference}" if git and reference else kind


def build_config(obj: Object) -> list[Any]:
    spec = obj["spec"]
    return [spec["strategy"].get("type", ""), _source(spec), obj["status"].get("lastVersion", 0)]


def build(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    state, reason = status.get("phase", ""), status.get("reason")
    start, seconds = status.get("startTimestamp"), status.get("duration", 0) // 10**9
    shown = f"{state} ({reason})" if reason else state
    took = duration(seconds) if seconds else ""
    return [spec["strategy"].get("type", ""), _source(spec), shown, ago(start), took]


def template(obj: Object) -> list[Any]:
    parameters = obj.get("parameters", ())
    blank = sum(1 for p in parameters if not p.get("value") and not p.get("generate"))
    generated = sum(1 for p in parameters if p.get("generate"))
    notes = ", ".join(
        f"{count} {word}" for count, word in ((blank, "blank"), (generated, "generated")) if count
    )
    count = f"{len(parameters)} ({notes or 'all set'})"
    description = obj["metadata"].get("annotations", {}).get("description", "")
    return [description, count, len(obj.get("objects", ()))]
