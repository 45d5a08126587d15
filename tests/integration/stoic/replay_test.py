"""stoic-replay from the command line."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ.get("PETREL_BUILD", "build/dev"))
SOURCE = pathlib.Path(os.environ.get("PETREL_SOURCE", "."))
DATA = SOURCE / "examples" / "data" / "stoic"


def replay(*words):
    return subprocess.run([str(BUILD / "bin" / "stoic-replay"),
                           *map(str, words)],
                          capture_output=True, text=True, timeout=280)


class Replay(unittest.TestCase):
    def test_the_published_page_is_what_the_program_says(self):
        done = replay("published", DATA, "--seed", 1)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found = json.loads(done.stdout)
        page = json.loads((SOURCE / "docs/results/stoic.json").read_text())
        for part in ("contiguous", "semisynthetic", "measured"):
            for now, then in zip(found[part]["rows"],
                                 page["published"][part]["rows"]):
                self.assertEqual(now["name"], then["name"])
                # Another compiler may round a close choice the other way.
                self.assertAlmostEqual(now["total_s"] / then["total_s"], 1,
                                       delta=0.03, msg=now["name"])
        hits = {r["name"]: r["hits"] for r in found["agreement"]["rows"]}
        self.assertEqual(hits["authors, stored choices"], 131)

    def test_the_same_seed_draws_the_same(self):
        first, again, other = (replay("synthetic", DATA, "--draws", 1,
                                      "--seed", seed) for seed in (5, 5, 6))
        self.assertEqual(first.returncode, 0)
        self.assertEqual(first.stdout, again.stdout)
        self.assertNotEqual(first.stdout, other.stdout)

    def test_what_is_wrong_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            bad = pathlib.Path(folder) / "stoic"
            shutil.copytree(DATA, bad)
            table = bad / "batches_feb2020.csv"
            text = table.read_text()
            table.write_text(text.replace("19.995800", "soon", 1))
            done = replay("published", bad)
            self.assertIn('batches_feb2020.csv:2: actual_total_s: "soon" is '
                          "not a number", done.stderr)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            table.unlink()
            self.assertIn("cannot read", replay("published", bad).stderr)
        for words, said in (((), "say what to play"),
                            (("play", DATA), "say what to play"),
                            (("synthetic", DATA, "--draws", 0), "1 to 10000"),
                            (("published", DATA, "--best"), "best")):
            done = replay(*words)
            self.assertEqual(done.returncode, 2)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main()
