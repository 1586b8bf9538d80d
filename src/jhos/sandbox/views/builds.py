"""Builds from build configs: instantiate, from an upload too, clone, and their logs."""

from typing import Any

from jhos.sandbox import failure, reading, registry, streams
from jhos.sandbox.answers import NO_CONTENT, Answer
from jhos.sandbox.call import Call
from jhos.sandbox.client import ApiError
from jhos.sandbox.failure import Failure
from jhos.sandbox.kinds import BY_KEY

Object = dict[str, Any]

CONFIGS, BUILDS = BY_KEY["buildconfigs.build.openshift.io"], BY_KEY["builds.build.openshift.io"]
STREAMS = "imagestreams.image.openshift.io"
NOTE = "openshift.io/build"
STRATEGIES = ("sourceStrategy", "dockerStrategy", "customStrategy")
COPIED = (
    "source", "strategy", "output", "resources", "postCommit", "nodeSelector", "revision",
    "completionDeadlineSeconds", "mountTrustedCA",
)  # fmt: skip
MANUAL = [{"message": "Manually triggered"}]


def instantiate(call: Call) -> Answer:
    request = call.object()
    config = config_of(call, (request.get("metadata") or {}).get("name", call.name))
    return Answer(new_build(call, config, request), 201)


async def instantiate_binary(call: Call) -> Answer:
    """The body is the source, an archive."""
    config = config_of(call)
    hook = call.cluster.instantiate_binary
    if hook is None or call.upload is None:
        raise Failure(501, "builds are not available in this cluster", reason="NotImplemented")
    name = config["metadata"]["name"]
    try:
        return Answer(await hook(call.namespace, name, call.query, call.upload), 201)
    except ApiError as error:
        raise Failure(error.code, str(error), reason=error.reason) from error


def config_of(call: Call, name: str = "") -> Object:
    """Raises Failure where it is not there, or a request names another (`name`)."""
    name = name or call.name
    config = call.store.get(CONFIGS.key, call.namespace, name)
    if config is None or name != call.name:
        why = failure.not_found(CONFIGS.group, CONFIGS.plural, name).message
        raise failure.forbidden(CONFIGS.group, CONFIGS.plural, call.name, why)
    return config


def new_build(call: Call, config: Object, request: Object) -> Object:
    """The next build of a config, stored; the config counts it."""
    meta = config["metadata"]
    number = config.get("status", {}).get("lastVersion", 0) + 1
    spec = {name: config["spec"][name] for name in COPIED if name in config["spec"]}
    spec["serviceAccount"] = config["spec"].get("serviceAccount", "builder")
    spec["triggeredBy"] = request.get("triggeredBy") or MANUAL
    spec["strategy"] = _strategy(call, spec["strategy"], request)
    if "binary" in request:
        spec["source"] = {**spec["source"], "type": "Binary", "binary": request["binary"]}
    elif spec["source"].get("type") == "Binary":
        spec["source"] = {**spec["source"], "binary": spec["source"].get("binary", {})}
    if "revision" in request:
        spec["revision"] = request["revision"]
    body = {
        "metadata": _metadata(config, number, {}),
        "spec": spec,
        "status": {"phase": "New", "config": _reference(meta)},
    }
    build = registry.create(call.internal(BUILDS, call.namespace, ""), body)
    _count(call, config, number)
    return build


def _metadata(config: Object, number: int, notes: Object) -> Object:
    meta = config["metadata"]
    name = meta["name"]
    labels = {
        "buildconfig": name,
        f"{NOTE}-config.name": name,
        f"{NOTE}.start-policy": config["spec"].get("runPolicy", "Serial"),
    }
    owner = {
        "apiVersion": CONFIGS.api_version,
        "kind": "BuildConfig",
        "name": name,
        "uid": meta["uid"],
        "controller": True,
    }
    return {
        "name": f"{name}-{number}",
        "labels": {**meta.get("labels", {}), **labels},
        "annotations": {f"{NOTE}-config.name": name, f"{NOTE}.number": str(number), **notes},
        "ownerReferences": [owner],
    }


def _reference(meta: Object) -> Object:
    return {"kind": "BuildConfig", "namespace": meta["namespace"], "name": meta["name"]}


def _count(call: Call, config: Object, number: int) -> None:
    meta = config["metadata"]
    counted = {**config, "status": {**config.get("status", {}), "lastVersion": number}}
    registry.update(call.internal(CONFIGS, call.namespace, meta["name"]), counted)


def _strategy(call: Call, strategy: Object, request: Object) -> Object:
    """With the image stream tag resolved to a pull spec, and the request's variables."""
    name = next(name for name in STRATEGIES if name in strategy)
    chosen = dict(strategy[name])
    if source := request.get("from") or chosen.get("from"):
        chosen["from"] = _resolved(call, source)
    if env := request.get("env"):
        given = {variable["name"] for variable in env}
        chosen["env"] = [v for v in chosen.get("env", ()) if v["name"] not in given] + env
    return {**strategy, name: chosen}


def _resolved(call: Call, source: Object) -> Object:
    if source["kind"] not in ("ImageStreamTag", "ImageStreamImage"):
        return source
    namespace = source.get("namespace") or call.namespace
    separator = ":" if source["kind"] == "ImageStreamTag" else "@"
    name, _, tag = source["name"].partition(separator)
    stream = call.store.get(STREAMS, namespace, name)
    if stream is None:
        raise _unresolved(source, namespace, f'imagestreams.image.openshift.io "{name}" not found')
    find = streams.latest if separator == ":" else streams.item_of_image
    item = find(stream, tag)
    if item is None:
        why = f'imagestreamtags.image.openshift.io "{name}{separator}{tag}" not found'
        raise _unresolved(source, namespace, why)
    return {"kind": "DockerImage", "name": item["dockerImageReference"]}


def _unresolved(source: Object, namespace: str, why: str) -> Failure:
    kind, name = source["kind"], source["name"]
    message = f"Error resolving {kind} {name} in namespace {namespace}: {why}"
    cause = {"field": "from", "message": message}
    return Failure(422, message, details={"kind": kind, "name": name, "causes": [cause]})


def clone(call: Call) -> Answer:
    original = reading.get(call)
    name = original["metadata"].get("labels", {}).get("buildconfig", "")
    config = call.store.get(CONFIGS.key, call.namespace, name)
    if config is None:
        raise failure.not_found(CONFIGS.group, CONFIGS.plural, name)
    number = config.get("status", {}).get("lastVersion", 0) + 1
    body = {
        "metadata": _metadata(config, number, {f"{NOTE}.clone-of": call.name}),
        "spec": {**original["spec"], "triggeredBy": MANUAL},
        "status": {"phase": "New", "config": _reference(config["metadata"])},
    }
    build = registry.create(call.internal(BUILDS, call.namespace, ""), body)
    _count(call, config, number)
    return Answer(build, 201)


def log(call: Call) -> Answer:
    reading.get(call)
    if call.cluster.build_logs is None:
        return NO_CONTENT
    return Answer({}, stream=call.cluster.build_logs(call.namespace, call.name, call.query))


def update_details(call: Call) -> Answer:
    """What the builder learnt: revision, output and phase."""
    return Answer(registry.update(call, call.object()))
