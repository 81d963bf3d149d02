"""A standalone Spark cluster of a master and two workers, which know nothing of this package."""

import os
import subprocess
import sysconfig
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import pyspark
import pytest

from pipeline.demo.process import free_port, is_taken
from pipeline.jars import find_java
from tests.kafka.test_pipeline import publish, records
from tests.server import Server, line_counts, table_counts

DEPLOY = "org.apache.spark.deploy"


@dataclass(frozen=True)
class Cluster:
    """Its `spark://` address, and its workers."""

    master: str
    workers: list[subprocess.Popen[bytes]]

    def kill_a_worker(self) -> None:
        """With -9, and with it the executor that it has started."""
        worker = psutil.Process(self.workers.pop().pid)
        for each in [worker, *worker.children(recursive=True)]:
            each.kill()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running one."""
    folder, port = tmp_path_factory.mktemp("cluster"), free_port()
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": str(folder)}
    environment["JAVA_HOME"] = str(find_java().parents[1])
    for name in ("PYTHONPATH", "PYSPARK_PYTHON"):
        environment.pop(name, None)
    spark_class = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
    common = ["--host", "127.0.0.1", "--webui-port", "0"]
    master = f"spark://127.0.0.1:{port}"
    with ExitStack() as stack, (folder / "log").open("wb") as log:

        def start(*arguments: str) -> subprocess.Popen[bytes]:
            command = [spark_class, *arguments, *common]
            process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        start(f"{DEPLOY}.master.Master", "--port", str(port))
        deadline = time.monotonic() + 60
        while not is_taken(port):
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.2)
        worker = (f"{DEPLOY}.worker.Worker", master, "--cores", "1", "--memory", "1g")
        yield Cluster(master, [start(*worker) for _ in range(2)])


@pytest.fixture
def worker_python(tmp_path: Path) -> Path:
    """Another environment than the server's, elsewhere, that notes whenever it is run."""
    elsewhere = tmp_path / "elsewhere"
    venv.create(elsewhere, symlinks=True)
    [packages] = elsewhere.glob("lib/python*/site-packages")
    (packages / "own.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ntouch {python}.ran\nexec {elsewhere}/bin/python "$@"\n')
    python.chmod(0o755)
    return python


def test_a_log_directory_is_read_by_the_workers_of_a_cluster(
    cluster: Cluster, tmp_path: Path
) -> None:
    lines = records(3_000)
    (tmp_path / "dns.log").write_text("".join(f"{line}\n" for line in lines))
    settings = {"source": "logs", "log_dir": tmp_path, "start": "earliest"}
    assert counted_there(cluster.master, tmp_path, 3_000, **settings) == line_counts(lines)


def test_kafka_is_read_by_a_cluster_and_a_worker_that_is_killed_loses_and_doubles_nothing(
    cluster: Cluster,
    broker: str,
    new_topic: Callable[..., str],
    tmp_path: Path,
    worker_python: Path,
) -> None:
    topic, lines = new_topic(), records(40_000)
    publish(broker, topic, lines)
    settings = {"kafka_servers": broker, "kafka_topics": topic, "start": "earliest"}
    settings["worker_python"] = str(worker_python)
    # Batches follow each other at once: whenever it dies, one is running.
    settings |= {"max_batch_records": 4_000, "trigger": "0.1s"}

    def harm(server: Server) -> None:
        server.wait_for_records(8_000)
        assert server.metric("records_counted_total") < len(lines)
        cluster.kill_a_worker()

    counted = counted_there(cluster.master, tmp_path, len(lines), harm, **settings)
    assert counted == line_counts(lines)
    assert Path(f"{worker_python}.ran").exists()


def counted_there(
    master: str,
    folder: Path,
    count: int,
    meanwhile: Callable[[Server], None] = lambda server: None,
    **settings: object,
) -> object:
    """What a server that runs on the cluster has counted."""
    state = folder / "state"
    state.mkdir()
    with Server(folder, **{**settings, "state_dir": state, "master": master}) as server:
        meanwhile(server)
        server.wait_for_records(count)
        server.stop()
    return table_counts(state)
