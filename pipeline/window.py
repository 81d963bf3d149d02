"""The stretch of time that a view covers, on the edges of the buckets that the table keeps."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.cache import Readable, cached
from pipeline.feed import BUCKET_SECONDS
from pipeline.roll import TIERS
from pipeline.state import RANGES, View
from pipeline.where import naive

BARS = 60
# Each a divisor of the next few, so that bars start at round times.
NICE = [10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATENESS = timedelta(seconds=BUCKET_SECONDS)
"""A bar fills until the newest record is so much younger than its end, or the source is over."""


@dataclass(frozen=True)
class Window:
    """`start <= bucket < end`, both on bar edges. Times are aware, UTC.

    `bar` is the width of a bar in seconds. Bars from `filling` on are still filling; rates and
    comparisons cover `start` to `filling`, and `previous`, a stretch before that, or None with
    the reason in `why`. `newest` and `oldest` are of the whole table; None when it is empty.
    """

    start: datetime
    end: datetime
    bar: int
    filling: datetime
    newest: datetime | None
    oldest: datetime | None
    previous: tuple[datetime, datetime] | None
    why: str
    snapped: bool
    """Whether a start or end was moved to the edge of a bar: of a time that was asked for, or of a
    relative range that was paused, and its rows rolled up since."""

    @property
    def seconds(self) -> float:
        """How long the complete part is."""
        return (self.filling - self.start).total_seconds()

    @property
    def seconds_kept(self) -> float:
        """How much of the complete part is not before all that is kept: what a rate is of."""
        start = max(self.start, self.oldest or self.start)
        return max(0.0, (self.filling - start).total_seconds())

    @property
    def bars(self) -> int:
        """How many bars the window has."""
        return int((self.end - self.start).total_seconds()) // self.bar

    @property
    def filled(self) -> int:
        """How many of them are complete."""
        return int(self.seconds) // self.bar

    @property
    def drawn(self) -> int:
        """How many a small line shows: the complete ones, for the others would make it fall."""
        return self.filled or self.bars

    def whole_bars(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """The bars that a stretch within the window touches, at least one."""
        first = max(self.start, _down(start, self.bar))
        last = max(_down(end - timedelta(microseconds=1), self.bar), first)
        return first, min(self.end, last + timedelta(seconds=self.bar))

    @property
    def per(self) -> str:
        """What one bar counts: `per minute`, `per 20 s`."""
        for seconds, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
            if self.bar % seconds == 0:
                number = self.bar // seconds
                return f"per {unit}" if number == 1 else f"per {number} {unit}s"
        return f"per {self.bar} s"

    @property
    def still_filling(self) -> str:
        """Such as `last 2 min filling`; empty when none is."""
        seconds = int((self.end - self.filling).total_seconds())
        if seconds <= 0 or self.newest is None:
            return ""
        size, unit = next(
            (s, u) for s, u in ((3600, "h"), (60, "min"), (1, "s")) if seconds % s == 0
        )
        return f"last {seconds // size} {unit} filling"


def window(table: Readable, view: View) -> Window:
    """The window of a view; a relative range ends with the newest bucket, not with the clock."""
    stretch = View(range=view.range, start=view.start, end=view.end, at=view.at)
    return _window(table, stretch)


@cached
def _window(table: Readable, view: View) -> Window:
    newest, oldest, edge = _extent(table, view)
    start, end = _asked(view, oldest or EPOCH, edge or EPOCH + LATENESS)
    length, width = (end - start).total_seconds(), widest(table, start, end)
    was = min(width, _width_when_paused(view, length))
    bar = _bar_width(length, was)
    first, last = _down(start, bar), _up(end, bar)
    span = RANGES.get(view.range)
    if span is not None and view.start is None:
        first = last - max(_down(EPOCH + span, bar) - EPOCH, timedelta(seconds=bar))
        start, end = first, last
    if width > was:
        bar = _bar_width(length, width)
        first, last = _down(first, bar), _up(last, bar)
    filling = (
        last if newest is None else min(last, max(first, _down(_whole(table, view, newest), bar)))
    )
    previous, why = _previous(table, view, first, filling, oldest)
    snapped = (view.start is not None or width > was) and (first, last) != (start, end)
    return Window(first, last, bar, filling, newest, oldest, previous, why, snapped)


def _whole(table: Readable, view: View, newest: datetime) -> datetime:
    """Up to when no more is to come: the source's own end where it has one, else what is newest."""
    over = table.over(table.version if view.at is None else view.at)
    return max(newest - LATENESS, over) if over else newest - LATENESS


