"""A login written into a kubeconfig as `oc login` does, and taken out again."""

import base64
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from jhos.errors import ClusterUnreachable, JhosError

Document = dict[str, Any]
_PARTS = ("clusters", "users", "contexts")
MISSHAPEN = (AttributeError, KeyError, TypeError, ValueError)  # YAML, but no kubeconfig
HOW = (
    "Log in with `jhos login SERVER`, name a file with --kubeconfig, or try it here with --sandbox."
)
_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True)
class Login:
    """Who is logged in where. `authority`: PEM of the server's CA; None: this machine's own."""

    server: str
    user: str
    token: str
    authority: str | None = None
    insecure: bool = False


def path_of(kubeconfig: str | None) -> Path:
    """The file that a login is written to: the first of KUBECONFIG's."""
    paths = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    return Path(next(filter(None, paths.split(os.pathsep)), "~/.kube/config")).expanduser()


def merged(paths: str) -> Document:
    """Clusters, users, contexts and the current context of the files; the first that names a thing
    counts.

    Raises ClusterUnreachable for one that cannot be read.
    """
    documents = [_read(Path(each).expanduser()) for each in paths.split(os.pathsep) if each]
    current = (each.get("current-context") for each in documents)
    return {
        **{part: [entry for each in documents for entry in each[part]] for part in _PARTS},
        "current-context": next(filter(None, current), None),
    }


def entry_of(document: Document, part: str, name: str | None) -> Document:
    """Of `clusters`, `users` or `contexts`; {} where there is none."""
    for each in document[part]:
        if each.get("name") == name:
            found: Document = each.get(part.removesuffix("s")) or {}
            return found
    return {}


def context_names(kubeconfig: str | None) -> list[str]:
    """Of all the files; none of one that cannot be read."""
    paths = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    names = []
    for path in filter(None, paths.split(os.pathsep)):
        with suppress(JhosError, OSError):
            contexts = _read(Path(path).expanduser()).get("contexts") or []
            names += [str(each["name"]) for each in contexts if "name" in each]
    return names


def known_authority(path: Path, server: str) -> str | None:
    """PEM of the CA that the file has for the server already."""
    for each in _read(path)["clusters"]:
        if each["cluster"].get("server") == server:
            data = each["cluster"].get("certificate-authority-data")
            return base64.b64decode(data).decode() if data else None
    return None


def add(path: Path, login: Login, namespace: str | None) -> str:
    """Write the login and make its context the current one; returns the context's name.

    What the file knows of the cluster already stays. `namespace` None: the context's, if any.
    """
    document = _read(path)
    cluster = _cluster(document, login)
    host = _host(login.server)
    user = f"{login.user}/{host}"
    _put(document, "users", {"name": user, "user": {"token": login.token}})
    held = namespace or _namespace(document, cluster, user) or "default"
    context = f"{held}/{host}/{login.user}"
    entry = {"cluster": cluster, "user": user, "namespace": held}
    _put(document, "contexts", {"name": context, "context": entry})
    document["current-context"] = context
    _write(path, document)
    return context


def forget(path: Path, context: str | None) -> Login | None:
    """Take the token of a context's user out, and return what was there; None: no such login."""
    document = _read(path)
    wanted = context or document.get("current-context")
    contexts = {each["name"]: each["context"] for each in document["contexts"]}
    if wanted not in contexts:
        return None
    found = contexts[wanted]
    users = {each["name"]: each.get("user") or {} for each in document["users"]}
    clusters = {each["name"]: each["cluster"] for each in document["clusters"]}
    user, cluster = users.get(found["user"], {}), clusters.get(found["cluster"], {})
    if "token" not in user:
        return None
    data = cluster.get("certificate-authority-data")
    login = Login(
        server=cluster.get("server", ""),
        user=found["user"].partition("/")[0],
        token=user.pop("token"),
        authority=base64.b64decode(data).decode() if data else None,
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
    )
    _write(path, document)
    return login


def unusable(paths: Path | str, error: Exception) -> ClusterUnreachable:
    why = "it is none" if isinstance(error, MISSHAPEN) else " ".join(str(error).split())
    return ClusterUnreachable(f"The kubeconfig {paths} cannot be used: {why}.", HOW)


def _read(path: Path) -> Document:
    try:
        document = yaml.load(path.read_text(), _FAST) if path.exists() else None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise unusable(path, error) from error
    document = document or {"apiVersion": "v1", "kind": "Config"}
    if not isinstance(document, dict):
        raise unusable(path, TypeError())
    return document | {key: document.get(key) or [] for key in _PARTS}


def _write(path: Path, document: Document) -> None:
    """Readers see the old file or the new one, never half of it; its owner alone may read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(yaml.safe_dump(document, sort_keys=False))
    new.rename(path.resolve())


def _cluster(document: Document, login: Login) -> str:
    """The name of the server's entry, which is made where there is none."""
    entry: Document = {"server": login.server}
    name = _host(login.server)
    for each in document["clusters"]:
        if each["cluster"].get("server") == login.server:
            name, entry = each["name"], each["cluster"]
    for key in ("certificate-authority-data", "insecure-skip-tls-verify"):
        entry.pop(key, None)
    if login.insecure:
        entry["insecure-skip-tls-verify"] = True
    elif login.authority:
        entry["certificate-authority-data"] = base64.b64encode(login.authority.encode()).decode()
    _put(document, "clusters", {"name": name, "cluster": entry})
    return name


def _put(document: Document, part: str, entry: Document) -> None:
    others = [each for each in document[part] if each["name"] != entry["name"]]
    document[part] = [*others, entry]


def _namespace(document: Document, cluster: str, user: str) -> str | None:
    for each in document["contexts"]:
        held = each["context"]
        if (held.get("cluster"), held.get("user")) == (cluster, user):
            namespace: str | None = held.get("namespace")
            return namespace
    return None


def _host(server: str) -> str:
    """`api-example-com:6443`, as in the names that `oc` gives."""
    return re.sub(r"^https?://", "", server).rstrip("/").replace(".", "-")
