"""What one more of everything costs: records, hosts, names, retention and viewers, ×1 to ×8.

    python benchmarks/bench_growth.py [--only records hosts …] [--times 1 2 4 8]

`records`: seconds to drain so many from Kafka, the whole run, the JVM's start included. `hosts`,
`names`, `retention`: a table filled with made-up rows, of which the first two grow at the same
number of rows; the write of a row with all upkeep, and one Overview with nothing cached. `viewers`:
CPU of a server at 1,000 records/s whose Overview so many watch, refreshed every 2 s. An exponent
of 1 is linear growth, of 0 none: the slope of a line through the logarithms.
"""

import argparse
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import altair as alt
import pandas as pd
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.bench_drain import TOPIC, measured, publish
from benchmarks.bench_poll import NOW, made_up, polls, timed
from benchmarks.bench_viewers import looked
from benchmarks.measure import RESULTS, report, watched
from pipeline.demo.broker import Broker
from pipeline.ledger import Batch
from pipeline.table import Table
from tests.server import Server

ROWS, RECORDS, HOSTS, NAMES, HOURS, VIEWERS = 500_000, 500_000, 300, 50_000, 3, 5
COLUMNS = ["grows", "to", "cost", "unit", "figure", "exponent"]
Costs = dict[tuple[str, str], float]
"""(cost, unit): figure."""


def of_records(times: int) -> Costs:
    """A topic drained."""
    records = RECORDS * times
    with tempfile.TemporaryDirectory() as folder, Broker(Path(folder)) as broker:
        broker.create_topic(TOPIC)
        publish(broker.servers, records, distinct=False)
        (_, seconds, _, _, cpu, peak), _ = measured(
            "zeek-live", broker.servers, 200_000, records, 9
        )
    cpu_seconds = cpu * records / 1e6
    return {("drain", "s"): seconds, ("drain", "CPU s"): cpu_seconds, ("memory", "MB"): peak}


def of_rows(**made: int) -> Costs:
    """A table filled with rows, a minute of them in each batch, and looked at."""
    rows = made_up(**{"rows": ROWS, "hosts": HOSTS, "names": NAMES, "hours": 1, **made})
    table = Table(None, timedelta(days=3), 2 * rows.num_rows)
    began = time.process_time()
    for number, part in enumerate(minutes(rows)):
        table.add(Batch("growth", number, {}, part, read=sum(part["count"].to_pylist())), NOW)
        if table.due:
            table.maintain()
    write = 1e6 * (time.process_time() - began) / rows.num_rows
    view = timed(polls(table)["whole overview"], 3)["cpu_ms"]
    kept = table.counters().rows
    table.close()
    return {("write", "CPU µs a row"): write, ("Overview", "CPU ms"): view, ("kept", "rows"): kept}


def minutes(rows: pa.Table) -> Iterator[pa.Table]:
    """In the order of their buckets."""
    size = -(-rows.num_rows // 60)
    for start in range(0, rows.num_rows, size):
        yield rows.slice(start, size)


def of_viewers(times: int) -> Costs:
    """A crowd that looks for half a minute."""
    with watched_server() as server:
        assert server.process
        cost, done = watched(server.process.pid)
        cost.look()
        began, spent = time.monotonic(), cost.cpu_seconds
        looked(server, VIEWERS * times, 30, 2)
        done.set()
        cost.look()
        cores = (cost.cpu_seconds - spent) / (time.monotonic() - began)
    return {("server", "CPU cores"): cores}


@contextmanager
def watched_server() -> Iterator[Server]:
    """A server on Kafka, with the simulator beside it, once it keeps up."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Broker(Path(folder) / "kafka") as broker,
        Server(Path(folder), kafka_servers=broker.servers, master="local[4]") as server,
    ):
        broker.create_topic(TOPIC)
        command = [sys.executable, "-m", "pipeline.demo.simulator", "--servers", broker.servers]
        simulator = subprocess.Popen([*command, "--rate", "1000", "--backfill", "15m"])
        try:
            server.wait(lambda: server.reason() == "", "readiness")
            server.wait(lambda: server.metric("source_lag_records") < 3_000, "end of lag")
            yield server
        finally:
            simulator.terminate()


GROWS: dict[str, tuple[int, Callable[[int], Costs]]] = {
    "records": (RECORDS, of_records),
    "hosts": (HOSTS, lambda times: of_rows(hosts=HOSTS * times)),
    "names": (NAMES, lambda times: of_rows(names=NAMES * times)),
    "hours": (HOURS, lambda times: of_rows(hours=HOURS * times, rows=ROWS // 4 * times)),
    "viewers": (VIEWERS, of_viewers),
}
"""What grows: from how many, and what so many times as much costs."""


def exponent(times: list[int], figures: list[float]) -> float:
    """The slope of the logarithms."""
    logs = [math.log(each) for each in times], [math.log(max(each, 1e-9)) for each in figures]
    return statistics.linear_regression(*logs).slope


def grown(name: str, times: list[int]) -> list[list[object]]:
    """The rows of the report of one that grows."""
    unit, cost = GROWS[name]
    found = [cost(each) for each in times]
    rows: list[list[object]] = []
    for what, measure in found[0]:
        figures = [each[what, measure] for each in found]
        power = exponent(times, figures)
        for each, figure in zip(times, figures, strict=True):
            rows.append([name, unit * each, what, measure, figure, power])
    return rows


def draw(rows: list[list[object]], file: Path) -> None:
    """A small chart of each, both axes logarithmic, so that a straight rise is a power."""
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame["of"] = frame.grows + ": " + frame.cost + ", " + frame.unit
    scale = alt.Scale(type="log", nice=False)
    line = alt.Chart(frame, width=200, height=90).mark_line(point=True)
    line = line.encode(
        alt.X("to:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4, grid=False)),
        alt.Y("figure:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4)),
    )
    small = line.facet(facet=alt.Facet("of:N", title=None), columns=3)
    small.resolve_scale(x="independent", y="independent").save(file)


def main() -> None:
    """Grow, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(GROWS), default=list(GROWS))
    parser.add_argument("--times", nargs="+", type=int, default=[1, 2, 4, 8])
    options = parser.parse_args()
    rows = [row for name in options.only for row in grown(name, options.times)]
    report("growth", COLUMNS, rows)
    draw(rows, RESULTS / "growth.svg")


if __name__ == "__main__":
    main()
