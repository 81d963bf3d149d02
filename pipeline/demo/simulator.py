"""Zeek's DNS records of a made-up network, published to Kafka or written as a log directory.

The network, its traffic and its incidents follow from the seed; with --start as well, a run is
repeatable to the byte. Times in the past are sent as fast as they can be, then at the pace of the
clock.
"""

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka import KafkaException

from pipeline.demo.forms import FORMS, to_tsv
from pipeline.demo.incidents import KINDS, Incidents, UnknownIncident, parse_plan
from pipeline.demo.junk import with_junk
from pipeline.demo.outlets import KafkaOutlet, Line, LogOutlet, Outlet
from pipeline.demo.world import World, rhythm
from pipeline.settings import parse_duration, parse_start

STEP, PAST_STEP = 0.1, 1.0


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line; a wrong one ends the process."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.demo.simulator", description=__doc__)
    add = parser.add_argument
    add("--servers", default="127.0.0.1:9092", help="Kafka's host:port (%(default)s)")
    add("--topic", default="dns", help="made if it is not there (%(default)s)")
    add("--partitions", type=int, default=2, help="of a topic that is made (%(default)s)")
    add("--log-dir", type=Path, help="write a Zeek log directory instead")
    add("--rotate", type=_duration, default=timedelta(hours=1), help="of its files (1h)")
    add("--form", choices=[*FORMS, "tsv"], default="json", help="of the records (%(default)s)")
    add("--rate", type=_rate, default=100.0, help="records a second, 1 to 50000 (%(default)s)")
    add("--rhythm", action="store_true", help="let the rate follow the day, around --rate")
    add("--count", type=int, default=sys.maxsize, help="end after so many records")
    add("--seed", type=int, default=1, help="(%(default)s)")
    add("--start", type=_start, help="an ISO 8601 time to begin at, instead of now")
    add("--backfill", type=_duration, default=timedelta(0), help="the past first, such as 1h")
    add("--distinct", action="store_true", help="the hard case: nine in ten names are new")
    add("--junk", type=float, default=0.0, help="share of lines that are not usable (0)")
    add(
        "--incident",
        action="append",
        default=[],
        metavar="KIND[@TIME]",
        type=_plan,
        help=f"{', '.join(KINDS)}; such as tunnel@60s, or in the backfill dga@-10m; repeatable",
    )
    add("--every", type=_duration, help="besides, an incident of each kind in turn, such as 5m")
    add("--control", type=Path, help="a file; each KIND appended to it begins an incident")
    add("--truth", type=Path, help="a file that gets a JSON line about each incident")
    options = parser.parse_args(arguments)
    if options.form == "tsv" and not options.log_dir:
        parser.error("--form tsv needs --log-dir: Kafka carries JSON")
    return options  # fmt: skip


class Simulator:
    """A world on a time line: lines in the order in which they are sent."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.world = World(options.seed, distinct=options.distinct)
        self.incidents = Incidents(self.world, options.truth)
        self.ended = False
        self.live = (options.start or datetime.now(UTC)).timestamp()
        for kind, offset in options.incident:
            self.incidents.add(kind, self.live + offset)

    def end(self, *_: object) -> None:
        """End after the step under way, so that the truth is what was sent; now, if asked again."""
        if self.ended:
            raise KeyboardInterrupt
        self.ended = True

    def lines(self) -> Iterator[tuple[float, list[Line]]]:
        """For each step its end (epoch seconds) and its lines, until --count or the end."""
        end = self.live
        try:
            for end, lines in self._lines():
                yield end, lines
                if self.ended:
                    break
        finally:
            self.incidents.close(end)

    def _lines(self) -> Iterator[tuple[float, list[Line]]]:
        left, owed = self.options.count, 0.0
        for start, end in self._steps():
            self._begin_regular(start, end)
            records = self.incidents.due(end, left)
            pace = self.options.rate * (rhythm(start) if self.options.rhythm else 1.0)
            owed += pace * (end - start)
            due = min(int(owed), left - len(records))
            owed -= int(owed)
            records += self.world.records(start, end, due)
            left -= len(records)
            tsv = self.options.form == "tsv"
            yield end, with_junk(records, self.options.junk, tsv, self.world.rng)
            if left == 0:
                break

    def _steps(self) -> Iterator[tuple[float, float]]:
        past = round(self.options.backfill.total_seconds() / PAST_STEP)
        for number in range(-past, 0):
            yield self.live + number * PAST_STEP, self.live + (number + 1) * PAST_STEP
        number = 0
        while True:
            yield self.live + number * STEP, self.live + (number + 1) * STEP
            number += 1

    def _begin_regular(self, start: float, end: float) -> None:
        if self.options.every and end > self.live:
            every = self.options.every.total_seconds()
            turn = int((end - self.live) // every)
            if turn > int((start - self.live) // every):
                self.incidents.add(list(KINDS)[turn % len(KINDS)], end)


class Control:
    """Reads what others append to a file."""

    def __init__(self, file: Path | None) -> None:
        self.file, self.read = file, 0
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("")

    def begin(self, incidents: Incidents, now: float) -> None:
        """Begin what was asked for since the last look; a wrong word is told, and left."""
        words = self.file.read_text().splitlines() if self.file and self.file.exists() else []
        for word in words[self.read :]:
            try:
                kind, offset = parse_plan(word)
                incidents.add(kind, now + max(offset, 0))
                print(f"begins: {kind}", flush=True)
            except UnknownIncident as error:
                print(error, file=sys.stderr, flush=True)
        self.read = len(words)


def run(simulator: Simulator, outlet: Outlet, control: Control) -> int:
    """Send until --count or a signal; how many lines were sent."""
    sent = 0
    with contextlib.suppress(KeyboardInterrupt):
        for end, lines in simulator.lines():
            while (ahead := end - time.time()) > 0 and not simulator.ended:
                time.sleep(min(ahead, STEP))
            outlet.send(lines, end)
            sent += len(lines)
            if end >= simulator.live:
                control.begin(simulator.incidents, end)
    return sent


def main() -> int:
    """Run; 1 if something could not be delivered."""
    options = parse_options()
    form = FORMS.get(options.form, to_tsv)
    try:
        outlet: Outlet = (
            LogOutlet(options.log_dir, form, options.rotate)
            if options.log_dir
            else KafkaOutlet(options.servers, options.topic, form, options.partitions)
        )
    except KafkaException as error:
        print(f"no Kafka answers at {options.servers}: {error.args[0].str()}", file=sys.stderr)
        return 1
    print(f"sends {options.rate:g} records/s to {options.log_dir or options.servers}", flush=True)
    simulator = Simulator(options)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, simulator.end)
    begun = time.monotonic()
    sent = run(simulator, outlet, Control(options.control))
    lost = outlet.close(2 if simulator.ended else 10)
    seconds = time.monotonic() - begun
    print(f"sent {sent - lost} records in {seconds:.1f} s, {(sent - lost) / seconds:,.0f}/s")
    if lost:
        print(f"{lost} records were not delivered: Kafka does not answer", file=sys.stderr)
    return 1 if lost else 0


def _duration(text: str) -> timedelta:
    try:
        return timedelta(seconds=parse_duration(text).total_seconds())
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _start(text: str) -> datetime:
    time = parse_start(text)
    if not isinstance(time, datetime):
        raise argparse.ArgumentTypeError("an ISO 8601 time")
    return time


def _rate(text: str) -> float:
    rate = float(text)
    if not 1 <= rate <= 50_000:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to 50000")
    return rate


def _plan(text: str) -> tuple[str, float]:
    try:
        return parse_plan(text)
    except UnknownIncident as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
