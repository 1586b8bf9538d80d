"""What a cluster measures, joined with what its pods may use."""

from decimal import Decimal
from typing import Any

import pytest

from jhos.actions.top import top
from jhos.errors import JhosError


class Measured:
    """Of a cluster, its groups and two lists."""

    namespace = "demo"

    def __init__(self, groups: set[str], **lists: list[dict[str, Any]]) -> None:
        self.known, self.lists = groups, lists

    def groups(self) -> set[str]:
        return self.known

    def list(self, kind: str, *_: str) -> tuple[list[dict[str, Any]], str]:
        return self.lists[kind], "1"


def pod(name: str, component: str, **limits: str) -> dict[str, Any]:
    meta = {"name": name, "labels": {"component": component}}
    return {"metadata": meta, "spec": {"containers": [{"resources": {"limits": limits}}]}}


def metrics(name: str, memory: str, cpu: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "containers": [{"usage": {"memory": memory, "cpu": cpu}}]}


def test_a_cluster_that_measures_nothing_says_so() -> None:
    with pytest.raises(JhosError, match="does not measure pods"):
        top(Measured(set()), "alpha")  # type: ignore[arg-type] # all of Cluster that it uses


def test_the_largest_comes_first_with_its_limit() -> None:
    cluster = Measured(
        {"metrics.k8s.io"},
        PodMetrics=[metrics("a", "100Mi", "5m"), metrics("b", "1Gi", "250000000n"),
                    metrics("gone", "9Gi", "1")],
        Pod=[pod("a", "hub", memory="512Mi", cpu="1"), pod("b", "singleuser-server")],
    )  # fmt: skip
    first, second = top(cluster, "alpha")  # type: ignore[arg-type] # all of Cluster that it uses
    assert (first.pod, first.component, first.memory_limit) == ("b", "server", None)
    assert float(first.cpu) == 0.25
    assert int(second.memory) == 100 * 2**20
    assert second.memory_limit == Decimal(512 * 2**20)
