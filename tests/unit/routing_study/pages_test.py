"""What the pages of the routing study say, from figures made up here."""
import math
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools/routing-study")]
import beginnings  # noqa: E402
import hedging_page  # noqa: E402
import revision  # noqa: E402
import routing  # noqa: E402
import study_page  # noqa: E402
import worlds  # noqa: E402

OURS = hedging_page.OURS


def loads(*means):
    """Of hedging: (mean over none, half of the interval) by load."""
    return {"loads": {f"0.{i + 1}": {OURS: {"mean_ms_over_plain": pair}}
                      for i, pair in enumerate(means)}}


class Hedging(unittest.TestCase):
    def test_only_intervals_that_leave_out_zero_count(self):
        said = hedging_page.pays(loads((-1.5, 0.4), (-0.7, 0.4), (-0.22, 0.25),
                                       (0.34, 0.28)))
        self.assertTrue(said.startswith("up to 20%"), said)
        self.assertIn("at 30% it is not told from nothing", said)
        self.assertIn("from 40% on it is worse (+0.34 ± 0.28)", said)

    def test_a_gap_ends_what_pays(self):
        said = hedging_page.pays(loads((-1, 0.1), (-0.1, 0.2), (-1, 0.1)))
        self.assertTrue(said.startswith("up to 10%"), said)
        self.assertNotIn("worse", said)
        self.assertIn("at no load", hedging_page.pays(loads((0.1, 0.2))))

    def test_scenarios_are_counted(self):
        said = hedging_page.in_scenarios({"scenarios": {
            name: {OURS: {"mean_ms_over_plain": pair}} for name, pair in
            (("a", (-1, 0.5)), ("b", (-0.1, 0.5)), ("herd", (5, 0.5)))}})
        self.assertEqual(said, "in 1 of 3, and worse in *herd* "
                               "(+5.00 ± 0.50 ms)")


def cell(regret, coverage=0.9, kept=0.95):
    return {"regret_ms": [regret, 0.1], "mean_ms": [50 + regret, 0.1],
            "coverage": [coverage, 0], "kept": [kept, 0]}


def study(**held_out):
    return {"rivals": ["c3", "jsq"], "held_out": {
        "rows": [{"policy": p, "regret_ms": [regret, 1]} for p, regret in
                 (("min-latency", 40), ("c3", 6), ("jsq", 9))],
        "loads": {"world-00": [0.4, 0.6], "world-01": [1.2, 2.5]},
        "scenarios": {
            "world-00": {"min-latency": cell(2.0), "c3": cell(1.5),
                         "jsq": cell(9)},
            "world-01": {"min-latency": cell(90, 0.5, 0.9), "c3": cell(30),
                         "jsq": cell(20)}}, **held_out}}


class Worlds(unittest.TestCase):
    def test_the_worst_world_is_named(self):
        said = study_page.world_words(study())
        self.assertIn("1 of 2 worlds break", said)
        self.assertIn("0 of them among the 1 that", said)
        self.assertIn("98% of ours is of world-01", said)
        self.assertIn("50.0 % in the worst, world-01", said)
        self.assertIn("90.0 % in the worst, world-01", said)
        self.assertIn("world-01, load 1.20 in the mean and 2.50 at most", said)
        self.assertNotIn("world-00, load", said)

    def test_the_bound_is_that_of_the_scenarios(self):
        self.assertFalse(study_page.beyond(2.4, 1.5))
        self.assertTrue(study_page.beyond(2.6, 1.5))
        self.assertFalse(study_page.beyond(11.9, 10))
        self.assertTrue(study_page.beyond(12.1, 10))
        rows = study_page.world_table(study()).splitlines()
        self.assertIn("| **missed** | 50.0 | 90.0 |", rows[2])
        self.assertIn("jsq 20.00 | +70.00 ± 0.14", rows[2])
        self.assertIn("| kept | 90.0 | 95.0 |", rows[3])

    def test_paired_differences_are_taken_where_they_are(self):
        found = study(beside={"world-00": {"regret_ms": {
            "rival": "c3", "over": [0.5, 0.01]}}})
        rows = study_page.world_table(found)
        self.assertIn("c3 1.50 | +0.50 ± 0.01", rows)

    def test_ours_is_paired_with_the_best_rival_by_seed(self):
        def runs(*values):
            return [{"regret_ms": v, "mean_ms": -v} for v in values]
        found = routing.beside_best({"policies": [
            {"policy": "min-latency", "runs": runs(1, 2, 3)},
            {"policy": "c3", "runs": runs(2, 3, 4)},
            {"policy": "jsq", "runs": runs(9, 9, 9)}]}, ["c3", "jsq"])
        self.assertEqual(found["regret_ms"], {"rival": "c3", "over": (-1, 0)})
        self.assertEqual(found["mean_ms"]["rival"], "jsq")


