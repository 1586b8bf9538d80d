"""Pods on a real node: their processes, files, network, restarts and end."""

import os
import signal
import time

from jhos.sandbox import daemon
from tests.sandbox.running import (
    PODS,
    PYTHON,
    Project,
    is_over,
    is_ready,
    is_running,
    restarts,
    state,
    waits_because,
)

CONFIG_MAPS, SECRETS = "api/v1/configmaps", "api/v1/secrets"
SERVICES, CLAIMS = "api/v1/services", "api/v1/persistentvolumeclaims"
SLICES = "apis/discovery.k8s.io/v1/endpointslices"
SERVE = "exec python -m http.server 8080 --directory /opt/app-root/bin"
TRAP = "trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done"


async def test_a_pod_runs_as_the_uid_of_its_namespace_in_group_0(project: Project) -> None:
    pod = await project.run("who", "id -u; id -g; whoami", pod={"restartPolicy": "Never"})
    await project.until("who", is_over)
    uid = (await project.client.get(PODS, project.name, "who"))["spec"]["containers"][0][
        "securityContext"
    ]["runAsUser"]
    assert await project.output(pod) == f"{uid}\n0\n{uid}\n"


async def test_a_pod_sees_nothing_of_the_hosts_homes_and_writes_only_where_it_may(
    project: Project,
) -> None:
    printed = await project.finished(
        "closed",
        "ls -A /home; for f in /x /usr/x /etc/x; do touch $f 2>/dev/null && echo $f; done; "
        "touch /tmp/x /opt/app-root/x /opt/app-root/src/x && echo written",
    )
    assert printed == "written\n"


async def test_no_signal_is_ignored_by_inheritance(project: Project) -> None:
    printed = await project.finished("signals", "", command=["grep", "SigIgn", "/proc/self/status"])
    assert int(printed.split()[1], 16) == 0


async def test_a_pod_is_running_within_half_a_second(project: Project) -> None:
    await project.finished("warm", "true")
    began = time.monotonic()
    await project.run("quick", "sleep 60")
    await project.until("quick", is_running)
    assert time.monotonic() - began < 0.5 * max(1.0, os.getloadavg()[0])


async def test_config_and_secrets_arrive_in_env_and_files(project: Project) -> None:
    await project.create(CONFIG_MAPS, "ConfigMap", "cfg", data={"greeting": "hi", "a.txt": "A"})
    await project.create(SECRETS, "Secret", "sec", stringData={"password": "s3cret"})
    printed = await project.finished(
        "configured",
        'echo "$PW $CFG_greeting $BOTH $ME $LIMIT"; cat /cfg/a.txt /only; '
        "stat -Lc %a /sec/password",
        env=[
            {"name": "PW", "valueFrom": {"secretKeyRef": {"name": "sec", "key": "password"}}},
            {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "BOTH", "value": "$(PW)/$(ME)/$$(ME)"},
            {"name": "LIMIT", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}},
        ],
        envFrom=[{"prefix": "CFG_", "configMapRef": {"name": "cfg"}}],
        resources={"limits": {"memory": "1Mi"}},
        volumeMounts=[
            {"name": "cfg", "mountPath": "/cfg"},
            {"name": "cfg", "mountPath": "/only", "subPath": "greeting"},
            {"name": "sec", "mountPath": "/sec"},
        ],
        pod={
            "volumes": [
                {"name": "cfg", "configMap": {"name": "cfg"}},
                {"name": "sec", "secret": {"secretName": "sec", "defaultMode": 0o400}},
            ]
        },
    )
    # The kubelet makes files of a Secret readable for the fsGroup.
    assert printed == "s3cret hi s3cret/configured/$(ME) configured 1048576\nAhi440\n"


async def test_a_changed_config_map_reaches_the_files_of_a_running_pod(project: Project) -> None:
    await project.create(CONFIG_MAPS, "ConfigMap", "cfg", data={"text": "old"})
    pod = await project.run(
        "reader",
        "cat /cfg/text; echo; until grep new /cfg/text; do sleep 0.1; done; sleep 60",
        volumeMounts=[{"name": "cfg", "mountPath": "/cfg"}],
        pod={"volumes": [{"name": "cfg", "configMap": {"name": "cfg"}}]},
    )
    await project.until_printed(pod, "old")
    await project.client.patch(CONFIG_MAPS, project.name, "cfg", {"data": {"text": "new"}})
    await project.until_printed(pod, "new")


async def test_the_api_server_knows_a_pod_by_its_service_account(project: Project) -> None:
    printed = await project.finished(
        "account",
        "cd /var/run/secrets/kubernetes.io/serviceaccount; cat namespace; echo; curl -s --cacert "
        'ca.crt -H "Authorization: Bearer $(cat token)" '
        "https://kubernetes.default.svc/api/v1/namespaces/$(cat namespace)/pods",
    )
    assert printed.startswith(project.name)
    assert f"system:serviceaccount:{project.name}:default" in printed
    assert "forbidden" in printed


async def test_a_service_leads_to_ready_pods_by_name_and_refuses_without(project: Project) -> None:
    await project.create(
        SERVICES, "Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]}
    )
    dial = "curl -s --max-time 5 http://web/ >/dev/null; echo $?"
    assert await project.finished("early", dial) == "7\n"
    await project.client.patch(
        SERVICES, project.name, "web", {"spec": {"ports": [{"port": 80, "targetPort": "http"}]}}
    )
    await project.run(
        "web",
        SERVE,
        ports=[{"name": "http", "containerPort": 8080}],
        readinessProbe={"httpGet": {"port": "http"}, "periodSeconds": 1},
    )
    await project.until("web", is_ready)
    wait = "until curl -sf --max-time 5 http://web/ >/dev/null; do sleep 0.1; done; "
    names = "getent hosts web.$NS.svc.cluster.local >/dev/null && echo found; getent hosts nope"
    env = [{"name": "NS", "value": project.name}]
    assert await project.finished("late", wait + names, env=env) == "found\n"


