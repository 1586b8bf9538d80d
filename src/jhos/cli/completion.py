"""jhos completion, and the names that a cluster completes."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click
from click.shell_completion import BashComplete, CompletionItem, get_completion_class

if TYPE_CHECKING:
    from jhos.cluster.client import Cluster

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

COMPLETE_S = 3  # whoever presses a key does not wait for longer
_PLAIN = "COMPREPLY+=($value)"


class _Bash(BashComplete):
    """No space after what ends in `=`: a value follows."""

    source_template = BashComplete.source_template.replace(
        _PLAIN, f"{_PLAIN}\n            [[ $value == *= ]] && compopt -o nospace"
    )


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
    made = _Bash if shell == "bash" else get_completion_class(shell)
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


def words(*choices: str) -> Completer:
    """A fixed choice, where a wrong one is told by the settings."""
    return lambda _, __, incomplete: _matching(choices, incomplete)


def file_names(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """As the shell does."""
    return [CompletionItem(incomplete, type="file")]


def setting_keys(*others: str, suffix: str = "") -> Completer:
    """`notebook.memory`, and `others`; each with `suffix`."""

    def keys(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from jhos.settings.sources import leaves

        known = [*(path for path, _ in leaves()), *others]
        return _matching((f"{key}{suffix}" for key in known), incomplete)

    return keys


def of_deployment(names: "Callable[[Cluster, str], Iterable[str]]") -> Completer:
    """What `names` finds in the deployment that was named before."""

    def found(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        name = context.params.get("name")
        return (
            _of_cluster(context, lambda cluster: names(cluster, name), incomplete) if name else []
        )

    return found


def _of_cluster(
    context: click.Context, names: "Callable[[Cluster], Iterable[str]]", incomplete: str
) -> list[CompletionItem]:
    from jhos.cli.options import Target
    from jhos.errors import JhosError

    where = {key: context.params.get(key) for key in ("kubeconfig", "context", "namespace")}
    if context.params.get("sandbox"):
        from jhos.cli.sandbox.room import layout_of

        where["kubeconfig"] = str(layout_of(None).kubeconfig)  # it is not started for this
    try:
        return _matching(names(Target(**where, sandbox=False).connect(COMPLETE_S)), incomplete)
    except JhosError:
        return []


def _matching(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
