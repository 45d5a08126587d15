"""Tables of a report."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools"))
from lab import experiment, tables  # noqa: E402

WAY = {"name": "min-latency", "lag": None, "machine": None, "fidelity": {},
       "lab": {"mean_ms": 10, "p50_ms": 9, "p95_ms": 20, "p99_ms": 30,
               "failed": 2, "shares": {"near": 0.25}},
       "over_first_ms": (1.25, None)}


class Tables(unittest.TestCase):
    def test_a_way_is_a_row(self):
        rows = tables.latencies([WAY, {"name": "random", "lab": None}],
                                ["near", "far"]).splitlines()
        self.assertEqual(len(rows), 4)
        self.assertEqual(rows[2], "| min-latency | 10.0 | 9.0 | 20.0 | 30.0 | "
                                  "2 | 25 | 0 | +1.2 |")
        self.assertIn("no answers", rows[3])
        self.assertEqual({row.count("|") for row in rows}, {10})

    def test_what_is_not_known_is_left_out(self):
        for table in (tables.beside_simulator, tables.trust,
                      tables.fidelity):
            self.assertEqual(table([WAY]).count("min-latency"), 0)

    def test_shares_stand_beside_the_simulators(self):
        way = {**WAY, "simulator": {"shares": {"near": 0.75, "far": 0.25}},
               "agreement": {"shares_off": {"near": -0.5, "far": -0.25}}}
        rows = tables.shares([way, WAY], ["near", "far"]).splitlines()
        self.assertEqual(rows[2:], ["| min-latency | 25 | 75 | 0 | 25 | 50 |"])
        self.assertEqual(rows[0].count("|"), rows[2].count("|"))
        said = experiment.other_sites([("steps", way)])
        self.assertIn("in 1 of 1 rows", said)
        self.assertIn("steps, min-latency: near 25% in the lab, 75% in the "
                      "simulator", said)
        way["agreement"] = {"shares_off": {"near": 0.02}}
        self.assertIn("agree within 10 points",
                      experiment.other_sites([("steps", way)]))

    def test_agreement_in_a_word(self):
        words = [tables.agrees({"mean_holds": mean, "p99_holds": p99})
                 for mean in (True, False) for p99 in (True, False)]
        self.assertEqual(words, ["yes", "mean only", "p99 only", "no"])


if __name__ == "__main__":
    unittest.main()
