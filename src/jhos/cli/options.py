"""Options that several commands share, and what becomes of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from jhos.cli.completion import contexts, deployments, file_names, projects

if TYPE_CHECKING:
    from jhos.cluster.client import Cluster

Command = TypeVar("Command", bound=Callable[..., Any])

QUIET = "jhos.quiet"
REQUEST_S = 30  # for commands that only look


class Target(NamedTuple):
    """Which project of which cluster."""

    kubeconfig: str | None
    context: str | None
    namespace: str | None
    sandbox: bool

    def connect(self, timeout_s: float, connections: int = 4) -> "Cluster":
        """No request waits for longer than `timeout_s`; what passes within it is ridden out.
        `connections`: that the first requests need; what they need besides is imported by the
        command meanwhile, after this."""
        from jhos.cli.terminal import remarks
        from jhos.cluster.connect import connect

        if self.sandbox:
            from jhos.cli.sandbox import ensure_started

            kubeconfig = str(ensure_started(None))
            cluster = connect(kubeconfig, None, self.namespace, connections)
        else:
            cluster = connect(self.kubeconfig, self.context, self.namespace, connections)
        cluster.wire.patience_s = min(cluster.wire.patience_s, timeout_s)
        cluster.wire.keep_trying(timeout_s, remarks())
        # What was asked ahead and is not needed any more would keep the process for as long.
        if context := click.get_current_context(silent=True):  # none while a shell completes
            context.call_on_close(cluster.wire.give_up)
        return cluster


def target_options(command: Command) -> Command:
    """-n, --context, --kubeconfig, --sandbox → the argument `target`."""

    def gathered(
        kubeconfig: str | None,
        context: str | None,
        namespace: str | None,
        sandbox: bool,
        **rest: Any,
    ) -> Any:
        if sandbox and (kubeconfig or context):
            raise click.UsageError("--sandbox goes with neither --kubeconfig nor --context.")
        return command(target=Target(kubeconfig, context, namespace, sandbox), **rest)

    options = (_NAMESPACE, _CONTEXT, _KUBECONFIG, _SANDBOX, talk_options)
    return instead_of(command, gathered, *options)


def instead_of(
    command: Command, gathered: Callable[..., Any], *options: Callable[[Any], Any]
) -> Command:
    """`gathered`, which calls `command`, with its help and its options; `options` come before."""
    gathered.__name__, gathered.__doc__ = command.__name__, command.__doc__
    gathered.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined] # where click keeps them
    for option in reversed(options):
        option(gathered)
    return gathered  # type: ignore[return-value] # a command again, of other arguments


_NAMESPACE = click.option(
    "-n",
    "--namespace",
    "--project",
    metavar="PROJECT",
    envvar="JHOS_NAMESPACE",
    shell_complete=projects,
    show_envvar=True,
    help="The project; else the context's.",
)
_CONTEXT = click.option(
    "--context", metavar="NAME", shell_complete=contexts, help="A context of the kubeconfig."
)
_KUBECONFIG = click.option(
    "--kubeconfig",
    metavar="FILE",
    shell_complete=file_names,
    help="Else KUBECONFIG, else ~/.kube/config.",
)
_SANDBOX = click.option(
    "--sandbox", is_flag=True, help="Use the cluster on this machine, started when needed."
)


def _possible(context: click.Context, _: click.Parameter, name: str | None) -> str | None:
    from jhos.settings.rules import check_name

    if name is not None and not context.resilient_parsing:  # a shell completes it
        check_name(name)
    return name


def name_argument(**attributes: Any) -> Callable[[Command], Command]:
    """Of a deployment; one that cannot be is told before a cluster is looked for."""
    return click.argument("name", shell_complete=deployments, callback=_possible, **attributes)


def timeout_option(default: int, *, returns: bool = False) -> Callable[[Command], Command]:
    """`returns`: what does not become ready is taken back."""
    words = "For all of it; what was begun goes on, and the same command waits on."
    if returns:
        words = (
            "For all of it, except going back where the hub does not become ready; where there is "
            "nothing to go back to, the same command waits on."
        )
    return click.option(
        "--timeout",
        "timeout_s",
        type=click.IntRange(min=1),
        default=default,
        show_default=True,
        metavar="SECONDS",
        help=words,
    )


wait_option = click.option(
    "--wait/--no-wait", default=True, show_default=True, help="For the hub to answer."
)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


def talk_options(command: Command) -> Command:
    """-q and -v: how much is said on standard error."""

    def verbose(_: click.Context, __: click.Parameter, value: int) -> None:
        if value:
            import logging

            logging.basicConfig(format="%(message)s")
            logging.getLogger("jhos").setLevel(logging.INFO if value == 1 else logging.DEBUG)

    def quiet(context: click.Context, _: click.Parameter, value: bool) -> None:
        context.meta[QUIET] = value

    words = "Show every request with its time; -vv: what is sent too, without secrets."
    click.option("-v", "--verbose", count=True, expose_value=False, callback=verbose, help=words)(
        command
    )
    words = "Show no progress."
    click.option("-q", "--quiet", is_flag=True, expose_value=False, callback=quiet, help=words)(
        command
    )
    return command
