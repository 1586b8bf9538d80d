"""Tell what a deployment would change, and change nothing."""

from jhos.actions.checked import checked
from jhos.actions.edits import Given
from jhos.actions.pipeline import Proposal, propose
from jhos.cluster.client import Cluster
from jhos.events import Report
from jhos.rights import STORED, check_rights


def diff(cluster: Cluster, given: Given, *, force: bool, report: Report) -> Proposal:
    """The server is asked, object by object, what it would make of it."""
    check_rights(cluster, STORED)
    return propose(cluster, given.name, checked(given, report), force=force)
