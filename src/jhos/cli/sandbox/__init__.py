"""jhos sandbox: the embedded cluster, for who has no other and for tests."""

import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jhos.cli.output import emit, end_unchanged, output_option
from jhos.cli.sandbox.fault import fault
from jhos.cli.sandbox.room import errors, layout_of
from jhos.errors import JhosError

if TYPE_CHECKING:
    from jhos.sandbox.daemon import Status
    from jhos.sandbox.layout import Layout

FOLLOW_S = 0.3
_START = "Start it: jhos sandbox start"


@click.group()
@click.option(
    "--state-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="JHOS_SANDBOX_DIR",
    show_envvar=True,
    metavar="DIR",
    help="Where this sandbox keeps all it has; each directory is a cluster of its own.",
)
@click.pass_context
def sandbox(context: click.Context, state_dir: Path | None) -> None:
    """A small OpenShift cluster on this machine, for trying jhos and for tests.

    It runs without root and without containers: an API server, a router, and a node whose pods
    are processes in namespaces of their own. It enforces no memory or CPU limits, runs no images
    but those it has built itself, gives pods no way out to the internet, and needs Linux.

    \b
    Examples:
      jhos sandbox start
      export KUBECONFIG=$(jhos sandbox kubeconfig)
      jhos sandbox --state-dir /tmp/second start
      jhos sandbox stop
    """
    context.obj = state_dir


@sandbox.command(short_help="Start the cluster.")
@click.option(
    "--api-only",
    is_flag=True,
    help="Without node and router: pods, builds and routes are kept but nothing runs them.",
)
@click.option(
    "--no-registry",
    is_flag=True,
    help="Without an image registry, as OpenShift is by default on bare metal: no build succeeds.",
)
@click.pass_obj
def start(state_dir: Path | None, api_only: bool, no_registry: bool) -> None:
    """Start the cluster and wait until its node is ready.

    One that runs is left as it is. Deployments, images and data of earlier runs are there again.

    \b
    Examples:
      jhos sandbox start
      jhos sandbox --state-dir /tmp/second start
      jhos sandbox start --api-only
      jhos sandbox --state-dir /tmp/bare start --no-registry
    """
    with errors():
        status = _start(layout_of(state_dir), api_only=api_only, no_registry=no_registry)
    routes = "without a node" if status.api_only else f"its routes at http://HOST:{_port(status)}"
    click.echo(f"The sandbox runs at {status.api}, {routes}.")
    click.echo(f"kubeconfig: {layout_of(state_dir).kubeconfig}")


@sandbox.command(short_help="Stop it; what it keeps stays.")
@click.pass_obj
def stop(state_dir: Path | None) -> None:
    """Stop the cluster and all its pods; what it keeps on disk stays.

    \b
    Example:
      jhos sandbox stop
    """
    from jhos.sandbox import daemon

    where = layout_of(state_dir)
    was = daemon.status(where).state
    daemon.stop(where)
    click.echo("The sandbox was not running." if was == "stopped" else "The sandbox is stopped.")


@sandbox.command(short_help="Tell whether it runs, and where.")
@output_option
@click.pass_obj
def status(state_dir: Path | None, output: str) -> None:
    """Tell whether the cluster runs, and where.

    \b
    Examples:
      jhos sandbox status
      jhos sandbox status -o json
    """
    from jhos.sandbox import daemon

    where = layout_of(state_dir)
    rows = asdict(daemon.status(where)) | {"state_dir": str(where.root)}
    known = {name: value for name, value in rows.items() if value not in (None, "", False)}
    lines = [f"{name.replace('_', ' '):<10} {value}" for name, value in known.items()]
    emit(output, "\n".join(lines), rows, [str(where.root)])


@sandbox.command(short_help="Print its own log.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@click.pass_obj
def logs(state_dir: Path | None, follow: bool) -> None:
    """Print the log of the cluster itself: API, controllers, router and node.

    \b
    Examples:
      jhos sandbox logs
      jhos sandbox logs -f
    """
    where = layout_of(state_dir)
    if not where.log.exists():
        raise JhosError(f"There is no log at {where.log}.", _START)
    with where.log.open(errors="replace") as log, suppress(KeyboardInterrupt):
        while True:
            while text := log.read(2**16):
                click.echo(text, nl=False)
            if not follow:
                return
            time.sleep(FOLLOW_S)


@sandbox.command(short_help="Delete all it keeps.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def reset(state_dir: Path | None, yes: bool) -> None:
    """Stop the cluster and delete all it keeps: objects, images, volumes.

    Packages that builds have downloaded stay in the cache.

    \b
    Example:
      jhos sandbox reset --yes
    """
    from jhos.cli.terminal import confirm
    from jhos.sandbox import daemon

    where = layout_of(state_dir)
    if not confirm(f"Delete everything in {where.root}?", yes=yes):
        end_unchanged()
    with errors():
        daemon.reset(where)
    click.echo("The sandbox is gone.")


@sandbox.command(short_help="Check whether it can run here.")
@output_option
@click.pass_obj
def doctor(state_dir: Path | None, output: str) -> None:
    """Check whether this machine can run the cluster, and say what to do where it cannot.

    Ends with exit code 1 if anything is missing.

    \b
    Examples:
      jhos sandbox doctor
      jhos sandbox doctor -o json
    """
    from jhos.cli.terminal import checklist
    from jhos.sandbox.probe import checks

    found = checks(layout_of(state_dir))
    rows = [
        ("ok" if each.ok else "problem", each.name, each.message, "" if each.ok else each.remedy)
        for each in found
    ]
    emit(output, checklist(rows), [asdict(check) for check in found], [each.name for each in found])
    if not all(check.ok for check in found):
        sys.exit(1)


@sandbox.command(short_help="Print the path of a kubeconfig.")
@click.option("--admin", is_flag=True, help="Of the cluster admin, not of the user developer.")
@click.pass_obj
def kubeconfig(state_dir: Path | None, admin: bool) -> None:
    """Print the path of a kubeconfig file for the cluster.

    The user developer may request projects, and is admin in those only.

    \b
    Examples:
      export KUBECONFIG=$(jhos sandbox kubeconfig)
      kubectl --kubeconfig $(jhos sandbox kubeconfig --admin) get nodes
    """
    where = layout_of(state_dir)
    click.echo(_made(where.admin_kubeconfig if admin else where.kubeconfig))


@sandbox.command(short_help="Print the path of a password.")
@click.pass_obj
def password(state_dir: Path | None) -> None:
    """Print the path of the file with the password of the user developer, and of any other name.

    \b
    Example:
      jhos login https://127.0.0.1:6443 -u developer < $(jhos sandbox password)
    """
    click.echo(_made(layout_of(state_dir).password))


def _made(path: Path) -> Path:
    if not path.exists():
        raise JhosError("This sandbox was never started.", _START)
    return path


def ensure_started(state_dir: Path | None) -> Path:
    """The kubeconfig of the user developer, of a sandbox that runs from now on at least."""
    with errors():
        where = layout_of(state_dir)
        _start(where)
    return where.kubeconfig


def _start(where: "Layout", *, api_only: bool = False, no_registry: bool = False) -> "Status":
    from jhos.cli.terminal import say
    from jhos.sandbox import daemon

    return daemon.start(
        where, lambda message: say(f"{message} …"), api_only=api_only, no_registry=no_registry
    )


def _port(status: "Status") -> str:
    return status.router.rpartition(":")[2]


sandbox.add_command(fault)
