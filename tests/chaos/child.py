"""A process that runs the pipeline without pages, and answers the harness over a socket."""

import json
import socket
import sys
from typing import Any

from pipeline.jars import JavaMissing
from pipeline.query import Pipeline
from pipeline.settings import SettingsError, read_settings
from pipeline.table import TableError
from tests.chaos import points
from tests.server import COUNTS, KEYS


def state(pipeline: Pipeline) -> dict[str, Any]:
    """How it is doing."""
    status, counters = pipeline.status(), pipeline.counters()
    rejected = {reason: count for reason, (count, _) in counters.rejected.items()}
    known = counters.headers + counters.counted + sum(rejected.values())
    return {
        "reason": "" if status.is_up else status.reason,
        "notes": status.notes,
        "restarts": status.restarts,
        "trigger": str(status.last_trigger),
        "lag": status.lag_records,
        "rejected": rejected,
        "balanced": counters.read == known + sum(counters.other_feed.values()),
        "armed": list(points.armed),
        "done": counters.counted + sum(rejected.values()),
    }


def counts(pipeline: Pipeline) -> list[list[Any]]:
    """What the table holds: the values of a key, then the count."""
    rows = pipeline.table.read(COUNTS).to_pylist()
    return [[*(row[key] for key in KEYS), row["count"]] for row in rows]


def arm(pipeline: Pipeline, *fault: Any) -> None:
    """Switch a fault on."""
    points.arm(*fault)


def unguard(pipeline: Pipeline) -> None:
    """Let nobody look before a write whether there is room."""
    pipeline.table._store.needs = lambda size: None


ANSWERS = {"state": state, "counts": counts, "arm": arm, "unguard": unguard}


def main(socket_number: int) -> None:
    """Run until the harness has gone."""
    try:
        pipeline = Pipeline(read_settings())
    except (SettingsError, JavaMissing, TableError) as error:
        sys.exit(f"zeek-live: {error}")
    points.install()
    pipeline.start()
    with socket.socket(fileno=socket_number) as told, told.makefile("rw") as lines:
        for line in lines:
            name, *arguments = json.loads(line)
            lines.write(json.dumps(ANSWERS[name](pipeline, *arguments)) + "\n")
            lines.flush()
    pipeline.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]))
