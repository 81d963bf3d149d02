"""Harm done to the clock: not the machine's, but what one process and all below it are told."""

import random
import shutil
import struct
import subprocess
from pathlib import Path

from tests.chaos.harm import Untried
from tests.chaos.world import World


def clock_set(world: World, chance: random.Random) -> str:
    """The clock of all its processes is set back an hour, then two hours ahead, then right."""
    clock = world.folder / "clock"
    clock.write_bytes(struct.pack("l", 0))
    shim = {"LD_PRELOAD": str(compiled_clock(world.folder)), "CHAOS_CLOCK": str(clock)}
    world.restart(**shim, ZEEK_LIVE_TRIGGER="1s")
    world.reading(chance)
    for seconds in (-3600, 7200, 0):
        with clock.open("r+b") as file:
            file.write(struct.pack("l", seconds))
        for _ in range(3):
            world.reading(chance)
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
