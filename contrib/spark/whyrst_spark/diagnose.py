"""`diagnose`: from packets to resets, over any number of workers.

What a verdict depends on decides what is brought together:

- The packets of a connection. Only connections that may have ended badly are shuffled: those with a
  RST, an ICMP error, or a SYN that may have stayed unanswered. They are a few per cent of all.
- What its *service* did to others: whether it had accepted before, or refused. So the bucket of a
  connection is that of its service, and the SYN-ACKs of that service come along.
- That time passed: a verdict waits for what may still follow. So every bucket is told when captures
  were running.

A bucket is sorted in memory by its own task, and the program checks the order and stops when it is
wrong: no engine's promise about the order of rows is relied on.
"""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Callable

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from . import binary
from .source import TASK_OCTETS, for_spark, spark_schema

#: Buckets, unless told otherwise: right up to some ten gigabytes of captures.
BUCKETS = 64
#: An answer to a SYN that comes later may come too late for the tracker (it gives a connect up
#: after 130 s): such a connection is followed.
ANSWER_WITHIN_NS = 120 * 1_000_000_000


def diagnose_captures(
    spark: SparkSession,
    path: str,
    *,
    buckets: int = BUCKETS,
    first_pass: bool = True,
    program: str | None = None,
    task_octets: int = TASK_OCTETS,
) -> DataFrame:
    """The resets and failed connects in the captures at `path`: a file, a folder or a glob.

    As `diagnose`, and cheaper: the first pass is done where the captures are read, and of the other connections no
    packet becomes a row.
    """
    options = {"path": path, "taskOctets": str(task_octets)} | ({"binary": program} if program else {})
    server = F.struct("guessed", F.col("server_time").alias("time_ns"), _service("server").alias("service"))
    parts = spark.read.format("whyrst").options(table="flows", **options).load()
    seen = parts.withColumn("server", server).persist()
    flows = _flows(seen, first_pass).persist()
    wanted = {"flows": _ship(spark, flows)} if first_pass else {}
    packets = spark.read.format("whyrst").options(**options, **wanted).load()
    return _track(packets, flows, _covered(seen), buckets, program)


def diagnose(
    packets: DataFrame, *, buckets: int = BUCKETS, first_pass: bool = True, program: str | None = None
) -> DataFrame:
    """The resets and failed connects in `packets` (column `schema` tells which).

    `buckets`: choose it so that one holds at most 256 MB of shuffled rows.
    `first_pass`: look for the connections worth following first, and shuffle only these.
    `program`: where `whyrst` is on the workers, when it is not to be looked for.
    """
    seen = _seen(packets).persist()
    flows = _flows(seen, first_pass).persist()
    return _track(packets, flows, _covered(seen), buckets, program)


def _ship(spark: SparkSession, flows: DataFrame) -> str:
    """Brings the flows' numbers to every worker, as `whyrst pipe scan --flows` reads them; the name of the file."""
    numbers = flows.select("flow").toArrow()["flow"].combine_chunks().to_numpy(zero_copy_only=False)
    file = tempfile.NamedTemporaryFile("wb", prefix="whyrst-flows-", delete=False)
    with file:
        numbers.astype("<i8").tofile(file)
    # Spark reads it from here as long as it runs.
    atexit.register(os.unlink, file.name)
    spark.sparkContext.addFile(file.name)
    return os.path.basename(file.name)


def _track(packets: DataFrame, flows: DataFrame, covered: str, buckets: int, program: str | None) -> DataFrame:
    services = flows.select(F.col("service").alias("known_service")).distinct()
    followed = packets.join(flows, "flow", "left")
    heard = F.when(_syn_ack(), _service("src")).when(_asks_ecn(), _service("dst"))
    rows = (
        followed.withColumn("key", F.coalesce("service", heard))
        .where(F.col("key").isNotNull())
        .join(services, F.col("key") == F.col("known_service"), "left_semi")
        .withColumn("overheard", F.col("service").isNull())
        .withColumn("bucket", F.pmod("key", F.lit(buckets)))
        .drop("service", "key")
    )
    here = binary.find(program)
    schema = from_arrow_schema(spark_schema(binary.schema(here, "resets")))
    arrow = binary.schema(here, "packets")
    return rows.groupBy("bucket").applyInArrow(_tracking(program, arrow, covered), schema)


