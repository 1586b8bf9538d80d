"""jhos configure"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.completion import file_names, setting_keys
from jhos.cli.given import (
    named_secrets,
    read_text,
    secret_files_option,
    split,
    unchecked_option,
)
from jhos.cli.options import Target, name_argument, target_options, timeout_option, wait_option
from jhos.cli.output import emit, output_option
from jhos.cli.precaution import kept_in, no_backup_option, of_before, precaution

if TYPE_CHECKING:
    from jhos.actions.configure import Wish
    from jhos.actions.edits import Edit, Stored
    from jhos.actions.pipeline import Deployed
    from jhos.actions.precaution import Precaution
    from jhos.cluster.client import Cluster

PYTHON, SHELL = "jupyterhub_config.py", "jupyterhub_config.sh"
_PAIR = "KEY=VALUE"


@click.command()
@name_argument()
@click.option("--edit", "edit_file", is_flag=True, help=f"Open {PYTHON} in your editor.")
@click.option("--settings", "edit_settings", is_flag=True, help="Open the settings, as YAML.")
@click.option("--config", "files", multiple=True, metavar="FILE",
              shell_complete=file_names,
              help=f"Take FILE as {PYTHON}, or as its .sh; - reads standard input.")  # fmt: skip
@click.option("--set", "pairs", multiple=True, metavar=_PAIR,
              shell_complete=setting_keys(suffix="="),
              help="A setting, as notebook.memory=2Gi; a list as [a,b].")  # fmt: skip
@click.option("--unset", multiple=True, metavar="KEY", shell_complete=setting_keys(PYTHON, SHELL),
              help="Back to the default; also a file.")  # fmt: skip
@secret_files_option
@click.option("--get", "key", metavar="KEY", shell_complete=setting_keys(PYTHON, SHELL),
              help="Print a setting, or a file, and do nothing.")  # fmt: skip
@click.option("--explain", is_flag=True, help="Print what differs from the defaults, and where "
              "from.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Check and show the change; send nothing.")
@unchecked_option
@no_backup_option
@wait_option
@timeout_option(600, returns=True)
@output_option
@target_options
def configure(
    target: Target,
    name: str,
    edit_file: bool,
    edit_settings: bool,
    files: tuple[str, ...],
    pairs: tuple[str, ...],
    unset: tuple[str, ...],
    secret_files: tuple[str, ...],
    key: str | None,
    explain: bool,
    dry_run: bool,
    unchecked: bool,
    no_backup: bool,
    wait: bool,
    timeout_s: int,
    output: str,
) -> None:
    """Change the settings or the configuration of the deployment NAME, and roll it out.

    A new configuration is run here first, as the hub would run it, and checked by its classes: a
    typo never reaches the cluster. Running servers go on; a hub that does not become ready gives
    way to the one before.

    \b
    Examples:
      jhos configure jakevdp --edit
      jhos configure jakevdp --settings
      jhos configure jakevdp --set notebook.memory=2Gi --unset cull.idle
      jhos configure jakevdp --config jupyterhub_config.py
      jhos configure jakevdp --secret-file client-secret=secret.txt
      jhos configure jakevdp --get notebook.memory
      jhos configure jakevdp --explain
    """
    from jhos.cli.terminal import tell_where

    given = bool(files or pairs or unset or secret_files)
    if sum((edit_file, edit_settings, given, bool(key), explain)) != 1:
        raise click.UsageError(
            "Say one of --edit, --settings, --get and --explain, or what to change: --set, "
            "--unset, --config, --secret-file."
        )
    wish = _wish(files, pairs, unset, secret_files) if given else None
    cluster = target.connect(timeout_s)
    if key:
        _get(cluster, name, key, output)
        return
    if explain:
        _explain(cluster, name, output)
        return
    tell_where(cluster)
    run = _Run(cluster, name, not unchecked, precaution(name, without=no_backup), dry_run, wait,
               timeout_s, output)  # fmt: skip
    if wish:
        run.change(wish)
    else:
        run.edit(settings=edit_settings)


class _Run:
    """One command, once it is clear what it is to do."""

    def __init__(self, cluster: "Cluster", name: str, check: bool, first: "Precaution | None",
                 dry_run: bool, wait: bool, timeout_s: int, output: str) -> None:  # fmt: skip
        self.cluster, self.name, self.check, self.first = cluster, name, check, first
        self.dry_run, self.wait, self.timeout_s, self.output = dry_run, wait, timeout_s, output

    def change(self, wish: "Wish") -> None:
        from jhos.actions.configure import read

        stored = read(self.cluster, self.name)
        edited = wish(stored)
        if self.check:
            self._checked(stored, edited)
        self._carry_out(wish, stored, edited)

    def edit(self, *, settings: bool) -> None:
        from jhos.actions.configure import read, unless_changed
        from jhos.cli.editor import Draft
        from jhos.errors import JhosError

        stored = read(self.cluster, self.name)
        made = _settings_wish if settings else _file_wish

        def accept(text: str) -> None:
            self._checked(stored, made(text, stored), run=self.check and not settings)

        draft = Draft(*_document(stored, settings, self.name))
        text = draft.edit(accept)
        if text is None:
            click.echo("Nothing was changed.", err=True)
            return
        edited = made(text, stored)
        try:
            self._carry_out(unless_changed(lambda _: edited, stored), stored, edited)
        except JhosError as error:
            raise draft.kept(error) from error
        except KeyboardInterrupt:
            click.echo(f"\nYour text is kept in {draft.path}", err=True)
            raise
        draft.done()

    def _checked(self, stored: "Stored", edited: "Stored", *, run: bool = True) -> None:
        """Raises SettingsError; what is no error is said."""
        from jhos.actions.checked import check_edit
        from jhos.cli.terminal import progress
        from jhos.settings.load import load

        load(edited.settings)
        if run:
            with progress() as report:
                check_edit(stored, edited, report)

    def _carry_out(self, edit: "Edit", stored: "Stored", edited: "Stored") -> None:
        from jhos.actions.configure import configure as act
        from jhos.actions.rollout import earlier
        from jhos.cli.changes import changes_between, shown
        from jhos.cli.terminal import progress, say

        changes = changes_between(stored, edited)
        if self.dry_run:
            nothing = {"name": self.name, "project": self.cluster.namespace, "changed": changes}
            emit(self.output, shown(changes) or "Nothing would change.", nothing, [])
            return
        say(shown(changes) or "Nothing differs; what stands is seen to.")
        with progress() as report:
            done = act(self.cluster, self.name, edit, check=False, precaution=self.first,
                       wait=self.wait, timeout_s=self.timeout_s, report=report)  # fmt: skip
        written = [change.ref.title for change in done.plan.writes]
        data = {**result(done), "changed": changes}
        text = summary(done, wait=self.wait)
        if done.plan.differs and earlier(self.cluster, self.name):
            text += f"\nUndo it with: jhos rollout {done.name} undo -n {done.namespace}"
        emit(self.output, text, data, written)


def summary(done: "Deployed", *, wait: bool) -> str:
    if not done.plan.differs:
        return f"Nothing had to be changed; {done.name} is as you say (revision {done.revision})."
    restarted = restarts_hub(done)
    state = "is ready" if wait else "is being rolled out"
    how = "" if restarted else ", without a restart of the hub"
    return "\n".join(
        [f"Revision {done.revision} of {done.name} {state}{how}: {done.url}", *of_before(done)]
    )


def result(done: "Deployed") -> dict[str, Any]:
    return {
        "name": done.name,
        "project": done.namespace,
        "url": done.url,
        "revision": done.revision,
        "hubRestarted": restarts_hub(done),
        "backup": kept_in(done),
    }


def restarts_hub(done: "Deployed") -> bool:
    return any(
        change.ref.kind == "Deployment"
        and change.ref.name == done.name
        and any(field.path.startswith("spec.template") for field in change.fields)
        for change in done.plan.writes
    )


def _wish(
    files: tuple[str, ...],
    pairs: tuple[str, ...],
    unset: tuple[str, ...],
    secret_files: tuple[str, ...],
) -> "Wish":
    from jhos.actions.configure import Wish
    from jhos.settings.load import check_alone, merge

    layer: dict[str, Any] = {}
    for pair in pairs:
        layer = merge(layer, _setting(pair))
    check_alone(layer)
    return Wish(
        settings=layer,
        unset=unset,
        configuration={_file_name(file): read_text(file) for file in files},
        secrets=named_secrets(secret_files),
    )


def _setting(pair: str) -> dict[str, Any]:
    import yaml

    from jhos.settings.sources import nested

    key, text = split(pair, "--set", _PAIR)
    if key == "name":
        raise click.BadParameter("a deployment keeps its name", param_hint="--set")
    try:
        return nested(key, yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise click.BadParameter(f"{text!r} is no YAML: {error}", param_hint="--set") from error


def _file_name(file: str) -> str:
    return SHELL if Path(file).suffix == ".sh" else PYTHON


def _document(stored: "Stored", settings: bool, name: str) -> tuple[str, str, str]:
    """Text, suffix and what is said on top."""
    if settings:
        from jhos.settings.document import document

        title = f"The settings of {name}. Delete a line to have its default back."
        return document(stored.settings), ".yaml", title
    title = (
        f"{PYTHON} of {name}, read after jhos's own. Settings of JupyterHub are set on c:\n"
        "c.KubeSpawner.start_timeout = 600. It is checked before anything is sent."
    )
    return stored.configuration.get(PYTHON, ""), ".py", title


def _file_wish(text: str, stored: "Stored") -> "Stored":
    from jhos.actions.configure import Wish

    return Wish(configuration={PYTHON: text})(stored)


def _settings_wish(text: str, stored: "Stored") -> "Stored":
    from jhos.actions.configure import Wish
    from jhos.errors import SettingsError
    from jhos.settings.load import parse

    layer = parse(text, "your text")
    if layer.get("name") != stored.settings.get("name"):
        raise SettingsError("A deployment keeps its name.", "")
    return Wish(whole=layer)(stored)


def _get(cluster: "Cluster", name: str, key: str, output: str) -> None:
    from jhos.actions.configure import read, value_of
    from jhos.configuration import USER_KEYS
    from jhos.settings.load import load

    stored = read(cluster, name)
    if key in USER_KEYS:
        value: Any = stored.configuration.get(key, "")
    else:
        value = value_of(load(stored.settings).as_dict(), key)
    emit(output, _plain(value), value, [])


def _plain(value: Any) -> str:
    import yaml

    if isinstance(value, str):
        return value.removesuffix("\n")
    return (
        ""
        if value is None
        else yaml.safe_dump(value, sort_keys=False).removesuffix("...\n").rstrip()
    )


def _explain(cluster: "Cluster", name: str, output: str) -> None:
    from jhos.actions.explain import explain
    from jhos.cli.changes import emit_origins

    emit_origins(output, explain(cluster, name), f"{name} is as the defaults say.")
