"""What a wall costs a browser that never leaves it: JS heap and DOM nodes at a refresh of 2 s.

    python benchmarks/bench_wall.py [--minutes 10] [--every 2] [--sample 15]

Over a made-up network that grows every second. Each sample is taken after a garbage collection by
the browser; slopes are of the second half, by least squares. Of ten minutes they say little: a
refresh that is just being drawn makes samples differ by 40 nodes and 0.8 MB. USS is of all of
Chromium's processes.
"""

import argparse
import shutil
import statistics
import sys
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks.measure import report
from tests.browser.conftest import ARGS, serve

REACH = "flat over two hours"
UNITS = {"heap": "JS heap, MB", "nodes": "DOM nodes", "listeners": "listeners", "uss": "USS, MB"}
Sample = dict[str, float]


def uss_mb() -> Sample:
    """Of each kind of process of the browser that this one has started, and of all (`uss`).

    What a process shares with others is left out.
    """
    sums = Sample(uss=0.0)
    for process in psutil.Process().children(recursive=True):
        try:
            if "chrom" in process.name():
                uss, kind = process.memory_full_info().uss / 1e6, kind_of(process.cmdline())
                sums["uss"] += uss
                sums[kind] = sums.get(kind, 0) + uss
        except psutil.Error:
            continue
    return sums


def kind_of(command: list[str]) -> str:
    """`renderer`, `gpu-process`, a utility's own name; `browser` for the first of them."""
    told = dict(each.removeprefix("--").split("=", 1) for each in command if "=" in each)
    return told.get("utility-sub-type", told.get("type", "browser"))


def sample(browser: CDPSession, began: float) -> Sample:
    """What is held once all garbage is collected; detached nodes that something holds count."""
    browser.send("HeapProfiler.collectGarbage")
    heap = browser.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    counts = browser.send("Memory.getDOMCounters")
    return {
        "seconds": time.monotonic() - began,
        "heap": heap,
        "nodes": counts["nodes"],
        "listeners": counts["jsEventListeners"],
        **uss_mb(),
    }


def watched(page: Page, minutes: float, every: float) -> list[Sample]:
    """Samples of an open wall, and whether it was live at each; fails if it is not at the end."""
    browser = page.context.new_cdp_session(page)
    began, samples = time.monotonic(), []
    while time.monotonic() - began < 60 * minutes:
        page.wait_for_timeout(1000 * every)
        live = page.locator(".clock").get_attribute("data-state") == "live"
        samples.append(sample(browser, began) | {"live": float(live)})
    assert samples[-1]["live"], "the wall is not live"
    return samples


def slope(samples: list[Sample], name: str) -> float:
    """How much more an hour."""
    times = [each["seconds"] for each in samples]
    return 3600 * statistics.linear_regression(times, [each[name] for each in samples]).slope


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--every", type=int, default=2, help="the wall's refresh, in seconds")
    parser.add_argument("--sample", type=float, default=15, help="seconds between samples")
    options = parser.parse_args()
    with serve("growing") as url, sync_playwright() as playwright:
        path = shutil.which("chromium")
        chromium = playwright.chromium.launch(executable_path=path, args=ARGS)
        page = chromium.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{url}/?wall&every={options.every}")
        page.locator(".wall-bars").wait_for()
        samples = watched(page, options.minutes, options.sample)
        chromium.close()
    half = samples[len(samples) // 2 :]
    rows = [
        [text, samples[0][name], half[0][name], half[-1][name], slope(half, name)]
        for name, text in UNITS.items()
    ]
    columns = ["wall", "start", "half time", "end", "an hour more"]
    facts = {"minutes": options.minutes, "every": options.every, "samples": len(samples)}
    facts["not live at"] = sum(not each["live"] for each in samples)
    report("wall", columns, rows, **facts, reach=REACH, series=samples)


if __name__ == "__main__":
    main()
