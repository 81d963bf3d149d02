"""Reading a Zeek log directory: JSON and TSV, beside Kafka, and DuckDB reading the same files.

    python benchmarks/bench_tail.py [--records 2000000] [--limit 200000] [--runs 3]

The same simulated records lie in a topic, in JSON files and in TSV files (the hours gone by as
zeekctl keeps them, gzipped). Warm leaves out the first fifth. DuckDB is given all files in one
statement that reads and groups by what the table groups by, with as many threads as there are
cores: no names are cleaned, no domain found, nothing kept.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.bench_drain import TOPIC, Progress, publish, warm_from
from benchmarks.measure import report
from pipeline.demo.broker import Broker
from pipeline.settings import Settings

GROUPED = """SELECT floor(ts / 10) AS bucket, "id.orig_h", "id.resp_h", query, qtype_name,
  rcode_name, count(*), min(ts), max(ts), sum(rtt), last(uid) FROM {files} GROUP BY ALL"""


def write(folder: Path, form: str, records: int) -> None:
    """Simulated records of the last two hours as a log directory."""
    command = [sys.executable, "-m", "pipeline.demo.simulator", "--log-dir", str(folder)]
    command += ["--form", form, "--backfill", "2h", "--seed", "1", "--count", str(records)]
    subprocess.run([*command, "--rate", f"{records / 7200:.3f}"], check=True)


def drained(records: int, settings: Settings) -> Progress:
    """This project's query until all is read."""
    from pipeline.query import Pipeline

    pipeline, progress = Pipeline(settings), Progress()
    pipeline.start()
    while not progress or progress[-1][1] < records:
        time.sleep(0.05)
        read = pipeline.counters().read
        if read and (not progress or progress[-1][1] != read):
            progress.append((time.time(), read))
    pipeline.stop()
    return progress


def by_pipeline(source: str, place: str, records: int, limit: int) -> float:
    """Warm records a second, in a process of its own."""
    command = [sys.executable, __file__, "--way", source, place, str(records), str(limit)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return float(told.stdout.splitlines()[-1])


def warm_rate(source: str, place: str, records: int, limit: int) -> float:
    """What such a process prints."""
    where = {"kafka_servers": place, "kafka_topics": TOPIC} if source == "kafka" else {
        "log_dir": Path(place)
    }  # fmt: skip
    common = {"start": "earliest", "max_batch_records": limit, "trigger": timedelta(0)}
    progress = drained(records, Settings(source=source, driver_memory="2g", **common, **where))
    (first_at, first), (last_at, last) = warm_from(progress), progress[-1]
    return (last - first) / (last_at - first_at)


def by_duckdb(folder: Path, form: str, records: int) -> float:
    """Records a second of one statement over all files."""
    files = f"read_json('{folder}/**/dns*', ignore_errors => true, union_by_name => true)"
    if form == "tsv":
        [some, *_] = sorted(folder.rglob("dns.log"))
        head = [line for line in some.read_text().splitlines()[:12] if line.startswith("#fields")]
        columns = {name: "DOUBLE" if name in ("ts", "rtt") else "VARCHAR"
                   for name in head[0].split("\t")[1:]}  # fmt: skip
        files = f"""read_csv('{folder}/**/dns*', delim => '\t', quote => '', escape => '',
          auto_detect => false, header => false,
          comment => '#', nullstr => '-', columns => {columns})"""
    began = time.perf_counter()
    with duckdb.connect() as db:
        counted = db.sql(GROUPED.format(files=files)).to_arrow_table()
    assert sum(counted["count_star()"].to_pylist()) == records, "not all records were read"
    return records / (time.perf_counter() - began)


def main() -> None:
    """All ways in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--limit", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--way", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        source, place, records, limit = options.way
        print(warm_rate(source, place, int(records), int(limit)))
        return
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name, Broker(Path(name) / "broker") as broker:
        folder = Path(name)
        broker.create_topic(TOPIC)
        publish(broker.servers, options.records, distinct=False)
        for form in ("json", "tsv"):
            write(folder / form, form, options.records)
        for _ in range(options.runs):
            kafka = by_pipeline("kafka", broker.servers, options.records, options.limit)
            found.setdefault("Kafka, JSON", []).append(kafka)
            for form in ("json", "tsv"):
                rate = by_pipeline("logs", str(folder / form), options.records, options.limit)
                found.setdefault(f"files, {form.upper()}", []).append(rate)
                rate = by_duckdb(folder / form, form, options.records)
                found.setdefault(f"DuckDB, {form.upper()}", []).append(rate)
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    rows = [[name, rate, rate / medians["Kafka, JSON"]] for name, rate in medians.items()]
    columns = ["warm", "records/s", "of the Kafka path"]
    report("tail", columns, rows, reach="files ≥ 0.8 of the Kafka path", cores=os.cpu_count())


if __name__ == "__main__":
    main()
