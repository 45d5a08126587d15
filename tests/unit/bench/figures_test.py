"""Figures of tools/bench out of what its programs print."""
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / "tools/benchmarks" / part)
                for part in ("node", "bulk", "runtimes", "torch")]
import figures  # noqa: E402


def seen(turns, predictor):
    output = (f"round-robin  {turns:9} events/s\n"
              f"min-latency  {predictor:9} events/s\n")
    return {one["name"].split(", ")[1]: one
            for one in figures.of({"sim": {"output": output}})}


class Simulated(unittest.TestCase):
    def test_both_rates_have_their_bars(self):
        found = seen(1_250_000, 180_000)
        turns, predictor = found["round robin"], found["the full predictor"]
        self.assertEqual((turns["value"], turns["target"], turns["met"]),
                         (1250, ">= 1000", True))
        self.assertEqual(
            (predictor["value"], predictor["target"], predictor["met"]),
            (180, ">= 200", False))
        self.assertFalse(seen(999_999, 200_000)["round robin"]["met"])
        self.assertTrue(seen(1, 200_000)["the full predictor"]["met"])

    def test_what_was_not_run_has_no_figure(self):
        self.assertEqual(figures.of({}), [])
        self.assertEqual(figures.of({"sim": {"skipped": "not built"}}), [])
