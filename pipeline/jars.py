"""The jars that pip cannot bring, and the Java that runs them.

`python -m pipeline.jars` fetches the demo's Kafka as `ivy.xml` names it, with the Ivy that PySpark
ships. What is there already is left alone until `ivy.xml` changes. Further arguments go to Ivy as
they are, such as `-settings my-mirror.xml`; `connector` before them fetches that instead.
"""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from pipeline.settings import java_home

IVY_FILE = Path(__file__).with_name("ivy.xml")
JARS = Path(__file__).parents[1] / ".jars"
STAMP = "ivy.xml"
BROKER, CONNECTOR = "broker", "connector"
"""Kafka for the demo and the tests, and Spark's own connector, which benchmarks compare with."""
SIZES = {BROKER: "44 MB, for the demo and the tests", CONNECTOR: "14 MB, for a benchmark"}
OLDEST_JAVA = 17
JAVA_PACKAGES = ("openjdk-17-jre-headless", "default-jre-headless")


class JavaMissing(Exception):
    """No Java that is new enough; the message says what to install."""


class JarsMissing(Exception):
    """Jars are not there or cannot be fetched; the message says what to do."""


@cache
def find_java() -> Path:
    """The `bin/java` to use: JAVA_HOME's, else the first on PATH, if 17 or newer."""
    home, on_path = java_home(), shutil.which("java")
    candidates = [home / "bin" / "java"] if home else []
    candidates += [Path(on_path)] if on_path else []
    versions = {java: java_version(java) for java in candidates}
    for java, version in versions.items():
        if version >= OLDEST_JAVA:
            return java.resolve()
    found = ", ".join(f"{java} is {version or 'no Java'}" for java, version in versions.items())
    raise JavaMissing(
        f"Java {OLDEST_JAVA} or newer is needed ({found or 'none in JAVA_HOME or on PATH'}): "
        f"install a JRE, such as Debian's {JAVA_PACKAGES[0]}, or set JAVA_HOME to one"
    )


def java_version(java: Path) -> int:
    """The major version that a `java` reports; 0 if it is none."""
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r'version "(?:1\.)?(\d+)', told.stderr)
    return int(match[1]) if match else 0


def connector_jars() -> list[Path]:
    """The jars of Spark's Kafka connector, fetched if they are not there yet: JarsMissing."""
    if not is_fetched(CONNECTOR):
        fetch_jars(CONNECTOR, [])
    return _jars(CONNECTOR)


def broker_classpath() -> str:
    """The class path of a Kafka broker; JarsMissing without its jars."""
    return os.pathsep.join(str(jar) for jar in _jars(BROKER))


def is_fetched(conf: str) -> bool:
    """Whether a configuration's jars are those that `ivy.xml` names now."""
    stamp = JARS / conf / STAMP
    return stamp.is_file() and stamp.read_bytes() == IVY_FILE.read_bytes()


def fetch_jars(conf: str, ivy_options: list[str]) -> None:
    """Fetch one configuration's jars, and put them in place all at once: JarsMissing."""
    folder, fresh, cache_folder = JARS / conf, JARS / f"{conf}.new", JARS / "cache" / conf
    shutil.rmtree(fresh, ignore_errors=True)
    pattern = f"{fresh}/[artifact]-[revision].[ext]"
    options = ["-warn", "-cache", str(cache_folder), "-ivy", str(IVY_FILE), "-confs", conf]
    command = [str(find_java()), "-jar", str(_ivy_jar()), *options, "-retrieve", pattern]
    told = subprocess.run([*command, *ivy_options], capture_output=True, text=True)
    if told.returncode or not any(fresh.glob("*.jar")):
        raise JarsMissing(_why_not(conf, told.stdout + told.stderr))
    shutil.copy(IVY_FILE, fresh / STAMP)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def install_java() -> None:
    """Install a Java where it may be done without asking: as root on Debian or Ubuntu."""
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        return
    print("Java: none that is new enough, installing one with apt-get …", flush=True)
    subprocess.run(["apt-get", "update", "-qq"], check=False)
    for package in JAVA_PACKAGES:
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
        if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0:
            return


def _jars(conf: str) -> list[Path]:
    jars = sorted((JARS / conf).glob("*.jar"))
    if not jars:
        raise JarsMissing(f"the {conf}'s jars are not in {JARS / conf}: run `make jars`")
    return jars


def _ivy_jar() -> Path:
    spec = find_spec("pyspark")
    folder = Path(spec.origin).parent / "jars" if spec and spec.origin else JARS
    return next(iter(sorted(folder.glob("ivy-*.jar"))), folder / "ivy.jar")


def _why_not(conf: str, output: str) -> str:
    lines = [line.strip(" :\t") for line in output.splitlines()]
    telling = [line for line in lines if re.search(r"(?i)not found|error|unable|exception", line)]
    return (
        f"the {conf}'s jars cannot be fetched ({telling[0][:200] if telling else 'no reason'}): "
        f"check the network, and that Java trusts its certificates, "
        f"or name a mirror by `python -m pipeline.jars {conf} -settings FILE`, "
        f"or put the jars of {IVY_FILE.name} and a copy of that file into {JARS / conf}"
    )


def main(arguments: list[str]) -> None:
    """Fetch what is missing; without it, which is said, the demo runs over a log directory."""
    conf, *ivy_options = arguments if arguments and arguments[0] in SIZES else [BROKER, *arguments]
    try:
        find_java()
    except JavaMissing:
        install_java()
    if not is_fetched(conf):
        print(f"Jars: fetching the {conf}'s ({SIZES[conf]}) …", flush=True)
        try:
            fetch_jars(conf, ivy_options)
        except (JavaMissing, JarsMissing) as error:
            print(error, file=sys.stderr)
    shutil.rmtree(JARS / "cache", ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
