"""`pair_ends` on what the lab recorded at both ends, against `explain --vantage` of the same captures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession
from whyrst_spark import binary, pair_ends
from whyrst_spark.source import for_spark

WHYRST = os.environ["WHYRST"]
# Before Spark starts: its Python processes are of this environment.
os.environ["PYSPARK_PYTHON"] = sys.executable
FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
ENDS = ("client", "server")
#: Behind a NAT both ends call the connection by other names; rows alone do not tell that they are one.
REWRITTEN = {"conntrack-invalid-dnat", "nat-port-collision"}


def links() -> list[Path]:
    found = sorted(path for path in FIXTURES.iterdir() if all((path / f"{end}.pcapng").exists() for end in ENDS))
    return [path for path in found if path.name not in REWRITTEN]


def linked(rows: pa.Table, link: Path) -> pa.Table:
    return rows.append_column("link", pa.array([link.name] * len(rows), pa.string()))


def explain(*arguments: str) -> str:
    done = subprocess.run([WHYRST, "explain", "--all", *arguments], capture_output=True, check=False)
    # 1: some reset stays unexplained.
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.decode()


def endings(capture: Path) -> list[pa.Table]:
    with tempfile.TemporaryDirectory() as folder:
        explain("--quiet", "-o", "/dev/null", "--parquet", folder, str(capture))
        found = [file for name in ("resets", "failed_connects") for file in (Path(folder) / name).rglob("*.parquet")]
        tables = [pa.Table.from_batches(pq.ParquetFile(file).iter_batches()) for file in found]
        return [for_spark(table.replace_schema_metadata(None)) for table in tables]


def joined(link: Path) -> list[tuple[str, str, str, str]]:
    """What `--vantage` says."""
    points = [f"{end}={link / end}.pcapng" for end in ENDS]
    lines = map(json.loads, explain("--format", "json", "--vantage", *points).splitlines())
    return [
        (line["client"]["port"], line["verdict"]["cause"], line["verdict"]["confidence"], line["origin"])
        for line in lines
        if line["schema"] in ("whyrst.reset/1", "whyrst.failed-connect/1")
    ]


class PairEndsTest(unittest.TestCase):
    def test_the_verdicts_are_those_of_vantage(self) -> None:
        spark = (
            SparkSession.builder.master("local[2]")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "4")
            .config("spark.sql.session.timeZone", "UTC")
            .getOrCreate()
        )
        rows, packets = [], []
        for link in links():
            for end in ENDS:
                capture = link / f"{end}.pcapng"
                rows += [linked(table, link) for table in endings(capture)]
                scanned = [for_spark(pa.Table.from_batches([batch])) for batch in binary.rows(WHYRST, ["scan", str(capture)])]
                packets += [linked(table.replace_schema_metadata(None), link) for table in scanned]
        found = pair_ends(
            spark.createDataFrame(pa.concat_tables(rows)), spark.createDataFrame(pa.concat_tables(packets))
        ).collect()
        compared = 0
        for link in links():
            mine = sorted(
                (row["client_port"], row["cause"], row["confidence"], row["origin"])
                for row in found
                if row["link"] == link.name
            )
            with self.subTest(link=link.name):
                self.assertEqual(mine, sorted(joined(link)))
            compared += len(mine)
        self.assertGreater(compared, 100)


if __name__ == "__main__":
    unittest.main(verbosity=2)
