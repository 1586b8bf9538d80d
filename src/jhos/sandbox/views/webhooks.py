"""Webhooks of build configs: whoever knows the word in the address begins a build."""

import base64
import hmac
import json
from typing import Any

from jhos.sandbox.answers import Answer, success
from jhos.sandbox.call import Call
from jhos.sandbox.failure import Failure
from jhos.sandbox.kinds import BY_KEY
from jhos.sandbox.views.builds import config_of, new_build

Object = dict[str, Any]
TYPES = {"generic": "Generic", "github": "GitHub", "gitlab": "GitLab", "bitbucket": "Bitbucket"}
KEY = "WebHookSecretKey"
SECRETS = BY_KEY["secrets"].key


def begin(call: Call) -> Answer:
    """`…/webhooks/WORD/TYPE`. A push to another branch than the config's begins nothing.

    Source: https://docs.openshift.com/container-platform/4.17/cicd/builds/triggering-builds-build-hooks.html
    """
    config = config_of(call)
    word, _, kind = call.path.tail.partition("/")
    if not any(hmac.compare_digest(word, known) for known in _words(call, config, kind)):
        message = f'the webhook "{kind}" for "{call.name}" did not accept your secret'
        raise Failure(401, message, reason="Unauthorized", details={})
    if not _is_meant(config, _pushed(call)):
        return Answer({**success(), "message": "the push was to another branch"})
    cause = {"message": f"{TYPES[kind]} WebHook"}
    return Answer(new_build(call, config, {"triggeredBy": [cause]}))


def _words(call: Call, config: Object, kind: str) -> list[str]:
    """The secrets of the config's triggers of this type."""
    found = []
    for trigger in config["spec"].get("triggers") or []:
        if kind not in TYPES or trigger["type"].lower() != kind:
            continue
        hook = trigger.get(kind) or {}
        name = (hook.get("secretReference") or {}).get("name", "")
        secret = call.store.get(SECRETS, call.namespace, name) or {}
        encoded = (secret.get("data") or {}).get(KEY, "")
        found.append(hook.get("secret") or base64.b64decode(encoded).decode())
    return [word for word in found if word]


def _pushed(call: Call) -> str:
    """The reference that the payload tells of; empty where it tells of none."""
    try:
        payload = json.loads(call.body or b"{}")
    except ValueError:
        return ""
    reference = payload.get("ref") if isinstance(payload, dict) else None
    return reference if isinstance(reference, str) else ""


def _is_meant(config: Object, pushed: str) -> bool:
    wanted = (config["spec"].get("source", {}).get("git") or {}).get("ref")
    return not pushed or not wanted or pushed.removeprefix("refs/heads/") == wanted
