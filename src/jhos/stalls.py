"""Why something does not become ready, in words: from pods, claims and events, purely.

The server's own words stay in what is said, since they are what one searches for.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from jhos.kinds import conditions_of
from jhos.objects import Object

# Reasons of a waiting container that do not pass by themselves.
_FATAL = ("ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError")
_TROUBLE = (*_FATAL, "ErrImagePull", "CrashLoopBackOff")
_PULL = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName")
_CRASHES = 2  # restarts; a first failure may come from the order in which pods start
# Of warnings, those that hold up what they tell of; a failed probe is part of a start.
_HOLDING_UP = (
    "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "FailedBinding",
    "ProvisioningFailed",
)  # fmt: skip

_QUOTA = re.compile(r"exceeded quota: (\S+), requested: (.+), used: (.+), limited: (.+)")
_BOUND = re.compile(
    r"(maximum|minimum) (\S+) usage per (\S+) is ([^,\s]+), but (?:limit|request) is ([^,\s\]]+)"
)
_RATIO = re.compile(
    r"(\S+) max limit to request ratio per (\S+) is ([^,\s]+), but provided ratio is ([\d.]+)"
)
_CONSTRAINT = "unable to validate against any security context constraint: "
_NOT_GRANTED = "not usable by user or serviceaccount"
_MOST_FIELDS = 3
_NO_CLASS = re.compile(
    r"storageclass\S* \S* ?not found|no storage class is set|no default storage", re.IGNORECASE
)
# PostgreSQL's words for a directory without its control file or its configuration.
_DAMAGED = re.compile(r"could not find the database system|exists but is not empty")


class Stall(NamedTuple):
    """`hopeless`: waiting on would be in vain. `hint`: what to do."""

    words: str
    hint: str = ""
    hopeless: bool = False


def refusal(message: str) -> Stall:
    """Of the server's refusal to create a pod: by a quota, a LimitRange or a policy."""
    if found := _QUOTA.search(message):
        name, asked, used, limit = found.groups()
        return Stall(
            f"quota {name} has no room: asked for {asked}; used {used} of {limit} "
            f"(exceeded quota: {name})",
            "Ask for more, stop what nobody uses, or make the parts smaller.",
            hopeless=True,
        )
    if wishes := _limited(message):
        said = ", ".join(wishes)
        hint = "Choose other sizes, or ask for another LimitRange."
        return Stall(f"a LimitRange of the project wants {said}", hint, hopeless=True)
    if _CONSTRAINT in message:
        fields = "; ".join(_refused_fields(message)[:_MOST_FIELDS])
        hint = "Something has changed the pod: jhos asks for no more than restricted-v2 allows."
        return Stall(
            f"no security context constraint allows the pod: {fields}", hint, hopeless=True
        )
    return Stall(message, hopeless=True)


def _limited(message: str) -> list[str]:
    """Return what the LimitRanges named in the message ask for, each as a clause."""
    bounds = [
        f"at {'most' if bound == 'maximum' else 'least'} {limit} {resource} per "
        f"{kind.lower()}, {given} is asked for"
        for bound, resource, kind, limit, given in _BOUND.findall(message)
    ]
    ratios = [
        f"a limit of at most {limit} times the request of {resource} per {kind.lower()}, "
        f"{float(given):g} times is asked for"
        for resource, kind, limit, given in _RATIO.findall(message)
    ]
    return [*bounds, *ratios]


def of_pod(pod: Object, warnings: Iterable[Object] = ()) -> Stall | None:
    """Why a pod does not run; None where nothing is wrong with it. `warnings`: its events."""
    scheduled = conditions_of(pod).get("PodScheduled", {})
    if scheduled.get("status") == "False":
        said = scheduled.get("message", scheduled.get("reason", ""))
        hint = "Another node size, a smaller --…-memory or --…-cpu, or patience may help."
        return Stall(f"no node takes the pod: {said}", hint)
    for container in _containers(pod):
        waiting = container.get("state", {}).get("waiting", {})
        if waiting.get("reason") in _TROUBLE:
            return _of_container(container, waiting)
    if pod.get("status", {}).get("phase", "Pending") == "Pending":
        for words in _holding_up(warnings):
            return Stall(words)
    return None


def of_claim(claim: Object, warnings: Iterable[Object]) -> Stall | None:
    """Why a volume claim is not bound; None where it is, or where nothing is known."""
    if claim.get("status", {}).get("phase") == "Bound":
        return None
    for words in _holding_up(warnings):
        wanted = claim["spec"].get("storageClassName")
        of_class = f"class {wanted}" if wanted else "the default class"
        return Stall(
            f"volume claim {claim['metadata']['name']} ({of_class}) gets no volume: {words}",
            "See the classes there are: oc get storageclass.",
            hopeless=bool(_NO_CLASS.search(words)),
        )
    return None


def crashed(pod: Object) -> str:
    """The container whose last words tell more; empty where none has ended."""
    ended = (each["name"] for each in _containers(pod) if each.get("restartCount", 0))
    return next(ended, "")


def advice(lines: str) -> str:
    """Return advice on the last lines of a container that crashed; empty if there is none."""
    if not _DAMAGED.search(lines):
        return ""
    return (
        "The database's directory holds data and lacks files that PostgreSQL needs, so it is left "
        "as it is. Bring back a snapshot of its volume, or restore a backup under another name: "
        "jhos restore FILE --name NAME."
    )


def _of_container(container: Object, waiting: Object) -> Stall:
    reason, words = waiting["reason"], waiting.get("message") or waiting["reason"]
    crashes: int = container.get("restartCount", 0)
    hopeless = reason in _FATAL or (reason == "CrashLoopBackOff" and crashes >= _CRASHES)
    if reason in _PULL:
        image = container.get("image", "")
        said = f"image {image} of container {container['name']} cannot be pulled: {words}"
        return Stall(said, "Is its name right, and may the project pull it?", hopeless)
    if reason == "CrashLoopBackOff":
        last = container.get("lastState", {}).get("terminated", {})
        code = f" with exit code {last['exitCode']}" if "exitCode" in last else ""
        said = f"container {container['name']} ends again and again{code}"
        return Stall(said, hopeless=hopeless)
    return Stall(f"container {container['name']}: {words}", hopeless=hopeless)


def _holding_up(warnings: Iterable[Object]) -> list[str]:
    """Of the warnings that matter, the newest first."""
    held = [event for event in warnings if event.get("reason") in _HOLDING_UP]
    newest = sorted(held, key=lambda event: event.get("lastTimestamp") or "", reverse=True)
    return [event.get("message", "") for event in newest]


def _refused_fields(message: str) -> list[str]:
    """`restricted-v2: .containers[0].runAsUser: Invalid value: …`, of constraints one may use."""
    listed = message.split(_CONSTRAINT, 1)[1].strip().removeprefix("[").removesuffix("]")
    each = [entry.removeprefix("provider ") for entry in listed.split(", provider ")]
    return [entry.replace('"', "") for entry in each if _NOT_GRANTED not in entry] or each


def _containers(pod: Object) -> list[Object]:
    status = pod.get("status", {})
    return [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
