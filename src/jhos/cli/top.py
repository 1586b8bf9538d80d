"""jhos top"""

from typing import TYPE_CHECKING, Any

import click

from jhos.cli.options import REQUEST_S, Target, name_argument, target_options
from jhos.cli.output import emit, output_option, table
from jhos.cli.units import size

if TYPE_CHECKING:
    from decimal import Decimal

    from jhos.actions.top import Used


@click.command()
@name_argument()
@output_option
@target_options
def top(target: Target, name: str, output: str) -> None:
    """What the servers and parts of the deployment NAME use of memory and cpu, the largest first.

    Needs a cluster that measures pods (metrics.k8s.io), as OpenShift does.

    \b
    Examples:
      jhos top jakevdp
      jhos top jakevdp -o json
    """
    cluster = target.connect(REQUEST_S)
    from jhos.actions.top import top as act

    found = act(cluster, name)
    head = ("WHO", "MEMORY", "OF", "CPU", "OF", "POD")
    text = table(head, map(_row, found)) if found else "Nothing is measured yet: try in a minute."
    emit(output, text, [_data(each) for each in found], [f"pod/{each.pod}" for each in found])


def _row(each: "Used") -> tuple[str, ...]:
    return (
        each.user or each.component,
        size(each.memory),
        size(each.memory_limit),
        _cpu(each.cpu),
        _cpu(each.cpu_limit),
        each.pod,
    )


def _cpu(cores: "Decimal | None") -> str:
    return "" if cores is None else f"{cores * 1000:.0f}m"


def _data(each: "Used") -> dict[str, Any]:
    return {
        "pod": each.pod,
        "component": each.component,
        "user": each.user or None,
        "memoryBytes": int(each.memory),
        "memoryLimitBytes": None if each.memory_limit is None else int(each.memory_limit),
        "cpuCores": float(each.cpu),
        "cpuLimitCores": None if each.cpu_limit is None else float(each.cpu_limit),
    }
