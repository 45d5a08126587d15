"""Controllers that share one Redis: one leads, the others serve and wait."""
import json
import shutil
import unittest
import uuid

from cluster import LIMIT, Redis, Scratch, library_bundle, wait_until


class Leaders(unittest.TestCase):
    def setUp(self):
        if not shutil.which("redis-server"):
            self.skipTest("no redis-server here")
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.redis = Redis(self.scratch.folder)
        self.scratch.parts.insert(0, self.redis)

    def edge(self, name, controller, *ports, **settings):
        return self.scratch.node(
            name, join=controller.join_token(*(ports or
                                               (controller.link_port,))),
            node_tier="edge", **settings)

    def connected(self, node, name):
        wait_until(f"{node.name} sees {name}", lambda: node.nodes().get(
            name, {}).get("state") == "alive")

    def leads(self, node):
        wait_until(f"{node.name} leads", node.leads)

    def listed(self, node):
        answer = node.admin("GET", "/system/functions")
        self.assertEqual(answer.status, 200, answer)
        return {f["name"] for f in answer.json}

    def answers(self, node, function):
        wait_until(f"{function} answers at {node.name}",
                   lambda: node.call(function).status == 200)


class Standby(Leaders):
    def test_it_serves_and_names_the_leader_to_who_wants_a_change(self):
        one, two = self.scratch.controllers(self.redis)
        one.deploy("f", "hello")
        self.answers(two, "f")
        wait_until("it runs there, too", lambda: two.call("f").site ==
                   "n2/cpu")
        digest, _ = two.upload(library_bundle("hello"))
        for answer in (two.post("g", digest, artifact="hello.so"),
                       two.admin("GET", "/system/functions")):
            self.assertEqual(answer.status, 503, answer)
            self.assertIn("n1", answer.text)
        for node in (one, two):
            rows = node.nodes()
            self.assertTrue(rows["n1"]["controller"], rows)
            self.assertFalse(rows["n2"]["controller"], rows)
            self.assertTrue(rows["n2"]["standby"], rows)

    def test_without_the_cluster_key_it_says_what_to_do(self):
        self.scratch.node("n1", registry_redis=self.redis.socket)
        two = self.scratch.node("n2", registry_redis=self.redis.socket,
                                ready=False)
        self.assertNotEqual(two.child.wait(LIMIT), 0)
        self.assertIn("cluster-key", two.output())
        self.assertIn("registry.key_file", two.output())
        # Another one does not open it either.
        (self.scratch.folder / "n2" / "cluster-key").write_text("ab" * 32)
        (self.scratch.folder / "n2" / "cluster-key").chmod(0o600)
        two.start(ready=False)
        self.assertNotEqual(two.child.wait(LIMIT), 0)
        self.assertIn("does not open", two.output())


class TakeOver(Leaders):
    def test_after_kill_9_the_standby_has_everything(self):
        one, two = self.scratch.controllers(self.redis)
        edge = self.edge("edge-1", one)
        self.connected(two, "edge-1")  # it learned of the second controller
        one.deploy("f", "hello", needs={"tiers": ["edge"]})
        self.answers(edge, "f")
        # Acknowledged, and dead before anybody else could have asked for it.
        digest, _ = one.upload(library_bundle("hello", salt="x"))
        request_id = str(uuid.uuid4())
        answer = one.post("g", digest, request_id=request_id,
                          artifact="hello.so", needs={"tiers": ["edge"]})
        one.kill()
        self.assertIn(answer.status, (200, 202), answer)
        self.assertEqual(edge.call("f").status, 200)
        self.leads(two)
        self.assertEqual(self.listed(two), {"f", "g"})
        self.answers(edge, "g")
        # The same request again changes nothing.
        two.post("g", digest, request_id=request_id, artifact="hello.so",
                 needs={"tiers": ["edge"]})
        self.assertEqual(two.describe("g")["petrel"]["version"], 1)
        # It can let nodes in, and give them bundles that it never ran.
        late = self.edge("edge-2", two)
        self.answers(late, "g")
        two.deploy("h", "hello", needs={"tiers": ["edge"]})
        self.answers(edge, "h")
        # The former leader comes back and is the standby.
        one.start()
        self.connected(two, "n1")
        self.assertFalse(one.leads())
        self.assertIn("n2", one.admin("GET", "/system/functions").text)
        self.connected(one, "edge-2")
        two.kill()
        self.leads(one)
        self.assertEqual(self.listed(one), {"f", "g", "h"})
        last = self.edge("edge-3", one)
        for function in ("f", "g", "h"):
            self.answers(last, function)

    def test_a_leader_that_was_stopped_wakes_up_as_the_standby(self):
        one, two = self.scratch.controllers(self.redis)
        edge = self.edge("edge-1", one)
        self.connected(two, "edge-1")
        one.deploy("f", "hello")
        digest, _ = one.upload(library_bundle("misbehave"))
        one.freeze()
        try:
            self.leads(two)
            two.deploy("g", "hello", wait=False)
            two.admin("DELETE", "/system/functions", '{"functionName":"f"}')
            wait_until("f is gone from the edge",
                       lambda: edge.call("f").status == 404)
        finally:
            one.thaw()
        answer = one.post("h", digest, artifact="misbehave.so")
        self.assertEqual(answer.status, 503, answer)
        wait_until("it knows who leads", lambda: "n2" in one.admin(
            "GET", "/system/functions").text)
        self.assertFalse(one.ended())
        self.answers(edge, "g")
        self.assertEqual(edge.call("f").status, 404)
        wait_until("it obeys the new leader", lambda: one.call("g").status ==
                   200 and one.call("f").status == 404)
        self.assertEqual(self.listed(two), {"g"})

    def test_an_orderly_stop_hands_over(self):
        one, two = self.scratch.controllers(self.redis)
        one.deploy("f", "hello")
        self.assertEqual(one.terminate(), 0, one.output())
        self.leads(two)
        self.assertEqual(self.listed(two), {"f"})

    def test_a_version_that_loads_takes_no_traffic_at_a_take_over(self):
        one, two = self.scratch.controllers(self.redis)
        one.deploy("f", "hello")
        self.answers(two, "f")
        # It never gets ready; the new leader must not put it in service.
        one.deploy("f", packed=library_bundle("hello", salt="2"), update=True,
                   wait=False, artifact="missing.so")
        one.kill()
        for _ in range(50):
            self.assertEqual(two.call("f").status, 200)
        self.leads(two)
        for _ in range(50):
            self.assertEqual(two.call("f").status, 200)
        self.assertEqual(two.describe("f")["petrel"]["version"], 2)


