"""A hub's configuration checked before it is sent, by the classes that will read it.

It is run as the hub runs it, in a process of its own with the image's defaults around it: what it
does at its start it does here too, so only what the user at hand has written is given to it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from jhos.errors import JhosError, SettingsError
from jhos.hubconfig.findings import Finding, Level

_PYTHON, _SHELL = "jupyterhub_config.py", "jupyterhub_config.sh"
_LIMIT_S = 60
# In place of a secret: hexadecimal, since that is how generated ones are.
_PLACEHOLDER = "0" * 64
_LOGIN_KEYS = ("client-secret", "password", "admin-password")
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
Run = Callable[..., subprocess.CompletedProcess[str]]


def check(
    configuration: Mapping[str, str],
    settings: Mapping[str, Any],
    secret_keys: Iterable[str],
    run: Run = subprocess.run,
) -> tuple[Finding, ...]:
    """`configuration`: the user's files; `settings` whole; `secret_keys` of the hub's Secret.

    `run` starts the process.
    """
    if not any(text.strip() for text in configuration.values()):
        return ()
    if wrong := _syntax(configuration.get(_PYTHON, "")):
        return (wrong,)
    with _mounted(configuration, settings, secret_keys) as root:
        return _findings(*_run(root, configuration, "findings", run))


def profile_list(
    configuration: Mapping[str, str],
    settings: Mapping[str, Any],
    secret_keys: Iterable[str],
    run: Run = subprocess.run,
) -> list[dict[str, Any]]:
    """KubeSpawner's, as the hub would have it of a configuration that `check` takes."""
    with _mounted(configuration, settings, secret_keys) as root:
        answer, failed = _run(root, configuration, "profiles", run)
    require(failed)
    if not isinstance(answer, list):
        raise SettingsError("The configuration sets no list of profiles.", "Nothing was changed.")
    return answer


def _syntax(text: str) -> Finding | None:
    try:
        compile(text, _PYTHON, "exec")
    except SyntaxError as error:
        return Finding(
            level=Level.ERROR,
            message=f"{error.msg[:1].upper()}{error.msg[1:]}.",
            file=_PYTHON,
            line=error.lineno,
            excerpt=_with_caret(error),
        )
    except ValueError as error:  # a null byte
        return Finding(level=Level.ERROR, message=f"It is no text: {error}.", file=_PYTHON)
    return None


def _with_caret(error: SyntaxError) -> str:
    text, start = (error.text or "").rstrip("\n"), (error.offset or 1) - 1
    on_one_line = error.end_lineno == error.lineno
    width = (error.end_offset or 0) - 1 - start if on_one_line else 1
    indent = len(text) - len(text.lstrip())
    return f"{text[indent:]}\n{' ' * (start - indent)}{'^' * max(1, width)}"


def require(findings: Iterable[Finding]) -> None:
    """Raises SettingsError with all errors."""
    errors = [finding for finding in findings if finding.level is Level.ERROR]
    if errors:
        raise SettingsError(
            "\n".join(["The configuration would not work:", *map(str, errors)]),
            "Nothing was changed.",
        )


@contextmanager
def _mounted(
    configuration: Mapping[str, str], settings: Mapping[str, Any], keys: Iterable[str]
) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="jhos-check-") as folder:
        _mount(Path(folder), configuration, settings, keys)
        yield Path(folder)


def _mount(
    root: Path, configuration: Mapping[str, str], settings: Mapping[str, Any], keys: Iterable[str]
) -> None:
    """What the hub's pod finds below /opt/app-root, without any secret."""
    for name, text in {"settings.yaml": yaml.safe_dump(dict(settings)), **configuration}.items():
        _write(root / "configs" / name, text)
    for key in keys:
        _write(root / "secrets" / key, _PLACEHOLDER)
    if settings["auth"]["secret"]:
        for key in _LOGIN_KEYS:
            _write(root / "auth" / key, _PLACEHOLDER)
    if settings["database"]["secret"]:
        _write(root / "database/database-url", "sqlite://")
    (root / "src").mkdir()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def _findings(answer: Any, failed: tuple[Finding, ...]) -> tuple[Finding, ...]:
    found = (Finding(**{**each, "level": Level(each["level"])}) for each in answer or ())
    return (*failed, *found)


def _run(
    root: Path, configuration: Mapping[str, str], question: str, run: Run
) -> tuple[Any, tuple[Finding, ...]]:
    """The answer of the process, or why there is none."""
    try:
        done = run(
            _command(root, configuration, question),
            cwd=root / "src",
            env=_environment(root),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LIMIT_S,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return None, (_endless(),)
    last = done.stdout.rpartition("\n")[2]
    if done.returncode == 0 and last:
        return json.loads(last), ()
    if done.returncode == _SHELL_FAILED:
        return None, (_shell_failed(done.stderr),)
    raise JhosError(
        f"The check of the configuration ended with {done.returncode}: {done.stderr[-500:]}",
        "The configuration may have ended the process itself. --unchecked goes on without.",
    )


_SHELL_FAILED = 97


def _command(root: Path, configuration: Mapping[str, str], question: str) -> list[str]:
    """As in the pod, the shell file first: it may export what the Python file reads."""
    python = [sys.executable, "-P", "-m", "jhos.hubconfig.child", question]
    if not configuration.get(_SHELL, "").strip():
        return python
    sourced = f'bash -n "$0" || exit {_SHELL_FAILED}; set -e; . "$0" >&2; exec "$@"'
    return ["bash", "-c", sourced, str(root / "configs" / _SHELL), *python]


def _environment(root: Path) -> dict[str, str]:
    """The pod's, and nothing of the user's own that a configuration has no business with."""
    from jhos.images import catalog  # not before a configuration is run: most edits bring none

    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    sources = str(catalog()["hub"].source)
    return {
        **passed,
        "APP_ROOT": str(root),
        "HOME": str(root / "src"),
        "JUPYTERHUB_NOTEBOOK_IMAGE": "notebook",
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": "1",
        "POD_NAMESPACE": "default",
        "PYTHONPATH": sources,
        "SERVICE_ACCOUNT": str(root / "none"),
    }


def _endless() -> Finding:
    message = f"It did not end within {_LIMIT_S} s: the hub would never start."
    return Finding(level=Level.ERROR, message=message, file=_PYTHON)


def _shell_failed(said: str) -> Finding:
    line = said.strip().splitlines()[0] if said.strip() else "bash cannot read it"
    return Finding(level=Level.ERROR, message=line.partition(f"{_SHELL}: ")[2] or line, file=_SHELL)