def _syn() -> Column:
    return F.coalesce(F.col("syn") & ~F.col("ack") & ~F.col("rst"), F.lit(False))


def _syn_ack() -> Column:
    return F.coalesce(F.col("syn") & F.col("ack") & ~F.col("rst"), F.lit(False))


def _asks_ecn() -> Column:
    """A SYN that offers ECN (RFC 3168 section 6.1.1)."""
    return _syn() & F.col("flags").contains("E") & F.col("flags").contains("C")


def _service(end: str) -> Column:
    return F.xxhash64(F.concat_ws(" ", F.col(f"{end}_ip"), F.col(f"{end}_port").cast("string")))


def _seen(packets: DataFrame) -> DataFrame:
    """What each file shows of each flow: all that is needed to know before packets are brought together."""
    ended = F.coalesce(F.col("rst"), F.lit(False)) | F.col("icmp").isNotNull()
    serves = (
        F.when(_syn(), _service("dst"))
        .when(_syn_ack() | (F.col("src_port") < F.col("dst_port")), _service("src"))
        .otherwise(_service("dst"))
    )
    guessed = F.when(_syn() | _syn_ack(), 0).otherwise(1)
    asked = F.when(_syn(), F.col("seq"))
    return packets.groupBy("flow", "source").agg(
        F.max(ended).alias("ended"),
        F.min(asked).alias("first_syn"),
        F.max(asked).alias("last_syn"),
        F.min(F.when(_syn(), F.col("time_ns"))).alias("asked"),
        F.max(F.when(_syn_ack(), F.col("time_ns"))).alias("answered"),
        F.min(F.struct(guessed.alias("guessed"), "time_ns", serves.alias("service"))).alias("server"),
        F.min("time_ns").alias("first"),
        F.max("time_ns").alias("last"),
    )


def _flows(seen: DataFrame, first_pass: bool) -> DataFrame:
    """Each flow that is followed, with its service: where its SYN went, else the end with the lower port."""
    flows = seen.groupBy("flow").agg(
        F.max("ended").alias("ended"),
        F.min("first_syn").alias("first_syn"),
        F.max("last_syn").alias("last_syn"),
        F.min("asked").alias("asked"),
        F.max("answered").alias("answered"),
        F.min("server").alias("server"),
    )
    late = F.col("answered") - F.col("asked") > ANSWER_WITHIN_NS
    unanswered = F.col("asked").isNotNull() & (
        F.col("answered").isNull() | (F.col("first_syn") != F.col("last_syn")) | late
    )
    wanted = (F.col("ended") | unanswered) if first_pass else F.lit(True)
    return flows.where(wanted).select("flow", F.col("server.service").alias("service"))


def _covered(seen: DataFrame) -> str:
    times = seen.groupBy("source").agg(F.min("first").alias("first"), F.max("last").alias("last"))
    return "".join(f"{row['first']} {row['last']}\n" for row in times.collect())


def _tracking(program: str | None, packets: pa.Schema, covered: str) -> Callable[[pa.Table], pa.Table]:
    wanted = packets.append(pa.field("overheard", pa.bool_()))

    def track(bucket: pa.Table) -> pa.Table:
        bucket = bucket.sort_by([("time_ns", "ascending"), ("source", "ascending"), ("frame", "ascending")])
        time = bucket["time_ns"].cast(packets.field("time").type)
        bucket = bucket.set_column(bucket.schema.get_field_index("time"), "time", time)
        rows = bucket.select(wanted.names).cast(wanted)
        return for_spark(binary.track(binary.find(program), rows, covered))

    return track
