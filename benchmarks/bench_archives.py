"""A log directory of many archives and a live file: is memory the same for ten times as many?

python benchmarks/bench_archives.py [--archives 100] [--records 20000] [--gzip]

Hourly files of so many records each, and of a tenth as many files; the peak of the whole process
tree (PSS) while all of it is counted, and how fast.
"""

import argparse
import gzip
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measure import report, watched
from tests.server import Server


def written(folder: Path, archives: int, records: int, compressed: bool) -> int:
    """Write the directory; the number of records in it."""
    total = archives * records
    options = ["--log-dir", str(folder), "--count", str(total), "--rotate", "1h"]
    options += ["--backfill", f"{archives}h", "--rate", f"{records / 3600:.4f}"]
    subprocess.run([sys.executable, "-m", "pipeline.demo.simulator", *options], check=True)
    for file in folder.rglob("dns.*.log") if compressed else ():
        with file.open("rb") as plain, gzip.open(f"{file}.gz", "wb", 6) as packed:
            shutil.copyfileobj(plain, packed)
        file.unlink()
    return total


def measured(archives: int, records: int, compressed: bool) -> list[object]:
    """Read one such directory from its beginning: a row of the report."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "logs"
        folder.mkdir()
        total = written(folder, archives, records, compressed)
        files = sum(1 for _ in folder.rglob("dns*.log*"))
        settings = {"source": "logs", "log_dir": folder, "start": "earliest", "retention": "400d"}
        # Both tables are full, so that only the reader can differ.
        settings["row_budget"] = 50_000
        with Server(Path(place), **settings, master="local[4]") as server:
            assert server.process
            cost, done = watched(server.process.pid, every=0.5)
            server.wait_for_records(1)
            began, first = time.perf_counter(), server.metric("records_counted_total")
            server.wait_for_records(total)
            rate = (total - first) / (time.perf_counter() - began)
            done.set()
    return [f"{files} files{', gzip' if compressed else ''}", total, rate, cost.peak_mb]


def main() -> None:
    """A tenth of the archives, then all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archives", type=int, default=100)
    parser.add_argument("--records", type=int, default=20_000, help="in each")
    parser.add_argument("--gzip", action="store_true")
    options = parser.parse_args()
    rows = [
        measured(many, options.records, options.gzip)
        for many in (max(1, options.archives // 10), options.archives)
    ]
    ratio = rows[1][3] / rows[0][3]  # type: ignore[operator]
    columns = ["directory", "records", "records/s after the first", "peak MB"]
    report("archives", columns, rows, ratio=f"{ratio:.2f} × the memory for ten times the files")


if __name__ == "__main__":
    main()
