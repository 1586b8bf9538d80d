"""The build configs that are sent, held to the recorded API."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jhos.builds import build_objects, hint_of_failure
from jhos.images import Git, Image, Wishes, catalog, content_hash, custom, from_git, with_parents
from jhos.sandbox.base import python
from tests.sandbox.server import serving

BUILDER = {"kind": "ImageStreamTag", "name": "python:3.12-ubi9"}
WISHES = Wishes(
    memory="4Gi", secret="pip", env={"PIP_INDEX_URL": "https://pypi.example.com/simple"}
)
GIT = Git(uri="https://example.com/x.git", ref="v1", context_dir="a", secret="deploy-key")
NOTEBOOKS = custom(catalog()["minimal"], "course-nb", GIT, app="course")


def config(image: Image, wishes: Wishes = WISHES) -> dict[str, Any]:
    return build_objects(image, BUILDER, image.spec("3.12"), "hash", wishes)[1]


@pytest.mark.parametrize("image", [*catalog().values(), NOTEBOOKS], ids=lambda each: each.name)
async def test_every_object_is_what_the_recorded_api_takes(image: Image, tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        for obj in build_objects(image, BUILDER, image.spec("3.12"), "hash", WISHES):
            plural = obj["kind"].lower() + "s"
            path = f"/apis/{obj['apiVersion']}/namespaces/demo/{plural}?fieldValidation=Strict"
            answer = await api.post(path, obj)
            assert api.status == 201, answer


@pytest.mark.parametrize("image", [*catalog().values(), NOTEBOOKS], ids=lambda each: each.name)
def test_no_label_describes_the_builder_image(image: Image) -> None:
    sent = {
        label["name"]: label["value"] for label in config(image)["spec"]["output"]["imageLabels"]
    }
    builder = python.image().labels
    descriptions = {key for key, text in builder.items() if "python" in text.lower()}
    assert {"name", "usage", "io.k8s.description"} < descriptions
    kept = {key for key in descriptions if sent.get(key, builder[key]) == builder[key]}
    assert kept == set()
    assert sent["name"] == image.name


def test_images_of_the_catalog_are_sent_along() -> None:
    sent = config(catalog()["hub"])["spec"]
    assert sent["source"]["type"] == "Binary"
    assert sent["resources"]["limits"]["memory"] == "4Gi"


def test_builds_trust_the_authorities_of_the_cluster() -> None:
    assert config(catalog()["hub"])["spec"]["mountTrustedCA"] is True


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("attempt 1 failed with SELF_SIGNED_CERT_IN_CHAIN", "--build-secret"),  # npm
        ("invalid peer certificate: UnknownIssuer", "--build-secret"),  # uv
        ("SSL: CERTIFICATE_VERIFY_FAILED", "--build-secret"),  # pip
        ("request failed, reason: getaddrinfo ENOTFOUND registry.npmjs.org", "--npm-registry"),
        ("npm error Exit handler never called!", "--npm-registry"),
        ("tcp connect error: Connection refused (os error 111)", "--pip-index-url"),  # uv
        ("SyntaxError: invalid syntax", "--follow"),
    ],
)
def test_a_failed_build_names_the_option_that_helps(line: str, option: str) -> None:
    assert option in hint_of_failure(f"---> Installing\n{line}\nerror: build error")


def test_a_repository_is_cloned_by_the_build() -> None:
    source = config(NOTEBOOKS)["spec"]["source"]
    assert source["git"] == {"uri": "https://example.com/x.git", "ref": "v1"}
    assert source["contextDir"] == "a"
    assert source["sourceSecret"] == {"name": "deploy-key"}


def test_files_of_a_build_secret_lie_beside_the_source_only_while_it_builds() -> None:
    source = config(NOTEBOOKS)["spec"]["source"]
    assert source["secrets"] == [{"secret": {"name": "pip"}, "destinationDir": "/tmp/build"}]
    assert "secrets" not in config(NOTEBOOKS, Wishes())["spec"]["source"]


def test_an_index_reaches_the_build_as_its_environment() -> None:
    env = config(NOTEBOOKS)["spec"]["strategy"]["sourceStrategy"]["env"]
    assert env == [{"name": "PIP_INDEX_URL", "value": "https://pypi.example.com/simple"}]


def test_only_the_image_whose_pins_are_loosened_is_told_so() -> None:
    loose = replace(NOTEBOOKS, loosen_pins=True)
    env = config(loose, Wishes())["spec"]["strategy"]["sourceStrategy"]["env"]
    assert env == [{"name": "JHOS_LOOSEN_PINS", "value": "true"}]
    assert "env" not in config(NOTEBOOKS, Wishes())["spec"]["strategy"]["sourceStrategy"]
    assert content_hash(loose, "b") != content_hash(NOTEBOOKS, "b")


@pytest.mark.parametrize("image", [*catalog().values(), NOTEBOOKS], ids=lambda each: each.name)
def test_every_image_says_where_its_own_builder_scripts_are(image: Image) -> None:
    output = config(image)["spec"]["output"]
    labels = {each["name"]: each["value"] for each in output["imageLabels"]}
    assert labels["io.openshift.s2i.scripts-url"] == "image:///opt/app-root/builder"


def test_the_image_of_a_deployment_bears_its_label() -> None:
    assert config(NOTEBOOKS)["metadata"]["labels"]["app"] == "course"
    assert "app" not in config(catalog()["hub"])["metadata"]["labels"]


def test_a_clone_of_jhos_is_built_from_the_folder_of_the_image() -> None:
    image = from_git(catalog()["minimal"], Git(uri="https://example.com/jhos.git"))
    assert config(image)["spec"]["source"]["contextDir"] == "notebook-images/minimal"


def test_parents_come_first_and_once() -> None:
    keys = [image.key for image in with_parents([catalog()["tensorflow"], catalog()["minimal"]])]
    assert keys == ["minimal", "scipy", "tensorflow"]
