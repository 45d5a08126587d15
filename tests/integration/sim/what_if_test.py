"""faas-sim what-if from the command line."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ.get("PETREL_BUILD", "build/dev"))
SOURCE = pathlib.Path(os.environ.get("PETREL_SOURCE", "."))
EXAMPLE = SOURCE / "examples" / "scenarios" / "flash-crowd.yml"


def sim(*words):
    return subprocess.run([str(BUILD / "bin" / "faas-sim"), *map(str, words)],
                          capture_output=True, text=True, timeout=100)


class WhatIf(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.log = pathlib.Path(cls.folder.name) / "today.dlog"
        done = sim("play", EXAMPLE, "--seconds", 60, "--policy", "jsq",
                   "--log", cls.log)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def asked(self, *words):
        done = sim("what-if", self.log, "--seeds", 3, "--json", *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def test_the_log_is_played_as_it_was(self):
        made = self.asked()
        self.assertEqual(made["figures"], ["mean", "p50", "p95", "p99"])
        for off in made["own_error"]:
            self.assertLess(off, 0.05)
        only, = made["answers"]
        self.assertEqual(only["policy"], "as logged (jsq)")
        self.assertLess(only["would_be"][0]["low"], made["recorded"][0])
        self.assertGreater(only["would_be"][0]["high"], made["recorded"][0])
        self.assertEqual([s["servers"] for s in made["sites"]], [2, 6])

    def test_changes_change_what_they_should(self):
        before = self.asked()["recorded"][0]

        def mean(*words):
            return self.asked(*words)["answers"][0]["would_be"][0]["is"]

        self.assertGreater(mean("--slow", "edge=x2"), before)
        self.assertGreater(mean("--link", "cloud=+40"), before)
        self.assertGreater(mean("--drop-link", "edge@10-40"), before)
        self.assertLess(mean("--add-site", "near=edge,speed=2,servers=4",
                             "--policy", "min-latency"), before)
        made = self.asked("--drop-site", "cloud", "--servers", "edge=8",
                          "--policy", "jsq", "--policy", "static:edge")
        self.assertEqual([list(a["shares"]) for a in made["answers"]],
                         [["edge"], ["edge"]])
        again = self.asked("--rate", "x2")
        self.assertGreater(again["answers"][0]["events_per_second"],
                           1.9 * self.asked()["answers"][0]
                           ["events_per_second"])
        self.assertEqual(again, self.asked("--rate", "x2"))

    def test_people_get_a_table_that_says_what_is_modelled(self):
        done = sim("what-if", self.log, "--seeds", 2, "--rate", "x1.2")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for part in ("| recorded |", "its own error", "**what if**", "Exact:",
                     "Modelled:"):
            self.assertIn(part, done.stdout)

    def test_a_sample_is_scaled_and_said_so(self):
        sample = pathlib.Path(self.folder.name) / "sample.dlog"
        sim("play", EXAMPLE, "--seconds", 60, "--policy", "jsq", "--log",
            sample, "--share", 0.5)
        done = sim("what-if", sample, "--seeds", 2)
        self.assertEqual(done.returncode, 0)
        self.assertIn("the log is a sample", done.stdout)

    def test_what_is_wrong_is_told(self):
        torn = pathlib.Path(self.folder.name) / "torn.dlog"
        torn.write_bytes(b"PETRELDL")
        other = pathlib.Path(self.folder.name) / "other.dlog"
        other.write_bytes(b"not a log at all")
        for words, said in (
                ((), "say which log"), ((self.log, other), "no decision log"),
                (("no-such-file",), "cannot read"),
                ((torn,), "head of this decision log"), ((other,), "no decision log"),
                ((self.log, "--rate", "fast"), "no factor"),
                ((self.log, "--drop-site", "mars"), "one of: edge, cloud"),
                ((self.log, "--drop-link", "edge@50-400x"), "0 to 59"),
                ((self.log, "--policy", "best"), "best"),
                ((self.log, "--seeds", 1), "2 to 1000"),
                ((self.log, "--warm-up", 1e5), "longer than the log"),
                ((self.log, "--function", "nobody"), "no decisions of nobody"),
                ((self.log, "--rat", "x2"), "rat")):
            done = sim("what-if", *words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(said, done.stderr)

    def test_a_site_that_is_not_known_is_refused(self):
        log = pathlib.Path(self.folder.name) / "one.dlog"
        sim("play", EXAMPLE, "--seconds", 30, "--policy", "static:edge",
            "--log", log)
        done = sim("what-if", log)
        self.assertEqual(done.returncode, 2)
        self.assertIn("only 0 events ran at cloud", done.stderr)
        self.assertIn("--believe", done.stderr)
        for words in (("--drop-site", "cloud"), ("--believe",)):
            self.assertEqual(sim("what-if", log, "--seeds", 2,
                                 *words).returncode, 0)


if __name__ == "__main__":
    unittest.main()
