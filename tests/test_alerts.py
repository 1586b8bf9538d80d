"""Alerts and the dashboard: of one deployment, over metrics that JupyterHub has."""

import json
import re
from pathlib import Path

import jupyterhub.metrics
from prometheus_client.metrics import MetricWrapperBase

from jhos.alerts import alerts

DASHBOARD = Path(__file__).parents[1] / "docs" / "grafana-dashboard.json"
ENDINGS = re.compile(r"_(?:bucket|count)$")


def told() -> set[str]:
    """What JupyterHub names its metrics."""
    found = vars(jupyterhub.metrics).values()
    return {each._name for each in found if isinstance(each, MetricWrapperBase)} | {
        "jupyterhub_event_loop_interval_seconds"  # made when the hub starts
    }


def used(text: str) -> set[str]:
    return {ENDINGS.sub("", name) for name in re.findall(r"jupyterhub_\w+", text)}


def test_alerts_ask_for_metrics_that_there_are() -> None:
    assert used(" ".join(each["expr"] for each in alerts("alpha", "demo"))) <= told()


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    assert used(" ".join(expressions)) <= told()


def test_alerts_are_of_one_deployment() -> None:
    for alert in alerts("alpha", "demo"):
        assert 'namespace="demo",service="alpha-hub"' in alert["expr"]
        assert "-n demo" in alert["annotations"]["description"]
