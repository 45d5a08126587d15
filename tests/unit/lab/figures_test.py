"""Figures of the lab's records."""
import math
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools"))
from lab import figures  # noqa: E402
from lab.scenario import Site  # noqa: E402


def record(number, latency, **more):
    return {"id": number, "at_ms": 100.0 * number, "sent_ms": 100.0 * number,
            "latency_ms": latency, "queue_ms": 1.0, "service_ms": 2.0,
            "cold_ms": 0.0, "site": "near", "status": 200, "bytes": 0,
            "reply_bytes": 0, "work_ms": 1.0, **more}


def site(**more):
    return Site(**{"name": "near", "tier": "near", "servers": 1,
                   "slowdown": 2.0, "rtt_ms": 10.0, "jitter_ms": 1.0,
                   "mbit": 0.0, "cold_ms": 0.0, "keep_ms": 0.0, "loss": 0.0,
                   "steps": {}, **more})


class Summary(unittest.TestCase):
    def test_counts_what_failed_and_takes_the_answered(self):
        made = figures.summary([record(0, 10.0), record(1, 20.0),
                                record(2, -1.0, status=599, site=""),
                                record(3, 30.0, site="far")])
        self.assertEqual((made["events"], made["failed"]), (4, 1))
        self.assertEqual(made["mean_ms"], 20)
        self.assertEqual(made["shares"], {"far": 1 / 3, "near": 2 / 3})
        self.assertEqual(made["parts_ms"]["rest"], 17)

    def test_of_nothing_is_nothing(self):
        self.assertIsNone(figures.summary([]))
        self.assertIsNone(figures.summary([record(0, -1, status=503)]))
        self.assertIsNone(figures.lag([]))

    def test_interval_of_a_quantile_holds_it_as_often_as_said(self):
        draw = random.Random(5)
        inside = 0
        for _ in range(400):
            ordered = sorted(draw.expovariate(1) for _ in range(1000))
            low, high = figures.quantile_interval(ordered, 0.99)
            inside += low <= math.log(100) <= high
        self.assertTrue(0.90 <= inside / 400 <= 0.99, inside)

    def test_a_late_generator_is_told(self):
        on_time = [record(i, 5, sent_ms=100 * i + 1.0) for i in range(200)]
        late = [record(i, 5, sent_ms=100 * i + (9.0 if i % 20 == 0 else 0))
                for i in range(200)]
        self.assertTrue(figures.lag(on_time)["valid"])
        self.assertFalse(figures.lag(late)["valid"])


class Pairs(unittest.TestCase):
    def test_difference_is_by_event_and_leaves_out_what_one_lost(self):
        mine = [record(i, 50.0 + 7) for i in range(200)]
        theirs = [record(i, 50.0) for i in range(200)]
        theirs[3]["status"] = 503
        mine[9]["status"] = 599
        mean, half = figures.paired([mine], [theirs])
        self.assertEqual((mean, half), (7, 0))
        self.assertIsNone(figures.paired([[]], [[]]))

    def test_its_interval_is_students_over_blocks(self):
        latency = [51.0] * 20 + [52.0] * 20 + [53.0] * 20  # 20 in 2 s
        mine = [record(i, ms) for i, ms in enumerate(latency)]
        theirs = [record(i, 50.0) for i in range(60)]
        mean, half = figures.paired([mine], [theirs])
        self.assertAlmostEqual(mean, 2)
        self.assertAlmostEqual(half, 4.303 / math.sqrt(3))
        self.assertEqual(figures.paired([mine[:5]], [theirs]), (1, None))

    def test_a_crowd_counts_by_its_events(self):
        # One event in each of nine blocks, 91 in another.
        at = [2000.0 * i for i in range(9)] + [18_000.0] * 91
        mine = [record(i, 50.0 + (10 if i >= 9 else 0), at_ms=ms)
                for i, ms in enumerate(at)]
        theirs = [record(i, 50.0, at_ms=ms) for i, ms in enumerate(at)]
        self.assertAlmostEqual(figures.paired([mine], [theirs])[0], 9.1)


class Agreement(unittest.TestCase):
    def of(self, lab_ms, sim_ms):
        lab = figures.summary([record(i, ms) for i, ms in enumerate(lab_ms)])
        sim = figures.summary([record(i, ms) for i, ms in enumerate(sim_ms)])
        return figures.agreement(lab, sim)

    def test_bounds(self):
        sim = [100.0] * 1000
        self.assertTrue(self.of([109.0] * 1000, sim)["mean_holds"])
        self.assertFalse(self.of([111.0] * 1000, sim)["mean_holds"])
        self.assertFalse(self.of([89.0] * 1000, sim)["mean_holds"])
        self.assertTrue(self.of([119.0] * 1000, sim)["p99_holds"])
        self.assertFalse(self.of([121.0] * 1000, sim)["p99_holds"])
        self.assertTrue(self.of([121.0] * 1000, sim)["p99_told_apart"])

    def test_the_largest_part_is_named(self):
        found = self.of([130.0] * 1000, [100.0] * 1000)
        said = figures.reasons(found, {"saturated": True, "machine": 0.95,
                                       "others": 0.5}, {"valid": True})
        self.assertIn("busy for 95%", said[0])
        self.assertIn("network and the nodes' own work: +30.0 ms", said[1])


    def test_a_lab_within_the_simulators_own_range_is_told(self):
        sim = figures.spread([{"mean_ms": m, "p99_ms": 2 * m}
                              for m in (90.0, 135.0, 100.0)] + [None])
        self.assertEqual(sim, {"runs": 3, "mean_ms": (90, 135),
                               "p99_ms": (180, 270)})
        self.assertIsNone(figures.spread([None]))
        found = self.of([130.0] * 1000, [100.0] * 1000)
        for mean, said in ((130.0, "all lie within"),
                           (140.0, "do not lie within")):
            text = figures.reasons(found, None, None, [{"mean_ms": mean}],
                                   sim)[0]
            self.assertIn("from 90.0 to 135.0 ms", text)
            self.assertIn(said, text)


class Expected(unittest.TestCase):
    def test_link_with_its_disturbances(self):
        one = site(mbit=8.0, steps={"rtt": [[1000, 3]],
                                    "bandwidth": [[1000, 0.5]]})
        self.assertEqual(figures.expected_link_ms(
            one, record(1, 0, bytes=5000)), 10 + 2 + 5)
        self.assertEqual(figures.expected_link_ms(
            one, record(20, 0, bytes=5000)), 30 + 2 + 10)

    def test_service_that_gets_slower_meanwhile(self):
        one = site(steps={"slowdown": [[1000, 3], [1060, 1]]})
        of = record(0, 0, at_ms=990.0, work_ms=20.0)
        # 40 ms of work: 10 until the step, 60 for the next 20, 10 more.
        self.assertEqual(figures.expected_service_ms(one, of, 0), 80)
        self.assertEqual(figures.expected_service_ms(one, of, 500), 40)

    def test_fidelity_is_beside_what_was_asked(self):
        records = [record(i, 17.0, service_ms=2.5) for i in range(50)]
        found = figures.fidelity([site(), site(name="far")], records)
        self.assertEqual(list(found), ["near"])  # too few elsewhere
        self.assertEqual(found["near"]["service_late_p50_ms"], 0.5)
        self.assertEqual(found["near"]["way_over_link_p50_ms"], 1.5)


if __name__ == "__main__":
    unittest.main()
