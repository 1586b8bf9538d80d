"""Kubernetes quantities, `500m` or `1.5Gi`: read, written in their canonical form."""

import re
from fractions import Fraction

_NUMBER = r"([+-]?(?:\d+\.?\d*|\.\d+))"
_FORM = re.compile(_NUMBER + r"(?:([eE][+-]?\d{1,3})|([KMGTPE]i|[numkMGTPE]))?$")
_BINARY = {"": 0, "Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}

MALFORMED = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


def parse(text: str | int | float) -> Fraction:
    """The number that is meant; raises ValueError with the words of the API."""
    match = _FORM.match(str(text))
    if not match:
        raise ValueError(MALFORMED)
    number, exponent, suffix = match.groups()
    value = Fraction(number)
    if exponent:
        return value * _ten_to(int(exponent[1:]))
    if suffix in _BINARY:
        return value * (1 << _BINARY[suffix])
    return value * _ten_to(_DECIMAL[suffix or ""])


def _ten_to(power: int) -> Fraction:
    return Fraction(10**power) if power >= 0 else Fraction(1, 10**-power)


def canonical(text: str | int | float) -> str:
    """The same quantity as the API writes it: `1024Mi` → `1Gi`, `0.5` → `500m`."""
    value = parse(text)
    suffix = str(text).lstrip("+-.0123456789")
    if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix not in _BINARY:
        return _exponent(value)
    return render(value, binary=suffix in _BINARY and suffix != "")


def render(value: Fraction, *, binary: bool) -> str:
    """With the largest suffix that leaves a whole number."""
    if binary and abs(value) >= 1024 and value.denominator == 1:
        for suffix, shift in reversed(_BINARY.items()):
            if value % 2**shift == 0:
                return f"{int(value) >> shift}{suffix}"
    value = Fraction(-((-value * 10**9) // 1), 10**9)  # finer than a nano is rounded up
    for suffix, power in reversed(_DECIMAL.items()):
        scaled = value / _ten_to(power)
        if scaled.denominator == 1 and scaled != 0:
            return f"{int(scaled)}{suffix}"
    return "0"


def _exponent(value: Fraction) -> str:
    for power in (18, 15, 12, 9, 6, 3):
        if value % 10**power == 0 and value:
            return f"{int(value) // 10**power}e{power}"
    return render(value, binary=False)
