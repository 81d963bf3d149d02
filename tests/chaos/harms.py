"""What is done to the pipeline, each thing a function with a sentence; `HARMS` lists them.

A harm is done while the stream flows, and returns its particulars in a few words.
"""

import os
import random
import shutil
import struct
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from pipeline.store import FILE_NAME
from tests.chaos.points import POINTS
from tests.chaos.sources import Directory, Topic
from tests.chaos.world import World
from tests.conftest import filled, flip

Act = Callable[[World, random.Random], str]


class Untried(Exception):
    """This machine lacks what the harm needs; the message names it."""


@dataclass(frozen=True)
class Harm:
    """A harm, and how often it is done to what."""

    name: str
    act: Act
    sources: str = "kafka logs"
    modes: str = "state memory"
    times: int = 1
    """In each world of the long version."""
    short: str = ""
    """The sources of the short version that it is done to."""

    @property
    def sentence(self) -> str:
        """What it does."""
        return str(self.act.__doc__)


def kill_all(world: World, chance: random.Random) -> str:
    """SIGKILL of the whole process at a random moment, of its start or while it reads."""
    if chance.random() < 0.5:
        moment = reading(world, chance)
        world.kill()
        return f"reading, {moment}"
    world.restart()
    moment = chance.uniform(0, 15)
    time.sleep(moment)
    world.kill()
    return f"{moment:.2f} s after its start"


def stopped(world: World, chance: random.Random) -> str:
    """The process is told to end while it reads, which leaves no checkpoint, and started again."""
    moment = reading(world, chance)
    world.stop()
    assert not list(world.place.glob("checkpoint-*"))
    world.restart()
    return moment


def kill_jvm(world: World, chance: random.Random) -> str:
    """SIGKILL the JVM at a random moment while it reads."""
    moment, before = reading(world, chance), world.restarts
    [jvm] = [each for each in below(world) if "java" in each.name()]
    jvm.kill()
    world.wait_for_restart(before)
    return moment


def kill_worker(world: World, chance: random.Random) -> str:
    """SIGKILL a Python worker, their daemon, or the process that plans batches of files."""
    moment = reading(world, chance)
    while True:
        with suppress(psutil.NoSuchProcess, IndexError):
            worker = chance.choice([each for each in below(world) if "python" in each.name()])
            role = worker.cmdline()[-1].removeprefix("pyspark.")
            worker.kill()
            return f"{role}, {moment}"


def at_point(point: str, what: str) -> Act:
    """A harm at a named point between source and commit."""

    def act(world: World, chance: random.Random) -> str:
        reading(world, chance)
        passes = 0 if point == "query begins" else chance.randrange(3)
        world.ask("arm", point, what, passes)
        if point == "query begins":
            world.ask("arm", "grouped", "raise", 0)
        if what == "kill":
            world.wait_for_restart(world.restarts)
        else:
            world.wait(lambda now: point not in now["armed"], f"passing of {point}")
        return f"passed {passes} times before"

    deed = "SIGKILL of the whole process" if what == "kill" else "An exception"
    act.__doc__ = f"{deed} at the point: {point}."
    return act


def broker_stopped(seconds: float) -> Act:
    """A broker that is away for a time."""

    def act(world: World, chance: random.Random) -> str:
        moment = reading(world, chance)
        broker = topic_of(world).broker
        broker.stop()
        time.sleep(seconds)
        broker.start()
        return moment

    act.__doc__ = f"The broker is stopped for {seconds:g} s."
    return act


def broker_killed(world: World, chance: random.Random) -> str:
    """The broker is killed with -9, which is said, and started again."""
    moment = reading(world, chance)
    broker = topic_of(world).broker
    broker.kill()
    world.wait(lambda now: "does not answer" in now["reason"], "word of the broker")
    broker.start()
    return moment


def partitions_added(world: World, chance: random.Random) -> str:
    """The topic gets one partition more, which is said."""
    moment = reading(world, chance)
    many = topic_of(world).grow()
    with world.feeding:
        topic_of(world).flush()
    world.wait(lambda now: f"has {many} partitions now" in str(now["notes"]), "word of it")
    return f"{many} now, {moment}"


def topic_replaced(world: World, chance: random.Random) -> str:
    """The topic is deleted once it is read, and made anew: at once, or once its loss was said."""
    topic = topic_of(world)
    with world.feeding:
        world.settle()
        gone = chance.random() < 0.5
        topic.delete()
        if gone:
            world.wait(lambda now: now["reason"], "word of the lost topic")
        topic.make()
        topic.publish(world.stream.take(chance.randrange(20_000)))
    return f"made anew {'after its loss was said' if gone else 'at once'}"


def rotated(world: World, chance: random.Random) -> str:
    """The log is renamed, as Zeek does, again and again while it is read."""
    reading(world, chance)
    for _ in range(5):
        time.sleep(chance.uniform(0, 1))
        with world.feeding:
            directory_of(world).rotate()
    return "5 times"


def packed(world: World, chance: random.Random) -> str:
    """The log is renamed and compressed in a folder of its own, as zeekctl does."""
    reading(world, chance)
    for _ in range(3):
        time.sleep(chance.uniform(0, 1.5))
        with world.feeding:
            log = directory_of(world).rotate()
        directory_of(world).pack(log)
    return "3 times"


def cut(world: World, chance: random.Random) -> str:
    """The log is copied and then cut to nothing, as logrotate's copytruncate does."""
    reading(world, chance)
    for _ in range(3):
        time.sleep(chance.uniform(0, 1.5))
        with world.feeding:
            directory_of(world).cut()
    return "3 times"


