"""docs/architecture.md is true: imports go down only, and the page shows all that there is."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
DOCUMENT = (ROOT / "docs/architecture.md").read_text()
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "importlinter"
]["contracts"]
LAYERS = [set(line.split(" : ")) for line in CONTRACTS[0]["layers"]]
PARENTS = {"jhos", "jhos.settings"}  # hold modules of several layers, and no code


def modules() -> set[str]:
    paths = (path.relative_to(SOURCE).with_suffix("") for path in SOURCE.rglob("*.py"))
    return {".".join(path.parts).removesuffix(".__init__") for path in paths}


def test_imports_keep_the_contracts() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout


def test_every_module_is_in_a_layer() -> None:
    packages = set().union(*LAYERS)
    inside = re.compile(rf"({'|'.join(map(re.escape, packages))})(\.|$)")
    assert {module for module in modules() if not inside.match(module)} == PARENTS


def test_the_document_names_every_room() -> None:
    paths = [path for path in (SOURCE / "jhos").iterdir() if not path.name.startswith("_")]
    rooms = {f"`{path.name}/`" if path.is_dir() else f"`{path.name}`" for path in paths}
    assert not {room for room in rooms - {"`py.typed`"} if room not in DOCUMENT}


def test_the_document_shows_the_layers() -> None:
    shown = DOCUMENT.partition("Imports go down only")[2].split("```")[1].replace("\n  ", " ")
    lines = shown.strip().split("\n")
    assert [{f"jhos.{name}" for name in re.split(r"[ ·]+", line)} for line in lines] == LAYERS
