"""Print how long each tier of a test run took, and its slowest cases: report.py FILE.xml …

The files are pytest's JUnit reports, one a tier, named `TIER.xml`.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

SLOWEST = 25


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test; `seconds` include its fixtures."""

    name: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Tier:
    name: str
    seconds: float
    failures: int
    cases: list[Case]


def read(file: Path) -> Tier:
    """Read one report. pytest writes one `testsuite` below the root."""
    suite = ElementTree.parse(file).getroot()[0]
    return Tier(
        name=file.stem,
        seconds=float(suite.attrib["time"]),
        failures=int(suite.attrib["failures"]) + int(suite.attrib["errors"]),
        cases=[
            Case(name=f"{case.attrib['classname']}.{case.attrib['name']}",
                 seconds=float(case.attrib["time"]))
            for case in suite.iter("testcase")
        ],
    )  # fmt: skip


def main(files: list[str]) -> None:
    tiers = [read(Path(file)) for file in files]
    cases = sorted((case for tier in tiers for case in tier.cases), key=lambda case: -case.seconds)
    print(f"\nThe {SLOWEST} slowest cases:")
    for case in cases[:SLOWEST]:
        print(f"{case.seconds:7.1f} s  {case.name}")
    print("\nTiers:")
    for tier in tiers:
        failed = f", {tier.failures} failed" if tier.failures else ""
        print(f"{tier.seconds:7.1f} s  {tier.name}: {len(tier.cases)} cases{failed}")
    print(f"{sum(tier.seconds for tier in tiers):7.1f} s  in sum: {len(cases)} cases")


main(sys.argv[1:])
