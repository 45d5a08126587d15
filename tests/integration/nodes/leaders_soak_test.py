"""The short form of leaders_soak.py. It asserts no times: a loaded machine."""
import shutil
import unittest

import leaders_soak


class LeadersSoak(unittest.TestCase):
    def test_two_kills_and_a_stop_under_load(self):
        if not shutil.which("redis-server"):
            self.skipTest("no redis-server here")
        soak = leaders_soak.run(seconds=20, kills=2, stops=1, rate=50)
        self.assertEqual((len(soak.kills), len(soak.stops)), (2, 1))


if __name__ == "__main__":
    unittest.main()
