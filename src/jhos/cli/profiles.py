"""jhos profiles"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.completion import of_deployment
from jhos.cli.options import (
    REQUEST_S,
    Command,
    Target,
    instead_of,
    name_argument,
    target_options,
    timeout_option,
    wait_option,
)
from jhos.cli.output import emit, output_option, table
from jhos.cli.precaution import of_before, precaution
from jhos.settings.descriptions import DESCRIPTIONS

if TYPE_CHECKING:
    from jhos.actions.pipeline import Deployed
    from jhos.cluster.client import Cluster
    from jhos.settings.profiles import Row

_NAME = name_argument()


def _names(cluster: "Cluster", name: str) -> list[str]:
    from jhos.actions.configure import read
    from jhos.actions.profiles import profiles as of

    return [row["name"] for row in of(read(cluster, name))]


_PROFILE = click.argument("profile", shell_complete=of_deployment(_names))


@click.group()
def profiles() -> None:
    """What users choose from when they start a server: images, sizes, GPUs.

    The hub reads them whenever it shows them, so that a change needs no restart. Profiles of a
    jupyterhub_config.py work as well and take the place of these.

    \b
    Examples:
      jhos profiles add jakevdp small --title "Small" --image s2i-minimal-notebook --default
      jhos profiles add jakevdp large --title "Large" --memory 4Gi --cpu 2
      jhos profiles list jakevdp
    """


def _fields(command: Command) -> Command:
    """Options for the fields of a profile → the argument `row`, of those that were given."""

    def gathered(environment: Any, node_selector: Any, **arguments: Any) -> Any:
        row = {key: arguments.pop(key) for key in _PLAIN}
        row |= {key: list(arguments.pop(key)) or None for key in _LISTS}
        row |= {"environment": environment, "node_selector": node_selector}
        return command(row={k: v for k, v in row.items() if v is not None}, **arguments)

    return instead_of(command, gathered, *_options())


_PLAIN = ("title", "description", "default", "image", "memory", "memory_request", "cpu",
          "cpu_request", "gpu", "interface", "mount_path")  # fmt: skip
_LISTS = ("groups", "supplemental_groups")
_ORDINARY = {"name", "title", "description", "default"}  # of a server as the settings say


def _options() -> list[Any]:
    from jhos.cli.setting_options import pairs

    def text(flag: str, field: str, metavar: str) -> Any:
        words = DESCRIPTIONS[f"profiles[].{field}"]
        return click.option(flag, field, metavar=metavar, help=words)

    return [
        text("--title", "title", "TEXT"),
        text("--description", "description", "TEXT"),
        text("--image", "image", "IMAGE"),
        text("--memory", "memory", "SIZE"),
        text("--memory-request", "memory_request", "SIZE"),
        text("--cpu", "cpu", "CPUS"),
        text("--cpu-request", "cpu_request", "CPUS"),
        click.option("--gpu", type=click.IntRange(min=0), metavar="NUMBER",
                     help=DESCRIPTIONS["profiles[].gpu"]),
        click.option("--env", "environment", metavar="NAME=VALUE", multiple=True, callback=pairs,
                     help=DESCRIPTIONS["profiles[].environment"]),
        click.option("--node-selector", "node_selector", metavar="LABEL=VALUE", multiple=True,
                     callback=pairs, help=DESCRIPTIONS["profiles[].node_selector"]),
        click.option("--group", "groups", metavar="GROUP", multiple=True,
                     help=DESCRIPTIONS["profiles[].groups"]),
        click.option("--supplemental-group", "supplemental_groups", metavar="NUMBER", type=int,
                     multiple=True, help=DESCRIPTIONS["profiles[].supplemental_groups"]),
        text("--interface", "interface", "NAME"),
        text("--mount-path", "mount_path", "/PATH"),
        click.option("--default/--no-default", default=None,
                     help=DESCRIPTIONS["profiles[].default"]),
    ]  # fmt: skip


@profiles.command("list", short_help="List the profiles.")
@_NAME
@output_option
@target_options
def list_profiles(target: Target, name: str, output: str) -> None:
    """List the profiles of the deployment NAME, in their order.

    \b
    Examples:
      jhos profiles list jakevdp
      jhos profiles list jakevdp -o json
    """
    rows = _read(target, name)
    cells = [
        (f"{row['name']}{' (default)' if row.get('default') else ''}", row.get("title", ""),
         row.get("image", ""), row.get("memory", ""), str(row.get("cpu", "")),
         str(row.get("gpu", "")), ", ".join(row.get("groups", [])))
        for row in rows
    ]  # fmt: skip
    nothing = f"{name} has no profiles: every server is as the settings of notebook say."
    head = ("NAME", "TITLE", "IMAGE", "MEMORY", "CPU", "GPU", "GROUPS")
    emit(output, table(head, cells) if cells else nothing, rows, [row["name"] for row in rows])


@profiles.command(short_help="Print one profile.")
@_NAME
@_PROFILE
@output_option
@target_options
def show(target: Target, name: str, profile: str, output: str) -> None:
    """Print all of one profile, as YAML.

    \b
    Example:
      jhos profiles show jakevdp large
    """
    from jhos.settings.profiles import find

    row = find(_read(target, name), profile)
    emit(output, _yaml(row), row, [row["name"]])


@profiles.command(short_help="Add a profile.")
@_NAME
@click.argument("profile")
@_fields
@click.option("--position", type=click.IntRange(min=1), metavar="NUMBER", help="Else the last.")
@wait_option
@timeout_option(600, returns=True)
@output_option
@target_options
def add(
    target: Target,
    name: str,
    profile: str,
    row: "Row",
    position: int | None,
    wait: bool,
    timeout_s: int,
    output: str,
) -> None:
    """Add PROFILE to those that users choose from. What is not said is as for every server.

    An image of the project must be there; a new build of it is what the next server gets. A
    profile that is there already, just so, counts as added.

    \b
    Examples:
      jhos profiles add jakevdp small --title "Small" --image s2i-minimal-notebook --default
      jhos profiles add jakevdp gpu --title "With a GPU" --image s2i-tensorflow-notebook --gpu 1
      jhos profiles add jakevdp staff --memory 8Gi --group staff --position 1
    """
    from jhos.settings.profiles import added

    made = {"name": profile, **row}
    change = _Change(target, name, wait=wait, timeout_s=timeout_s, output=output)
    change.carry_out(lambda rows, new: added(rows, new, position), made)


@profiles.command(short_help="Change a profile.")
@_NAME
@_PROFILE
@_fields
@wait_option
@timeout_option(600, returns=True)
@output_option
@target_options
def edit(
    target: Target,
    name: str,
    profile: str,
    row: "Row",
    wait: bool,
    timeout_s: int,
    output: str,
) -> None:
    """Change what is given of PROFILE; without options, open it in your editor.

    An empty value takes a field away.

    \b
    Examples:
      jhos profiles edit jakevdp large --memory 8Gi
      jhos profiles edit jakevdp large --image ""
      jhos profiles edit jakevdp large
    """
    from jhos.settings.profiles import changed

    change = _Change(target, name, wait=wait, timeout_s=timeout_s, output=output)
    if row:
        emptied = {key: None if value == "" else value for key, value in row.items()}
        change.carry_out(lambda rows, new: changed(rows, profile, new), emptied)
    else:
        _edit_text(change, profile)


@profiles.command(short_help="Remove profiles.")
@_NAME
@click.argument("profile", nargs=-1, required=True, shell_complete=of_deployment(_names))
@wait_option
@timeout_option(600, returns=True)
@output_option
@target_options
def remove(
    target: Target, name: str, profile: tuple[str, ...], wait: bool, timeout_s: int, output: str
) -> None:
    """Remove one PROFILE or several. Servers that were started by it go on.

    A profile that is not there is reported and counts as removed.

    \b
    Example:
      jhos profiles remove jakevdp large gpu
    """
    from jhos.cli.terminal import say
    from jhos.settings.profiles import missing, removed

    for words in missing(_read(target, name), profile):
        say(words)
    change = _Change(target, name, wait=wait, timeout_s=timeout_s, output=output)
    change.carry_out(lambda rows: removed(rows, profile))


@profiles.command(short_help="Choose the default.")
@_NAME
@_PROFILE
@wait_option
@timeout_option(600, returns=True)
@output_option
@target_options
def default(
    target: Target, name: str, profile: str, wait: bool, timeout_s: int, output: str
) -> None:
    """Make PROFILE the one that is chosen already when the page is shown.

    \b
    Example:
      jhos profiles default jakevdp small
    """
    from jhos.settings.profiles import changed

    change = _Change(target, name, wait=wait, timeout_s=timeout_s, output=output)
    change.carry_out(lambda rows: changed(rows, profile, {"default": True}))


@profiles.command("import", short_help="Take over profiles of a file.")
@_NAME
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@wait_option
@timeout_option(600, returns=True)
@output_option
@target_options
def import_profiles(
    target: Target, name: str, file: str, wait: bool, timeout_s: int, output: str
) -> None:
    """Take over the profiles of FILE: YAML as `export` writes it, or a jupyterhub_config.py.

    Of a configuration its KubeSpawner.profile_list or ProfilesSpawner.profiles is taken; it is run
    here. Profiles of the same name are replaced, the others stay.

    \b
    Examples:
      jhos profiles import jakevdp profiles.yaml
      jhos profiles import jakevdp jupyterhub_config.py
    """
    from jhos.cli.given import read_text

    text, cluster = read_text(file), target.connect(REQUEST_S)
    from jhos.actions.profiles import read_file
    from jhos.settings.profiles import imported

    found = read_file(cluster, name, file, text)
    change = _Change(target, name, wait=wait, timeout_s=timeout_s, output=output)
    change.carry_out(lambda rows, *new: imported(rows, list(new)), *found)


@profiles.command(short_help="Print all profiles as YAML.")
@_NAME
@target_options
def export(target: Target, name: str) -> None:
    """Print all profiles as YAML, for `import` or as part of a file of settings.

    \b
    Example:
      jhos profiles export jakevdp > profiles.yaml
    """
    click.echo(_yaml({"profiles": _read(target, name)}))


def _read(target: Target, name: str) -> list["Row"]:
    cluster = target.connect(REQUEST_S)
    from jhos.actions.configure import read
    from jhos.actions.profiles import profiles as of

    return of(read(cluster, name))


@dataclass(frozen=True, kw_only=True)
class _Change:
    """A change of the profiles of the deployment `name`, as the command's options say."""

    target: Target = field(kw_only=False)
    name: str = field(kw_only=False)
    wait: bool
    timeout_s: int
    output: str

    def carry_out(self, edit: Callable[..., list["Row"]], *new: "Row") -> None:
        cluster = self.target.connect(self.timeout_s)
        from jhos.actions.profiles import change
        from jhos.cli.configure import result
        from jhos.cli.terminal import progress, tell_where

        tell_where(cluster)
        with progress() as report:
            done = change(
                cluster, self.name, edit, *new, precaution=precaution(self.name),
                wait=self.wait, timeout_s=self.timeout_s, report=report,
            )  # fmt: skip
        rows = done.settings.as_dict()["profiles"]
        names = [row["name"] for row in rows]
        text = "\n".join([self._summary(done), *only_choice(self.name, rows), *of_before(done)])
        emit(self.output, text, {**result(done), "profiles": names}, names)

    def _summary(self, done: "Deployed") -> str:
        from jhos.cli.configure import restarts_hub

        revision = f"Revision {done.revision} of {self.name}"
        if not done.plan.differs:
            return "Nothing had to be changed."
        if not restarts_hub(done):
            return f"{revision}: the hub offers it within a minute or two, without a restart."
        return f"{revision} {'is ready' if self.wait else 'is rolled out'}; the hub was restarted."


