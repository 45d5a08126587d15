"""An acceptor (edge-1) and a node with the controller (cloud-1): events on the
other node, and every way of losing it with events in flight."""
import shutil
import threading
import time
import unittest

from cluster import (Calls, Scratch, free_port, library_bundle, request,
                     wait_until)

CLOUD, EDGE = "cloud-1/cpu", "edge-1/cpu"


class TwoNodes(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def ready_on(self, node, function, *sites):
        wait_until(f"{function} on {sites}: {node.sites(function)}",
                   lambda: node.candidates(function) == sorted(sites))

    def in_flight(self, node, function, site, count):
        line = (f'petrel_in_flight{{function="{function}",site="{site}"}} '
                f'{count}')
        wait_until(f"{count} events at {site}", lambda: line in
                   request(node.port, "GET", "/metrics").text)


class Cluster(TwoNodes):
    def test_an_event_runs_on_the_other_node(self):
        edge, cloud = self.scratch.pair()
        cloud.deploy("f", needs={"tiers": ["cloud"]})
        self.ready_on(edge, "f", CLOUD)
        answer = edge.call("f", "over there")
        self.assertEqual((answer.status, answer.text), (200, "over there"))
        self.assertEqual(answer.site, CLOUD)
        self.assertEqual(edge.call("f", "throw").status, 500)
        big = "x" * 200_000  # several frames
        self.assertEqual(edge.call("f", big).text, big)
        self.assertEqual(edge.call("f", "bad-header").status // 100, 5)
        self.assertEqual(set(edge.nodes()), {"edge-1", "cloud-1"})

    def test_the_longest_bodies_travel_and_small_events_between_them(self):
        edge, cloud = self.scratch.pair()
        cloud.deploy("f", needs={"tiers": ["cloud"]}, concurrency=4)
        self.ready_on(edge, "f", CLOUD)
        longest = "x" * (16 << 20)
        self.assertEqual(edge.call("f", longest).text, longest)
        # More than the other node keeps room for at a time.
        bodies = [str(i) * (4 << 20) for i in range(10)]
        answers = {}

        def ask(body):
            answers[body[0]] = edge.call("f", body)
        threads = [threading.Thread(target=ask, args=(body,))
                   for body in bodies]
        for thread in threads:
            thread.start()
        for _ in range(20):
            self.assertEqual(edge.call("f", "small").text, "small")
        for thread in threads:
            thread.join()
        for body in bodies:
            self.assertEqual(answers[body[0]].status, 200)
            self.assertEqual(answers[body[0]].text, body)

    def test_the_bundle_is_pulled_by_digest_and_kept(self):
        edge, cloud = self.scratch.pair()
        cloud.deploy("f", needs={"tiers": ["edge"]})
        self.ready_on(edge, "f", EDGE)
        self.assertEqual(edge.call("f", "here").site, EDGE)
        self.assertEqual(cloud.call("f", "there").site, EDGE)
        # It is kept: a restarted edge has nothing to pull.
        edge.kill()
        edge.start()
        self.ready_on(edge, "f", EDGE)
        self.assertEqual(edge.call("f", "here").text, "here")

    def test_management_on_the_edge_names_the_controller_s_node(self):
        edge, _ = self.scratch.pair()
        answer = edge.admin("GET", "/system/functions")
        self.assertEqual(answer.status, 503)
        self.assertIn("controller", answer.text)

    def test_nodes_that_dial_each_other_keep_one_connection(self):
        first, second = free_port(), free_port()
        a = self.scratch.node("a", link_listen=True, link_port=first,
                              link_join=f"127.0.0.1:{second}")
        b = self.scratch.node("b", link_listen=True, link_port=second,
                              join=a.join_token())
        a.deploy("f", policy="round-robin")
        self.ready_on(b, "f", "a/cpu", "b/cpu")
        answers = [b.call("f", "block 5") for _ in range(200)]
        self.assertEqual({x.status for x in answers}, {200})
        for node in (a, b):  # once or twice while both calls crossed
            self.assertLess(node.output().count("is connected"), 4)

    def test_events_outlive_the_replacement_of_their_connection(self):
        # b's call connects first and carries events; a's comes on a slow way
        # and takes its place.
        first, second = free_port(), free_port()
        slow = self.scratch.emulator(second, rtt=600)
        a = self.scratch.node("a", link_listen=True, link_port=first,
                              link_join=f"127.0.0.1:{slow.port}")
        b = self.scratch.node("b", link_listen=True, link_port=second,
                              join=a.join_token())
        a.deploy("f", needs={"nodes": ["a"]}, concurrency=4)
        self.ready_on(b, "f", "a/cpu")
        wrong, stop = [], threading.Event()

        def call():
            while not stop.is_set():
                answer = b.call("f", "block 40")
                if answer.status != 200:
                    wrong.append(answer)

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_until("a's call takes the place of b's",
                   lambda: b.output().count("node a (edge) is connected") == 2)
        wait_until("b's call ends", lambda: len(b.nodes()) == 2)
        for _ in range(20):
            self.assertEqual(b.call("f", "block 5").status, 200)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_a_second_node_of_a_name_is_refused(self):
        edge, cloud = self.scratch.pair()
        copy = self.scratch.folder / "twin"  # cloned with its disk
        shutil.copytree(  # beside a running node
            self.scratch.folder / "edge-1", copy,
            ignore=shutil.ignore_patterns("*.new"))
        twin = self.scratch.node("twin", node_name="edge-1", node_data=copy)
        wait_until("it is told", lambda: "two machines" in twin.output())
        cloud.deploy("f", needs={"tiers": ["edge"]})
        self.ready_on(edge, "f", EDGE)
        self.assertEqual(edge.nodes()["edge-1"]["boot"],
                         cloud.nodes()["edge-1"]["boot"])

    def test_removing_ends_it_on_both_nodes(self):
        edge, cloud = self.scratch.pair()
        cloud.deploy("f")
        self.ready_on(edge, "f", CLOUD, EDGE)
        answer = cloud.admin("DELETE", "/system/functions",
                             '{"functionName":"f"}')
        self.assertIn(answer.status, (200, 202))
        for node in (edge, cloud):
            wait_until("it is gone", lambda: node.call("f").status == 404)

    def test_a_rolling_update_under_load_fails_no_event(self):
        edge, cloud = self.scratch.pair()
        cloud.deploy("f", policy="round-robin")
        self.ready_on(edge, "f", CLOUD, EDGE)
        stop, answers, troubles = threading.Event(), [], []

        def load(node):
            while not stop.is_set():
                try:
                    answers.append(node.call("f", "block 3"))
                except OSError as lost:
                    troubles.append(lost)
        callers = [threading.Thread(target=load, args=(n,))
                   for n in (edge, cloud, edge)]
        for caller in callers:
            caller.start()
        try:
            for version in (2, 3, 4):
                cloud.deploy("f", packed=library_bundle("misbehave",
                                                        str(version)),
                             artifact="misbehave.so", update=True,
                             policy="round-robin")
                wait_until(f"version {version} answers", lambda: any(
                    a.headers.get("x-faas-version") == str(version)
                    for a in answers[-20:]) or
                    self.only_version(cloud, "f", version))
            self.ready_on(edge, "f", CLOUD, EDGE)
            back = cloud.admin("POST", "/system/rollback/f?version=1")
            self.assertEqual(back.status, 202, back)
            wait_until("version 1 answers again", lambda: all(
                a.headers.get("x-faas-version") == "1" for a in answers[-9:]))
        finally:
            stop.set()
            for caller in callers:
                caller.join()
        self.assertFalse(troubles)
        bad = [a for a in answers if a.status != 200]
        self.assertFalse(bad, f"{len(bad)} of {len(answers)}: {bad[:3]}")
        self.assertGreater(len(answers), 20)

    @staticmethod
    def only_version(node, function, version):
        placements = node.describe(function).get("petrel", {}).get(
            "placements", [])
        return len(placements) == 2 and all(
            p["version"] == version and p["state"] == "ready"
            for p in placements)

    def test_sigterm_of_the_other_node_still_answers_its_events(self):
        edge, cloud = self.scratch.pair()
        cloud.deploy("f", needs={"tiers": ["cloud"]}, concurrency=2)
        self.ready_on(edge, "f", CLOUD)
        calls = Calls()
        calls.start(edge, "f", "block 1500", count=2)
        self.in_flight(edge, "f", CLOUD, 2)
        self.assertEqual(cloud.terminate(), 0, cloud.output())
        self.assertEqual([a.status for a in calls.wait()], [200, 200],
                         calls.answers)


class Loss(TwoNodes):
    """Two functions on both nodes: events go to the cloud by a static policy;
    `pure` may be repeated, `once` may not."""

    def start_cluster(self, emulated=False):
        parts = self.scratch.pair(emulated)
        edge, cloud = parts[:2]
        for name, idempotent in (("pure", True), ("once", False)):
            cloud.deploy(name, idempotent=idempotent, concurrency=4,
                         policy="round-robin", timeout="30s")
            self.ready_on(edge, name, CLOUD, EDGE)
        return parts

    def load(self, edge, body="block 2500"):
        """Four events of each function, of which the round robin sends two to
        the cloud; waits until they are there."""
        calls = {}
        for name in ("pure", "once"):
            calls[name] = Calls()
            calls[name].start(edge, name, body, count=4)
            self.in_flight(edge, name, CLOUD, 2)
        return calls

    def check(self, calls, lost_outcome=502):
        for name, made in calls.items():
            answers = made.wait()
            self.assertFalse(made.failures, name)
            self.assertEqual(len(answers), 4, name)
        self.assertEqual(calls["pure"].statuses(), [200] * 4,
                         calls["pure"].answers)
        self.assertEqual({a.site for a in calls["pure"].answers}, {EDGE})
        self.assertEqual(calls["once"].statuses(),
                         [200, 200, lost_outcome, lost_outcome],
                         calls["once"].answers)
        for answer in calls["once"].answers:
            if answer.status == 502:
                error = answer.json["error"]
                self.assertEqual(error["code"], "outcome_unknown")
                self.assertIn("may", error["message"] + error["next"])

    def test_killed(self):
        edge, cloud = self.start_cluster()
        calls = self.load(edge)
        cloud.kill()
        self.check(calls)
        self.ready_on(edge, "pure", EDGE)
        self.assertEqual(edge.call("once", "on").site, EDGE)
        # A restarted node, with a new boot id and port, comes back.
        cloud.set("link_port", cloud.link_port)
        cloud.start()
        self.ready_on(edge, "pure", CLOUD, EDGE)
        sites = {edge.call("pure", "again").site for _ in range(4)}
        self.assertEqual(sites, {CLOUD, EDGE})

    def test_frozen(self):
        edge, cloud = self.start_cluster()
        calls = self.load(edge)
        cloud.freeze()
        started = time.monotonic()
        wait_until("it leaves the candidates",
                   lambda: edge.candidates("pure") == [EDGE])
        left = time.monotonic() - started
        self.check(calls)
        # Suspicion takes 250 ms, the loss of the link 5 s: it was suspicion.
        self.assertLess(left, 3.0)
        cloud.thaw()
        self.ready_on(edge, "pure", CLOUD, EDGE)
        sites = {edge.call("pure", "again").site for _ in range(4)}
        self.assertEqual(sites, {CLOUD, EDGE})

    def test_frozen_for_a_moment_only_answers_all(self):
        edge, cloud = self.start_cluster()
        calls = self.load(edge, "block 500")
        cloud.freeze()
        wait_until("it leaves the candidates",
                   lambda: edge.candidates("pure") == [EDGE])
        cloud.thaw()
        self.check(calls, lost_outcome=200)
        self.ready_on(edge, "once", CLOUD, EDGE)

    def test_cut_link(self):
        edge, cloud, link = self.start_cluster(emulated=True)
        calls = self.load(edge)
        link.tell("cut")
        wait_until("it leaves the candidates",
                   lambda: edge.candidates("pure") == [EDGE])
        self.check(calls)
        self.assertEqual(edge.call("pure", "alone").site, EDGE)
        self.assertEqual(cloud.call("pure", "alone").site, CLOUD)
        wait_until("the controller has noticed", lambda: cloud.nodes().get(
            "edge-1", {}).get("state") == "lost")
        link.tell("heal")
        self.ready_on(edge, "pure", CLOUD, EDGE)
        self.ready_on(cloud, "pure", CLOUD, EDGE)
        sites = {edge.call("pure", "again").site for _ in range(4)}
        self.assertEqual(sites, {CLOUD, EDGE})

    def test_dropped_connection_comes_back(self):
        edge, cloud, link = self.start_cluster(emulated=True)
        calls = self.load(edge)
        link.tell("drop")
        self.check(calls)
        self.ready_on(edge, "pure", CLOUD, EDGE)


if __name__ == "__main__":
    unittest.main()
