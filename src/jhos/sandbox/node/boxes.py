"""From a container's specification to the box that it runs in, computed."""

from collections.abc import Mapping, Sequence

from jhos.sandbox.client import Object
from jhos.sandbox.images import Image
from jhos.sandbox.node.downward import ConfigError
from jhos.sandbox.node.env import expand
from jhos.sandbox.node.rootfs import Box, Mount


def box(
    pod: Object,
    container: Object,
    image: Image,
    *,
    env: Mapping[str, str],
    app_root: str,
    mounts: Sequence[Mount],
) -> Box:
    """Raises ConfigError for a user that the pod's own rules forbid."""
    return Box(
        command=command(container, image, env),
        env=env,
        workdir=container.get("workingDir") or image.config["workdir"],
        uid=user(pod, container, image),
        gid=int(security(pod, container).get("runAsGroup", 0)),
        hostname=hostname(pod),
        app_root=app_root,
        read_only_root=bool(security(pod, container).get("readOnlyRootFilesystem")),
        mounts=mounts,
    )


def command(container: Object, image: Image, env: Mapping[str, str]) -> list[str]:
    """`command` stands for the image's entry point, which ours do not have, `args` for its cmd."""
    words = [*(container.get("command") or []), *(container.get("args") or [])]
    return [expand(word, env) for word in words] or list(image.config["cmd"])


def user(pod: Object, container: Object, image: Image) -> int:
    wanted = security(pod, container)
    uid = int(wanted.get("runAsUser", image.config["user"]))
    if uid == 0 and wanted.get("runAsNonRoot"):
        raise ConfigError("container has runAsNonRoot and image will run as root")
    return uid


def security(pod: Object, container: Object) -> Object:
    """The container's own words over the pod's."""
    return {
        **(pod["spec"].get("securityContext") or {}),
        **(container.get("securityContext") or {}),
    }


def hostname(pod: Object) -> str:
    return str(pod["spec"].get("hostname") or pod["metadata"]["name"])[:63]
