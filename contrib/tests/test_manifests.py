"""What `contrib` gives to Kubernetes and systemd, read by their own tools."""

import json
import pathlib
import re
import socket
import subprocess
import sys
import unittest
import urllib.request

import yaml
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from receivers import Receiver, Running, free_port, until

CONTRIB = pathlib.Path(__file__).resolve().parent.parent


class Manifests(unittest.TestCase):
    def test_kubernetes_knows_every_field(self):
        validate = pathlib.Path(sys.executable).parent / "kubernetes-validate"
        for manifest in sorted((CONTRIB / "kubernetes").glob("*.yaml")):
            done = subprocess.run([validate, "--strict", manifest], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_dashboard_is_that_of_grafana(self):
        config = yaml.safe_load((CONTRIB / "kubernetes/dashboard.yaml").read_text())
        self.assertEqual(config["metadata"]["labels"], {"grafana_dashboard": "1"})
        own = json.loads((CONTRIB / "grafana/whyrst.json").read_text())
        self.assertEqual(json.loads(config["data"]["whyrst.json"]), own)

    def test_the_agents_send_to_the_collectors_service(self):
        collector = list(yaml.safe_load_all((CONTRIB / "kubernetes/collector.yaml").read_text()))
        service = next(one for one in collector if one["kind"] == "Service")
        agent = (CONTRIB / "kubernetes/agent.yaml").read_text()
        host, port = re.search(r"--otlp=http://(\S+):(\d+)", agent).groups()
        self.assertEqual(host, f"{service['metadata']['name']}.{service['metadata']['namespace']}")
        self.assertIn(int(port), [one["port"] for one in service["spec"]["ports"]])

    def test_the_collector_takes_the_arguments_of_its_manifest_and_passes_on(self):
        import rotel

        documents = yaml.safe_load_all((CONTRIB / "kubernetes/collector.yaml").read_text())
        deployment = next(one for one in documents if one["kind"] == "Deployment")
        arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
        receiver = Receiver()
        self.addCleanup(receiver.stop)
        http, grpc = free_port(), free_port()
        here = {"0.0.0.0:4318": f"127.0.0.1:{http}", "0.0.0.0:4317": f"127.0.0.1:{grpc}",
                "http://telemetry.observability:4318": receiver.url}
        for there, place in here.items():
            self.assertTrue(any(there in one for one in arguments), there)
            arguments = [one.replace(there, place) for one in arguments]
        agent = pathlib.Path(rotel.__file__).parent / "rotel-agent"
        running = Running([agent, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(running.stop)
        until("the collector listens", lambda: socket.create_connection(("127.0.0.1", http), 1).close() or True)
        sent = ExportLogsServiceRequest()
        sent.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "of a test"
        request = urllib.request.Request(f"http://127.0.0.1:{http}/v1/logs", sent.SerializeToString(),
                                         {"content-type": "application/x-protobuf"})
        urllib.request.urlopen(request, timeout=10).close()
        arrived = lambda: [record.body.string_value for _, record, _ in receiver.records()]
        self.assertEqual(until("what was sent arrives", arrived), ["of a test"])

    def test_systemd_understands_the_units(self):
        for unit in sorted((CONTRIB / "systemd").glob("*.service")):
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
            said = [line for line in done.stderr.splitlines() if "is not executable" not in line]
            self.assertEqual(said, [], "the program itself is not installed here; nothing else may be wrong")


if __name__ == "__main__":
    unittest.main()
