"""Do harm to the pipeline, count what survives, and print a line for each trial.

    python -m tests.chaos [--only NAME] [--seed N] [--long]

Ends with 1 if a record is missing or doubled, or if something else was not as it must be.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.harms import HARMS
from tests.chaos.runner import long_plan, run, short_plan
from tests.conftest import ROOT

RESULTS = ROOT / "artifacts" / "chaos.json"


def main() -> int:
    """Run the version that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument(
        "--only", action="append", default=[], help="part of 'kafka state kill'; repeatable"
    )
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all chances")
    parser.add_argument("--long", action="store_true", help="every harm, in every world")
    parser.add_argument("--list", action="store_true", help="tell what there is, and end")
    options = parser.parse_args()
    if options.list:
        for harm in HARMS:
            print(f"{harm.name:34} {harm.sentence}")
        return 0
    plan = long_plan(options.only) if options.long or options.only else short_plan()
    RESULTS.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="zeek-live-chaos-") as folder:
        trials = run(plan, Path(folder), options.seed, RESULTS)
    return int(not all(trial.survived for trial in trials))


if __name__ == "__main__":
    sys.exit(main())
