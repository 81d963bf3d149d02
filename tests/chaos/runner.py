"""Trials: a harm is done to a world, and the table is held against the independent count."""

import json
import random
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.demo.broker import Broker
from tests.chaos.harm import Harm, Untried
from tests.chaos.harms import HARMS
from tests.chaos.sources import Directory, Topic
from tests.chaos.stream import difference
from tests.chaos.world import World
from tests.conftest import mounted

DISK = 256
Place = tuple[str, str]
"""A source, `kafka` or `logs`, and where the table is: `state` or `memory`."""
SOURCES, MODES = ("kafka", "logs"), ("state", "memory")
Plan = dict[Place, list[Harm]]


@dataclass
class Trial:
    """What was tried, and what came of it."""

    source: str
    mode: str
    harm: str
    moment: str = ""
    restarts: int = 0
    """Of the process; those of the query within it come on top."""
    queries: int = 0
    expected: int = 0
    counted: int = 0
    missing: int = 0
    doubled: int = 0
    seconds: float = 0.0
    survived: bool = False
    why: str = ""
    """Why not; or what this machine lacks, if it was not tried."""

    @property
    def verdict(self) -> str:
        """In a word or a sentence."""
        return f"NO: {self.why}" if not self.survived else self.why or "yes"

    def __str__(self) -> str:
        return LINE.format(
            f"{self.source} {self.mode}", self.harm, self.moment[:46],
            f"{self.restarts} + {self.queries}", f"{self.expected:,}", f"{self.counted:,}",
            self.missing, self.doubled, f"{self.seconds:.0f}", self.verdict,
        )  # fmt: skip


LINE = "{:12}  {:38}  {:46}  {:>8}  {:>9}  {:>9}  {:>7}  {:>7}  {:>4}  {}"
HEAD = LINE.format(
    "world", "harm", "moment", "restarts", "expected", "counted", "missing", "doubled", "s",
    "survived",
)  # fmt: skip


def short_plan() -> Plan:
    """A few harms in each source, for `make test`."""
    return {
        (source, "state"): [each for each in HARMS if source in each.short] for source in SOURCES
    }


def long_plan(only: Iterable[str] = ()) -> Plan:
    """Every harm in each world that it can be done to; `only` are parts of "kafka state kill"."""
    wanted = tuple(only) or ("",)
    return {
        (source, mode): [
            each
            for each in HARMS
            if source in each.sources and mode in each.modes
            if any(name in f"{source} {mode} {each.name}" for name in wanted)
            for _ in range(each.times)
        ]
        for source in SOURCES
        for mode in MODES
    }


def run(plan: Plan, folder: Path, seed: int, results: Path) -> list[Trial]:
    """Do all of a plan, in an order of chance; each trial is printed, and all of them written."""
    print(f"seed {seed}\n{HEAD}", flush=True)
    trials: list[Trial] = []
    for place, harms in plan.items():
        chance = random.Random(f"{seed} {place}")
        for trial in in_place(place, chance.sample(harms, len(harms)), folder, chance):
            print(trial, flush=True)
            trials.append(trial)
            told = {"seed": seed, "trials": [asdict(trial) for trial in trials]}
            results.write_text(json.dumps(told, indent=1) + "\n")
    survived = sum(trial.survived for trial in trials)
    print(f"{survived} of {len(trials)} survived; {sum(t.restarts for t in trials)} restarts")
    return trials


def in_place(
    place: Place, harms: list[Harm], folder: Path, chance: random.Random
) -> Iterator[Trial]:
    """One harm after the other in the same world; after one that was not survived, in a new one."""
    todo = list(harms)
    while todo:
        with world_at(place, folder / f"{len(todo)}-{'-'.join(place)}", chance) as world:
            while todo:
                trial = tried(world, todo.pop(0), chance)
                yield trial
                if not trial.survived:
                    break


@contextmanager
def world_at(place: Place, folder: Path, chance: random.Random) -> Iterator[World]:
    """A world on a small disk of its own, if this machine lets us make one."""
    source, mode = place
    folder.mkdir()
    with ExitStack() as stack:
        published: Topic | Directory
        if source == "kafka":
            published = Topic(stack.enter_context(Broker(folder / "broker")))
        else:
            published = Directory(folder / "logs")
        world = World(folder, published, mode, chance.randrange(2**32))
        if mounted(world.place, DISK):
            stack.callback(subprocess.run, ["umount", "--lazy", world.place], check=True)
        yield stack.enter_context(world)


def tried(world: World, harm: Harm, chance: random.Random) -> Trial:
    """Do a harm while the stream flows, and compare once all of it must have been counted."""
    trial = Trial(world.source.name, world.mode, harm.name)
    began, restarts, queries = time.monotonic(), world.restarts, world.queries
    try:
        with world.fed():
            trial.moment = harm.act(world, chance)
        world.publish(200)
        compare(world, trial)
    except Untried as lacking:
        trial.survived, trial.why = True, f"not tried: it needs {lacking}"
    except Exception as error:
        trial.why = f"{type(error).__name__}: {error}"
    trial.restarts, trial.queries = world.restarts - restarts, world.queries - queries
    trial.seconds = time.monotonic() - began
    return trial


def compare(world: World, trial: Trial) -> None:
    """Hold the table against the count, key by key."""
    late = ""
    try:
        now = world.settle()
    except AssertionError as error:
        now, late = world.look(), str(error)
    found, expected = world.counts(now), world.stream.expected
    trial.expected, trial.counted = expected.total(), found.total()
    trial.missing, trial.doubled = difference(expected, found)
    if not now["balanced"]:
        trial.why = f"the counters do not add up: {now}"
    elif trial.missing or trial.doubled or late:
        trial.why = late or "records are missing or doubled"
    trial.survived = not trial.why