async def test_a_pod_is_ready_only_while_its_probe_succeeds(project: Project) -> None:
    await project.run(
        "probed",
        "until test -e /tmp/go; do sleep 0.1; done; sleep 60",
        readinessProbe={
            "exec": {"command": ["bash", "-c", "touch /tmp/go; test -e /tmp/asked || "
                                 "{ touch /tmp/asked; exit 1; }"]},
            "periodSeconds": 1,
            "failureThreshold": 1,
        },
    )  # fmt: skip
    await project.until("probed", is_ready)
    (message,) = await project.events("probed", "Unhealthy")
    assert message.startswith("Readiness probe failed")


async def test_a_failed_liveness_probe_restarts_the_container(project: Project) -> None:
    await project.run(
        "sick",
        TRAP,
        livenessProbe={"tcpSocket": {"port": 9}, "periodSeconds": 1, "failureThreshold": 1},
    )
    pod = await project.until("sick", restarts)
    assert pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 0
    assert await project.events("sick", "Killing")


async def test_a_crashing_container_backs_off_and_tells_why(project: Project) -> None:
    await project.run(
        "crash", "echo bad luck; exit 7", terminationMessagePolicy="FallbackToLogsOnError"
    )
    pod = await project.until("crash", waits_because("CrashLoopBackOff"))
    status = pod["status"]["containerStatuses"][0]
    ended = status["lastState"]["terminated"]
    assert (ended["exitCode"], ended["message"]) == (7, "bad luck\n")
    assert status["restartCount"] == 1
    assert pod["status"]["phase"] == "Running"
    assert await project.output(pod, previous=True) == "bad luck\n"


async def test_an_init_container_is_tried_until_it_succeeds(project: Project) -> None:
    wait = "test -e /shared/tried || { touch /shared/tried; exit 1; }"
    mounts = [{"name": "shared", "mountPath": "/shared"}]
    pod = await project.run(
        "patient",
        "ls /shared",
        volumeMounts=mounts,
        pod={
            "restartPolicy": "OnFailure",
            "volumes": [{"name": "shared", "emptyDir": {}}],
            "initContainers": [
                {"name": "first", "image": PYTHON, "command": ["bash", "-c", wait],
                 "volumeMounts": mounts}
            ],
        },
    )  # fmt: skip
    done = await project.until("patient", is_over)
    assert await project.output(pod) == "tried\n"
    assert done["status"]["initContainerStatuses"][0]["restartCount"] == 1


async def test_an_image_that_is_not_here_is_told_plainly(project: Project) -> None:
    await project.run("foreign", "true", image="docker.io/library/busybox")
    pod = await project.until("foreign", waits_because("ImagePullBackOff"))
    assert "the sandbox has no such image" in state(pod)["waiting"]["message"]
    assert await project.events("foreign", "Failed")


async def test_a_missing_secret_holds_the_container_until_it_is_there(project: Project) -> None:
    reference = {"secretKeyRef": {"name": "late", "key": "x"}}
    await project.run("held", "sleep 60", env=[{"name": "X", "valueFrom": reference}])
    pod = await project.until("held", waits_because("CreateContainerConfigError"))
    assert state(pod)["waiting"]["message"] == 'secret "late" not found'
    await project.create(SECRETS, "Secret", "late", stringData={"x": "1"})
    await project.until("held", is_running)


async def test_a_command_that_does_not_exist_is_a_start_error(project: Project) -> None:
    await project.run("typo", "", command=["nosuchprogram"], pod={"restartPolicy": "Never"})
    pod = await project.until("typo", is_over)
    ended = state(pod)["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("StartError", 128)
    assert "nosuchprogram" in ended["message"]


async def test_a_deleted_pod_gets_sigterm_and_its_time(project: Project) -> None:
    pod = await project.run("polite", TRAP, pod={"terminationGracePeriodSeconds": 30})
    await project.until_printed(pod, "up")
    began = time.monotonic()
    await project.client.delete(PODS, project.name, "polite")
    await project.gone("polite")
    assert time.monotonic() - began < 10


async def test_a_pod_that_ignores_sigterm_is_killed_after_its_time(project: Project) -> None:
    pod = await project.run("deaf", "echo up; exec sleep 600")
    await project.until_printed(pod, "up")
    await project.client.delete(PODS, project.name, "deaf", gracePeriodSeconds=1)
    await project.gone("deaf")


async def test_a_claimed_volume_keeps_its_files_over_pods(project: Project) -> None:
    await project.create(
        CLAIMS,
        "PersistentVolumeClaim",
        "data",
        spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    )
    parts = {
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        "pod": {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]},
    }
    await project.finished("writer", "echo kept > /data/file", **parts)
    assert await project.finished("reader", "cat /data/file", **parts) == "kept\n"


async def test_a_killed_node_comes_back_and_restarts_its_pods_in_place(project: Project) -> None:
    before = await project.run("survivor", "echo run; exec sleep 600")
    await project.until_printed(before, "run")
    node = daemon.status(project.layout).node_pid
    assert node
    os.kill(node, signal.SIGKILL)
    pod = await project.until("survivor", lambda pod: is_running(pod) and restarts(pod))
    status = pod["status"]["containerStatuses"][0]
    assert pod["metadata"]["uid"] == before["metadata"]["uid"]
    assert status["lastState"]["terminated"]["reason"] == "ContainerStatusUnknown"
