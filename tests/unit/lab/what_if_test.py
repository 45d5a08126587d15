"""The page of `tools/experiments what-if`."""
import pathlib
import sys
import unittest
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools"))
from lab import emulation, what_if, what_if_truth  # noqa: E402


def row(name, said, measured, valid=True, words=("--rate", "x2")):
    would = [{"is": said, "low": said * 0.9, "high": said * 1.1}] * 4
    return {"name": name, "words": list(words), "said": would,
            "measured": [measured] * 4, "valid": valid,
            "inside": [said * 0.9 <= measured <= said * 1.1] * 4,
            "own_error": [0.01] * 4, "doubts": [], "remarks": [],
            "said_shares": {"a": 1}, "shares": {"a": 1}}


class WhatIf(unittest.TestCase):
    def test_each_change_changes_the_scenario(self):
        texts = {one.name: one.text() for one in what_if.CHANGES if one.pattern}
        self.assertEqual(len(set(texts.values())), len(texts))
        self.assertNotIn(what_if.FILE.read_text(), texts.values())
        for one in what_if.CHANGES:  # a script in place of the file's absence
            if one.link:
                self.assertEqual(one.text(on_nodes=True),
                                 what_if.FILE.read_text())
                self.assertIsNone(emulation.wrong_line(one.link[1]))
        names = {what_if.folder_of(what_if.FILE.parent, one.name)
                 for one in what_if.CHANGES}
        self.assertEqual(len(names), len(what_if.CHANGES))

    def test_a_void_play_is_not_counted(self):
        rows = [row("nothing", 100, 100, words=()), row("more", 100, 105),
                row("late", 100, 900, valid=False)]
        text = what_if.summary(rows)
        self.assertIn("8 of 8 figures", text)
        self.assertIn("at most 4.8%", text)
        self.assertIn("late (void", what_if.table(rows))
        self.assertIn("void", what_if.summary(rows[:1] + rows[2:]))

    def test_what_was_said_stands_beside_what_came(self):
        rows = [row("nothing", 100, 100, words=()), row("more", 100, 150)]
        self.assertIn("| 100.0 [90.0, 110.0] | 150.0 | -33% | no |",
                      what_if.table(rows))
        root = xml.fromstring(what_if.plot(rows))
        self.assertTrue(root.tag.endswith("svg"))

    def test_shares_that_were_said_wrongly_are_told(self):
        rows = [row("nothing", 100, 100, words=()), row("more", 100, 100)]
        self.assertIn("within 10 points in all", what_if.shares_words(rows))
        rows[1]["said_shares"] = {"a": 0.7, "b": 0.16, "c": 0.14}
        rows[1]["shares"] = {"a": 0.6, "b": 0.37, "c": 0.03}
        said = what_if.shares_words(rows)
        self.assertIn("in 1 of 2 rows", said)
        self.assertIn("of b 16% was said and 37% measured", said)
        table = what_if.shares_table(rows).splitlines()
        self.assertEqual(table[2], "| nothing | 100 | 100 |  |  |  |  | 0 |")
        self.assertEqual(table[3], "| more | 70 | 60 | 16 | 37 | 14 | 3 | 21 |")
        self.assertEqual(len({line.count("|") for line in table[1:]}), 1)

    def test_one_more_site_has_the_laws_of_the_first(self):
        text = next(one for one in what_if.CHANGES
                    if one.name == "one more edge").text()
        block = text.split("  edge-2:\n")[1].split("  cloud:")[0]
        self.assertEqual(block, text.split("  edge:\n")[1].split(
            "  edge-2:")[0])
        self.assertIn("slowdown: 4", block)

    def test_a_log_that_is_not_there_is_told(self):
        with self.assertRaises(RuntimeError):
            what_if.log_of(pathlib.Path("/no/such/folder"))

    def test_figures_are_those_of_the_simulator(self):
        table = "latency_ms\n" + "\n".join(str(n) for n in range(1, 101))
        self.assertEqual(what_if_truth.figures_of(table), [50.5, 51, 96, 100])
        text, inside, count = what_if_truth.section(
            {"more": [[({"is": 10, "low": 9, "high": 11}, 10.5)] * 4]})
        self.assertEqual((inside, count), (4, 4))
        self.assertIn("| more | 4.8% | 1 of 1 |", text)


if __name__ == "__main__":
    unittest.main()
