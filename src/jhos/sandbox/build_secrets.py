"""The Secrets of a build: what it clones with, and files that lie beside its source meanwhile."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from jhos.sandbox.client import Object
from jhos.sandbox.source import BuildFailed

Secrets = Mapping[str, Mapping[str, bytes]]  # by name, then by key
SECRETS = "api/v1/secrets"
_PLACE = "/tmp/"  # of what a build sees, the part that no image keeps


def names(build: Object) -> set[str]:
    """Of all Secrets that the build uses."""
    source = build["spec"].get("source") or {}
    used = {entry["secret"]["name"] for entry in source.get("secrets") or []}
    return used | ({source["sourceSecret"]["name"]} if source.get("sourceSecret") else set())


def decoded(secret: Object) -> dict[str, bytes]:
    return {key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()}


def lay(build: Object, secrets: Secrets, scratch: Path) -> list[Path]:
    """Write the files of `source.secrets` below `scratch`, the build's /tmp, and return them."""
    files = []
    for entry in (build["spec"].get("source") or {}).get("secrets") or []:
        target, name = entry.get("destinationDir") or "", entry["secret"]["name"]
        if not f"{target}/".startswith(_PLACE) or ".." in Path(target).parts:
            message = f"the sandbox lays secret {name} below /tmp only, not in {target or '.'}"
            raise BuildFailed("FetchSourceFailed", message)
        folder = scratch / target.removeprefix(_PLACE)
        folder.mkdir(parents=True, exist_ok=True)
        for key, content in secrets.get(name, {}).items():
            (folder / key).write_bytes(content)
            files.append(folder / key)
    return files


def remove(files: Sequence[Path], scratch: Path) -> None:
    """Delete the files after assemble, which S2I expects to find there still."""
    for file in files:
        try:
            file.unlink()
        except FileNotFoundError:
            path = f"{_PLACE}{file.relative_to(scratch)}"
            message = f"rm: cannot remove '{path}': No such file or directory"
            raise BuildFailed("GenericBuildFailed", message) from None


def git_environment(build: Object, secrets: Secrets, home: Path) -> dict[str, str]:
    """What git needs to clone a private repository; its files lie in `home`.

    Source: https://docs.openshift.com/container-platform/4.17/cicd/builds/creating-build-inputs.html
    """
    source = build["spec"].get("source") or {}
    if not source.get("sourceSecret"):
        return {}
    secret = secrets.get(source["sourceSecret"]["name"], {})
    home.mkdir(mode=0o700)
    environment = {"HOME": str(home)}
    if password := secret.get("password", b"").decode():
        host = urlsplit(source["git"]["uri"]).hostname
        user = secret.get("username", b"git").decode()
        (home / ".netrc").write_text(f"machine {host} login {user} password {password}\n")
    if key := secret.get("ssh-privatekey"):
        (home / "key").write_bytes(key)
        (home / "key").chmod(0o600)
        options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
        environment["GIT_SSH_COMMAND"] = f"ssh -i {home / 'key'} {options}"
    if authority := secret.get("ca.crt"):
        (home / "ca.crt").write_bytes(authority)
        environment["GIT_SSL_CAINFO"] = str(home / "ca.crt")
    if settings := secret.get(".gitconfig"):
        (home / ".gitconfig").write_bytes(settings)
    return environment
