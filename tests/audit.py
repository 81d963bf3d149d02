"""Installed packages against the advisories that pip-audit finds: fails on a known vulnerability.

    python -m tests.audit PIP_AUDIT

PIP_AUDIT has an environment of its own: what it needs is neither run nor tested here.
It does not fail because the advisories cannot be had: a network that lets packages through need not
let them through as well, and a build must not hang on that. It says so, and how many packages
nobody looked at; pip-audit itself would call those free of known vulnerabilities.
"""

import json
import subprocess
import sys
import sysconfig
from typing import Any

OPTIONS = ["--path", sysconfig.get_path("purelib"), "--format=json", "--timeout=20"]
LIMIT_SECONDS = 180


def verdict(report: str) -> tuple[int, str]:
    """The exit status, and what to print of pip-audit's JSON.

    >>> verdict("")
    (0, 'audit: no advisories could be had, nothing was checked')
    """
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        return 0, "audit: no advisories could be had, nothing was checked"
    skipped = [each for each in packages if "skip_reason" in each]
    known = [
        f"audit: {each['name']} {each['version']}: {found['id']}, mended in "
        f"{', '.join(found['fix_versions']) or 'no version yet'}"
        for each in packages
        for found in each.get("vulns", [])
    ]
    looked_at = f"audit: {len(packages) - len(skipped)} of {len(packages)} packages looked at"
    reason = f" (for one: {skipped[0]['skip_reason']})" if skipped else ""
    return int(bool(known)), "\n".join(
        [*known, f"{looked_at}, {len(known)} vulnerabilities known{reason}"]
    )


def main(program: str) -> int:
    """Ask once."""
    try:
        run = subprocess.run(
            [program, *OPTIONS], capture_output=True, check=False, timeout=LIMIT_SECONDS
        )
        status, told = verdict(run.stdout.decode())
    except (OSError, subprocess.TimeoutExpired):
        status, told = verdict("")
    sys.stdout.write(told + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
