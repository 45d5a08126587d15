"""faas-sim from the command line."""
import os
import pathlib
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ.get("PETREL_BUILD", "build/dev"))
SOURCE = pathlib.Path(os.environ.get("PETREL_SOURCE", "."))
EXAMPLE = SOURCE / "examples" / "scenarios" / "three-sites.yml"


def sim(*words):
    return subprocess.run([str(BUILD / "bin" / "faas-sim"), *map(str, words)],
                          capture_output=True, text=True, timeout=100)


def rows(text):
    """Cells of the table's rows, by their first one."""
    table = [line.strip("|").split("|") for line in text.splitlines()
             if line.startswith("| ")]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]]
            for cells in table[1:]}


class Sim(unittest.TestCase):
    def test_policies_are_compared_on_the_same_events(self):
        done = sim("run", EXAMPLE, "--seeds", 2, "--policy", "min-latency",
                   "--policy", "round-robin")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found = rows(done.stdout)
        self.assertEqual(list(found), ["clairvoyant", "informed",
                                       "min-latency", "round-robin"])
        regret = {way: float(cells[4].split()[0])
                  for way, cells in found.items()}
        self.assertEqual(regret["clairvoyant"], 0)
        self.assertGreater(regret["informed"], 0)
        self.assertLess(regret["min-latency"], regret["round-robin"])
        again = sim("run", EXAMPLE, "--seeds", 2, "--policy", "min-latency",
                    "--policy", "round-robin")
        self.assertEqual(again.stdout, done.stdout)

    def test_what_is_wrong_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            wrong = pathlib.Path(folder) / "wrong.yml"
            wrong.write_text("sites:\n  a: {servers: 0}\nfunctions:\n  f: {}\n"
                             "events:\n  - {function: g}\n")
            done = sim("run", wrong)
        self.assertEqual(done.returncode, 2)
        self.assertIn("line 2", done.stderr)
        self.assertIn("must be 1 to 4096", done.stderr)
        self.assertIn("\"g\" is not among functions", done.stderr)
        for words, said in ((("run", "no-such-file"), "cannot read"),
                            ((), "say what to do"),
                            (("run", EXAMPLE, "--policy", "best"), "best"),
                            (("run", EXAMPLE, "--seeds", 0), "1 to 10000"),
                            (("run", EXAMPLE, "--sedes", 1), "sedes")):
            done = sim(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main()
