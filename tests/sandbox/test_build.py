"""Builds for real: the assemble script runs in its box, its changes become an image."""

import asyncio
import base64
import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from jhos.sandbox.build import BuildFailed, run_build
from jhos.sandbox.client import Object
from jhos.sandbox.host_packages import (
    AUTHORITIES,
    named_paths,
    package_env,
    package_mounts,
)
from jhos.sandbox.images import Image, ImageStore
from jhos.sandbox.layout import Layout
from jhos.sandbox.layout import layout as default_layout

SCRIPT = """#!/bin/bash
set -e
/usr/libexec/s2i/assemble
echo "uid $(id -u):$(id -g) in $PWD, $GIVEN, $SAID"
rm /opt/app-root/bin/Activate.ps1
mkdir /opt/app-root/made; echo made > /opt/app-root/made/file
touch /usr/x /etc/x 2>/dev/null || echo closed
test -d /home/* || echo no homes
"""


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """With the user's cache, as the sandbox has it: the base layer is made only once."""
    return Layout(tmp_path_factory.mktemp("build"), default_layout().cache)


def archive(directory: Path, files: dict[str, str]) -> Path:
    path = directory / "source.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return path


def build_of(
    *, source: Object | None = None, output: Object | None = None, **strategy: Any
) -> Object:
    chosen = {"from": {"kind": "DockerImage", "name": "openshift/python:latest"}, **strategy}
    return {
        "metadata": {"name": "app-1", "namespace": "demo"},
        "spec": {
            "source": source or {"type": "Binary", "binary": {}},
            "strategy": {"type": "Source", "sourceStrategy": chosen},
            "output": {"to": {"kind": "ImageStreamTag", "name": "app:1"}, **(output or {})},
        },
    }


async def run(layout: Layout, build: Object, source: Path | None) -> tuple[Image, str]:
    log: list[bytes] = []
    image = await run_build(layout, build, source=source, on_log=log.append)
    return image, b"".join(log).decode()


async def test_a_build_makes_a_layer_over_its_builder(layout: Layout, tmp_path: Path) -> None:
    files = {
        ".s2i/bin/assemble": SCRIPT,
        ".s2i/environment": "SAID=by file\n# comment\n",
        "app.py": "print(1)",
    }
    labels = [{"name": "io.openshift.s2i.scripts-url", "value": "image:///opt/app-root/builder"}]
    build = build_of(env=[{"name": "GIVEN", "value": "by env"}], output={"imageLabels": labels})
    image, log = await run(layout, build, archive(tmp_path, files))
    assert "uid 1001:0 in /opt/app-root/src, by env, by file" in log
    assert "closed" in log
    assert "no homes" in log
    store = ImageStore(layout)
    builder = store.get("python:latest")
    assert list(image.layers[:-1]) == list(builder.layers)
    layer = store.layer_paths(image)[-1]
    assert (layer / "made/file").read_text() == "made\n"
    assert (layer / "src/app.py").exists()
    assert (layer / "bin/Activate.ps1").is_char_device()
    assert image.reference.split("/", 1)[1].startswith("demo/app@sha256:")
    assert image.config["labels"]["io.openshift.s2i.scripts-url"].endswith("/opt/app-root/builder")
    assert image.config["env"]["SAID"] == "by file"
    assert image.config["cmd"] == ["/usr/libexec/s2i/run"]
    assert "PIP_CACHE_DIR" not in image.config["env"]
    assert image.base == builder.digest


async def test_a_built_image_can_be_a_builder_by_its_label(layout: Layout, tmp_path: Path) -> None:
    script = (
        "#!/bin/bash\nmkdir /opt/app-root/builder\n"
        "printf '#!/bin/bash\\necho second; cat /tmp/src/x' > /opt/app-root/builder/assemble\n"
        "chmod +x /opt/app-root/builder/assemble\n"
    )
    labels = [{"name": "io.openshift.s2i.scripts-url", "value": "image:///opt/app-root/builder"}]
    first, _ = await run(
        layout,
        build_of(output={"imageLabels": labels}),
        archive(tmp_path, {".s2i/bin/assemble": script}),
    )
    onto = {"kind": "DockerImage", "name": first.reference}
    second, log = await run(layout, build_of(**{"from": onto}), archive(tmp_path, {"x": "source"}))
    assert log.endswith("second\nsource")
    assert len(second.layers) == len(first.layers) + 1
    assert second.config["cmd"] == ["/opt/app-root/builder/run"]


