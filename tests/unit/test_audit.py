"""What `make audit` makes of pip-audit's findings."""

import json

from tests.audit import verdict

SOUND = {"name": "duckdb", "version": "2.0.0", "vulns": []}
SKIPPED = {"name": "pyspark", "skip_reason": "not found"}
BAD = {
    "name": "requests",
    "version": "2.19.0",
    "vulns": [{"id": "PYSEC-2018-28", "fix_versions": ["2.20.0"], "description": ""}],
}


def test_a_known_vulnerability_fails_and_names_its_remedy() -> None:
    status, told = verdict(json.dumps({"dependencies": [SOUND, BAD, SKIPPED]}))
    assert status == 1
    assert told.startswith("audit: requests 2.19.0: PYSEC-2018-28, mended in 2.20.0\n")


def test_packages_that_nobody_looked_at_are_not_called_sound() -> None:
    status, told = verdict(json.dumps({"dependencies": [SOUND, SKIPPED]}))
    assert status == 0
    said = "1 of 2 packages looked at, 0 vulnerabilities known (for one: not found)"
    assert told == f"audit: {said}"


def test_no_answer_fails_nothing_and_is_said() -> None:
    assert verdict("Connection refused") == verdict("")
    assert "nothing was checked" in verdict("")[1]
