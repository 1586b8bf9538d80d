"""Objects larger than a cluster accepts are reported before anything is written."""

from pathlib import Path

import pytest

from jhos.objects import ObjectRef
from tests.engine.conftest import IMAGES, Jhos, Reach

KINDS = ("ConfigMap", "Secret", "Lease", "Deployment")


def written(reach: Reach, name: str) -> list[object]:
    return [obj for kind in KINDS for obj in reach().metadata(kind, f"app={name}")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# " + "x" * 2**20 + "\n", "ConfigMap large-cfg would have"),
        (f"c.KubeSpawner.extra_labels = {{'password': '{'x' * 2**20}'}}\n", "Secret large-secrets"),
        ("# " + "é" * 2**19 + "\n", "jupyterhub_config.py"),
    ],
    ids=["plain", "with a secret", "beyond ASCII"],
)
def test_a_configuration_that_is_too_large_is_not_begun(
    jhos: Jhos, reach: Reach, tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "jupyterhub_config.py"
    file.write_text(text)
    command = ("deploy", "--name", "large", *IMAGES, "--no-wait", "--unchecked")
    result = jhos(*command, "--config", str(file), code=2)
    assert words in result.stderr
    assert "1024 KiB at most" in result.stderr or "3072 KiB at most" in result.stderr
    assert "The largest is jupyterhub_config.py" in result.stderr
    assert "xxx" not in result.output
    assert not written(reach, "large")


def test_files_that_are_too_large_for_one_revision_change_nothing(
    jhos: Jhos, reach: Reach, tmp_path: Path
) -> None:
    """One is kept in the ConfigMap, the other in the Secret, and a revision holds both."""
    for name, text in (("jupyterhub_config.py", "# "), ("jupyterhub_config.sh", "PASSWORD=")):
        (tmp_path / name).write_text(text + "x" * 600_000 + "\n")
    python, shell = sorted(map(str, tmp_path.iterdir()))
    jhos("deploy", "--name", "both-files", *IMAGES, "--no-wait", "--unchecked", "--config", python)
    result = jhos("configure", "both-files", "--no-wait", "--unchecked", "--config", shell, code=2)
    assert "Secret both-files-revision" in result.stderr
    stored = reach().get(ObjectRef("Secret", "both-files-secrets")) or {}
    assert "jupyterhub_config.sh" not in stored["data"]


def test_a_secret_file_that_is_too_large_leaves_the_deployment_as_it_is(
    jhos: Jhos, reach: Reach, tmp_path: Path
) -> None:
    jhos("deploy", "--name", "stays", *IMAGES, "--no-wait")
    before = [obj["metadata"]["resourceVersion"] for obj in reach().metadata("ConfigMap")]
    file = tmp_path / "key"
    file.write_text("s" * (2**20 + 1))
    command = ("configure", "stays", "--no-wait", "--secret-file", f"my-key={file}")
    result = jhos(*command, code=2)
    assert "Secret stays-secrets would have" in result.stderr
    assert "The largest is" in result.stderr
    assert "my-key" in result.stderr
    assert "sss" not in result.output
    after = [obj["metadata"]["resourceVersion"] for obj in reach().metadata("ConfigMap")]
    assert after == before


@pytest.mark.parametrize("command", ["diff", "configure"])
def test_a_long_line_of_a_difference_is_shortened(jhos: Jhos, tmp_path: Path, command: str) -> None:
    jhos("deploy", "--name", f"long-{command}", *IMAGES, "--no-wait")
    file = tmp_path / "jupyterhub_config.py"
    file.write_text("# " + "x" * 700_000 + "\n# " + "y" * 700 + "\n")
    words = {"diff": ("diff", "--name", "long-diff"),
             "configure": ("configure", "long-configure", "--dry-run", "--unchecked")}  # fmt: skip
    result = jhos(*words[command], "--config", str(file))
    assert "(70000" in result.output
    assert max(map(len, result.output.splitlines())) < 400
