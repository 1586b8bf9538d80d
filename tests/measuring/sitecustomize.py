"""Measure the coverage of every Python process of a test run: commands, daemons and pods.

Python imports this module at its start where its folder is on `sys.path`. `./test --coverage`
adds it to that of the environment by a file `.pth`, since the process that runs a user's
configuration gets none of our variables; in pods PYTHONPATH adds it. The node of a sandbox is
killed at its end, so long-running processes save what they have measured every few seconds.
"""

import os
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
IN_POD = Path("/mnt/measuring")
DATA_IN_POD = Path("/mnt/coverage")
NODE, DAEMON = "jhos.sandbox.node", "jhos.sandbox.daemon"
SAVE_EVERY_S = 3.0


def start() -> None:
    """Measure this process, if it can import what is measured and write the result."""
    if HERE == IN_POD:
        if any(Path("/opt/app-root/lib").glob("python3*/site-packages/jhos_hub")):
            _keep_saving(_measure(HERE / "pods.ini", {}))
        return
    checkout = HERE.parents[1]
    data = checkout / "reports/coverage"
    if not os.access(data, os.W_OK):
        return  # in a box whose file system is read-only
    variables = {"JHOS_CHECKOUT": str(checkout), "JHOS_COVERAGE_DIR": str(data)}
    measured = _measure(HERE / "host.ini", variables)
    if {NODE, DAEMON} & set(sys.orig_argv):
        _keep_saving(measured)
    if NODE in sys.orig_argv:
        _measure_pods(data)


def _measure(config: Path, variables: dict[str, str]) -> object:
    """Start coverage. The variables that it reads are not left to the process and its children."""
    import coverage

    os.environ.update(variables, COVERAGE_PROCESS_START=str(config))
    measured = coverage.process_startup()
    for name in (*variables, "COVERAGE_PROCESS_START"):
        del os.environ[name]
    return measured


def _keep_saving(measured: object) -> None:
    if measured:
        threading.Thread(target=_save_repeatedly, args=(measured,), daemon=True).start()


def _save_repeatedly(measured: object) -> None:
    pause = threading.Event()
    while not pause.wait(SAVE_EVERY_S):
        measured.save()  # type: ignore[attr-defined]


def _measure_pods(data: Path) -> None:
    """Mount this folder, coverage itself and the folder of the results into every container."""
    import coverage

    from jhos.sandbox.node import rootfs

    package = Path(coverage.__file__).parent
    system, environment = rootfs.system, rootfs.environment
    mounts = (
        *("--ro-bind", str(HERE), str(IN_POD)),
        *("--ro-bind", str(package), "/mnt/packages/coverage"),
        *("--bind", str(data), str(DATA_IN_POD)),
    )
    settings = {"PYTHONPATH": f"{IN_POD}:/mnt/packages"}
    rootfs.system = lambda: (*system(), *mounts)  # type: ignore[assignment]
    rootfs.environment = lambda env: environment({**settings, **env})


start()
