"""jhos completion, and the names that a cluster completes."""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

if TYPE_CHECKING:
    from jhos.cluster.client import Cluster

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

COMPLETE_S = 3  # whoever presses a key does not wait for longer
_CURSOR = "\x1f"
_KEPT = "@"  # a break that belongs to the part after it, for readline


@add_completion_class
class _Bash(BashComplete):
    """Of words as they are typed: bash splits them at COMP_WORDBREAKS, as `--auth=ldap` at `=`, and
    a completion takes the place of the last part only. No space after `=`: a value follows."""

    source_template = """\
%(complete_func)s() {
    local type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
            plain) COMPREPLY+=("$value"); [[ $value == *= ]] && compopt -o nospace ;;
        esac
    done < <(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \
        %(complete_var)s=bash_complete "$1")
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        if "COMP_LINE" not in os.environ:  # a shell that has loaded the script of an earlier jhos
            return super().get_completion_args()
        *words, incomplete = split_arg_string(os.environ["COMP_LINE"] + _CURSOR)
        return words[1:], incomplete.removesuffix(_CURSOR)

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        found = super().get_completions(args, incomplete)
        value = incomplete.partition("=")[2] if incomplete.startswith("-") else incomplete
        last = max(map(value.rfind, os.environ.get("COMP_WORDBREAKS", "")), default=-1)
        stands = last if value[last : last + 1] == _KEPT else last + 1
        for item in found:
            item.value = item.value[stands:]
        return [item for item in found if item.value or item.type != "plain"]


class _WholeWords(ShellComplete):
    """For shells that put a completion in the place of all that was typed: also of `--auth=`."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        found = super().get_completions(args, incomplete)
        option, sign, _ = incomplete.partition("=")
        if sign and option.startswith("-"):
            for item in found:
                item.value = f"{option}={item.value}"
        return found


@add_completion_class
class _Fish(_WholeWords, FishComplete):
    source_template = FishComplete.source_template.replace(
        "__fish_complete_path ", "complete -C \"'' \""
    )


@add_completion_class
class _Zsh(_WholeWords, ZshComplete):
    source_template = ZshComplete.source_template.replace(
        "_path_files", "compset -P 1 '-*='; _path_files"
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
