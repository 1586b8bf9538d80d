"""Connections that are made before the first request."""

import base64
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from jhos.cluster.connect import connect
from jhos.cluster.handshakes import begin
from jhos.cluster.parallel import together
from jhos.errors import ClusterUnreachable
from jhos.objects import ObjectRef
from tests import certificates
from tests.cluster.answering import Server, write_kubeconfig

REF = ObjectRef("ConfigMap", "any")
SERVER = "https://127.0.0.1:1"


def trusting(folder: Path, server: str, **authority: str) -> str:
    file = folder / "kubeconfig"
    write_kubeconfig(file, server)
    document = yaml.safe_load(file.read_text())
    document["clusters"][0]["cluster"] |= {
        key.replace("_", "-"): value for key, value in authority.items()
    }
    file.write_text(yaml.safe_dump(document))
    return str(file)


def has(server: Server, connections: int) -> bool:
    deadline = time.monotonic() + 20
    while server.connections < connections and time.monotonic() < deadline:
        time.sleep(0.01)
    return server.connections == connections


def test_the_first_requests_find_their_connections(
    tls: tuple[Path, Server], tmp_path: Path
) -> None:
    authority, server = tls
    data = base64.b64encode(authority.read_bytes()).decode()
    file = trusting(tmp_path, server.address, certificate_authority_data=data)
    cluster = connect(file, None, "demo", 2)
    assert has(server, 2)
    assert not server.requests
    for _ in range(3):
        together(lambda: cluster.get(REF), lambda: cluster.get(REF))
    assert len(server.requests) == 6
    assert server.connections == 2


def test_a_request_more_makes_a_connection_of_its_own(
    tls: tuple[Path, Server], tmp_path: Path
) -> None:
    authority, server = tls
    file = trusting(tmp_path, server.address, certificate_authority=str(authority))
    cluster = connect(file, None, "demo", 1)
    cluster.get(REF)
    cluster.wire.client.client.rest_client.pool_manager.clear()
    cluster.get(REF)
    assert server.connections == 2


def test_an_authority_beside_the_kubeconfig_is_found(
    tls: tuple[Path, Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, server = tls
    (tmp_path / "ca.crt").write_bytes(authority.read_bytes())
    monkeypatch.chdir("/")
    file = trusting(tmp_path, server.address, certificate_authority="ca.crt")
    assert connect(file, None, "demo", 1).get(REF) == {}


def test_the_first_request_tells_what_the_handshake_met(
    tls: tuple[Path, Server], tmp_path: Path
) -> None:
    file = trusting(tmp_path, tls[1].address)
    cluster = connect(file, None, "demo", 1)
    with pytest.raises(ClusterUnreachable, match="is not trusted: unable to get local issuer"):
        cluster.get(REF)


@pytest.mark.parametrize(
    ("cluster", "user"),
    [
        ({"server": "http://127.0.0.1:1"}, {}),
        ({"server": SERVER, "proxy-url": "http://127.0.0.1:2"}, {}),
        ({"server": SERVER, "insecure-skip-tls-verify": True}, {}),
        ({"server": SERVER, "certificate-authority": "/nowhere"}, {}),
        ({"server": SERVER, "certificate-authority-data": "none"}, {}),
        ({"server": SERVER}, {"client-certificate-data": "any"}),
        ({"server": SERVER}, {"exec": {"command": "login"}}),
        ({}, {}),
    ],
)
def test_what_the_client_alone_can_do_is_left_to_it(
    cluster: dict[str, Any], user: dict[str, Any]
) -> None:
    assert begin(cluster, user, 1) is None


def test_a_proxy_of_the_environment_is_not_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:2")
    assert begin({"server": SERVER}, {}, 1) is None


def test_a_client_certificate_is_shown(tls: tuple[Path, Server], tmp_path: Path) -> None:
    authority, server = tls
    ada = certificates.authority(tmp_path / "ada")
    listening: Any = server.http.socket
    listening.context.verify_mode = ssl.CERT_REQUIRED
    listening.context.load_verify_locations(ada.file)
    file = trusting(tmp_path, server.address, certificate_authority=str(authority))
    document = yaml.safe_load(Path(file).read_text())
    with pytest.raises(ClusterUnreachable):
        connect(file, None, "demo").get(REF)
    document["users"][0]["user"] = {
        "client-certificate": "ada/ca.crt",
        "client-key": "ada/ca.key",
    }
    Path(file).write_text(yaml.safe_dump(document))
    assert connect(file, None, "demo", 1).get(REF) == {}
