"""Templates for the web console: the objects of a deployment with parameters in place of values.

They are rendered from the same manifests as `jhos deploy` renders; the cluster puts the values in.
Source: https://docs.openshift.com/container-platform/latest/openshift_images/using-templates.html
"""

from dataclasses import dataclass, replace

from jhos.builds import build_objects
from jhos.images import Git, Image, Wishes, catalog, custom
from jhos.kinds import KINDS
from jhos.objects import MANAGED_BY, RENDERED, Object, annotations_of
from jhos.plan import FROM_TEMPLATE
from jhos.render import Facts, render, secret
from jhos.settings.load import load
from jhos.settings.model import Resources, Settings
from jhos.settings.secrets import KEYS

DEPLOYER, QUICKSTART, BUILDER = (
    "jupyterhub-deployer",
    "jupyterhub-quickstart",
    "jupyterhub-builder",
)
NAMES = (DEPLOYER, QUICKSTART, BUILDER)

_RESOLVE = "alpha.image.policy.openshift.io/resolve-names"
_HEXADECIMAL = "[a-f0-9]{64}"
_IMAGE = "a tag of an image stream of the project, or of a registry."
_GIT = Git(uri="${GIT_REPOSITORY_URL}", ref="${GIT_REFERENCE}", context_dir="${CONTEXT_DIR}")


@dataclass(frozen=True)
class _Parameter:
    name: str
    description: str
    value: str = ""
    generate: str = ""
    required: bool = True

    def as_object(self) -> Object:
        obj: Object = {"name": self.name, "description": self.description}
        if self.generate:
            return obj | {"generate": "expression", "from": self.generate}
        return obj | {"value": self.value} | ({"required": True} if self.required else {})


@dataclass(frozen=True, kw_only=True)
class Place:
    """What the parameters say when nobody says otherwise.

    `database_image`: a pull spec, since the console cannot look an image stream of another
    project up.
    """

    project: str
    database_image: str
    notebook_image: str


def templates(place: Place) -> list[Object]:
    return [_deployer(place), _quickstart(place), _builder()]


def _deployer(place: Place) -> Object:
    image = _Parameter("NOTEBOOK_IMAGE", f"The notebook image: {_IMAGE}", place.notebook_image)
    return _template(
        DEPLOYER,
        "JupyterHub",
        "A JupyterHub that gives every visitor a notebook server, with PostgreSQL.",
        _deployment_parameters(place, image),
        _deployment("${NOTEBOOK_IMAGE}"),
    )


def _quickstart(place: Place) -> Object:
    own = custom(catalog()["minimal"], "${APPLICATION_NAME}-nb", _GIT, app="${APPLICATION_NAME}")
    builder = _builder_parameter(place.notebook_image)
    return _template(
        QUICKSTART,
        "JupyterHub from a git repository",
        "A JupyterHub whose notebook image is built from a git repository of notebooks.",
        _deployment_parameters(place, *_git_parameters(), builder),
        [*_deployment(f"{own.name}:{own.tag}"), *_build(own)],
    )


def _builder() -> Object:
    words = "The name of the image stream and of the build config."
    name = _Parameter("JUPYTERHUB_NAME", words, "custom-jupyterhub")
    return _template(
        BUILDER,
        "JupyterHub image",
        "A hub image of your own: a git repository laid over the one that the project has.",
        [name, _builder_parameter("jupyterhub:latest"), *_git_parameters()],
        _build(custom(catalog()["hub"], "${JUPYTERHUB_NAME}", _GIT)),
    )


def _template(
    name: str, title: str, words: str, parameters: list[_Parameter], objects: list[Object]
) -> Object:
    return {
        "apiVersion": KINDS["Template"].api_version,
        "kind": "Template",
        "metadata": {
            "name": name,
            "labels": {MANAGED_BY: "jhos"},
            "annotations": {
                "openshift.io/display-name": title,
                "description": words,
                "iconClass": "icon-python",
                "tags": "python,jupyter,jupyterhub",
            },
        },
        "parameters": [each.as_object() for each in parameters],
        "objects": objects,
    }


