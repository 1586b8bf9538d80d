"""kubectl drives the sandbox as it does a cluster: an ordinary user, in a project of his own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox.decoding import without_nulls
from jhos.sandbox.layout import Layout
from tests.sandbox.running import PYTHON

NUMBERS = count(1)
SCRIPT = "echo up; trap 'exit 0' TERM; sleep 600 & wait"


class Kubectl:
    """`kubectl("get", "pods")` gives what it prints."""

    def __init__(self, program: str, kubeconfig: Path, namespace: str) -> None:
        self.program = program
        self.access = ("--kubeconfig", str(kubeconfig), "-n", namespace)

    def __call__(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        command = [self.program, *self.access, *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def object(self, *arguments: str) -> Any:
        return json.loads(self("get", *arguments, "-o", "json"))


def programs() -> set[str]:
    """The current kubectl of the tests' own environment, and the machine's where it has one."""
    own = str(Path(sys.executable).parent)
    found = (shutil.which("kubectl", path=path) for path in (own, os.environ["PATH"], os.defpath))
    return {str(Path(program).resolve()) for program in found if program}


@pytest.fixture(scope="module", params=sorted(programs()))
def kubectl(sandbox: Layout, request: pytest.FixtureRequest) -> Iterator[Kubectl]:
    """With the deployment `web` rolled out."""
    name = f"kubectl-{next(NUMBERS)}"
    project: Any = {"apiVersion": "project.openshift.io/v1", "kind": "ProjectRequest"}
    project |= {"metadata": {"name": name}}
    run = Kubectl(request.param, sandbox.kubeconfig, name)
    run("create", "-f", "-", stdin=json.dumps(project))
    run("apply", "-f", "-", stdin=deployment())
    run("rollout", "status", "deploy/web", "--timeout=60s")
    yield run
    run("delete", "project", name, "--wait=false")


def deployment(replicas: int = 1, name: str = "web") -> str:
    container: dict[str, Any] = {"name": "main", "image": PYTHON}
    container |= {"command": ["bash", "-c", SCRIPT]}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": spec}
    return json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": labels},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                     "template": template},
        }
    )  # fmt: skip


def test_objects_are_listed_in_tables(kubectl: Kubectl) -> None:
    head, row = kubectl("get", "deploy", "web").splitlines()
    assert head.split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row.split()[:4] == ["web", "1/1", "1", "1"]
    assert "pod/web-" in kubectl("get", "all", "-o", "name")


def test_describe_tells_conditions_and_events(kubectl: Kubectl) -> None:
    told = kubectl("describe", "deploy", "web")
    assert "Available      True" in told
    assert "ScalingReplicaSet" in told


def test_an_apply_of_the_same_changes_nothing(kubectl: Kubectl) -> None:
    assert "unchanged" in kubectl("apply", "-f", "-", stdin=deployment())


def test_diff_shows_what_an_apply_would_change(kubectl: Kubectl) -> None:
    told = kubectl("diff", "-f", "-", stdin=deployment(replicas=2), code=1)
    assert "-  replicas: 1" in told
    assert "+  replicas: 2" in told


def test_a_server_side_apply_conflicts_with_the_other(kubectl: Kubectl) -> None:
    arguments = ("apply", "--server-side", "--field-manager=other", "-f", "-")
    told = kubectl(*arguments, stdin=deployment(replicas=0), code=1)
    assert ".spec.replicas" in told
    assert kubectl.object("deploy", "web")["spec"]["replicas"] == 1


def test_labels_annotations_edits_and_patches_are_kept(
    kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl("label", "deploy/web", "tier=front")
    kubectl("annotate", "deploy/web", "note=first")
    monkeypatch.setenv("KUBE_EDITOR", "sed -i s/first/edited/")
    kubectl("edit", "deploy/web")
    kubectl("patch", "deploy/web", "-p", '{"metadata": {"labels": {"by": "patch"}}}')
    meta = kubectl.object("deploy", "web")["metadata"]
    assert meta["labels"] == {"app": "web", "tier": "front", "by": "patch"}
    assert meta["annotations"]["note"] == "edited"


def test_scaling_and_waiting_go_together(kubectl: Kubectl) -> None:
    kubectl("scale", "deploy/web", "--replicas=2")
    kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", "deploy/web", "--timeout=60s")
    kubectl("scale", "deploy/web", "--replicas=1")
    kubectl("wait", "--for=jsonpath={.status.replicas}=1", "deploy/web", "--timeout=60s")


def test_a_rollout_is_restarted_and_undone(kubectl: Kubectl) -> None:
    first = kubectl.object("deploy", "web")["spec"]["template"]
    kubectl("rollout", "restart", "deploy/web")
    kubectl("rollout", "status", "deploy/web", "--timeout=60s")
    assert kubectl.object("deploy", "web")["spec"]["template"] != first
    kubectl("rollout", "undo", "deploy/web")
    kubectl("rollout", "status", "deploy/web", "--timeout=60s")
    assert kubectl.object("deploy", "web")["spec"]["template"] == first
    revisions = kubectl("rollout", "history", "deploy/web").split("CHANGE-CAUSE")[1].split()[::2]
    assert revisions == ["2", "3"]


def test_logs_come_from_the_pod_and_exec_goes_into_it(kubectl: Kubectl) -> None:
    assert kubectl("logs", "deploy/web").splitlines()[-1] == "up"
    assert kubectl("exec", "deploy/web", "--", "cat", "/etc/hostname").startswith("web-")


def test_files_are_copied_in_and_out(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("carried")
    pod = kubectl("get", "pods", "-l", "app=web", "-o", "name").split()[0].removeprefix("pod/")
    kubectl("cp", str(tmp_path / "in"), f"{pod}:/tmp/there")
    kubectl("cp", f"{pod}:/tmp/there", str(tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "carried"


@pytest.mark.parametrize("field", ["deployment.spec.strategy", "route.spec.tls", "bc.spec.source"])
def test_fields_are_explained(kubectl: Kubectl, field: str) -> None:
    assert "FIELDS:" in kubectl("explain", field)


@pytest.mark.parametrize(("typo", "told"), [("imag", "unknown field"), ("tty: x", "tty")])
def test_a_misspelt_field_is_refused(kubectl: Kubectl, typo: str, told: str) -> None:
    name, _, value = typo.partition(": ")
    wrong = json.loads(deployment())
    wrong["spec"]["template"]["spec"]["containers"][0][name] = value
    assert told in kubectl("apply", "-f", "-", stdin=json.dumps(wrong), code=1)


@pytest.mark.parametrize(
    "command",
    [
        "create configmap new --from-literal=a=b --from-file=tool=/bin/true",
        "create secret docker-registry new --docker-server=x --docker-username=u "
        "--docker-password=p",
        "create serviceaccount new",
        "create role new --verb=get --resource=pods --resource-name=one",
        "create rolebinding new --role=view --serviceaccount=other:one",
        f"create deployment new --image={PYTHON} --port=80 --replicas=2",
        "create service clusterip new --tcp=80:8080",
        "create service externalname new --external-name=example.org",
        "create cronjob new --image=x --schedule=@hourly",
    ],
)
def test_what_is_sent_as_protobuf_is_what_json_would_be(kubectl: Kubectl, command: str) -> None:
    ask = ("-o", "json", *command.split())
    untyped = kubectl(*ask, "--dry-run=client")
    wanted = kubectl("create", "-o", "json", "--dry-run=server", "-f", "-", stdin=untyped)
    assert comparable(kubectl(*ask, "--dry-run=server")) == comparable(wanted)


def comparable(text: str) -> Any:
    """Without what each creation chooses anew, and the nulls that older kubectls print."""
    found = without_nulls(json.loads(text))
    for name in ("uid", "creationTimestamp"):
        found["metadata"].pop(name, None)
    for name in ("clusterIP", "clusterIPs"):
        found.get("spec", {}).pop(name, None)
    return found


def test_rights_are_asked_for(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "create", "pods").strip() == "yes"
    assert kubectl("auth", "can-i", "create", "events", "-n", "default", code=1) == "no\n"
    monitors = "servicemonitors.monitoring.coreos.com"
    assert kubectl("auth", "can-i", "create", monitors, code=1) == "no\n"
    assert "rolebindings.rbac.authorization.k8s.io" in kubectl("auth", "can-i", "--list")


def test_one_speaks_as_a_service_account_but_not_as_somebody_else(kubectl: Kubectl) -> None:
    account = f"--as=system:serviceaccount:{kubectl.access[-1]}:default"
    assert kubectl("auth", "can-i", "get", "pods", account, code=1) == "no\n"
    assert 'cannot list resource "pods"' in kubectl("get", "pods", account, code=1)
    told = kubectl("get", "pods", "--as=system:admin", code=1)
    assert 'User "developer" cannot impersonate resource "users"' in told
    told = kubectl("get", "pods", account, "--as-group=system:masters", code=1)
    assert 'cannot impersonate resource "groups"' in told


def test_the_host_of_a_route_takes_a_right_of_its_own(kubectl: Kubectl) -> None:
    route: Any = {"apiVersion": "route.openshift.io/v1", "kind": "Route"}
    route |= {"metadata": {"name": "own"}, "spec": {"to": {"kind": "Service", "name": "web"}}}
    kubectl("apply", "-f", "-", stdin=json.dumps(route))
    changed = json.loads(json.dumps(route))
    changed["spec"]["host"] = "own.example.com"
    told = kubectl("apply", "-f", "-", stdin=json.dumps(changed), code=1)
    assert 'spec.host: Invalid value: "own.example.com": field is immutable' in told
    kubectl("delete", "route", "own")
    space = kubectl.access[-1]
    kubectl("create", "role", "router", "--verb=create", "--resource=routes")
    kubectl("create", "rolebinding", "router", "--role=router", f"--serviceaccount={space}:default")
    account = f"--as=system:serviceaccount:{space}:default"
    told = kubectl("create", "-f", "-", account, stdin=json.dumps(changed), code=1)
    assert "you do not have permission to set the host field of the route" in told
    kubectl("create", "-f", "-", account, stdin=json.dumps(route))
    kubectl("delete", "route", "own")


def test_a_list_is_checked_and_applied(kubectl: Kubectl) -> None:
    maps = [{"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "listed"}, "data": {}}]
    streams = {"kind": "ImageStream", "apiVersion": "image.openshift.io/v1"}
    listed: Any = {"kind": "List", "apiVersion": "v1", "items": maps}
    listed["items"].append({**streams, "metadata": {"name": "listed"}})
    kubectl("apply", "-f", "-", stdin=json.dumps(listed))
    listed["items"][0]["dota"] = {}
    assert 'unknown field "dota"' in kubectl("apply", "-f", "-", stdin=json.dumps(listed), code=1)
    kubectl("delete", "imagestream", "listed")


def test_tokens_are_made_and_pods_evicted(kubectl: Kubectl) -> None:
    assert kubectl("create", "token", "default", "--duration=10m").count(".") == 2
    kubectl("run", "guest", f"--image={PYTHON}", "--command", "--", "bash", "-c", SCRIPT)
    kubectl("wait", "--for=condition=Ready", "pod/guest", "--timeout=60s")
    path = f"/api/v1/namespaces/{kubectl.access[-1]}/pods/guest/eviction"
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "guest"}}
    kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))
    kubectl("wait", "--for=delete", "pod/guest", "--timeout=60s")


def test_what_is_deleted_is_gone_with_what_it_owned(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=deployment(name="short"))
    kubectl("rollout", "status", "deploy/short", "--timeout=60s")
    owned = ("get", "all", "-l", "app=short", "-o", "name")
    kinds = sorted(line.partition("/")[0] for line in kubectl(*owned).split())
    assert kinds == ["deployment.apps", "pod", "replicaset.apps"]
    kubectl("delete", "deploy", "short", "--cascade=foreground", "--timeout=60s")
    assert kubectl(*owned) == ""
