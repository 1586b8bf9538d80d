"""What counts as left over, from objects alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from jhos.actions.doctor import _pods, _streams, _with_hidden
from jhos.configuration import parted
from tests.cluster.answering import Answer, answering, cluster_at

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def pod(user: str, **meta: Any) -> dict[str, Any]:
    annotations = {"hub.jupyter.org/username": user}
    named = {"name": f"a-nb-{user}", "uid": user, "annotations": annotations, **meta}
    return {"kind": "Pod", "metadata": named}


def stream(name: str) -> dict[str, Any]:
    return {"kind": "ImageStream", "metadata": {"name": name, "uid": name}}


def built_on(base: str, name: str) -> dict[str, Any]:
    source = {"from": {"kind": "ImageStreamTag", "name": f"{base}:3.12"}}
    return {"metadata": {"name": name}, "spec": {"strategy": {"sourceStrategy": source}}}


def config(python: str = "", **settings: Any) -> dict[str, Any]:
    text = yaml.safe_dump({"name": "a", **settings})
    return {"data": {"settings.yaml": text, "jupyterhub_config.py": python}}


def test_pods_of_servers_that_the_hub_knows_are_no_leftovers() -> None:
    found = _pods([pod("ada"), pod("bob")], {("ada", "")}, NOW)
    assert [each.title for each in found] == ["pod/a-nb-bob"]


def test_a_pod_that_is_just_being_deleted_is_none_but_one_that_stays_is_forced() -> None:
    fresh = pod("ada", deletionTimestamp="2026-11-27T11:59:30Z")
    stuck = pod("bob", deletionTimestamp="2026-11-27T11:00:00Z")
    (found,) = _pods([fresh, stuck], {("bob", "")}, NOW)
    assert (found.title, found.force) == ("pod/a-nb-bob", True)


def test_an_image_is_used_by_settings_a_configuration_or_what_is_built_on_it() -> None:
    names = ("jupyterhub", "s2i-minimal-notebook", "s2i-scipy-notebook", "a-nb", "own", "forgotten")
    configs = [built_on("s2i-minimal-notebook", "s2i-scipy-notebook"), built_on("own", "forgotten")]
    maps = [
        config("c.KubeSpawner.image = 'own:latest'", notebook={"image": "s2i-scipy-notebook:3.12"}),
        {"data": {"objects": "ConfigMap/a-cfg"}},
    ]
    found = _streams(map(stream, names), configs, maps)
    assert [each.title for each in found] == ["imagestream/forgotten"]


def test_an_image_that_only_a_file_with_secrets_names_is_used(tmp_path: Path) -> None:
    text = "c.X.token = 'abc'\nc.KubeSpawner.image = 'gpu:1'\n"
    files = parted("alpha", {"jupyterhub_config.py": text})
    data = {"settings.yaml": yaml.safe_dump({"name": "alpha"}), **files.config}
    config = {"metadata": {"name": "alpha-cfg"}, "data": data}
    with answering(lambda _: Answer(body={"data": files.secret})) as server:
        whole = _with_hidden(cluster_at(server.address, tmp_path), config)
    assert not _streams([stream("gpu")], [], [whole])
