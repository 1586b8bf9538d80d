"""The start scripts of the images as process 1 of a container."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub_image.conftest import HUB_IMAGE, MINIMAL

SCRIPTS = {
    "jupyterhub": HUB_IMAGE / "bin/start-jupyterhub.sh",
    "jupyter": MINIMAL / "bin/start-notebook.sh",
}
# Twenty children whose parent ends before them; they count as zombies until somebody waits.
ORPHANS = """
import os, time
from pathlib import Path

for _ in range(20):
    if os.fork() == 0:
        if os.fork() == 0:
            os.execvp("true", ["true"])
        os._exit(0)
    os.wait()

def others():
    states = [path.read_text() for path in Path("/proc").glob("[0-9]*/status")]
    return [state for state in states if "Name:\\ttrue" in state or "State:\\tZ" in state]

deadline = time.monotonic() + 10
while others() and time.monotonic() < deadline:
    pass
print(len(others()), "orphans")
"""
# As a hub does that hangs while it reads its configuration.
WITHOUT_HANDLER = """
import os, signal, time

os.kill(1, signal.SIGTERM)
time.sleep(30)
"""


def run_as_process_one(
    program: str, body: str, directory: Path
) -> subprocess.CompletedProcess[str]:
    """Run the script that starts `program`, which is Python code here."""
    (directory / "src").mkdir()
    witness = directory / "bin" / program
    witness.parent.mkdir()
    witness.write_text(f"#!{sys.executable}\n{body}")
    witness.chmod(0o755)
    environment = {
        "APP_ROOT": str(directory),
        "HOME": f"{directory}/src",
        "PATH": f"{directory}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    box = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--unshare-pid", "--as-pid-1"]
    return subprocess.run(
        [*box, "--proc", "/proc", "--die-with-parent", str(SCRIPTS[program])],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("program", SCRIPTS)
def test_no_orphan_stays_a_zombie(program: str, tmp_path: Path) -> None:
    assert run_as_process_one(program, ORPHANS, tmp_path).stdout == "0 orphans\n"


@pytest.mark.parametrize("program", SCRIPTS)
def test_a_program_that_handles_no_signal_ends_at_once(program: str, tmp_path: Path) -> None:
    ended = run_as_process_one(program, WITHOUT_HANDLER, tmp_path)
    assert ended.returncode == 128 + signal.SIGTERM
