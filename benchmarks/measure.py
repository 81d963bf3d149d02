"""What the benchmarks share: a process tree's cost, a table on the screen, a JSON file."""

import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

RESULTS = Path(__file__).parents[1] / "artifacts"


@dataclass
class Cost:
    """CPU seconds and the peak of memory (PSS, MB) of a process and all below it."""

    root: psutil.Process
    cpu: dict[int, float] = field(default_factory=dict)
    peak_mb: float = 0.0
    series: list[tuple[float, float]] = field(default_factory=list)

    def look(self) -> None:
        """Note what it costs now; a process that has ended keeps its last figure."""
        total = 0.0
        for process in [self.root, *self.root.children(recursive=True)]:
            try:
                times = process.cpu_times()
                self.cpu[process.pid] = times.user + times.system
                total += process.memory_full_info().pss / 1e6
            except psutil.Error:
                continue
        self.peak_mb = max(self.peak_mb, total)
        self.series.append((time.time(), total))

    @property
    def cpu_seconds(self) -> float:
        """Of all processes seen, so far."""
        return sum(self.cpu.values())


def watched(pid: int, every: float = 1.0) -> tuple[Cost, threading.Event]:
    """A cost that is looked at in the background until the event is set."""
    cost, done = Cost(psutil.Process(pid)), threading.Event()

    def watch() -> None:
        while not done.wait(every):
            try:
                cost.look()
            except psutil.NoSuchProcess:
                return

    threading.Thread(target=watch, daemon=True).start()
    return cost, done


def report(name: str, columns: list[str], rows: list[list[Any]], **facts: Any) -> None:
    """Print a table and write it to `artifacts/<name>.json`."""
    texts = [columns, *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[n]) for row in texts) for n in range(len(columns))]
    for row in texts:
        first, *others = (cell.ljust if not n else cell.rjust for n, cell in enumerate(row))
        print(
            "  ".join([first(widths[0]), *(o(w) for o, w in zip(others, widths[1:], strict=True))])
        )
    for key, value in facts.items():
        if not isinstance(value, list):
            print(f"{key}: {value}")
    RESULTS.mkdir(exist_ok=True)
    told = {"rows": [dict(zip(columns, row, strict=True)) for row in rows], **facts}
    (RESULTS / f"{name}.json").write_text(json.dumps(told, indent=1, default=str) + "\n")


def _text(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:,.1f}" if abs(cell) < 1000 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
