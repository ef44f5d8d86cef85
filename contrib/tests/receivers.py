"""The real programs that whyrst tells of resets, started on loopback and stopped again: Prometheus, an OpenTelemetry
collector (rotel), systemd's journal in a namespace of its own, rsyslog; and a receiver that decodes OTLP with
OpenTelemetry's own messages."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

import posts
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

CONTRIB = pathlib.Path(__file__).resolve().parent.parent
WHYRST = os.environ["WHYRST"]

# A client that is refused, and one whose server leaves three octets unread.
TROUBLE = """
import socket, time
port = int(__import__("sys").argv[1])
for _ in range(2):
    try: socket.create_connection(("127.0.0.1", port))
    except ConnectionRefusedError: pass
l = socket.socket(); l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); l.bind(("127.0.0.1", port)); l.listen(1)
c = socket.create_connection(("127.0.0.1", port)); s, _ = l.accept()
c.send(b"abc"); time.sleep(0.05); s.close(); time.sleep(0.05)
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(what, found, seconds=20.0):
    """Waits until `found()` gives something true, and gives that back."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = found()
        except (OSError, ValueError) as error:
            value, last = None, error
        else:
            last = None
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s ({last})")
        time.sleep(0.1)


def trouble(port: int, times: int = 1) -> None:
    for _ in range(times):
        subprocess.run([sys.executable, "-c", TROUBLE, str(port)], check=True)


class Running:
    """A program that is ended with its test."""

    def __init__(self, command, **more):
        self.process = subprocess.Popen(command, **more)

    def stop(self, number=signal.SIGTERM, patience=10) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Whyrst(Running):
    """`whyrst watch` or `whyrst agent`, ready to hear; `address` is where its metrics are."""

    def __init__(self, *arguments, **environment):
        command = [WHYRST, *map(str, arguments)]
        super().__init__(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                         env={**os.environ, **environment})
        self.said, self.address = [], None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        until("whyrst restricts its system calls", lambda: self._status("Seccomp") == "2", 60)

    def _read(self):
        for line in self.process.stderr:
            self.said.append(line)
            if found := re.search(r"http://(\S+)/metrics", line):
                self.address = found.group(1)

    def _status(self, name):
        if self.process.poll() is not None:
            raise AssertionError(f"whyrst ended: {''.join(self.said)}")
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return re.search(rf"^{name}:\s*(\S+)", text, re.M).group(1)

    def metrics(self, accept="text/plain") -> str:
        address = until("whyrst says where its metrics are", lambda: self.address)
        request = urllib.request.Request(f"http://{address}/metrics", headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=5) as answer:
            self.kind = answer.headers["content-type"]
            return answer.read().decode()

    def value(self, name: str) -> float:
        """The sum of all samples of one name and the labels given with it."""
        lines = [line for line in self.metrics().splitlines() if line.startswith(name)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def end(self) -> str:
        status = self.stop(signal.SIGINT)
        self.reader.join(5)
        assert status == 0, (status, self.said)
        return "".join(self.said)


class Receiver:
    """Takes OTLP over HTTP, decoded by the official messages; `answers` are given in turn, then 200."""

    def __init__(self, answers=()):
        self.logs, self.metrics, self.headers = [], [], []
        self.answers = list(answers)
        self.server, self.url = posts.serve(self.answer)

    def answer(self, path, headers, body):
        status, reply = self.answers.pop(0) if self.answers else 200, b""
        if status == 200:
            self.headers.append(headers)
            kinds = {
                "/v1/logs": (ExportLogsServiceRequest, ExportLogsServiceResponse, self.logs),
                "/v1/metrics": (ExportMetricsServiceRequest, ExportMetricsServiceResponse, self.metrics),
            }
            asked, answered, into = kinds[path]
            into.append(asked.FromString(body))
            reply = answered().SerializeToString()
        return status, "application/x-protobuf", reply

    def records(self):
        """Log records as (resource, record), attributes as dictionaries."""
        for request in list(self.logs):
            for resource in request.resource_logs:
                for scope in resource.scope_logs:
                    for record in scope.log_records:
                        yield attributes(resource.resource.attributes), record, attributes(record.attributes)

    def points(self, name):
        for request in list(self.metrics):
            for resource in request.resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in (metric for metric in scope.metrics if metric.name == name):
                        for point in metric.sum.data_points:
                            yield metric.sum, point, attributes(point.attributes)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def attributes(pairs):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def collector(to: str):
    """A real OpenTelemetry collector that passes everything on to `to`."""
    import rotel

    agent = pathlib.Path(rotel.__file__).parent / "rotel-agent"
    http_port, grpc_port = free_port(), free_port()
    command = [agent, "start", "--exporter", "otlp", "--otlp-exporter-endpoint", to, "--otlp-exporter-protocol", "http",
               "--otlp-http-endpoint", f"127.0.0.1:{http_port}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc_port}"]
    running = Running(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until("the collector listens", lambda: socket.create_connection(("127.0.0.1", http_port), 1).close() or True)
    return running, f"http://127.0.0.1:{http_port}"


class Prometheus(Running):
    """Scrapes one address every second."""

    def __init__(self, folder: pathlib.Path, target: str):
        shutil.copy(CONTRIB / "prometheus/whyrst.rules.yml", folder)
        config = folder / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            "rule_files: [whyrst.rules.yml]\n"
            f"scrape_configs: [{{job_name: whyrst, static_configs: [{{targets: ['{target}']}}]}}]\n"
        )
        self.url = f"http://127.0.0.1:{free_port()}"
        super().__init__(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
             f"--web.listen-address={self.url.removeprefix('http://')}", "--enable-feature=exemplar-storage",
             "--log.level=error"],
            stderr=subprocess.PIPE,
        )

    def ask(self, path: str, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=5) as answer:
            answer = json.load(answer)
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression: str):
        return self.ask("query", query=expression)["result"]


@contextlib.contextmanager
def journal():
    """A journal of its own; gives its socket and a function that reads it."""
    name = f"whyrst{os.getpid()}"
    if not pathlib.Path("/etc/machine-id").exists():
        subprocess.run(["systemd-machine-id-setup"], check=True, stderr=subprocess.DEVNULL)
    running = Running(["/lib/systemd/systemd-journald", name], stderr=subprocess.DEVNULL)
    path = f"/run/systemd/journal.{name}/socket"

    def entries(*matches):
        command = ["journalctl", f"--namespace={name}", "-o", "json", "--all", "--no-pager", *matches]
        output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")]

    try:
        until("the journal listens", lambda: os.path.exists(path))
        yield path, entries
    finally:
        running.stop()
        shutil.rmtree(f"/run/systemd/journal.{name}", ignore_errors=True)
        for folder in pathlib.Path("/run/log/journal").glob(f"*.{name}"):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def rsyslog(folder: pathlib.Path):
    """A real rsyslogd; gives its ports, its local socket and the file that it writes."""
    udp, tcp, local, written = free_port(), free_port(), folder / "log", folder / "messages"
    config = folder / "rsyslog.conf"
    config.write_text(f"""
module(load="imudp") module(load="imptcp")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{local}")
input(type="imudp" port="{udp}" address="127.0.0.1")
input(type="imptcp" port="{tcp}" address="127.0.0.1")
template(name="all" type="string" string="%inputname% %app-name% %msgid% %pri% %timestamp:::date-rfc3339% %structured-data% |%msg%\\n")
action(type="omfile" file="{written}" template="all")
""")
    running = Running(["rsyslogd", "-n", "-f", str(config), "-i", str(folder / "rsyslog.pid")], stderr=subprocess.PIPE)
    try:
        until("rsyslog listens", lambda: local.exists() and socket.create_connection(("127.0.0.1", tcp), 1).close() or True)
        yield udp, tcp, local, written
    finally:
        running.stop()
