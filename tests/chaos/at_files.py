"""Harm done to the disk, to Spark's checkpoint and to the table's file."""

import os
import random
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.store import FILE_NAME
from tests.chaos.harm import Untried
from tests.chaos.world import World
from tests.conftest import filled, flip


def disk_full(world: World, chance: random.Random) -> str:
    """The disk of table and checkpoint is full, which is said, and then has room again."""
    if not os.path.ismount(world.place):
        raise Untried("the right to mount a file system")
    moment = world.reading(chance)
    ballast = filled(world.place)
    world.wait(lambda now: now["reason"], "word of the full disk")
    time.sleep(chance.uniform(0, 3))
    ballast.unlink()
    return moment


def disk_full_within_a_write(world: World, chance: random.Random) -> str:
    """The same, and nobody looks before a write whether there is room."""
    world.ask("unguard")
    return disk_full(world, chance)


def checkpoint_damaged(world: World, chance: random.Random) -> str:
    """Files of Spark's checkpoint are cut, filled with junk or deleted while it is in use."""
    way = chance.choice((cut_off, filled_with_junk, Path.unlink))
    world.reading(chance)
    before = world.look()["restarts"]

    def damaged(now: dict[str, Any]) -> bool:
        # In memory they lie in the process's own scratch folder.
        for file in list(world.place.glob("**/checkpoint-*/**/*")):
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
    world.reading(chance)
    world.stop()
    moment = damage_a_fifth(world.place / FILE_NAME, chance)
    return f"{moment}, {start_without_damage(world, FILE_NAME + '*')}"


def log_of_table_damaged(world: World, chance: random.Random) -> str:
    """The log beside the table's file is damaged after a kill: refused, or read as far as whole."""
    world.reading(chance)
    world.kill()
    log = world.place / f"{FILE_NAME}.wal"
    moment = damage_a_fifth(log, chance) if log.exists() else "just written into the file"
    return f"{moment}, {start_without_damage(world, log.name)}"


def table_damaged_in_use(world: World, chance: random.Random) -> str:
    """The table's file is damaged under the running process, which is then killed."""
    world.reading(chance)
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
