"""What a command imports."""

import os
import subprocess
import sys

START = """
import sys
from jhos.cli import main
try:
    main(sys.argv[1:], prog_name="jhos", standalone_mode=False)
finally:
    print(*sys.modules, file=sys.stderr)
"""


def modules(*words: str, **environment: str) -> set[str]:
    """By their full names, once `jhos WORDS` has ended."""
    command = [sys.executable, "-c", START, *words]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **environment}
    )
    return set(done.stderr.splitlines()[-1].split())
