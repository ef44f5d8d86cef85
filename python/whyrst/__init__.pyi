"""Why were the TCP connections in a capture reset?"""

from collections.abc import Iterator, Sequence
from os import PathLike
from typing import Literal, Protocol

import pandas
import polars
import pyarrow

from ._record import Record as Record
from .records import CauseReport as CauseReport
from .records import IncidentReport as IncidentReport
from .records import Report as Report
from .records import SummaryReport as SummaryReport

__version__: str
__all__ = [
    "CauseReport",
    "Explained",
    "IncidentReport",
    "ReadError",
    "Record",
    "Report",
    "SummaryReport",
    "causes",
    "explain",
]

class _BinaryFile(Protocol):
    def read(self, size: int, /) -> bytes: ...

class ReadError(OSError):
    file: str
    frame: int | None
    reason: str
    def __init__(self, file: str, frame: int | None, reason: str) -> None: ...

_Table = Literal["resets", "failed_connects", "incidents"]

class Explained:
    def __iter__(self) -> Iterator[Report]: ...
    def __next__(self) -> Report: ...
    @property
    def incidents(self) -> list[IncidentReport]: ...
    @property
    def summary(self) -> SummaryReport: ...
    @property
    def notes(self) -> list[str]: ...
    def to_arrow(self, table: _Table = "resets") -> pyarrow.Table: ...
    def to_pandas(self, table: _Table = "resets") -> pandas.DataFrame: ...
    def to_polars(self, table: _Table = "resets") -> polars.DataFrame: ...

def explain(
    source: str | PathLike[str] | Sequence[str | PathLike[str]] | bytes | bytearray | memoryview | _BinaryFile,
    *,
    all: bool = False,
    filter: str | None = None,
    events: str | PathLike[str] | None = None,
    memory: int | None = None,
    lang: Literal["en", "zh"] = "en",
    name: str | None = None,
) -> Explained: ...
def causes(*, lang: Literal["en", "zh"] = "en") -> dict[str, CauseReport]: ...
