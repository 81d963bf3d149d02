"""What one poll of the dashboard costs, beside Spark's toPandas() of as many rows.

    python benchmarks/bench_poll.py [--rows 1000000] [--runs 7] [--no-spark] [--json FILE]

Rows are made up, nine in ten of them with a name of their own: the hard case. Nothing is cached
between runs, and the range takes all rows.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipeline import charts
from pipeline.cache import RESULTS
from pipeline.changes import changes
from pipeline.complete import completions
from pipeline.feed import PARTIALS
from pipeline.figures import host_summary, summary
from pipeline.ledger import Batch
from pipeline.records import records
from pipeline.state import View
from pipeline.table import Table
from pipeline.view import (
    domains,
    hidden,
    host_domains,
    hosts,
    names,
    new_domains,
    resolvers,
    responses,
    top_domains,
    types,
    volume,
)
from pipeline.window import window

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
HOST = "10.20.0.5"
REACH_MS = 300
ROWS_SQL = """
SELECT $now::TIMESTAMP - to_seconds(3600 * $hours - 10 * (i * 360 * $hours // $rows)) AS bucket,
  '10.20.' || (h // 250) || '.' || (h % 250) AS id_orig_h,
  CASE WHEN r < 0.02 THEN '224.0.0.251' WHEN r < 0.6 THEN '10.20.0.53' ELSE '10.20.0.54' END
    AS id_resp_h,
  CASE WHEN r < 0.03 THEN NULL WHEN own THEN 'h' || (i % $names) || '.d' || d || '.example'
    ELSE 'www.d' || d || '.example' END AS query,
  CASE WHEN r < 0.03 THEN '(no query)' ELSE 'd' || d || '.example' END AS registered_domain,
  CASE WHEN r < 0.6 THEN 'A' WHEN r < 0.9 THEN 'AAAA' ELSE 'HTTPS' END AS qtype_name,
  CASE WHEN s < 0.1 THEN 'NXDOMAIN' WHEN s < 0.15 THEN NULL WHEN s < 0.16 THEN 'SERVFAIL'
    ELSE 'NOERROR' END AS rcode_name,
  c AS count, 0.01 * c AS rtt_sum, c AS rtt_count,
  bucket + to_seconds(1) AS first_ts, bucket + to_seconds(8) AS last_ts,
  'C' || i AS uid, '192.0.2.' || (i % 250) AS answers
FROM (SELECT i, ($hosts * power(random(), 2))::INTEGER AS h,
  (5000 * power(hash(i % $names) % 10000 / 10000, 3))::INTEGER AS d,
  random() AS r, random() AS s, random() < 0.9 AS own, 1 + (4 * random())::BIGINT AS c
  FROM range($rows) made(i))
"""


def made_up(rows: int, hosts: int = 300, names: int = 0, hours: int = 1) -> pa.Table:
    """Partials of some hours, over 5,000 domains; 0 names are as many as rows."""
    values: dict[str, Any] = {"rows": rows, "hosts": hosts, "names": names or rows, "hours": hours}
    with duckdb.connect() as db:
        db.execute("SELECT setseed(0.5)").fetchall()
        values["now"] = NOW.replace(tzinfo=None)
        made = db.sql(ROWS_SQL, params=values).to_arrow_table()
    return made.select(PARTIALS.names).cast(PARTIALS)


def filled(rows: pa.Table) -> Table:
    """A table in memory, as the pipeline fills it: in batches, with maintenance."""
    table = Table(None, timedelta(days=1), 2 * rows.num_rows)
    size = -(-rows.num_rows // 20)
    for number in range(20):
        part = rows.slice(number * size, size)
        table.add(Batch("poll", number, {}, part, read=sum(part["count"].to_pylist())), NOW)
    table.maintain()
    return table


def polls(table: Table) -> dict[str, Callable[[], Any]]:
    """What is measured; the first four are those that have to be fast."""
    view = View(range="all")
    host = view.only("host", HOST)
    span = window(table, view)
    half = View(start=span.start + (span.end - span.start) / 2, end=span.end)
    return {
        "top domains": lambda: top_domains(table, view),
        "top hosts": lambda: hosts(table, view),
        "volume": lambda: volume(table, view),
        "one host": lambda: (
            volume(table, host), host_domains(table, view, HOST), names(table, host),
        ),
        "domains table": lambda: domains(table, view),
        "names, all": lambda: domains(table, view, "name"),
        "overview strip": lambda: summary(table, view),
        "figures of one host": lambda: host_summary(table, view, HOST),
        "noise hidden": lambda: hidden(table, view),
        "whole overview": lambda: (
            summary(table, view), volume(table, view), top_domains(table, view),
            hosts(table, view), types(table, view), responses(table, view),
            resolvers(table, view), new_domains(table, view), changes(table, view),
            hidden(table, view),
        ),
        "what changed, later half": lambda: changes(table, half),
        "records": lambda: records(table, view),
        "completions of a word": lambda: completions(table, view, "exam"),
        "chart of the volume": lambda: charts.volume(volume(table, view)),
    }  # fmt: skip


def timed(call: Callable[[], Any], runs: int) -> dict[str, float]:
    """Wall and CPU of runs that begin with an empty cache, and the wall of a cached one, in ms."""
    walls, cpus = [], []
    for _ in range(runs):
        RESULTS.clear()
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        walls.append(1000 * (time.perf_counter() - wall))
        cpus.append(1000 * (time.process_time() - cpu))
    wall = time.perf_counter()
    call()
    cached = 1000 * (time.perf_counter() - wall)
    return {
        "p50_ms": statistics.median(walls),
        "max_ms": max(walls),
        "cpu_ms": statistics.median(cpus),
        "cached_ms": cached,
    }


def spark_to_pandas(rows: pa.Table, runs: int) -> dict[str, float]:
    """`spark.table("dns_counts").toPandas()` of the same rows, held in Spark's memory."""
    from pipeline.session import start_session
    from pipeline.settings import Settings

    spark = start_session(Settings(master="local[2]", driver_memory="3g"))
    walls = []
    with tempfile.TemporaryDirectory() as folder:
        import pyarrow.parquet as pq

        pq.write_table(rows.drop_columns(["uid", "answers"]), f"{folder}/rows.parquet")
        frame = spark.read.parquet(folder).cache()
        frame.count()
        frame.createOrReplaceTempView("dns_counts")
        for _ in range(runs):
            wall = time.perf_counter()
            spark.table("dns_counts").toPandas()
            walls.append(1000 * (time.perf_counter() - wall))
    spark.stop()
    return {"p50_ms": statistics.median(walls), "max_ms": max(walls)}


def printed(results: dict[str, dict[str, float]], rows: int) -> None:
    """The figures as a table."""
    print(f"{rows:,} rows, nothing cached\n")
    print(f"{'poll':24}{'p50 ms':>9}{'max ms':>9}{'CPU ms':>9}{'cached ms':>11}{'× Spark':>9}")
    spark = results.get("Spark toPandas()", {}).get("p50_ms")
    for name, found in results.items():
        times = f"{spark / found['p50_ms']:9.1f}" if spark else f"{'–':>9}"
        cells = [
            f"{found[k]:9,.1f}" if k in found else f"{'–':>9}"
            for k in ("p50_ms", "max_ms", "cpu_ms")
        ]
        cached = f"{found['cached_ms']:11.3f}" if "cached_ms" in found else f"{'–':>11}"
        print(f"{name:24}{''.join(cells)}{cached}{times}")


def main() -> int:
    """Measure, print, write; 1 if one of the first four is over its reach."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--no-spark", action="store_true")
    parser.add_argument("--json", type=Path, default=Path("artifacts/poll.json"))
    options = parser.parse_args()
    rows = made_up(options.rows)
    table = filled(rows)
    results = {name: timed(call, options.runs) for name, call in polls(table).items()}
    table.close()
    if not options.no_spark:
        results["Spark toPandas()"] = spark_to_pandas(rows, min(options.runs, 3))
    printed(results, options.rows)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"rows": options.rows, "polls": results}, indent=1))
    slow = [name for name in list(results)[:4] if results[name]["p50_ms"] >= REACH_MS]
    print(f"\nover {REACH_MS} ms: {', '.join(slow) or 'none of the first four'}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
