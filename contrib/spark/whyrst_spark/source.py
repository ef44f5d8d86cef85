"""`spark.read.format("whyrst")`: captures as a table of packets, one task for a few files."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyspark import SparkFiles
from pyspark.sql import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from . import binary

#: Octets of captures that one task reads, unless a single file is larger.
TASK_OCTETS = 128 * 1024 * 1024


def register(spark: SparkSession) -> None:
    """Makes the format known to `spark`."""
    spark.dataSource.register(WhyrstDataSource)


def spark_schema(arrow: pa.Schema) -> pa.Schema:
    """The columns as Spark can hold them: it knows no nanoseconds, so `time_ns` keeps them."""
    fields = [pa.field("time_ns", pa.int64())] if "time" in arrow.names else []
    fields += [pa.field(field.name, _spark_type(field.type)) for field in arrow]
    return pa.schema(fields)


def _spark_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC")
    if pa.types.is_list(kind):
        return pa.list_(_spark_type(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(member.name, _spark_type(member.type)) for member in kind])
    return kind


def for_spark(rows: pa.Table) -> pa.Table:
    """Rows as Spark can hold them."""
    if "time" not in rows.column_names:
        return rows
    exact = rows["time"].cast(pa.int64())
    rows = rows.add_column(0, "time_ns", exact)
    # What is finer than a microsecond is in `time_ns`.
    return rows.cast(spark_schema(rows.drop_columns(["time_ns"]).schema), safe=False)


@dataclass
class Files(InputPartition):
    """The files of one task."""

    paths: tuple[str, ...]


class WhyrstDataSource(DataSource):
    """Captures (pcap, pcapng, compressed too) as the table `packets`, or as `flows`: what each file shows of each flow.

    Options: `path` (a file, a folder or a glob, on a file system that every worker has), `binary` (the
    program on the workers), `taskOctets` (how much one task reads), `table`, `flows` (the name of a file that
    `addFile` has brought: `packets` has only rows of the flows whose numbers are in it, and what else
    `whyrst pipe scan --flows` lets through), `columns` (of packets, with commas between: Spark does not tell which
    ones a query needs, and each costs something).
    """

    @classmethod
    def name(cls) -> str:
        return "whyrst"

    def schema(self) -> StructType:
        program = binary.find(self.options.get("binary"))
        whole = binary.schema(program, self._table())
        columns = self._columns()
        arrow = pa.schema([whole.field(name) for name in columns]) if columns else whole
        return from_arrow_schema(spark_schema(arrow))

    def _table(self) -> str:
        return self.options.get("table") or "packets"

    def _columns(self) -> list[str]:
        named = self.options.get("columns")
        return [name.strip() for name in named.split(",")] if named else []

    def reader(self, schema: StructType) -> DataSourceReader:
        path = self.options.get("path")
        if not path:
            raise ValueError('name the captures: spark.read.format("whyrst").load("/captures")')
        octets = int(self.options.get("taskOctets") or TASK_OCTETS)
        if self._table() == "flows":
            command = ["flows"]
        else:
            command = ["scan", *(f"--columns={name}" for name in self._columns())]
        return WhyrstReader(path, self.options.get("binary"), octets, command, self.options.get("flows"))


class WhyrstReader(DataSourceReader):
    def __init__(self, path: str, program: str | None, task_octets: int, command: list[str], flows: str | None) -> None:
        self.path = path
        self.program = program
        self.task_octets = task_octets
        self.command = command
        self.flows = flows

    def partitions(self) -> list[InputPartition]:
        groups: list[InputPartition] = []
        group: list[str] = []
        octets = 0
        for file in _files(self.path):
            size = os.path.getsize(file)
            if group and octets + size > self.task_octets:
                groups.append(Files(tuple(group)))
                group, octets = [], 0
            group.append(file)
            octets += size
        return [*groups, Files(tuple(group))] if group else groups

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        assert isinstance(partition, Files)
        program = binary.find(self.program)
        command = [*self.command, *(["--flows", SparkFiles.get(self.flows)] if self.flows else [])]
        # One call for each file: what cannot be read names its file and fails the task.
        for path in partition.paths:
            for batch in binary.rows(program, [*command, path]):
                yield from for_spark(pa.Table.from_batches([batch])).to_batches()


def _files(path: str) -> list[str]:
    if os.path.isdir(path):
        found = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
    else:
        found = glob.glob(path)
    if not found:
        raise FileNotFoundError(f"there is no capture at {path}")
    return sorted(os.path.abspath(file) for file in found)
