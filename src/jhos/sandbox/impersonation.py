"""`kubectl --as`: who asks speaks as somebody else, where he may."""

from dataclasses import replace

from multidict import CIMultiDictProxy

from jhos.sandbox import rbac
from jhos.sandbox.authentication import account_user
from jhos.sandbox.call import ANONYMOUS, User
from jhos.sandbox.failure import Failure
from jhos.sandbox.rbac import Question
from jhos.sandbox.store import Store

AUTHENTICATED = "system:authenticated"
ACCOUNT = "system:serviceaccount:"


def user_of(headers: CIMultiDictProxy[str], user: User, store: Store) -> User:
    """The user named in the headers, or who asks; raises Failure 403 where he may not."""
    name, groups = headers.get("Impersonate-User", ""), headers.getall("Impersonate-Group", [])
    if not name:
        if groups:
            why = f"requested {groups} without impersonating a user"
            raise Failure(500, f"Internal error occurred: {why}", reason="InternalError")
        return user
    impersonated, question = _target(name)
    rbac.check(store, user, question)
    for group in groups:
        rbac.check(store, user, Question("impersonate", "", "groups", name=group))
    if not groups or impersonated == ANONYMOUS:
        return impersonated
    return replace(impersonated, groups=tuple(dict.fromkeys((*groups, AUTHENTICATED))))


def _target(name: str) -> tuple[User, Question]:
    """Who that is, and the right that it takes."""
    namespace, _, account = name.removeprefix(ACCOUNT).partition(":")
    if name.startswith(ACCOUNT) and account:
        question = Question("impersonate", "", "serviceaccounts", namespace, account)
        return account_user(namespace, account), question
    user = ANONYMOUS if name == ANONYMOUS.name else User(name, (AUTHENTICATED,))
    return user, Question("impersonate", "", "users", name=name)
