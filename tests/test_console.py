"""The console's templates against what the commands render: the values put in by hand."""

import json
import re
from typing import Any

import pytest

from jhos.builds import build_objects
from jhos.console import BUILDER, DEPLOYER, QUICKSTART, Place, templates
from jhos.images import Git, Image, Wishes, catalog, custom
from jhos.objects import RENDERED, Object, ObjectRef
from jhos.plan import FROM_TEMPLATE
from jhos.render import Facts, render
from jhos.settings.load import load
from jhos.settings.secrets import KEYS

# What only one of the two has: hashes, and what lets the console's objects find their images.
OWN = {
    RENDERED,
    FROM_TEMPLATE,
    "jhos.dev/configuration",
    "alpha.image.policy.openshift.io/resolve-names",
}
HUB, NOTEBOOK, DATABASE = "quay.io/org/hub:1", "quay.io/org/notebook:2", "quay.io/org/db:3"


def named(name: str) -> Object:
    place = Place(project="demo", database_image=DATABASE, notebook_image=NOTEBOOK)
    return next(each for each in templates(place) if each["metadata"]["name"] == name)


def processed(template: Object, **values: str) -> list[Object]:
    known = {each["name"]: each.get("value", "") for each in template["parameters"]}
    known |= {each["name"]: "x" for each in template["parameters"] if each.get("generate")}
    text = json.dumps(template["objects"])
    for key, value in (known | values).items():
        text = text.replace(f"${{{key}}}", json.dumps(value)[1:-1])
    objects: list[Object] = json.loads(text)
    return objects


def plain(value: Any) -> Any:
    """Without what is of one side only."""
    if isinstance(value, dict):
        found = {key: plain(each) for key, each in value.items() if key not in OWN}
        return {key: each for key, each in found.items() if (key, each) != ("annotations", {})}
    return [plain(each) for each in value] if isinstance(value, list) else value


def by_ref(objects: list[Object]) -> dict[ObjectRef, Object]:
    return {ObjectRef.of(obj): plain(obj) for obj in objects if obj["kind"] != "Secret"}


def test_the_deployer_gives_what_deploy_renders() -> None:
    wanted = {
        "name": "alpha",
        "hub": {"image": HUB, "memory": "600Mi"},
        "notebook": {"image": NOTEBOOK, "memory": "700Mi"},
        "database": {"image": DATABASE, "memory": "800Mi"},
    }
    facts = Facts(
        namespace="demo",
        hub_image=HUB,
        notebook_image=NOTEBOOK,
        database_image=DATABASE,
        configuration={
            "jupyterhub_config.py": "c.A.b = 1\n",
            "jupyterhub_config.sh": "export A=b\n",
        },
    )
    given = processed(
        named(DEPLOYER),
        APPLICATION_NAME="alpha",
        JUPYTERHUB_IMAGE=HUB,
        JUPYTERHUB_CONFIG="c.A.b = 1\n",
        JUPYTERHUB_ENVVARS="export A=b\n",
        JUPYTERHUB_MEMORY="600Mi",
        NOTEBOOK_MEMORY="700Mi",
        DATABASE_MEMORY="800Mi",
    )
    assert by_ref(given) == by_ref(render(load(wanted), facts))


@pytest.mark.parametrize("name", [DEPLOYER, QUICKSTART, BUILDER])
def test_every_parameter_is_used_and_every_use_is_declared(name: str) -> None:
    template = named(name)
    used = set(re.findall(r"\$\{(\w+)\}", json.dumps(template["objects"])))
    assert used == {each["name"] for each in template["parameters"]}


def test_secrets_are_generated_and_lie_in_the_secret_only() -> None:
    template = named(DEPLOYER)
    generated = {each["name"] for each in template["parameters"] if each.get("generate")}
    assert len(generated) == len(KEYS)
    others = json.dumps([obj for obj in template["objects"] if obj["kind"] != "Secret"])
    assert not [name for name in generated if name in others]


REPOSITORY = {
    "GIT_REPOSITORY_URL": "https://example.com/course.git",
    "GIT_REFERENCE": "2026",
    "CONTEXT_DIR": "book",
    "LOOSEN_PINS": "true",
    "BUILDER_IMAGE": "base:1",
}
GIT = Git(uri="https://example.com/course.git", ref="2026", context_dir="book")


def builds(image: Image) -> list[Object]:
    """As `quickstart` and `build-images --as` send them; the console's begin by themselves."""
    builder = {"kind": "ImageStreamTag", "name": "base:1"}
    stream, config = build_objects(image, builder, f"{image.name}:latest", "", Wishes())
    config["spec"]["triggers"] = [{"type": "ConfigChange"}]
    return [stream, config]


def test_the_quickstart_gives_what_quickstart_makes() -> None:
    image = custom(catalog()["minimal"], "alpha-nb", GIT, app="alpha", loosen_pins=True)
    notebook = {"image": "alpha-nb:latest", "interface": "classic"}
    wanted = {"name": "alpha", "notebook": notebook, "database": {"image": DATABASE}}
    facts = Facts(
        namespace="demo",
        hub_image="jupyterhub:latest",
        notebook_image="alpha-nb:latest",
        database_image=DATABASE,
    )
    given = processed(
        named(QUICKSTART), APPLICATION_NAME="alpha", NOTEBOOK_INTERFACE="classic", **REPOSITORY
    )
    assert by_ref(given) == by_ref([*render(load(wanted), facts), *builds(image)])


def test_the_builder_gives_what_build_images_makes() -> None:
    image = custom(catalog()["hub"], "own-hub", GIT, loosen_pins=True)
    given = processed(named(BUILDER), JUPYTERHUB_NAME="own-hub", **REPOSITORY)
    assert by_ref(given) == by_ref(builds(image))


RECIPE = {
    DEPLOYER: "APPLICATION_NAME JUPYTERHUB_IMAGE NOTEBOOK_IMAGE JUPYTERHUB_CONFIG "
    "JUPYTERHUB_ENVVARS DATABASE_PASSWORD COOKIE_SECRET JUPYTERHUB_MEMORY DATABASE_MEMORY "
    "NOTEBOOK_MEMORY",
    QUICKSTART: "APPLICATION_NAME JUPYTERHUB_IMAGE BUILDER_IMAGE GIT_REPOSITORY_URL GIT_REFERENCE "
    "CONTEXT_DIR NOTEBOOK_INTERFACE JUPYTERHUB_CONFIG JUPYTERHUB_ENVVARS DATABASE_PASSWORD "
    "COOKIE_SECRET JUPYTERHUB_MEMORY DATABASE_MEMORY NOTEBOOK_MEMORY",
    BUILDER: "JUPYTERHUB_NAME BUILDER_IMAGE GIT_REPOSITORY_URL GIT_REFERENCE CONTEXT_DIR",
}


@pytest.mark.parametrize("name", RECIPE)
def test_every_parameter_of_the_recipe_is_taken(name: str) -> None:
    assert {*RECIPE[name].split()} <= {each["name"] for each in named(name)["parameters"]}