async def test_a_source_is_merged_with_what_the_builder_image_left_in_tmp(
    layout: Layout, tmp_path: Path
) -> None:
    leaving = {".s2i/bin/assemble": "#!/bin/bash\ntouch /tmp/other", "both": "old", "old": ""}
    first, _ = await run(layout, build_of(), archive(tmp_path, leaving))
    onto = {"kind": "DockerImage", "name": first.reference}
    listing = "#!/bin/bash\nls -A /tmp /tmp/src; cat /tmp/src/both; rm -r /tmp/src /tmp/other"
    files = {".s2i/bin/assemble": listing, "both": "new", "new": ""}
    second, log = await run(layout, build_of(**{"from": onto}), archive(tmp_path, files))
    assert {"other", "old", "new"} <= set(log.splitlines())
    assert log.endswith("\nnew")
    assert set(first.binds) - set(second.binds) == {"/tmp/src", "/tmp/other"}


async def test_the_build_config_overrides_the_environment_file_of_the_source(
    layout: Layout, tmp_path: Path
) -> None:
    files = {
        ".s2i/bin/assemble": "#!/bin/bash\necho $A $B",
        ".s2i/environment": "A=file\nB=file\nOPENSHIFT_BUILD_NAME=file",
    }
    build = build_of(env=[{"name": "A", "value": "config"}])
    image, log = await run(layout, build, archive(tmp_path, files))
    assert log.endswith("config file\n")
    env = image.config["env"]
    assert (env["A"], env["B"], env["OPENSHIFT_BUILD_NAME"]) == ("config", "file", "app-1")


async def test_only_s2i_scripts_are_taken_out_of_the_source(layout: Layout, tmp_path: Path) -> None:
    listing = "#!/bin/bash\ncd /tmp/src/.s2i/bin; ls -A /tmp/scripts; ls -A"
    files = {".s2i/bin/assemble": listing, ".s2i/bin/run": "", ".s2i/bin/helper": ""}
    _, log = await run(layout, build_of(), archive(tmp_path, files))
    assert log.splitlines()[-3:] == ["assemble", "run", "helper"]


async def test_an_open_environment_finds_no_packages_of_the_host(
    layout: Layout, tmp_path: Path
) -> None:
    script = (
        "#!/bin/bash\nsed -i s/false/true/ /opt/app-root/pyvenv.cfg\n"
        "python -c 'import os, site, sys\n"
        "paths = [path for path in sys.path if path.startswith(sys.base_prefix)]\n"
        "print(site.ENABLE_USER_SITE,"
        ' [os.listdir(path) for path in paths if "-packages" in path])\''
    )
    _, log = await run(layout, build_of(), archive(tmp_path, {".s2i/bin/assemble": script}))
    assert log.endswith("True [[]]\n")


async def test_only_the_context_directory_is_the_source(layout: Layout, tmp_path: Path) -> None:
    files = {"a/.s2i/bin/assemble": "#!/bin/bash\nls -A /tmp/src", "a/x": "", "b": ""}
    build = build_of(source={"binary": {}, "contextDir": "/a/"})
    _, log = await run(layout, build, archive(tmp_path, files))
    assert log.splitlines()[-2:] == [".s2i", "x"]


async def test_a_zip_keeps_its_modes(layout: Layout, tmp_path: Path) -> None:
    path = tmp_path / "source.zip"
    with zipfile.ZipFile(path, "w") as files:
        files.writestr(".s2i/bin/assemble", "#!/bin/bash\ntest -x /tmp/src/tool && echo kept")
        tool = zipfile.ZipInfo("tool")
        tool.external_attr = 0o755 << 16
        files.writestr(tool, "")
    _, log = await run(layout, build_of(), path)
    assert log.endswith("kept\n")


