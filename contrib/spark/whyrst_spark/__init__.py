"""Why TCP connections were reset, over captures that no one machine holds.

Spark brings the packets of a connection together and in order; what becomes of them is decided by the
same program that decides it on one machine, as a subprocess that reads and writes Arrow IPC streams
(`whyrst pipe`).

    from whyrst_spark import diagnose, register

    register(spark)
    packets = spark.read.format("whyrst").load("/captures/2026-01-31")
    diagnose(packets).groupBy("cause", "service").count().show()
"""

from .diagnose import diagnose
from .pair_ends import pair_ends
from .source import WhyrstDataSource, register

__all__ = ["WhyrstDataSource", "diagnose", "pair_ends", "register"]
