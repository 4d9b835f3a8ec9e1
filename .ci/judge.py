"""Reads the reports of the runs: `judge.py MARK=REPORT …`. In each, tests with that mark must have run, every one.

The last line says how many tests passed and failed over all reports.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree


def marks(case: ElementTree.Element) -> set[str]:
    return {
        each.get("value", "") for each in case.iterfind("properties/property") if each.get("name") == "mark"
    }


def outcome(case: ElementTree.Element) -> str:
    for name in ("failure", "error", "skipped"):
        if case.find(name) is not None:
            return "skipped" if name == "skipped" else "failed"
    return "passed"


def main(*wanted: str) -> int:
    total = {"passed": 0, "failed": 0, "skipped": 0}
    complaints = []
    for mark, _, report in (each.partition("=") for each in wanted):
        if not Path(report).is_file():
            complaints.append(f"The run for {mark} left no report.")
            continue
        cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314 - pytest wrote it
        for case in cases:
            total[outcome(case)] += 1
        outcomes = [outcome(case) for case in cases if mark in marks(case)]
        if not outcomes:
            complaints.append(f"No test marked {mark} ran.")
        if skipped := outcomes.count("skipped"):
            complaints.append(f"{skipped} tests marked {mark} were skipped.")
    for complaint in complaints:
        sys.stdout.write(f"{complaint}\n")
    sys.stdout.write(f"{total['passed']} passed, {total['failed'] + len(complaints)} failed\n")
    return 1 if complaints or total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