def _deployment_parameters(place: Place, *own: _Parameter) -> list[_Parameter]:
    known = load({})
    hub, database, notebook = known.hub, known.database, known.notebook
    return [
        _Parameter("APPLICATION_NAME", "The name of the deployment.", known.name),
        *own,
        _Parameter("PROJECT", "The project that it is made in.", place.project),
        _Parameter("JUPYTERHUB_IMAGE", f"The hub image: {_IMAGE}", hub.image),
        _Parameter("DATABASE_IMAGE", "A PostgreSQL image.", place.database_image),
        _Parameter("JUPYTERHUB_CONFIG", "The text of a jupyterhub_config.py.", required=False),
        _Parameter("JUPYTERHUB_ENVVARS", "The text of a jupyterhub_config.sh, read before.",
                   required=False),
        _Parameter("NOTEBOOK_INTERFACE", "What opens: lab or classic.", notebook.interface),
        _Parameter("NOTEBOOK_MEMORY", _memory("server", notebook), notebook.memory),
        _Parameter("JUPYTERHUB_MEMORY", _memory("hub", hub), hub.memory),
        _Parameter("DATABASE_MEMORY", _memory("database", database), database.memory),
        *(_Parameter(_parameter_of(key), _told(key), generate=_form(key)) for key in KEYS),
    ]  # fmt: skip


def _memory(what: str, part: Resources) -> str:
    return f"The most memory that a {what} gets; {part.memory_request} at least."


def _git_parameters() -> list[_Parameter]:
    return [
        _Parameter("GIT_REPOSITORY_URL", "The repository."),
        _Parameter("GIT_REFERENCE", "A branch, tag or commit; else the repository's own branch.",
                   required=False),
        _Parameter("CONTEXT_DIR", "The folder of the repository that is used; else all of it.",
                   required=False),
        _Parameter("LOOSEN_PINS", "true: newer versions than its requirements pin will do.",
                   "false"),
    ]  # fmt: skip


def _builder_parameter(image: str) -> _Parameter:
    words = "What the repository is laid over: a tag of an image stream of the project."
    return _Parameter("BUILDER_IMAGE", words, image)


def _parameter_of(key: str) -> str:
    return key.upper().replace("-", "_")


def _told(key: str) -> str:
    digits = " of hexadecimal digits" if _form(key) == _HEXADECIMAL else ""
    return f"The {key.replace('-', ' ')}{digits}; generated where none is given."


def _form(key: str) -> str:
    return "[a-zA-Z0-9]{32}" if key == "database-password" else _HEXADECIMAL


def _deployment(notebook_image: str) -> list[Object]:
    settings = _settings(notebook_image)
    facts = Facts(
        namespace="${PROJECT}",
        hub_image=settings.hub.image,
        notebook_image=notebook_image,
        database_image=settings.database.image or "",
        configuration={
            "jupyterhub_config.py": "${JUPYTERHUB_CONFIG}",
            "jupyterhub_config.sh": "${JUPYTERHUB_ENVVARS}",
        },
    )
    objects = [*render(settings, facts), _secret(settings.name)]
    return [_instantiable(obj) for obj in objects]


def _settings(notebook_image: str) -> Settings:
    known = load({})
    return replace(
        known,
        name="${APPLICATION_NAME}",
        hub=replace(known.hub, image="${JUPYTERHUB_IMAGE}", memory="${JUPYTERHUB_MEMORY}"),
        database=replace(known.database, image="${DATABASE_IMAGE}", memory="${DATABASE_MEMORY}"),
        notebook=replace(
            known.notebook,
            image=notebook_image,
            memory="${NOTEBOOK_MEMORY}",
            interface="${NOTEBOOK_INTERFACE}",
        ),
    )


def _secret(name: str) -> Object:
    obj = {key: value for key, value in secret(name, {}).items() if key != "data"}
    return {**obj, "stringData": {key: f"${{{_parameter_of(key)}}}" for key in KEYS}}


def _instantiable(obj: Object) -> Object:
    """What was rendered is not yet what it will be, so its hash says nothing."""
    annotations = {key: text for key, text in annotations_of(obj).items() if key != RENDERED}
    metadata = {**obj["metadata"], "annotations": {**annotations, FROM_TEMPLATE: "true"}}
    if obj["kind"] != "Deployment":
        return {**obj, "metadata": metadata}
    pod = obj["spec"]["template"]
    named = {**(pod["metadata"].get("annotations") or {}), _RESOLVE: "*"}
    template = {**pod, "metadata": {**pod["metadata"], "annotations": named}}
    return {**obj, "metadata": metadata, "spec": {**obj["spec"], "template": template}}


def _build(image: Image) -> list[Object]:
    """Image stream and build config, whose first build begins by itself."""
    builder = {"kind": "ImageStreamTag", "name": "${BUILDER_IMAGE}"}
    wishes = Wishes(env={"JHOS_LOOSEN_PINS": "${LOOSEN_PINS}"})
    stream, config = build_objects(image, builder, f"{image.name}:{image.tag}", "", wishes)
    config["spec"]["triggers"] = [{"type": "ConfigChange"}]
    return [_instantiable(stream), _instantiable(config)]
