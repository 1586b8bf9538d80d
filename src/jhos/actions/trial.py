"""A new configuration is run here, as the hub would run it, and what is found is told."""

from dataclasses import replace

from jhos import hubconfig
from jhos.actions.edits import Stored
from jhos.configuration import literals
from jhos.events import Event, Report, State
from jhos.hubconfig.findings import Finding, Level
from jhos.settings.load import load
from jhos.settings.secrets import completed

_SUBJECT = "Configuration"


def try_configuration(edited: Stored, report: Report) -> None:
    """Raises SettingsError for one that would not work, with every line."""
    report(Event(_SUBJECT, State.RUNNING, "running it here first"))
    found = _findings(edited)
    hubconfig.require(found)
    report(Event(_SUBJECT, State.DONE, "checked"))
    _tell(found, report)
    _tell_secrets(load(edited.settings).name, edited.configuration, report)


def _tell_secrets(name: str, configuration: dict[str, str], report: Report) -> None:
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


def _findings(edited: Stored) -> tuple[Finding, ...]:
    settings = load(edited.settings).as_dict()
    return hubconfig.check(edited.configuration, settings, completed(edited.secrets))


def _tell(found: tuple[Finding, ...], report: Report) -> None:
    for each in found:
        state = State.WARNING if each.level is Level.WARNING else State.SAID
        lines = replace(each, file="", line=None, excerpt="")
        report(Event(each.where or _SUBJECT, state, str(lines).replace("\n", " ")))
