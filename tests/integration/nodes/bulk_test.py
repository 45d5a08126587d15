"""Bundles between real nodes go by a connection of their own: when it stands,
when it is cut in the middle, and when the other node has none."""
import re
import threading
import unittest

from bundles_test import folder_of, library, packed_file, sha
from cluster import Scratch, request, wait_until

MIB = 1 << 20


def metric(node, name, **labels):
    """The value of one sample; 0 when there is none."""
    text = request(node.port, "GET", "/metrics").text
    for line in text.splitlines():
        found = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
        if found and all(f'{key}="{value}"' in (found[1] or "")
                         for key, value in labels.items()):
            return float(found[2])
    return 0.0


def sent(node):
    return metric(node, "petrel_bulk_bytes_total", direction="sent")


def received(node):
    return metric(node, "petrel_bulk_bytes_total", direction="received")


def connections(node):
    return metric(node, "petrel_bulk_connections")


class Bulk(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def stands(self, *nodes):
        wait_until("bulk connections stand", lambda: all(
            connections(node) >= 1 for node in nodes))

    def test_bundles_go_by_bulk(self):
        edge, cloud = self.scratch.pair()
        self.stands(edge, cloud)
        packed = library(3 * MIB)
        digest = sha(packed)
        cloud.deploy("f", packed=packed, artifact="misbehave.so",
                     needs={"tiers": ["edge"]})
        self.assertEqual(sha(packed_file(edge, digest).read_bytes()), digest)
        self.assertGreaterEqual(received(edge), len(packed))
        self.assertGreaterEqual(sent(cloud), len(packed))
        # Back: the controller's node lost it, the edge has it.
        cloud.set("link_port", cloud.link_port)
        cloud.deploy("g", packed=packed, artifact="misbehave.so")
        cloud.kill()
        packed_file(cloud, digest).unlink()
        cloud.start()
        # By whichever connection stood first.
        wait_until("it is back", packed_file(cloud, digest).exists)
        self.assertEqual(sha(packed_file(cloud, digest).read_bytes()), digest)

    def test_cut_in_the_middle_it_goes_on_where_it_was(self):
        edge, cloud, link = self.scratch.pair(emulated=True)
        self.stands(edge, cloud)
        link.tell("mbit 20")
        packed = library(8 * MIB)
        digest = sha(packed)
        cloud.deploy("f", packed=packed, artifact="misbehave.so", wait=False,
                     needs={"tiers": ["edge"]})
        for part in (1, 3):
            wait_until("part of it came",
                       lambda: received(edge) > part * MIB)
            self.assertFalse(packed_file(edge, digest).exists())
            link.tell("drop-last")  # bulk was opened after the link
        wait_until("it serves", lambda: cloud.call("f", "x").status == 200)
        self.assertEqual(sha(packed_file(edge, digest).read_bytes()), digest)
        # What was on the way came again, not the whole.
        self.assertLess(received(edge), len(packed) + 5 * MIB)
        self.assertNotIn("node cloud-1 is gone", edge.output())
        self.stands(edge, cloud)

    def test_when_the_whole_link_breaks_both_come_back(self):
        edge, cloud, link = self.scratch.pair(emulated=True)
        self.stands(edge, cloud)
        link.tell("drop")
        wait_until("the link is lost", lambda: "is gone" in edge.output())
        self.stands(edge, cloud)
        cloud.deploy("f", packed=library(MIB), artifact="misbehave.so",
                     needs={"tiers": ["edge"]})
        self.assertGreaterEqual(received(edge), MIB)

    def test_a_node_of_the_protocol_before_is_served_over_the_link(self):
        edge, cloud = self.scratch.pair(edge={"link_protocol": 1})
        packed = library(2 * MIB)
        cloud.deploy("f", packed=packed, artifact="misbehave.so",
                     needs={"tiers": ["edge"]})
        self.assertEqual(sha(packed_file(edge, sha(packed)).read_bytes()),
                         sha(packed))
        self.assertEqual([connections(edge), received(edge),
                          connections(cloud), sent(cloud)], [0, 0, 0, 0])

    def test_a_revoked_node_loses_both_connections(self):
        edge, cloud = self.scratch.pair()
        self.stands(edge, cloud)
        answer = cloud.admin("POST", "/system/nodes/revoke/edge-1")
        self.assertEqual(answer.status, 200, answer)
        wait_until("both are closed", lambda: connections(cloud) == 0
                   and connections(edge) == 0)

    def test_events_are_answered_while_a_bundle_fills_the_link(self):
        edge, cloud, link = self.scratch.pair(emulated=True)
        cloud.deploy("small", needs={"tiers": ["edge"]})
        self.stands(edge, cloud)
        link.tell("mbit 10")
        link.tell("rtt 20")
        answers, stop = [], threading.Event()

        def call():
            while not stop.is_set():
                answers.append(cloud.call("small", "x").status)

        caller = threading.Thread(target=call)
        caller.start()
        try:
            cloud.deploy("f", packed=library(4 * MIB),
                         artifact="misbehave.so", needs={"tiers": ["edge"]})
        finally:
            stop.set()
            caller.join()
        self.assertEqual(set(answers), {200})
        self.assertGreater(len(answers), 10)
        self.assertGreaterEqual(received(edge), 4 * MIB)
        for node in (edge, cloud):
            self.assertNotIn("is gone", node.output())
        self.assertEqual(list((folder_of(edge) / "incoming").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
