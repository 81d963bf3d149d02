"""Records that Kafka deletes under a running query: between a batch's planning and its reading."""

import json
import os
import subprocess
import sys
from collections.abc import Callable

from pipeline.batch import DELETED
from tests.conftest import ROOT
from tests.kafka.test_pipeline import publish, records

DELETED_UNDER_IT = """
import json, sys, time
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from pipeline import batch, query
from pipeline.settings import current
from tests.kafka.test_pipeline import publish, records

grouped, [topic] = batch.grouped, current().topics

def grouped_too_late(packs):
    if pipeline.counters().read == 100 and not pipeline.status().restarts:
        admin = AdminClient({"bootstrap.servers": current().kafka_servers})
        for done in admin.delete_records([TopicPartition(topic, 0, 160)]).values():
            done.result(30)
    return grouped(packs)

batch.grouped = grouped_too_late
pipeline = query.Pipeline(current())
pipeline.start()
published, reasons, deadline = False, {}, time.monotonic() + 120
while pipeline.counters().read < 200 and time.monotonic() < deadline:
    if pipeline.counters().read == 100 and not published:
        publish(current().kafka_servers, topic, records(100))
        published = True
    reasons[pipeline.status().reason] = 1
    time.sleep(0.05)
counters, status = pipeline.counters(), pipeline.status()
pipeline.stop()
rejected = {reason: count for reason, (count, _) in counters.rejected.items()}
print(json.dumps([counters.read, counters.counted, rejected, list(reasons), status.notes]))
"""


def test_records_deleted_under_a_running_query_are_counted_and_said(
    broker: str, new_topic: Callable[..., str]
) -> None:
    topic = new_topic(1)
    publish(broker, topic, records(100))
    settings = {"KAFKA_SERVERS": broker, "KAFKA_TOPICS": topic, "MASTER": "local[2]"}
    own = {f"ZEEK_LIVE_{name}": value for name, value in settings.items()}
    told = subprocess.run(
        [sys.executable, "-c", DELETED_UNDER_IT],
        cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    read, counted, rejected, reasons, notes = json.loads(told.stdout)
    assert (read, counted, rejected) == (200, 140, {DELETED: 60})
    assert "60 records were deleted by Kafka before they were read" in notes[-1]
    said = next((reason for reason in reasons if "starting again" in reason), told.stderr)
    assert said.startswith(f"ValueError: {topic} 0 cannot be read at 100:"), said
    # Java's trace of it has hundreds.
    assert len(told.stderr.splitlines()) < 100
