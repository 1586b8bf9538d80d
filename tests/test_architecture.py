"""docs/architecture.md in force: imports go down only, and each library has one room."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"

# Top first: a module may import from its own layer's modules where listed, and from below.
LAYERS = (
    ("jhos.cli",),
    ("jhos.actions",),
    ("jhos.apply", "jhos.archive", "jhos.wait", "jhos.checks", "jhos.rights", "jhos.hubconfig",
     "jhos.images", "jhos.builds", "jhos.console",
     "jhos.settings.load", "jhos.settings.secrets", "jhos.settings.sources",
     "jhos.settings.document", "jhos.settings.schema", "jhos.hubapi", "jhos.notebook"),
    ("jhos.cluster",),
    ("jhos.render", "jhos.plan", "jhos.kinds", "jhos.stalls", "jhos.differences",
     "jhos.configuration", "jhos.settings.profiles", "jhos.manifests", "jhos.alerts",
     "jhos.revisions", "jhos.volumes", "jhos.inventory"),
    ("jhos.settings.auth",),
    ("jhos.settings.model",),
    ("jhos.encryption",),
    ("jhos.settings.rules", "jhos.settings.descriptions"),
    ("jhos.objects", "jhos.events", "jhos.errors", "jhos.versions"),
    ("jhos",),
)  # fmt: skip
ROOMS = {
    "click": "jhos.cli",
    "rich": "jhos.cli",
    "openshift": "jhos.cluster",
    "kubernetes": "jhos.cluster",
    "aiohttp": "jhos.sandbox",
    "traitlets": "jhos.hubconfig",
    "jhos_hub": "jhos.hubconfig",
}
MAY_USE_SANDBOX = "jhos.cli.sandbox"


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def layer(module: str) -> int | None:
    """The index of the longest listed package that holds the module."""
    found = [
        (len(package), index)
        for index, packages in enumerate(LAYERS)
        for package in packages
        if inside(module, package)
    ]
    return max(found)[1] if found else None


MODULES = {module_name(path): path for path in sorted(SOURCE.rglob("*.py"))}


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down_only(module: str) -> None:
    if inside(module, "jhos.sandbox"):
        outside = [
            name
            for name in imports(MODULES[module])
            if inside(name, "jhos") and not inside(name, "jhos.sandbox") and name != "jhos"
        ]
        assert not outside
        return
    own = layer(module)
    assert own is not None, f"{module} stands in no layer: say in LAYERS where it belongs"
    for name in imports(MODULES[module]):
        if inside(name, "jhos") and not inside(name, "jhos.sandbox"):
            below = layer(name)
            assert below is not None
            assert below >= own, f"{module} imports {name}, which lies above it"


@pytest.mark.parametrize("module", MODULES)
def test_each_library_has_one_room(module: str) -> None:
    for name in imports(MODULES[module]):
        for library, room in ROOMS.items():
            if inside(name, library):
                assert inside(module, room), f"{module} imports {name}: only {room} may"


@pytest.mark.parametrize("module", MODULES)
def test_only_its_own_command_uses_the_sandbox(module: str) -> None:
    if inside(module, "jhos.sandbox") or inside(module, MAY_USE_SANDBOX):
        return
    assert not [name for name in imports(MODULES[module]) if inside(name, "jhos.sandbox")]


def test_the_document_names_every_room() -> None:
    document = (SOURCE.parent / "docs" / "architecture.md").read_text()
    paths = [path for path in (SOURCE / "jhos").iterdir() if not path.name.startswith("_")]
    rooms = {f"`{path.name}/`" if path.is_dir() else f"`{path.name}`" for path in paths}
    assert not {room for room in rooms - {"`py.typed`"} if room not in document}


def test_the_document_shows_the_layers() -> None:
    document = (SOURCE.parent / "docs" / "architecture.md").read_text()
    shown = document.partition("Imports go down only")[2].split("```")[1].replace("\n  ", " ")
    layers = [{f"jhos.{name}" for name in re.split(r"[ ·]+", line)} for line in shown.split("\n")]
    assert layers[1:-1] == [set(packages) for packages in LAYERS[:-1]]


def test_every_layer_names_what_is_there() -> None:
    assert not {package for packages in LAYERS for package in packages} - set(MODULES)
