"""The host's settings of pip, uv and npm, for builds only: as a cluster's proxy is.

Settings name files and directories (certificates, package indexes): those come along, read-only.
The authorities that the host trusts come along only where a build asks for it (`mountTrustedCA`),
and only as the file that OpenShift mounts: no variable names it.
"""

import os
import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from jhos.sandbox.node.rootfs import Mount

SETTINGS = re.compile(
    r"(PIP_|UV_|npm_config_|NPM_CONFIG_).+"
    r"|(?i:https?_proxy|no_proxy|all_proxy)"
)
# decided by the build, not by the host
NOT_TAKEN = re.compile(
    r"PIP_(TARGET|PREFIX|USER|ROOT|PYTHON|REQUIRE_VIRTUALENV|LOG|CONFIG_FILE)"
    r"|UV_(PYTHON.*|PROJECT.*|CONFIG_FILE|TOOL.*|INSTALL.*|RUN.*)"
    r"|(?i:npm_config_(prefix|userconfig|globalconfig|local_prefix|node_gyp|user_agent|cache))"
)
AUTHORITIES = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
CACHES = {
    "PIP_CACHE_DIR": "/var/cache/packages/pip",
    "UV_CACHE_DIR": "/var/cache/packages/uv",
    "UV_LINK_MODE": "copy",
    "npm_config_cache": "/var/cache/packages/npm",
    "npm_config_update_notifier": "false",
}
NAMED_PATH = re.compile(r"(?:file://)?(/[\w./+@-]+)")
PIP_FILE, NPM_FILE, UV_FILE = "/etc/pip.conf", "/etc/npmrc", "/etc/uv/uv.toml"


def package_env(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What of the host's environment a build gets."""
    return {
        **{name: value for name, value in environ.items() if _is_setting(name)},
        "npm_config_globalconfig": NPM_FILE,
    }


def package_mounts(environ: Mapping[str, str] = os.environ) -> list[Mount]:
    """The settings files, and what they and the environment name."""
    files = settings_files(environ)
    texts = [file.read_text(errors="replace") for file in files.values()]
    texts += [value for name, value in environ.items() if _is_setting(name)]
    mounts = {target: str(file) for target, file in files.items()}
    for path in named_paths(texts):
        mounts.setdefault(path, path)
    return [
        Mount(source=source, target=target, read_only=True) for target, source in mounts.items()
    ]


def trusted_authorities(environ: Mapping[str, str] = os.environ) -> list[Mount]:
    """The host's bundle of authorities, where Red Hat's images have theirs."""
    named = (environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile)
    found = [path for path in named if path and _is_readable(Path(path))]
    return [Mount(source=path, target=AUTHORITIES, read_only=True) for path in found[:1]]


def settings_files(environ: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """By the path inside: of several files of one program the user's own, else the host's."""
    home = Path(environ.get("HOME", "/"))
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    candidates = {
        PIP_FILE: [
            environ.get("PIP_CONFIG_FILE"), config / "pip/pip.conf", home / ".pip/pip.conf",
            PIP_FILE,
        ],
        NPM_FILE: [environ.get("npm_config_userconfig"), home / ".npmrc", NPM_FILE],
        UV_FILE: [environ.get("UV_CONFIG_FILE"), config / "uv/uv.toml", UV_FILE],
    }  # fmt: skip
    chosen = {}
    for target, paths in candidates.items():
        found = (Path(path) for path in paths if path)
        if file := next((path for path in found if _is_readable(path)), None):
            chosen[target] = file
    return chosen


def named_paths(texts: list[str]) -> Iterator[str]:
    """Existing absolute paths in the texts, outside of what every box has."""
    seen = set()
    for text in texts:
        for path in NAMED_PATH.findall(text):
            if path not in seen and not _is_common(path) and Path(path).exists():
                seen.add(path)
                yield path


def _is_setting(name: str) -> bool:
    taken = SETTINGS.fullmatch(name) and not NOT_TAKEN.fullmatch(name)
    return bool(taken) and name not in CACHES


def _is_common(path: str) -> bool:
    """Also too wide: no setting brings the whole root or all homes along."""
    parts = Path(path).parts
    top = "/" + parts[1] if len(parts) > 1 else "/"
    shared = {"/usr", "/bin", "/lib", "/lib64", "/dev", "/proc", "/tmp", "/var"}
    return len(parts) < 3 or top in shared or path.startswith(("/etc/ssl", "/etc/pki"))


def _is_readable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.R_OK)
