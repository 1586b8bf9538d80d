"""The command `jhos`: its group, and the table in which every subcommand stands."""

import errno
import gc
import io
import os
import signal
import sys
import threading
from functools import partial
from importlib import import_module
from typing import Any, ClassVar

import click
from click.exceptions import NoSuchCommand

from jhos import __version__
from jhos.cli.output import Failure, remember, wants_data
from jhos.errors import JhosError

# What `jhos --help` lists, and in which module of this package each is; none is imported before
# it is called.
SECTIONS = {
    "Deploy": (
        ("quickstart", "quickstart", "Deploy a hub for a git repository of notebooks."),
        ("deploy", "deploy", "Deploy a JupyterHub, or change it."),
        ("check", "check", "Find what would stop a deployment."),
        ("diff", "diff", "Show what deploy would change."),
        ("render", "render", "Write the objects of a deployment as YAML."),
        ("templates", "templates", "Templates for the web console."),
        ("build-images", "build_images", "Build the images in the project."),
        ("teardown", "teardown", "Remove a deployment; data stays."),
    ),
    "Change": (
        ("configure", "configure", "Change settings or configuration."),
        ("profiles", "profiles", "What users choose from: images and sizes."),
        ("settings", "settings", "Show settings, and where they are from."),
        ("rollout", "rollout", "Follow, restart or take back a change."),
        ("upgrade", "upgrade", "Bring a deployment to this version of jhos."),
    ),
    "Look": (
        ("list", "list_deployments", "List the deployments of the project."),
        ("status", "status", "How a deployment is; --probe tries it."),
        ("open", "open_hub", "Open a deployment in a browser."),
        ("logs", "logs", "Logs of hub, proxy, database, builds, servers."),
        ("servers", "servers", "What notebook servers run; stop them."),
        ("users", "users", "Whom the hub knows; add, remove, make admins."),
        ("storage", "storage", "Volumes of users; delete some."),
        ("top", "top", "Memory and cpu that servers use."),
        ("doctor", "doctor", "What is left over; remove some."),
        ("prepull", "prepull", "Bring images to the nodes before users wait."),
    ),
    "Keep": (
        ("backup", "backup", "Write all that a hub knows into a file."),
        ("restore", "restore", "Make a hub of a backup."),
    ),
    "Cluster": (
        ("login", "login", "Log in to a cluster."),
        ("logout", "login", "Forget a login."),
        ("sandbox", "sandbox", "A cluster on this machine."),
    ),
    "Shell": (("completion", "completion", "Print the completion of a shell."),),
}
INTERRUPTED = (130, 143)  # by SIGINT, by SIGTERM
_INTERRUPTED = (
    "Interrupted. What was done so far stays.",
    "The same command goes on from there.",
)  # where a command says nothing else
_ALLOCATIONS = 100_000  # between two searches for cyclic garbage; a command's imports make as many


class Commands(click.Group):
    """The commands of SECTIONS, each imported when it is called; every one ends with the exit code
    of what went wrong."""

    modules: ClassVar = {name: module for rows in SECTIONS.values() for name, module, _ in rows}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As a program, whose memory the system takes back: a quarter of its imports' time went
        into searches for garbage. Tests call `main`, and their process is left as it is."""
        gc.set_threshold(_ALLOCATIONS)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal may have no `→`
        try:
            return super().__call__(*args, **kwargs)
        finally:
            gc.freeze()  # nor is it searched at its end

    def main(self, *args: Any, **kwargs: Any) -> Any:
        if "_JHOS_COMPLETE" in os.environ:
            import_module("jhos.cli.completion")  # which has a word with bash
        try:
            return super().main(*args, **kwargs)
        except SystemExit as end:
            if end.code in INTERRUPTED and len(_unfinished()) > 1:
                os._exit(end.code)  # requests that hang are not waited for
            raise

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        remember(ctx, args)
        if os.environ.get("NO_COLOR"):  # https://no-color.org
            ctx.color = False
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        if threading.current_thread() is threading.main_thread():
            for number, handler in ((signal.SIGTERM, _terminate), (signal.SIGINT, _interrupt)):
                ctx.call_on_close(partial(signal.signal, number, signal.signal(number, handler)))
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if not wants_data(ctx):
                raise
            hint = f"{(error.ctx or ctx).command_path} --help tells more."
            raise Failure(error.format_message(), hint, error.exit_code, ctx) from error
        except JhosError as error:
            raise Failure(error.message, error.hint, error.exit_code, ctx) from error
        except OSError as error:  # a disk that is full, a file that may not be written
            if error.errno == errno.EPIPE:
                raise  # nobody reads any more: click ends it without a word
            where = f"{error.filename}: " if error.filename else ""
            raise Failure(f"{where}{error.strerror or error}.", "", 1, ctx) from error
        except KeyboardInterrupt as error:
            code = INTERRUPTED[isinstance(error, Terminated)]
            message, hint = error.args or _INTERRUPTED
            raise Failure(message, hint, code, ctx) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:  # which looks among those that are imported
            raise NoSuchCommand(args[0], possibilities=self.modules, ctx=ctx) from error

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        module = import_module(f"jhos.cli.{self.modules[cmd_name]}")
        found = (each for each in vars(module).values() if isinstance(each, click.Command))
        return next(each for each in found if each.name == cmd_name)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self.modules))
        for title, rows in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:{width}}", words) for name, _, words in rows])


class Terminated(KeyboardInterrupt):
    """By SIGTERM."""


def _terminate(*_: object) -> None:
    raise Terminated


def _interrupt(*_: object) -> None:
    """Once: what is under way is given up in order. Twice: at once."""
    signal.signal(signal.SIGINT, _give_up)
    raise KeyboardInterrupt


def _give_up(*_: object) -> None:
    if sys.stderr.isatty():
        os.write(2, b"\x1b[?25h\n")  # a progress bar may have hidden the cursor
    os._exit(INTERRUPTED[0])


def _unfinished() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if not thread.daemon]


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="jhos")
def main() -> None:
    """A multi-user JupyterHub on OpenShift, with nothing but a project of your own.

    \b
    Examples:
      jhos deploy                        a hub that gives everyone a notebook
      jhos deploy --sandbox              the same on this machine, no cluster needed
      jhos deploy --name jakevdp --notebook-image jakevdp-notebook:latest
      jhos quickstart --name jakevdp --git-url https://github.com/jakevdp/PythonDataScienceHandbook
      jhos teardown jakevdp
    """


if __name__ == "__main__":
    sys.exit(main())
