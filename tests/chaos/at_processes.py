"""Harm done to the process, to its children, and at named points of its way."""

import random
import time
from contextlib import suppress

import psutil

from tests.chaos.harm import Act
from tests.chaos.world import World
from tests.server import runs_java


def kill_all(world: World, chance: random.Random) -> str:
    """SIGKILL of the whole process at a random moment, of its start or while it reads."""
    if chance.random() < 0.5:
        moment = world.reading(chance)
        world.kill()
        return f"reading, {moment}"
    world.restart()
    moment = chance.uniform(0, 15)
    time.sleep(moment)
    world.kill()
    return f"{moment:.2f} s after its start"


def stopped(world: World, chance: random.Random) -> str:
    """The process is told to end while it reads, which leaves no checkpoint, and started again."""
    moment = world.reading(chance)
    world.stop()
    assert not list(world.place.glob("checkpoint-*"))
    world.restart()
    return moment


def kill_jvm(world: World, chance: random.Random) -> str:
    """SIGKILL the JVM at a random moment while it reads."""
    moment, before = world.reading(chance), world.restarts
    [jvm] = [each for each in below(world) if runs_java(each)]
    jvm.kill()
    world.wait_for_restart(before)
    return moment


def kill_worker(world: World, chance: random.Random) -> str:
    """SIGKILL a Python worker, their daemon, or the process that plans batches of files."""
    moment = world.reading(chance)
    while True:
        with suppress(psutil.NoSuchProcess, IndexError):
            worker = chance.choice([each for each in below(world) if "python" in each.name()])
            role = worker.cmdline()[-1].removeprefix("pyspark.")
            worker.kill()
            return f"{role}, {moment}"


def below(world: World) -> list[psutil.Process]:
    """The processes of the child."""
    assert world.process
    return psutil.Process(world.process.pid).children(recursive=True)


def at_point(point: str, what: str) -> Act:
    """A harm at a named point between source and commit."""

    def act(world: World, chance: random.Random) -> str:
        world.reading(chance)
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
