"""Draining a backlog from Kafka: this, the well-known notebook's way, and the floor, one topic.

    python benchmarks/bench_drain.py [--records 2000000] [--limit 200000] [--minutes 3] [--runs 1]
        [--distinct] [--limited]

The notebook's way: from_json, two filters on parsed fields, a row-at-a-time UDF for the registered
domain, a grouped count in complete mode into Spark's memory sink, Spark's own defaults with their
200 shuffle partitions. It is given `--minutes` at most, and its rate is of what it got through.
The floor is Spark reading the same topic and parsing its JSON (from_json with the fields that are
counted) into `noop`: nothing is named, grouped or kept. Warm leaves out the first fifth of the
records read, or the first batch where that is more. Of several runs the medians count; the
notebook without a limit, all of it one batch, is run once, and given three times as long. Last
comes where the time of a batch goes here, stage by stage; `write` and `maintain` run beside the
next batch's `group`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measure import report, watched
from pipeline.demo.broker import Broker
from pipeline.jars import connector_jars, find_java
from pipeline.settings import Settings
from pipeline.status import BatchTimes

ROOT = Path(__file__).parents[1]
TOPIC = "dns"
Progress = list[tuple[float, int]]
"""(time, records read so far)."""
FIELDS = "ts uid id.orig_h id.resp_h query qtype_name rcode_name answers".split()


def drain_by_pipeline(servers: str, limit: int, records: int, minutes: float) -> Progress:
    """This project's query, into its table; the stages come with the bytes that are collected."""
    from pipeline.query import Pipeline

    collected = collected_bytes()

    pipeline = Pipeline(
        Settings(
            kafka_servers=servers,
            kafka_topics=TOPIC,
            start="earliest",
            max_batch_records=limit,
            trigger=timedelta(0),
            driver_memory="2g",
        )
    )
    pipeline.start()
    progress: Progress = []
    deadline = time.time() + 60 * minutes
    while time.time() < deadline and (not progress or progress[-1][1] < records):
        time.sleep(0.05)
        read = pipeline.counters().read
        if read and (not progress or progress[-1][1] != read):
            progress.append((time.time(), read))
    stages = stages_of(pipeline.status().batches)
    print(json.dumps({**stages, "collected": sum(collected) / progress[-1][1]}))
    pipeline.stop()
    return progress


def collected_bytes() -> list[int]:
    """Of each batch from now on, what its executors hand to the driver."""
    from pipeline import batch as batches

    found: list[int] = []
    unpacked = batches.unpacked

    def weighed(packs: Any) -> Any:
        found.append(packs.nbytes)
        return unpacked(packs)

    batches.unpacked = weighed
    return found


def stages_of(batches: tuple[BatchTimes, ...]) -> dict[str, float]:
    """Microseconds a record that each stage took, of the batches after the first two."""
    read = max(1, sum(each.read for each in batches[2:]))
    names = dict.fromkeys(name for each in batches for name in each.stages)
    took = {name: sum(each.stages.get(name, 0.0) for each in batches[2:]) for name in names}
    took["a batch"] = sum(each.seconds for each in batches[2:])
    return {name: 1e6 * seconds / read for name, seconds in took.items()}


def drain_by_notebook(servers: str, limit: int, records: int, minutes: float) -> Progress:
    """The notebook's way; `limit` 0 is none."""
    import tldextract
    from pyspark.sql import functions as F
    from pyspark.sql import types as T

    spark = notebook_session()
    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    domain_of = F.udf(lambda name: extract(name).top_domain_under_public_suffix, T.StringType())
    schema = T.StructType(
        [
            T.StructField(name, T.StringType())
            for name in "ts uid id.orig_h id.resp_h proto query qtype_name rcode_name".split()
        ]
    )
    reader = spark.readStream.format("kafka").option("kafka.bootstrap.servers", servers)
    reader = reader.option("subscribe", TOPIC).option("startingOffsets", "earliest")
    reader = reader.option("maxOffsetsPerTrigger", str(limit)) if limit else reader
    parsed = reader.load().select(F.from_json(F.col("value").cast("string"), schema).alias("data"))
    named = (
        parsed.select("data.*").filter("query is not null").filter("not endswith(query, '.local')")
    )
    counts = named.withColumn("domain", domain_of("query")).groupBy("`id.orig_h`", "domain").count()
    writer = counts.writeStream.format("memory").queryName("dns_counts").outputMode("complete")
    return progress_of(spark, writer.start(), records, minutes)


def read_by_floor(servers: str, limit: int, records: int, minutes: float) -> Progress:
    """Only read and parsed."""
    from pyspark.sql import functions as F
    from pyspark.sql import types as T

    spark = notebook_session()
    kinds = {"ts": T.DoubleType(), "answers": T.ArrayType(T.StringType())}
    schema = T.StructType([T.StructField(n, kinds.get(n, T.StringType())) for n in FIELDS])
    reader = spark.readStream.format("kafka").option("kafka.bootstrap.servers", servers)
    reader = reader.option("subscribe", TOPIC).option("startingOffsets", "earliest")
    lines = reader.option("maxOffsetsPerTrigger", str(limit)).load()
    parsed = lines.select(F.from_json(F.col("value").cast("string"), schema).alias("data"))
    with tempfile.TemporaryDirectory() as folder:
        writer = parsed.select("data.*").writeStream.format("noop")
        query = writer.option("checkpointLocation", folder).start()
        return progress_of(spark, query, records, minutes)


