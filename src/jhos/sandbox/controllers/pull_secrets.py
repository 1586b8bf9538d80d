"""Image pull secrets: each service account gets one, with a token for the cluster's registry.

Two controllers as in openshift/openshift-controller-manager, pkg/internalregistry/controllers: one
names the secret in the account and creates it empty, the other writes the token into it.
"""

import hashlib
import json
import secrets
import time
from base64 import b64decode, b64encode, urlsafe_b64decode
from typing import Any

from jhos.sandbox.client import Object
from jhos.sandbox.controllers.informers import Key
from jhos.sandbox.controllers.loop import Control, Loop
from jhos.sandbox.controllers.meta import annotations, is_deleting
from jhos.sandbox.controllers.namespaces import SERVICE_ACCOUNTS
from jhos.sandbox.images import REGISTRY

SECRETS = "api/v1/secrets"
ACCOUNT_MANAGER = "openshift.io/image-registry-pull-secrets_service-account-controller"
TOKEN_MANAGER = "openshift.io/image-registry-pull-secrets_image-pull-secret-controller"
SECRET_OF_ACCOUNT = "openshift.io/internal-registry-pull-secret-ref"
ACCOUNT_OF_SECRET = "openshift.io/internal-registry-auth-token.service-account"
BINDING = "openshift.io/internal-registry-auth-token.binding"
TYPE, DATA_KEY = "kubernetes.io/dockercfg", ".dockercfg"
ADDRESSES = (REGISTRY, REGISTRY.replace(".svc:", ".svc.cluster.local:"))
LONGEST_BASE = 58
LETTERS = "bcdfghjklmnpqrstvwxz2456789"
REFRESH_BEFORE_S = 600


class AccountPullSecrets:
    """The controller of the accounts, and of the empty secrets."""

    def __init__(self, control: Control) -> None:
        self.client = control.client
        self.accounts, self.secrets = control.informer(SERVICE_ACCOUNTS), control.informer(SECRETS)
        self.loop = Loop("account-pull-secrets", self.reconcile)
        self.accounts.listen(self.loop.on_change)
        self.secrets.listen(self._on_secret)

    async def run(self) -> None:
        await self.loop.run()

    def _on_secret(self, _event: str, secret: Object) -> None:
        if account := _account_of(secret):
            self.loop.add((secret["metadata"]["namespace"], account))

    async def reconcile(self, key: Key) -> float | None:
        account = self.accounts.get(*key)
        if account is None or is_deleting(account):
            return None
        name = annotations(account).get(SECRET_OF_ACCOUNT) or self._secret_name(account)
        if not _names(account, name):
            applied = _account_patch(account, name)
            account = self.accounts.written(
                await self.client.apply(SERVICE_ACCOUNTS, applied, ACCOUNT_MANAGER)
            )
        held = self.secrets.get(key[0], name)
        if held is None or not _is_owned_by(held, account):
            applied = _secret_patch(account, name, held)
            self.secrets.written(await self.client.apply(SECRETS, applied, ACCOUNT_MANAGER))
        return None

    def _secret_name(self, account: Object) -> str:
        """Return the name of the secret that the account has, else a new one."""
        meta = account["metadata"]
        for secret in self.secrets.all(meta["namespace"]):
            if _account_of(secret) == meta["name"]:
                return str(secret["metadata"]["name"])
        suffix = "".join(secrets.choice(LETTERS) for _ in range(5))
        return f"{_base_name(meta['name'])}{suffix}"


