"""What sites and links are told."""
import argparse
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools"))
from lab import emulation, fronts  # noqa: E402
from lab.scenario import Site  # noqa: E402


def site(**more):
    return Site(**{"name": "near", "tier": "near", "servers": 2,
                   "slowdown": 5.0, "rtt_ms": 10.0, "jitter_ms": 1.0,
                   "mbit": 80.0, "cold_ms": 900.0, "keep_ms": 1000.0,
                   "loss": 0.0, "steps": {}, **more})


class Links(unittest.TestCase):
    def test_each_way_has_the_rate_that_the_scenario_says(self):
        self.assertIn("--mbit-back", emulation.link_options(site(), False))
        self.assertIn("--mbit-there", emulation.link_options(site(), True))
        self.assertNotIn("--mbit-there", emulation.link_options(site(), False))
        both = " ".join(emulation.link_options(site(mbit_back=8.0), False))
        self.assertIn("--mbit-back 80", both)
        self.assertIn("--mbit-there 8", both)
        steps = {"bandwidth": [[2000, 0.5]]}
        self.assertEqual(
            emulation.link_script(site(mbit_back=8.0, steps=steps), True),
            "2.000000 mbit-there 40\n2.000000 mbit-back 4\n")
        self.assertNotIn("--loss", emulation.link_options(site(), True))
        self.assertIn("--loss", emulation.link_options(site(loss=0.01), True))

    def test_disturbances_are_a_script(self):
        one = site(steps={"rtt": [[140_000, 3.3], [180_000, 1]],
                          "bandwidth": [[140_000, 0.25]],
                          "slowdown": [[1000, 4]]})
        text = emulation.link_script(one, towards_site=False)
        self.assertEqual(text, "140.000000 rtt 33\n140.000000 mbit-back 20\n"
                               "180.000000 rtt 10\n")
        self.assertIsNone(emulation.wrong_line(text))
        self.assertEqual(emulation.link_script(site(mbit=0.0, steps={
            "bandwidth": [[1, 2]]}), False), "")

    def test_a_wrong_trace_is_told_by_its_line(self):
        good = "# measured\n0 rtt 40\n\n1.5 mbit 2.5\n2 cut\n2 heal\n"
        self.assertIsNone(emulation.wrong_line(good))
        self.assertIsNone(emulation.wrong_line(""))
        for line in ("rtt 40", "3 rtt", "3 rtt -1", "3 rtt nan", "1 rtt 4",
                     "3 jump 4", "3 cut now", "3 rtt 1e400"):
            self.assertEqual(emulation.wrong_line(good + line), 7, line)


class Files(unittest.TestCase):
    def test_nothing_is_cold_before_the_begin(self):
        self.assertIn("cold_ms 0\n", emulation.site_file(site()))
        text = emulation.site_file(site(steps={"slowdown": [[500, 3]]}), 7_000)
        for line in ("begin_ns 7000", "slowdown 5", "cold_ms 900",
                     "step 500 3", "loops_per_ms 0"):
            self.assertIn(line + "\n", text)

    def test_readers_see_a_whole_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.site"
            emulation.replace(path, "old\n")
            before = path.stat().st_ino
            emulation.replace(path, "new\n")
            self.assertEqual(path.read_text(), "new\n")
            # By which the function notices.
            self.assertNotEqual(path.stat().st_ino, before)
            self.assertEqual(list(path.parent.iterdir()), [path])


class Cores(unittest.TestCase):
    def test_all_sites_fit_the_machine(self):
        sites = [site(), site(slowdown=2.0, servers=4),
                 site(slowdown=0.5, servers=1)]
        unit = emulation.cores_per_server(sites, 2)
        total = sum(emulation.site_cores(s, 0, unit) for s in sites)
        self.assertAlmostEqual(total, 1.6)
        self.assertLessEqual(unit / 0.5, 0.9)

    def test_one_server_has_no_more_than_a_core(self):
        one = [site(servers=1, slowdown=0.1)]
        self.assertAlmostEqual(
            emulation.site_cores(one[0], 0,
                                 emulation.cores_per_server(one, 64)), 0.9)

    def test_a_slower_site_has_less(self):
        one = site(steps={"slowdown": [[1000, 4]]})
        self.assertAlmostEqual(emulation.site_cores(one, 999, 1.0), 0.4)
        self.assertAlmostEqual(emulation.site_cores(one, 1000, 1.0), 0.1)


class Fronts(unittest.TestCase):
    def test_proxies_know_all_sites(self):
        servers = [("near", 1001, 2), ("far", 1002, 4)]
        haproxy = fronts.haproxy_text(1000, servers)
        self.assertIn("balance leastconn", haproxy)
        self.assertIn("server far 127.0.0.1:1002 weight 4", haproxy)
        nginx = fronts.nginx_text(1000, servers, "/tmp/x")
        self.assertIn("least_conn;", nginx)
        self.assertIn("server 127.0.0.1:1001 weight=2", nginx)
        self.assertEqual(nginx.count("{"), nginx.count("}"))

    def test_any_command_can_be_a_front(self):
        words = ["haproxy", "mine=./mine --fast=1"]
        self.assertEqual([fronts.front_word(w) for w in words], words)
        self.assertEqual(fronts.way(words[1]), "mine (front)")
        self.assertEqual(fronts.kind_of("mine (front)"), "mine")
        self.assertEqual(fronts.command_of("mine", words), "./mine --fast=1")
        self.assertEqual(fronts.absent(["mine=x"]), [])
        self.assertEqual(
            fronts.environment(7, [("near", 1001, 2), ("far", 1002, 4)]),
            {"FRONT_PORT": "7", "FRONT_SITES":
             "near=127.0.0.1:1001=2 far=127.0.0.1:1002=4"})
        for wrong in ("mine", "mine=", "mine= ", "=x", "haproxy=x", "M=x",
                      "a b=x"):
            with self.assertRaises(argparse.ArgumentTypeError, msg=wrong):
                fronts.front_word(wrong)

    def test_ways_are_told_from_policies(self):
        for kind in fronts.KINDS:
            self.assertEqual(fronts.kind_of(fronts.way(kind)), kind)
        self.assertIsNone(fronts.kind_of("min-latency"))


if __name__ == "__main__":
    unittest.main()
