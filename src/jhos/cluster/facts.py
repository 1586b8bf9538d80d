"""What a command needs to know of the cluster, each thing asked once and side by side."""

import re
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field

from jhos.cluster.client import Cluster
from jhos.cluster.imports import import_image
from jhos.cluster.parallel import parallel
from jhos.errors import Conflict, Refused, SettingsError
from jhos.kinds import KINDS
from jhos.objects import Object, ObjectRef
from jhos.settings.rules import PUBLIC_DATABASE, stream_of

SHARED = "openshift"  # the namespace of the streams that every project may use
POSTGRESQL = ObjectRef("ImageStream", "postgresql")
PUBLIC_PYTHON = "registry.access.redhat.com/ubi9/python-{}:latest"
OWN_PYTHON = "jhos-python"  # the stream of the project where the cluster has none
PYTHONS = ("3.12", "3.13", "3.14", "3.11")  # by preference

_DATABASE_TAG = re.compile(r"(\d+)-el\d+")


@dataclass(frozen=True)
class Builder:
    """A Python S2I image: `version` as `3.12`, `digest` of the image that it is just now."""

    version: str
    digest: str
    source: Object  # the `from` of a build strategy

    @property
    def title(self) -> str:
        namespace = self.source.get("namespace")
        return f"{namespace}/{self.source['name']}" if namespace else str(self.source["name"])


def has_registry(cluster: Cluster, stream: str) -> bool:
    """Return whether builds can push to the image stream: to the cluster's integrated registry.

    OpenShift computes the repository of every stream, so a dry run shows it before there is one.
    Source: https://github.com/openshift/openshift-apiserver (registry/imagestream/strategy.go)
    """
    computed = cluster.apply(
        {
            "apiVersion": KINDS["ImageStream"].api_version,
            "kind": "ImageStream",
            "metadata": {"name": stream},
        },
        dry_run=True,
        force=True,
    )
    return bool((computed.get("status") or {}).get("dockerImageRepository"))


def create_project(cluster: Cluster) -> bool:
    """Request the project unless it is there already; True: it was made."""
    if _visible(cluster, ObjectRef("Project", cluster.namespace)) is not None:
        return False
    request = {
        "apiVersion": KINDS["ProjectRequest"].api_version,
        "kind": "ProjectRequest",
        "metadata": {"name": cluster.namespace},
    }
    try:
        cluster.create(request)
    except Conflict as error:  # the answer to an earlier try of ours may have been lost
        if _visible(cluster, ObjectRef("Project", cluster.namespace)) is None:
            raise Conflict(
                f"There is a project {cluster.namespace} already, and it is somebody else's.",
                "Choose another name with -n PROJECT.",
            ) from error
    except Refused as error:
        hint = "Choose another name, or ask who administers the cluster for a project."
        raise Refused(error.message, hint) from error
    return True


def _visible(cluster: Cluster, ref: ObjectRef, namespace: str | None = None) -> Object | None:
    """None also where the user may not look: a cluster does not tell the two apart."""
    try:
        return cluster.get(ref, namespace)
    except Refused:
        return None


@dataclass(frozen=True)
class Kept:
    """ConfigMaps `NAME-cfg`, `NAME-inventory` and Secret `NAME-secrets`; {} for an absent one."""

    name: str
    config: Object
    secret: Object = field(repr=False)
    inventory: Object

    @property
    def refs(self) -> tuple[ObjectRef, ...]:
        return kept_refs(self.name)

    @property
    def live(self) -> dict[ObjectRef, Object]:
        objects = (self.config, self.secret, self.inventory)
        return {ref: obj for ref, obj in zip(self.refs, objects, strict=True) if obj}


def read_kept(cluster: Cluster, name: str) -> Kept:
    """Three requests at once."""
    found = parallel(cluster.get, kept_refs(name))
    return Kept(name, *(obj or {} for obj in found))


def kept_refs(name: str) -> tuple[ObjectRef, ...]:
    """Of `Kept`, in its order."""
    return (
        ObjectRef("ConfigMap", f"{name}-cfg"),
        ObjectRef("Secret", f"{name}-secrets"),
        ObjectRef("ConfigMap", f"{name}-inventory"),
    )


