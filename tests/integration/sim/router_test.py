"""Routers that are programs (docs/benchmark.md): good ones and bad ones."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = pathlib.Path(os.environ.get("PETREL_BUILD", "build/dev"))
SOURCE = pathlib.Path(os.environ.get("PETREL_SOURCE", ".")).resolve()
EXAMPLE = SOURCE / "examples" / "scenarios" / "three-sites.yml"
LEAST = f"{sys.executable} {SOURCE}/examples/routers/least_in_flight.py"

# A router that notes its process and then does as BODY says with each question.
FRAME = """
import json, os, sys, time
open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
def answer(asked, site=None):
    print(json.dumps({"id": asked["id"],
                      "site": site or asked["sites"][0]["site"]}), flush=True)
for line in sys.stdin:
    said = json.loads(line)
    asked = said.get("choose")
    if asked is None:
        continue
"""


def sim(*words):
    return subprocess.run([str(BUILD / "bin" / "faas-sim"), *map(str, words)],
                          capture_output=True, text=True, timeout=100)


def run(*policies, seconds=10, seeds=2, more=()):
    words = [word for one in policies for word in ("--policy", one)]
    return sim("run", EXAMPLE, "--seconds", seconds, "--seeds", seeds, *words,
               *more)


class Routers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def router(self, body):
        file = self.folder / "router.py"
        file.write_text(FRAME + "".join(f"    {line}\n" for line
                                        in body.splitlines()))
        return f"program:{sys.executable} {file} {self.folder}/pids"

    def nothing_runs_on(self):
        for pid in (self.folder / "pids").read_text().split():
            self.assertFalse(pathlib.Path(f"/proc/{pid}").exists(), pid)

    def refused(self, body, said, more=()):
        begun = time.monotonic()
        done = run(self.router(body), more=more)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("program:", done.stderr)
        self.assertIn(said, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertLess(time.monotonic() - begun, 60)
        self.nothing_runs_on()

    def test_the_example_does_what_jsq_does_and_always_the_same(self):
        def figures():
            done = run("jsq", "program:" + LEAST, seconds=60, seeds=4,
                       more=("--json",))
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            jsq, program = json.loads(done.stdout)["policies"][-2:]
            return jsq["runs"], program["runs"]

        jsq, program = figures()

        def mean(runs, key):
            return sum(one[key] for one in runs) / len(runs)

        self.assertAlmostEqual(mean(program, "mean_ms") / mean(jsq, "mean_ms"),
                               1, delta=0.05)
        for site in range(3):
            self.assertAlmostEqual(mean([{"s": r["shares"][site]}
                                         for r in program], "s"),
                                   mean([{"s": r["shares"][site]}
                                         for r in jsq], "s"), delta=0.03)
        self.assertEqual(figures()[1], program)

    def test_a_router_learns_what_became_of_its_events(self):
        log = self.folder / "heard"
        file = self.folder / "listens.py"
        file.write_text(
            "import json, sys\n"
            f"log = open({str(log)!r}, 'a')\n"
            "for line in sys.stdin:\n"
            "    log.write(line); log.flush()\n"
            "    asked = json.loads(line).get('choose')\n"
            "    if asked:\n"
            "        print(json.dumps({'id': asked['id'], 'site': 'cloud'}),"
            " flush=True)\n")
        done = run(f"program:{sys.executable} {file}", seeds=1, seconds=20)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = [json.loads(one) for one in log.read_text().splitlines()]
        self.assertEqual(lines[0]["hello"], {
            "protocol": 1, "seed": 1, "function": "classify",
            "sites": ["edge", "cloud", "gpu"]})
        asked = [one["choose"] for one in lines if "choose" in one]
        ended = [one["ended"] for one in lines if "ended" in one]
        self.assertEqual([one["id"] for one in asked],
                         list(range(1, len(asked) + 1)))
        self.assertEqual(asked[0]["sites"], [
            {"site": "edge", "in_flight": 0, "servers": 2},
            {"site": "cloud", "in_flight": 0, "servers": 4},
            {"site": "gpu", "in_flight": 0, "servers": 1}])
        self.assertGreater(len(ended), 0.9 * len(asked))
        self.assertEqual({one["site"] for one in ended}, {"cloud"})
        last = asked[-1]["sites"][1]
        self.assertGreaterEqual(last["reported"]["ms_ago"], 0)
        for one in ended:
            self.assertFalse(one["failed"])
            self.assertGreaterEqual(
                one["total_ms"] + 1e-6,
                one["queue_ms"] + one["service_ms"] + one["cold_ms"] + 35)

    def test_one_that_dies_is_told(self):
        self.refused("answer(asked)\nif asked['id'] == 5: sys.exit(7)",
                     "ended with status 7")
        self.refused("os.kill(os.getpid(), 9)", "ended by signal 9")

    def test_one_that_is_late_is_told(self):
        self.refused("if asked['id'] == 3: time.sleep(100)\nanswer(asked)",
                     "did not answer within 300 ms",
                     more=("--answer-ms", 300))

    def test_one_that_babbles_is_told(self):
        self.refused("print('hello there', flush=True)\nanswer(asked)",
                     "its line is no answer: hello there")
        self.refused("answer(asked)\nanswer(asked)", "another question")
        self.refused("answer(asked, 'mars')", "was not offered")
        self.refused("print('x' * 200000, flush=True)", "longer than 64 KiB")
        self.refused("print('[' * 60000, flush=True)", "no answer")
        self.refused("print('{\"id\": -1, \"site\": 3}', flush=True)",
                     "no answer")
        self.refused("while True: print('more ' * 100)", "no answer",
                     more=("--answer-ms", 2000))

    def test_one_that_is_not_there_is_told(self):
        done = run("program:/no/such/router")
        self.assertEqual(done.returncode, 2)
        self.assertIn("ended with status 127", done.stderr)

    def test_it_plays_for_other_programs_too(self):
        done = sim("play", EXAMPLE, "--seconds", 10, "--policy",
                   "program:" + LEAST)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertGreater(len(done.stdout.splitlines()), 100)
        done = sim("play", EXAMPLE, "--seconds", 10, "--policy",
                   self.router("sys.exit(1)"))
        self.assertEqual((done.returncode, done.stdout), (2, ""))


if __name__ == "__main__":
    unittest.main()
