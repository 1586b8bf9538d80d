"""What users find in their servers beside the image: their own volume, shared ones, secrets."""

from collections.abc import Mapping
from typing import Any

from traitlets.config import Config

SEED = "seed-volume"
SEEDED = "/volume"
# Each entry of the image's directory lands whole, and never over one that is there. A copy that
# was cut off begins anew. Without braces: the spawner fills in what stands between those.
SCRIPT = """
set -e
[ -e "$2/.jhos-seeded" ] && exit 0
if [ ! -d "$1" ]; then : > "$2/.jhos-seeded"; exit 0; fi
rm -rf "$2/.jhos-seed" && mkdir "$2/.jhos-seed"
cp -R "$1/." "$2/.jhos-seed/"
cd "$2/.jhos-seed"
for entry in .[!.]* ..?* *; do
    if [ -e "$entry" ] && [ ! -e "$2/$entry" ]; then mv "$entry" "$2/$entry"; fi
done
rm -rf "$2/.jhos-seed"
: > "$2/.jhos-seeded"
"""


def update_volumes(c: Config, settings: Mapping[str, Any]) -> None:
    notebook, storage = settings["notebook"], settings["storage"]
    volumes: dict[str, Any] = {}
    mounts: dict[str, Any] = {}
    for number, given in enumerate(notebook["mount_secrets"]):
        name, path, _ = _mount(given)
        volumes[f"secret-{number}"] = {"name": f"secret-{number}", "secret": {"secretName": name}}
        mounts[f"secret-{number}"] = _mounted(f"secret-{number}", path, read_only=True)
    for number, given in enumerate(notebook["mount_pvcs"]):
        name, path, read_only = _mount(given)
        claim = {"claimName": name, "readOnly": read_only}
        volumes[f"shared-{number}"] = {"name": f"shared-{number}", "persistentVolumeClaim": claim}
        mounts[f"shared-{number}"] = _mounted(f"shared-{number}", path, read_only=read_only)
    if storage["size"]:
        _update_claim(c, storage)
        volumes["home"] = {"name": "home", "persistentVolumeClaim": {"claimName": "{pvc_name}"}}
        mounts["home"] = home_mount(storage["mount_path"])
        c.KubeSpawner.init_containers = [seed(notebook)]
    if volumes:
        c.KubeSpawner.volumes = volumes
        c.KubeSpawner.volume_mounts = mounts


def _update_claim(c: Config, storage: Mapping[str, Any]) -> None:
    c.KubeSpawner.storage_pvc_ensure = True
    c.KubeSpawner.storage_capacity = storage["size"]
    c.KubeSpawner.storage_access_modes = [storage["access_mode"]]
    if storage["storage_class"]:
        c.KubeSpawner.storage_class = storage["storage_class"]


def home_mount(path: str) -> dict[str, Any]:
    return _mounted("home", path, read_only=False)


def seed(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Copies what the image has where the volume will lie; the spawner fills in which image."""
    return {
        "name": SEED,
        "image": notebook["image"],
        "command": ["sh", "-c", SCRIPT, "sh"],
        "resources": {
            "requests": {"memory": notebook["memory_request"], "cpu": notebook["cpu_request"]},
            "limits": {"memory": notebook["memory"], "cpu": notebook["cpu"]},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "home", "mountPath": SEEDED}],
    }


def fits(container: Any, pod: Any) -> bool:
    """Fit the seeding to the server that `pod` starts: its image, and where its volume lies.

    False: it has nothing to seed, since the user's configuration has other volumes.
    """
    if container.name != SEED:
        return True
    server = pod.spec.containers[0]
    paths = [_path(each) for each in server.volume_mounts or [] if _name(each) == "home"]
    container.image = server.image
    container.args = [*paths[:1], SEEDED]
    return bool(paths)


def _name(mount: Any) -> str:
    return str(mount["name"] if isinstance(mount, dict) else mount.name)


def _path(mount: Any) -> str:
    return str(mount["mountPath"] if isinstance(mount, dict) else mount.mount_path)


def _mounted(name: str, path: str, *, read_only: bool) -> dict[str, Any]:
    return {"name": name, "mountPath": path} | ({"readOnly": True} if read_only else {})


def _mount(given: str) -> tuple[str, str, bool]:
    """`NAME=/path[:ro]`."""
    name, _, path = given.partition("=")
    return name, path.removesuffix(":ro"), path.endswith(":ro")
