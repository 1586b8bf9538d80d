"""Packages while images are built: whom npm, pip and uv trust, and why npm failed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hub_image.conftest import HUB_IMAGE

AUTHORITIES = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
SECRET = "/tmp/build/ca.crt"
# The log of npm 10 behind a proxy that inspects TLS; it printed the last error alone.
LOG = """\
70 http fetch GET https://registry.npmjs.org/debug attempt 1 failed with SELF_SIGNED_CERT_IN_CHAIN
71 http fetch GET https://registry.npmjs.org/color attempt 1 failed with SELF_SIGNED_CERT_IN_CHAIN
94 verbose stack FetchError: request failed, reason: self-signed certificate in certificate chain
94 verbose stack     at ClientRequest.emit (node:events:524:28)
95 error Exit handler never called!
"""
SHOW = 'echo "$(basename "$0"): ${SSL_CERT_FILE:-} ${PIP_CERT:-} ${NODE_EXTRA_CA_CERTS:-}"'
# pip puts uv into the directory that it is told to; both show whom they trust.
PIP = f"""{SHOW}
while [ $# -gt 0 ]; do
    if [ "$1" = --target ]; then mkdir -p "$2/bin"; cp "$APP_ROOT/bin/uv" "$2/bin/uv"; fi
    shift
done"""
Assemble = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def assemble(tmp_path: Path) -> Assemble:
    """Assembles a copy of the hub image's source, with witnesses in place of programs.

    `programs`: other bodies of them. `trusted`: files that exist, by their paths inside.
    """
    bin = tmp_path / "root/bin"
    bin.mkdir(parents=True)
    for directory in ("lib", "share"):
        (tmp_path / "root" / directory).mkdir()

    def assemble(
        trusted: tuple[str, ...] = (), **programs: str
    ) -> subprocess.CompletedProcess[str]:
        usual = {"npm": SHOW, "pip": PIP, "uv": SHOW, "fix-permissions": ""}
        usual["python"] = f"exec {sys.executable} -c 'print(\"/tmp/root\")'"
        for name, body in (usual | programs).items():
            (bin / name).write_text(f"#!/bin/bash\n{body}\n")
            (bin / name).chmod(0o755)
        (tmp_path / "ca.pem").touch()
        box = ["bwrap", "--ro-bind", "/", "/", "--tmpfs", "/tmp", "--tmpfs", "/etc"]
        box += ["--ro-bind-try", "/etc/alternatives", "/etc/alternatives"]
        box += ["--ro-bind", sys.prefix, sys.prefix]
        box += ["--ro-bind", str(HUB_IMAGE), "/tmp/hub-image"]
        box += ["--bind", str(tmp_path / "root"), "/tmp/root"]
        for path in trusted:
            box += ["--ro-bind", str(tmp_path / "ca.pem"), path]
        box += ["--clearenv", "--setenv", "APP_ROOT", "/tmp/root", "--setenv", "HOME", "/tmp"]
        box += ["--setenv", "PATH", "/tmp/root/bin:/usr/bin:/bin", "/bin/bash", "-c"]
        command = "cp -R /tmp/hub-image /tmp/src && exec /tmp/src/.s2i/bin/assemble"
        return subprocess.run([*box, command], capture_output=True, text=True, timeout=60)

    return assemble


@pytest.mark.parametrize(
    ("trusted", "named"),
    [((AUTHORITIES,), AUTHORITIES), ((AUTHORITIES, SECRET), SECRET), ((), "")],
)
def test_packages_come_from_whom_the_cluster_or_the_build_secret_trusts(
    assemble: Assemble, trusted: tuple[str, ...], named: str
) -> None:
    built = assemble(trusted)
    assert built.returncode == 0, built.stderr
    shown = {line.partition(": ")[0]: line.partition(": ")[2] for line in built.stdout.splitlines()}
    assert shown["npm"].strip() == named
    assert set(shown["uv"].split()) == ({named} if named else set())


def test_a_failure_that_npm_hides_is_printed_from_its_log(assemble: Assemble) -> None:
    hiding = f"""mkdir -p "$npm_config_logs_dir"
cat >"$npm_config_logs_dir/debug-0.log" <<'END'
{LOG}END
echo 'npm error Exit handler never called!' >&2
exit 1"""
    built = assemble(npm=hiding)
    assert built.returncode == 1
    assert built.stderr.splitlines() == [
        "npm error Exit handler never called!",
        "npm could not install the proxy. From its log:",
        "attempt 1 failed with SELF_SIGNED_CERT_IN_CHAIN",
        "verbose stack FetchError: request failed, reason: self-signed certificate in certificate "
        "chain",
        "error Exit handler never called!",
    ]
