"""`whyrst agent`: counts that add up, a sample, what waits while a receiver is away. Needs root, for the probe."""

import datetime
import pathlib
import tempfile
import unittest

from clickhouse import CONTRIB, ClickHouse
from receivers import Receiver, Whyrst, free_port, trouble, until

TOP = (CONTRIB / "clickhouse/top-causes.sql").read_text().rstrip().rstrip(";")
BOTH = (CONTRIB / "clickhouse/both-ends.sql").read_text()


class AgentToClickHouse(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = ClickHouse()
        cls.addClassCleanup(cls.engine.stop)

    def setUp(self):
        self.engine.away = False
        self.buffer = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def agent(self, *more, **environment):
        whyrst = Whyrst("agent", "--clickhouse", self.engine.url, "--metrics", "0", "--interval", "1",
                        "--buffer", self.buffer, *more, **environment)
        self.addCleanup(whyrst.stop)
        return whyrst

    def counted(self, port):
        rows = self.engine.rows(f"SELECT cause, sum(count) AS n FROM whyrst.aggregates WHERE service = '127.0.0.1:{port}' GROUP BY cause")
        return {row["cause"]: int(row["n"]) for row in rows}

    def test_counts_and_full_events_arrive(self):
        port = free_port()
        whyrst = self.agent(CLICKHOUSE_USER="reader", CLICKHOUSE_PASSWORD="secret")
        trouble(port, 2)
        until("the counts", lambda: self.counted(port) == {"closed-port": 4, "close-unread": 2})
        self.assertEqual(self.engine.headers[-1]["x-clickhouse-user"], "reader")
        query = f"SELECT * FROM whyrst.resets WHERE server_port = {port} AND cause = 'close-unread'"
        until("both full events", lambda: len(self.engine.rows(query)) == 2)
        rows = self.engine.rows(query)
        self.assertIn('"schema":"whyrst.reset/1"', rows[0]["report"])
        flow = self.engine.rows(
            "SELECT lower(hex(substring(SHA256(concat('tcp ', least(a, b), ' ', greatest(a, b))), 1, 8))) AS flow FROM "
            f"(SELECT '127.0.0.1:{rows[0]['client_port']}' AS a, '127.0.0.1:{port}' AS b)")
        self.assertEqual(rows[0]["flow"], flow[0]["flow"])
        top = {(row["service"], row["cause"]): int(row["resets"]) for row in self.engine.rows(TOP)}
        self.assertEqual(top[f"127.0.0.1:{port}", "closed-port"], 4)
        whyrst.end()
        windows = self.engine.rows("SELECT addresses, seconds, lost FROM whyrst.windows")
        self.assertGreater(len(windows), 1)
        self.assertTrue(all("127.0.0.1" not in row["addresses"] and int(row["lost"]) == 0 for row in windows))

    def test_what_waits_outlives_the_agent(self):
        port = free_port()
        self.engine.away = True
        first = self.agent()
        trouble(port)
        until("it waits", lambda: first.value('whyrst_waiting_bytes{sink="clickhouse"') > 0)
        self.assertIn("wait in the buffer", first.end())
        self.assertEqual(self.counted(port), {})
        self.engine.away = False
        self.agent()
        until("the successor sends it", lambda: self.counted(port) == {"closed-port": 2, "close-unread": 1})
        until("nothing is left", lambda: not list((self.buffer / "clickhouse").iterdir()))

    def test_beyond_the_bound_the_oldest_goes_and_is_counted(self):
        port = free_port()
        self.engine.away = True
        agent = self.agent("--buffer-limit", "1K")
        trouble(port)
        dropped = until("the bound is reached", lambda: agent.value('whyrst_dropped_total{sink="clickhouse"'))
        self.assertLessEqual(agent.value('whyrst_waiting_bytes{sink="clickhouse"'), 1024)
        self.assertGreater(dropped, 0)


class AgentToCollector(unittest.TestCase):
    def test_windows_add_up_and_the_sample_is_bounded(self):
        port = free_port()
        receiver = Receiver(answers=[503, 503])
        self.addCleanup(receiver.stop)
        whyrst = Whyrst("agent", "--otlp", receiver.url, "--interval", "1", "--sample", "0", "--metrics", "0")
        self.addCleanup(whyrst.stop)
        trouble(port, 3)

        def counts():
            found = {}
            for total, point, attributes in receiver.points("whyrst.resets"):
                self.assertEqual(total.aggregation_temporality, 1, "deltas")
                self.assertLess(point.start_time_unix_nano, point.time_unix_nano)
                if attributes["whyrst.service"] == f"127.0.0.1:{port}":
                    found[attributes["whyrst.cause"]] = found.get(attributes["whyrst.cause"], 0) + point.as_int
            return found

        until("the sum of all windows", lambda: counts() == {"closed-port": 6, "close-unread": 3})
        whyrst.end()
        own = [(total.aggregation_temporality, point.as_int) for total, point, attributes
               in receiver.points("system.network.tcp.resets") if attributes["network.io.direction"] == "transmit"
               and attributes.get("network.tcp.reset.cause") == "application"]
        self.assertEqual({temporality for temporality, _ in own}, {1}, "deltas")
        self.assertGreaterEqual(sum(count for _, count in own), 3, "the agent hears the whole host")
        self.assertEqual(counts(), {"closed-port": 6, "close-unread": 3}, "nothing twice")
        self.assertEqual([attributes for _, _, attributes in receiver.records() if attributes["server.port"] == port], [])


class BothEnds(unittest.TestCase):
    """The pairing on rows of two hosts whose other end is known."""

    def test_the_sender_is_found_or_the_path_or_nothing_is_said(self):
        engine = ClickHouse()
        self.addCleanup(engine.stop)
        reset = ("INSERT INTO whyrst.resets (time, host, side, cause, confidence, client_ip, client_port, server_ip, "
                 "server_port, flow, count, comm) VALUES ")
        # The tables forget after a month.
        noon = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - datetime.timedelta(hours=2)
        at = lambda seconds: (noon + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S.000")
        received = "'received', 'unexplained', 'unexplained'"
        for row in [
            # 10.0.0.1 is a's, 10.0.0.2 is b's. Both clocks differ by a second.
            f"('{at(30)}', 'a', {received}, '10.0.0.1', 1001, '10.0.0.2', 443, '{1:016x}', 1, '')",
            f"('{at(31)}', 'b', 'sent', 'close-unread', 'certain', '10.0.0.1', 1001, '10.0.0.2', 443, '{1:016x}', 1, 'nginx')",
            # b heard everything and sent nothing.
            f"('{at(40)}', 'a', {received}, '10.0.0.1', 1002, '10.0.0.2', 443, '{2:016x}', 1, '')",
            # b sent one on the same ports an hour ago.
            f"('{at(-3560)}', 'b', 'sent', 'linger-zero', 'certain', '10.0.0.1', 1002, '10.0.0.2', 443, '{2:016x}', 1, 'nginx')",
            # b left something out at that time.
            f"('{at(150)}', 'a', {received}, '10.0.0.1', 1003, '10.0.0.2', 443, '{3:016x}', 1, '')",
            # b has a gap at that time.
            f"('{at(300)}', 'a', {received}, '10.0.0.1', 1004, '10.0.0.2', 443, '{4:016x}', 1, '')",
            # It was a container of a's, behind a's NAT: b knows it by a's address, which the number is made of.
            f"('{at(45)}', 'b', 'sent', 'linger-zero', 'certain', '10.0.0.1', 2006, '10.0.0.2', 443, '{6:016x}', 1, 'envoy')",
            # b has sent something at that time of which b does not know what stood on the wire.
            f"('{at(950)}', 'a', {received}, '10.0.0.1', 1009, '10.0.0.2', 443, '{9:016x}', 1, '')",
            # Nobody is known to be there.
            f"('{at(50)}', 'a', {received}, '10.0.0.1', 1005, '203.0.113.9', 443, '{5:016x}', 1, '')",
        ]:
            engine.session.query(reset + row)
        wire = ("INSERT INTO whyrst.resets (time, host, side, cause, confidence, client_ip, client_port, server_ip, server_port, "
                "flow, count, comm, translation, wire_client_ip, wire_client_port, wire_server_ip, wire_server_port) VALUES ")
        on_the_wire = "'conntrack', '10.0.0.1', {}, '10.0.0.2', 443)"
        for row in [
            f"('{at(45)}', 'a', {received}, '172.17.0.2', 1006, '10.0.0.2', 443, '{6:016x}', 1, '', " + on_the_wire.format(2006),
            # b heard everything and sent nothing.
            f"('{at(46)}', 'a', {received}, '172.17.0.2', 1007, '10.0.0.2', 443, '{7:016x}', 1, '', " + on_the_wire.format(2007),
            # What stood on the wire is not known: b may know it by another number.
            f"('{at(47)}', 'a', {received}, '172.17.0.2', 1008, '10.0.0.2', 443, '{8:016x}', 1, '', 'unknown', '', 0, '', 0)",
        ]:
            engine.session.query(wire + row)
        windows = "INSERT INTO whyrst.windows (time, seconds, host, addresses, resets, unsampled, lost) VALUES "
        for minute, second in [(0, second) for second in range(0, 60, 10)] + [(2, second) for second in range(0, 60, 10)]:
            for host, address in (("a", "10.0.0.1"), ("b", "10.0.0.2")):
                lost = int(host == "b" and minute == 2 and second == 30)
                engine.session.query(windows + f"('{at(60 * minute + second)}', 10, '{host}', ['{address}'], 1, {lost}, 0)")
        for start in (290, 304):
            engine.session.query(windows + f"('{at(start)}', 6, 'b', ['10.0.0.2'], 0, 0, 0)")
        for second in range(900, 1000, 10):
            engine.session.query(
                "INSERT INTO whyrst.windows (time, seconds, host, addresses, resets, unsampled, lost, unplaced) VALUES "
                f"('{at(second)}', 10, 'b', ['10.0.0.2'], 1, 0, 0, {int(second == 950)})")
        rows = engine.rows(BOTH, within=5, since=at(0))
        found = {row["connection"].split(" ")[0].rsplit(":")[1]: (row["made_by"], row["cause"], row["comm"]) for row in rows}
        self.assertEqual(found, {
            "1001": ("sender", "close-unread", "nginx"),
            "1002": ("path", "", ""),
            "1003": ("unknown", "", ""),
            "1004": ("unknown", "", ""),
            "1005": ("unknown", "", ""),
            "1006": ("sender", "linger-zero", "envoy"),
            "1007": ("path", "", ""),
            "1008": ("unknown", "", ""),
            "1009": ("unknown", "", ""),
        })


if __name__ == "__main__":
    unittest.main()
