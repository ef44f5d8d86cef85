"""Why TCP connections were reset, over captures that no one machine holds.

Spark brings the packets of a connection together and in order; what becomes of them is decided by the
same program that decides it on one machine, as a subprocess that reads and writes Arrow IPC streams
(`whyrst pipe`).

    from whyrst_spark import diagnose_captures, register

    register(spark)
    diagnose_captures(spark, "/captures/2026-01-31").groupBy("cause", "service").count().show()
"""

from .diagnose import diagnose, diagnose_captures
from .pair_ends import pair_ends
from .source import WhyrstDataSource, register

__all__ = ["WhyrstDataSource", "diagnose", "diagnose_captures", "pair_ends", "register"]