def progress_of(
    spark: SparkSession, query: StreamingQuery, records: int, minutes: float
) -> Progress:
    """What a query tells of its batches, until all is read or the time is over."""
    progress: Progress = []
    deadline = time.time() + 60 * minutes
    seen: dict[int, int] = {}
    while time.time() < deadline and sum(seen.values()) < records and query.isActive:
        time.sleep(0.2)
        for batch in query.recentProgress:
            if batch.batchId not in seen:
                seen[batch.batchId] = batch.numInputRows
                progress.append((time.time(), sum(seen.values())))
    spark.sparkContext._gateway.proc.kill()
    return progress


def notebook_session() -> SparkSession:
    """Spark as it comes, with room and the connector; the notebook knows of no other options."""
    os.environ["JAVA_HOME"] = str(find_java().parents[1])
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[4]").config("spark.driver.memory", "4g")
    jars = ",".join(str(jar) for jar in connector_jars())
    return builder.config("spark.jars", jars).config("spark.log.level", "ERROR").getOrCreate()


WAYS = {"zeek-live": drain_by_pipeline, "notebook": drain_by_notebook, "floor": read_by_floor}
Run = tuple[list[float], dict[str, float]]
"""(records, seconds, warm and whole rate, CPU µs a record, peak MB), and the stages."""


def measured(way: str, servers: str, limit: int, records: int, minutes: float) -> Run:
    """One way in a process of its own."""
    arguments = [way, servers, str(limit), str(records), str(minutes)]
    started = time.time()
    process = subprocess.Popen(
        [sys.executable, __file__, "--way", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    cost, done = watched(process.pid)
    output, _ = process.communicate()
    done.set()
    told = output.splitlines()
    progress: Progress = json.loads(told[-1])
    stages = json.loads(told[-2]) if way == "zeek-live" else {}
    if not progress:
        why = f"{way} got through no batch in {minutes} minutes: give it more by --minutes"
        if limit:
            sys.exit(why)
        # Only one batch, and the last to be run: what all others took is worth a report.
        print(why, file=sys.stderr)
        return [0, 60 * minutes, 0.0, 0.0, 0.0, cost.peak_mb], stages
    (first_at, first), (last_at, last) = warm_from(progress), progress[-1]
    warm = (last - first) / (last_at - first_at) if last > first else 0.0
    whole = last / (last_at - started)
    cpu = 1e6 * cost.cpu_seconds / last
    return [last, last_at - started, warm, whole, cpu, cost.peak_mb], stages


def medians(runs: list[Run]) -> Run:
    """Figure by figure."""
    figures = [statistics.median(each) for each in zip(*(run for run, _ in runs), strict=True)]
    names = runs[0][1]
    return figures, {n: statistics.median(stages[n] for _, stages in runs) for n in names}


def warm_from(progress: Progress) -> tuple[float, int]:
    """The first moment after a fifth of the records."""
    return next((at for at in progress if at[1] >= progress[-1][1] / 5), progress[0])


def publish(servers: str, records: int, distinct: bool) -> None:
    """Simulated records of the last two hours, as fast as they go."""
    rate = records / 7200
    options = ["--servers", servers, "--topic", TOPIC, "--backfill", "2h", "--seed", "1"]
    options += ["--rate", f"{rate:.3f}", "--count", str(records)]
    command = [sys.executable, "-m", "pipeline.demo.simulator", *options]
    subprocess.run(command + ["--distinct"] * distinct, check=True, cwd=ROOT)


def main() -> None:
    """All ways in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--limit", type=int, default=200_000)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--runs", type=int, default=1, help="of each way, in turn")
    parser.add_argument("--distinct", action="store_true", help="the hard case")
    parser.add_argument("--limited", action="store_true", help="leave out the run without a limit")
    parser.add_argument("--way", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        way, servers, limit, records, minutes = options.way
        print(json.dumps(WAYS[way](servers, int(limit), int(records), float(minutes))))
        return
    ways = [("zeek-live", options.limit), ("floor", options.limit), ("notebook", options.limit)]
    ways.append(("notebook", 0))
    runs = defaultdict[tuple[str, int], list[Run]](list)
    with tempfile.TemporaryDirectory() as folder, Broker(Path(folder)) as broker:
        broker.create_topic(TOPIC)
        publish(broker.servers, options.records, options.distinct)
        for way, limit in options.runs * ways[:-1] + ways[-1:] * (not options.limited):
            minutes = options.minutes if limit else 3 * options.minutes
            run = measured(way, broker.servers, limit, options.records, minutes)
            print(f"{way} at {limit:,}: {run[0][2]:,.0f} records/s warm", file=sys.stderr)
            runs[way, limit].append(run)
    told(options, {way: medians(many) for way, many in runs.items()})


def told(options: argparse.Namespace, found: dict[tuple[str, int], Run]) -> None:
    """The report."""
    names = [f"{w}, {f'{limit:,} a batch' if limit else 'no limit'}" for w, limit in found]
    columns = ["way", "records", "seconds", "warm records/s", "records/s", "CPU µs a record"]
    rows = [
        [name, int(run[0]), *run[1:]] for name, (run, _) in zip(names, found.values(), strict=True)
    ]
    ours, floor, notebook = [run[2] for run, _ in found.values()][:3]
    stages = found["zeek-live", options.limit][1]
    collected = stages.pop("collected")
    report(
        "drain-hard" if options.distinct else "drain",
        [*columns, "peak MB"],
        rows,
        ratio=f"{ours / notebook:.1f} × the notebook's warm rate at equal limits",
        of_the_floor=f"{ours / floor:.2f} of the floor's warm rate",
        collected=f"{collected:.0f} bytes a record, compressed, reach the driver",
        stages=", ".join(f"{name} {each:.2f}" for name, each in stages.items()) + " µs a record",
    )


if __name__ == "__main__":
    main()
