"""Run one box on the network of the host, `python -m jhos.sandbox.node.box < spec`: for builds.

The caller starts it in namespaces of its own (`unshare`); the specification is JSON on standard
input: `{box, overlay: {layers, writable} | null}`.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jhos.sandbox.node.overlay import mount_overlay
from jhos.sandbox.node.rootfs import Box, Mount, arguments

# setpriv: an ended or killed daemon takes the box along
NAMESPACES = (
    "setpriv", "--pdeathsig", "KILL",
    "unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc",
    "--kill-child=SIGKILL",
)  # fmt: skip


async def run(box: Box, on_output: Callable[[bytes], object], overlay: Any = None) -> int:
    """The exit code; output comes as it is written. Cancelling kills everything inside."""
    process = await asyncio.create_subprocess_exec(
        *NAMESPACES,
        *(sys.executable, "-m", "jhos.sandbox.node.box"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/",
    )
    try:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps({"box": asdict(box), "overlay": overlay}).encode())
        process.stdin.close()
        while chunk := await process.stdout.read(65536):
            on_output(chunk)
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def enter(spec: dict[str, Any]) -> None:
    """Mounts what the box needs and becomes it."""
    mounts = tuple(Mount(**mount) for mount in spec["box"].pop("mounts"))
    box = Box(**spec["box"], mounts=mounts)
    if overlay := spec["overlay"]:
        layers = [Path(layer) for layer in overlay["layers"]]
        mount_overlay(layers, Path(overlay["writable"]), Path(box.app_root))
    execute(box)


def execute(box: Box) -> None:
    # an ignored signal would stay ignored in all that runs inside
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    options = argument_file(arguments(box))
    os.execvp("bwrap", ["bwrap", "--args", str(options), "--", *box.command])


def argument_file(options: Sequence[str]) -> int:
    """A descriptor to read `options` from, so that no secret shows in the process list."""
    descriptor = os.memfd_create("bwrap", 0)
    os.write(descriptor, b"".join(option.encode() + b"\0" for option in options))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


if __name__ == "__main__":
    specification = json.load(sys.stdin)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    enter(specification)