def disk_full(world: World, chance: random.Random) -> str:
    """The disk of table and checkpoint is full, which is said, and then has room again."""
    if not os.path.ismount(world.place):
        raise Untried("the right to mount a file system")
    moment = reading(world, chance)
    ballast = filled(world.place)
    world.wait(lambda now: now["reason"], "word of the full disk")
    time.sleep(chance.uniform(0, 3))
    ballast.unlink()
    return moment


def disk_full_within_a_write(world: World, chance: random.Random) -> str:
    """The same, and nobody looks before a write whether there is room."""
    world.ask("unguard")
    return disk_full(world, chance)


def clock_set(world: World, chance: random.Random) -> str:
    """The clock of all its processes is set back an hour, then two hours ahead, then right."""
    clock = world.folder / "clock"
    clock.write_bytes(struct.pack("l", 0))
    shim = {"LD_PRELOAD": str(compiled_clock(world.folder)), "CHAOS_CLOCK": str(clock)}
    world.restart(**shim, ZEEK_LIVE_TRIGGER="1s")
    reading(world, chance)
    for seconds in (-3600, 7200, 0):
        with clock.open("r+b") as file:
            file.write(struct.pack("l", seconds))
        for _ in range(3):
            reading(world, chance)
    world.restart()
    return "-1 h, +2 h, 0"


def compiled_clock(folder: Path) -> Path:
    """The library that puts a process's clock off."""
    if not shutil.which("cc"):
        raise Untried("a C compiler, for the clock")
    library, source = folder / "clock.so", Path(__file__).with_name("clock.c")
    command = ["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source]
    subprocess.run(command, check=True)
    return library


def checkpoint_damaged(world: World, chance: random.Random) -> str:
    """Files of Spark's checkpoint are cut, filled with junk or deleted while it is in use."""
    way = chance.choice((cut_off, filled_with_junk, Path.unlink))
    reading(world, chance)
    before = world.look()["restarts"]

    def damaged(now: dict[str, Any]) -> bool:
        for file in world.place.glob("checkpoint-*/**/*"):
            with suppress(OSError):
                way(file)
        return bool(now["restarts"] != before)

    world.wait(damaged, "query begun anew")
    return way.__name__


def cut_off(file: Path) -> None:
    """Leave half of a file."""
    os.truncate(file, file.stat().st_size // 2)


def filled_with_junk(file: Path) -> None:
    """Put something else into a file."""
    file.write_bytes(b"\x00junk\n" * 9)


def table_damaged(world: World, chance: random.Random) -> str:
    """The table's file is damaged between two runs: refused, left as it is, and filled anew."""
    reading(world, chance)
    world.stop()
    moment = damage_a_fifth(world.place / FILE_NAME, chance)
    return f"{moment}, {start_without_damage(world, FILE_NAME + '*')}"


def log_of_table_damaged(world: World, chance: random.Random) -> str:
    """The log beside the table's file is damaged after a kill: refused, or read as far as whole."""
    reading(world, chance)
    world.kill()
    log = world.place / f"{FILE_NAME}.wal"
    moment = damage_a_fifth(log, chance) if log.exists() else "just written into the file"
    return f"{moment}, {start_without_damage(world, log.name)}"


def table_damaged_in_use(world: World, chance: random.Random) -> str:
    """The table's file is damaged under the running process, which is then killed."""
    reading(world, chance)
    moment = damage_a_fifth(world.place / FILE_NAME, chance)
    time.sleep(chance.uniform(0, 10))
    world.kill()
    return f"{moment}, {start_without_damage(world, FILE_NAME + '*')}"


def damage_a_fifth(file: Path, chance: random.Random) -> str:
    """Invert a fifth of a file's bytes; which."""
    share = chance.uniform(0, 0.8)
    flip(file, share, share + 0.2)
    return f"{share:.0%} to {share + 0.2:.0%}"


def start_without_damage(world: World, files: str) -> str:
    """If what is damaged is refused, look that it was left alone, and move it away as told."""
    damaged = {file: file.read_bytes() for file in world.place.glob(files)}
    if not (said := world.refused()):
        return "not needed any more"
    assert "cannot be used" in said, said
    assert "Move it" in said, said
    for file, content in damaged.items():
        assert file.read_bytes() == content, f"{file} was changed"
        file.unlink()
    world.restart()
    return "refused"


def reading(world: World, chance: random.Random) -> str:
    """Go on at a random moment after a batch has been counted."""
    before = world.look()["done"]
    world.wait(lambda now: now["done"] != before, "record more")
    moment = chance.uniform(0, 1)
    time.sleep(moment)
    return f"{moment:.2f} s after a batch"


def below(world: World) -> list[psutil.Process]:
    """The processes of the child."""
    assert world.process
    return psutil.Process(world.process.pid).children(recursive=True)


def topic_of(world: World) -> Topic:
    """The world's source."""
    assert isinstance(world.source, Topic)
    return world.source


def directory_of(world: World) -> Directory:
    """The world's source."""
    assert isinstance(world.source, Directory)
    return world.source


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
            short="kafka logs" if point == "after commit" else "",
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
    Harm("kill", kill_all, modes="state", times=18, short="kafka logs"),
    Harm("kill", kill_all, modes="memory", times=7),
    Harm("stopped", stopped, short="kafka"),
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
    Harm("packed", packed, sources="logs", times=2, short="logs"),
    Harm("cut", cut, sources="logs", times=2, short="logs"),
    Harm("disk full", disk_full, short="logs"),
    Harm("disk full within a write", disk_full_within_a_write, modes="state"),
    Harm("clock set", clock_set),
    Harm("checkpoint damaged", checkpoint_damaged, times=3, short="kafka"),
    Harm("table damaged", table_damaged, modes="state", times=2),
    Harm("table's log damaged", log_of_table_damaged, modes="state", times=2),
    Harm("table damaged in use", table_damaged_in_use, modes="state"),
]
