"""Checks of configurations, each in a process forked from one that has imported JupyterHub."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HUB_IMAGE = Path(__file__).parents[1] / "hub-image"


@contextmanager
def preloaded() -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Yield what runs a command like subprocess.run; the imports take seconds only once."""
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-P", __file__, folder],
            env={**os.environ, "PYTHONPATH": str(HUB_IMAGE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdin
        assert process.stdout
        requests, answers = process.stdin, process.stdout

        def run(
            command: list[str], *, cwd: Path, env: Mapping[str, str], **_: Any
        ) -> subprocess.CompletedProcess[str]:
            print(json.dumps([command[-1], str(cwd), dict(env)]), file=requests, flush=True)
            code = int(answers.readline())
            written = [Path(folder, name).read_text() for name in ("stdout", "stderr")]
            return subprocess.CompletedProcess(command, code, *written)

        yield run
        requests.close()


def serve(folder: Path) -> None:
    """Answer each request, a line of JSON, by the exit code of a process of its own."""
    from jhos.hubconfig import child, classes

    sys.modules[child.SLOW] = None  # type: ignore[assignment] # as the child does
    classes.load_classes()
    for line in sys.stdin:
        question, cwd, environment = json.loads(line)
        pid = os.fork()
        if pid == 0:
            for number, name in ((1, "stdout"), (2, "stderr")):
                file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(file, number)
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update(environment)
            child.main(question)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
