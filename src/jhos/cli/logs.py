"""jhos logs"""

import sys
from threading import Lock

import click
from click.shell_completion import CompletionItem

from jhos.cli.completion import of_deployment, words
from jhos.cli.options import REQUEST_S, Target, name_argument, target_options
from jhos.cli.units import Duration

_PARTS = ("hub", "proxy", "database", "build")


def _sources(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    from jhos.cli.servers import running

    found = (words(*_PARTS), of_deployment(running))
    return [each for of in found for each in of(context, parameter, incomplete)]


@click.command()
@name_argument()
@click.argument("of", metavar="[hub|proxy|database|build|USER]", default="hub",
                type=click.STRING, shell_complete=_sources)  # fmt: skip
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--since", type=Duration(), metavar="DURATION", help="Only what is not older.")
@click.option("--tail", type=click.IntRange(min=0), metavar="LINES", help="Only the last lines.")
@click.option("--previous", is_flag=True, help="Of the container that ran before, if it crashed.")
@click.option("--timestamps", is_flag=True, help="Begin each line with its time.")
@target_options
def logs(
    target: Target,
    name: str,
    of: str,
    follow: bool,
    since: int | None,
    tail: int | None,
    previous: bool,
    timestamps: bool,
) -> None:
    """Print a log of the deployment NAME: of its hub, proxy, database, newest build, or of the
    server of a user.

    A user's second server is named USER/SERVER.

    \b
    Examples:
      jhos logs jakevdp
      jhos logs jakevdp hub -f --since 10m
      jhos logs jakevdp ada
      jhos logs jakevdp hub --previous --tail 50
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.logs import Excerpt
    from jhos.actions.logs import logs as act
    from jhos.cli.terminal import clean

    excerpt = Excerpt(
        follow=follow, since_s=since, tail=tail, previous=previous, timestamps=timestamps
    )
    lock = Lock()
    sources: set[str] = set()

    def tell(source: str, line: str) -> None:
        with lock:
            sources.add(source)
            click.echo(f"{source} | {clean(line)}" if len(sources) > 1 else clean(line))

    try:
        act(cluster, name, of, excerpt, tell)
    except KeyboardInterrupt:
        if not follow:
            raise
        sys.stdout.flush()
        click.get_current_context().exit(130)  # how one ends it: nothing to say
