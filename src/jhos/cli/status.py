"""jhos status"""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.changes import additions_data, additions_text
from jhos.cli.options import REQUEST_S, Target, name_argument, target_options, timeout_option
from jhos.cli.output import counted, emit, output_option, short, table
from jhos.cli.units import since, wire

if TYPE_CHECKING:
    from jhos.actions.probe import Step
    from jhos.actions.status import Hub, Status
    from jhos.cluster.client import Cluster

WATCH_S = 5
_GI = 2**30
_TOLD_BY = {
    "ConfigMap": "how large servers are",
    "Event": "warnings",
    "PersistentVolumeClaim": "volumes of users",
    "Pod": "why a part is not ready",
    "ResourceQuota": "quotas",
    "Route": "the address",
    "Secret": "users and servers of the hub",
}  # what is missing in the output without the right to read a kind


@click.command()
@name_argument(default="jupyterhub")
@click.option(
    "--full", is_flag=True, help="Also storage, room in the quota, certificate, warnings."
)
@click.option("--watch", is_flag=True, help=f"Look again every {WATCH_S} seconds, until Ctrl-C.")
@click.option("--probe", is_flag=True, help="Start a server, run a cell in it, stop it.")
@timeout_option(300)
@output_option
@target_options
def status(
    target: Target, name: str, full: bool, watch: bool, probe: bool, timeout_s: int, output: str
) -> None:
    """How the deployment NAME is: its parts, its hub, users and servers, the project's quota.

    Ends with exit code 1 where a part is not ready or the hub does not answer. What you may not
    read is named and left out: the role `view` shows all but the hub's users. --probe tries the
    whole way that a user goes, as a user `jhos-probe` that is gone afterwards.

    \b
    Examples:
      jhos status jakevdp
      jhos status jakevdp --full -o json
      jhos status jakevdp --watch
      jhos status jakevdp --probe
    """
    if watch and probe:
        raise click.UsageError("Take --watch or --probe, not both.")
    cluster = target.connect(REQUEST_S)
    if probe:
        _probe(cluster, name, timeout_s, output)
        return
    if watch:
        _watch(cluster, name, output, full=full)
        return
    from jhos.actions.status import status as act

    found = act(cluster, name, full=full)
    emit(output, _text(found), _data(found), [f"deployment/{name}"])
    if not found.ready:
        click.get_current_context().exit(1)


def _watch(
    cluster: "Cluster", name: str, output: str, *, full: bool, pause_s: float = WATCH_S
) -> None:
    from jhos.actions.status import status as act
    from jhos.cluster.wire import OUTAGE_S

    last = None
    try:
        while True:
            cluster.wire.keep_trying(OUTAGE_S)
            found = act(cluster, name, full=full)
            if output == "json":
                if found != last:
                    click.echo(json.dumps(_data(found)))
                last = found
            else:
                click.clear()
                click.echo(f"{time.strftime('%H:%M:%S')}\n{_text(found)}")
            time.sleep(pause_s)
    except KeyboardInterrupt:
        click.get_current_context().exit(130)  # how one ends it: nothing to say


def _probe(cluster: "Cluster", name: str, timeout_s: int, output: str) -> None:
    from jhos.actions.probe import probe as act
    from jhos.cli.terminal import progress

    with progress() as report:
        steps = act(cluster, name, timeout_s=timeout_s, report=report)
    total = sum(step.seconds for step in steps)
    text = f"All of it works: {_steps(steps)}; {total:.1f} s in all."
    data = [{"step": step.name, "seconds": round(step.seconds, 2)} for step in steps]
    emit(output, text, data, [step.name for step in steps])


def _steps(steps: "tuple[Step, ...]") -> str:
    return ", ".join(f"{step.name[:1].lower()}{step.name[1:]}" for step in steps)


def _text(found: "Status") -> str:
    return "\n".join(_lines(found))


