"""Manifests of users' pods as they go to the API, made by the hub's own spawner."""

from types import SimpleNamespace
from typing import Any

from jupyterhub.objects import Hub
from kubernetes_asyncio.client import ApiClient
from traitlets.config import Config

from jhos_hub.spawner import NotebookSpawner


async def pods(
    c: Config, *users: str, groups: tuple[str, ...] = (), **options: Any
) -> list[dict[str, Any]]:
    """One after the other, of one configuration, since what the first does to it must not show."""
    return [await _pod(c, user, groups, options) for user in users]


async def _pod(
    c: Config, user: str, groups: tuple[str, ...], options: dict[str, Any]
) -> dict[str, Any]:
    made = spawner(c, user, groups, **options)
    await made.load_user_options()
    manifest = await made.get_pod_manifest()
    sent: dict[str, Any] = ApiClient().sanitize_for_serialization(manifest)
    return sent


def spawner(c: Config, user: str, groups: tuple[str, ...] = (), **options: Any) -> NotebookSpawner:
    """That of a user, as the hub makes it."""
    return NotebookSpawner(
        config=c,
        user=SimpleNamespace(
            name=user,
            id=user,
            url=f"/user/{user}/",
            escaped_name=user,
            groups=[SimpleNamespace(name=group) for group in groups],
        ),
        hub=Hub(ip="0.0.0.0", port=8081, base_url="/hub/"),
        api_token="token",
        user_options=options,
        _mock=True,
    )
