"""Where the hub is refused there is nothing to wait for: on this API server no build ever ends."""

from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag

import pytest

from jhos.actions.pipeline import Deployed
from jhos.actions.quickstart import quickstart
from jhos.cluster.client import Cluster
from jhos.errors import Refused
from jhos.events import Event, State
from jhos.images import Git, Wishes
from jhos.objects import Object, ObjectRef, labels_of
from tests.engine.conftest import IMAGE, Jhos, Reach


def begin(
    cluster: Cluster, name: str, deploy: Callable[[], Deployed], report: Callable[[Event], None]
) -> None:
    quickstart(
        cluster,
        name,
        Git(uri="https://git.example.com/notebooks.git"),
        base="registry.example.com/base:1",
        watch=False,
        loosen_pins=False,
        wishes=Wishes(),
        create=False,
        settings={"name": name},
        deploy=deploy,
        timeout_s=60,
        report=report,
    )


@pytest.mark.parametrize("at_once", [False, True])
def test_a_hub_that_is_refused_ends_the_build(reach: Reach, at_once: bool) -> None:
    cluster, name = reach(), f"refused-{at_once}".lower()

    def builds() -> list[dict[str, object]]:
        found, _ = cluster.list("Build")
        return [each["status"] for each in found if f"{name}-nb" in labels_of(each).values()]

    followed = Flag()

    def report(event: Event) -> None:
        if event.message in ("new", "pending"):
            followed.set()

    def deploy() -> Deployed:
        if not at_once:
            followed.wait(60)
        raise Refused("The quota is used up.")

    with pytest.raises(Refused, match="quota"):
        begin(cluster, name, deploy, report)
    assert builds()[0]["cancelled"]


def test_a_build_that_failed_already_is_not_told_as_cancelled(
    reach: Reach,
) -> None:
    cluster, told, ended = reach(), list[Event](), Flag()

    def report(event: Event) -> None:
        told.append(event)
        if event.message in ("new", "pending"):
            (build,) = cluster.list("Build", "buildconfig=failing-nb")[0]
            cluster.merge(ObjectRef.of(build), {"status": {"phase": "Failed"}})
        if event.state is State.FAILED:
            ended.set()

    def deploy() -> Deployed:
        assert ended.wait(60)
        raise Refused("The quota is used up.")

    with pytest.raises(Refused, match="quota"):
        begin(cluster, "failing", deploy, report)
    assert not [event for event in told if "cancelled" in event.message]


@pytest.mark.parametrize(
    ("index", "target", "peer"),
    [
        ("https://10.9.8.7/simple", "10.9.8.7/32", {"ipBlock": {"cidr": "10.9.8.7/32"}}),
        (
            "http://nexus.tools.svc:8081/simple",
            "tools",
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "tools"}}},
        ),
        ("https://1.1.1.1/simple", "", {}),
    ],
)
def test_servers_reach_an_internal_index_of_their_image(
    jhos: Jhos, reach: Reach, tmp_path: Path, index: str, target: str, peer: Object
) -> None:
    name = f"index-{target[:2] or 'public'}"
    settings = tmp_path / "jhos.yaml"
    settings.write_text(f"hub: {{image: '{IMAGE}'}}\ndatabase: {{type: sqlite}}\n")
    jhos(
        "quickstart", "--name", name, "--git-url", "https://git.example.com/notebooks.git",
        "--builder-image", "registry.example.com/base:1", "--pip-index-url", index,
        "-f", str(settings), "--timeout", "2", code=5,
    )  # fmt: skip
    policy = reach().get(ObjectRef("NetworkPolicy", f"{name}-singleuser")) or {}
    rules = [rule for rule in policy["spec"]["egress"] if "ports" not in rule]
    assert [rule["to"] for rule in rules[1:]] == ([[peer]] if peer else [])


def test_a_build_with_an_internal_index_names_the_option_for_servers(jhos: Jhos) -> None:
    words = ("--pip-index-url", "https://10.9.8.7/simple", "--timeout", "2")
    result = jhos("build-images", "minimal", *words, code=5)
    assert "jhos deploy --allow-egress 10.9.8.7/32" in result.stderr
