"""The main story of jhos, step by step: from an empty project to a hub, and back."""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from jhos.actions.reach import reach
from jhos.cluster.connect import connect
from jhos.cluster.route import session_at
from jhos.hubapi import HubApi
from jhos.notebook import run_cell
from tests.e2e.accounts import Account
from tests.e2e.programs import crashing
from tests.real.contents import Contents

JHOS = Path(sys.executable).with_name("jhos")
USER = "ada"
MEMORY = "notebook.memory=640Mi"
Step = tuple[str, Callable[[], str]]  # its title, and what runs it
REMAINS_S = 120  # the cluster deletes replica sets, pods and builds after their owners


class StepFailed(Exception):
    """A step did not show what it should."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The project of the run, and how to get there."""

    kubeconfig: str | None
    context: str | None
    namespace: str

    @property
    def options(self) -> list[str]:
        """Return them as options of a command."""
        given = {
            "--kubeconfig": self.kubeconfig,
            "--context": self.context,
            "--namespace": self.namespace,
        }
        return [word for name, value in given.items() if value for word in (name, value)]


@dataclass(frozen=True, kw_only=True)
class Images:
    """The images of the deployment.

    Without references the project's own are used, and built where they are missing. With
    `imported` they become image streams first.
    """

    hub: str | None = None
    notebook: str | None = None
    imported: bool = False
    build_options: tuple[str, ...] = ()

    STREAMS = ("jupyterhub", "s2i-minimal-notebook")

    @property
    def are_built(self) -> bool:
        """Return whether the run builds images."""
        return not (self.hub or self.notebook)

    @property
    def options(self) -> list[str]:
        """Return the options of `jhos deploy`."""
        if self.imported:
            return []
        given = {"--hub-image": self.hub, "--notebook-image": self.notebook}
        return [word for name, value in given.items() if value for word in (name, value)]