def read_secret(cluster: Cluster, name: str | None) -> dict[str, str]:
    """`data` of a Secret of the user's that the settings name; {} without a name."""
    if name is None:
        return {}
    found = cluster.get(ObjectRef("Secret", name))
    if found is None:
        raise SettingsError(
            f"There is no Secret {name} in project {cluster.namespace}.",
            f"Make it: oc create secret generic {name} --from-file=KEY=FILE",
        )
    data: dict[str, str] = found.get("data") or {}
    return data


def read_certificate(cluster: Cluster, name: str | None) -> dict[str, str]:
    """Fields of a route's `tls` from a Secret of type `kubernetes.io/tls`; {} without a name."""
    if name is None:
        return {}
    found = cluster.get(ObjectRef("Secret", name))
    data = (found or {}).get("data", {})
    if not {"tls.crt", "tls.key"} <= data.keys():
        raise SettingsError(
            f"Secret {name} with the keys tls.crt and tls.key is not in project "
            f"{cluster.namespace}.",
            f"Make it: oc create secret tls {name} --cert=FILE --key=FILE",
        )
    fields = {"certificate": "tls.crt", "key": "tls.key", "caCertificate": "ca.crt"}
    return {field: b64decode(data[key]).decode() for field, key in fields.items() if key in data}


def find_builder(cluster: Cluster, wanted: str | None) -> Builder:
    """The Python builder image of version `wanted`, else of the best that the cluster has.

    Where the cluster has none, the public one is imported into a stream of the project. Raises
    SettingsError for a version that the images are not made for.
    """
    if wanted and wanted not in PYTHONS:
        raise SettingsError(
            f"Images are not built for Python {wanted}.", f"Possible: {', '.join(sorted(PYTHONS))}."
        )
    stream = cluster.get(ObjectRef("ImageStream", "python"), SHARED)
    tags = tags_of(stream)
    for version in (wanted,) if wanted else PYTHONS:
        for tag in (f"{version}-ubi9", f"{version}-ubi8"):
            if tag in tags:
                source = {"kind": "ImageStreamTag", "namespace": SHARED, "name": f"python:{tag}"}
                return Builder(str(version), tags[tag]["image"], source)
    version = wanted or PYTHONS[0]
    spec = f"{OWN_PYTHON}:{version}"
    if cluster.get(ObjectRef("ImageStreamTag", spec)) is None:
        import_image(cluster, spec, PUBLIC_PYTHON.format(version.replace(".", "")))
    return builder_of(cluster, spec, version)


def builder_of(cluster: Cluster, spec: str, version: str | None) -> Builder:
    """The image that `spec` names: of the project, of all projects, or of a registry.

    `version` of its Python, else as its name tells it. Raises SettingsError for an absent one.
    """
    found = re.search(r"(?<!\d)3[.-]?(1\d)(?!\d)", spec)
    version = version or (f"3.{found[1]}" if found else "")
    named = stream_of(spec)
    if not named:
        return Builder(version, spec, {"kind": "DockerImage", "name": spec})
    namespace, name, tag = named
    for place in (namespace,) if namespace else (None, SHARED):
        stream = _visible(cluster, ObjectRef("ImageStream", name), place)
        tags = tags_of(stream)
        chosen = tag or _default_tag(tags)
        if chosen in tags:
            source = {"kind": "ImageStreamTag", "name": f"{name}:{chosen}"}
            source |= {"namespace": place} if place else {}
            return Builder(version, tags[chosen]["image"], source)
    raise SettingsError(
        f"Builder image {spec} is neither in project {cluster.namespace} nor in {SHARED}.",
        "Build it first (jhos build-images), or begin with the registry's host.",
    )


def choose_database_image(cluster: Cluster) -> tuple[str, str]:
    """The newest tag of the cluster's `postgresql` stream, else the public sclorg image.

    Its name, and the pull spec that it has now.
    """
    stream = _visible(cluster, POSTGRESQL, SHARED)
    tags = tags_of(stream)
    majors = {tag: _DATABASE_TAG.fullmatch(tag) for tag in tags}
    found = [(int(match[1]), tag) for tag, match in majors.items() if match]
    if not found:
        return PUBLIC_DATABASE, PUBLIC_DATABASE
    tag = max(found)[1]
    return f"{SHARED}/postgresql:{tag}", _pull_spec(stream or {}, tag, tags[tag])


