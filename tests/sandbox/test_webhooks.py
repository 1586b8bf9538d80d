"""A push begins a build where the word in the address is the right one."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.server import CORE, Api, serving

CONFIGS = "/apis/build.openshift.io/v1/namespaces/demo/buildconfigs"
BUILDS = "/apis/build.openshift.io/v1/namespaces/demo/builds"


def config() -> dict[str, Any]:
    hook = {"secretReference": {"name": "hook"}}
    return {
        "apiVersion": "build.openshift.io/v1",
        "kind": "BuildConfig",
        "metadata": {"name": "nb"},
        "spec": {
            "source": {"type": "Git", "git": {"uri": "https://example.com/x.git", "ref": "main"}},
            "strategy": {
                "type": "Source",
                "sourceStrategy": {"from": {"kind": "DockerImage", "name": "example.com/i:1"}},
            },
            "output": {"to": {"kind": "ImageStreamTag", "name": "nb:latest"}},
            "triggers": [{"type": "Generic", "generic": hook}, {"type": "GitHub", "github": hook}],
        },
    }


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as server:
        data = {"WebHookSecretKey": base64.b64encode(b"word").decode()}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hook"}, "data": data}
        await server.post(f"{CORE}/secrets", secret)
        await server.post(CONFIGS, config())
        assert server.status == 201
        yield server


async def builds(api: Api) -> list[str]:
    listed = (await api.get(BUILDS))["items"]
    return [build["spec"]["triggeredBy"][0]["message"] for build in listed]


@pytest.mark.parametrize("kind", ["generic", "github"])
@pytest.mark.parametrize("payload", [None, {"ref": "refs/heads/main"}])
async def test_the_right_word_begins_a_build(api: Api, kind: str, payload: Any) -> None:
    await api.post(f"{CONFIGS}/nb/webhooks/word/{kind}", payload)
    assert api.status == 200
    assert [message.lower() for message in await builds(api)] == [f"{kind} webhook"]


@pytest.mark.parametrize("address", ["wrong/generic", "word/gitlab", "word/other", "/generic", ""])
async def test_any_other_address_begins_none(api: Api, address: str) -> None:
    await api.post(f"{CONFIGS}/nb/webhooks/{address}", None)
    assert api.status in (401, 404, 405)
    assert await builds(api) == []


async def test_a_push_to_another_branch_begins_none(api: Api) -> None:
    await api.post(f"{CONFIGS}/nb/webhooks/word/generic", {"ref": "refs/heads/draft"})
    assert api.status == 200
    assert await builds(api) == []