class Shared(Leaders):
    """What a new leader must know besides the catalog."""

    def put(self, node, value, method="POST"):
        return node.admin(method, "/system/secrets",
                          json.dumps({"name": "db", "value": value}),
                          {"X-Request-Id": str(uuid.uuid4())})

    def deploy_reader(self, node, name):
        digest, answer = node.upload(library_bundle("secret"))
        self.assertIn(answer.status, (200, 201), answer)
        body = {"service": name, "image": f"sha256:{digest}",
                "secrets": ["db"], "envVars": {"SECRET": "db"},
                "petrel": {"mode": "threads", "artifact": "secret.so"}}
        answer = node.admin("POST", "/system/functions", json.dumps(body),
                            {"X-Request-Id": str(uuid.uuid4())})
        self.assertIn(answer.status, (200, 202), answer)

    def reads(self, node, function, value):
        def seen():
            answer = node.call(function, "now")
            return answer.status == 200 and answer.text == value
        wait_until(f"{function} at {node.name} reads its secret", seen)

    def test_secrets_are_delivered_by_whoever_leads(self):
        one, two = self.scratch.controllers(self.redis)
        edge = self.edge("edge-1", one)
        self.connected(two, "edge-1")
        self.assertEqual(self.put(two, "v0").status, 503)
        self.assertEqual(self.put(one, "v1").status, 201)
        self.deploy_reader(one, "f")
        for node in (edge, one, two):  # a standby asks the leader
            self.reads(node, "f", "v1")
        one.kill()
        self.leads(two)
        answer = self.put(two, "v2", "PUT")
        self.assertEqual(answer.status, 200, answer)
        self.deploy_reader(two, "g")
        for node in (edge, two):
            self.reads(node, "f", "v2")
            self.reads(node, "g", "v2")
        late = self.edge("edge-2", two)
        self.reads(late, "f", "v2")
        one.start()
        self.reads(one, "f", "v2")
        for node in (one, two):
            self.assertNotIn("secrets cannot be opened", node.output())

    def test_a_cordoned_node_stays_cordoned_and_a_removed_one_away(self):
        one, two = self.scratch.controllers(self.redis)
        edge = self.edge("edge-1", one)
        gone = self.edge("edge-2", one)
        for name in ("edge-1", "edge-2"):
            self.connected(two, name)
        self.assertEqual(self.steer(two, "edge-1", "cordon").status, 503)
        answer = self.steer(one, "edge-1", "cordon")
        self.assertEqual(answer.status, 200, answer)
        answer = self.steer(one, "edge-2", "remove&force=true")
        self.assertEqual(answer.status, 200, answer)
        one.kill()
        self.leads(two)
        rows = two.nodes()
        self.assertEqual(rows["edge-1"]["duty"], "cordoned", rows)
        two.deploy("f", "hello", needs={"tiers": ["edge"]}, wait=False)
        wait_until("the new leader says why", lambda: "cordoned" in
                   two.reasons("f"))
        self.assertNotEqual(two.call("f").status, 200)
        wait_until("the removed one is told", lambda: "was removed" in
                   gone.output())
        wait_until("it is gone", lambda: two.nodes().get("edge-2", {}).get(
            "state") != "alive")
        answer = self.steer(two, "edge-1", "uncordon")
        self.assertEqual(answer.status, 200, answer)
        self.answers(edge, "f")
        one.start()
        self.connected(one, "edge-1")
        two.kill()
        self.leads(one)
        self.assertEqual(one.nodes()["edge-1"]["duty"], "active")
        self.answers(edge, "f")

    def steer(self, node, name, what):
        return node.admin("POST", f"/system/node/{name}?action={what}")


class Trust(Leaders):
    def test_each_controller_revokes_for_all(self):
        one, two = self.scratch.controllers(self.redis)
        # By a token of the standby, which names no other: it is told.
        edge = self.edge("edge-1", two)
        self.connected(one, "edge-1")
        answer = two.admin("POST", "/system/nodes/revoke/edge-1")
        self.assertIn(answer.status, (200, 202, 204), answer)
        for node in (one, two):
            wait_until("the link ends", lambda: node.nodes()["edge-1"][
                "state"] == "lost")
        self.assertFalse(edge.ended())

    def test_an_edge_finds_the_other_controller_after_its_restart(self):
        one, two = self.scratch.controllers(self.redis)
        edge = self.edge("edge-1", one)
        self.connected(two, "edge-1")
        one.deploy("f", "hello", needs={"tiers": ["edge"]})
        self.answers(edge, "f")
        one.kill()
        edge.kill()
        self.leads(two)
        edge.start()
        self.answers(edge, "f")


if __name__ == "__main__":
    unittest.main()
