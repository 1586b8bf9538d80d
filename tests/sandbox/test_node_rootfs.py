"""What containers see, as options of bwrap; overlays for real."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jhos.sandbox.node.box import NAMESPACES
from jhos.sandbox.node.overlay import copy_layers, remove_tree
from jhos.sandbox.node.rootfs import Box, Mount, arguments, binds, identity, inner, system


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/var/run/secrets/x/", "/run/secrets/x"),
        ("/var/runner", "/var/runner"),
        ("/lib/x", "/usr/lib/x"),
        ("/opt//app-root/../y", "/opt/y"),
    ],
)
def test_targets_lead_around_the_links_of_the_root(target: str, path: str) -> None:
    assert inner(target) == path


def test_outer_mounts_come_before_inner_ones() -> None:
    inside = Mount(source="/b", target="/opt/app-root/configs/deep", read_only=True)
    outside = Mount(source="/a", target="/opt/app-root/configs")
    options = list(binds(Box(command=["x"], app_root="/r", mounts=[inside, outside])))
    assert options == [
        *("--bind", "/r", "/opt/app-root"),
        *("--bind", "/a", "/opt/app-root/configs"),
        *("--ro-bind", "/b", "/opt/app-root/configs/deep"),
    ]


def test_a_box_has_its_own_environment_only() -> None:
    options = arguments(Box(command=["x"], app_root="/r", env={"A": "1"}))
    assert "--clearenv" in options
    assert options[options.index("--setenv") :][:3] == ["--setenv", "A", "1"]


def test_homes_and_private_keys_of_the_host_are_not_shared() -> None:
    sources = [system()[n + 1] for n, word in enumerate(system()) if word == "--ro-bind"]
    assert not any(path.startswith(("/home", "/root", "/etc/ssl/private")) for path in sources)
    assert "/etc/ssl" not in sources


def test_an_arbitrary_uid_has_a_name() -> None:
    assert (
        "\n1000660000:x:1000660000:0:1000660000 user:/home:/sbin/nologin\n"
        in identity(1000660000, "/home")["passwd"]
    )
    assert identity(1001, "/home")["passwd"].count(":1001:") == 1


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run_box(box: dict[str, object], layers: Path, names: list[str]) -> str:
    """In an overlay over `layers`/name; what it writes lies in `layers`/writable."""
    root = layers / "root"
    root.mkdir()
    spec = {
        "box": {"workdir": "/opt/app-root", "app_root": str(root), "mounts": [],
                "env": {"PATH": "/usr/bin:/bin"}, **box},
        "overlay": {"layers": [str(layers / name) for name in names],
                    "writable": str(layers / "writable")},
    }  # fmt: skip
    done = subprocess.run(
        [*NAMESPACES, sys.executable, "-m", "jhos.sandbox.node.box"],
        input=json.dumps(spec),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_changes_of_a_box_go_to_the_upper_layer(tmp_path: Path) -> None:
    for layer, text in (("low", "low"), ("high", "high")):
        write(tmp_path / layer / "which", text)
    write(tmp_path / "low/gone", "x")
    script = "cat which; rm gone; echo new > new"
    assert run_box({"command": ["bash", "-c", script]}, tmp_path, ["low", "high"]) == "high"
    upper = tmp_path / "writable/upper"
    assert (upper / "new").read_text() == "new\n"
    assert (upper / "gone").is_char_device()
    assert (tmp_path / "low/gone").exists()
    remove_tree(tmp_path / "writable")
    assert not (tmp_path / "writable").exists()


def test_a_read_only_root_has_a_place_for_mounts_that_are_written_to(tmp_path: Path) -> None:
    write(tmp_path / "low/which", "low")
    (tmp_path / "volume").mkdir()
    script = "echo new > data/new; { echo new > new; } 2>&1"
    mount = {"source": str(tmp_path / "volume"), "target": "/opt/app-root/data", "read_only": False}
    box = {"command": ["bash", "-c", f"{script}; true"], "read_only_root": True, "mounts": [mount]}
    assert "Read-only file system" in run_box(box, tmp_path, ["low"])
    assert (tmp_path / "volume/new").read_text() == "new\n"


def test_layers_can_be_copied_where_overlays_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "low/a", "low")
    write(tmp_path / "low/b", "b")
    write(tmp_path / "high/a", "high")
    copy_layers([tmp_path / "low", tmp_path / "high"], tmp_path / "target")
    assert (tmp_path / "target/a").read_text() == "high"
    assert (tmp_path / "target/b").read_text() == "b"
