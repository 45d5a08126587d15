"""Nodes that are cordoned, drained and removed, by labels chosen, and cloned."""
import json
import os
import shutil
import subprocess
import unittest

from cluster import BUILD, Load, Scratch, wait_until

CLOUD, EDGE = "cloud-1/cpu", "edge-1/cpu"


class Nodes(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def pair(self, **more):
        self.edge, self.cloud = self.scratch.pair(**more)
        self.cloud.set("link_port", self.cloud.link_port)

    def ready_on(self, node, function, *sites):
        wait_until(f"{function} on {sites}: {node.sites(function)}",
                   lambda: node.candidates(function) == sorted(sites))

    def steer(self, node, action, status=200, more=""):
        answer = self.cloud.admin(
            "POST", f"/system/node/{node}?action={action}{more}")
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def duty(self, name, seen_by=None):
        return (seen_by or self.cloud).nodes().get(name, {}).get("duty")

    def load(self, *nodes):
        load = Load(*nodes)
        self.addCleanup(load.end)
        return load

    def check(self, load, least=20):
        load.end()
        self.assertFalse(load.troubles)
        bad = [a for a in load.answers if a.status != 200]
        self.assertFalse(bad, f"{len(bad)} of {len(load.answers)}: {bad[:3]}")
        self.assertGreater(len(load.answers), least)


class Steering(Nodes):
    def test_a_cordoned_node_keeps_what_it_has(self):
        self.pair()
        self.cloud.deploy("f", policy="round-robin")
        for node in (self.edge, self.cloud):
            self.ready_on(node, "f", CLOUD, EDGE)
        load = self.load(self.edge, self.cloud)
        self.assertEqual(self.steer("edge-1", "cordon")["duty"], "cordoned")
        self.ready_on(self.cloud, "f", CLOUD)
        self.ready_on(self.edge, "f", CLOUD, EDGE)  # its own events
        self.cloud.deploy("g", packed=None, library="hello")
        wait_until("the cloud alone has g",
                   lambda: self.edge.candidates("g") == [CLOUD])
        self.assertIn("the node is cordoned", self.cloud.reasons("g"))
        self.assertEqual(self.duty("edge-1", self.edge), "cordoned")
        # It outlives the controller, and a restart of the node.
        wait_until("events", lambda: len(load.answers) > 30)
        load.end()
        for node in (self.cloud, self.edge):
            node.kill()
            node.start()
            self.ready_on(self.edge, "f", CLOUD, EDGE)
            self.ready_on(self.cloud, "f", CLOUD)
            self.assertEqual(self.duty("edge-1"), "cordoned")
        self.assertEqual(self.edge.candidates("g"), [CLOUD])
        self.steer("edge-1", "uncordon")
        for function in ("f", "g"):
            self.ready_on(self.cloud, function, CLOUD, EDGE)
        self.check(load)

    def test_a_drain_under_load_fails_no_event(self):
        self.pair()
        third = self.scratch.node("cloud-2", node_tier="cloud",
                                  join=self.cloud.join_token())
        sites = (CLOUD, EDGE, "cloud-2/cpu")
        self.cloud.deploy("f", policy="round-robin", concurrency=4)
        for node in (self.edge, self.cloud):
            wait_until("two sites at least",
                       lambda n=node: EDGE in n.candidates("f")
                       and len(n.candidates("f")) >= 2)
        load = self.load(self.edge, self.cloud, self.edge, self.cloud, third)
        for name in ("edge-1", "cloud-2"):
            wait_until("some events", lambda: any(
                a.site == name + "/cpu" for a in load.answers))
            self.steer(name, "drain")
            wait_until(f"{name} is drained: {self.cloud.nodes().get(name)}",
                       lambda: self.duty(name) == "drained")
            seen = len(load.answers)
            wait_until("it gets no more", lambda: len(load.answers) > seen + 50)
            self.assertFalse([a for a in load.answers[seen + 10:]
                              if a.site == name + "/cpu"])
        self.assertEqual(self.cloud.candidates("f"), [CLOUD])
        # Drained stays drained when the controller is killed.
        load.end()
        self.cloud.kill()
        self.cloud.start()
        wait_until("both are back", lambda: all(
            self.cloud.nodes().get(n, {}).get("state") == "alive"
            for n in ("edge-1", "cloud-2")))
        self.assertEqual({self.duty("edge-1"), self.duty("cloud-2")},
                         {"drained"})
        self.ready_on(self.edge, "f", CLOUD)
        self.check(load)
        self.steer("edge-1", "uncordon")
        self.ready_on(self.edge, "f", *sites[:2])

    def test_a_drain_waits_for_a_warm_version_elsewhere(self):
        self.pair()
        self.cloud.deploy("f", needs={"labels": {"camera": "yes"}}, wait=False)
        self.edge.kill()
        self.edge.settings["node.labels"] = "camera=yes,hall=3"
        self.edge.start()
        self.ready_on(self.cloud, "f", EDGE)
        labels = self.cloud.nodes()["edge-1"]["labels"]
        self.assertEqual({key: value for key, value in labels.items()
                          if not key.startswith("petrel.")},
                         {"camera": "yes", "hall": "3"})
        self.assertIn("needs label camera=yes", self.cloud.reasons("f"))
        # The edge has no link to edge-2: in the end it has no site, and says so.
        at_edge, load = self.load(self.edge), self.load(self.cloud)
        told = self.steer("edge-1", "drain")
        self.assertEqual(told["duty"], "draining")
        self.assertIn("f:1", told["note"])
        wait_until("some events", lambda: len(load.answers) > 20)
        self.assertEqual(self.duty("edge-1"), "draining")
        self.scratch.node("edge-2", join=self.cloud.join_token(),
                          node_labels="camera=yes")
        wait_until(f"edge-1 is drained: {self.cloud.nodes()}",
                   lambda: self.duty("edge-1") == "drained")
        self.ready_on(self.cloud, "f", "edge-2/cpu")
        seen = len(load.answers)
        wait_until("some events", lambda: len(load.answers) > seen + 20)
        self.check(load)
        at_edge.end()
        self.assertFalse(at_edge.troubles)
        self.assertLessEqual({a.status for a in at_edge.answers}, {200, 503})

    def test_a_removed_node_is_out_and_told_why(self):
        self.pair()
        self.cloud.deploy("f")
        self.ready_on(self.cloud, "f", CLOUD, EDGE)
        refused = self.steer("edge-1", "remove", 409)
        self.assertIn("drain edge-1", json.dumps(refused))
        self.assertEqual(self.steer("cloud-1", "remove", 409,
                                    "&force=true")["error"]["code"],
                         "conflict")
        self.steer("edge-1", "drain")
        wait_until("it is drained", lambda: self.duty("edge-1") == "drained")
        self.assertEqual(self.steer("edge-1", "remove")["duty"], "removed")
        wait_until("it is forgotten",
                   lambda: "edge-1" not in self.cloud.nodes())
        for again in (False, True):
            if again:
                self.cloud.kill()
                self.cloud.start()
                self.edge.kill()
                self.edge.start()
            wait_until("it is told why", lambda: "was removed from the cluster"
                       in self.edge.output())
            self.assertIn("faas-cli node token", self.edge.output())
            self.assertNotIn("edge-1", self.cloud.nodes())
        self.ready_on(self.cloud, "f", CLOUD)
        # By a new token it is a node as any other.
        self.edge.kill()
        self.edge.start(join=self.cloud.join_token())
        self.ready_on(self.cloud, "f", CLOUD, EDGE)
        self.assertEqual(self.duty("edge-1"), "active")

    def test_bad_words(self):
        self.pair()
        self.steer("nobody", "drain", 404)
        self.steer("nobody", "remove", 404)
        self.steer("edge-1", "burn", 400)
        answer = self.edge.admin("POST", "/system/node/edge-1?action=cordon")
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("controller", answer.text)

    def test_the_command_line(self):
        self.pair()
        environment = dict(
            os.environ, PETREL_GATEWAY=f"http://127.0.0.1:{self.cloud.port}",
            PETREL_TOKEN_FILE=str(self.scratch.folder / "cloud-1/admin-token"))

        def cli(*words):
            return subprocess.run(
                [str(BUILD / "bin" / "faas-cli"), "nodes", *words],
                env=environment, capture_output=True, text=True, timeout=90)
        self.cloud.deploy("f")
        self.ready_on(self.cloud, "f", CLOUD, EDGE)
        for words in ((), ("list",)):
            self.assertIn("edge-1", cli(*words).stdout)
        done = cli("cordon", "edge-1")
        self.assertEqual(done.stdout, "edge-1: cordoned\n", done.stderr)
        done = cli("drain", "edge-1", "--watch", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout.splitlines()[-1])["duty"],
                         "drained")
        self.assertEqual(cli("remove", "nobody").returncode, 3)
        self.assertEqual(cli("remove", "edge-1").stdout, "edge-1: removed\n")
        wait_until("it is forgotten",
                   lambda: "edge-1" not in cli("list").stdout)


