"""Fields that somebody has added by hand to the objects of a deployment."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import IMAGE, IMAGES, Jhos, Kubectl

Named = set[tuple[str, str, str]]


@pytest.fixture
def patched(jhos: Jhos, kubectl: Kubectl) -> Callable[[str], None]:
    """Deploy NAME, and add a port, a variable and a container by hand."""

    def patch(title: str, **spec: Any) -> None:
        kubectl("patch", title, "-p", json.dumps({"spec": spec}), "--field-manager=by-hand")

    def deploy(name: str) -> None:
        jhos("deploy", "--name", name, *IMAGES, "--no-wait")
        patch(f"service/{name}-hub", ports=[{"name": "extra", "port": 9000}])
        sidecar = {"name": "sidecar", "image": IMAGE, "env": [{"name": "TOKEN", "value": "canary"}]}
        hub = {"name": "hub", "env": [{"name": "MORE", "value": "canary"}]}
        patch(f"deployment/{name}", template={"spec": {"containers": [hub, sidecar]}})

    return deploy


def added(name: str) -> Named:
    containers = "spec.template.spec.containers"
    return {
        ("Service", f"{name}-hub", "spec.ports[9000]"),
        ("Deployment", name, f"{containers}[sidecar]"),
        ("Deployment", name, f"{containers}[hub].env[MORE]"),
    }


def named(answer: str) -> Named:
    found = json.loads(answer)["additions"]
    assert {each["manager"] for each in found} <= {"by-hand"}
    return {(each["kind"], each["name"], each["path"]) for each in found}


def test_a_diff_lists_what_was_added_by_hand(jhos: Jhos, patched: Callable[[str], None]) -> None:
    diff = ("diff", "--name", "added")
    jhos("deploy", "--name", "added", *IMAGES, "--no-wait")
    assert jhos(*diff, "--exit-code").stdout == "Nothing would change.\n"
    patched("added")
    shown = jhos(*diff, "--exit-code").stdout
    assert "Nothing would change." in shown
    assert named(jhos(*diff, "-o", "json").stdout) == added("added")
    assert "canary" not in shown
    assert "sidecar" in jhos(*diff, "--hub-memory", "700Mi").stdout


def test_a_status_lists_what_was_added_by_hand(jhos: Jhos, patched: Callable[[str], None]) -> None:
    patched("seen-added")
    shown = jhos("status", "seen-added", code=1).stdout
    assert "spec.template.spec.containers[hub].env[MORE]" in shown
    assert "canary" not in shown
    assert named(jhos("status", "seen-added", "-o", "json", code=1).stdout) == added("seen-added")


def test_what_was_added_stays_at_the_next_deployment(
    jhos: Jhos, patched: Callable[[str], None]
) -> None:
    patched("left-added")
    jhos("deploy", "--name", "left-added", "--hub-memory", "700Mi", "--no-wait")
    assert named(jhos("diff", "--name", "left-added", "-o", "json").stdout) == added("left-added")