WORLD = """\
length: 40s
warm_up: 20s
sites:
  site-0:
    servers: 2
    slowdown: 2.000
    mbit: 80
    absent:
      - {from: 30.0s, until: 60.0s, crash: true}
  site-1:
    servers: 1
    slowdown: 1.000
    mbit: 8
    disturbances:
      - {from: 35.0s, bandwidth: 0.50}
functions:
  f:
    ms_per_unit: 6.00
    ms_fixed: 4.00
    bytes_per_unit: 100000
    outlier_share: 0
    outlier_factor: 5.0
events:
  - {function: f, gateway: 0, kind: poisson, rate: 22.00}
"""


class Load(unittest.TestCase):
    def test_links_and_servers_and_absences_bound_it(self):
        # site-0: 2 servers of 20 ms, 100/s by either; site-1: its link, 10/s,
        # then 5/s.
        mean, most = worlds.load(WORLD)
        self.assertAlmostEqual(most, 22 / 5)
        self.assertAlmostEqual(mean, 20 * 22 / (10 * 110 + 5 * 10 + 5 * 5))

    def test_a_quota_leaves_its_mean(self):
        text = WORLD.replace("    absent:\n      - {from: 30.0s, until: 60.0s, "
                             "crash: true}\n", "    repeat: 100ms\n    "
                             "disturbances:\n      - {from: 0ms, slowdown: 1}\n"
                             "      - {from: 50ms, slowdown: 10}\n")
        self.assertAlmostEqual(worlds.load(text)[1], 22 / (55 + 5))

    def test_every_world_has_one(self):
        for seed in range(50):
            mean, most = worlds.load(worlds.draw(seed))
            self.assertTrue(0 < mean <= most, seed)


class Beginnings(unittest.TestCase):
    def test_a_drawn_world_is_untold_from_its_first_event_on(self):
        for seed in range(20):
            text = beginnings.begun(worlds.draw(seed))
            self.assertIn("    told: false\n", text)
            self.assertIn("warm_up: 0s\n", text)
            self.assertIn("length: 20s\n", text)
        with self.assertRaisesRegex(ValueError, "warm_up"):
            beginnings.begun(worlds.draw(1).replace("warm_up", "warm"))

    def test_parts_are_compared_by_worlds(self):
        def answer(ours, other):
            return {"policies": [
                {"policy": name, "runs": [{"mean_ms": ms} for ms in means]}
                for name, means in (("o", ours), ("p", other))]}
        rows = beginnings.compare(
            {"a": answer([10, 20, 30], [30.1, 40, 49.9]),  # 20 more
             "b": answer([10, 20, 30], [10, 19, 31])}, "o", ["o", "p"])
        self.assertEqual(len(rows), 1)
        self.assertAlmostEqual(rows[0]["over"][0], 50 * math.log(2), 3)
        self.assertEqual((rows[0]["worse"], rows[0]["better"]), (1, 0))

    def test_what_matters_is_a_row_and_the_rest_is_counted(self):
        def row(part, mean, half):
            return {"policy": f"min-latency/no-{part}", "over": [mean, half],
                    "worse": 12, "better": 3}
        said = study_page.at_the_begin({"beginnings": [
            row("same", 0.1, 0.2), row("some", 1.5, 0.4),
            row("tiers", 3.8, 0.9)]}).splitlines()
        self.assertEqual([line.split(" | ")[0] for line in said[2:4]],
                         ["| tiers", "| some"])
        self.assertTrue(said[2].endswith("| 12 | 3 |"))
        self.assertEqual(said[-1], "The other 1 are not told from nothing.")


class Revision(unittest.TestCase):
    def git(self, *words):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@y",
                        *words], cwd=self.folder, check=True,
                       capture_output=True)

    def test_changed_sources_are_told_and_results_are_not(self):
        with tempfile.TemporaryDirectory() as name:
            self.folder = pathlib.Path(name)
            self.assertEqual(revision.revision(self.folder), "unknown")
            self.git("init", "-q")
            (self.folder / "docs/results").mkdir(parents=True)
            for file in ("a", "docs/results/b"):
                (self.folder / file).write_text("1")
            self.git("add", "-A")
            self.git("commit", "-qm", "one")
            clean = revision.revision(self.folder)
            self.assertRegex(clean, "^[0-9a-f]{7,}$")
            (self.folder / "docs/results/b").write_text("2")
            self.assertEqual(revision.revision(self.folder), clean)
            (self.folder / "a").write_text("2")
            self.assertEqual(revision.revision(self.folder), clean + "-dirty")


if __name__ == "__main__":
    unittest.main()
