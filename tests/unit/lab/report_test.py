"""What a report says of a run."""
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

    def test_a_good_run_has_none(self):
        self.assertEqual(made([record(0)]).doubts(), [])


if __name__ == "__main__":
    unittest.main()
