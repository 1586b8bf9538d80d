"""Bodies in protobuf, byte by byte; that kubectl's are understood, test_kubectl.py shows."""

import pytest

from jhos.sandbox import protobuf


def field(number: int, content: bytes | int) -> bytes:
    """One field of a message: a text or message, or a small number."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    return bytes([number << 3 | 2, len(content)]) + content


def envelope(version: str, kind: str, raw: bytes) -> bytes:
    head = field(1, version.encode()) + field(2, kind.encode())
    return b"k8s\0" + field(1, head) + field(2, raw)


def test_texts_maps_and_bytes_are_read() -> None:
    meta = field(1, b"a") + field(11, field(1, b"app") + field(2, b"x"))
    data = field(2, field(1, b"key") + field(2, b"\1\2"))
    assert protobuf.decode(envelope("v1", "Secret", field(1, meta) + data)) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a", "labels": {"app": "x"}},
        "data": {"key": "AQI="},
    }


def test_a_zero_counts_only_where_it_says_something() -> None:
    spec = field(1, 0) + field(5, 0) + field(7, 0)  # replicas, minReadySeconds, paused
    body = envelope("apps/v1", "Deployment", field(2, spec))
    assert protobuf.decode(body)["spec"] == {"replicas": 0}


def test_parts_of_a_volume_lie_beside_its_name() -> None:
    volume = field(1, b"v") + field(2, field(2, field(1, b"Memory")))
    found = protobuf.decode(envelope("v1", "Pod", field(2, field(1, volume))))
    assert found["spec"]["volumes"] == [{"name": "v", "emptyDir": {"medium": "Memory"}}]


def test_a_time_and_a_number_or_text_are_as_in_json() -> None:
    lease = field(4, field(1, 90) + field(2, 0))
    found = protobuf.decode(envelope("coordination.k8s.io/v1", "Lease", field(2, lease)))
    assert found["spec"]["renewTime"] == "1970-01-01T00:01:30Z"
    budget = field(1, field(1, 1) + field(3, b"50%")) + field(3, field(1, 0) + field(2, 2))
    found = protobuf.decode(envelope("policy/v1", "PodDisruptionBudget", field(2, budget)))
    assert found["spec"] == {"minAvailable": "50%", "maxUnavailable": 2}


def test_the_options_of_a_deletion_come_in_every_group() -> None:
    found = protobuf.decode(envelope("policy/v1", "DeleteOptions", field(1, 5)))
    assert found["gracePeriodSeconds"] == 5


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (envelope("v1", "ConfigMap", field(15, b"new")), "field 15 of ConfigMap"),
        (envelope("example.org/v1", "Thing", b""), "Thing of example.org/v1"),
        (envelope("v1", "ConfigMap", b"\x0a\x7f"), "cut off"),
        (envelope("v1", "ConfigMap", b"\x0a"), "a number without an end"),
        (b"{}", "does not begin"),
    ],
)
def test_what_cannot_be_read_whole_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(protobuf.Unreadable, match=told):
        protobuf.decode(body)


def test_an_unknown_field_that_is_empty_says_nothing() -> None:
    assert "data" not in protobuf.decode(envelope("v1", "ConfigMap", field(15, b"")))
