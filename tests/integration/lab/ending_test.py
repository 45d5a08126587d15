"""faas-lab that does not get to its end: nothing goes on without it."""
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

from lab_world import ABSENT, SCENARIO, command, descendants, start_time

LIMIT = 60.0


class Ending(unittest.TestCase):
    def ended_by(self, how, line, text=SCENARIO, seconds=60):
        """Ends it when that line was told, by a signal or a function; (exit
        status, processes that were there)."""
        with tempfile.TemporaryDirectory(prefix="petrel-lab-") as folder:
            # Progress is told every five seconds of a longer scenario.
            child = subprocess.Popen(
                command(folder, "--seconds", seconds, text=text),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.folder = pathlib.Path(folder)
            try:
                for told in child.stdout:
                    if line in told:
                        break
                while not (below := descendants(child.pid)):
                    pass
                if callable(how):
                    how(child, below)
                else:
                    child.send_signal(how)
                _, self.errors = child.communicate(timeout=LIMIT)
                self.assert_gone(below)
            finally:
                child.kill()
                child.communicate()
            self.assertFalse((pathlib.Path(folder) / "report/report.md")
                             .exists())
            return child.returncode, below

    def assert_gone(self, below):
        end = time.monotonic() + LIMIT
        left = below
        while left and time.monotonic() < end:
            left = {(pid, started) for pid, started in left
                    if start_time(pid) == started}
            time.sleep(0.02)
        for pid, _ in left:
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(left, set())

    def test_nothing_is_left_when_it_is_killed(self):
        status, below = self.ended_by(signal.SIGKILL, "of the scenario")
        self.assertEqual(status, -signal.SIGKILL)
        # Three nodes, two links, the player.
        self.assertGreaterEqual(len(below), 6)

    def test_nothing_is_left_when_it_is_stopped(self):
        for number, expected in ((signal.SIGTERM, 128 + signal.SIGTERM),
                                 (signal.SIGINT, 130)):
            status, below = self.ended_by(number, "of the scenario")
            self.assertEqual(status, expected)
            self.assertGreaterEqual(len(below), 6)

    def test_a_node_that_dies_is_told(self):
        def kill_node(_child, below):
            nodes = [pid for pid, _ in below if b"node.name=far" in
                     pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
            self.assertEqual(len(nodes), 1)
            os.kill(nodes[0], signal.SIGKILL)

        status, below = self.ended_by(kill_node, "of the scenario")
        self.assertEqual(status, 1)
        self.assertIn("far ended", self.errors)

    def test_a_node_that_was_started_again_ends_with_it(self):
        def kill_lab(child, below):
            again = self.folder / "report/nodes/near.1.log"
            end = time.monotonic() + LIMIT
            while not again.exists() and time.monotonic() < end:
                time.sleep(0.02)
            self.assertTrue(again.exists())
            below.update(descendants(child.pid))
            child.kill()

        # Its own length: the crash is over after some seconds.
        status, below = self.ended_by(kill_lab, "starting", ABSENT, 10)
        self.assertEqual(status, -signal.SIGKILL)
        self.assertGreaterEqual(len(below), 6)

    def test_nothing_is_left_when_it_is_killed_while_it_starts(self):
        status, below = self.ended_by(signal.SIGKILL, "starting")
        self.assertEqual(status, -signal.SIGKILL)
        self.assertGreaterEqual(len(below), 1)


if __name__ == "__main__":
    unittest.main()
