"""Paths lead to resources, and methods to verbs."""

import pytest

from jhos.sandbox.paths import ResourcePath, parse, verb

CASES = [
    ("/api/v1/pods", ResourcePath("", "v1", "", "pods")),
    ("/api/v1/namespaces/a/pods/b", ResourcePath("", "v1", "a", "pods", "b")),
    ("/api/v1/namespaces/a/pods/b/log", ResourcePath("", "v1", "a", "pods", "b", "log")),
    ("/api/v1/namespaces/a", ResourcePath("", "v1", "a", "namespaces", "a")),
    ("/api/v1/namespaces/a/status", ResourcePath("", "v1", "a", "namespaces", "a", "status")),
    ("/apis/apps/v1/deployments", ResourcePath("apps", "v1", "", "deployments")),
    (
        "/apis/build.openshift.io/v1/namespaces/a/buildconfigs/b/webhooks/word/generic",
        ResourcePath(
            "build.openshift.io", "v1", "a", "buildconfigs", "b", "webhooks", tail="word/generic"
        ),
    ),
    ("/api/v1/watch/namespaces/a/pods", ResourcePath("", "v1", "a", "pods", watch=True)),
]


@pytest.mark.parametrize(("path", "expected"), CASES)
def test_a_path_is_taken_apart(path: str, expected: ResourcePath) -> None:
    assert parse(path) == expected


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1", "/apis/apps/v1", "/version", "/openapi/v3"]
)
def test_other_paths_lead_to_no_resource(path: str) -> None:
    assert parse(path) is None


@pytest.mark.parametrize(
    ("method", "path", "watch", "expected"),
    [
        ("GET", "/api/v1/pods", False, "list"),
        ("GET", "/api/v1/pods", True, "watch"),
        ("GET", "/api/v1/namespaces/a/pods/b", False, "get"),
        ("POST", "/api/v1/namespaces/a/pods", False, "create"),
        ("PUT", "/api/v1/namespaces/a/pods/b", False, "update"),
        ("PATCH", "/api/v1/namespaces/a/pods/b", False, "patch"),
        ("DELETE", "/api/v1/namespaces/a/pods/b", False, "delete"),
        ("DELETE", "/api/v1/namespaces/a/pods", False, "deletecollection"),
    ],
)
def test_a_method_is_a_verb(method: str, path: str, watch: bool, expected: str) -> None:
    parsed = parse(path)
    assert parsed is not None
    assert verb(method, parsed, watch=watch) == expected
