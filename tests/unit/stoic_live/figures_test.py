"""Figures, page and what the nodes are told."""
import math
import pathlib
import sys
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools/demo")]
from lab import emulation  # noqa: E402
from stoic_live import (experiment, figures, laws, page, play,  # noqa: E402
                        plot, runs, world)


def batch(best, **more):
    """All take 30 s, the best one 20."""
    return laws.Batch(10, {s: 0.0 for s in laws.SITES},
                      {s: 20.0 if s == best else 30.0 for s in laws.SITES},
                      **more)


class Figures(unittest.TestCase):
    batches = [batch("edge"), batch("gpu1"), batch("gpu2"), batch("gpu2")]

    def test_both_accuracies(self):
        chosen = ["edge", "gpu2", "edge", "gpu2"]
        self.assertEqual(figures.exact(self.batches, chosen), 0.5)
        # gpu2 for gpu1 is a cloud for a cloud; the edge for gpu2 is wrong.
        self.assertEqual(figures.edge_or_cloud(self.batches, chosen), 0.75)

    def test_a_row_compares_with_the_oracle(self):
        row = figures.row("x", self.batches, ["edge"] * 4)
        away = laws.transfer_s("gpu1", 10)
        self.assertAlmostEqual(row["total_s"], 20 + 3 * 30)
        self.assertAlmostEqual(row["over_oracle"], 110 / (80 + 3 * away))
        self.assertEqual(row["choices"]["edge"], 4)
        self.assertEqual(figures.worst([batch(
            "edge", broken=frozenset({"cpu", "gpu1"}))]), ["gpu2"])

    def test_differences_have_intervals(self):
        many = self.batches * 20
        same = figures.difference(many, ["edge"] * 80, ["edge"] * 80)
        self.assertEqual(same, (0, 0, 0))
        mean, low, high = figures.difference(many, ["edge"] * 80,
                                             figures.oracle(many))
        self.assertTrue(low <= mean <= high)
        self.assertGreater(low, 0)

    def test_learning_is_of_the_first_and_the_last(self):
        records = [{"predicted": {"total": 10 - (5 if i < 2 else 1)},
                    "measured": {"total": 10}} for i in range(6)]
        records.append({"predicted": None, "measured": {"total": 10}})
        first, last = figures.learning(records, "total", 2)
        self.assertAlmostEqual(first, 0.5)
        self.assertAlmostEqual(last, 0.1)

    def test_level_is_from_there_to_the_end(self):
        informed = [10] * 6
        self.assertEqual(figures.level_after([10] * 6, informed), 0)
        self.assertEqual(figures.level_after([90, 90, 90, 10, 10, 10],
                                             informed), 3)
        self.assertEqual(figures.level_after([10, 10, 10, 10, 90, 10],
                                             informed), None)
        # Two good ones at the end may be luck.
        self.assertEqual(figures.level_after([90] * 4 + [10] * 2, informed),
                         None)

    def test_the_laws_know_no_luck(self):
        knowing = laws.Informed({s: [9.0] for s in laws.SITES if s != "edge"})
        small = batch("gpu1")  # by luck
        best = knowing.choose(10)
        self.assertEqual(best, "gpu2")
        even = figures.by_the_laws([small], [best], knowing, laws.Stage(0))
        self.assertEqual(even, 1)
        worse = figures.by_the_laws([small], ["gpu1"], knowing, laws.Stage(0))
        self.assertAlmostEqual(worse, knowing.expected_s("gpu1", 10)
                               / knowing.expected_s("gpu2", 10))
        self.assertEqual(figures.by_the_laws([small], [""], knowing,
                                             laws.Stage(0)), 1)

    def test_luck_is_told_apart(self):
        knowing = laws.Informed({s: [9.0] for s in laws.SITES if s != "edge"})
        best = knowing.choose(10)
        same, unlucky = batch(best), batch("edge")
        self.assertNotIn("cpu", (best, same.best(), unlucky.best()))
        records = [{"site": best, "status": 200, "reason": "best"},
                   {"site": "cpu", "status": 200, "reason": "explored"},
                   {"site": "cpu", "status": 502, "reason": "best"}]
        luck = figures.lucky([same, unlucky, unlucky], records, knowing)
        self.assertEqual((luck["differ"], luck["explored"]), (1, 1))
        self.assertGreater(luck["by_the_laws"], 1)
        cost = unlucky.total_s("cpu") - unlucky.total_s(best)
        self.assertEqual(luck["dearest"], (cost, 1, "cpu", best, "explored"))
        said = page.luck_words({"lucky": {**luck, "dearest": (
            362.4, 103, "cpu", "edge", "explored")}})
        self.assertIn("choices that differ from its own: 1, 1 of them made to learn. "
                      "The dearest: batch 103 at cpu in place of edge "
                      "(explored), 362 s more.", said)
        none = figures.lucky([same], records[:1], knowing)
        self.assertEqual((none["differ"], none["by_the_laws"]), (0, 1))
        self.assertNotIn("dearest", page.luck_words({"lucky": none}))

    def test_losses_are_told(self):
        stage = {"name": "gpu2 is back", "from": 67, "to": 80, "petrel_s": 67.2,
                 "informed_s": 52.6, "level_after": None, "by_the_laws": 1.07}
        said = page.losses([stage, {**stage, "name": "fine", "petrel_s": 54}])
        self.assertIn("*gpu2 is back* (67 to 79) +28% (by the laws +7%), not "
                      "level before", said)
        self.assertNotIn("fine", said)
        said = page.losses([{**stage, "level_after": 4}])
        self.assertIn("level after 4 of 13 batches", said)
        self.assertIn("In no stage", page.losses([]))

    def test_hedges_pay_with_work(self):
        one = laws.Batch(1, {"edge": 0, "cpu": 9, "gpu1": 9, "gpu2": 9},
                         {"edge": 100, "cpu": 9, "gpu1": 30, "gpu2": 9})
        series = {s: [9.0] for s in laws.SITES if s != "edge"}
        away = laws.transfer_s("gpu1", 1)
        # The edge is expected to end at 16 s: sooner than gpu1 begins and runs.
        self.assertEqual(runs.duplicator([one], series, "gpu1"),
                         (100, away + 9))
        total, extra = runs.race([one], series)
        self.assertAlmostEqual(total, away + 18)
        self.assertEqual(extra, total)

    def test_pages_hold_what_was_found(self):
        series = laws.read_series(ROOT / "examples/data/stoic")
        batches = laws.draw([30, 90, 5], series, 30, 1)
        staged = laws.draw([30], series, runs.STAGED, 1, runs.STAGES)
        drawn = {"series": series, "main": batches, "staged": staged}

        def record(b):
            parts = {"transfer": 1.0, "deploy": 30.0, "process": 30.0,
                     "total": 61.0}
            return {"site": b.best(), "status": 200, "client_s":
                    b.total_s(b.best()), "went_on": [], "predicted": parts,
                    "sites": [b.best()], "measured": parts}

        def twice(b):
            return {**record(b), "sites": [b.best(), "cpu"]}
        played = {name: ([record(b) for b in of], 9.0) for name, of in (
            ("main", batches), ("pinned", batches), ("warm", batches),
            ("staged", staged))}
        played["hedged"] = ([twice(b) for b in batches], 9.0)
        found = {"seed": 1, "revision": "abc", "cores": 2, "at": "2026",
                 "minutes": 3, "digest": "0" * 64, "scale": 20,
                 **experiment.gather(drawn, played)}
        text = page.markdown(found)
        self.assertIn("| Petrel | ", text)
        self.assertNotIn("nan", text)
        self.assertEqual(found["second_starts"]["twice"], sum(
            b.best() != "cpu" for b in batches) / len(batches))
        self.assertGreater(found["second_starts"]["extra"], 0)
        self.assertIn("of the batches started at a second site", text)
        self.assertTrue(all(v.startswith("- Met")
                            for v in page.verdicts(found)[:5]))
        xml.etree.ElementTree.fromstring(plot.plot(found))
        self.assertEqual(page.finite({"a": [math.inf, 1]}), {"a": [None, 1]})


