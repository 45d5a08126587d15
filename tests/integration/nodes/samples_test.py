"""Sample events of a bundle: what routers know of a function before any event
was sent, on the node itself and on others, and samples that go wrong."""
import os
import pathlib
import re
import subprocess
import unittest

from cluster import BUILD, FUNCTIONS, LIMIT, Scratch, bundle_of, request, \
    wait_until

CLOUD, EDGE = "cloud-1/cpu", "edge-1/cpu"
CLI = BUILD.resolve() / "bin" / "faas-cli"

HANDLER = '''
import time
import petrel

@petrel.function
def handle(event):
    items = int(event.headers["X-Items"])
    time.sleep(items / 1000)
    return event.headers.get("X-Faas-Sample", "no sample")
'''

STACK = '''
functions:
  slow:
    handler: ./slow
    petrel:
      runtime: process
      protocol: worker
      command: [python3, -m, petrel, handler.py]
      size: {from: header, name: X-Items}
      samples:
        - body: few
          headers: {X-Items: "20"}
        - body: many
          headers: {X-Items: "120"}
'''


def misbehave(**bodies):
    """A bundle of tests/support/functions/misbehave with these files."""
    return bundle_of({"misbehave.so": (FUNCTIONS / "misbehave.so").read_bytes(),
                      **{name: text.encode() for name, text in bodies.items()}})


def sample(body, items):
    return {"body": body, "headers": {"X-Items": str(items)}}


class Samples(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def deploy(self, node, samples, wait=True, **bodies):
        node.deploy("f", packed=misbehave(**bodies), artifact="misbehave.so",
                    size={"from": "header", "name": "X-Items"},
                    samples=samples, wait=wait)

    def facts(self, node, function="f", on=None):
        found = node.describe(function).get("petrel", {})
        for row in found.get("placements") or []:
            if on is None or row.get("node") == on:
                return row.get("facts", {})
        return {}

    def service(self, node, size, site, function="f"):
        """The predicted service time of an event of that size, in ms."""
        answer = node.admin("GET", f"/system/sites/{function}?size={size}")
        self.assertEqual(answer.status, 200, answer)
        rows = answer.json
        rows = rows["sites"] if isinstance(rows, dict) else rows
        found = {row["site"]: row for row in rows}
        self.assertEqual(found[site]["completed"], 0)  # no event was sent
        return found[site]["service_ms"]

    def near(self, predicted, least):
        """The function sleeps for that long; a busy machine makes it longer.
        Without samples a third of it would be predicted, or less."""
        self.assertGreater(predicted, 0.8 * least)
        self.assertLess(predicted, 2.5 * least + 20)

    def test_all_routers_know_it_before_the_first_event(self):
        edge, cloud = self.scratch.pair()
        self.deploy(cloud, [sample("few", 10), sample("many", 40)],
                    few="block 40", many="block 160")
        wait_until(f"f on both: {edge.sites('f')}",
                   lambda: edge.candidates("f") == [CLOUD, EDGE])
        for node in (edge, cloud):
            for site in (EDGE, CLOUD):
                self.near(self.service(node, 10, site), 40)
                self.near(self.service(node, 40, site), 160)
                self.near(self.service(node, 25, site), 100)  # in between
        self.assertTrue(self.facts(cloud)["samples"].startswith("2 of 2: n=10"),
                        self.facts(cloud))
        metrics = request(cloud.port, "GET", "/metrics").text
        self.assertFalse(
            re.search(r'gateway_function_invocation_total\{[^}]*"f\.[^}]*\} '
                      r'[1-9]', metrics), "samples are no events")

    def test_one_sample_tells_the_level(self):
        node = self.scratch.node("edge-1")
        self.deploy(node, [sample("one", 10)], one="block 60")
        self.near(self.service(node, 10, EDGE), 60)

    def test_what_goes_wrong_is_left_out_and_said(self):
        node = self.scratch.node("edge-1")
        self.deploy(node, [sample("good", 10), sample("throws", 20),
                           sample("late", 30), sample("none", 40)],
                    good="block 20", throws="throw", late="block 1500")
        facts = self.facts(node)
        self.assertTrue(facts["samples"].startswith("1 of 4: n=10"), facts)
        for word in ("throws: ", "late: it took longer than 1000 ms",
                     "none: the bundle has no such file"):
            self.assertIn(word, facts["samples_left_out"])
        self.assertIn("sample event left out: none:", node.admin(
            "GET", "/system/logs?name=f&follow=false").text)
        answer = node.call("f", "still here")
        self.assertEqual((answer.status, answer.text), (200, "still here"))

    def test_wrong_samples_are_refused_at_deploy(self):
        node = self.scratch.node("edge-1")
        digest, _ = node.upload(misbehave())
        for samples, word in (
                ([sample("../up", 1)], "petrel.samples[0].body"),
                ([{"body": "a", "headers": {"Host": "x"}}], "set by the node"),
                ([sample("a", 1)] * 9, "at most 8")):
            answer = node.post("f", digest, artifact="misbehave.so",
                               samples=samples)
            self.assertEqual(answer.status, 400, answer)
            self.assertIn(word, answer.text)

    # -- by faas-cli -----------------------------------------------------------

    def cli(self, node, *words):
        return subprocess.run(
            [str(CLI), *words], cwd=self.project, capture_output=True,
            text=True, timeout=4 * LIMIT, env={
                **os.environ, "PETREL_PYTHON": "/usr/bin/python3",
                "PETREL_GATEWAY": f"http://127.0.0.1:{node.port}",
                "PETREL_TOKEN_FILE": str(pathlib.Path(
                    node.settings["node.data"]) / "admin-token")})

    def test_a_python_function_brings_its_own(self):
        node = self.scratch.node("edge-1", functions_executors=4)
        self.project = self.scratch.folder / "project"
        (self.project / "slow").mkdir(parents=True)
        (self.project / "stack.yml").write_text(STACK)
        (self.project / "slow/handler.py").write_text(HANDLER)
        (self.project / "slow/few").write_text("few")
        done = self.cli(node, "up", "--timeout", "120s")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("the sample event many is no file in", done.stderr)
        (self.project / "slow/many").write_text("many")
        done = self.cli(node, "up", "--timeout", "120s")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.near(self.service(node, 20, EDGE, "slow"), 20)
        self.near(self.service(node, 120, EDGE, "slow"), 120)
        done = self.cli(node, "describe", "slow")
        self.assertIn("2 of 2: n=20", done.stdout)
        done = self.cli(node, "sites", "slow", "--size", "120")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(EDGE, done.stdout)
        answer = request(node.port, "POST", "/function/slow", "x",
                         {"X-Items": "1"})
        self.assertEqual(answer.text, "no sample", answer)


if __name__ == "__main__":
    unittest.main()