def resolve_all(cluster: Cluster, specs: Iterable[str]) -> dict[str, str | SettingsError]:
    """Each with its pull spec, or the error that says that it is not there."""
    wanted = {spec: stream_of(spec) for spec in specs}
    named = dict.fromkeys(found[:2] for found in wanted.values() if found)
    streams = _streams(cluster, list(named))
    return {
        spec: _resolved(cluster, spec, found, streams.get(found[:2])) if found else spec
        for spec, found in wanted.items()
    }


def resolve(cluster: Cluster, spec: str) -> str:
    """Of one. Raises SettingsError for an absent one."""
    found = resolve_all(cluster, [spec])[spec]
    if isinstance(found, SettingsError):
        raise found
    return found


Named = tuple[str | None, str]  # a stream, by namespace (None: the project) and name


def _streams(cluster: Cluster, named: list[Named]) -> dict[Named, Object | None]:
    """Of the project all at once where several are asked for."""
    own = [each for each in named if each[0] is None]
    if len(own) > 1:
        listed = {obj["metadata"]["name"]: obj for obj in _listed(cluster)}
        found = {each: listed.get(each[1]) for each in own}
        return found | _streams(cluster, [each for each in named if each[0] is not None])

    def read(each: Named) -> Object | None:
        return _visible(cluster, ObjectRef("ImageStream", each[1]), each[0])

    return dict(zip(named, parallel(read, named), strict=True))


def _listed(cluster: Cluster) -> list[Object]:
    try:
        return cluster.list("ImageStream")[0]
    except Refused:
        return []


def _resolved(
    cluster: Cluster, spec: str, found: tuple[str | None, str, str], stream: Object | None
) -> str | SettingsError:
    """`STREAM[:TAG]` or `NAMESPACE/STREAM[:TAG]` → the pull spec with digest."""
    namespace, _, tag = found
    tags = tags_of(stream)
    tag = tag or _default_tag(tags)
    if tag in tags:
        return _pull_spec(stream or {}, tag, tags[tag])
    there = f"It has: {', '.join(sorted(tags))}." if tags else "There is no such image stream."
    return SettingsError(
        f"Image {spec} is not in project {namespace or cluster.namespace}. {there}",
        "Build it (jhos build-images), name another with --hub-image or --notebook-image, or "
        "begin with the registry's host: quay.io/jupyter/minimal-notebook:latest.",
    )


def tagged(cluster: Cluster, spec: str) -> str:
    """A stream of the project with its tag. Raises SettingsError for an absent one."""
    resolve(cluster, spec)
    _, name, tag = stream_of(spec) or ("", spec, "")
    if tag:
        return spec
    return f"{name}:{_default_tag(tags_of(_visible(cluster, ObjectRef('ImageStream', name))))}"


def tags_of(stream: Object | None) -> dict[str, Object]:
    """The newest item of each tag that has one."""
    tags = (stream or {}).get("status", {}).get("tags") or []
    return {each["tag"]: each["items"][0] for each in tags if each.get("items")}


def _default_tag(tags: dict[str, Object]) -> str:
    """`latest`, else the highest version."""
    versions = [tag for tag in tags if re.fullmatch(r"\d+(\.\d+)*", tag)]
    newest = max(versions, key=lambda tag: [int(part) for part in tag.split(".")], default="")
    return "latest" if "latest" in tags else newest


def _pull_spec(stream: Object, tag: str, item: Object) -> str:
    """Never built from host names: the cluster knows where its registry is."""
    for each in stream.get("spec", {}).get("tags") or []:
        local = each.get("referencePolicy", {}).get("type") == "Local"
        repository = stream.get("status", {}).get("dockerImageRepository")
        if each["name"] == tag and local and repository:
            return f"{repository}@{item['image']}"
    reference: str = item["dockerImageReference"]
    return reference
