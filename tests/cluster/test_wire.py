"""What the API's contract asks of a client, against a server that fails as real ones do."""

import socket
from pathlib import Path
from typing import Any

import pytest

from jhos.errors import (
    ApiUnavailable,
    ClusterUnreachable,
    Conflict,
    JhosError,
    LoginNeeded,
    OutOfTime,
    Refused,
)
from jhos.events import Event, State
from jhos.objects import ObjectRef
from tests.cluster.answering import (
    Answer,
    Broken,
    QuickClock,
    Request,
    Server,
    answering,
    cluster_at,
    failure,
    in_turn,
    write_kubeconfig,
)

REF = ObjectRef("ConfigMap", "alpha")
OBJ = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "alpha"}, "data": {"a": "1"}}
BUILD = ObjectRef("BuildConfig", "alpha")
GOOD = Answer(body=OBJ)
CHANGED = "Operation cannot be fulfilled: the object has been modified; please apply your changes"


@pytest.mark.parametrize(
    "fault",
    [
        failure(429, "too many requests"),
        failure(500, "etcdserver: leader changed"),
        failure(500, "a webhook failed"),
        failure(502, "bad gateway"),
        failure(503, "no endpoints"),
        failure(504, "gateway timeout"),
        failure(409, f"{CHANGED} (resourcequotas)"),
        failure(409, CHANGED),
        Broken(),
        Broken(half=True),
    ],
)
def test_what_passes_is_ridden_out(tmp_path: Path, fault: Answer | Broken) -> None:
    with answering(in_turn(fault, fault, GOOD)) as server:
        assert cluster_at(server.address, tmp_path).apply(OBJ) == OBJ
    assert server.methods == ["PATCH"] * 3


@pytest.mark.parametrize(
    ("status", "error"), [(400, Refused), (403, Refused), (409, Conflict), (422, Refused)]
)
def test_what_does_not_pass_is_told_at_once(
    tmp_path: Path, status: int, error: type[JhosError]
) -> None:
    with answering(in_turn(failure(status, "no"))) as server, pytest.raises(error):
        cluster_at(server.address, tmp_path).apply(OBJ)
    assert server.methods == ["PATCH"]


@pytest.mark.parametrize(
    ("status", "said", "remedy"),
    [
        (403, 'User "ada" cannot patch … in the namespace "default"', "-n PROJECT"),
        (422, "spec.host: Invalid value: field is immutable", "--route-host"),
        (422, "spec.host: Invalid value: you do not have permission to set it", "--route-host"),
    ],
)
def test_a_refusal_comes_with_its_remedy(
    tmp_path: Path, status: int, said: str, remedy: str
) -> None:
    with answering(in_turn(failure(status, said))) as server, pytest.raises(Refused) as caught:
        cluster_at(server.address, tmp_path).apply(OBJ)
    assert remedy in caught.value.hint


def test_a_refusal_does_not_repeat_the_key_of_a_certificate(tmp_path: Path) -> None:
    key = "-----BEGIN PRIVATE KEY-----\\nsecret\\n-----END PRIVATE KEY-----"
    said = f'spec.tls.key: Invalid value: "{key}": no'
    with answering(in_turn(failure(422, said))) as server, pytest.raises(Refused) as caught:
        cluster_at(server.address, tmp_path).apply(OBJ)
    assert 'spec.tls.key: Invalid value: "(a private key)": no' in str(caught.value)


def test_the_server_says_when_to_come_again(tmp_path: Path) -> None:
    clock = QuickClock()
    with answering(in_turn(failure(429, "too many", Retry_After="9"), GOOD)) as server:
        cluster_at(server.address, tmp_path, clock=clock).get(REF)
    assert [int(pause) for pause in clock.pauses] == [9]


def test_an_internal_error_that_stays_is_told_after_a_few_tries(tmp_path: Path) -> None:
    with (
        answering(in_turn(failure(500, "a bug"))) as server,
        pytest.raises(JhosError, match="a bug"),
    ):
        cluster_at(server.address, tmp_path).get(REF)
    assert server.methods == ["GET"] * 3


def test_nothing_is_tried_beyond_the_timeout(tmp_path: Path) -> None:
    with answering(in_turn(failure(503, "down"))) as server, pytest.raises(OutOfTime):
        cluster_at(server.address, tmp_path, timeout_s=1).get(REF)
    assert 2 <= len(server.requests) <= 6


