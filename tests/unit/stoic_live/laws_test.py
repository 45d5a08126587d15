"""What the emulated sites do, and who knows it."""
import dataclasses
import math
import pathlib
import random
import sys
import unittest

ROOT = pathlib.Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tools"))
from stoic_live import laws  # noqa: E402

DATA = ROOT / "examples/data/stoic"


def batch(**more):
    return laws.Batch(**{
        "images": 10, "deploy_s": {"edge": 0, "cpu": 5, "gpu1": 9, "gpu2": 9},
        "process_s": {"edge": 40, "cpu": 30, "gpu1": 31, "gpu2": 32}, **more})


class Draws(unittest.TestCase):
    def setUp(self):
        self.series = laws.read_series(DATA)
        self.sizes = laws.read_sizes(DATA)

    def test_are_the_same_everywhere(self):
        drawn = laws.draw(self.sizes, self.series, 154, 1)
        self.assertEqual(
            laws.digest(drawn),
            "2e4af21d79b418fc8e94553139a3b761"
            "b7d0f300dd51cbfcc76d23f56878dd19")
        other = laws.draw(self.sizes, self.series, 154, 2)
        self.assertNotEqual(laws.digest(drawn), laws.digest(other))

    def test_the_digest_sees_each_number(self):
        one = batch()
        for more in ({"images": 11}, {"thin": 0.1},
                     {"broken": frozenset({"gpu2"})},
                     {"deploy_s": {**one.deploy_s, "cpu": 5.001}},
                     {"process_s": {**one.process_s, "edge": 39.999}}):
            self.assertNotEqual(laws.digest([one]), laws.digest(
                [dataclasses.replace(one, **more)]), more)

    def test_blocks_of_the_record_stay_together(self):
        series = {"cpu": list(range(100)), "gpu1": list(range(1000, 1100))}
        drawn = laws.block_bootstrap(series, 52, random.Random(3))
        self.assertEqual(len(drawn["cpu"]), 52)
        for begin in range(0, 50, 5):
            for i in range(begin, begin + 4):
                self.assertEqual((drawn["cpu"][i] + 1) % 100,
                                 drawn["cpu"][i + 1])
        self.assertEqual([v - 1000 for v in drawn["gpu1"]], drawn["cpu"])
        self.assertGreater(len({drawn["cpu"][i] for i in range(0, 50, 5)}), 5)

    def test_follow_their_laws(self):
        drawn = laws.draw([20], self.series, 4000, 5)
        logs = [math.log(b.process_s["gpu2"] / laws.process_s("gpu2", 20))
                for b in drawn]
        mean = sum(logs) / len(logs)
        deviation = math.sqrt(sum(v * v for v in logs) / len(logs) - mean ** 2)
        self.assertAlmostEqual(mean, 0, delta=0.01)
        self.assertAlmostEqual(deviation, laws.NOISE, delta=0.005)
        measured = set(self.series["cpu"])
        for b in drawn[:200]:
            self.assertTrue(any(abs(b.deploy_s["cpu"] - v) < 1e-3
                                for v in measured))
            self.assertEqual(b.deploy_s["edge"], 0)

    def test_sizes_begin_again(self):
        drawn = laws.draw([3, 1], self.series, 5, 1)
        self.assertEqual([b.images for b in drawn], [3, 1, 3, 1, 3])

    def test_stages_change_the_world_and_no_draw(self):
        plain = laws.draw(self.sizes, self.series, 6, 1)
        staged = laws.draw(self.sizes, self.series, 6, 1, (
            laws.Stage(0), laws.Stage(2, deploy=4.0, thin=0.1),
            laws.Stage(4, broken=frozenset({"gpu2"}))))
        self.assertEqual(plain[:2], staged[:2])
        self.assertAlmostEqual(staged[3].deploy_s["cpu"],
                               4 * plain[3].deploy_s["cpu"], places=2)
        self.assertAlmostEqual(
            staged[3].total_s("cpu") - plain[3].total_s("cpu"),
            3 * plain[3].deploy_s["cpu"]
            + 9 * laws.transfer_s("cpu", plain[3].images), places=2)
        self.assertEqual(staged[5].total_s("gpu2"), math.inf)
        self.assertEqual(staged[5].process_s, plain[5].process_s)


class Knowing(unittest.TestCase):
    def test_the_oracle_takes_the_least_total(self):
        self.assertEqual(batch().best(), "cpu")  # 35 and its transfer
        far = batch(thin=0.01)
        self.assertEqual(far.best(), "edge")  # which has no transfer
        self.assertEqual(batch(broken=frozenset({"cpu"})).best(), "edge")

    def test_the_informed_policy_knows_laws_only(self):
        informed = laws.Informed({"cpu": [10, 30], "gpu1": [20], "gpu2": [60]})
        growth = math.exp(laws.NOISE ** 2 / 2)
        self.assertAlmostEqual(
            informed.expected_s("cpu", 10),
            10 * 0.212 * 8 / 70.7916 + 20 + growth * (13.338 + 14.91))
        self.assertEqual(informed.choose(1), "edge")
        self.assertEqual(informed.choose(150), "gpu1")
        self.assertEqual(informed.choose(150, laws.Stage(
            0, broken=frozenset({"gpu1"}))), "gpu2")
        self.assertEqual(informed.choose(25, laws.Stage(0, deploy=10)), "edge")

    def test_lines_are_those_of_the_paper(self):
        slopes = [laws.LINES[s][0] / laws.LINES["gpu2"][0] for s in laws.SITES]
        for mine, theirs in zip(slopes, (12, 6.7, 1.64, 1)):
            self.assertAlmostEqual(mine, theirs, delta=0.03)


if __name__ == "__main__":
    unittest.main()
