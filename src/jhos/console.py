"""Templates for the web console: the objects of a deployment with parameters in place of values.

They are rendered from the same manifests as `jhos deploy` renders; the cluster puts the values in.
Source: https://docs.openshift.com/container-platform/latest/openshift_images/using-templates.html
"""

from dataclasses import dataclass, replace
from typing import Any

from jhos.images import catalog
from jhos.kinds import KINDS
from jhos.objects import INSTANCE, MANAGED_BY, RENDERED, Object, annotations_of
from jhos.plan import FROM_TEMPLATE
from jhos.render import Facts, render, render_one, secret
from jhos.settings.load import load
from jhos.settings.model import Settings
from jhos.settings.secrets import KEYS

DEPLOYER, QUICKSTART, BUILDER = (
    "jupyterhub-deployer",
    "jupyterhub-quickstart",
    "jupyterhub-builder",
)
NAMES = (DEPLOYER, QUICKSTART, BUILDER)

_RESOLVE = "alpha.image.policy.openshift.io/resolve-names"
_HEXADECIMAL = "[a-f0-9]{64}"
_BUILD_MEMORY = "2Gi"


@dataclass(frozen=True)
class _Parameter:
    name: str
    description: str
    value: str = ""
    generate: str = ""
    required: bool = False

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
    words = "A notebook image: a tag of an image stream of the project, or of a registry."
    image = _Parameter("NOTEBOOK_IMAGE", words, place.notebook_image, required=True)
    return _template(
        DEPLOYER,
        "JupyterHub",
        "A JupyterHub that gives every visitor a notebook server, with PostgreSQL.",
        [image, *_deployment_parameters(place)],
        _deployment("${NOTEBOOK_IMAGE}"),
    )


def _quickstart(place: Place) -> Object:
    parameters = [*_git_parameters(), _builder_parameter(place.notebook_image)]
    return _template(
        QUICKSTART,
        "JupyterHub from a git repository",
        "A JupyterHub whose notebook image is built from a git repository of notebooks.",
        [*parameters, *_deployment_parameters(place)],
        [*_deployment(_OWN_IMAGE), *_build("${APPLICATION_NAME}-nb", "minimal", _OWN_LABELS)],
    )


def _builder() -> Object:
    words = "The name of the image stream and of the build config."
    name = _Parameter("JUPYTERHUB_NAME", words, "custom-jupyterhub", required=True)
    return _template(
        BUILDER,
        "JupyterHub image",
        "A hub image of your own: a git repository laid over the one that the project has.",
        [name, _builder_parameter("jupyterhub:latest"), *_git_parameters()],
        _build("${JUPYTERHUB_NAME}", "hub", {}),
    )


_OWN_IMAGE = "${APPLICATION_NAME}-nb:latest"
_OWN_LABELS = {"app": "${APPLICATION_NAME}", INSTANCE: "${APPLICATION_NAME}"}


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


def _deployment_parameters(place: Place) -> list[_Parameter]:
    database = load({}).database
    known = load({})
    return [
        _Parameter("APPLICATION_NAME", "The name of the deployment.", known.name, required=True),
        _Parameter("JUPYTERHUB_IMAGE", "The hub image, likewise.", known.hub.image, required=True),
        _Parameter("PROJECT", "The project that it is made in.", place.project, required=True),
        _Parameter("JUPYTERHUB_CONFIG", "The text of a jupyterhub_config.py."),
        _Parameter("JUPYTERHUB_ENVVARS", "The text of a jupyterhub_config.sh, read before."),
        _Parameter("DATABASE_IMAGE", "A PostgreSQL image.", place.database_image, required=True),
        _Parameter("JUPYTERHUB_MEMORY", _memory("hub", known.hub), known.hub.memory),
        _Parameter("DATABASE_MEMORY", _memory("database", database), database.memory),
        _Parameter("NOTEBOOK_MEMORY", _memory("server", known.notebook), known.notebook.memory),
        *(
            _Parameter(_parameter_of(key), f"{key}, generated.", generate=_form(key))
            for key in KEYS
        ),
    ]


def _memory(what: str, part: Any) -> str:
    return f"The most memory that a {what} gets; {part.memory_request} at least."


def _git_parameters() -> list[_Parameter]:
    return [
        _Parameter("GIT_REPOSITORY_URL", "The repository.", required=True),
        _Parameter("GIT_REFERENCE", "A branch, tag or commit; else the repository's own branch."),
        _Parameter("CONTEXT_DIR", "The folder of the repository that is used; else all of it."),
    ]


def _builder_parameter(image: str) -> _Parameter:
    words = "What the repository is laid over: a tag of an image stream of the project."
    return _Parameter("BUILDER_IMAGE", words, image, required=True)


def _generated(key: str) -> _Parameter:
    return _Parameter(_parameter_of(key), f"{key}, generated.", generate=_form(key))


def _parameter_of(key: str) -> str:
    return key.upper().replace("-", "_")


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
        notebook=replace(known.notebook, image=notebook_image, memory="${NOTEBOOK_MEMORY}"),
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


def _build(name: str, base: str, own: dict[str, str]) -> list[Object]:
    """Image stream and build config, whose first build begins by itself."""
    labels = {"build": name, MANAGED_BY: "jhos", **own}
    stream = render_one("images/imagestream.yaml.j2", image={"name": name}, labels=labels)
    config = render_one(
        "images/buildconfig.yaml.j2",
        image={"name": name},
        labels=labels,
        builder={"kind": "ImageStreamTag", "name": "${BUILDER_IMAGE}"},
        source={
            "type": "Git",
            "git": {"uri": "${GIT_REPOSITORY_URL}", "ref": "${GIT_REFERENCE}"},
            "contextDir": "${CONTEXT_DIR}",
        },
        tag=f"{name}:latest",
        image_labels=[
            {"name": key, "value": value} for key, value in catalog()[base].labels.items()
        ],
        wishes={"memory": _BUILD_MEMORY},
        env=[],
        hook_secret=None,
    )
    config["spec"]["triggers"] = [{"type": "ConfigChange"}]
    return [_instantiable(stream), _instantiable(config)]