def test_the_whole_timeout_is_used(tmp_path: Path) -> None:
    clock = QuickClock()
    with answering(in_turn(failure(503, "down"))) as server, pytest.raises(OutOfTime):
        cluster_at(server.address, tmp_path, timeout_s=20, clock=clock).get(REF)
    assert 19 < sum(clock.pauses) <= 20


AWAY = Answer(503, text="service unavailable\n", headers={"Content-Type": "text/plain"})
UNREACHED = Answer(503, text="error trying to reach service: dial tcp: connection refused\n")


@pytest.mark.parametrize("answer", [AWAY, UNREACHED])
def test_an_api_that_is_away_is_named(tmp_path: Path, answer: Answer) -> None:
    with (
        answering(in_turn(answer)) as server,
        pytest.raises(ApiUnavailable, match=r"API build\.openshift\.io/v1 is not available"),
    ):
        cluster_at(server.address, tmp_path).get(BUILD)


def test_what_was_not_passed_on_to_an_api_is_sent_again(tmp_path: Path) -> None:
    with answering(in_turn(AWAY, AWAY, GOOD)) as server:
        cluster_at(server.address, tmp_path).post(BUILD, "instantiate", {})
    assert server.methods == ["POST"] * 3


def test_an_api_that_is_away_is_told_of_while_others_answer(tmp_path: Path) -> None:
    told: list[Event] = []
    left = [AWAY] * 3

    def script(request: Request) -> Answer:
        return left.pop() if "routes" in request.path and left else GOOD

    def another_request() -> None:
        cluster.get(REF)

    with answering(script) as server:
        clock = QuickClock(meanwhile=another_request)
        cluster = cluster_at(server.address, tmp_path, clock=clock)
        cluster.wire.keep_trying(600, told.append)
        cluster.get(ObjectRef("Route", "alpha"))
    assert [event.state for event in told] == [State.RUNNING] * 3 + [State.DONE]
    assert len({event.message for event in told[:3]}) == 1
    assert "API route.openshift.io/v1" in told[0].message


def test_nothing_is_tried_again_once_it_is_given_up(tmp_path: Path) -> None:
    clock = QuickClock(meanwhile=lambda: cluster.wire.give_up())
    with answering(in_turn(failure(503, "down"))) as server:
        cluster = cluster_at(server.address, tmp_path, clock=clock)
        with pytest.raises(OutOfTime):
            cluster.get(REF)
    assert len(server.requests) == 2


@pytest.mark.parametrize("fault", [Broken(), failure(502, "gone"), failure(500, "etcdserver")])
def test_what_must_not_happen_twice_is_sent_once(tmp_path: Path, fault: Answer | Broken) -> None:
    with answering(in_turn(fault, GOOD)) as server, pytest.raises(JhosError):
        cluster_at(server.address, tmp_path).post(BUILD, "instantiate", {})
    assert server.methods == ["POST"]


def test_what_was_not_taken_up_is_sent_again(tmp_path: Path) -> None:
    with answering(in_turn(failure(429, "too many"), GOOD)) as server:
        cluster_at(server.address, tmp_path).post(BUILD, "instantiate", {})
    assert server.methods == ["POST", "POST"]


class Store:
    """Of one object, with versions; the answer to the first write is lost."""

    def __init__(self, obj: dict[str, Any] | None = None) -> None:
        self.obj, self.lost = obj, False

    def __call__(self, request: Request) -> Answer | Broken:
        if request.method == "GET":
            return Answer(body=self.obj) if self.obj else failure(404, "not found")
        if request.method == "DELETE":
            there, self.obj = self.obj, None
            return self.reply(Answer() if there else failure(404, "not found"))
        version = request.body["metadata"].get("resourceVersion")
        if request.method == "POST" and self.obj:
            return failure(409, "already exists")
        if version and self.obj and version != self.obj["metadata"]["resourceVersion"]:
            return failure(409, CHANGED)
        metadata = {**request.body["metadata"], "resourceVersion": "8"}
        self.obj = {**request.body, "metadata": metadata}
        return self.reply(Answer(body=self.obj))

    def reply(self, answer: Answer) -> Answer | Broken:
        if not self.lost:
            self.lost = True
            return Broken()
        return answer


def versioned(version: str) -> dict[str, Any]:
    return {**OBJ, "metadata": {"name": "alpha", "resourceVersion": version}}


