"""The route of a deployment: its host and its certificate."""

import subprocess
from pathlib import Path

from jhos.actions.pipeline import Manner, carry_out, propose
from jhos.events import silent
from jhos.objects import ObjectRef
from jhos.plan import Action
from tests.engine.conftest import IMAGES, Jhos, Kubectl, Reach, given

HOST = "notebooks.example.com"


def test_another_host_makes_the_route_anew(reach: Reach) -> None:
    """A project's admin may choose the host of a route that he makes, not of one that is there."""
    cluster, manner = reach(), Manner(timeout_s=60, report=silent, wait=False)
    carry_out(cluster, "moved", given("moved"), manner)
    before = cluster.get(ObjectRef("Route", "moved")) or {}
    edit = given("moved", route={"host": HOST})
    update = next(
        change
        for change in propose(cluster, "moved", edit).plan.of(Action.UPDATE)
        if change.ref.kind == "Route"
    )
    told = {field.path: (field.before, field.after) for field in update.fields}
    assert told["spec.host"] == (before["spec"]["host"], HOST)
    assert cluster.get(update.ref) == before
    carry_out(cluster, "moved", edit, manner)
    after = cluster.get(update.ref) or {}
    assert after["spec"]["host"] == HOST
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert not propose(cluster, "moved", edit).plan.differs


def new_certificate(folder: Path) -> list[str]:
    """As options of `kubectl create secret tls`."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=course.example.com", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)  # fmt: skip
    return [f"--key={key}", f"--cert={certificate}"]


def test_the_route_shows_a_certificate_of_ones_own_and_the_renewed_one(
    jhos: Jhos, kubectl: Kubectl, reach: Reach, tmp_path: Path
) -> None:
    def shown() -> str:
        route = reach().get(ObjectRef("Route", "sealed")) or {}
        certificate: str = route["spec"]["tls"]["certificate"]
        return certificate

    create = ("create", "secret", "tls", "own-certificate")
    kubectl(*create, *new_certificate(tmp_path))
    jhos("deploy", "--name", "sealed", *IMAGES, "--no-wait", "--route-certificate",
         "own-certificate")  # fmt: skip
    before = shown()
    assert before == (tmp_path / "certificate.pem").read_text()
    reach().delete(ObjectRef("Secret", "own-certificate"))
    kubectl(*create, *new_certificate(tmp_path))
    jhos("deploy", "--name", "sealed", "--no-wait")
    assert shown() == (tmp_path / "certificate.pem").read_text() != before
