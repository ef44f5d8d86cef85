"""The package as it is installed: a wheel in an environment of its own, over all fixtures, beside the program.

`cargo xtask python` runs it: test_whyrst.py WHYRST FIXTURES.
"""

import io
import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import pandas
import polars
import pyarrow

import whyrst

WHYRST, FIXTURES = (Path(argument).resolve() for argument in (sys.argv.pop(1), sys.argv.pop(1)))
CAPTURES = sorted([*FIXTURES.glob("*/client.pcapng"), *FIXTURES.glob("*/server.pcapng")])
CLOSE_UNREAD = FIXTURES / "close-unread/client.pcapng"


def printed(*arguments):
    command = [str(WHYRST), "explain", "--format", "json", *map(str, arguments)]
    output = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    return output.stdout.splitlines()


def lines(explained):
    return [report.json for report in explained] + [incident.json for incident in explained.incidents]


class Whyrst(unittest.TestCase):
    def test_every_fixture_is_told_as_the_program_tells_it(self):
        self.assertGreater(len(CAPTURES), 200)
        told = 0
        for capture in CAPTURES:
            wanted = printed("--all", capture)
            self.assertEqual(lines(whyrst.explain(capture, all=True)), wanted)
            content = capture.read_bytes()
            name = str(capture)
            self.assertEqual(lines(whyrst.explain(content, all=True, name=name)), wanted)
            with capture.open("rb") as file:
                self.assertEqual(lines(whyrst.explain(file, all=True, name=name)), wanted)
            told += len(wanted)
        self.assertGreater(told, 200)

    def test_members_are_attributes_with_types(self):
        [report] = whyrst.explain(str(CLOSE_UNREAD))
        self.assertIsInstance(report, whyrst.Report)
        self.assertIsInstance(report.client, whyrst.records.Endpoint)
        self.assertIsInstance(report.resets[0], whyrst.records.ResetReport)
        self.assertEqual(report.resets[0].from_, "server")
        self.assertEqual(report.mechanism.cause, "close-unread")
        self.assertEqual(report.evidence[0].frames, report.to_dict()["evidence"][0]["frames"])
        self.assertIsNone(report.vantage, "a member that this record does not have")
        self.assertEqual(json.loads(report.json), report.to_dict())
        self.assertEqual(pickle.loads(pickle.dumps(report)), report)
        self.assertIn("close-unread", repr(report.verdict))
        with self.assertRaises(AttributeError):
            report.no_such_member

    def test_every_member_of_every_fixture_is_known(self):
        def walk(record):
            for name, value in record.to_dict().items():
                self.assertIn(name, record._types, type(record).__name__)
                typed = getattr(record, name + "_" if name in ("from", "in") else name)
                for one in typed if isinstance(typed, list) else [typed]:
                    if isinstance(one, whyrst.Record):
                        walk(one)

        for capture in CAPTURES[::5]:
            explained = whyrst.explain(capture, all=True)
            for report in explained:
                walk(report)
            walk(explained.summary)

    def test_tables_have_the_columns_of_rows(self):
        reports = list(whyrst.explain(FIXTURES))
        table = whyrst.explain(FIXTURES).to_arrow()
        self.assertEqual(table.num_rows, len(reports))
        self.assertEqual(table.column("cause").to_pylist(), [report.verdict.cause for report in reports])
        frame = whyrst.explain(FIXTURES).to_pandas()
        self.assertIsInstance(frame, pandas.DataFrame)
        self.assertEqual(list(frame["cause"]), table.column("cause").to_pylist())
        frame = whyrst.explain(FIXTURES).to_polars()
        self.assertIsInstance(frame, polars.DataFrame)
        self.assertEqual(frame["cause"].to_list(), table.column("cause").to_pylist())
        self.assertEqual(frame.columns, table.column_names)
        self.assertTrue(pyarrow.types.is_timestamp(table.schema.field("time").type))
        failed = whyrst.explain(FIXTURES / "fw-drop-syn/client.pcapng", all=True).to_arrow("failed_connects")
        self.assertEqual(failed.num_rows, 1)
        incidents = whyrst.explain(FIXTURES)
        self.assertEqual(incidents.to_arrow("incidents").num_rows, len(incidents.incidents))
        empty = whyrst.explain(FIXTURES / "fw-drop-syn/client.pcapng").to_arrow()
        self.assertEqual((empty.num_rows, empty.column_names), (0, table.column_names))
        with self.assertRaises(ValueError):
            whyrst.explain(CLOSE_UNREAD).to_arrow("no_such_table")

    def test_what_cannot_be_read_has_file_frame_and_reason(self):
        with self.assertRaises(whyrst.ReadError) as raised:
            whyrst.explain("/there/is/none.pcap")
        self.assertEqual((raised.exception.file, raised.exception.frame), ("/there/is/none.pcap", None))
        self.assertIn("No such file", raised.exception.reason)
        self.assertIsInstance(raised.exception, OSError)
        with self.assertRaisesRegex(whyrst.ReadError, "not a capture"):
            whyrst.explain(b"\x89PNG\r\n\x1a\n0000000000")
        with self.assertRaisesRegex(whyrst.ReadError, "empty"):
            whyrst.explain(b"")
        with self.assertRaisesRegex(whyrst.ReadError, "binary mode"):
            whyrst.explain(io.StringIO("text"))
        with self.assertRaises(TypeError):
            whyrst.explain(7)
        with self.assertRaisesRegex(ValueError, "no capture is named"):
            whyrst.explain([])
        with self.assertRaisesRegex(ValueError, "filter"):
            whyrst.explain(CLOSE_UNREAD, filter="host and and")
        self.assertEqual(pickle.loads(pickle.dumps(raised.exception)).file, "/there/is/none.pcap")

    def test_what_came_before_an_error_is_given_first(self):
        content = (FIXTURES / "refused-in-words/server.pcapng").read_bytes()

        class Failing(io.RawIOBase):
            left = len(content) - 8

            def read(self, size=-1):
                if self.left == 0:
                    raise OSError("the share is gone")
                piece = content[: min(size, self.left)]
                self.left -= len(piece)
                return piece

        given = []
        with self.assertRaises(whyrst.ReadError) as raised:
            for report in whyrst.explain(Failing()):
                given.append(report)
        self.assertEqual([report.resets[0].frame for report in given], [7])
        self.assertEqual((raised.exception.file, raised.exception.frame), ("reader", 8))
        self.assertIn("the share is gone", raised.exception.reason)

    def test_any_bytes_are_an_error_or_a_capture(self):
        content = CLOSE_UNREAD.read_bytes()
        for length in range(0, len(content), 101):
            for octets in (content[:length], bytes(length), content[length:], content[:length] + b"\xff" * 50):
                try:
                    list(whyrst.explain(octets))
                except whyrst.ReadError as error:
                    self.assertTrue(error.reason)

    def test_a_cut_capture_says_so(self):
        explained = whyrst.explain(CLOSE_UNREAD.read_bytes()[:-5])
        list(explained)
        self.assertTrue(any("cut in the middle of frame" in note for note in explained.notes), explained.notes)

    def test_several_paths_and_folders_are_one_capture(self):
        both = [CLOSE_UNREAD, CLOSE_UNREAD.with_name("server.pcapng")]
        self.assertEqual(lines(whyrst.explain(both)), printed(*both))
        self.assertEqual(lines(whyrst.explain(CLOSE_UNREAD.parent)), printed(CLOSE_UNREAD.parent))

    def test_the_kernels_word_is_joined(self):
        events = CLOSE_UNREAD.with_name("events.jsonl")
        wanted = printed("--events", events, CLOSE_UNREAD.with_name("server.pcapng"))
        self.assertEqual(lines(whyrst.explain(CLOSE_UNREAD.with_name("server.pcapng"), events=events)), wanted)

    def test_the_catalogue(self):
        causes = whyrst.causes()
        self.assertGreater(len(causes), 100)
        self.assertTrue(causes["close-unread"].advice)
        self.assertNotEqual(whyrst.causes(lang="zh")["close-unread"].title, causes["close-unread"].title)
        with self.assertRaises(ValueError):
            whyrst.causes(lang="fr")

    def test_threads_do_not_wait_for_each_other_for_ever(self):
        explained = whyrst.explain(FIXTURES)
        given, errors = [], []

        def read():
            while True:
                try:
                    given.append(next(explained))
                except StopIteration:
                    return
                except RuntimeError as error:
                    errors.append(error)

        threads = [threading.Thread(target=read) for _ in range(3)]
        [thread.start() for thread in threads]
        [thread.join(timeout=120) for thread in threads]
        self.assertFalse(any(thread.is_alive() for thread in threads))
        self.assertEqual(len(given), len(list(whyrst.explain(FIXTURES))))

    def test_a_compressed_capture(self):
        import gzip

        with tempfile.NamedTemporaryFile(suffix=".gz") as file:
            file.write(gzip.compress(CLOSE_UNREAD.read_bytes()))
            file.flush()
            [report] = whyrst.explain(file.name)
        self.assertEqual(report.mechanism.cause, "close-unread")


if __name__ == "__main__":
    unittest.main()
