"""Configurations that would not work, and what is said of each line."""

from collections.abc import Callable, Iterator

import pytest

from jhos.errors import SettingsError
from jhos.hubconfig import Run, check, profile_list, require
from jhos.hubconfig.findings import Finding, Level
from jhos.settings.load import defaults
from jhos.settings.profiles import of_kubespawner
from tests.hub_image import recipe
from tests.preloaded import preloaded

KEYS = ("cookie-secret", "proxy-token", "database-password")
FILE, SHELL_FILE = "jupyterhub_config.py", "jupyterhub_config.sh"


Found = Callable[[str], list[Finding]]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with preloaded() as run:
        yield run


@pytest.fixture
def found(run: Run) -> Found:
    """What is found in a configuration."""

    return lambda text: list(check({FILE: text}, defaults(), KEYS, run))


def by_line(findings: list[Finding]) -> dict[int | None, Finding]:
    return {finding.line: finding for finding in findings}


def errors(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level is Level.ERROR]


def test_nothing_written_is_not_run() -> None:
    assert check({FILE: "\n"}, {}, ()) == ()


def test_what_works_is_silent() -> None:
    text = """
import os
c.KubeSpawner.start_timeout = 180
c.Spawner.notebook_dir = "~/work"
c.Spawner.mem_limit = "1G"
c.JupyterHub.services.append({"name": "mine", "command": ["true"]})
c.KubeSpawner.environment.update({"COURSE": application_name})
c.Authenticator.admin_users = {os.environ["ADMIN"], get_secret("proxy-token")}
c.JupyterHub.authenticator_class = "dummy"
print("[]")
"""
    files = {FILE: text, SHELL_FILE: "export ADMIN=ada\necho hello\n"}
    assert check(files, defaults(), KEYS) == ()


def test_a_syntax_error_has_a_caret(found: Found) -> None:
    (finding,) = found("c.KubeSpawner.start_timeout = 180\n    c.KubeSpawner.http_timeout = = 3\n")
    assert (finding.level, finding.line) == (Level.ERROR, 2)
    (finding,) = found("c.KubeSpawner.http_timeout = = 3\n")
    line, caret = finding.excerpt.splitlines()
    assert line[caret.index("^")] == "="
    assert str(finding).startswith("jupyterhub_config.py:1: Invalid syntax.")


def test_names_and_types_are_told_by_line(found: Found) -> None:
    text = """\
c.KubeSpawner.start_timout = 180
c.KubSpawner.http_timeout = 3
c.OwnThing.setting = 1
c.JupyterHub.start_timeout = 3
c.announcement = "Hello"
c.KubeSpawner.http_timeout = "60s"
c.Authenticator.allowed_users = "bob"
c.JupyterHub.authenticator_class = "dumy"
c.JupyterHub.proxy_cmd = ["proxy"]
c.KubeSpawner.profile_list = [{"display_name": "A", "kubespawner_override": {"imge": "x"}}]
c.KubeSpawner.singleuser_image_spec = "jupyter/base-notebook"
"""
    lines = by_line(found(text))
    assert lines[1].hint == "Did you mean c.KubeSpawner.start_timeout?"
    assert lines[2].hint == "Did you mean c.KubeSpawner?"
    assert (lines[3].level, lines[3].message) == (
        Level.WARNING,
        "No class OwnThing is known here.",
    )
    assert lines[4].hint == "Did you mean c.KubeSpawner.start_timeout?"
    assert lines[5].message == "c.announcement has no effect."
    assert lines[6].message == "KubeSpawner.http_timeout must be an int, not the str '60s'."
    assert lines[7].message == "Authenticator.allowed_users must be a set, not the str 'bob'."
    assert lines[8].hint == "Did you mean 'dummy'?"
    assert (lines[9].level, lines[9].hint) == (
        Level.WARNING,
        "Its documentation says: Use ConfigurableHTTPProxy.command",
    )
    assert lines[10].message == "Profile 'A': KubeSpawner knows no imge."
    assert lines[11].level is Level.NOTE
    assert len(errors(list(lines.values()))) == 8


def test_what_is_raised_is_told_with_its_line(found: Found) -> None:
    (finding,) = found("x = 1\nif undefined_name:\n    pass\n")
    assert (finding.line, finding.excerpt) == (2, "if undefined_name:")
    assert "NameError" in finding.message
    with pytest.raises(SettingsError, match="py:2: NameError"):
        require([finding])


def test_an_absent_secret_is_told_with_those_there_are(found: Found) -> None:
    (finding,) = found('token = get_secret("nothing")\n')
    assert finding.level is Level.ERROR
    assert "proxy-token" in finding.hint


def test_what_only_the_pod_has_is_a_warning_and_the_rest_is_checked(found: Found) -> None:
    text = """\
from my_login import Login
class Mine(Login):
    pass
c.JupyterHub.authenticator_class = Mine
c.Mine.colour = "red"
c.KubeSpawner.imag = "x"
import os
where = os.environ["ONLY_IN_THE_IMAGE"]
"""
    lines = by_line(found(text))
    assert {line: lines[line].level for line in lines} == {
        1: Level.WARNING,
        6: Level.ERROR,
        8: Level.WARNING,
    }


def test_a_class_of_the_file_itself_is_known(found: Found) -> None:
    text = """\
from kubespawner import KubeSpawner
from traitlets import Int
class Mine(KubeSpawner):
    seats = Int(3).tag(config=True)
c.JupyterHub.spawner_class = Mine
c.Mine.seats = 4
c.KubeSpawner.seats = 4
c.Mine.seat = 4
"""
    assert {finding.line: finding.hint for finding in errors(found(text))} == {
        8: "Did you mean c.Mine.seats?"
    }


def test_a_profile_that_cannot_be_kept_is_refused(found: Found) -> None:
    text = """\
c.JupyterHub.spawner_class = "jhos_hub.spawner.NotebookSpawner"
c.ProfilesSpawner.profiles = [("Local", "local", "simple", {})]
"""
    (finding,) = errors(found(text))
    assert finding.line == 2
    assert "starts servers by simple" in finding.message


def test_a_broken_shell_file_is_told() -> None:
    (finding,) = check({SHELL_FILE: "if true; then\n"}, defaults(), KEYS)
    assert (finding.level, finding.file) == (Level.ERROR, SHELL_FILE)
    assert "line 2" in finding.message


def test_every_configuration_of_the_recipe_passes(found: Found) -> None:
    """The lists of profiles apart: a later one would take the place of an earlier."""
    blocks = recipe.blocks()
    lists = {name for name in blocks if "ProfilesSpawner" in blocks[name]}
    together = "".join(text for name, text in blocks.items() if name not in lists)
    for text in (together, *(blocks[name] for name in sorted(lists))):
        assert not errors(found(text)), text


def test_the_lists_of_the_recipe_become_profiles(run: Run) -> None:
    listed = profile_list({FILE: recipe.blocks()["profiles"]}, defaults(), KEYS, run)
    rows = [of_kubespawner(each) for each in listed]
    assert [row["image"] for row in rows] == [
        f"s2i-{each}-notebook:3.5" for each in ("minimal", "scipy", "tensorflow")
    ]
    assert [bool(row.get("default")) for row in rows] == [True, False, False]
