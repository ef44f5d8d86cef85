"""`diagnose` on a real Spark cluster (a master and two workers on loopback) against the same captures
read by one process: the same rows, every time, also when a worker is killed in the middle.

Run by `cargo xtask spark`, which sets WHYRST (the program) and CAPTURE (a capture to be rotated).
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from whyrst_spark import diagnose, diagnose_captures, register
from whyrst_spark.source import for_spark

WHYRST = os.environ["WHYRST"]
# Before Spark starts: its Python processes are of this environment.
os.environ["PYSPARK_PYTHON"] = sys.executable
CAPTURE = Path(os.environ["CAPTURE"])
FILES = 16
RUNS = 5
SPARK_HOME = Path(pyspark.__file__).parent


def rotate(capture: Path, folder: Path) -> None:
    """Cuts a little-endian pcap into FILES files of as many packets each."""
    data = capture.read_bytes()
    header, at, records = data[:24], 24, []
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        records.append(data[at : at + 16 + length])
        at += 16 + length
    share = -(-len(records) // FILES)
    for number in range(FILES):
        part = records[number * share : (number + 1) * share]
        (folder / f"ring{number:02}.pcap").write_bytes(header + b"".join(part))


def explain_to(rows: Path, files: list[Path]) -> None:
    """What one process says of all files together, as Parquet."""
    command = [WHYRST, "explain", "--all", "--quiet", "-o", "/dev/null", "--parquet", str(rows), *map(str, files)]
    # 1: some reset stays unexplained.
    assert subprocess.run(command, check=False).returncode in (0, 1)


def embedded(folder: Path, scratch: Path) -> list[dict]:
    """The same, as rows of Python."""
    explain_to(scratch, sorted(folder.iterdir()))
    tables = [
        pa.Table.from_batches(pq.ParquetFile(file).iter_batches())
        for name in ("resets", "failed_connects")
        for file in sorted((scratch / name).rglob("*.parquet"))
    ]
    return in_order(for_spark(pa.concat_tables(tables).replace_schema_metadata(None)))


def in_order(rows: pa.Table) -> list[dict]:
    found = rows.to_pylist()
    return sorted(found, key=lambda row: (row["time_ns"], row["source"], row["frame"] or 0, row["client_port"]))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Cluster:
    """Spark's own master and workers, as processes of their own."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.master_port = free_port()
        self.processes: list[subprocess.Popen] = []
        self.start("Master", "--port", str(self.master_port))
        self.wait_for_port()
        self.workers = [self.start_worker(number) for number in range(2)]

    @property
    def url(self) -> str:
        return f"spark://127.0.0.1:{self.master_port}"

    def start(self, role: str, *arguments: str) -> subprocess.Popen:
        place = "master.Master" if role == "Master" else "worker.Worker"
        command = [str(SPARK_HOME / "bin/spark-class"), f"org.apache.spark.deploy.{place}", "--host", "127.0.0.1"]
        environment = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m"}
        log = open(self.scratch / f"{role}-{len(self.processes)}.log", "wb")
        # A group of its own, so that a worker can be killed with its executors.
        process = subprocess.Popen(
            [*command, "--webui-port", str(free_port()), *arguments],
            env=environment, stdout=log, stderr=log, start_new_session=True,
        )
        self.processes.append(process)
        return process

    def start_worker(self, number: int) -> subprocess.Popen:
        work = self.scratch / f"worker{number}"
        return self.start("Worker", "-c", "1", "-m", "1g", "-d", str(work), self.url)

    def wait_for_port(self) -> None:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.master_port)) == 0:
                    return
            time.sleep(0.2)
        raise TimeoutError("the master does not listen")

    def stop(self) -> None:
        for process in self.processes:
            kill(process)


def kill(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


class ClusterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.scratch = tempfile.TemporaryDirectory(prefix="whyrst-spark-")
        scratch = Path(cls.scratch.name)
        cls.captures = scratch / "captures"
        cls.captures.mkdir()
        rotate(CAPTURE, cls.captures)
        cls.expected = embedded(cls.captures, scratch / "rows")
        cls.cluster = Cluster(scratch)
        package = str(Path(__file__).resolve().parents[1])
        cls.spark = (
            SparkSession.builder.master(cls.cluster.url)
            .appName("whyrst")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.executor.memory", "700m")
            .config("spark.executorEnv.PYTHONPATH", package)
            .config("spark.executorEnv.WHYRST", WHYRST)
            .config("spark.sql.shuffle.partitions", "8")
            # Two executors, and the job must not begin on one alone.
            .config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
            .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "60s")
            .getOrCreate()
        )
        register(cls.spark)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.spark.stop()
        cls.cluster.stop()
        cls.scratch.cleanup()

    def packets(self):
        return self.spark.read.format("whyrst").option("taskOctets", 1).load(str(self.captures))

    def diagnosed(self, **options) -> list[dict]:
        resets = diagnose_captures(self.spark, str(self.captures), buckets=16, task_octets=1, **options)
        return in_order(resets.toArrow())

    def compare(self, found: list[dict]) -> None:
        self.assertEqual(len(found), len(self.expected))
        for one, other in zip(found, self.expected):
            differing = {name: (one[name], other[name]) for name in other if one[name] != other[name]}
            self.assertEqual(differing, {}, f"{other['source']} frame {other['frame']}")

    def test_1_connections_span_all_files(self) -> None:
        files = self.packets().groupBy("flow").agg(F.count_distinct("source").alias("files"))
        self.assertEqual(files.agg(F.max("files")).first()[0], FILES)
        self.assertGreater(len(self.expected), 100)

    def test_2_the_same_rows_as_one_process_every_time(self) -> None:
        for run in range(RUNS):
            with self.subTest(run=run):
                self.compare(self.diagnosed())

    def test_3_without_the_first_pass_as_well(self) -> None:
        self.compare(self.diagnosed(first_pass=False))

    def test_4_of_packets_that_were_read_before(self) -> None:
        self.compare(in_order(diagnose(self.packets(), buckets=16).toArrow()))

    def test_5_the_same_rows_when_a_worker_is_killed_in_the_middle(self) -> None:
        began = time.monotonic()
        self.diagnosed()
        middle = (time.monotonic() - began) / 2
        killer = threading.Timer(middle, kill, [self.cluster.workers[0]])
        killer.start()
        found = self.diagnosed()
        killer.join()
        self.assertIsNotNone(self.cluster.workers[0].poll(), "the worker was not killed in time")
        self.compare(found)


if __name__ == "__main__":
    unittest.main(verbosity=2)
