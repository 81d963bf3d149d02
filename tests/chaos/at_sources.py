"""Harm done to the broker, to the topic, and to the log that Zeek writes."""

import random
import time

from tests.chaos.harm import Act
from tests.chaos.sources import Directory, Topic
from tests.chaos.world import World


def broker_stopped(seconds: float) -> Act:
    """A broker that is away for a time."""

    def act(world: World, chance: random.Random) -> str:
        moment = world.reading(chance)
        broker = topic_of(world).broker
        broker.stop()
        time.sleep(seconds)
        broker.start()
        return moment

    act.__doc__ = f"The broker is stopped for {seconds:g} s."
    return act


def broker_killed(world: World, chance: random.Random) -> str:
    """The broker is killed with -9, which is said, and started again."""
    moment = world.reading(chance)
    broker = topic_of(world).broker
    broker.kill()
    world.wait(lambda now: "does not answer" in now["reason"], "word of the broker")
    broker.start()
    return moment


def partitions_added(world: World, chance: random.Random) -> str:
    """The topic gets one partition more, which is said."""
    moment = world.reading(chance)
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
    world.reading(chance)
    for _ in range(5):
        time.sleep(chance.uniform(0, 1))
        with world.feeding:
            directory_of(world).rotate()
    return "5 times"


def packed(world: World, chance: random.Random) -> str:
    """The log is renamed and compressed in a folder of its own, as zeekctl does."""
    world.reading(chance)
    for _ in range(3):
        time.sleep(chance.uniform(0, 1.5))
        with world.feeding:
            log = directory_of(world).rotate()
        directory_of(world).pack(log)
    return "3 times"


def cut(world: World, chance: random.Random) -> str:
    """The log is copied and then cut to nothing, as logrotate's copytruncate does."""
    world.reading(chance)
    for _ in range(3):
        time.sleep(chance.uniform(0, 1.5))
        with world.feeding:
            directory_of(world).cut()
    return "3 times"


def topic_of(world: World) -> Topic:
    """The world's source."""
    assert isinstance(world.source, Topic)
    return world.source


def directory_of(world: World) -> Directory:
    """The world's source."""
    assert isinstance(world.source, Directory)
    return world.source
