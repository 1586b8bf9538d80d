"""The templates of the web console, put into the project and taken out of it again."""

from jhos.cluster.client import Cluster
from jhos.cluster.facts import PYTHONS, SHARED, choose_database_image, resolve_all, tags_of
from jhos.cluster.parallel import parallel
from jhos.console import NAMES, Place, templates
from jhos.errors import Conflict, Refused, SettingsError
from jhos.objects import MANAGED_BY, Object, ObjectRef, labels_of
from jhos.rights import check_project
from jhos.settings.load import load

_GROUP = "template.openshift.io"


def render(cluster: Cluster) -> list[Object]:
    """As `install` would put them; the images are those that this cluster has."""
    check_project(cluster, cluster.rules())
    _, database = choose_database_image(cluster)
    place = Place(
        project=cluster.namespace,
        database_image=database,
        notebook_image=_notebook_image(cluster),
    )
    return templates(place)


def install(cluster: Cluster, *, force: bool) -> list[ObjectRef]:
    """Raises Conflict where one of the names is somebody else's, or what somebody has changed in
    one, unless `force`."""
    if _GROUP not in cluster.groups():
        raise Refused(
            f"The cluster has no templates (API group {_GROUP}).",
            "jhos deploy does without; jhos render writes plain YAML.",
        )
    objects = render(cluster)
    for obj in _there(cluster):
        if not _is_own(obj):
            raise Conflict(
                f"{ObjectRef.of(obj)} exists already and was not made by jhos.", "Remove it first."
            )
    parallel(lambda obj: cluster.apply(obj, force=force), objects)
    return [ObjectRef.of(obj) for obj in objects]


def absent(cluster: Cluster) -> list[str]:
    """Images that their parameters name at first and that are not built."""
    specs = (load({}).hub.image, _notebook_image(cluster))
    found = resolve_all(cluster, specs)
    return [spec for spec in specs if isinstance(found[spec], SettingsError)]


def remove(cluster: Cluster) -> list[ObjectRef]:
    """Those of jhos that were there; what was made from them stays."""
    check_project(cluster, cluster.rules())
    own = [obj for obj in _there(cluster) if _is_own(obj)]
    parallel(lambda obj: cluster.delete(ObjectRef.of(obj), uid=obj["metadata"]["uid"]), own)
    return [ObjectRef.of(obj) for obj in own]


def _there(cluster: Cluster) -> list[Object]:
    return [obj for obj in cluster.metadata("Template") if obj["metadata"]["name"] in NAMES]


def _is_own(obj: Object) -> bool:
    return labels_of(obj).get(MANAGED_BY) == "jhos"


def _notebook_image(cluster: Cluster) -> str:
    """The tag that is built, where one is; else that of the Python which a build would have."""
    name = load({}).notebook.image.partition(":")[0]
    built = tags_of(cluster.get(ObjectRef("ImageStream", name)))
    there = [python for python in PYTHONS if python in built]
    return f"{name}:{(there or _pythons(cluster))[0]}"


def _pythons(cluster: Cluster) -> list[str]:
    tags = tags_of(cluster.get(ObjectRef("ImageStream", "python"), SHARED))
    found = [each for each in PYTHONS if any(f"{each}-ubi{ubi}" in tags for ubi in (9, 8))]
    return found or list(PYTHONS)