class Nodes(unittest.TestCase):
    def test_a_site_is_told_its_next_batch(self):
        text = world.site_text(batch("cpu", broken=frozenset({"cpu"})), "cpu")
        self.assertIn("slowdown 400.000000\n", text)  # 20 s at 1:50
        self.assertIn("broken 1\n", text)
        deploys = laws.Batch(1, {s: 5.0 for s in laws.SITES},
                             {s: 1.0 for s in laws.SITES})
        self.assertIn("cold_ms 100.000000\n", world.site_text(deploys, "cpu"))
        self.assertIn("cold_ms 0.0", world.site_text(deploys, "cpu", True))

    def test_links_are_scaled_by_bytes(self):
        took_ms = world.image_bytes() * 8 / (laws.LINK_MBIT * 1000)
        self.assertAlmostEqual(world.paper_s(took_ms),
                               laws.transfer_s("cpu", 1), places=4)
        self.assertIsNone(emulation.wrong_line(world.link_lines(0.1)))

    def test_a_record_has_the_answering_attempt(self):
        def attempt(site, total):
            return {"chosen": f"{site}/cpu", "reason": "best",
                    "outcome": {"network_ms": 1, "cold_ms": 2,
                                "service_ms": 3, "total_ms": total},
                    "sites": [{"site": f"{site}/cpu", "considered": True,
                               "network_ms": 2, "cold_ms": 4,
                               "service_ms": 6, "total_ms": 12},
                              {"site": "far/cpu", "considered": False}]}
        record = {"site": "gpu1"}
        play.attach(record, [attempt("gpu2", 5), attempt("gpu1", 6)])
        self.assertEqual(record["went_on"], ["gpu2"])
        self.assertAlmostEqual(record["measured"]["total"], 0.3)
        self.assertAlmostEqual(record["predicted"]["deploy"], 0.2)
        lost = {"site": ""}
        play.attach(lost, [])
        self.assertNotIn("predicted", lost)


if __name__ == "__main__":
    unittest.main()
