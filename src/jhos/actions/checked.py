"""An edit whose configuration is run and checked before anything is sent."""

from dataclasses import replace

from jhos import hubconfig
from jhos.actions.edits import Edit, Stored
from jhos.configuration import literals
from jhos.events import Event, Report, State
from jhos.hubconfig.findings import Finding, Level
from jhos.settings.load import load
from jhos.settings.secrets import completed

_SUBJECT = "Configuration"


def checked(edit: Edit, report: Report) -> Edit:
    """Raises SettingsError for a new configuration that would not work, with every line.

    What is stored already is not run: others may have written it.
    """

    def edit_and_check(stored: Stored) -> Stored:
        edited = edit(stored)
        check_edit(stored, edited, report)
        return edited

    return edit_and_check


def check_edit(stored: Stored, edited: Stored, report: Report) -> None:
    if edited.configuration == stored.configuration:
        return
    report(Event(_SUBJECT, State.RUNNING, "running it here first"))
    found = findings(edited)
    hubconfig.require(found)
    report(Event(_SUBJECT, State.DONE, "checked"))
    _tell(found, report)
    tell_secrets(load(edited.settings).name, edited.configuration, report)


def tell_secrets(name: str, configuration: dict[str, str], report: Report) -> None:
    """That a file is kept in another place than people look for it."""
    for file, text in configuration.items():
        found = list(literals(file, text))
        if found:
            lines = ", ".join(f"{each.name} in line {each.line}" for each in found)
            words = (
                f"it holds a secret ({lines}), so it is kept in Secret {name}-secrets and not in "
                f"the ConfigMap. To keep secrets out of it: jhos configure {name} "
                'with --secret-file KEY=FILE, and get_secret("KEY") in the file.'
            )
            report(Event(file, State.WARNING, words))


def findings(edited: Stored) -> tuple[Finding, ...]:
    settings = load(edited.settings).as_dict()
    return hubconfig.check(edited.configuration, settings, completed(edited.secrets))


def _tell(found: tuple[Finding, ...], report: Report) -> None:
    for each in found:
        state = State.WARNING if each.level is Level.WARNING else State.SAID
        lines = replace(each, file="", line=None, excerpt="")
        report(Event(each.where or "Configuration", state, str(lines).replace("\n", " ")))
