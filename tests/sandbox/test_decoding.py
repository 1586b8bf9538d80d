"""Bodies are held to the schema of their kind."""

from typing import Any

import pytest

from jhos.sandbox import decoding, schema


def decode(kind: str, body: Any, group: str = "") -> tuple[Any, list[str]]:
    return decoding.decode(schema.of(group, "v1", kind), body, kind)


def test_an_unknown_field_is_dropped_and_named() -> None:
    body = {"metadata": {"name": "a", "nonsense": 1}, "date": {}}
    assert decode("ConfigMap", body) == ({"metadata": {"name": "a"}}, ["metadata.nonsense", "date"])


def test_an_unknown_field_of_a_list_entry_is_named_by_its_place() -> None:
    spec = {"containers": [{"name": "c", "imagePolicy": "x"}]}
    assert decode("Pod", {"spec": spec})[1] == ["spec.containers[0].imagePolicy"]


def test_nulls_go_also_out_of_lists() -> None:
    spec = {"containers": [None, {"name": "c", "env": None}], "nodeName": None}
    assert decode("Pod", {"spec": spec})[0] == {"spec": {"containers": [{"name": "c"}]}}


def test_quantities_come_out_in_their_canonical_form() -> None:
    resources = {"limits": {"memory": "1024Mi", "cpu": 1}}
    found, _ = decode("Pod", {"spec": {"containers": [{"name": "c", "resources": resources}]}})
    limits = found["spec"]["containers"][0]["resources"]["limits"]
    assert limits == {"memory": "1Gi", "cpu": "1"}


def test_an_empty_map_goes_and_an_empty_object_stays() -> None:
    body: Any = {"spec": {"nodeSelector": {}, "containers": [], "securityContext": {}}}
    assert decode("Pod", body)[0] == {"spec": {"containers": [], "securityContext": {}}}


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("ConfigMap", {"data": {"a": 1}},
         "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"),
        ("Secret", {"data": {"a": "not base64!"}}, "illegal base64 data at input byte 3"),
        ("ConfigMap", {"metadata": {"creationTimestamp": "now"}}, 'parsing time "now" as "2006-'),
        ("Pod", {"spec": []}, "json: cannot unmarshal array into Go struct field Pod.spec"),
    ],
)  # fmt: skip
def test_a_wrong_type_is_refused_in_the_words_of_the_api(
    kind: str, body: Any, message: str
) -> None:
    with pytest.raises(decoding.Undecodable) as error:
        decode(kind, body)
    assert str(error.value).startswith(message)


def test_a_kind_without_a_definition_is_taken_as_it_is() -> None:
    body = {"metadata": {"name": "a", "odd": 1}, "provisioner": "x", "parameters": {"a": "b"}}
    found, unknown = decode("StorageClass", body, "storage.k8s.io")
    assert found == {"metadata": {"name": "a"}, "provisioner": "x", "parameters": {"a": "b"}}
    assert unknown == ["metadata.odd"]
