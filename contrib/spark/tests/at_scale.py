"""Captures of any size through the cluster of `test_cluster`, against one process: the same rows, and what they cost.

`cargo xtask spark --bytes SIZE` runs it and puts what it prints into docs/scale.md. WHYRST is the program (a release
build), CAPTURE the capture, which is cut into files as a rotating tcpdump leaves them and then removed.
"""

from __future__ import annotations

import mmap
import os
import resource
import struct
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
from pyspark.sql import SparkSession
from test_cluster import CAPTURE, WHYRST, Cluster, explain_to
from whyrst_spark import diagnose_captures, register
from whyrst_spark.source import for_spark

FILE = 128 * 1024 * 1024
KEYS = [(name, "ascending") for name in ("time_ns", "source", "frame", "client_port")]


def rotate(capture: Path, folder: Path) -> int:
    """Cuts a little-endian pcap into files of FILE octets; how many packets it has."""
    packets, number = 0, 0
    with open(capture, "rb") as whole, mmap.mmap(whole.fileno(), 0, access=mmap.ACCESS_READ) as data:
        header, begin, at = data[:24], 24, 24
        while at + 16 <= len(data):
            at += 16 + struct.unpack_from("<I", data, at + 8)[0]
            packets += 1
            if at - begin >= FILE or at + 16 > len(data):
                with open(folder / f"ring{number:04}.pcap", "wb") as part:
                    part.write(header)
                    part.write(data[begin:at])
                begin, number = at, number + 1
    return packets


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_below(ancestor: int) -> float:
    """What a process and all below it have used of the processor so far, with those that have ended (proc(5))."""
    parents, ticks = {}, {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # It has ended meanwhile.
        parents[int(process.name)] = int(fields[1])
        ticks[int(process.name)] = sum(map(int, fields[11:15]))

    def is_below(process: int) -> bool:
        while process not in (0, ancestor):
            process = parents.get(process, 0)
        return process == ancestor

    return sum(ticks[process] for process in parents if is_below(process)) / os.sysconf("SC_CLK_TCK")


def in_order(table: pa.Table) -> pa.Table:
    return table.select(sorted(table.column_names)).sort_by(KEYS)


def rows(folder: Path, *tables: str) -> pa.Table:
    found = [ds.dataset(folder / table, format="parquet", partitioning=None).to_table() for table in tables]
    return pa.concat_tables([table.replace_schema_metadata(None) for table in found])


def compare(found: pa.Table, expected: pa.Table) -> None:
    assert len(found) == len(expected), f"{len(found)} rows of the cluster, {len(expected)} of one process"
    found = found.cast(expected.schema)
    for name in expected.column_names:
        pairs = zip(found[name].to_pylist(), expected[name].to_pylist())
        differing = [row for row, (one, other) in enumerate(pairs) if one != other]
        if differing:
            first = differing[0]
            of_cluster, of_one = (table.slice(first, 1).to_pylist()[0] for table in (found, expected))
            answers = [{one["question"]: one["text"] for one in row["evidence"]} for row in (of_cluster, of_one)]
            words = {name: tuple(row.get(name) for row in answers) for name in answers[0] | answers[1]}
            words = {name: both for name, both in words.items() if both[0] != both[1]}
            place = f"{of_one['source']} frame {of_one['frame']}"
            raise AssertionError(f"{len(differing)} rows differ in {name}; at {place}, cluster and one process: {words}")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="whyrst-scale-", dir=CAPTURE.parent) as scratch_name:
        scratch = Path(scratch_name)
        captures = scratch / "captures"
        captures.mkdir()
        size = CAPTURE.stat().st_size
        packets = rotate(CAPTURE, captures)
        CAPTURE.unlink()
        files = sorted(captures.iterdir())
        began, before = time.monotonic(), cpu_of_children()
        explain_to(scratch / "rows", files)
        one_wall, one_cpu = time.monotonic() - began, cpu_of_children() - before
        cluster = Cluster(scratch)
        try:
            spark = (
                SparkSession.builder.master(cluster.url)
                .appName("whyrst at scale")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.ui.enabled", "false")
                .config("spark.ui.showConsoleProgress", "false")
                # Of a cached table Spark does not choose it itself: as many as one would for two cores.
                .config("spark.sql.shuffle.partitions", "32")
                .config("spark.executor.memory", "700m")
                .config("spark.executorEnv.PYTHONPATH", os.environ["PYTHONPATH"])
                .config("spark.executorEnv.WHYRST", WHYRST)
                .config("spark.sql.parquet.compression.codec", "zstd")
                .getOrCreate()
            )
            register(spark)
            began = time.monotonic()
            diagnose_captures(spark, str(captures), task_octets=FILE).write.parquet(str(scratch / "found"))
            wall = time.monotonic() - began
            workers = sum(cpu_below(worker.pid) for worker in cluster.workers)
            executors = spark.sparkContext._jsc.sc().statusStore().executorList(False)
            written = sum(executors.apply(place).totalShuffleWrite() for place in range(executors.size()))
            spark.stop()
        finally:
            cluster.stop()
        tables = [table for table in ("resets", "failed_connects") if (scratch / "rows" / table).exists()]
        expected = in_order(for_spark(rows(scratch / "rows", *tables)))
        compare(in_order(rows(scratch, "found")), expected)
    say(size, packets, len(files), len(expected), (one_wall, one_cpu), (wall, workers, written))


def say(size: int, packets: int, files: int, found: int, one: tuple[float, float], cluster: tuple[float, float, int]) -> None:
    (one_wall, one_cpu), (wall, workers, written) = one, cluster
    hours = workers / size * 10e12 / 3600
    table = [
        (f"{size / 2**30:.2g} GiB, {packets:,} packets in {files} files", ""),
        ("resets and failed connects, each row as `whyrst explain` has it", f"{found:,}"),
        ("`whyrst explain --parquet` on one machine", f"{one_wall:.0f} s, {one_cpu:.0f} s of the processor"),
        ("the cluster, two workers with a core each", f"{wall:.0f} s, {workers:.0f} s of the processor"),
        ("of the processor for a packet", f"{workers / packets * 1e6:.1f} us"),
        ("shuffled, compressed", f"{written / 1e6:,.0f} MB: {written / size * 100:.2f} % of the captures"),
        ("so for 10 TB of such captures", f"{hours:,.0f} core-hours, {written / size * 10e12 / 1e9:,.0f} GB shuffled"),
    ]
    (head, _), *lines = table
    print(f"| {head} | |\n|---|---|")
    print("\n".join(f"| {what} | {much} |" for what, much in lines))


if __name__ == "__main__":
    sys.exit(main())