class Trust(Nodes):
    def test_revocation_outlives_a_restart_of_a_listening_member(self):
        self.pair(edge={"link_listen": True, "link_port": 0})
        self.edge.set("link_port", self.edge.link_port)
        other = self.scratch.node(
            "edge-2", join=self.cloud.join_token(),
            link_join=f"127.0.0.1:{self.edge.link_port}")
        wait_until("they are linked", lambda: self.edge.nodes().get(
            "edge-2", {}).get("state") == "alive")
        answer = self.cloud.admin("POST", "/system/nodes/revoke/edge-2")
        self.assertEqual(answer.status, 200, answer)
        wait_until("the member has heard", lambda: "was revoked" in
                   self.edge.output())
        self.cloud.kill()
        self.edge.kill()
        self.edge.start()
        refusals = other.output().count("was revoked")
        wait_until("it is refused without the controller", lambda:
                   "edge-2 was revoked" in self.edge.output(), 30)
        self.assertNotEqual(self.edge.nodes().get("edge-2", {}).get("state"),
                            "alive")
        self.assertGreaterEqual(other.output().count("was revoked"), refusals)

    def test_a_cloned_disk_is_noticed(self):
        self.pair()
        self.cloud.deploy("f", needs={"tiers": ["edge"]})
        self.ready_on(self.cloud, "f", EDGE)
        boot = self.cloud.nodes()["edge-1"]["boot"]
        load = self.load(self.cloud)
        copy = self.scratch.folder / "twin"
        shutil.copytree(self.scratch.folder / "edge-1", copy,
                        ignore=shutil.ignore_patterns("*.new"))
        twin = self.scratch.node("twin", node_name="edge-1", node_data=copy)
        for node in (twin, self.cloud):
            wait_until("it is told", lambda n=node: "two machines say they are "
                       "node edge-1, with the same certificate" in n.output())
            line = [x for x in node.output().splitlines()
                    if "two machines" in x][0]
            self.assertIn("which goes on serving", line)
            self.assertGreaterEqual(line.count("127.0.0.1:"), 3, line)
            self.assertIn("remove `trust` from its data folder", line)
        self.assertIn("two machines", self.cloud.nodes()["edge-1"]["note"])
        self.assertEqual(self.cloud.nodes()["edge-1"]["boot"], boot)
        seen = len(load.answers)
        wait_until("it serves", lambda: len(load.answers) > seen + 20)
        self.check(load)
        # A link of the first that breaks is no chance for the copy, and what
        # the report says ends it.
        twin.terminate()
        shutil.rmtree(copy / "trust")
        twin.settings["node.name"] = "edge-2"
        twin.start(join=self.cloud.join_token())
        wait_until("it is a node of its own", lambda: self.cloud.nodes().get(
            "edge-2", {}).get("state") == "alive")
        self.assertEqual(self.cloud.nodes()["edge-1"]["boot"], boot)


if __name__ == "__main__":
    unittest.main()
