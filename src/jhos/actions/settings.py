"""The settings of a deployment, and where each of them is from."""

from collections.abc import Sequence

from jhos.actions.pipeline import read_stored
from jhos.cluster.client import Cluster
from jhos.errors import SettingsError
from jhos.settings.sources import Source

STORED = "deployment"


def stored_settings(cluster: Cluster, name: str, above: Sequence[Source]) -> list[Source]:
    """What the deployment has, under what is given beside it."""
    stored = read_stored(cluster, name)
    if not stored.exists:
        raise SettingsError(
            f"There is no deployment {name} in project {cluster.namespace}.",
            f"jhos list -n {cluster.namespace} shows those there are.",
        )
    return [Source(STORED, stored.settings), *above]
