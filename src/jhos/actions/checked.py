"""An edit whose configuration is run and checked before anything is sent."""

from jhos.actions.edits import Edit, Stored
from jhos.events import Report


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
    if edited.configuration != stored.configuration:
        from jhos.actions.trial import try_configuration  # most edits bring none

        try_configuration(edited, report)
