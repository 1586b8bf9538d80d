"""Tokens of users and of service accounts."""

from typing import Any

import pytest

from jhos.sandbox import authentication
from jhos.sandbox.call import ANONYMOUS, Cluster
from jhos.sandbox.failure import Failure
from jhos.sandbox.store import Store

CLUSTER = Cluster(tokens={"secret": ("alice", ("staff",))}, token_key=b"key")


def account(store: Store, uid: str = "1") -> dict[str, Any]:
    meta = {"name": "hub", "namespace": "demo", "uid": uid}
    return store.put("serviceaccounts", {"metadata": meta})


def user(token: str, store: Store, cluster: Cluster = CLUSTER) -> Any:
    return authentication.user_of(f"Bearer {token}", cluster, store)


def test_without_a_token_one_is_anonymous() -> None:
    assert authentication.user_of("", CLUSTER, Store()) == ANONYMOUS


def test_a_listed_token_is_its_user_in_the_groups_of_all() -> None:
    found = user("secret", Store())
    assert (found.name, found.groups[0], "staff" in found.groups) == (
        "alice",
        "system:authenticated",
        True,
    )


@pytest.mark.parametrize("token", ["wrong", "a.b.c", "eyJ.eyJ.x", "."])
def test_any_other_token_is_unauthorized(token: str) -> None:
    with pytest.raises(Failure, match="Unauthorized"):
        user(token, Store())


def test_an_issued_token_is_the_service_account() -> None:
    store = Store()
    token, _ = authentication.issue(account(store), b"key", 600)
    assert user(token, store).name == "system:serviceaccount:demo:hub"


def test_a_token_ends_with_its_time_its_key_or_its_account() -> None:
    store = Store()
    issued, _ = authentication.issue(account(store), b"key", 600)
    expired, _ = authentication.issue(account(store), b"key", -1)
    foreign, _ = authentication.issue(account(store), b"other", 600)
    account(store, uid="2")
    for token in (issued, expired, foreign):
        with pytest.raises(Failure):
            user(token, store)


@pytest.mark.parametrize(("kind", "plural"), [("Pod", "pods"), ("Secret", "secrets")])
def test_a_token_is_valid_as_long_as_what_it_is_bound_to_exists(kind: str, plural: str) -> None:
    store = Store()
    meta = {"name": "p", "namespace": "demo", "uid": "9"}
    holder = store.put(plural, {"kind": kind, "metadata": meta})
    token, _ = authentication.issue(account(store), b"key", 600, bound_to=holder)
    assert user(token, store).name.endswith(":hub")
    store.remove(plural, "demo", "p")
    with pytest.raises(Failure):
        user(token, store)
