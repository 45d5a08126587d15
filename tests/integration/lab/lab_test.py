"""A scenario on real nodes, from end to end."""
import csv
import fcntl
import json
import pathlib
import tempfile
import unittest
import xml.etree.ElementTree as xml

from lab_world import ABSENT, SCENARIO, TWO_GATEWAYS, lab


class Lab(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="petrel-lab-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_a_scenario_is_played_and_reported(self):
        done = lab(self.folder, "--policy", "min-latency", "--policy",
                   "static:far")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertIn("of the scenario", done.stdout)  # progress
        report = self.folder / "report"
        made = json.loads((report / "report.json").read_text())
        self.assertEqual([way["name"] for way in made["ways"]],
                         ["min-latency", "static:far"])
        self.assertIn("load_average", made["machine"])
        for way in made["ways"]:
            self.assertEqual(way["lab"]["failed"], 0, way)
            self.assertIn("agreement", way)
            self.assertIn("p99_ms", way["lag"])
            self.assertIn("machine", way["machine"])
        self.assertEqual(made["ways"][1]["lab"]["shares"], {"far": 1.0})
        self.assertGreater(made["ways"][0]["lab"]["shares"]["near"], 0.2)
        self.assert_records(report)
        text = (report / "report.md").read_text()
        for part in ("two sites, five seconds", "Beside the simulator",
                     "Throttle: none", "static:far"):
            self.assertIn(part, text)
        for plot in ("latency", "shares", "ecdf", "cpu"):
            root = xml.fromstring((report / f"{plot}.svg").read_text())
            self.assertTrue(root.tag.endswith("svg"))

    def assert_records(self, report):
        with open(report / "events.csv") as file:
            rows = list(csv.DictReader(file))
        by_way = {}
        for row in rows:
            by_way.setdefault(row["way"], []).append(row)
        first, second = by_way.values()
        self.assertGreater(len(first), 50)
        for key in ("at_ms", "size", "bytes", "reply_bytes",
                    "work_ms"):  # the same events
            self.assertEqual([r[key] for r in first], [r[key] for r in second])
        for row in rows:
            self.assertEqual(row["status"], "200")
            self.assertTrue(row["call_id"])
            self.assertGreaterEqual(float(row["sent_ms"]), float(row["at_ms"]))
            work = float(row["work_ms"]) * (2 if row["site"] == "near" else 1)
            self.assertGreater(float(row["service_ms"]), 0.9 * work)
            if row["site"] == "far":  # no answer is faster than its link
                way = 30 if float(row["at_ms"]) < 3500 else 60  # half of it yet
                back = float(row["reply_bytes"]) * 8 / 20_000
                self.assertGreater(float(row["latency_ms"]),
                                   way + 0.9 * work + 0.8 * back)
        late = [r for r in second if float(r["at_ms"]) > 3600]
        self.assertGreater(len(late), 5)
        for row in late:
            self.assertGreater(float(row["latency_ms"]),
                               120 + 0.9 * float(row["work_ms"]))

    def test_sites_that_are_absent_get_no_events(self):
        done = lab(self.folder, "--policy", "random", "--seconds", 10,
                   text=ABSENT)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        report = self.folder / "report"
        made = json.loads((report / "report.json").read_text())
        # Those that the crash lost were sent again.
        self.assertEqual(made["ways"][0]["lab"]["failed_by_status"], {})
        crash, first, second = made["absences"]["random"][0]
        self.assertEqual([n["site"] for n in (crash, first, second)],
                         ["near", "far", "far"])
        with open(report / "events.csv") as file:
            rows = list(csv.DictReader(file))
        for note in (crash, first, second):
            self.assertGreaterEqual(note["gone_ms"], note["from_ms"])
            if note["site"] == "far":
                self.assertGreaterEqual(note["back_ms"], note["until_ms"])
            # The gateway learns of it a little later, but for the one that is
            # absent from the begin.
            known = note["gone_ms"] + (500 if note["from_ms"] > 0 else 0)
            meanwhile = [r["site"] for r in rows if known
                         < float(r["sent_ms"]) < note["until_ms"]]
            self.assertGreater(len(meanwhile), 1, note)
            self.assertNotIn(note["site"], meanwhile)
        # Its node was another process from then on.
        self.assertIn("is connected",
                      (report / "nodes/near.1.log").read_text())
        self.assertIn("## Sites that were absent",
                      (report / "report.md").read_text())

    def test_gateways_get_their_own_events(self):
        done = lab(self.folder, "--policy", "round-robin", "--policy",
                   "static:far", text=TWO_GATEWAYS)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        report = self.folder / "report"
        made = json.loads((report / "report.json").read_text())
        self.assertEqual(set(made["ways"][0]["lab"]["shares"]),
                         {"near", "far"})
        self.assertIn("2 sites and 2 gateways",
                      (report / "report.md").read_text())
        # Each has chosen for some.
        for name in ("lab-gateway", "lab-gateway-2"):
            logs = list((report / "nodes" / name).glob("decisions/*.dlog"))
            self.assertGreater(sum(one.stat().st_size for one in logs), 1024,
                               name)
        self.assert_records(report)

    def test_work_that_needs_the_cpu_is_throttled(self):
        done = lab(self.folder, "--seconds", 2, "--service", "cpu",
                   "--policy", "min-latency")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        made = json.loads((self.folder / "report/report.json").read_text())
        way, = made["ways"]
        self.assertEqual(way["lab"]["failed"], 0, way)
        text = (self.folder / "report/report.md").read_text()
        self.assertRegex(text, "Throttle: (cgroup|duty cycle)")
        self.assertIn("a ms of work is", text)

    def test_other_proxies_are_rows_or_told_to_be_absent(self):
        done = lab(self.folder, "--seconds", 1.5, "--front", "nginx", "--front",
                   "haproxy")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        made = json.loads((self.folder / "report/report.json").read_text())
        rows = {way["front"]: way for way in made["ways"] if way["front"]}
        for kind in ("nginx", "haproxy"):
            if kind in made["setting"]["absent"]:
                self.assertIn(f"{kind} is not installed", done.stdout)
                continue
            self.assertEqual(rows[kind]["lab"]["failed"], 0)
            self.assertEqual(set(rows[kind]["lab"]["shares"]), {"near", "far"})
            self.assertNotIn("simulator", rows[kind])

    def test_a_folder_has_one_lab(self):
        (self.folder / "report").mkdir()
        with open(self.folder / "report" / "lock", "w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            done = lab(self.folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn("another faas-lab", done.stderr)

    def test_what_is_wrong_is_told(self):
        for text, words, said in (
                (SCENARIO.replace("servers: 2", "servers: 0"), (),
                 ("line 7", "sites.near.servers", "must be 1 to 4096")),
                (SCENARIO.replace("rtt: 30ms", "rrt: 30ms"), (),
                 ("line 14", "sites.far.rrt")),
                (SCENARIO + "gateways: 9\n", (), ("gateways: 9",)),
                (SCENARIO + "gateways: 2\n", ("--front", "nginx"),
                 ("gateways: 2", "--front")),
                (ABSENT, ("--front", "nginx"), ("--front", "absent")),
                (ABSENT.replace("2500ms}", "2500ms, deploy: 1s}"), (),
                 ("sites.near.absent", "deploy")),
                (SCENARIO.replace("  far:", "  Far:"), (),
                 ("Far", "a-z, 0-9")),
                (SCENARIO, ("--policy", "best"), ("best",)),
                (SCENARIO, ("--policy", "static:nowhere"), ("nowhere",)),
                (SCENARIO, ("--rounds", 0), ("1 to 1000",)),
                (SCENARIO, ("--seconds", "-3"), ("0 to 86400",)),
                (SCENARIO, ("--link-trace", "far=none"), ("SITE=FILE",)),
                (SCENARIO, ("--programs", self.folder), ("build",))):
            done = lab(self.folder, *words, text=text)
            self.assertEqual(done.returncode, 2, (words, done.stderr))
            for part in said:
                self.assertIn(part, done.stderr)
            self.assertFalse((self.folder / "report" / "report.md").exists())


if __name__ == "__main__":
    unittest.main()