def _width_when_paused(view: View, length: float) -> int:
    """The widest bucket that a relative range had when it was paused; its rows may have been
    rolled up since, and it must not hold fewer of them for that. Else as wide as any is now."""
    if view.at is None or view.start is not None or view.range == "all":
        return TIERS[0][1]
    return next((width for age, width in TIERS if length > age.total_seconds()), BUCKET_SECONDS)


def _extent(
    table: Readable, view: View
) -> tuple[datetime | None, datetime | None, datetime | None]:
    """Newest record, oldest bucket, end of the newest bucket."""
    seen = "" if view.at is None else "WHERE seq <= $at"
    row = table.read(
        "SELECT max(last_ts) AS newest, min(bucket) AS oldest,"
        f" max(bucket + to_seconds(width)) AS edge FROM dns_counts {seen}",
        {} if view.at is None else {"at": view.at},
    ).to_pylist()[0]
    newest, oldest, edge = (
        time and time.replace(tzinfo=UTC) for time in (row["newest"], row["oldest"], row["edge"])
    )
    if view.at is not None and newest is not None:
        # The newest bucket was of 10 s then, however wide it is by now.
        edge = _down(newest, BUCKET_SECONDS) + timedelta(seconds=BUCKET_SECONDS)
    return newest, oldest, edge


def _asked(view: View, oldest: datetime, edge: datetime) -> tuple[datetime, datetime]:
    """The stretch before it is moved to edges."""
    if view.start and view.end:
        return view.start, view.end
    span = RANGES.get(view.range)
    return (oldest, edge) if span is None else (edge - span, edge)


def widest(table: Readable, start: datetime, end: datetime) -> int:
    """The widest bucket that touches the stretch, in seconds."""
    found = table.read(
        "SELECT max(width) AS width FROM dns_counts"
        " WHERE bucket < $end AND bucket + to_seconds(width) > $start",
        {"start": naive(start), "end": naive(end)},
    ).to_pylist()[0]["width"]
    return int(found or BUCKET_SECONDS)


def _bar_width(seconds: float, widest: int) -> int:
    """The round width, a multiple of the widest bucket, that comes nearest to BARS bars."""
    days = range(2 * 86400, max(2 * 86400, int(seconds) // 20) + 1, 86400)
    fitting = [width for width in [*NICE, *days] if width % widest == 0]
    nearest: int = min(fitting, key=lambda width: abs(seconds / width - BARS))
    return nearest


def _down(time: datetime, seconds: int) -> datetime:
    step = timedelta(seconds=seconds)
    return EPOCH + (time - EPOCH) // step * step


def _up(time: datetime, seconds: int) -> datetime:
    return _down(time + timedelta(seconds=seconds, microseconds=-1), seconds)


def _previous(
    table: Readable, view: View, first: datetime, filling: datetime, oldest: datetime | None
) -> tuple[tuple[datetime, datetime] | None, str]:
    """The stretch before, as long as the complete part, or why there is none to compare with."""
    if oldest is None or filling <= first:
        return None, "no complete bar yet"
    if RANGES.get(view.range, EPOCH) is None and view.start is None:
        return None, "nothing is kept before the whole"
    start = first - (filling - first)
    width = widest(table, start, start + timedelta(seconds=1))
    # At the edge that is nearer: half a wide bucket more or less in the stretch before.
    start = _down(start + timedelta(seconds=width / 2), width)
    if start < oldest:
        return None, f"kept only from {oldest:%Y-%m-%d %H:%M} UTC on"
    if start >= first:
        return None, "kept only in buckets that are too wide"
    return (start, first), ""
