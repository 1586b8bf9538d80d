"""Why a server does not start, in words for the user who waits for it; purely.

The cluster's own words stay in what is said, since they are what one searches for.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jupyterhub.spawner import SpawnException
from kubernetes_asyncio.client.exceptions import ApiException

Object = Mapping[str, Any]

# Reasons of a waiting container that do not pass while a user waits.
_PULL = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_SETUP = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
_QUOTA = re.compile(r"exceeded quota: (\S+), requested: (\S+), used: (\S+), limited: (\S+)")
_HOLDING_UP = ("FailedMount", "FailedAttachVolume", "FailedBinding", "ProvisioningFailed")


def refused(message: str, reason: str) -> SpawnException:
    """`reason`: one word, for the hub's metrics."""
    error = SpawnException(message, reason=reason, status_code=403)
    # The only text that the page of a failed start and its progress bar show.
    error.jupyterhub_message = message
    return error


def of_answer(error: ApiException) -> SpawnException:
    """Of a quota, a LimitRange, a security context constraint or a missing right."""
    said = api_message(error)
    if found := _QUOTA.search(said):
        return refused(_quota(*found.groups()), "quota")
    return refused(f"The cluster refused to start your server: {said}", "forbidden")


def _quota(name: str, *parts: str) -> str:
    asked, used, limit = map(_quantities, parts)
    short = ", ".join(
        f"{used.get(what, '0')} of {most} {what} are used and {asked.get(what, 'more')} is needed"
        for what, most in limit.items()
    )
    return (
        f"There is no room for your server just now: {short}. Try again when others have stopped "
        f"their servers. (exceeded quota: {name})"
    )


def _quantities(text: str) -> dict[str, str]:
    """`limits.cpu=1,limits.memory=512Mi` by name."""
    return dict(each.split("=", 1) for each in text.split(",") if "=" in each)


def api_message(error: ApiException) -> str:
    """The `message` of the Status in the answer, else what HTTP said."""
    try:
        return str(json.loads(error.body or "")["message"])
    except (TypeError, ValueError, KeyError):
        return str(error.reason)


def of_pod(pod: Object) -> SpawnException | None:
    """Why the pod will not run, however long one waits; None where it may."""
    status = pod.get("status") or {}
    for container in _containers(status):
        if words := _of_container(container):
            return refused(*words)
    if status.get("phase") in ("Failed", "Succeeded"):
        said = status.get("message") or status.get("reason") or "it ended as it started"
        return refused(f"Your server has ended: {said}", "ended")
    return None


def _of_container(container: Object) -> tuple[str, str] | None:
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason, said = waiting.get("reason", ""), waiting.get("message") or waiting.get("reason", "")
    if reason in _PULL:
        return f"The image {container.get('image')} cannot be pulled: {said}", "image"
    if reason in _SETUP:
        return f"Your server cannot be set up: {said}", "setup"
    if reason == "CrashLoopBackOff":
        return _crash((container.get("lastState") or {}).get("terminated") or {}), "crash"
    return None


def _crash(ended: Object) -> str:
    if ended.get("reason") == "OOMKilled":
        return "Your server needs more memory than it may use: it was ended as it started."
    return (
        f"Your server ended as it started, with exit code {ended.get('exitCode')}. "
        "Whoever runs this hub finds the reason in the log of its pod."
    )


def of_delay(pod: Object | None, warnings: Iterable[Object], seconds: int) -> SpawnException:
    """Of a server that was not ready in time. `warnings`: events of its pod and of its claim."""
    words = next(_held_up(pod or {}, warnings), "nobody knows why")
    return refused(f"Your server did not start within {seconds} seconds: {words}", "timeout")


def _held_up(pod: Object, warnings: Iterable[Object]) -> Iterator[str]:
    for warning in warnings:
        if warning.get("reason") in _HOLDING_UP:
            about = warning.get("involvedObject") or {}
            volume = f"volume {about['name']}" if about.get("kind") != "Pod" else "a volume"
            yield f"{volume} is not ready: {warning.get('message')}"
    for condition in (pod.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            yield f"no node takes it: {condition.get('message') or condition.get('reason')}"
    if not pod:
        yield "the cluster made no pod for it"
    for container in _containers(pod.get("status") or {}):
        waiting = (container.get("state") or {}).get("waiting") or {}
        yield f"{waiting.get('reason', 'it runs, and is not ready')} ({container['name']})"


def _containers(status: Object) -> list[Object]:
    return [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]
