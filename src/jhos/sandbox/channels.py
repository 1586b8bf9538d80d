"""Kubernetes' channels over a websocket: the first byte of a message says which stream it is of.

Source: k8s.io/apimachinery/pkg/util/remotecommand/constants.go; the fifth version adds that a
side says when a stream is over.
"""

import json
from typing import Any

Object = dict[str, Any]

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
PROTOCOLS = (V5, V4)
STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255


def framed(channel: int, content: bytes) -> bytes:
    return bytes([channel]) + content


def ended(code: int) -> bytes:
    """The last message: how the command ended."""
    status: Object = {"metadata": {}, "status": "Success"}
    if code:
        status = {
            "metadata": {},
            "status": "Failure",
            "message": f"command terminated with non-zero exit code: exit status {code}",
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
        }
    return framed(ERROR, json.dumps(status).encode())
