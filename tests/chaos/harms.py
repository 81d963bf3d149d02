"""All that is done to the pipeline, and how often."""

from tests.chaos.at_clock import clock_set
from tests.chaos.at_files import (
    checkpoint_damaged,
    disk_full,
    disk_full_within_a_write,
    log_of_table_damaged,
    table_damaged,
    table_damaged_in_use,
)
from tests.chaos.at_processes import at_point, kill_all, kill_jvm, kill_worker, stopped
from tests.chaos.at_sources import (
    broker_killed,
    broker_stopped,
    cut,
    packed,
    partitions_added,
    rotated,
    topic_replaced,
)
from tests.chaos.harm import Harm
from tests.chaos.points import POINTS

OF_THE_SOURCE = (
    "batch arrives",
    "grouped",
    "offsets read",
    "after commit",
    "before Spark's commit",
)
AT_POINTS = [
    *(
        Harm(
            f"kill at: {point}",
            at_point(point, "kill"),
            sources="kafka logs" if point in OF_THE_SOURCE else "kafka",
            modes="state",
            short="logs" if point == "after commit" else "",
        )
        for point in POINTS
    ),
    *(
        Harm(f"raise at: {point}", at_point(point, "raise"), sources=source, modes=mode)
        for point in POINTS
        for source, mode in (("kafka", "state"), ("logs", "memory"))
    ),
]
"""What comes before the table differs between sources, what the table does does not."""

HARMS = [
    Harm("kill", kill_all, modes="state", times=18, short="kafka"),
    Harm("kill", kill_all, modes="memory", times=7),
    Harm("stopped", stopped),
    Harm("kill JVM", kill_jvm),
    Harm("kill worker", kill_worker, times=3, short="logs"),
    *AT_POINTS,
    Harm("broker stopped 1 s", broker_stopped(1), sources="kafka"),
    Harm("broker stopped 30 s", broker_stopped(30), sources="kafka"),
    Harm("broker stopped 300 s", broker_stopped(300), sources="kafka", modes="state"),
    Harm("broker killed", broker_killed, sources="kafka", times=2, short="kafka"),
    Harm("partitions added", partitions_added, sources="kafka", times=2, short="kafka"),
    Harm("topic replaced", topic_replaced, sources="kafka", times=3, short="kafka"),
    Harm("rotated", rotated, sources="logs", times=2, short="logs"),
    Harm("packed", packed, sources="logs", times=2),
    Harm("cut", cut, sources="logs", times=2),
    Harm("disk full", disk_full, short="logs"),
    Harm("disk full within a write", disk_full_within_a_write, modes="state"),
    Harm("clock set", clock_set),
    Harm("checkpoint damaged", checkpoint_damaged, times=3, short="kafka"),
    Harm("table damaged", table_damaged, modes="state", times=2),
    Harm("table's log damaged", log_of_table_damaged, modes="state", times=2),
    Harm("table damaged in use", table_damaged_in_use, modes="state"),
]
