"""The kubeconfig files, and the certificates that they name."""

import ssl
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from jhos.sandbox.kubeconfig import Access, kubeconfig, write
from jhos.sandbox.pki import Pki

ACCESS = Access(
    context="sandbox",
    user="developer",
    token="sha256~t",
    api="https://127.0.0.1:6443",
    router="127.0.0.1:8080",
    ca_pem="PEM",
)


def test_the_cluster_tells_where_its_routes_are_reached() -> None:
    (cluster,) = yaml.safe_load(kubeconfig(ACCESS))["clusters"]
    assert cluster["cluster"]["extensions"] == [
        {"name": "jhos.dev/router", "extension": {"address": "127.0.0.1:8080"}}
    ]


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    write(tmp_path / "kubeconfig", ACCESS)
    assert (tmp_path / "kubeconfig").stat().st_mode & 0o777 == 0o600


def test_the_namespace_that_the_user_has_set_stays(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig(replace(ACCESS, namespace="mine")))
    write(path, replace(ACCESS, namespace="demo"))
    assert path.read_text() == kubeconfig(replace(ACCESS, namespace="mine"))


@pytest.mark.parametrize("held", ["", "{}", "a: [", "contexts: 7", "\x00"])
def test_a_broken_file_is_replaced(tmp_path: Path, held: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(held)
    write(path, ACCESS)
    assert path.read_text() == kubeconfig(ACCESS)


def test_the_certificate_is_good_for_a_strict_reader(tmp_path: Path) -> None:
    pki = Pki(tmp_path / "pki")
    pki.ensure()
    for name in ("-verify_hostname localhost", "-verify_ip 127.0.0.1", "-verify_ip 172.30.0.1"):
        command = ["openssl", "verify", "-x509_strict", *name.split(), "-CAfile", str(pki.ca)]
        subprocess.run([*command, str(pki.certificate)], check=True, capture_output=True)
    ssl.create_default_context(cadata=pki.ca_pem())


def test_certificates_and_tokens_are_made_once(tmp_path: Path) -> None:
    def made() -> tuple[str, dict[str, str], bytes]:
        pki = Pki(tmp_path / "pki")
        pki.ensure()
        return pki.certificate.read_text(), pki.tokens(), pki.signing_key()

    assert made() == made()


def test_an_interrupted_run_is_made_good(tmp_path: Path) -> None:
    pki = Pki(tmp_path / "pki")
    pki.ensure()
    pki.certificate.unlink()
    (pki.directory / "server.key").write_text("half")
    pki.ensure()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.certificate, pki.key)
