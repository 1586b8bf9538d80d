"""The objects of a project, listed without jhos."""

import json
from collections.abc import Iterator

from kubernetes.client import ApiException
from kubernetes.config import new_client_from_config
from openshift.dynamic import DynamicClient
from openshift.dynamic.resource import Resource

# Kinds whose objects come and go by themselves, or only show those of another kind.
_PASSING = {"Event", "ImageStreamTag", "ImageTag", "NodeMetrics", "PackageManifest", "PodMetrics"}


class Contents:
    """The objects in the project `namespace`, of every kind that the user may list."""

    def __init__(self, kubeconfig: str | None, context: str | None, namespace: str) -> None:
        self._client = DynamicClient(new_client_from_config(kubeconfig, context))
        self._namespace = namespace

    def names(self) -> set[str]:
        """Return them as KIND/NAME."""
        return {name for kind in self._kinds() for name in self._names_of(kind)}

    def _kinds(self) -> Iterator[Resource]:
        """Yield each kind once: other versions and groups show the same objects."""
        for kind in self._client.resources.search(namespaced=True, preferred=True):
            listable = kind.namespaced and "list" in (kind.verbs or ()) and "/" not in kind.name
            if listable and kind.kind not in _PASSING and not kind.kind.endswith("List"):
                yield kind

    def _names_of(self, kind: Resource) -> Iterator[str]:
        try:
            answer = self._client.get(kind, namespace=self._namespace, serialize=False)
        except ApiException as error:
            if error.status in (403, 404, 405, 503):
                return
            raise
        for item in json.loads(answer.data).get("items") or ():
            yield f"{kind.kind}/{item['metadata']['name']}"
