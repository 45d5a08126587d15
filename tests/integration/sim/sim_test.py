"""faas-sim from the command line."""
import csv
import io
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ.get("PETREL_BUILD", "build/dev"))
SOURCE = pathlib.Path(os.environ.get("PETREL_SOURCE", "."))
SCENARIOS = SOURCE / "examples" / "scenarios"
EXAMPLE = SCENARIOS / "three-sites.yml"


def sim(*words):
    return subprocess.run([str(BUILD / "bin" / "faas-sim"), *map(str, words)],
                          capture_output=True, text=True, timeout=100)


def table(*words):
    done = sim(*words)
    if (done.returncode, done.stderr) != (0, ""):
        raise AssertionError(done.stderr)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def rows(text):
    """Cells of the table's rows, by their first one."""
    cut = [line.strip("|").split("|") for line in text.splitlines()
           if line.startswith("| ")]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]]
            for cells in cut[1:]}


class Sim(unittest.TestCase):
    def test_policies_are_compared_on_the_same_events(self):
        done = sim("run", EXAMPLE, "--seeds", 2, "--policy", "min-latency",
                   "--policy", "round-robin")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found = rows(done.stdout)
        self.assertEqual(list(found), ["clairvoyant", "informed",
                                       "farsighted", "min-latency",
                                       "round-robin"])
        regret = {way: float(cells[4].split()[0])
                  for way, cells in found.items()}
        self.assertEqual(regret["clairvoyant"], 0)
        self.assertGreater(regret["informed"], 0)
        self.assertGreater(regret["farsighted"], 0)
        for way in ("informed", "farsighted"):  # they predict nothing
            self.assertEqual(found[way][6:8], ["", ""])
        self.assertLess(regret["min-latency"], regret["round-robin"])
        again = sim("run", EXAMPLE, "--seeds", 2, "--policy", "min-latency",
                    "--policy", "round-robin")
        self.assertEqual(again.stdout, done.stdout)

    def test_other_programs_get_scenario_events_and_runs(self):
        short = ("--seconds", 24)
        made = json.loads(sim("show", EXAMPLE, *short).stdout)
        self.assertEqual(made["length_ms"], 24_000)
        edge, cloud, gpu = made["sites"]
        self.assertEqual(edge["steps"]["slowdown"], [[6000, 3], [10_000, 1]])
        self.assertEqual(cloud["steps"]["bandwidth"][0], [14_000, 0.2])
        self.assertEqual((cloud["mbit"], gpu["cold_ms"]), (80, 900))

        drawn = table("draw", EXAMPLE, *short, "--seed", 5)
        after = [e for e in drawn if float(e["at_ms"]) >= made["warm_up_ms"]]
        for policy in ("round-robin", "clairvoyant", "farsighted",
                       "static:gpu"):
            met = table("play", EXAMPLE, *short, "--seed", 5, "--policy",
                        policy)
            self.assertEqual([e["at_ms"] for e in met],
                             [e["at_ms"] for e in after])
        self.assertEqual({e["site"] for e in met}, {"gpu"})
        for event, what in zip(met, after):  # slow-down 0.5, no disturbance
            self.assertAlmostEqual(float(event["service_ms"]),
                                   0.5 * float(what["work_ms"]), 4)
        done = sim("play", EXAMPLE, "--policy", "static:mars")
        self.assertEqual(done.returncode, 2)
        self.assertIn("static:mars", done.stderr)

    def test_absences_are_told_as_times(self):
        file = SCENARIOS / "routing" / "join-leave.yml"
        edge, cloud, gpu, late = json.loads(
            sim("show", file, "--seconds", 100).stdout)["sites"]
        self.assertEqual(edge["absent"], [
            {"from_ms": 25_000, "until_ms": 35_000, "crash": True,
             "deploy_ms": 0}])
        self.assertFalse(cloud["absent"][0]["crash"])
        self.assertEqual(gpu["absent"], [])
        self.assertEqual([one["from_ms"] for one in late["absent"]],
                         [0, 80_000])
        with tempfile.TemporaryDirectory() as folder:
            gone = pathlib.Path(folder) / "gone.yml"
            gone.write_text(EXAMPLE.read_text().replace(
                "  cloud:\n", "  cloud:\n    absent: [{from: 9s}]\n"))
            cloud = json.loads(sim("show", gone).stdout)["sites"][1]
        self.assertIsNone(cloud["absent"][0]["until_ms"])

    def test_a_gpu_serves_in_batches(self):
        file = SCENARIOS / "batching-gpu.yml"
        gpu = json.loads(sim("show", file).stdout)["sites"][2]
        self.assertEqual(gpu["batch"], {"max": 16, "window_ms": 2,
                                        "base_ms": 12, "item_ms": 0.8})
        met = table("play", file, "--seconds", 30, "--policy", "static:gpu")
        times = [float(one["service_ms"]) for one in met]
        # Alone base + item, in the largest batch base / 16 + item; noise 10 %.
        self.assertLess(min(times), 3)
        self.assertGreater(max(times), 11)
        for one in met:  # up to the round trip and its jitter
            inside = sum(float(one[part]) for part in
                         ("queue_ms", "service_ms", "cold_ms"))
            self.assertGreater(float(one["latency_ms"]), inside + 22)
        found = rows(sim("run", file, "--seconds", 30, "--seeds", 2,
                         "--policy", "min-latency", "--policy",
                         "round-robin").stdout)
        regret = {way: float(cells[4].split()[0])
                  for way, cells in found.items()}
        self.assertEqual(regret["clairvoyant"], 0)
        self.assertLess(regret["informed"], regret["min-latency"])
        self.assertLess(regret["min-latency"], regret["round-robin"])

    def test_functions_leave_for_others(self):
        file = SCENARIOS / "memory-pressure.yml"
        shown = json.loads(sim("show", file).stdout)
        self.assertEqual(shown["sites"][0]["memory_bytes"], 512 << 20)
        self.assertEqual(shown["functions"][2]["cold_ms"], 900)
        events, cold = {}, {}
        for one in table("play", file, "--seconds", 60, "--policy",
                         "round-robin"):
            events[one["site"]] = events.get(one["site"], 0) + 1
            if float(one["cold_ms"]) > 0:
                cold.setdefault(one["site"], []).append(float(one["cold_ms"]))
        # Room for all at the cloud, for three or so of five at the edge.
        self.assertLess(len(cold.get("cloud", ())), events["cloud"] / 50)
        self.assertGreater(len(cold["edge"]), events["edge"] / 10)
        self.assertEqual(max(cold["edge"]), 900)
        best = table("play", file, "--seconds", 60, "--policy", "clairvoyant")
        self.assertLess(sum(float(one["cold_ms"]) > 0 for one in best),
                        len(best) / 50)

    def test_worlds_with_deadlines_say_how_events_ended(self):
        crowd = SOURCE / "examples" / "scenarios" / "deadlines.yml"
        done = sim("run", crowd, "--seeds", 1, "--policy", "deadline")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        good, in_time, late, dropped, refused, lighter = [
            float(cell.split()[0])
            for cell in rows(done.stdout)["deadline"][:6]]
        self.assertAlmostEqual(in_time + late + dropped + refused, 100, 0)
        self.assertGreater(in_time, 90)
        self.assertGreater(lighter, 5)
        self.assertGreater(good, 100)
        self.assertNotIn("refused", sim("run", EXAMPLE, "--seconds", 24,
                                        "--seeds", 1).stdout)

    def test_what_is_wrong_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            wrong = pathlib.Path(folder) / "wrong.yml"
            wrong.write_text("sites:\n  a: {servers: 0}\nfunctions:\n  f: {}\n"
                             "events:\n  - {function: g}\n")
            done = sim("run", wrong)
            wrong.write_text("sites:\n  a:\n    memory: 1Gi\n"
                             "    batch: {window: 2ms}\n"
                             "functions:\n  f:\n    memory: 2Gi\n"
                             "events:\n  - {rate: 4}\n")
            other = sim("run", wrong)
        self.assertEqual(other.returncode, 2)
        self.assertIn("line 4: sites.a.batch.max: is required", other.stderr)
        self.assertIn("line 7: functions.f.memory: is more than "
                      "sites.a.memory", other.stderr)
        self.assertEqual(done.returncode, 2)
        self.assertIn("line 2", done.stderr)
        self.assertIn("must be 1 to 4096", done.stderr)
        self.assertIn("\"g\" is not among functions", done.stderr)
        for words, said in ((("run", "no-such-file"), "cannot read"),
                            ((), "say what to do"),
                            (("run", EXAMPLE, "--policy", "best"), "best"),
                            (("run", EXAMPLE, "--seeds", 0), "1 to 10000"),
                            (("show", EXAMPLE, "--seconds", -1), "seconds"),
                            (("draw",), "say what to do"),
                            (("run", EXAMPLE, "--sedes", 1), "sedes")):
            done = sim(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main()
