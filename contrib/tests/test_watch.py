"""`whyrst watch` with everything that it can tell on, against the real programs. Needs root, for the probe."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from receivers import CONTRIB, Prometheus, Receiver, Whyrst, attributes, collector, free_port, journal, rsyslog, trouble, until

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


class WatchTellsOn(unittest.TestCase):
    """One `watch` and one trouble; each test looks at one receiver."""

    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.socket, entries = cls.enterClassContext(journal())
        cls.entries = staticmethod(entries)
        udp, tcp, local, cls.written = cls.enterClassContext(rsyslog(cls.folder))
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.stop)
        running, url = collector(cls.receiver.url)
        cls.addClassCleanup(running.stop)
        cls.whyrst = Whyrst(
            "watch", "--port", cls.port, "--metrics", "0", "--otlp", url, "--log", f"journald:{cls.socket}",
            "--log", f"syslog:udp://127.0.0.1:{udp}", "--log", f"syslog:tcp://127.0.0.1:{tcp}",
            "--log", f"syslog:{local}", OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test,service.name=edge",
        )
        cls.addClassCleanup(cls.whyrst.stop)
        until("whyrst says where its metrics are", lambda: cls.whyrst.address)
        cls.prometheus = Prometheus(cls.folder, cls.whyrst.address)
        cls.addClassCleanup(cls.prometheus.stop)
        until("the first scrape", lambda: cls.prometheus.query("whyrst_build_info"))
        trouble(cls.port)
        until("both causes are counted", lambda: cls.whyrst.value("whyrst_resets_total{") == 3)

    @property
    def service(self):
        return f"127.0.0.1:{self.port}"

    def test_metrics_are_what_promtool_likes(self):
        text = self.whyrst.metrics()
        self.assertTrue(self.whyrst.kind.startswith("text/plain"))
        self.assertNotIn("# {", text, "the older format has no exemplars")
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_open_metrics_has_exemplars_and_an_end(self):
        text = self.whyrst.metrics(OPEN_METRICS)
        self.assertEqual(self.whyrst.kind, "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.assertTrue(text.endswith("# EOF\n"))
        self.assertRegex(text, r'whyrst_resets_total\{cause="close-unread",[^}]*\} 1 # \{client="127.0.0.1:\d+",pid="\d+"\} 1')

    def test_prometheus_scrapes_it(self):
        by_cause = {}
        def all_there():
            for one in self.prometheus.query(f'whyrst_resets_total{{service="{self.service}"}}'):
                by_cause[one["metric"]["cause"]] = (float(one["value"][1]), one["metric"])
            return {"closed-port", "close-unread"} <= set(by_cause)
        until("Prometheus has both", all_there)
        self.assertEqual((by_cause["closed-port"][0], by_cause["close-unread"][0]), (2, 1))
        metric = by_cause["close-unread"][1]
        self.assertEqual((metric["confidence"], metric["direction"], metric["severity"]), ("certain", "local", "fault"))

    def test_prometheus_keeps_exemplars(self):
        def exemplars():
            return self.prometheus.ask("query_exemplars", query="whyrst_resets_total", start=0, end=4102444800)
        found = until("exemplars", exemplars)
        self.assertIn("client", found[0]["exemplars"][0]["labels"])

    def test_every_query_of_the_dashboard_runs(self):
        dashboard = json.loads((CONTRIB / "grafana/whyrst.json").read_text())
        expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        self.assertGreater(len(expressions), 10)
        until("the recorded rule has run", lambda: self.prometheus.query("whyrst:resets:increase5m"))
        for expression in expressions:
            for variable, value in {"$instance": ".*", "$service": ".*", "$__rate_interval": "1m"}.items():
                expression = expression.replace(variable, value)
            self.assertTrue(self.prometheus.query(expression), f"nothing found while there are resets: {expression}")
        for variable in dashboard["templating"]["list"][1:]:
            metric, label = re.fullmatch(r"label_values\((\S+?)(?:\{.*\})?, (\w+)\)", variable["query"]["query"]).groups()
            self.assertTrue(self.prometheus.ask(f"label/{label}/values", **{"match[]": metric}), variable["name"])

    def test_the_collector_passes_on_logs(self):
        causes = lambda: {attributes["whyrst.cause"] for _, _, attributes in self.receiver.records()}
        until("logs of both causes", lambda: {"closed-port", "close-unread"} <= causes())
        resource, record, attributes = next(
            found for found in self.receiver.records() if found[2]["whyrst.cause"] == "close-unread"
        )
        self.assertEqual((resource["service.name"], resource["deployment.environment"]), ("edge", "test"))
        self.assertEqual((record.severity_number, record.severity_text), (13, "fault"))
        self.assertTrue(record.body.string_value.startswith("The connection was reset because "))
        self.assertEqual((attributes["server.port"], attributes["client.address"]), (self.port, "127.0.0.1"))
        self.assertEqual(attributes["process.executable.name"][:6], "python")
        self.assertGreater(record.time_unix_nano, 1_700_000_000 * 10**9)

    def test_the_collector_passes_on_metrics(self):
        points = until("metrics", lambda: list(self.receiver.points("whyrst.resets")), 25)
        total, point, attributes = points[-1]
        self.assertEqual((total.aggregation_temporality, total.is_monotonic), (2, True))
        self.assertEqual(attributes["whyrst.service"], self.service)
        self.assertIn(attributes["whyrst.cause"], ("closed-port", "close-unread"))

    def test_the_collector_passes_on_resets_by_opentelemetrys_own_name(self):
        points = until("metrics", lambda: list(self.receiver.points("system.network.tcp.resets")), 25)
        last = {}
        for total, point, attributes in points:
            self.assertEqual((total.aggregation_temporality, total.is_monotonic), (2, True))
            last[attributes["network.io.direction"], attributes.get("network.tcp.reset.cause")] = point.as_int
        # Both ends are here; the two refused connects are failed connections, not resets of one.
        self.assertEqual(last, {("transmit", "application"): 1, ("receive", "application"): 1})

    def test_totals_over_otlp_have_exemplars(self):
        receiver = Receiver()
        self.addCleanup(receiver.stop)
        port = free_port()
        # Without the collector between: not each of them passes exemplars on.
        whyrst = Whyrst("watch", "--port", port, "--metrics", "0", "--otlp", receiver.url)
        self.addCleanup(whyrst.stop)
        until("whyrst says where its metrics are", lambda: whyrst.address)
        trouble(port)
        for name in ("whyrst.resets", "system.network.tcp.resets"):
            for _, point, _ in until("metrics", lambda: list(receiver.points(name)), 25):
                found = attributes(point.exemplars[0].filtered_attributes)
                self.assertEqual((found["client.address"], found.get("process.pid", 1) > 0), ("127.0.0.1", True))
                self.assertLessEqual(point.exemplars[0].as_int, point.as_int)

    def test_the_journal_finds_it_by_its_fields(self):
        found = until("an entry", lambda: self.entries("WHYRST_CAUSE=close-unread", f"WHYRST_SERVER={self.service}"))
        entry = found[0]
        self.assertEqual((entry["PRIORITY"], entry["SYSLOG_IDENTIFIER"]), ("4", "whyrst"))
        self.assertIn("close-unread [certain]", entry["MESSAGE"])
        self.assertEqual(len(self.entries("MESSAGE_ID=e0c1a2a6d0d54a6f8ad7b6d53b3f1c7e")), 3)

    def test_syslog_understands_all_three_ways(self):
        lines = lambda: self.written.read_text().splitlines() if self.written.exists() else []
        until("nine lines", lambda: len(lines()) >= 9)
        for way in ("imudp", "imptcp", "imuxsock"):
            own = [line for line in lines() if line.startswith(way)]
            self.assertEqual(len(own), 3, own)
            self.assertTrue(all(" whyrst " in line for line in own), own)
            if way != "imuxsock":
                self.assertRegex("\n".join(own), r'reset \S+ \S+ \[whyrst@32473 cause="close-unread" confidence="certain"')


if __name__ == "__main__":
    unittest.main()
