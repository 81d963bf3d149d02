"""The files that run it as a service: what they name is there, and is enough."""

import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

from pipeline.settings import PREFIX, Settings
from tests.conftest import ROOT

CONTAINERFILE = (ROOT / "deploy" / "Containerfile").read_text().splitlines()
IGNORED = (ROOT / "deploy" / "Containerfile.dockerignore").read_text().splitlines()


def copied(folder: Path, lines: list[str]) -> Path:
    """What the COPY lines put into an empty image, as far as the build may see it."""
    for line in lines:
        if line.startswith("COPY "):
            *sources, target = line.split()[1:]
            for source in sources:
                assert f"!{source.split('/')[0]}" in IGNORED
                (folder / target).mkdir(parents=True, exist_ok=True)
                if (ROOT / source).is_dir():
                    shutil.copytree(ROOT / source, folder / target, dirs_exist_ok=True)
                else:
                    shutil.copy(ROOT / source, folder / target)
    return folder


def run(folder: Path, code: str) -> None:
    """In a process that knows of nothing but the folder."""
    own = {"PATH": "/usr/bin:/bin", "ZEEK_LIVE_SOURCE": "logs", "ZEEK_LIVE_LOG_DIR": str(folder)}
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr


def test_the_image_has_all_that_its_server_loads(tmp_path: Path) -> None:
    folder = copied(tmp_path, CONTAINERFILE)
    run(folder, "import runpy; runpy.run_path('dashboard.py')")
    assert (folder / "pages" / "frame.py").is_file()
    assert (folder / ".streamlit" / "config.toml").is_file()
    assert CONTAINERFILE[-1].startswith('CMD ["streamlit", "run", "dashboard.py"')


def test_the_unit_starts_the_server_again_when_it_failed_and_names_real_settings() -> None:
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment]
    unit.read(ROOT / "deploy" / "zeek-live.service")
    service = unit["Service"]
    assert service["ExecStart"].endswith("/.venv/bin/streamlit run dashboard.py")
    assert service["Restart"] == "on-failure"
    assert "RestartPreventExitStatus" not in service
    name, _, folder = service["Environment"].partition("=")
    assert name.removeprefix(PREFIX).lower() in Settings.model_fields
    assert folder == f"/var/lib/{service['StateDirectory']}"
