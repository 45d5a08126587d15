"""The share of CPU time where there is no control group."""
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools/demo"))
import allowance  # noqa: E402


class Share(unittest.TestCase):
    def play(self, share, pauses, seconds=20.0, busy=lambda now: True):
        """Share of the time that a process has which runs whenever it may."""
        limit = allowance.Allowance(0.001)
        now = used = 0.0
        while now < seconds:
            runs = limit.allows(share, now, used) and busy(now)
            pause = next(pauses)
            now += pause
            used += pause if runs else 0.0
        return used / now

    def test_holds_however_late_one_looks(self):
        draw = random.Random(4)
        for share in (0.05, 0.25, 0.5, 0.9):
            for mean in (0.001, 0.01):
                pauses = iter(lambda mean=mean: draw.expovariate(1 / mean),
                              None)
                self.assertAlmostEqual(self.play(share, pauses), share, 1)

    def test_a_whole_core_is_never_stopped(self):
        self.assertEqual(self.play(1.0, iter(lambda: 0.001, None)), 1)

    def test_what_was_not_used_is_not_kept(self):
        # Idle for ten seconds, then busy for ten: half of them, no more.
        used = self.play(0.5, iter(lambda: 0.001, None),
                         busy=lambda now: now > 10)
        self.assertAlmostEqual(used, 0.25, 2)


if __name__ == "__main__":
    unittest.main()
