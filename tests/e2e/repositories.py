"""Git repositories, and the address at which a build clones them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def git(repository: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", "-C", repository, *identity, *arguments], check=True)


def new_repository(root: Path) -> None:
    subprocess.run(["git", "init", "-q", "-b", "main", root], check=True)


def commit(repository: Path, message: str) -> None:
    git(repository, "add", "--all")
    git(repository, "commit", "-qm", message)
    git(repository, "update-server-info")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of what lies in the folder, over HTTP."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with subprocess.Popen(
        [*command, "--directory", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout
        port = server.stdout.readline().split("port ")[1].split()[0]
        yield f"http://127.0.0.1:{port}"
        server.kill()
