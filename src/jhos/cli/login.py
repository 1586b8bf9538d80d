"""jhos login and jhos logout"""

import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from jhos.cli.completion import contexts, file_names
from jhos.cli.options import talk_options
from jhos.cli.output import emit, output_option

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_KUBECONFIG = click.option(
    "--kubeconfig",
    metavar="FILE",
    shell_complete=file_names,
    help="Else KUBECONFIG, which may be several, else ~/.kube/config.",
)


@click.command()
@click.argument("server")
@click.option("-u", "--username", metavar="USER", help="Log in with this user's password.")
@click.option("--web", is_flag=True, help="Show the page where a browser gets a token.")
@click.option(
    "--certificate-authority", "authority", type=_FILE, help="Of the server, where not known here."
)
@click.option("--insecure-skip-tls-verify", "insecure", is_flag=True, help="Trust any server.")
@click.option("-n", "--namespace", "--project", metavar="PROJECT", help="Of the new context.")
@_KUBECONFIG
@output_option
@talk_options
def login(
    server: str,
    username: str | None,
    web: bool,
    authority: Path | None,
    insecure: bool,
    namespace: str | None,
    kubeconfig: str | None,
    output: str,
) -> None:
    """Log in to the OpenShift cluster at SERVER, the address of its API.

    The token, or with --username the password, is asked for; without a terminal it is read from
    standard input. A context is written to the kubeconfig, which kubectl and oc use as well.

    \b
    Examples:
      jhos login https://api.example.com:6443 --web
      jhos login api.example.com:6443 -u jakevdp -n course
      jhos login https://api.example.com:6443 < token.txt
    """
    from jhos.actions.login import login as act
    from jhos.cli.terminal import say
    from jhos.cluster.kubeconfig import paths_of

    done = act(
        paths_of(kubeconfig),
        server,
        user=username,
        web=web,
        authority=authority.read_text() if authority else None,
        insecure=insecure,
        namespace=namespace,
        ask=_secret,
        say=say,
    )
    lines = [f"Logged in at {done.server} as {done.user}, project {done.namespace}."]
    if done.namespace not in done.projects:
        words = "jhos deploy -n PROJECT --create-project makes one"
        lines.append(f"You have no project {done.namespace}; {words}.")
    if others := [name for name in done.projects if name != done.namespace]:
        lines.append(f"Other projects, for -n: {', '.join(others)}")
    emit(output, "\n".join(lines), asdict(done), [f"context/{done.context}"])


@click.command()
@click.option("--context", metavar="NAME", shell_complete=contexts,
              help="A context of the kubeconfig; else the current.")  # fmt: skip
@_KUBECONFIG
@output_option
@talk_options
def logout(context: str | None, kubeconfig: str | None, output: str) -> None:
    """End the login of a context: its token leaves the kubeconfig, and the cluster forgets it.

    \b
    Examples:
      jhos logout
      jhos logout --context course/api-example-com:6443/jakevdp
    """
    from jhos.actions.login import logout as act
    from jhos.cluster.kubeconfig import paths_of

    paths = paths_of(kubeconfig)
    found, forgotten = act(paths, context)
    if found is None:
        nothing = {"user": None, "server": None, "forgotten": False}
        files = os.pathsep.join(map(str, paths))
        emit(output, f"Nobody is logged in by the kubeconfig {files}.", nothing, [])
        return
    where = f"{found.user} at {found.server}"
    stays = "" if forgotten else " The cluster keeps the token until it expires."
    data = {"user": found.user, "server": found.server, "forgotten": forgotten}
    emit(output, f"Logged out: {where}.{stays}", data, [f"user/{found.user}"])


def _secret(what: str) -> str:
    """Never shown; a line of standard input where that is no terminal."""
    from jhos.cli.terminal import prompt_secret

    if sys.stdin.isatty():
        return prompt_secret(what).strip()
    if line := sys.stdin.readline().strip():
        return line
    raise click.UsageError(f"{what}: there is no terminal to ask on, and standard input is empty.")
