"""jhos upgrade"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jhos.cli.options import Target, name_argument, target_options, timeout_option, yes_option
from jhos.cli.output import emit, end_unchanged, output_option
from jhos.cli.passphrase import passphrase_of, passphrase_option, without_secrets_option
from jhos.cli.precaution import file_of, of_before

if TYPE_CHECKING:
    from jhos.actions.upgrade import Question, Upgraded


@click.command()
@name_argument()
@click.option(
    "--backup", "file", type=click.Path(dir_okay=False, path_type=Path),
    help="Where the backup goes that comes first; else NAME-DATE-TIME.tar here.",
)  # fmt: skip
@click.option("--no-backup", is_flag=True, help="Make none; a failed upgrade of the schema stays.")
@passphrase_option
@without_secrets_option
@timeout_option(1800, returns=True)
@yes_option
@output_option
@target_options
def upgrade(
    target: Target,
    name: str,
    file: Path | None,
    no_backup: bool,
    passphrase_file: str | None,
    without_secrets: bool,
    timeout_s: int,
    yes: bool,
    output: str,
) -> None:
    """Bring the deployment NAME to this version of jhos.

    Shows what changes and asks. Then images of ours are built anew where their sources changed
    (those that were pushed or imported stay as they are), a backup is written, objects are
    changed, and the new hub brings the database to its schema. Running servers go on. Where the
    new hub does not become ready, all is put back as it was, the database too, and the command
    ends with the reason.

    \b
    Examples:
      jhos upgrade jakevdp
      jhos upgrade jakevdp --backup before.tar --passphrase-file ~/.jhos-passphrase --yes
      jhos upgrade jakevdp --without-secrets --yes
    """
    from jhos.actions.upgrade import upgrade as act
    from jhos.cli.terminal import confirm, progress, say

    if no_backup and (file or passphrase_file or without_secrets):
        raise click.UsageError(
            "--no-backup does not go with --backup, --passphrase-file or --without-secrets."
        )
    file = None if no_backup else file or file_of(name)
    if file and file.exists():
        raise click.UsageError(f"{file} is there already: name another.")
    phrase = passphrase_of(passphrase_file, without=without_secrets, twice=True) if file else None
    cluster = target.connect(timeout_s)

    def approve(question: "Question") -> bool:
        say(_question(question, cluster.context))
        return confirm("Upgrade?", yes=yes)

    with progress() as report:
        done = act(
            cluster,
            name,
            file=file,
            passphrase=phrase,
            approve=approve,
            timeout_s=timeout_s,
            report=report,
        )
    if done is None:
        end_unchanged()
    names = [each.ref.title for each in done.deployed.plan.writes]
    emit(output, _text(done), _data(done), names)


def _question(question: "Question", context: str) -> str:
    from jhos import __version__

    former = question.former or "of an older version"
    lines = [
        f"{question.name} in project {question.namespace} (context {context}): jhos {former} → "
        f"{__version__}"
    ]
    if question.images:
        images = ", ".join(question.images)
        lines.append(f"Images, built anew where their sources changed: {images}")
    if question.foreign:
        foreign = ", ".join(question.foreign)
        lines.append(f"Images that jhos did not build, which stay as they are: {foreign}")
    by_kind: dict[str, list[str]] = {}
    for change in question.plan.changes:
        if change.action in ("create", "update", "delete"):
            by_kind.setdefault(f"{change.action} {change.ref.kind}", []).append(change.ref.name)
    lines += [f"  {what} {', '.join(names)}" for what, names in by_kind.items()]
    lines.append(f"Backup first: {question.file}" if question.file else "Without a backup.")
    lines.append("The hub restarts, servers go on. jhos diff shows the objects field by field.")
    return "\n".join(lines)


def _text(done: "Upgraded") -> str:
    from jhos import __version__

    deployed = done.deployed
    where = f"JupyterHub {deployed.name} runs at {deployed.url}"
    if not deployed.plan.differs:
        return f"Nothing had to be changed: {deployed.name} is of jhos {__version__}. {where}"
    lines = [f"Upgraded to jhos {__version__}. {where}"]
    return "\n".join([*lines, *of_before(deployed)])


def _data(done: "Upgraded") -> dict[str, Any]:
    from jhos import __version__
    from jhos.cli.deploy import result

    return {
        **result(done.deployed),
        "formerVersion": done.former,
        "version": __version__,
    }
