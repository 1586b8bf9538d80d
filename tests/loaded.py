"""What a command imports."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence

START = """
import json
import sys
from jhos.cli import main
try:
    for words in json.loads(sys.argv[1]):
        main(words, prog_name="jhos", standalone_mode=False)
finally:
    print(*sys.modules, file=sys.stderr)
"""


def modules(*words: str, **environment: str) -> set[str]:
    """By their full names, once `jhos WORDS` has ended."""
    return modules_of_all([words], **environment)


def modules_of_all(commands: Sequence[Sequence[str]], **environment: str) -> set[str]:
    """The same of several commands, one after the other in one process."""
    command = [sys.executable, "-c", START, json.dumps(commands)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **environment}
    )
    return set(done.stderr.splitlines()[-1].split())