def test_a_creation_whose_answer_is_lost_is_no_conflict(tmp_path: Path) -> None:
    with answering(Store()) as server:
        assert cluster_at(server.address, tmp_path).create(OBJ)["data"] == {"a": "1"}


def test_a_replacement_whose_answer_is_lost_is_no_conflict(tmp_path: Path) -> None:
    with answering(Store(versioned("7"))) as server:
        found = cluster_at(server.address, tmp_path).replace(versioned("7"))
    assert found["metadata"]["resourceVersion"] == "8"


def test_a_deletion_whose_answer_is_lost_is_done(tmp_path: Path) -> None:
    with answering(Store(versioned("7"))) as server:
        cluster_at(server.address, tmp_path).delete(REF, uid="1")
    assert server.methods == ["DELETE", "DELETE"]


def test_what_somebody_else_replaced_is_a_conflict(tmp_path: Path) -> None:
    store = Store({**versioned("9"), "data": {"a": "2"}})
    with answering(store) as server, pytest.raises(Conflict):
        cluster_at(server.address, tmp_path).replace(versioned("7"))


def test_what_has_another_uid_by_now_is_gone(tmp_path: Path) -> None:
    words = "Precondition failed: UID in precondition: 1, UID in object meta: 2"
    with answering(in_turn(failure(409, words))) as server:
        cluster_at(server.address, tmp_path).delete(REF, uid="1")


def knows(token: str) -> Any:
    return lambda request: GOOD if request.token == token else failure(401, "Unauthorized")


def test_a_login_that_was_renewed_meanwhile_is_used(tmp_path: Path) -> None:
    with answering(knows("second")) as server:
        cluster = cluster_at(server.address, tmp_path)
        write_kubeconfig(tmp_path / "kubeconfig", server.address, token="second")
        assert cluster.get(REF) == OBJ
    assert [request.token for request in server.requests] == ["first", "second"]


def test_a_login_that_is_over_is_told_after_one_more_try(tmp_path: Path) -> None:
    with answering(knows("other")) as server, pytest.raises(LoginNeeded):
        cluster_at(server.address, tmp_path).get(REF)
    assert len(server.requests) == 2


def test_a_watch_from_a_forgotten_version_asks_for_a_new_list(tmp_path: Path) -> None:
    with answering(in_turn(failure(410, "too old resource version"))) as server:
        cluster = cluster_at(server.address, tmp_path)
        assert [kind for kind, _ in cluster.watch("Pod", "7")] == ["ERROR"]


def test_an_outage_is_told_and_ridden_out(tmp_path: Path) -> None:
    told: list[Event] = []
    with answering(in_turn(GOOD)) as server:
        clock = QuickClock(meanwhile=server.restart)
        cluster = cluster_at(server.address, tmp_path, clock=clock)
        cluster.wire.keep_trying(30, told.append)
        cluster.get(REF)
        cluster.wire.client.client.rest_client.pool_manager.clear()
        server.stop()
        assert cluster.get(REF) == OBJ
    assert told[0].state is State.RUNNING
    assert "does not answer" in told[0].message
    assert told[-1].state is State.DONE


def test_a_certificate_that_is_not_trusted_is_told_at_once(
    tls: tuple[Path, Server], tmp_path: Path
) -> None:
    cluster = cluster_at(tls[1].address, tmp_path, timeout_s=600)
    with pytest.raises(ClusterUnreachable, match="is not trusted: unable to get local issuer"):
        cluster.list("ConfigMap")


def test_authorities_of_the_system_are_read_once(
    tls: tuple[Path, Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[0]))
    cluster = cluster_at(tls[1].address, tmp_path)
    monkeypatch.delenv("SSL_CERT_FILE")
    assert cluster.get(REF) == {}
    cluster.wire.client.client.rest_client.pool_manager.clear()
    assert cluster.get(REF) == {}


def test_a_proxy_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
    cluster = cluster_at("https://api.example.com:6443", tmp_path, timeout_s=0)
    with pytest.raises(ClusterUnreachable, match=r"the proxy \(HTTPS_PROXY.*: Connection refused"):
        cluster.get(REF)


def test_a_server_that_never_answered_is_given_up_soon(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    cluster = cluster_at(address, tmp_path, timeout_s=600)
    began = cluster.wire.clock.monotonic()
    with pytest.raises(ClusterUnreachable, match="Connection refused"):
        cluster.get(REF)
    assert cluster.wire.clock.monotonic() - began < 30