class PullTokens:
    """The controller of the tokens."""

    def __init__(self, control: Control) -> None:
        self.client = control.client
        self.secrets = control.informer(SECRETS)
        self.loop = Loop("pull-tokens", self.reconcile)
        self.secrets.listen(self._on_secret)

    async def run(self) -> None:
        await self.loop.run()

    def _on_secret(self, event: str, secret: Object) -> None:
        if event != "DELETED" and _account_of(secret):
            self.loop.on_change(event, secret)

    async def reconcile(self, key: Key) -> float | None:
        secret = self.secrets.get(*key)
        if secret is None or is_deleting(secret):
            return None
        left_s = _valid_for_s(secret)
        if left_s <= 0:
            secret = self.secrets.written(await self._renew(key[0], secret))
            left_s = _valid_for_s(secret)
        return max(left_s, 1.0)

    async def _renew(self, namespace: str, secret: Object) -> Object:
        meta = secret["metadata"]
        bound = {"apiVersion": "v1", "kind": "Secret", "name": meta["name"], "uid": meta["uid"]}
        request = {"spec": {"boundObjectRef": bound}}
        tail = f"{_account_of(secret)}/token"
        answer = await self.client.post(SERVICE_ACCOUNTS, namespace, tail, request)
        applied = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": meta["name"],
                "namespace": namespace,
                "uid": meta["uid"],
                "annotations": {BINDING: "bound"},
            },
            "type": TYPE,
            "data": {DATA_KEY: _registry_logins(answer["status"]["token"])},
        }
        return await self.client.apply(SECRETS, applied, TOKEN_MANAGER)


def _account_of(secret: Object) -> str:
    """Return the account of a managed pull secret; empty for any other secret."""
    return annotations(secret).get(ACCOUNT_OF_SECRET, "") if secret.get("type") == TYPE else ""


def _base_name(account: str) -> str:
    """`hub-dockercfg-`; a name that is too long is cut, with a hash in place of its end."""
    suffix = "dockercfg-"
    if len(account) + 1 + len(suffix) <= LONGEST_BASE:
        return f"{account}-{suffix}"
    digest = hashlib.sha256(account.encode()).hexdigest()[:8]
    return f"{account[: LONGEST_BASE - len(suffix) - 10]}-{digest}-{suffix}"


def _names(account: Object, secret: str) -> bool:
    """Return whether the account names the secret in all three places."""
    listed = (account.get(field) or [] for field in ("imagePullSecrets", "secrets"))
    return annotations(account).get(SECRET_OF_ACCOUNT) == secret and all(
        any(each.get("name") == secret for each in entries) for entries in listed
    )


def _account_patch(account: Object, secret: str) -> Object:
    """Name the secret; the pull secrets are one atomic list, so the others are repeated."""
    meta, pulls = account["metadata"], account.get("imagePullSecrets") or []
    patch: Object = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": meta["name"],
            "namespace": meta["namespace"],
            "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"],
            "annotations": {SECRET_OF_ACCOUNT: secret},
        },
        "secrets": [{"name": secret}],
    }
    others = [each for each in pulls if each.get("name") != secret]
    return {**patch, "imagePullSecrets": [*others, {"name": secret}]}


def _is_owned_by(secret: Object, account: Object) -> bool:
    owners = secret["metadata"].get("ownerReferences") or []
    owned = any(each["uid"] == account["metadata"]["uid"] for each in owners)
    return owned and _account_of(secret) == account["metadata"]["name"]


def _secret_patch(account: Object, name: str, held: Object | None) -> Object:
    """The secret, empty at first: it is deleted with its account, which owns it."""
    meta = account["metadata"]
    owner = {"apiVersion": "v1", "kind": "ServiceAccount", "name": meta["name"], "uid": meta["uid"]}
    content = (held or {}).get("data", {}).get(DATA_KEY) or b64encode(b"{}").decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "annotations": {ACCOUNT_OF_SECRET: meta["name"]},
            "ownerReferences": [owner],
        },
        "type": TYPE,
        "data": {DATA_KEY: content},
    }


def _registry_logins(token: str) -> str:
    entry = {"auth": b64encode(f"<token>:{token}".encode()).decode()}
    return b64encode(json.dumps(dict.fromkeys(ADDRESSES, entry)).encode()).decode()


def _valid_for_s(secret: Object) -> float:
    """Seconds until the token is renewed; not positive without a token for each address."""
    try:
        logins = json.loads(b64decode(secret["data"][DATA_KEY]))
        ends = [_end_of(logins[address]["auth"]) for address in ADDRESSES]
    except (KeyError, ValueError):
        return 0.0
    return min(ends) - time.time() - REFRESH_BEFORE_S


def _end_of(login: str) -> float:
    payload = b64decode(login).decode().partition(":")[2].split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return float(claims["exp"])