@dataclass(kw_only=True)
class Story:
    """The steps. Each returns one line about what it saw, or raises an exception.

    `settings` are further options of `jhos deploy` and `jhos restore`.
    """

    cluster: Cluster
    images: Images
    name: str
    folder: Path
    settings: tuple[str, ...] = ()
    timeout_s: int = 1200
    verbose: bool = False
    _password: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    _before: set[str] = field(default_factory=set)

    @property
    def restored(self) -> str:
        """Return the name of the deployment that is restored from the backup."""
        return f"{self.name}-2"

    def first_step(self) -> Step:
        """Return the step without which none of the others may run: deletion relies on it."""
        return "look at the project", self.look

    def steps(self) -> tuple[Step, ...]:
        """Return the steps of the story. Each needs those before it."""
        return (
            ("check", self.check),
            ("build or import the images", self.prepare_images),
            ("deploy", self.deploy),
            ("deploy again", self.deploy_again),
            ("log in, run a cell", self.run_cell),
            ("status", self.status),
            ("status --probe", self.probe),
            ("configure", self.configure),
            ("roll back a broken change", self.roll_back),
            ("rollout undo", self.undo),
            ("keep a file in a new server", self.keep_file),
            ("backup", self.backup),
            ("restore under another name", self.restore),
            ("log in to the restored hub", self.log_in_restored),
        )

    def last_steps(self) -> tuple[Step, ...]:
        """Return the steps that delete what the others created, whatever happened to these."""
        return (
            ("teardown of the restored hub", lambda: self.tear_down(self.restored)),
            ("teardown", lambda: self.tear_down(self.name, *self._delete_images())),
            ("nothing remains", self.compare),
        )

    def look(self) -> str:
        self._before = self._contents().names()
        own = {f"ConfigMap/{name}-inventory" for name in (self.name, self.restored)}
        if taken := own & self._before:
            raise StepFailed(f"{', '.join(sorted(taken))} exists already. Choose another --name.")
        return f"{len(self._before)} objects"

    def check(self) -> str:
        found = self._json("check", self.name)["findings"]
        warnings = [each["message"] for each in found if each["verdict"] != "ok"]
        return "; ".join(warnings) or f"{len(found)} checks, all ok"

    def prepare_images(self) -> str:
        if self.images.imported:
            for image, reference in (("hub", self.images.hub), ("minimal", self.images.notebook)):
                if reference:
                    self._jhos("build-images", image, "--import", reference)
            return "imported"
        if not self.images.are_built:
            return "not needed"
        if not self._delete_images():
            return "the project has image streams already: they are used as they are"
        built = self._json("build-images", *self.images.build_options)
        return ", ".join(image["image"] for image in built)

    def deploy(self) -> str:
        (self.folder / "password").write_text(self._password)
        login = ("--auth", "password", "--allow-all", "--storage", "100Mi")
        secret = ("--auth-secret-file", str(self.folder / "password"))
        options = (*self.images.options, *self.settings)
        return str(self._json("deploy", "--name", self.name, *login, *secret, *options)["url"])

    def deploy_again(self) -> str:
        changes = self._json("deploy", "--name", self.name)["changes"]
        if changed := [change for change in changes if change["action"] != "unchanged"]:
            raise StepFailed(f"It changed again: {json.dumps(changed)}")
        return f"{len(changes)} objects unchanged"

    def run_cell(self) -> str:
        user = self._logged_in(self.name)
        user.account.start_server()
        return self._cell(user, "print(open('work.txt', 'w').write('kept'))", "4")

    def status(self) -> str:
        status = self._json("status", self.name, "--full")
        ends = status["certificateEnds"] or "unknown"
        return f"JupyterHub {status['hub']['version']}, certificate valid until: {ends}"

    def probe(self) -> str:
        steps = self._json("status", self.name, "--probe")
        return ", ".join(f"{step['step']}: {step['seconds']:.1f} s" for step in steps)

    def configure(self) -> str:
        self._jhos("configure", self.name, "--set", MEMORY)
        return self._expect_memory("640Mi")

    def roll_back(self) -> str:
        (self.folder / "broken.py").write_text(crashing("on purpose"))
        self._jhos("configure", self.name, "--config", str(self.folder / "broken.py"), code=5)
        return self._expect_memory("640Mi")

    def undo(self) -> str:
        self._jhos("rollout", self.name, "undo", "--yes")
        memory = self._memory()
        if memory == "640Mi":
            raise StepFailed("The change of the memory was not undone.")
        return f"notebook.memory={memory}"

    def keep_file(self) -> str:
        user = self._logged_in(self.name)
        user.account.stop_server()
        user.account.start_server()
        return self._cell(user, "print(open('work.txt').read())", "kept")

    def backup(self) -> str:
        (self.folder / "passphrase").write_text(secrets.token_urlsafe(16))
        self._jhos("backup", self.name, str(self._backup), *self._passphrase)
        return f"{self._backup.stat().st_size} bytes"

    def restore(self) -> str:
        self._jhos("restore", str(self._backup), "--name", self.restored, *self._passphrase,
                   *self.images.options, *self.settings)  # fmt: skip
        users = [user["name"] for user in self._json("users", "list", self.restored)]
        if USER not in users:
            raise StepFailed(f"The restored hub has the users {users}.")
        return f"users: {', '.join(users)}"

    def log_in_restored(self) -> str:
        user = self._logged_in(self.restored)
        user.account.start_server()
        return self._cell(user, "print(2 ** 64)", str(2**64))

    def tear_down(self, name: str, *options: str) -> str:
        if f"ConfigMap/{name}-inventory" not in self._contents().names():
            return "not deployed"
        self._jhos("teardown", name, "--delete-storage", "--yes", *options)
        return "deleted"

    def compare(self) -> str:
        deadline = time.monotonic() + REMAINS_S
        while remaining := self._contents().names() - self._before:
            if time.monotonic() > deadline:
                raise StepFailed(f"These remain: {', '.join(sorted(remaining))}")
            time.sleep(2)
        if lost := self._before - self._contents().names():
            raise StepFailed(f"These are missing: {', '.join(sorted(lost))}")
        return "as before"

    @property
    def _backup(self) -> Path:
        return self.folder / "backup.tar"

    @property
    def _passphrase(self) -> tuple[str, str]:
        return "--passphrase-file", str(self.folder / "passphrase")

    def _delete_images(self) -> tuple[str, ...]:
        """Return the option that deletes the images; empty if they are not of this run."""
        streams = {f"ImageStream/{name}" for name in Images.STREAMS}
        return () if streams & self._before else ("--delete-images",)

    def _cell(self, user: "User", code: str, expected: str) -> str:
        printed = user.run(code, self.timeout_s)
        if printed != expected:
            raise StepFailed(f"The cell printed {printed!r}, not {expected!r}.")
        return f"the cell printed {printed}"

    def _expect_memory(self, size: str) -> str:
        if (memory := self._memory()) != size:
            raise StepFailed(f"notebook.memory is {memory}, not {size}.")
        return f"notebook.memory={memory}"

    def _memory(self) -> str:
        return self._jhos("configure", self.name, "--get", "notebook.memory").stdout.strip()

    def _logged_in(self, name: str) -> "User":
        """Return the user after they logged in with the password in the form of the hub."""
        cluster = connect(self.cluster.kubeconfig, self.cluster.context, self.cluster.namespace)
        api = reach(cluster, name)
        session, target = session_at(cluster, api.url)
        session.verify = False  # `jhos status --probe` checks the certificate
        account = Account(api.url, USER, self._password, session=session, target=target,
                          patience_s=self.timeout_s)  # fmt: skip
        if not account.log_in():
            raise StepFailed(f"{USER} could not log in at {api.url}.")
        api.token = account.token()
        return User(account=account, api=api)

    def _contents(self) -> Contents:
        cluster = self.cluster
        return Contents(cluster.kubeconfig, cluster.context, cluster.namespace)

    def _json(self, *arguments: str) -> Any:
        return json.loads(self._jhos(*arguments, "--output", "json").stdout)

    def _jhos(self, *arguments: str, code: int = 0) -> CompletedProcess[str]:
        """Run the command. Raise StepFailed if it ends with another exit code."""
        self._print("jhos " + " ".join(arguments))
        command = [str(JHOS), *arguments, *self.cluster.options]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self._print(done.stderr)
        if done.returncode != code:
            raise StepFailed(f"Exit code {done.returncode}, not {code}: {_last_lines(done)}")
        return done

    def _print(self, words: str) -> None:
        if self.verbose:
            print(words, file=sys.stderr)


@dataclass(frozen=True, kw_only=True)
class User:
    """A user who is logged in; `api` carries a token of their own."""

    account: Account
    api: HubApi

    def run(self, code: str, timeout_s: float) -> str:
        """Return what a cell with this code prints in their server."""
        deadline = time.monotonic() + timeout_s
        return run_cell(self.api, f"/user/{self.account.name}/", code, deadline).strip()


def _last_lines(done: CompletedProcess[str]) -> str:
    """Return the error that the command printed, which is JSON where its output is."""
    lines = (done.stderr or done.stdout).strip().splitlines()
    with suppress(ValueError, IndexError):
        error = json.loads(lines[-1])["error"]
        return f"{error['message']} {error['hint']}"
    return " ".join(line.strip() for line in lines[-4:])
