"""A user's notebook server as its web page uses it: start a kernel, run a cell in it.

Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html
"""

import json
import time
from typing import Any
from uuid import uuid4

from websocket import WebSocket, WebSocketException, create_connection

from jhos.cluster.web import trusting
from jhos.errors import JhosError, OutOfTime
from jhos.hubapi import HubApi


def run_cell(api: HubApi, base: str, code: str, deadline: float) -> str:
    """What `code` prints in a new kernel of the server at the path `base`.

    Raises OutOfTime at `deadline` (monotonic), JhosError where the cell or the way to it fails.
    """
    kernel = api.read("POST", f"{base}api/kernels", json={})["id"]
    try:
        connection = _connect(api, f"{base}api/kernels/{kernel}/channels", deadline)
        try:
            return _executed(connection, code, deadline)
        finally:
            connection.close()
    except (WebSocketException, OSError) as error:
        raise JhosError(
            f"The websocket of the notebook at {api.url}{base} failed: {error}.",
            "Do the router and what lies before it let websockets through?",
        ) from error
    finally:
        api.read("DELETE", f"{base}api/kernels/{kernel}", absent=404)


def _connect(api: HubApi, path: str, deadline: float) -> WebSocket:
    scheme, _, rest = api.target.partition("://")
    secure = scheme == "https"
    connection: WebSocket = create_connection(
        f"{'wss' if secure else 'ws'}://{rest}{path}",
        host=api.url.partition("://")[2],
        header=api.headers,
        sslopt={"context": trusting(api.authorities_file)} if secure else {},
        http_no_proxy=["*"] if api.session.direct else None,
        timeout=_left(deadline),
    )
    return connection


def _executed(connection: WebSocket, code: str, deadline: float) -> str:
    """The standard output, once the kernel is idle again."""
    request = _request(code)
    connection.send(json.dumps(request))
    printed = ""
    while True:
        connection.settimeout(_left(deadline))
        message = json.loads(connection.recv())
        if message.get("parent_header", {}).get("msg_id") != request["header"]["msg_id"]:
            continue
        content = message["content"]
        match message["msg_type"]:
            case "stream":
                printed += content["text"]
            case "error":
                raise JhosError(f"The cell failed: {content['ename']}: {content['evalue']}")
            case "status" if content["execution_state"] == "idle":
                return printed


def _request(code: str) -> dict[str, Any]:
    header = {
        "msg_id": uuid4().hex,
        "session": uuid4().hex,
        "username": "jhos",
        "msg_type": "execute_request",
        "version": "5.3",
    }
    content = {"code": code, "silent": False, "store_history": False, "stop_on_error": True}
    return {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
    }


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise OutOfTime("The kernel did not answer in time.", "Try again, with a longer --timeout.")
    return left
