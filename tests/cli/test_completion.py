"""A real shell completes what is typed at a terminal. tests/e2e/test_shells.py tries others."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_errors import kubeconfig
from tests.shells import completed


@pytest.fixture
def shell() -> str:
    return "bash"


@pytest.mark.parametrize("sign", [" ", "="])
def test_values_of_an_option(shell: str, sign: str, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").touch()
    typed = [f"jhos deploy --auth{sign}op", f"jhos deploy --file{sign}sett"]
    assert completed(shell, typed, tmp_path) == [
        f"jhos deploy --auth{sign}openshift",
        f"jhos deploy --file{sign}settings.yaml",
    ]


@pytest.mark.parametrize("sign", [" ", "="])
def test_names_of_contexts_whose_file_is_named_before(
    shell: str, sign: str, tmp_path: Path
) -> None:
    name = "course/api-example-com:6443/jake@example.com"
    file = Path(kubeconfig(tmp_path, "https://api.example.com:6443"))
    file.write_text(file.read_text().replace("here", name))
    line = f"jhos list --kubeconfig{sign}{file} --context{sign}"
    begun = ("", "course/api-example-com:64", "course/api-example-com:6443/jake@ex")
    assert completed(shell, [line + each for each in begun], tmp_path) == [f"{line}{name}"] * 3


def test_a_key_and_its_value_are_one_word(shell: str, tmp_path: Path) -> None:
    key = "jhos configure alpha --set=cull.idle="
    assert completed(shell, [key.removesuffix("le="), key], tmp_path) == [key, key]


def test_the_script_of_an_earlier_jhos_still_completes() -> None:
    asked = {"_JHOS_COMPLETE": "bash_complete", "COMP_WORDS": "jhos dep", "COMP_CWORD": "1"}
    program = Path(sys.executable).with_name("jhos")
    done = subprocess.run(
        [program], env={**os.environ, **asked}, check=True, capture_output=True, text=True
    )
    assert done.stdout == "plain,deploy\n"
