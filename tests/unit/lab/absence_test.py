"""Sites that are absent for a time: what is done when."""
import pathlib
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools"))
from lab import absence, machine, nodes, scenario, tables  # noqa: E402
from lab.common import wait_until  # noqa: E402
from lab.timetable import Timetable  # noqa: E402

FAR = {"name": "far", "tier": "cloud", "servers": 2, "slowdown": 1.0,
       "rtt_ms": 100.0, "jitter_ms": 0.0, "mbit": 0.0, "cold_ms": 0.0,
       "keep_ms": 0.0, "steps": {}}
SECONDS = 20.0  # for what another thread does


def gone(from_ms, until_ms, crash=True, deploy_ms=0):
    """As faas-sim prints it."""
    return {"from_ms": from_ms, "until_ms": until_ms, "crash": crash,
            "deploy_ms": deploy_ms}


def world(**sites):
    return scenario.from_json("x.yml", {
        "name": "", "length_ms": 10_000, "warm_up_ms": 0, "gateways": 1,
        "functions": [{"name": "f"}],
        "sites": [dict(FAR, name=name, **more)
                  for name, more in sites.items()]})


class Reading(unittest.TestCase):
    def test_what_ends_after_the_scenario_does_not_end(self):
        far = world(far={"absent": [gone(0, 500, False), gone(3000, 10_000),
                                    gone(10_000, 11_000)]}).sites[0]
        self.assertEqual(far.absent, [scenario.Absence(0, 500, False),
                                      scenario.Absence(3000, None, True)])
        for at, expected in ((0, True), (499, True), (500, False),
                             (3000, True), (99_999, True)):
            self.assertEqual(far.is_absent(at), expected, at)
        for until in (None, float("inf")):
            self.assertIsNone(world(far={"absent": [gone(3, until)]})
                              .sites[0].absent[0].until_ms)

    def test_a_time_to_deploy_is_refused(self):
        with self.assertRaises(scenario.Refused) as caught:
            world(far={"absent": [gone(3, 5, deploy_ms=1)]})
        self.assertIn("sites.far.absent: deploy", str(caught.exception))

    def test_absences_are_shown_beside_disturbances(self):
        one = world(far={"steps": {"slowdown": [[1000, 3], [2000, 1]]},
                         "absent": [gone(1000, 2000), gone(5000, None, False)]})
        self.assertEqual(scenario.intervals(one.sites[0], 10_000), [
            (1000, 2000, "3x slower, crashed"), (5000, 10_000, "absent")])

    def test_events_of_a_crash_may_run_twice(self):
        for times, expected in (([], 0), ([gone(5, 9, False)], 0),
                                ([gone(0, 9)], 0), ([gone(5, 9)], 1)):
            text = nodes.manifest(world(far={"absent": times}), "/f", "random")
            self.assertEqual(text.count("idempotent: true"), expected, times)


class Plan(unittest.TestCase):
    def steps(self, **sites):
        return [(s.at_ms, s.site, s.what)
                for s in absence.plan(world(**sites).sites)]

    def test_a_crash_is_silent_before_it_is_known(self):
        self.assertEqual(self.steps(far={"absent": [gone(1000, 3000)]}), [
            (1000, "far", "cut"), (1400, "far", "kill"),  # four round trips
            (3000, "far", "start")])
        near = {"rtt_ms": 2.0, "absent": [gone(1000, None)]}
        self.assertEqual(self.steps(near=near), [
            (1000, "near", "cut"), (1250, "near", "kill")])

    def test_a_short_crash_kills_all_the_same(self):
        self.assertEqual(self.steps(far={"absent": [gone(1000, 1100)]}), [
            (1000, "far", "cut"), (1100, "far", "kill"),
            (1100, "far", "start")])

    def test_sites_take_turns_by_time(self):
        self.assertEqual(self.steps(
            far={"absent": [gone(0, 3000), gone(3000, 4000, False)]},
            near={"absent": [gone(2000, 3500, False)]}), [
                (0, "far", "cordon"), (2000, "near", "cordon"),
                (3000, "far", "uncordon"), (3000, "far", "cordon"),
                (3500, "near", "uncordon"), (4000, "far", "uncordon")])


class Cluster:
    """Notes what it is told."""
    folder = "/tmp/nodes"

    def __init__(self):
        self.told, self.back = [], set()
        for name in ("tell_link", "kill_site", "start_again", "set_duty"):
            setattr(self, name, lambda *words, name=name: self.told.append(
                (name, *words)))

    def is_back(self, site):
        return site in self.back


