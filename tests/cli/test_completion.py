"""Real shells complete what is typed at a terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_errors import kubeconfig

START = {
    "bash": (["bash", "--norc"], 'eval "$(jhos completion bash)"'),
    "zsh": (["zsh", "-f"], 'autoload -Uz compinit; compinit -D; eval "$(jhos completion zsh)"'),
    "fish": (["fish", "--no-config"], "jhos completion fish | source"),
}
TAB, LINE_START = "\t", "\x01"


@pytest.fixture(params=START)
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def completed(shell: str, line: str, folder: Path) -> list[str]:
    """The words after `jhos` that the line has become, once its end was completed."""
    command, setup = START[shell]
    shown = folder / "words"
    typed = f"{setup}\n{line}{TAB}{LINE_START}printf '%s\\n' >words \nexit\n"
    main, side = os.openpty()
    bin_dir = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}", "TERM": "dumb"}
    with subprocess.Popen(
        ["setsid", "--ctty", *command, "-i"],
        stdin=side, stdout=side, stderr=side, cwd=folder, env=environment,
    ):  # fmt: skip
        os.close(side)
        os.write(main, typed.encode())
        try:
            while os.read(main, 4096):
                pass
        except OSError:  # the terminal's last program has ended
            os.close(main)
    return shown.read_text().split()[1:]


@pytest.mark.parametrize("sign", [" ", "="])
def test_values_of_an_option(shell: str, sign: str, tmp_path: Path) -> None:
    line = f"jhos deploy --auth{sign}op"
    assert completed(shell, line, tmp_path) == f"{line}enshift".split()[1:]
    (tmp_path / "settings.yaml").touch()
    line = f"jhos deploy --file{sign}sett"
    assert completed(shell, line, tmp_path) == f"{line}ings.yaml".split()[1:]


@pytest.mark.parametrize("sign", [" ", "="])
def test_names_of_contexts_whose_file_is_named_before(
    shell: str, sign: str, tmp_path: Path
) -> None:
    name = "course/api-example-com:6443/jake@example.com"
    file = Path(kubeconfig(tmp_path, "https://api.example.com:6443"))
    file.write_text(file.read_text().replace("here", name))
    for begun in ("", "course/api-example-com:64", "course/api-example-com:6443/jake@ex"):
        line = f"jhos list --kubeconfig{sign}{file} --context{sign}"
        assert completed(shell, line + begun, tmp_path) == f"{line}{name}".split()[1:]


def test_a_key_and_its_value_are_one_word(shell: str, tmp_path: Path) -> None:
    line = "jhos configure alpha --set=cull.id"
    assert completed(shell, line, tmp_path)[-1] == "--set=cull.idle="
    line = "jhos configure alpha --set=cull.idle="
    assert completed(shell, line, tmp_path)[-1] == "--set=cull.idle="


def test_the_script_of_an_earlier_jhos_still_completes() -> None:
    asked = {"_JHOS_COMPLETE": "bash_complete", "COMP_WORDS": "jhos dep", "COMP_CWORD": "1"}
    program = Path(sys.executable).with_name("jhos")
    done = subprocess.run(
        [program], env={**os.environ, **asked}, check=True, capture_output=True, text=True
    )
    assert done.stdout == "plain,deploy\n"
