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
        self.refused("gateways: 9: the lab plays 8", gateways=9)
        self.refused("site A_b", sites=[dict(SITE, name="A_b")])
        self.refused("function f.g", functions=[{"name": "f.g"}])
        for name in ("lab-gateway", "lab-gateway-2"):
            self.refused("lab's own", sites=[dict(SITE, name=name)])
        for said in ("sites.near.repeat", "the lab plays 20000"):
            self.refused(said, sites=[dict(SITE, period_ms=1e-3)])

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


def factor_of_schedule(steps, period_ms, at_ms):
    """As libfaas/sim/schedule.cpp says it."""
    value = 1.0
    for begin, factor in steps:
        if begin <= at_ms % period_ms:
            value = factor
    return value


class Repeating(unittest.TestCase):
    def played(self, period_ms, length_ms=4000, **steps):
        return scenario.from_json("x", dict(MADE, length_ms=length_ms, sites=[
            dict(SITE, period_ms=period_ms, steps=steps)])).sites[0]

    def test_steps_come_again_as_in_the_simulator(self):
        for steps in ([[0, 1], [300, 5]], [[200, 3], [500, 0.5]],
                      [[0, 2], [0, 4], [999, 1]], [[700, 7]]):
            site = self.played(1000.0, slowdown=steps, rtt=steps)
            for at in [*range(0, 5000, 50), 999.5, 1000, 3999.9, 12_300]:
                expected = factor_of_schedule(steps, 1000.0, at)
                for kind in ("slowdown", "rtt"):
                    self.assertEqual(site.factor(kind, at), expected,
                                     (steps, at))

    def test_they_are_plain_steps_beyond_the_end(self):
        site = self.played(1000.0, slowdown=[[300, 5]], rtt=[])
        self.assertEqual(site.steps["slowdown"][:4],
                         [[0, 1], [300, 5], [1000, 1], [1300, 5]])
        self.assertEqual(site.steps["slowdown"][-1], [13_300, 5])
        self.assertEqual(site.steps["rtt"], [])
        once = scenario.from_json("x", MADE).sites[0]
        self.assertEqual(once.steps, SITE["steps"])

    def test_the_bound_on_steps(self):
        often = 14_000 * 2 / scenario.MOST_STEPS
        self.assertEqual(len(self.played(
            often * 1.001, slowdown=[[0, 2]]).steps["slowdown"]), 9991)
        with self.assertRaises(scenario.Refused):
            self.played(often * 0.999, slowdown=[[0, 2]])
        self.played(1e-6, slowdown=[])  # nothing repeats

    def test_many_are_told_as_one_span(self):
        few = self.played(1000.0, slowdown=[[0, 1], [500, 3]])
        self.assertEqual(len(scenario.intervals(few, 4000)), 4)
        many = self.played(100.0, slowdown=[[0, 1], [50, 3]])
        self.assertEqual(scenario.intervals(many, 4000), [
            (0, 4000, "disturbances repeat each 0.1 s")])


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
