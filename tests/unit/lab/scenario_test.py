"""What the lab makes of a scenario."""
import copy
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools"))
from lab import nodes, scenario  # noqa: E402

SITE = {"name": "near", "tier": "edge", "servers": 2, "slowdown": 5.0,
        "rtt_ms": 2.0, "jitter_ms": 0.0, "mbit": 0.0, "cold_ms": 0.0,
        "keep_ms": 0.0, "period_ms": 0.0,
        "steps": {"slowdown": [[1000, 3], [2000, 1]],
                  "rtt": [[500, 4]], "bandwidth": [[500, 0.5], [900, 2]]}}
MADE = {"name": "", "length_ms": 4000, "warm_up_ms": 100, "gateways": 1,
        "sites": [SITE], "functions": [{"name": "f"}]}


class Refusals(unittest.TestCase):
    def refused(self, said, **change):
        made = copy.deepcopy(MADE)
        made.update(change)
        with self.assertRaises(scenario.Refused) as caught:
            scenario.from_json("file.yml", made)
        self.assertIn(said, str(caught.exception))

    def test_what_the_lab_cannot_play(self):
        self.refused("gateways: 2", gateways=2)
        self.refused("site A_b", sites=[dict(SITE, name="A_b")])
        self.refused("function f.g", functions=[{"name": "f.g"}])
        self.refused("lab's own", sites=[dict(SITE, name="lab-gateway")])
        self.refused("repeat", sites=[dict(SITE, period_ms=5.0)])

    def test_keys_of_a_newer_simulator_are_left(self):
        made = scenario.from_json("x", dict(MADE, sites=[
            dict(SITE, memory=5, loss=0.25)]))
        self.assertEqual(made.sites[0].loss, 0.25)
        self.assertEqual(made.name, "x")


class Disturbances(unittest.TestCase):
    def setUp(self):
        self.site = scenario.from_json("x", MADE).sites[0]

    def test_factors_hold_until_the_next(self):
        self.assertEqual([self.site.factor("slowdown", t)
                          for t in (0, 999, 1000, 1999, 2000, 9e9)],
                         [1, 1, 3, 3, 1, 1])

    def test_are_told_as_spans(self):
        self.assertEqual(scenario.intervals(self.site, 4000), [
            (500, 900, "bandwidth x0.5"), (500, 4000, "RTT x4"),
            (900, 4000, "bandwidth x2"), (1000, 2000, "3x slower")])
        self.assertEqual(scenario.intervals(self.site, 400), [])


class Manifest(unittest.TestCase):
    def test_of_a_policy(self):
        made = scenario.from_json("x", MADE)
        text = nodes.manifest(made, "/tmp/f", "static:near")
        self.assertIn("policy: static:near/cpu", text)
        self.assertIn("needs: {nodes: [near]}", text)
        self.assertNotIn("scale:", text)
        alone = nodes.manifest(made, "/tmp/f", None)
        self.assertNotIn("needs", alone)

    def test_cold_sites_leave_the_memory(self):
        made = scenario.from_json("x", dict(MADE, sites=[
            SITE, dict(SITE, name="far", keep_ms=15000.0)]))
        self.assertIn("scale: {min: 0, idle: 15000ms, learn: false, "
                      "prewarm: false}", nodes.manifest(made, "/x", "random"))


if __name__ == "__main__":
    unittest.main()
