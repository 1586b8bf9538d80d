"""An object of somebody else that has a name of ours, met by a first deployment."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from jhos.actions.pipeline import Manner, carry_out
from jhos.events import silent
from jhos.objects import RENDERED, Object, ObjectRef, annotations_of, labels_of, timestamp
from jhos.plan import belongs_to
from jhos.sandbox import faultclient
from jhos.sandbox.layout import Layout
from tests.engine.conftest import IMAGES, Jhos, Kubectl, Reach, given


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
    return json.dumps([labels_of(obj), annotations_of(obj).get(RENDERED), obj.get("spec")])


class Controller:
    """A clock; what waits for it finds that a controller has written into an object meanwhile."""

    def __init__(self, write: Callable[[], object]) -> None:
        self.write = write

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, _: float, /) -> None:
        self.write()


@pytest.mark.parametrize("kind", ["ServiceAccount", "Service"])
def test_a_new_object_is_ours_though_a_controller_wrote_into_it(
    server: Layout, kubectl: Kubectl, reach: Reach, kind: str
) -> None:
    cluster, name = reach(), f"written-{kind.lower()}"
    ref = ObjectRef(kind, f"{name}-hub")
    cluster.wire.clock = Controller(lambda: kubectl("annotate", kind, ref.name, "seen=yes"))
    path = f"*/{kind.lower()}s/{ref.name}"
    faultclient.add(server, effect="lose", methods=["PATCH"], path=path, count=1)
    manner = Manner(timeout_s=60, report=silent, wait=False, check=False)
    carry_out(cluster, name, given(name), manner)
    found = cluster.get(ref)
    assert found
    assert annotations_of(found)["seen"] == "yes"
    assert belongs_to(name, found)


def test_an_object_that_exists_without_our_label_stays_without_it(jhos: Jhos, reach: Reach) -> None:
    """None of its fields differs from ours, so no conflict tells whose it is."""
    cluster, taken = reach(), ObjectRef("NetworkPolicy", "quiet-hub")
    created = cluster.create(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": taken.name},
        }
    )
    while timestamp(datetime.now(UTC)) <= created["metadata"]["creationTimestamp"]:
        pass  # the server counts in whole seconds
    deploy = ("deploy", "--name", "quiet", *IMAGES, "--no-wait", "--no-check")
    assert f"{taken} exists already and does not belong" in jhos(*deploy, code=4).stderr
    found = cluster.get(taken)
    assert found
    assert not belongs_to("quiet", found)
