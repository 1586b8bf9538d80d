"""Which images are wanted where, and the pods that bring them."""

from jhos.actions.prepull import Place, places, pod_of
from jhos.settings.load import load


def digests(specs: list[str]) -> dict[str, str]:
    return {spec: f"registry/{spec}@sha256:aa" for spec in specs}


def test_images_of_the_same_nodes_are_pulled_together() -> None:
    profiles = [
        {"name": "small", "image": "scipy"},
        {"name": "plain"},
        {"name": "gpu", "image": "tensorflow", "node_selector": {"gpu": "yes"}},
    ]
    settings = load({"notebook": {"image": "minimal"}, "profiles": profiles})
    anywhere, gpu = places(settings, ["extra"], digests)
    assert list(anywhere.images) == ["extra", "minimal", "scipy"]
    assert (dict(gpu.node_selector), list(gpu.images)) == ({"gpu": "yes"}, ["tensorflow"])


def test_a_pod_shuns_its_own_kind_and_asks_for_little() -> None:
    place = Place(node_selector={}, tolerations=(), images={"minimal": "registry/minimal"})
    pod = pod_of("alpha", 0, 1, place)
    (rule,) = pod["spec"]["affinity"]["podAntiAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert rule["labelSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    (container,) = pod["spec"]["containers"]
    assert container["image"] == "registry/minimal"
    assert set(container["resources"]) == {"requests", "limits"}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
