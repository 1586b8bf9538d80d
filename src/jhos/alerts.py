"""When somebody should look after a hub: rules over the metrics that JupyterHub tells, purely.

Source: https://jupyterhub.readthedocs.io/en/stable/reference/metrics.html
"""

from jhos.objects import Object

_SPAWNS = "jupyterhub_server_spawn_duration_seconds"
# Refused for a reason of the user or of the limits: nothing that is broken.
_BROKEN = 'status=~"failure|error",reason!~"throttled|too-many-users|already-pending"'


def alerts(name: str, namespace: str) -> list[Object]:
    """Of the deployment `name`: rules as in a PrometheusRule."""
    hub = f'namespace="{namespace}",service="{name}-hub"'
    broken = f"sum(increase({_SPAWNS}_count{{{hub},{_BROKEN}}}[15m]))"
    return [
        _alert(
            "JupyterHubDown",
            f"absent(up{{{hub}}} == 1)",
            "5m",
            "critical",
            f"The hub {name} does not answer: nobody can log in or start a server.",
            f"jhos status {name} -n {namespace}",
        ),
        _alert(
            "JupyterHubServersDoNotStart",
            f"{broken} > 3",
            "5m",
            "warning",
            f"Servers of {name} fail to start.",
            f"jhos logs {name} hub -n {namespace} --since 15m",
        ),
        _alert(
            "JupyterHubServersStartSlowly",
            f"histogram_quantile(0.9, sum by (le) (rate({_SPAWNS}_bucket"
            f'{{{hub},status="success"}}[30m]))) > 120',
            "10m",
            "warning",
            f"One in ten servers of {name} takes longer than two minutes to start.",
            f"jhos prepull {name} -n {namespace}",
        ),
        _alert(
            "JupyterHubSlow",
            "histogram_quantile(0.95, sum by (le) (rate(jupyterhub_event_loop_interval_seconds"
            f"_bucket{{{hub}}}[10m]))) > 1",
            "10m",
            "warning",
            f"The hub {name} has more to do than it has cpu for.",
            f"jhos deploy --name {name} -n {namespace} --hub-cpu 2",
        ),
    ]


def _alert(title: str, expr: str, lasting: str, severity: str, said: str, run: str) -> Object:
    return {
        "alert": title,
        "expr": expr,
        "for": lasting,
        "labels": {"severity": severity},
        "annotations": {"summary": said, "description": f"{said} Look: {run}"},
    }
