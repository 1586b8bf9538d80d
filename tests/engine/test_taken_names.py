"""An object of somebody else that has a name of ours, met by a first deployment."""

import json

import pytest

from jhos.objects import Object, ObjectRef
from tests.engine.conftest import IMAGES, Jhos, Kubectl, Reach


@pytest.mark.parametrize("options", [[], ["--force-conflicts"]])
@pytest.mark.parametrize(
    ("kind", "part", "words"),
    [
        ("Service", "proxy", ["service", "clusterip", "--tcp=80"]),
        ("ServiceAccount", "hub", ["serviceaccount"]),
    ],
    ids=["service", "service account"],
)
def test_it_stays_as_it_was_and_so_after_a_teardown(
    jhos: Jhos, kubectl: Kubectl, reach: Reach,
    kind: str, part: str, words: list[str], options: list[str],
) -> None:  # fmt: skip
    cluster, name = reach(), f"foreign-{part}{'-forced' * bool(options)}"
    taken = ObjectRef(kind, f"{name}-{part}")
    kubectl("create", *words, taken.name)
    before = _content(cluster.get(taken))
    command = ("deploy", "--name", name, *IMAGES, "--no-wait", "--no-check", *options)
    assert f"{taken} exists already and does not belong" in jhos(*command, code=4).stderr
    assert _content(cluster.get(taken)) == before
    jhos("teardown", name, "--yes", "--delete-storage")
    assert _content(cluster.get(taken)) == before


def _content(obj: Object | None) -> str:
    assert obj
    meta = {key: obj["metadata"].get(key) for key in ("labels", "annotations")}
    return json.dumps([meta, obj.get("spec")])
