"""What a deployment keeps: what somebody else edits, and its secrets to itself."""

import json
from base64 import b64decode

from jhos.objects import ObjectRef
from tests.engine.conftest import IMAGES, Jhos, Kubectl, Launch, Reach


def test_what_somebody_edits_is_kept_and_no_obstacle(
    jhos: Jhos, kubectl: Kubectl, reach: Reach
) -> None:
    deploy = ("deploy", "--name", "edited", "--no-wait")
    jhos(*deploy, *IMAGES)
    line = "c.KubeSpawner.start_timeout = 180"
    patch = json.dumps({"data": {"jupyterhub_config.py": line}})
    kubectl("patch", "cm", "edited-cfg", "--type=merge", "-p", patch)
    jhos(*deploy, "--hub-memory", "700Mi")
    stored = (reach().get(ObjectRef("ConfigMap", "edited-cfg")) or {})["data"]
    assert stored["jupyterhub_config.py"] == line
    assert "memory: 700Mi" in stored["settings.yaml"]


def test_no_secret_is_outside_the_secret(launch: Launch, kubectl: Kubectl, reach: Reach) -> None:
    process = launch("deploy", "--name", "canary", *IMAGES, "--no-wait", "-vv", "-o", "json")
    printed = "".join(process.communicate(timeout=300))
    assert "PATCH /api/v1/namespaces/engine/secrets/canary-secrets" in printed
    encoded = set((reach().get(ObjectRef("Secret", "canary-secrets")) or {})["data"].values())
    values = encoded | {b64decode(value).decode() for value in encoded}
    kinds = "cm,deploy,rs,pods,events,svc,routes,is,bc,builds,leases,sa,roles,rolebindings"
    everything = kubectl("get", kinds, "-o", "yaml")
    assert "canary-proxy" in everything
    for value in values:
        assert value not in everything
        assert value not in printed
