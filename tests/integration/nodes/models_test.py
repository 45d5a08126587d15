"""Models from their folder to the answer: TorchScript and an AOTInductor package
by faas-cli up, what is refused at deploy, and a new version under load."""
import gzip
import os
import pathlib
import shutil
import struct
import subprocess
import threading
import unittest

from cluster import BUILD, LIMIT, SOURCE, Scratch, request, wait_until

CLI = BUILD.resolve() / "bin" / "faas-cli"
EXAMPLE = SOURCE / "examples/classify"
PACKAGE = SOURCE / "tests/unit/torch/data/digits.pt2"
IMAGES = pathlib.Path(
    "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz")
BUILT = (BUILD / "lib/libpetrel_torch.so").exists()

DIGITS = """
functions:
  digits:
    handler: .
    petrel:
      runtime: torch
      artifact_kind: aoti
      artifact: digits.pt2
      mode: threads
      inputs:
        - {name: x, datatype: %s, shape: [-1, 1, 8, 8]}
      output: tensor
"""
# What Python gave for the two images of digits_body (tools/train/aoti_package.py).
SCORES = (0.0670, -1.9792, -1.7923, 1.1627, -0.0235, -2.0414, -1.7971, 1.2848)


def digits_body():
    return bytes(i * 37 % 256 for i in range(128))


def images(count):
    with gzip.open(IMAGES) as file:
        return file.read(16 + count * 784)[16:]


def labels(count):
    return list((EXAMPLE / "expected-labels.bin").read_bytes()[:count])


@unittest.skipUnless(BUILT, "built without libtorch (run tools/setup-torch)")
class Models(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.close)
        cls.node = cls.scratch.node("n1")  # --dev trusts its bundles

    def cli(self, folder, *words, node=None, ok=True):
        node = node or self.node
        done = subprocess.run(
            [str(CLI), *words], cwd=folder, capture_output=True, text=True,
            timeout=2 * LIMIT, env={
                **os.environ,
                "PETREL_GATEWAY": f"http://127.0.0.1:{node.port}",
                "PETREL_TOKEN_FILE": str(pathlib.Path(
                    node.settings["node.data"]) / "admin-token")})
        self.assertEqual(done.returncode == 0, ok, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def folder(self, name, files, stack):
        made = self.scratch.folder / name
        made.mkdir()
        for file in files:
            shutil.copy(file, made)
        (made / "stack.yml").write_text(stack)
        return made

    def ask(self, function, body):
        return request(self.node.port, "POST", f"/function/{function}", body)

    def facts(self, function):
        found = self.node.describe(function)["petrel"]["placements"]
        return found[0]["facts"]

    def test_torchscript_answers_as_it_did_in_training(self):
        folder = self.folder("classify", [EXAMPLE / "model.pt"],
                             (EXAMPLE / "stack.yml").read_text())
        self.cli(folder, "up", "--timeout", "60s")
        for count in (1, 7, 300):
            answer = self.ask("classify", images(count))
            self.assertEqual((answer.status, answer.json["labels"]),
                             (200, labels(count)), answer)
        self.assertIn(self.facts("classify")["layout"],
                      ("nchw", "channels_last"))
        short = self.ask("classify", b"x" * 783)
        self.assertEqual(short.status, 400, short)
        self.assertIn("784", short.text)

    def test_a_compiled_package_answers_as_python_did(self):
        folder = self.folder("aoti", [PACKAGE], DIGITS % "UINT8")
        self.cli(folder, "up", "--timeout", "60s")
        answer = self.ask("digits", digits_body())
        self.assertEqual(answer.status, 200, answer)
        for got, wanted in zip(struct.unpack("<8f", answer.body), SCORES,
                               strict=True):
            self.assertAlmostEqual(got, wanted, delta=2e-4)
        self.assertEqual(self.facts("digits")["artifact"], "aoti")

    def test_a_wrong_tensor_is_told_at_deploy(self):
        folder = self.folder("wrong", [PACKAGE],
                             (DIGITS % "FP32").replace("digits:", "wrong:"))
        said = self.cli(folder, "up", "--timeout", "60s", ok=False)
        self.assertIn("trial run", said)

    def test_a_package_that_nobody_trusts_is_refused(self):
        careful = self.scratch.node("careful", dev=False)
        folder = self.folder("untrusted", [PACKAGE], DIGITS % "UINT8")
        said = self.cli(folder, "up", "--timeout", "60s", node=careful,
                        ok=False)
        self.assertIn("trust", said)

    def test_a_new_version_takes_over_with_no_failed_event(self):
        stack = (EXAMPLE / "stack.yml").read_text().replace("classify:",
                                                            "swapped:", 1)
        folder = self.folder("swap", [EXAMPLE / "model.pt"], stack)
        self.cli(folder, "up", "--timeout", "60s")
        body, wanted = images(3), labels(3)
        over, bad, seen = threading.Event(), [], set()

        def load():
            while not over.is_set():
                answer = self.ask("swapped", body)
                seen.add(answer.headers.get("x-faas-version"))
                if answer.status != 200 or answer.json["labels"] != wanted:
                    bad.append(answer)

        threads = [threading.Thread(target=load) for _ in range(3)]
        for each in threads:
            each.start()
        try:
            for version in (2, 3):
                (folder / "stack.yml").write_text(
                    stack.replace("10s", f"{10 + version}s"))
                self.cli(folder, "up", "--timeout", "60s")
                wait_until(f"version {version} answers",
                           lambda: str(version) in seen)
        finally:
            over.set()
            for each in threads:
                each.join()
        self.assertEqual(bad, [])
        self.assertEqual(seen, {"1", "2", "3"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
