"""What `contrib` gives to Kubernetes and systemd, read by their own tools."""

import pathlib
import subprocess
import sys
import unittest

CONTRIB = pathlib.Path(__file__).resolve().parent.parent


class Manifests(unittest.TestCase):
    def test_kubernetes_knows_every_field(self):
        validate = pathlib.Path(sys.executable).parent / "kubernetes-validate"
        for manifest in sorted((CONTRIB / "kubernetes").glob("*.yaml")):
            done = subprocess.run([validate, "--strict", manifest], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_systemd_understands_the_units(self):
        for unit in sorted((CONTRIB / "systemd").glob("*.service")):
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
            said = [line for line in done.stderr.splitlines() if "is not executable" not in line]
            self.assertEqual(said, [], "the program itself is not installed here; nothing else may be wrong")


if __name__ == "__main__":
    unittest.main()