class Doing(unittest.TestCase):
    def play(self, times):
        self.now, self.cluster = 100.0, Cluster()
        made = absence.Absences(self.cluster, world(far={"absent": times})
                                .sites, clock=lambda: self.now)
        made.begin = 100.0
        return made

    def test_a_crash(self):
        one = self.play([gone(1000, 3000)])
        self.assertEqual(one.leave_first(), [])
        for at, do in one.timed():
            self.now = 100 + at / 1000
            do()
        self.assertEqual(self.cluster.told, [
            ("tell_link", "far", "cut"), ("kill_site", "far"),
            ("tell_link", "far", "heal"), ("start_again", "far")])
        note, = one.notes
        self.assertEqual((note["site"], note["crash"]), ("far", True))
        self.assertAlmostEqual(note["gone_ms"], 1000)
        self.assertTrue(one.poll())
        self.assertIsNone(note["back_ms"])
        self.now, self.cluster.back = 103.5, {"far"}
        self.assertFalse(one.poll())
        self.assertAlmostEqual(note["back_ms"], 3500)

    def test_one_that_does_not_come_back_is_told(self):
        one = self.play([gone(1000, 3000)])
        one.timed()[-1][1]()
        self.now += absence.BACK_S
        self.assertTrue(one.poll())
        self.now += 0.1
        with self.assertRaisesRegex(RuntimeError, "far was started .*30 s.*"
                                    "see /tmp/nodes"):
            one.poll()

    def test_one_that_crashes_while_it_comes_is_waited_for_no_more(self):
        one = self.play([gone(1000, 2000), gone(2100, None)])
        for at, do in one.timed():
            self.now = 100 + at / 1000
            do()
        self.now += 2 * absence.BACK_S
        self.assertFalse(one.poll())

    def test_a_site_that_leaves_or_is_not_there_yet_is_cordoned(self):
        one = self.play([gone(0, 2000), gone(5000, 6000, False)])
        self.assertEqual(one.leave_first(), ["far"])
        for at, do in one.timed():
            self.now = 100 + at / 1000
            do()
        self.assertEqual(self.cluster.told, [
            ("set_duty", "far", "cordon"), ("set_duty", "far", "uncordon"),
            ("set_duty", "far", "cordon"), ("set_duty", "far", "uncordon")])
        self.assertEqual([(n["crash"], round(n["gone_ms"]),
                           round(n["back_ms"])) for n in one.notes],
                         [(False, 0, 2000), (False, 5000, 6000)])
        table = tables.absences({"random": [{"round": 1,
                                             "absences": one.notes}]})
        self.assertIn("| random | 2 | far | leave | 5.00 | 5.00 | 6.00 | 6.00 "
                      "|", table)


class Table(unittest.TestCase):
    """The thread that does things at their times."""

    def setUp(self):
        self.ending, self.done, self.last = threading.Event(), [], \
            threading.Event()

    def start(self, *steps, begin=0.0, poll=lambda: False):
        table = Timetable(begin, steps, poll, self.ending)
        self.addCleanup(table.release)
        return table

    def test_all_is_done_in_order_and_the_thread_stays(self):
        table = self.start((1, lambda: self.done.append(1)),
                           (2, lambda: self.done.append(2)),
                           (3, self.last.set))
        self.assertTrue(self.last.wait(SECONDS))
        self.assertEqual(self.done, [1, 2])
        self.ending.set()  # processes end with it, so it waits for release
        table.thread.join(0.2)
        self.assertTrue(table.thread.is_alive())
        table.release()
        self.assertFalse(table.thread.is_alive())
        self.assertIsNone(table.failed)

    def test_nothing_is_done_once_it_is_ending(self):
        self.ending.set()
        table = self.start((0, lambda: self.done.append(1)))
        table.release()
        self.assertEqual(self.done, [])

    def test_ending_does_not_wait_for_the_next_step(self):
        begun = threading.Event()
        table = self.start((1e9, lambda: self.done.append(1)),
                           begin=time.monotonic(), poll=begun.set)
        self.assertTrue(begun.wait(SECONDS))
        table.release(SECONDS)
        self.assertFalse(table.thread.is_alive())
        self.assertEqual(self.done, [])

    def test_what_fails_is_told_and_stops_it(self):
        def poll():
            if self.done:
                raise RuntimeError("far does not come")
        table = self.start((0, lambda: self.done.append(1)),
                           (1e9, lambda: self.done.append(2)),
                           begin=time.monotonic(), poll=poll)
        wait_until("its failure", lambda: table.failed, SECONDS)
        table.release()
        self.assertEqual(self.done, [1])
        self.assertEqual(table.failed, "far does not come")


class Machine(unittest.TestCase):
    def test_a_process_that_was_started_again_counts_from_its_start(self):
        self.assertEqual(machine.used(
            {"same": (1, 100), "again": (2, 100), "ended": (3, 100)},
            {"same": (1, 107), "again": (9, 5), "ended": (3, 0),
             "fresh": (4, 2)}),
            {"same": 7, "again": 5, "ended": 0, "fresh": 2})

    def test_one_that_was_there_for_a_part_of_the_time(self):
        made = machine.usage([
            {"machine": 0.5, "cores": {"a": 0.2}},
            {"machine": 0.5, "cores": {"a": 0.2, "b": 0.6}}], 2)
        self.assertAlmostEqual(made["own_cores"]["b"], 0.3)
        self.assertAlmostEqual(made["own"], 0.25)


if __name__ == "__main__":
    unittest.main()
