"""jhos completion, and the names that a cluster completes."""

import click
from click.shell_completion import CompletionItem, get_completion_class

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
    from jhos.cli.options import Target
    from jhos.errors import JhosError

    words = {key: context.params.get(key) for key in ("kubeconfig", "context", "namespace")}
    try:
        cluster = Target(**words, sandbox=bool(context.params.get("sandbox"))).connect(COMPLETE_S)
        found = names(cluster)
    except JhosError:
        return []
    return [CompletionItem(name) for name in found if name.startswith(incomplete)]
