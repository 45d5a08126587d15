"""STOIC's record through the nodes' predictor: what is played and how it scores."""
import os
import pathlib
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("PETREL_SOURCE", "."))
sys.path.insert(0, str(SOURCE / "tools/stoic-replay"))
import nodes  # noqa: E402
import stoic_page  # noqa: E402

DATA = SOURCE / "examples/data/stoic"


def program(folder, site):
    """Sends every batch of part main to one site."""
    path = pathlib.Path(folder) / "draws"
    path.write_text(
        "#!/bin/sh\n" f"grep -c ',main,' | xargs seq | sed 's/.*/1,{site}/'\n")
    path.chmod(0o755)
    return path


class Nodes(unittest.TestCase):
    def test_the_record_is_whole(self):
        batches = nodes.read_batches(DATA)
        self.assertEqual(len(batches), 148)
        self.assertEqual(sum(b["index"] in nodes.CONTIGUOUS for b in batches), 28)
        for one in batches:
            for site in nodes.SITES:
                self.assertAlmostEqual(
                    one["deploy"][site] + one["process"][site],
                    one["total"][site], places=3)

    def test_what_became_of_a_batch_is_told_after_it(self):
        batches = nodes.read_batches(DATA)[:3]
        profiles = nodes.read_profiles(DATA)
        parts = [row.split(",")[1] for row in
                 nodes.table(batches, profiles, True).splitlines()]
        self.assertEqual(parts, ["part", *["set-up"] * 8,
                                 *["main", "deploy"] * 3])
        self.assertNotIn(",deploy,", nodes.table(batches, profiles, False))

    def test_scores_are_over_the_best_and_the_authors(self):
        with tempfile.TemporaryDirectory() as folder:
            rows = nodes.play(program(folder, "edge"), DATA)
        first = rows[0]["contiguous"]
        # "edge only" of the frozen experiment's table.
        batches = [b for b in nodes.read_batches(DATA)
                   if b["index"] in nodes.CONTIGUOUS]
        self.assertAlmostEqual(first["total_s"],
                               sum(b["total"]["edge"] for b in batches))
        self.assertGreater(first["over_oracle"], 0.1)
        low, high = first["over_authors_s"][1:]
        self.assertTrue(low < first["over_authors_s"][0] < high)
        page = stoic_page.nodes(rows)
        self.assertIn("| min-latency |", page)
        self.assertIn("**better**" if high < 0 else "worse", page)

    def test_a_program_that_loses_batches_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = program(folder, "edge")
            path.write_text("#!/bin/sh\necho 1,edge\n")
            with self.assertRaises(SystemExit):
                nodes.play(path, DATA)


if __name__ == "__main__":
    unittest.main()
