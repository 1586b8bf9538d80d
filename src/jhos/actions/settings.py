"""The settings of a deployment, and where each of them is from."""

from collections.abc import Sequence

from jhos.actions.stored import existing
from jhos.cluster.client import Cluster
from jhos.settings.sources import Source

STORED = "deployment"


def stored_settings(cluster: Cluster, name: str, above: Sequence[Source]) -> list[Source]:
    """What the deployment has, under what is given beside it."""
    return [Source(STORED, existing(cluster, name).settings), *above]
