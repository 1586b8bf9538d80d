"""Programs in a pod's container: what they read and write, as streams of bytes.

Over a websocket whose messages begin with the number of their channel.
Source: https://kubernetes.io/docs/reference/kubernetes-api/ (pods/exec), and
https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/util/remotecommand
"""

from collections.abc import Iterable, Iterator
from typing import Any

from kubernetes.client.exceptions import ApiException
from kubernetes.stream.ws_client import create_websocket, get_websocket_url
from websocket import (
    ABNF,
    WebSocketBadStatusException,
    WebSocketException,
    WebSocketTimeoutException,
)

from jhos.cluster.client import Cluster
from jhos.cluster.decoding import decoded
from jhos.cluster.errors import translated
from jhos.errors import ClusterUnreachable, JhosError
from jhos.objects import ObjectRef

_STDIN, _STDOUT, _STDERR, _STATUS = range(4)
_SILENCE_S = 300  # for so long a program may neither read nor write
_SAID = 4000  # bytes of standard error that are told at most


class ProgramFailed(JhosError):
    """It ran, and ended with another exit code than 0."""


def run(
    cluster: Cluster, pod: str, container: str, command: list[str], stdin: Iterable[bytes] = ()
) -> Iterator[bytes]:
    """What `command` writes to its standard output, as it comes.

    Its input does not end before it does: it must know how much to read. Raises ProgramFailed
    with what it said on standard error.
    """
    given = bool(stdin)
    socket = _open(cluster, pod, container, command, given)
    socket.settimeout(_SILENCE_S)
    said, status = b"", None
    try:
        _send(socket, stdin)
        for channel, content in _messages(socket):
            if channel == _STDOUT:
                yield content
            elif channel == _STDERR:
                said = (said + content)[-_SAID:]
            elif channel == _STATUS:
                status = decoded(content)
    except (WebSocketException, OSError, ValueError) as error:
        raise _broken(pod, error) from error
    finally:
        socket.close()
    if status is None:
        raise _broken(pod, EOFError("it ended without a word"))
    if status.get("status") != "Success":
        raise ProgramFailed(_words(pod, command, said, status))


def output(cluster: Cluster, pod: str, container: str, command: list[str]) -> str:
    """All that `command` writes."""
    return b"".join(run(cluster, pod, container, command)).decode(errors="replace")


@translated
def _open(cluster: Cluster, pod: str, container: str, command: list[str], stdin: bool) -> Any:
    query = [("container", container), *(("command", word) for word in command),
             ("stdin", str(stdin).lower()), ("stdout", "true"), ("stderr", "true"),
             ("tty", "false")]  # fmt: skip
    api: Any = cluster.wire.client.client
    headers: dict[str, str] = {}
    path = f"{cluster.path(ObjectRef('Pod', pod))}/exec"
    api.update_params_for_auth(headers, query, ["BearerToken"], path, "GET", None)
    url = get_websocket_url(f"{cluster.server}{path}", query)
    try:
        return create_websocket(api.configuration, url, headers)
    except WebSocketBadStatusException as error:
        refused = ApiException(status=error.status_code, reason=str(error))
        refused.body = error.resp_body
        raise refused from error
    except WebSocketException as error:
        raise OSError(str(error)) from error


def _send(socket: Any, chunks: Iterable[bytes]) -> None:
    for chunk in chunks:
        try:
            socket.send(bytes([_STDIN]) + chunk, opcode=ABNF.OPCODE_BINARY)
        except (WebSocketTimeoutException, ConnectionError):
            return  # it has ended, and says why


def _messages(socket: Any) -> Iterator[tuple[int, bytes]]:
    """Channel and content, until the other side closes."""
    while True:
        opcode, frame = socket.recv_data_frame(True)
        if opcode == ABNF.OPCODE_CLOSE:
            return
        if opcode in (ABNF.OPCODE_BINARY, ABNF.OPCODE_TEXT) and len(frame.data) > 1:
            yield frame.data[0], frame.data[1:]


def _broken(pod: str, error: Exception) -> ClusterUnreachable:
    return ClusterUnreachable(
        f"The connection into pod {pod} broke: {error}.", "Run the same command again."
    )


def _words(pod: str, command: list[str], said: bytes, status: dict[str, Any]) -> str:
    words = said.decode(errors="replace").strip() or status.get("message", "")
    return f"{command[0]} failed in pod {pod}: {words}"
