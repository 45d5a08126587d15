"""The table for the program, its figures, and the page."""
import pathlib
import sys
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools/demo"),
                str(ROOT / "tools/stoic-draws")]
import draws_plot  # noqa: E402
import stoic_draws  # noqa: E402
from stoic_live import laws, runs  # noqa: E402


class Draws(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.worlds = {s: runs.worlds(stoic_draws.DATA, s) for s in (1, 2)}

    def test_the_table_has_all_parts(self):
        text = stoic_draws.table(self.worlds, True, True)
        lines = text.splitlines()
        self.assertEqual(lines[0].split(",")[:4],
                         ["world", "part", "site", "images"])
        parts = [line.split(",")[1] for line in lines[1:]]
        self.assertEqual(parts.count("deploy"), 2 * runs.VERSIONS)
        self.assertEqual(parts.count("set-up"), 2 * 8)
        self.assertEqual(parts.count("main"), 2 * runs.COUNT)
        sites = [line.split(",")[2] for line in lines if ",set-up," in line]
        self.assertEqual(sites[:8], [s for s in laws.SITES for _ in (1, 2)])
        bare = stoic_draws.table(self.worlds, False, False)
        self.assertNotIn("deploy,,", bare)
        self.assertNotIn("set-up", bare)

    def test_the_informed_choice_is_level_with_itself(self):
        chosen = {n: runs.computed(d["main"], d["series"])["informed"]
                  for n, d in self.worlds.items()}
        row = stoic_draws.figures_of(self.worlds, chosen)
        self.assertEqual(row["over_informed"], (1, 0))
        self.assertEqual(row["exact_off"], (0, 0))
        self.assertEqual((row["worst"], row["within"]), (1, 1))
        bad = stoic_draws.figures_of(
            self.worlds, {n: ["cpu"] * runs.COUNT for n in self.worlds})
        self.assertGreater(bad["over_informed"][0], 1.5)
        self.assertLess(bad["exact_off"][0], -50)

    def test_the_page_has_all_rows(self):
        chosen = {n: runs.computed(d["main"], d["series"])["oracle"]
                  for n, d in self.worlds.items()}
        row = stoic_draws.figures_of(self.worlds, chosen)
        text = stoic_draws.markdown({
            "seed": 1, "last": 2, "count": 2, "at": "2026", "seconds": 3,
            "revision": "abc",
            "rows": {way[0]: row for way in stoic_draws.WAYS}})
        for way in stoic_draws.WAYS:
            self.assertIn(f"| {way[0]} | -", text)
        self.assertEqual(text.count("- Met"), 4)

    def test_the_plot_has_a_dot_for_each_draw(self):
        ratios = [0.97, 1.0, 1.02, 1.3]
        text = draws_plot.plot({"count": 4, "rows": {
            name: {"ratios": ratios, "over_informed": [1.07, 0.02]}
            for name in ("one", "two & more")}})
        root = xml.etree.ElementTree.fromstring(text)
        circles = [e for e in root.iter() if e.tag.endswith("circle")]
        self.assertEqual(len(circles), 8)
        places = [float(c.get("cx")) for c in circles[:4]]
        self.assertEqual(places, sorted(places))
        self.assertLess(places[-1], float(root.get("width")))
        self.assertIn("two & more", [e.text for e in root.iter()])

    def test_what_the_program_prints_is_read(self):
        self.assertEqual(stoic_draws.choices_of("7,edge\n7,cpu\n9,gpu1\n"),
                         {7: ["edge", "cpu"], 9: ["gpu1"]})


if __name__ == "__main__":
    unittest.main()