def _lines(found: "Status") -> Iterator[str]:
    address = "address unknown" if found.url is None else found.url or "no address"
    yield f"{found.name} in project {found.namespace}: {address}"
    yield ""
    parts = [(each.name, short(each.state), _short(each.image)) for each in found.parts]
    yield table(("PART", "STATE", "IMAGE"), parts) if parts else "No part of it runs."
    yield from (f"{each.name}: {each.state}" for each in found.parts
                if each.state != short(each.state))  # fmt: skip
    yield ""
    hub = found.hub
    if hub.problem:
        yield f"The hub tells nothing: {hub.problem}"
    elif hub.version:
        starting = f", {hub.pending} starting or stopping" if hub.pending else ""
        yield f"JupyterHub {hub.version}: {_counts(hub)}{starting}"
    if found.hidden:
        yield f"Not shown, since you may not read them: {', '.join(map(_told_by, found.hidden))}."
    if found.missing:
        yield ""
        yield from (f"{each.ref} is missing. {each.meaning}".rstrip() for each in found.missing)
        yield f"Create what is missing: jhos deploy --name {found.name} -n {found.namespace}"
    if found.quotas:
        yield ""
        rows = [(each.resource, each.used, each.hard, each.name) for each in found.quotas]
        yield table(("QUOTA OF", "USED", "LIMIT", "NAME"), rows)
    if found.more:
        yield from _more(found)
    yield from additions_text(found.additions)


def _told_by(kind: str) -> str:
    return f"{_TOLD_BY[kind]} ({kind})" if kind in _TOLD_BY else kind


def _counts(hub: "Hub") -> str:
    verb = "runs" if hub.ready == 1 else "run"
    return f"{counted(hub.users, 'user')}, {counted(hub.ready, 'server')} {verb}"


def _more(found: "Status") -> Iterator[str]:
    more = found.more
    assert more
    number, size = more.storage
    yield ""
    yield f"Volumes of users: {number}, {size / _GI:.1f}Gi"
    if more.room is not None:
        yield f"The quota has room for {counted(more.room, 'more server')}."
    if more.certificate:
        yield f"The certificate ends {more.certificate:%Y-%m-%d}."
    if more.warnings:
        yield ""
        rows = [
            (since(each.last), str(each.times), each.about, each.message) for each in more.warnings
        ]
        yield table(("WARNED", "TIMES", "ABOUT", "MESSAGE"), rows)
    else:
        yield "No warnings in the last hour."


def _short(image: str) -> str:
    """`jupyterhub@1a2b3c4d` of a pull spec with digest."""
    name, _, digest = image.rpartition("/")[2].partition("@sha256:")
    return f"{name}@{digest[:8]}" if digest else name


def _data(found: "Status") -> dict[str, Any]:
    hub, more = found.hub, found.more
    data: dict[str, Any] = {
        "name": found.name,
        "project": found.namespace,
        "url": found.url or None,
        "ready": found.ready,
        "parts": [
            {"name": each.name, "ready": each.ready, "state": each.state, "image": each.image}
            for each in found.parts
        ],
        "hub": {
            "version": hub.version or None,
            "users": hub.users,
            "serversReady": hub.ready,
            "serversPending": hub.pending,
            "problem": hub.problem or None,
        },
        "quotas": [
            {"name": each.name, "resource": each.resource, "used": each.used, "limit": each.hard}
            for each in found.quotas
        ],
        "hidden": list(found.hidden),
        "additions": additions_data(found.additions),
        "missing": [
            {"kind": each.ref.kind, "name": each.ref.name, "meaning": each.meaning or None}
            for each in found.missing
        ],
    }
    if more:
        data["room"] = more.room
        data["volumes"] = {"number": more.storage[0], "bytes": more.storage[1]}
        data["certificateEnds"] = wire(more.certificate)
        data["warnings"] = [
            {"last": wire(each.last), "times": each.times, "about": each.about,
             "message": each.message}
            for each in more.warnings
        ]  # fmt: skip
    return data
