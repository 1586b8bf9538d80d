"""Kubernetes quantities as numbers, which is how JupyterHub takes memory and CPU."""

import re

FACTORS = {
    "m": 1e-3, "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip
PATTERN = re.compile(r"([0-9]*\.?[0-9]+)(m|k|[MGT]i?|Ki)?")


def memory_bytes(value: str | int | None) -> int | None:
    """`512Mi` → 536870912; None says no limit."""
    return None if value is None else round(number(value))


def cpu_cores(value: str | float | None) -> float | None:
    """`500m` → 0.5; None says no limit."""
    return None if value is None else float(number(value))


def number(value: str | float) -> float:
    match = PATTERN.fullmatch(str(value))
    if match is None:
        raise ValueError(f"{value!r} is no quantity: write 512Mi, 1Gi, 500m or 2")
    return float(match[1]) * FACTORS[match[2] or ""]
