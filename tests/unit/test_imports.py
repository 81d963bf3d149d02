"""The rules of who may import what: the file list tells the data's way, and imports keep to it."""

import ast
import re
from pathlib import Path

from tests.conftest import ROOT

MODULES = [*ROOT.glob("*.py"), *(ROOT / "pipeline").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def place(module: Path) -> str:
    return str(module.relative_to(ROOT))


def test_streamlit_is_imported_only_by_the_dashboard_and_its_pages() -> None:
    users = {place(m) for m in MODULES if {n.split(".")[0] for n in imported(m)} & {"streamlit"}}
    assert users
    assert all(user == "dashboard.py" or user.startswith("pages/") for user in users)


def test_only_the_settings_read_the_environment() -> None:
    readers = {place(m) for m in MODULES if re.search(r"os\.environ|getenv", m.read_text())}
    writers = {"pipeline/session.py"}
    streamlits_own = {"pipeline/serve.py"}
    assert readers - writers - streamlits_own == {"pipeline/settings.py"}
    session = (ROOT / "pipeline" / "session.py").read_text()
    assert session.count("os.environ") == len(re.findall(r"os\.environ\[\S+\] = ", session))


def test_pages_never_run_spark() -> None:
    for module in MODULES:
        if place(module).startswith("pages/"):
            assert not {name for name in imported(module) if name.startswith("pyspark")}


def test_imports_point_from_later_stages_to_earlier_ones() -> None:
    stages = [
        "fields",
        "state",
        "wall",
        "settings",
        "feed",
        "parse",
        "enrich",
        "aggregate",
        "table",
        "view",
        "charts",
    ]
    for at, stage in enumerate(stages):
        later = {f"pipeline.{name}" for name in stages[at + 1 :]}
        assert not imported(ROOT / "pipeline" / f"{stage}.py") & later, stage


def test_parse_enrich_and_aggregate_have_no_clock_and_no_action() -> None:
    for stage in ("parse", "enrich", "aggregate"):
        text = (ROOT / "pipeline" / f"{stage}.py").read_text()
        for word in (
            "datetime.now",
            "time.time",
            ".collect(",
            ".toArrow(",
            ".count()",
            ".toPandas(",
        ):
            assert word not in text, (stage, word)
