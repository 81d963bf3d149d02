"""Java and jars: found, or one sentence on what to do."""

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from pipeline import jars
from pipeline.jars import JarsMissing, JavaMissing, fetch_jars, find_java

NOWHERE = "<ivysettings><settings defaultResolver='none'/><resolvers>" + (
    "<filesystem name='none'><artifact pattern='{}/[artifact].jar'/></filesystem>"
    "</resolvers></ivysettings>"
)


@pytest.fixture(autouse=True)
def _look_anew() -> Iterator[None]:
    find_java.cache_clear()
    yield
    find_java.cache_clear()


def make_java(home: Path, version: str) -> Path:
    """A `java` that only tells a version."""
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    java.chmod(0o755)
    return java


def test_java_home_stands_before_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, other = make_java(tmp_path / "home", "21.0.1"), make_java(tmp_path / "other", "17.0.9")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{other.parent}:/usr/bin:/bin")
    assert find_java() == home


def test_a_java_home_that_is_too_old_gives_way_to_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_java(tmp_path / "home", "11.0.2")
    other = make_java(tmp_path / "other", "17.0.9")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{other.parent}:/usr/bin:/bin")
    assert find_java() == other


@pytest.mark.parametrize(("told", "major"), [("11.0.2", 11), ("1.8.0_392", 8)])
def test_an_old_java_is_refused_with_its_version_and_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, major: int
) -> None:
    java = make_java(tmp_path, told)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", f"{java.parent}:/bin")
    sentence = (
        f"{re.escape(str(java))} is {major}.*: install a JRE, such as.*openjdk-17-jre-headless"
    )
    with pytest.raises(JavaMissing, match=sentence):
        find_java()


def test_no_java_at_all_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JavaMissing, match="none in JAVA_HOME or on PATH"):
        find_java()


def test_missing_jars_name_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "JARS", tmp_path)
    with pytest.raises(JarsMissing, match="run `make jars`"):
        jars.broker_classpath()


def test_jars_that_cannot_be_fetched_leave_those_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "JARS", tmp_path)
    settings, old = tmp_path / "settings.xml", tmp_path / "broker" / "old.jar"
    settings.write_text(NOWHERE.format(tmp_path / "empty"))
    old.parent.mkdir()
    old.touch()
    assert not jars.is_fetched("broker")
    with pytest.raises(JarsMissing, match=r"the broker's jars cannot be fetched \(.*not found"):
        fetch_jars("broker", ["-settings", str(settings)])
    assert old.exists()


def test_the_connector_is_of_the_version_of_pyspark() -> None:
    text = jars.IVY_FILE.read_text()
    assert f'name="spark-sql-kafka-0-10_2.13" rev="{version("pyspark")}"' in text


def test_what_cannot_be_fetched_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fetch(conf: str, ivy_options: list[str]) -> None:
        raise JarsMissing(f"no {conf}: name a mirror")

    monkeypatch.setattr(jars, "JARS", tmp_path)
    monkeypatch.setattr(jars, "find_java", lambda: Path("java"))
    monkeypatch.setattr(jars, "fetch_jars", fetch)
    jars.main([])
    assert capsys.readouterr().err == "no broker: name a mirror\n"
