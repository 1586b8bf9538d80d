import pytest

from jhos.objects import Object, masked, of_component


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_what_may_be_a_password_is_not_shown(kind: str) -> None:
    shown = masked({"kind": kind, "metadata": {"name": "a"}, "data": {"key": "canary"}})
    assert shown == {"kind": kind, "metadata": {"name": "a"}, "data": {"key": "…"}}


def test_other_objects_are_shown_as_they_are() -> None:
    obj: Object = {"kind": "Service", "spec": {"ports": []}}
    assert masked(obj) == obj


def test_the_key_of_a_certificate_is_not_shown() -> None:
    route = {"kind": "Route", "spec": {"tls": {"key": "canary", "certificate": "public"}}}
    assert masked(route)["spec"]["tls"] == {"key": "…", "certificate": "public"}


@pytest.mark.parametrize(
    ("components", "selector"),
    [(("hub",), "app=course,component=hub"), (("a", "b"), "app=course,component in (a,b)")],
)
def test_objects_are_selected_by_their_components(
    components: tuple[str, ...], selector: str
) -> None:
    assert of_component("course", *components) == selector
