"""Events and versions that are still on their way to a node: a slow link takes
seconds for a bundle."""
import unittest

from bundles_test import MIB, library, packed_file, ready, sha
from cluster import Calls, Scratch, wait_until

CLOUD, EDGE = "cloud-1/cpu", "edge-1/cpu"
WORK = "block 3000"  # milliseconds


class Deploying(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def row(self, node, site=EDGE):
        return node.sites("f").get(site, {})

    def coming(self, node):
        """The edge still gets it, and is a site."""
        row = self.row(node)
        return row if row.get("candidate") and "ready_in_ms" in row else None

    def begin(self):
        """A function that the cloud serves, one event at a time, and that takes
        some 15 s on its way to the edge."""
        edge, cloud, link = self.scratch.pair(emulated=True)
        link.tell("mbit 16")
        packed = library(30 * MIB)
        cloud.deploy("f", packed=packed, artifact="misbehave.so",
                     concurrency=1, timeout="120s")
        wait_until(f"the edge says how far it is: {cloud.reasons('f')}",
                   lambda: self.coming(cloud))
        return edge, cloud, packed

    def busy(self, cloud, count):
        """More than the cloud can do before the edge has it. Some of these
        wait at the edge."""
        # So that it is known what they take; nobody waits who is served at once.
        answer = cloud.call("f", WORK)
        self.assertEqual((answer.status, answer.site), (200, CLOUD), answer)
        calls = Calls()
        self.addCleanup(calls.wait)
        for n in range(count):  # each finds those before it
            calls.start(cloud, "f", WORK, timeout=150)
            wait_until(f"event {n + 1} is sent", lambda: sum(
                row.get("in_flight", 0)
                for row in cloud.sites("f").values()) >= n + 1
                or calls.answers)
        row = wait_until(f"events wait: {cloud.sites('f')}", lambda: (
            self.coming(cloud) or {}).get("in_flight") and self.coming(cloud))
        self.assertGreater(row["cold_ms"], 0)
        self.assertEqual(calls.failures, [])
        return calls

    def answered(self, calls, count):
        answers = calls.wait(150)
        self.assertEqual(calls.failures, [])
        self.assertEqual(calls.statuses(), [200] * count, answers)
        return [a.site for a in answers]

    def test_events_wait_where_that_ends_first(self):
        _edge, cloud, _packed = self.begin()
        calls = self.busy(cloud, 10)
        sites = self.answered(calls, 10)
        self.assertIn(CLOUD, sites)
        self.assertIn(EDGE, sites)
        wait_until("it serves there", lambda: cloud.candidates("f")
                   == [CLOUD, EDGE])

    def test_what_waited_for_a_pull_in_vain_is_served_elsewhere(self):
        edge, cloud, packed = self.begin()
        calls = self.busy(cloud, 10)
        packed_file(cloud, sha(packed)).unlink()  # nobody has it any more
        sites = self.answered(calls, 10)
        self.assertEqual(set(sites), {CLOUD})
        self.assertEqual(ready(cloud, "f"), 1)
        self.assertIn("could give it", cloud.reasons("f"))
        self.assertFalse(edge.ended())

    def test_a_gateway_beside_the_pull_uses_it_too(self):
        edge, cloud, _packed = self.begin()
        wait_until(f"known at the edge: {edge.sites('f')}",
                   lambda: self.coming(edge))
        answer = edge.call("f", "hello")
        self.assertEqual((answer.status, answer.site), (200, CLOUD), answer)
        wait_until("both serve", lambda: edge.candidates("f")
                   == [CLOUD, EDGE])
        wait_until("the cloud knows it", lambda: cloud.candidates("f")
                   == [CLOUD, EDGE])


if __name__ == "__main__":
    unittest.main()
