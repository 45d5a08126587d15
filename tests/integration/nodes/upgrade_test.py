"""Nodes of the present protocol and of the one before, and a rolling upgrade."""
import unittest

from cluster import Load, Scratch, wait_until

CLOUD, EDGE = "cloud-1/cpu", "edge-1/cpu"
NOW, BEFORE = 2, 1  # libfaas/wire/messages.hpp


class Upgrade(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def pair(self, cloud, edge):
        self.edge, self.cloud = self.scratch.pair(
            cloud={"link_protocol": cloud}, edge={"link_protocol": edge})
        self.cloud.set("link_port", self.cloud.link_port)

    def spoken(self):
        return self.cloud.nodes().get("edge-1", {}).get("protocol")

    def both(self, node):
        wait_until("both sites", lambda: node.candidates("f") ==
                   sorted((CLOUD, EDGE)))

    def upgrade(self, node):
        """As a package does it: stop in order, start the new program."""
        self.assertEqual(node.terminate(), 0, node.output())
        node.set("link_protocol", NOW)
        node.start()

    def test_a_rolling_upgrade_under_load_loses_nothing(self):
        self.pair(BEFORE, BEFORE)
        self.cloud.deploy("f", policy="round-robin", idempotent=True,
                          concurrency=4)
        for node in (self.edge, self.cloud):
            self.both(node)
        self.assertEqual(self.spoken(), BEFORE)
        total = 0
        for upgraded, asked, spoken in ((self.cloud, self.edge, BEFORE),
                                        (self.edge, self.cloud, NOW)):
            load = Load(asked, asked, asked, body="block 20")
            self.addCleanup(load.end)
            wait_until("both answer",
                       lambda: {a.site for a in load.answers} == {CLOUD, EDGE})
            self.upgrade(upgraded)
            for node in (self.edge, self.cloud):
                self.both(node)
            seen = len(load.answers)
            wait_until("both answer again", lambda: {
                a.site for a in load.answers[seen:]} == {CLOUD, EDGE})
            self.assertEqual(self.spoken(), spoken)
            load.end()
            self.assertFalse(load.troubles)
            bad = [a for a in load.answers if a.status != 200]
            self.assertFalse(bad, f"{len(bad)} of {len(load.answers)}: "
                                  f"{bad[:3]}")
            total += len(load.answers)
        self.assertGreater(total, 60)

    def test_an_edge_of_the_protocol_before(self):
        self.pair(NOW, BEFORE)
        self.mixed()

    def test_a_controller_of_the_protocol_before(self):
        self.pair(BEFORE, NOW)
        self.mixed()

    def mixed(self):
        self.cloud.deploy("f", policy="round-robin")
        for node in (self.edge, self.cloud):
            self.both(node)
        self.assertEqual(self.spoken(), BEFORE)
        big = "x" * 200_000
        self.assertEqual({self.edge.call("f", big).text for _ in range(4)},
                         {big})
        # An edge of the protocol before does not know that the cloud is
        # cordoned; it sends it nothing all the same.
        self.cloud.admin("POST", "/system/node/cloud-1?action=cordon")
        wait_until("the edge alone",
                   lambda: self.edge.candidates("f") == [EDGE])
        self.cloud.admin("POST", "/system/node/cloud-1?action=drain")
        wait_until("it is drained", lambda: self.cloud.nodes()["cloud-1"][
            "duty"] == "drained")
        self.assertEqual({self.cloud.call("f", "x").site for _ in range(4)},
                         {EDGE})


if __name__ == "__main__":
    unittest.main()
