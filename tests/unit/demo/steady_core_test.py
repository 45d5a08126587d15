"""The quota that follows a core's speed."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools/demo"))
import steady_core  # noqa: E402


class Period(unittest.TestCase):
    def share_of(self, share, slowness):
        period = steady_core.period_us(share, slowness)
        return 1.0 if period is None else steady_core.QUOTA_US / period

    def test_a_core_at_its_best_gives_the_share_itself(self):
        for share in (0.1, 0.25, 0.6, 0.9):
            self.assertAlmostEqual(self.share_of(share, 1.0), share, 2)

    def test_a_slow_core_gives_as_much_more_time(self):
        for slowness in (1.2, 1.5, 1.7):
            self.assertAlmostEqual(self.share_of(0.25, slowness),
                                   0.25 * slowness, 2)

    def test_what_the_core_cannot_give_is_no_limit(self):
        self.assertIsNone(steady_core.period_us(0.6, 1.7))
        self.assertIsNone(steady_core.period_us(1.0, 1.0))

    def test_the_kernel_takes_every_period(self):
        for share in (0.01, 0.25, 0.96):
            for slowness in (1.0, 1.3, 5.0):
                period = steady_core.period_us(share, slowness)
                if period is not None:
                    self.assertGreaterEqual(period, steady_core.QUOTA_US)
                    self.assertLessEqual(period, 1_000_000)


class Quota(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.blank()
        self.quota = steady_core.Quota(str(self.folder))

    def blank(self):
        """The kernel's files take each write as a whole; these do not."""
        for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us"):
            (self.folder / name).write_text(" " * 8)

    def read(self, name):
        return int((self.folder / name).read_text().split()[0])

    def test_is_written_with_its_period(self):
        self.assertTrue(self.quota.set(4000))
        self.assertEqual(self.read("cpu.cfs_quota_us"), steady_core.QUOTA_US)
        self.assertEqual(self.read("cpu.cfs_period_us"), 4000)

    def test_small_changes_are_left(self):
        self.quota.set(4000)
        self.assertFalse(self.quota.set(4000))
        self.assertFalse(self.quota.set(4100))
        self.assertTrue(self.quota.set(4400))
        self.assertEqual(self.read("cpu.cfs_period_us"), 4400)

    def test_no_limit_and_back(self):
        self.quota.set(4000)
        self.blank()
        self.assertTrue(self.quota.set(None))
        self.assertEqual(self.read("cpu.cfs_quota_us"), -1)
        self.assertTrue(self.quota.set(4000))


if __name__ == "__main__":
    unittest.main()