async def test_a_git_repository_is_cloned_at_its_ref(layout: Layout, tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        subprocess.run(["git", "-C", tmp_path, *identity, *arguments], check=True)

    git("init", "-q", "-b", "main")
    (tmp_path / ".s2i/bin").mkdir(parents=True)
    (tmp_path / ".s2i/bin/assemble").write_text("#!/bin/bash\nls /tmp/src")
    (tmp_path / "old").touch()
    git("add", ".")
    git("commit", "-qm", "old")
    git("tag", "v1")
    git("mv", "old", "new")
    git("commit", "-qm", "new")
    build = build_of(source={"git": {"uri": str(tmp_path), "ref": "v1"}})
    _, log = await run(layout, build, None)
    assert log.splitlines()[-1] == "old"


@pytest.mark.parametrize(
    ("build", "source", "reason", "message"),
    [
        (build_of(), {".s2i/bin/assemble": "#!/bin/bash\nexit 3"}, "AssembleFailed", "code 3"),
        (
            build_of(**{"from": {"kind": "DockerImage", "name": "docker.io/x"}}),
            {},
            "PullBuilderImageFailed",
            "no image docker.io/x",
        ),
        (build_of(source={"git": {"uri": "/nowhere"}}), None, "FetchSourceFailed", "git failed"),
        (build_of(source={"contextDir": "../x"}), {}, "FetchSourceFailed", "no directory"),
        (build_of(scripts="https://example.com"), {}, "GenericBuildFailed", "builder image only"),
    ],
)
async def test_a_failed_build_says_why_and_leaves_nothing(
    layout: Layout, tmp_path: Path, build: Object, source: Any, reason: str, message: str
) -> None:
    before = set(ImageStore(layout).layers.glob("*"))
    packed = None if source is None else archive(tmp_path, source)
    with pytest.raises(BuildFailed, match=message) as failed:
        await run(layout, build, packed)
    assert failed.value.reason == reason
    assert set(ImageStore(layout).layers.glob("*")) - before <= set(base_layers(layout))
    assert not list(layout.builds.glob("work-*"))


async def test_what_is_no_archive_is_refused(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no archive")
    with pytest.raises(BuildFailed, match="tar failed"):
        await run(layout, build_of(), tmp_path / "x")


async def test_the_docker_strategy_is_refused_plainly(layout: Layout) -> None:
    build = build_of()
    build["spec"]["strategy"] = {"type": "Docker", "dockerStrategy": {}}
    with pytest.raises(BuildFailed, match="no Docker strategy"):
        await run(layout, build, None)


async def test_a_cancelled_build_ends_its_processes(layout: Layout, tmp_path: Path) -> None:
    started = asyncio.Event()
    source = archive(tmp_path, {".s2i/bin/assemble": "#!/bin/bash\necho $$ up\nsleep 987"})
    task = asyncio.create_task(
        run_build(
            layout,
            build_of(),
            source=source,
            on_log=lambda text: started.set() if b" up" in text else None,
        )
    )
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        while any_process("sleep\x00987"):
            await asyncio.sleep(0.02)
    assert not list(layout.builds.glob("work-*"))


async def test_files_of_a_secret_are_seen_by_the_build_and_not_kept(
    layout: Layout, tmp_path: Path
) -> None:
    source = archive(tmp_path, {".s2i/bin/assemble": "#!/bin/bash\ncat /tmp/build/pip.conf"})
    wanted = {"secret": {"name": "pip"}, "destinationDir": "/tmp/build"}
    build = build_of(source={"type": "Binary", "binary": {}, "secrets": [wanted]})
    log: list[bytes] = []
    image = await run_build(
        layout, build, source=source, on_log=log.append, secrets={"pip": {"pip.conf": b"canary"}}
    )
    assert b"canary" in b"".join(log)
    assert not list(ImageStore(layout).layer_paths(image)[-1].rglob("pip.conf"))
    assert not list(ImageStore(layout).parts.rglob("pip.conf"))
    assert not list(layout.builds.glob("work-*"))


async def test_a_build_that_deletes_the_files_of_its_secret_fails(
    layout: Layout, tmp_path: Path
) -> None:
    source = archive(tmp_path, {".s2i/bin/assemble": "#!/bin/bash\nrm -r /tmp/build"})
    wanted = {"secret": {"name": "pip"}, "destinationDir": "/tmp/build"}
    build = build_of(source={"type": "Binary", "binary": {}, "secrets": [wanted]})
    with pytest.raises(BuildFailed, match=r"cannot remove '/tmp/build/pip.conf'"):
        await run_build(
            layout, build, source=source, on_log=len, secrets={"pip": {"pip.conf": b"canary"}}
        )


async def test_a_private_repository_is_cloned_with_its_secret(
    layout: Layout, tmp_path: Path
) -> None:
    served = tmp_path / "served"
    (served / ".s2i/bin").mkdir(parents=True)
    (served / ".s2i/bin/assemble").write_text("#!/bin/bash\nls /tmp/src /tmp")
    (served / "private").touch()
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x"],
        ["update-server-info"],
    ):
        subprocess.run(["git", "-C", served, *command], check=True)
    secrets = {"key": {"username": b"me", "password": b"canary"}}

    async with serving_to("me", "canary", served) as address:
        git = {"git": {"uri": f"{address}/.git"}}
        with pytest.raises(BuildFailed) as refused:
            await run(layout, build_of(source=git), None)
        assert refused.value.reason == "FetchSourceFailed"
        log: list[bytes] = []
        private = build_of(source={**git, "sourceSecret": {"name": "key"}})
        await run_build(layout, private, source=None, on_log=log.append, secrets=secrets)
    assert b"private" in b"".join(log)
    assert b"canary" not in b"".join(log)


@asynccontextmanager
async def serving_to(user: str, password: str, folder: Path) -> AsyncIterator[str]:
    """The files over HTTP, for who knows the password."""
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    @web.middleware
    async def only_with_login(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Authorization") != wanted:
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Basic"})
        answer: web.StreamResponse = await handler(request)
        return answer

    app = web.Application(middlewares=[only_with_login])
    app.router.add_static("/", folder)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield "http://{}:{}".format(*runner.addresses[0])
    await runner.cleanup()


async def test_links_in_a_source_do_not_lead_out_of_it(layout: Layout, tmp_path: Path) -> None:
    path = tmp_path / "source.tar"
    (tmp_path / "secret").write_text("SAID=secret\n")
    with tarfile.open(path, "w") as tar:
        link = tarfile.TarInfo(".s2i/environment")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret")
        tar.addfile(link)
    image, _ = await run(layout, build_of(), path)
    assert "SAID" not in image.config["env"]


def test_package_settings_of_the_host_reach_the_build_and_nothing_else_does(
    tmp_path: Path,
) -> None:
    (tmp_path / "ca.pem").touch()
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip/pip.conf").write_text(f"[global]\nindex-url = file://{tmp_path}/pip\n")
    environ = {
        "PIP_CERT": f"{tmp_path}/ca.pem",
        "SSL_CERT_FILE": f"{tmp_path}/ca.pem",
        "NODE_EXTRA_CA_CERTS": f"{tmp_path}/ca.pem",
        "https_proxy": "http://proxy:3128",
        "npm_config_registry": "https://npm.example.com",
        "PIP_TARGET": "/x",
        "UV_PYTHON": "3.8",
        "PIP_CACHE_DIR": "/y",
        "AWS_SECRET_ACCESS_KEY": "no",
        "XDG_CONFIG_HOME": str(tmp_path),
        "HOME": "/nowhere",
    }
    assert set(package_env(environ)) == {
        "PIP_CERT", "https_proxy", "npm_config_registry", "npm_config_globalconfig",
    }  # fmt: skip
    mounts = {mount.target: mount.source for mount in package_mounts(environ)}
    assert mounts["/etc/pip.conf"] == f"{tmp_path}/pip/pip.conf"


@pytest.mark.parametrize("mounted", [True, False])
async def test_a_build_sees_the_authorities_of_its_host_only_where_it_asks_for_them(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounted: bool
) -> None:
    (tmp_path / "ca.pem").write_text("an authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    script = f"#!/bin/bash\ncat {AUTHORITIES} 2>&1; echo variable: $SSL_CERT_FILE"
    build = build_of()
    build["spec"]["mountTrustedCA"] = mounted
    _, log = await run(layout, build, archive(tmp_path, {".s2i/bin/assemble": script}))
    assert ("an authority" in log) is mounted
    assert "variable:\n" in log


def test_settings_bring_the_existing_paths_that_they_name() -> None:
    texts = ["x = /nowhere/wheels", "y = /usr/share", "z = https://a/srv"]
    assert list(named_paths(texts)) == []
    assert list(named_paths([f"links = file://{sys.base_prefix}/lib"])) in (
        [f"{sys.base_prefix}/lib"],
        [],  # below /usr, which every box has
    )


def base_layers(layout: Layout) -> list[Path]:
    store = ImageStore(layout)
    return store.layer_paths(store.get("python:latest"))


def any_process(words: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if words in path.read_text():
                return True
        except OSError:
            continue
    return False
