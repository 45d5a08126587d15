"""What a report says of a run."""
import json
import pathlib
import sys
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools"))
from lab import report, scenario  # noqa: E402

WORLD = {"name": "a world", "length_ms": 4000, "warm_up_ms": 0, "gateways": 1,
         "sites": [{"name": "near", "tier": "edge", "servers": 2,
                    "slowdown": 1.0, "rtt_ms": 2.0, "jitter_ms": 0.0,
                    "mbit": 0.0, "cold_ms": 0.0, "keep_ms": 0.0,
                    "steps": {}}],
         "functions": [{"name": "f"}]}
FACTS = {"cpu": "?", "cores": 2, "os": "?", "revision": "?", "at": "?",
         "niceness": 0, "load_average": (0.0, 0.0, 0.0)}


def record(number, status=200):
    return {"id": number, "at_ms": 10.0 * number, "sent_ms": 10.0 * number,
            "latency_ms": 20.0, "queue_ms": 1.0, "service_ms": 2.0,
            "cold_ms": 0.0, "total_ms": 4.0, "site": "near", "bytes": 0,
            "reply_bytes": 0, "work_ms": 1.0, "status": status, "size": 1.0,
            "call_id": "", "function": "f"}


def made(records, trace=(), **run):
    """The report of one play of one policy."""
    given = types.SimpleNamespace(
        file="x.yml", seconds=0, policy=["random"], front=[], rounds=1, seed=1,
        link_trace=list(trace), service="sleep")
    lab = types.SimpleNamespace(
        given=given, scenario=scenario.from_json("x.yml", WORLD),
        ways=["random"], absent=[], throttle=None, mechanism="none",
        runs={"random": [{"round": 0, "seed": 1, "records": records,
                          "samples": [], **run}]})
    return report.Report(lab, FACTS, {})


class Doubts(unittest.TestCase):
    def test_a_trace_is_told_without_its_folder(self):
        one = made([record(0)], trace=["near=/home/me/cut=1.link"])
        self.assertIn("links followed traces, of which the simulator does not "
                      "know: near=cut=1.link", one.doubts())
        self.assertIn("/home/me/cut=1.link", one.command())  # to be repeated

    def test_failed_events_are_counted_by_status(self):
        one = made([record(0), record(1, 503), record(2, 599), record(3, 503)])
        self.assertEqual(one.ways[0]["lab"]["failed_by_status"],
                         {"503": 2, "599": 1})
        self.assertIn("random: 3 of 4 events failed (2 x 503, 1 x 599)",
                      one.doubts())
        self.assertIn("failed 3 of 4 (2 x 503, 1 x 599); near", report.run_line(
            "random", one.lab.runs["random"][0], one.scenario))

    def test_a_good_run_has_none(self):
        self.assertEqual(made([record(0)]).doubts(), [])


class Absences(unittest.TestCase):
    NOTE = {"site": "near", "crash": True, "from_ms": 1000, "until_ms": 2000,
            "gone_ms": 1003.0, "back_ms": None}

    def test_what_was_done_to_sites_is_told(self):
        one = made([record(0)], absences=[self.NOTE])
        text = one.markdown()
        self.assertIn("## Sites that were absent", text)
        self.assertIn("| random | 1 | near | crash | 1.00 | 1.00 | 2.00 |  |",
                      text)
        self.assertEqual(json.loads(json.dumps(one.json()))["absences"],
                         {"random": [[self.NOTE]]})

    def test_nothing_is_said_of_none(self):
        self.assertNotIn("absent", made([record(0)], absences=[]).markdown())
        self.assertNotIn("absent", made([record(0)]).markdown())


if __name__ == "__main__":
    unittest.main()
