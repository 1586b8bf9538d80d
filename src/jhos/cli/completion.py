"""jhos completion, and the names that a cluster completes."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

if TYPE_CHECKING:
    from jhos.cluster.client import Cluster

COMPLETE_S = 3  # whoever presses a key does not wait for longer


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options and names of deployments.

    \b
    Examples:
      echo 'eval "$(jhos completion bash)"' >> ~/.bashrc
      echo 'eval "$(jhos completion zsh)"' >> ~/.zshrc
      jhos completion fish > ~/.config/fish/completions/jhos.fish
    """
    made = get_completion_class(shell)
    assert made, shell
    click.echo(made(context.find_root().command, {}, "jhos", "_JHOS_COMPLETE").source(), nl=False)


def deployments(
    context: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of the project's deployments; none where the cluster does not say."""
    from jhos.actions.list_deployments import names

    return _of_cluster(context, names, incomplete)


def projects(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the projects that the user may see."""

    def names(cluster: "Cluster") -> list[str]:
        return sorted(obj["metadata"]["name"] for obj in cluster.metadata("Project"))

    return _of_cluster(context, names, incomplete)


def contexts(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Of the kubeconfig; no cluster is asked."""
    from jhos.cluster.kubeconfig import context_names

    return _matching(context_names(context.params.get("kubeconfig")), incomplete)


def words(*choices: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """A fixed choice, where a wrong one is told by the settings."""
    return lambda _, __, incomplete: _matching(choices, incomplete)


def _of_cluster(
    context: click.Context, names: "Callable[[Cluster], list[str]]", incomplete: str
) -> list[CompletionItem]:
    from jhos.cli.options import Target
    from jhos.errors import JhosError

    where = {key: context.params.get(key) for key in ("kubeconfig", "context", "namespace")}
    try:
        cluster = Target(**where, sandbox=bool(context.params.get("sandbox"))).connect(COMPLETE_S)
        return _matching(names(cluster), incomplete)
    except JhosError:
        return []


def _matching(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
