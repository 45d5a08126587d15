"""Plots are well-formed whatever was recorded."""
import pathlib
import random
import sys
import unittest
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools"))
from lab import plot, plots, scenario  # noqa: E402

SITE = {"tier": "edge", "servers": 2, "slowdown": 5.0, "rtt_ms": 2.0,
        "jitter_ms": 0.0, "mbit": 0.0, "cold_ms": 0.0, "keep_ms": 0.0,
        "steps": {"slowdown": [[1000, 3], [2000, 1]]}}


def world(**more):
    return scenario.from_json("x", {
        "name": "a < b & c", "length_ms": 4000, "warm_up_ms": 100,
        "gateways": 1, "sites": [dict(SITE, name="near"),
                                 dict(SITE, name="far")],
        "functions": [{"name": "f"}], **more})


def records(count):
    draw = random.Random(3)
    return [{"id": i, "at_ms": 4000 * i / max(count, 1),
             "latency_ms": draw.expovariate(0.05), "status": 200,
             "site": draw.choice(["near", "far"])} for i in range(count)]


class Plots(unittest.TestCase):
    def all_of(self, made):
        one = world()
        spans = {s.name: scenario.intervals(s, 4000) for s in one.sites}
        ways = {"a < b": made, "static:far": made[::2]}
        answered = [r for r in made if r["status"] == 200]
        samples = [{"at_s": i, "machine": 0.4, "cores": {"x": 0.2}}
                   for i in range(len(made) and 4)]
        return [plots.latency(one, spans, ways), plots.shares(one, spans, ways),
                plots.ecdf(ways, {"a < b": answered}), plots.ecdf(ways, {}),
                plots.cpu(one, spans, {w: samples for w in ways}, 2)]

    def test_of_any_number_of_records(self):
        for count in (0, 1, 2, 500):
            for text in self.all_of(records(count)):
                root = xml.fromstring(text)
                self.assertGreater(float(root.get("height")), 100)
                self.assertNotIn("nan", text)

    def test_of_events_without_answers(self):
        lost = [dict(r, status=599, latency_ms=-1.0, site="")
                for r in records(20)]
        for text in self.all_of(lost):
            xml.fromstring(text)

    def test_events_are_dots_and_disturbances_are_told(self):
        text = self.all_of(records(500))[0]
        self.assertIn("3x slower", text)
        self.assertEqual(text.count("h0"), 500 + 250)
        self.assertIn("a &lt; b", text)


class Ticks(unittest.TestCase):
    def test_are_within(self):
        self.assertEqual(plot.log_ticks(1, 10), [1, 2, 5, 10])
        self.assertEqual(plot.log_ticks(0.5, 2e6)[0], 1)
        for high in (0.3, 1, 7, 60, 240, 86_400):
            ticks = plot.even_ticks(high)
            self.assertTrue(3 <= len(ticks) <= 10, (high, ticks))
            self.assertLessEqual(ticks[-1], high)


if __name__ == "__main__":
    unittest.main()
