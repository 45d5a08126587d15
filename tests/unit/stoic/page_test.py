"""The page of tools/experiments stoic, from figures made up here."""
import os
import pathlib
import sys
import unittest
import xml.etree.ElementTree

SOURCE = pathlib.Path(os.environ.get("PETREL_SOURCE", "."))
sys.path.insert(0, str(SOURCE / "tools/stoic-replay"))
import stoic_page  # noqa: E402


def choice(name, hits, over):
    return {"name": name, "feedback": "full", "hits": hits,
            "exact": [hits / 10, hits / 10 - 0.1, hits / 10 + 0.1],
            "exact_over_authors": over, "edge_or_cloud": [0.9, 0.8, 1.0],
            "edge_or_cloud_over_authors": [0, 0, 0],
            "exact_over_stoic": [0, 0, 0]}


def time(name, over, hedges=False):
    return {"name": name, "feedback": "full", "hedges": hedges,
            "total_s": 110.0, "over_oracle": 0.1, "hits": 7,
            "regret_s": [1.0, 0.5, 1.5], "regret_over_authors_s": over,
            "regret_over_stoic_s": [0, 0, 0],
            "extra_s": 25.0 if hedges else 0.0, "extra_process_s": 5.0}


def figures(over=(0.1, 0.05, 0.15), slower=(-0.3, -0.5, -0.1)):
    times = {"batches": 10, "oracle_s": 100.0,
             "rows": [time(stoic_page.AUTHORS, [0, 0, 0]),
                      time(stoic_page.PETREL, list(slower)),
                      time("hedging", [0.1, -0.1, 0.3], True)]}
    return {"revision": "abc", "published": {
        "seed": 1, "agreement": {"batches": 10, "rows": [
            choice(stoic_page.AUTHORS, 8, [0, 0, 0]),
            choice("medians and lines in hindsight", 7, [0, 0, 0]),
            choice(stoic_page.PETREL, 9, list(over))]},
        "contiguous": times, "measured": times, "semisynthetic": times,
        "parts": {"deployments": [{"forecast": "f", "mean_abs_s": [0, 1, 2, 3],
                                   "median_abs_s": [0, 1, 2, 3]}],
                  "lines": [{"method": "m", "outliers_in_ten": 1,
                             "error_at_35": 0.1, "error_at_120": 0.2}]}},
        "synthetic": {"seed": 1001, "draws": 2, "rows": [
            {"name": "n", "feedback": "-", "exact": [1, 1, 1],
             "edge_or_cloud": [1, 1, 1], "over_oracle": [0, 0, 0],
             "extra_work": [0, 0, 0]}]}}


class Page(unittest.TestCase):
    def test_better_needs_an_interval_without_zero(self):
        said = "\n".join(stoic_page.verdicts(figures()))
        self.assertIn("+10.0 (+5.0 to +15.0) **better**", said)
        self.assertIn("-0.30 (-0.50 to -0.10) **better**", said)
        said = "\n".join(stoic_page.verdicts(figures((0.1, -0.01, 0.2),
                                                     (-0.3, -0.5, 0.1))))
        self.assertNotIn("better", said)
        said = "\n".join(stoic_page.verdicts(figures((-0.1, -0.2, -0.05),
                                                     (0.3, 0.1, 0.5))))
        self.assertEqual(said.count("worse"), 3)

    def test_the_aim_of_hedging_is_met_or_missed(self):
        self.assertNotIn("within 2 %", "\n".join(stoic_page.verdicts(
            figures())))  # no hedging of Petrel's in there
        made = figures()["published"]
        near = {**time("Petrel hedging, price 1", [0, 0, 0], True),
                "over_oracle": 0.008}
        far = {**near, "over_oracle": 0.0217, "extra_s": 40.0}
        made["contiguous"] = {**made["contiguous"], "rows": [far]}
        made["semisynthetic"] = {**made["semisynthetic"], "rows": [near]}
        self.assertEqual(stoic_page.aims(made), [
            "Missed, hedging within 2 % of the oracle: Petrel hedging, price 1, "
            "contiguous batches, 2.2 %, with 40 % extra work.",
            "Met, hedging within 2 % of the oracle: Petrel hedging, price 1, "
            "semi-synthetic batches, 0.8 %, with 25 % extra work."])

    def test_every_table_is_whole(self):
        text = stoic_page.markdown(figures())
        width = None
        for line in text.splitlines():
            if not line.startswith("|"):
                width = None
                continue
            cells = line.count("|")
            self.assertEqual(cells, width or cells, line)
            width = cells
        self.assertIn("25 (5)", text)
        self.assertNotIn("{", text)

    def test_the_plot_is_xml(self):
        xml.etree.ElementTree.fromstring(stoic_page.plot(figures()))


if __name__ == "__main__":
    unittest.main()
