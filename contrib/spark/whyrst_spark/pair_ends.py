"""`pair_ends`: both ends of each connection as one verdict, from the rows of both."""

from __future__ import annotations

from importlib.resources import files

from pyspark.sql import DataFrame

#: The query, in the common subset of SQL dialects.
QUERY = files(__package__).joinpath("pair_ends.sql").read_text()


def pair_ends(endings: DataFrame, packets: DataFrame) -> DataFrame:
    """The verdicts of `explain --vantage`, for captures or hosts that recorded the same connections.

    `endings`: resets and failed connects, each end diagnosed by itself; `packets`: at least the packets of
    their connections. Both with `time_ns` and a column `link` that says whose rows belong together: two
    captures of one link, say, or the same text everywhere for a fleet.
    """
    spark = endings.sparkSession
    endings.createOrReplaceTempView("linked_endings")
    packets.createOrReplaceTempView("linked_packets")
    return spark.sql(QUERY)