def _edit_text(change: _Change, profile: str) -> None:
    from jhos.actions.profiles import row_of
    from jhos.cli.editor import Draft
    from jhos.errors import JhosError
    from jhos.settings.load import load
    from jhos.settings.profiles import find, replaced

    row = find(_read(change.target, change.name), profile)

    def accept(text: str) -> None:
        load({"profiles": [row_of(text)]})

    draft = Draft(_yaml(row) + "\n", ".yaml", f"Profile {profile} of {change.name}.")
    text = draft.edit(accept)
    if text is None:
        click.echo("Nothing was changed.", err=True)
        return
    made = row_of(text)
    try:
        change.carry_out(lambda rows, new: replaced(rows, profile, new), made)
    except JhosError as error:
        raise draft.kept(error) from error
    draft.done()


def _yaml(data: Any) -> str:
    import yaml

    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return text.rstrip()


def only_choice(name: str, rows: "list[Row]") -> list[str]:
    """What to know where a first profile takes the place of the settings."""
    from jhos.settings.profiles import compact

    if len(rows) != 1 or compact(rows[0]).keys() <= _ORDINARY:
        return []
    who = "Members of its groups" if rows[0].get("groups") else "Users"
    return [
        f"{who} have no other choice than {rows[0]['name']} now. To offer them also a server as "
        "the settings say:",
        f"jhos profiles add {name} standard --title Standard --default",
    ]
