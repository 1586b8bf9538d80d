"""A context read from a kubeconfig; a login written into it as by `oc login`, and taken out again.

A kubeconfig may be several files, of which the first that names a thing counts. As kubectl does, a
change goes where the thing is; what is new goes into the first file that exists, else the last.
"""

import base64
import os
import re
from collections.abc import Iterable
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
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_TRUST = ("certificate-authority-data", "insecure-skip-tls-verify")


@dataclass(frozen=True, kw_only=True)
class Login:
    """Who is logged in where. `authority`: PEM of the server's CA; None: this machine's own."""

    server: str
    user: str
    token: str
    authority: str | None = None
    insecure: bool = False


@dataclass(frozen=True, kw_only=True)
class Context:
    """Where to go, and as whom: the entries of the kubeconfig `paths`."""

    paths: str
    name: str
    cluster: Document
    user: Document
    namespace: str | None


def paths_of(kubeconfig: str | None) -> list[Path]:
    """The files, whether or not they exist; at least one."""
    for named in (kubeconfig, os.environ.get("KUBECONFIG")):
        if files := [each for each in (named or "").split(os.pathsep) if each]:
            return [Path(each).expanduser() for each in files]
    return [Path("~/.kube/config").expanduser()]


def context_of(kubeconfig: str | None, wanted: str | None) -> Context:
    """The one of that name; None: the current one.

    Raises ClusterUnreachable where there is none such, or the files are no kubeconfig.
    """
    paths = paths_of(kubeconfig)
    shown = os.pathsep.join(map(str, paths))
    try:
        known = _together(map(_located, paths))
        name = wanted or known["current-context"]
        names = [str(each["name"]) for each in known["contexts"]]
        if not name:
            raise ClusterUnreachable(f"The kubeconfig {shown} names no current context.", HOW)
        if name not in names:
            there = f"There are: {', '.join(names)}." if names else "It has none."
            raise ClusterUnreachable(
                f"There is no context {name!r} in the kubeconfig {shown}.", there
            )
        found = entry_of(known, "contexts", name)
        cluster = entry_of(known, "clusters", found["cluster"])
        if not cluster.get("server"):
            raise ClusterUnreachable(
                f"The context {name!r} in the kubeconfig {shown} has no server.", HOW
            )
        user = entry_of(known, "users", found.get("user"))
    except MISSHAPEN as error:
        raise unusable(shown, error) from error
    return Context(
        paths=shown, name=name, cluster=cluster, user=user, namespace=found.get("namespace")
    )


def entry_of(document: Document, part: str, name: str | None) -> Document:
    """Of `clusters`, `users` or `contexts`; {} where there is none."""
    for each in document[part]:
        if each.get("name") == name:
            found: Document = each.get(part.removesuffix("s")) or {}
            return found
    return {}


def context_names(kubeconfig: str | None) -> list[str]:
    """Of all the files; none of one that cannot be read."""
    names = []
    for path in paths_of(kubeconfig):
        with suppress(JhosError, OSError):
            names += [str(each["name"]) for each in _read(path)["contexts"] if "name" in each]
    return names


def known_authority(paths: Iterable[Path], server: str) -> str | None:
    """PEM of the CA that the files have for the server already."""
    return _authority(_of_server(_together(map(_read, paths)), server)[1])


def add(paths: list[Path], login: Login, namespace: str | None) -> str:
    """Write the login and make its context the current one; returns the context's name.

    What the files know of the cluster already stays. `namespace` None: the context's, if any.
    """
    documents = {path: _read(path) for path in paths}
    home = documents[next(filter(Path.exists, paths), paths[-1])]
    known = _together(documents.values())
    host = _host(login.server)
    name, server = _of_server(known, login.server)
    cluster, user = name or host, f"{login.user}/{host}"
    held = namespace or _namespace(known, cluster, user) or "default"
    context = f"{held}/{host}/{login.user}"
    for part, named, entry in (
        ("clusters", cluster, _trusting(server, login)),
        ("users", user, {"token": login.token}),
        ("contexts", context, {"cluster": cluster, "user": user, "namespace": held}),
    ):
        _put(documents.values(), home, part, named, entry)
    home["current-context"] = context
    _write_changed(documents)
    return context


def forget(paths: list[Path], context: str | None) -> Login | None:
    """Take the token of a context's user out, and return what was there; None: no such login."""
    documents = {path: _read(path) for path in paths}
    known = _together(documents.values())
    found = entry_of(known, "contexts", context or known["current-context"])
    user = entry_of(known, "users", found.get("user"))
    cluster = entry_of(known, "clusters", found.get("cluster"))
    if "token" not in user:
        return None
    login = Login(
        server=cluster.get("server", ""),
        user=found["user"].partition("/")[0],
        token=user.pop("token"),
        authority=_authority(cluster),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
    )
    _write_changed(documents)
    return login


def unusable(paths: Path | str, error: Exception) -> ClusterUnreachable:
    why = "it is none" if isinstance(error, MISSHAPEN) else " ".join(str(error).split())
    return ClusterUnreachable(f"The kubeconfig {paths} cannot be used: {why}.", HOW)


def _together(documents: Iterable[Document]) -> Document:
    """With the entries themselves, not copies."""
    read = list(documents)
    current = (each.get("current-context") for each in read)
    return {
        **{part: [entry for each in read for entry in each[part]] for part in _PARTS},
        "current-context": next(filter(None, current), None),
    }


def _located(path: Path) -> Document:
    """With files by absolute paths; they are named from the kubeconfig's folder."""
    document, folder = _read(path), path.parent.absolute()
    for entry in (each.get(part) for part in ("cluster", "user") for each in document[f"{part}s"]):
        for key in filter((entry or {}).get, _FILES):
            entry[key] = str(folder / entry[key])
    return document


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


def _write_changed(documents: dict[Path, Document]) -> None:
    for path, document in documents.items():
        if document != _read(path):
            _write(path, document)


def _of_server(document: Document, server: str) -> tuple[str | None, Document]:
    """The name and the entry of its cluster; None and {} where there is none."""
    for name in {each["name"]: None for each in document["clusters"]}:
        entry = entry_of(document, "clusters", name)
        if entry.get("server") == server:
            return name, entry
    return None, {}


def _trusting(cluster: Document, login: Login) -> Document:
    """The entry of the login's cluster."""
    trust: Document = {}
    if login.insecure:
        trust = {"insecure-skip-tls-verify": True}
    elif login.authority:
        data = base64.b64encode(login.authority.encode()).decode()
        trust = {"certificate-authority-data": data}
    others = {key: value for key, value in cluster.items() if key not in _TRUST}
    return {**others, "server": login.server, **trust}


def _authority(cluster: Document) -> str | None:
    data = cluster.get("certificate-authority-data")
    return base64.b64decode(data).decode() if data else None


def _put(
    documents: Iterable[Document], home: Document, part: str, name: str, entry: Document
) -> None:
    """In place of the entry of that name, in the file that has it, else in `home`."""
    for document in documents:
        for each in document[part]:
            if each["name"] == name:
                each[part.removesuffix("s")] = entry
                return
    home[part].append({"name": name, part.removesuffix("s"): entry})


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
