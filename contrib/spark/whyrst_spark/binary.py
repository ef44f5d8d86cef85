"""The program `whyrst`: where it is, and how rows go in and come out."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from typing import IO

import pyarrow as pa

#: Names the program where it is not on the PATH of the workers.
VARIABLE = "WHYRST"


class WhyrstError(RuntimeError):
    """The program could not do what it was asked; the message is its own."""


def find(named: str | None = None) -> str:
    """The program's path on this machine: `named`, $WHYRST, what `addFile` has brought, or the PATH."""
    for candidate in (named, os.environ.get(VARIABLE), _added(), shutil.which("whyrst")):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise WhyrstError(
        "the program whyrst is not on this worker: put it on the PATH, name it in $WHYRST or in the option `binary`, "
        'or ship it with spark.sparkContext.addFile("/path/to/whyrst")'
    )


def _added() -> str | None:
    try:
        from pyspark import SparkFiles

        return SparkFiles.get("whyrst")
    except Exception:  # No Spark runs in this process, or nothing was added.
        return None


def rows(program: str, arguments: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The rows that `whyrst pipe` writes, as they come."""
    yield from _stream([program, "pipe", *arguments], None)


def schema(program: str, table: str) -> pa.Schema:
    """The Arrow schema of a table of this program."""
    done = subprocess.run([program, "pipe", "schema", table], capture_output=True, check=False)
    if done.returncode != 0:
        raise WhyrstError(done.stderr.decode(errors="replace").strip())
    with pa.ipc.open_stream(done.stdout) as reader:
        return reader.schema


def track(program: str, rows: pa.Table, covered: str) -> pa.Table:
    """The resets and failed connects in packet rows that are in the order of time.

    `covered` says when captures were running: a line "FROM TO" for each, in nanoseconds since 1970.
    """
    with tempfile.NamedTemporaryFile("w", prefix="whyrst-covered-") as file:
        file.write(covered)
        file.flush()
        batches = list(_stream([program, "pipe", "track", "--covered", file.name], rows))
    if not batches:
        return schema(program, "resets").empty_table()
    return pa.Table.from_batches(batches)


def _stream(command: list[str], rows: pa.Table | None) -> Iterator[pa.RecordBatch]:
    with tempfile.TemporaryFile() as complaints:
        # Standard error goes into a file, so that a full pipe never stops the program.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if rows is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
        assert process.stdout is not None
        try:
            feeder = _feed(process.stdin, rows)
            try:
                with pa.ipc.open_stream(process.stdout) as reader:
                    yield from reader
            except (pa.ArrowInvalid, OSError) as damage:
                process.wait()
                raise WhyrstError(_said(command, complaints) or str(damage)) from damage
            if feeder is not None:
                feeder.join()
            if process.wait() != 0:
                raise WhyrstError(_said(command, complaints))
        finally:
            # Also when nobody wants the rest.
            process.kill()
            process.wait()
            process.stdout.close()


def _feed(pipe: IO[bytes] | None, rows: pa.Table | None) -> threading.Thread | None:
    if pipe is None or rows is None:
        return None

    def write() -> None:
        try:
            with pipe, pa.ipc.new_stream(pipe, rows.schema) as writer:
                writer.write_table(rows, max_chunksize=16_384)
        except OSError:
            pass  # The program has ended; its exit status and words say why.

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def _said(command: list[str], complaints: IO[bytes]) -> str:
    complaints.seek(0)
    words = complaints.read().decode(errors="replace").strip()
    return f"{' '.join(command[:3])}: {words or 'ended without a word'}"
