"""Measure the coverage of every Python process of a test run: commands, daemons and pods.

Python imports this module at its start where its folder is on PYTHONPATH. `./test --coverage`
puts it there. The node of a sandbox is killed at its end, so long-running processes save what
they have measured every few seconds.
"""

import os
import sys
import threading
from pathlib import Path

CONFIG = "JHOS_COVERAGE_CONFIG"
IN_POD = Path("/mnt/measuring")
DATA_IN_POD = Path("/mnt/coverage")
NODE, DAEMON = "jhos.sandbox.node", "jhos.sandbox.daemon"
SAVE_EVERY_S = 3.0


def start() -> None:
    """Measure this process, if it can import what is measured."""
    in_pod = IN_POD.is_dir()
    if in_pod and not any(Path("/opt/app-root/lib").glob("python3*/site-packages/jhos_hub")):
        return  # a notebook server or the database
    import coverage

    # Set for this call alone: in a container without that file coverage's own .pth would complain.
    os.environ["COVERAGE_PROCESS_START"] = os.environ[CONFIG]
    measured = coverage.process_startup()
    del os.environ["COVERAGE_PROCESS_START"]
    if measured and (in_pod or {NODE, DAEMON} & set(sys.orig_argv)):
        threading.Thread(target=_keep_saving, args=(measured,), daemon=True).start()
    if NODE in sys.orig_argv:
        _measure_pods(Path(os.environ["JHOS_COVERAGE_DIR"]))


def _keep_saving(measured: object) -> None:
    pause = threading.Event()
    while not pause.wait(SAVE_EVERY_S):
        measured.save()  # type: ignore[attr-defined]


def _measure_pods(data: Path) -> None:
    """Mount this folder, coverage itself and the folder of the results into every container."""
    import coverage

    from jhos.sandbox.node import rootfs

    here, package = Path(__file__).parent, Path(coverage.__file__).parent
    system, environment = rootfs.system, rootfs.environment
    mounts = (
        *("--ro-bind", str(here), str(IN_POD)),
        *("--ro-bind", str(package), "/mnt/packages/coverage"),
        *("--bind", str(data), str(DATA_IN_POD)),
    )
    settings = {
        "PYTHONPATH": f"{IN_POD}:/mnt/packages",
        CONFIG: str(IN_POD / "pods.ini"),
    }
    rootfs.system = lambda: (*system(), *mounts)  # type: ignore[assignment]
    rootfs.environment = lambda env: environment({**settings, **env})


if CONFIG in os.environ:
    start()
