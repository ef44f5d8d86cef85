"""Why were the TCP connections in a capture reset?

>>> import whyrst
>>> for report in whyrst.explain("trace.pcapng"):
...     print(report.client.ip, report.verdict.cause, report.headline)

Records are those of the program `whyrst explain --format json`: docs/json.md has their members. Words that come out of
packets stay the words of strangers; they are escaped, and print as one line.
"""

from __future__ import annotations

import os as _os

from . import _whyrst
from ._record import Record
from .records import CauseReport, IncidentReport, Report, SummaryReport

__version__ = _whyrst.__version__
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


class ReadError(OSError):
    """A capture that could not be read, or not to its end. What came before it was given."""

    def __init__(self, file, frame, reason):
        at = "" if frame is None else f" after frame {frame}"
        super().__init__(f"cannot read {_escaped(file)}{at}: {_escaped(reason)}")
        #: The file as it was named; in an archive with the member's name behind it.
        self.file = file
        #: The last frame that was read; None where the file could not be opened.
        self.frame = frame
        #: What is wrong.
        self.reason = reason

    def __reduce__(self):
        return type(self), (self.file, self.frame, self.reason)


def _escaped(text):
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


class Explained:
    """The reports of a capture, one after the other as it is read; then, as a ReadError, what could not be read.

    The tables (`to_arrow`, `to_pandas`, `to_polars`) are of the records that are still to come.
    """

    def __init__(self, reading):
        self._reading = reading

    def __iter__(self):
        return self

    def __next__(self) -> Report:
        following = self._reading.next()
        if following is None:
            raise StopIteration
        if isinstance(following, tuple):
            raise ReadError(*following)
        return Report.of_json(following)

    @property
    def incidents(self) -> list[IncidentReport]:
        """What several of the reports so far have in common."""
        return [IncidentReport.of_json(line) for line in self._reading.incidents()]

    @property
    def summary(self) -> SummaryReport:
        """What was read so far, in numbers: `explain --summary --format json`."""
        return SummaryReport.of_json(self._reading.summary())

    @property
    def notes(self) -> list[str]:
        """What has to be said of the reading so far: what was cut, passed over, forgotten."""
        return self._reading.notes()

    def to_arrow(self, table="resets"):
        """A pyarrow.Table of "resets", "failed_connects" (with all=True) or "incidents"; columns: docs/rows.md."""
        return _pyarrow().ipc.open_stream(self._rows(table)).read_all()

    def to_pandas(self, table="resets"):
        """The same as a pandas.DataFrame."""
        return self.to_arrow(table).to_pandas()

    def to_polars(self, table="resets"):
        """The same as a polars.DataFrame."""
        try:
            import polars
        except ImportError as error:
            raise ImportError("to_polars() needs polars: pip install 'whyrst[polars]'") from error
        return polars.read_ipc_stream(self._rows(table))

    def _rows(self, table):
        lines = [report.json for report in self]
        if table == "incidents":
            lines = self._reading.incidents()
        return _whyrst.rows(lines, table)


def _pyarrow():
    try:
        import pyarrow.ipc
    except ImportError as error:
        raise ImportError("tables need pyarrow: pip install 'whyrst[arrow]' (or whyrst[pandas])") from error
    return pyarrow


def explain(source, *, all=False, filter=None, events=None, memory=None, lang="en", name=None) -> Explained:
    """Why was each connection in a capture reset?

    source: a path, a folder or archive of captures, several paths that are read as one, bytes, or a binary file.
    all: also connects that failed without any RST.
    filter: only segments that match, in tcpdump's language.
    events: a recording of the kernel's events, to join with the packets.
    memory: bytes for connections, 512 MiB when not said; beyond it the quietest are forgotten, and notes say so.
    lang: "en" or "zh".
    name: what `source` of the records is, whatever the file is called.
    """
    if isinstance(source, (str, _os.PathLike)):
        source = [_os.fspath(source)]
    elif isinstance(source, (bytearray, memoryview)):
        source = bytes(source)
    begun = _whyrst.begin(
        source,
        failed_connects=all,
        filter=filter,
        events=events,
        memory=memory,
        chinese=_is_chinese(lang),
        name=name,
    )
    if isinstance(begun, tuple):
        raise ReadError(*begun)
    return Explained(begun)


def causes(*, lang="en") -> dict[str, CauseReport]:
    """The catalogue: each cause by its id."""
    pages = map(CauseReport.of_json, _whyrst.causes(_is_chinese(lang)))
    return {page.id: page for page in pages}


def _is_chinese(lang):
    if lang not in ("en", "zh"):
        raise ValueError(f'lang is "en" or "zh", not {lang!r}')
    return lang == "zh"
