"""How many instances, and where: asked for by request, on an edge that follows
its controller; held on more nodes for a load; what they take, and what they write."""
import json
import re
import subprocess
import unittest

from cluster import BUILD, Load, Scratch, request, wait_until


def instances(node, function):
    """Instances on each node, as `describe` has them."""
    rows = node.describe(function).get("petrel", {}).get("placements", [])
    return {row["node"]: int(row["facts"].get("instances", "-1").split()[0])
            for row in rows if row["state"] == "ready"}


class Asked(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def ask(self, node, function, replicas):
        return node.admin("POST", f"/system/scale-function/{function}",
                          json.dumps({"serviceName": function,
                                      "replicas": replicas}))

    def becomes(self, node, function, **wanted):
        wanted = {name.replace("_", "-"): n for name, n in wanted.items()}
        wait_until(f"{wanted} of {function}: {node.describe(function)}",
                   lambda: instances(node, function) == wanted)

    def test_an_edge_follows_its_controller_through_restarts(self):
        edge, cloud = self.scratch.pair()
        cloud.set("link_port", cloud.link_port)  # where the edge looks for it
        scale = {"min": 1}
        cloud.deploy("f", concurrency=4, scale=scale)
        self.becomes(cloud, "f", edge_1=1, cloud_1=1)
        self.assertEqual(self.ask(cloud, "f", 2).status, 202)
        self.becomes(cloud, "f", edge_1=2, cloud_1=2)
        told = cloud.describe("f")
        self.assertEqual((told["replicas"], told["availableReplicas"]), (4, 4))
        self.assertEqual(told["petrel"]["asked"], {"least": 2})
        # More than can run: executors bound it, and the manifest.
        self.assertEqual(self.ask(cloud, "f", 100).status, 202)
        self.assertEqual(cloud.describe("f")["petrel"]["asked"]["least"], 4)
        # None: out of memory at once on both, although the manifest keeps one.
        self.assertEqual(self.ask(cloud, "f", 0).status, 202)
        self.becomes(cloud, "f", edge_1=0, cloud_1=0)
        told = cloud.describe("f")
        self.assertEqual((told["replicas"], told["availableReplicas"]), (0, 0))
        # It lasts: for an edge that starts alone, and for a controller.
        edge.kill()
        cloud.kill()
        edge.start()
        none = re.compile(r'^petrel_instances{function="f".*} 0$', re.M)
        wait_until("none on an edge alone", lambda: none.search(
            request(edge.port, "GET", "/metrics").text))
        wait_until("the edge serves alone",
                   lambda: edge.call("f", "x").status == 200)
        cloud.start()
        wait_until("it is known", lambda: cloud.describe("f").get(
            "petrel", {}).get("asked") == {"least": 0})
        self.assertEqual(self.ask(cloud, "f", 0).status, 202)
        self.becomes(cloud, "f", edge_1=0, cloud_1=0)
        # It serves nevertheless, from both.
        self.assertEqual(edge.call("f", "again").text, "again")
        self.assertEqual(cloud.call("f", "again").text, "again")
        # The next deployment has the manifest's numbers.
        cloud.deploy("f", update=True, wait=False, concurrency=4, scale=scale)
        self.becomes(cloud, "f", edge_1=1, cloud_1=1)
        self.assertNotIn("asked", cloud.describe("f")["petrel"])

    def test_what_is_wrong_says_what_to_do(self):
        node = self.scratch.node("n1")
        node.deploy("f")
        for answer, status in (
                (self.ask(node, "f", -1), 400), (self.ask(node, "f", "2"), 400),
                (self.ask(node, "g", 1), 404),
                (node.admin("POST", "/system/scale-function/f", "{"), 400)):
            self.assertEqual(answer.status, status, answer)
            self.assertTrue(answer.json["error"]["next"], answer)
        refused = node.admin("POST", "/system/scale-function/f",
                             '{"replicas": 1}', token="wrong")
        self.assertEqual(refused.status, 401)
        self.assertNotIn("asked", node.describe("f")["petrel"])


class Held(unittest.TestCase):
    def test_more_nodes_are_warm_before_one_is_not_enough(self):
        scratch = Scratch()
        self.addCleanup(scratch.close)
        edge, cloud = scratch.pair()
        # All events go to the edge: what is in memory on the cloud node is
        # there because the controller holds it.
        cloud.deploy("f", concurrency=1, policy="static:edge-1/cpu",
                     scale={"min": 0, "hold": "1s"})
        wait_until("both are ready",
                   lambda: len(instances(cloud, "f")) == 2)
        cloud.admin("POST", "/system/scale-function/f", '{"replicas": 0}')
        wait_until("both are out of memory", lambda: set(
            instances(cloud, "f").values()) == {0})
        load = Load(edge, edge, body="block 50")
        try:
            wait_until("the cloud node is warm", lambda: instances(
                cloud, "f").get("cloud-1") == 1)
            self.assertIn("held on", cloud.describe("f")["petrel"]["held"])
        finally:
            load.end()
        wait_until("it leaves again", lambda: instances(
            cloud, "f").get("cloud-1") == 0)
        self.assertNotIn("held on", cloud.describe("f")["petrel"].get(
            "held", ""))
        self.assertEqual({a.site for a in load.answers}, {"edge-1/cpu"})
        self.assertEqual(load.troubles, [])


class Logs(unittest.TestCase):
    def test_a_follower_sees_the_lines_of_all_nodes_with_their_calls(self):
        scratch = Scratch()
        self.addCleanup(scratch.close)
        edge, cloud = scratch.pair()
        cloud.deploy("f", policy="round-robin")
        wait_until("both are ready",
                   lambda: len(cloud.candidates("f")) == 2)
        shown = scratch.folder / "shown"
        with open(shown, "wb") as out:
            follower = subprocess.Popen(
                [str(BUILD / "bin" / "faas-cli"), "logs", "f", "--follow",
                 "-g", f"http://127.0.0.1:{cloud.port}", "-p", cloud.token],
                stdout=out, stderr=out)
        try:
            calls = {}
            for _ in range(8):
                answer = cloud.call("f", "log")
                self.assertEqual(answer.status, 200)
                calls[answer.headers["x-call-id"]] = answer.site.split("/")[0]
            self.assertEqual(set(calls.values()), {"edge-1", "cloud-1"})
            wait_until("each call's line", lambda: all(
                f"{node} [{call}]" in shown.read_text()
                for call, node in calls.items()))
            text = shown.read_text()
            for call in calls:  # each line once
                self.assertEqual(text.count(f"[{call}] warning: a line"), 1,
                                 text)
            # A node that goes holds nobody up.
            edge.kill()
            answer = wait_until("an answer", lambda: (
                lambda a: a if a.status == 200 else None)(
                    cloud.call("f", "log")))
            wait_until("its line",
                       lambda: answer.headers["x-call-id"] in shown.read_text())
        finally:
            follower.terminate()
            follower.wait(60)
        # The edge's own gateway has its own lines.
        edge.start()
        wait_until("it serves", lambda: edge.call("f", "x").status == 200)
        own = edge.admin("GET", "/system/logs?name=f&follow=false")
        self.assertEqual(own.status, 200)


class Memory(unittest.TestCase):
    def test_describe_tells_what_worker_processes_take(self):
        scratch = Scratch()
        self.addCleanup(scratch.close)
        edge, cloud = scratch.pair()
        cloud.deploy("f", mode="isolated", concurrency=2, scale={"min": 2})

        def memory():
            rows = cloud.describe("f")["petrel"]["placements"]
            return {row["node"]: int(row["facts"].get("memory_bytes", 0))
                    for row in rows}
        wait_until("both say so", lambda: set(memory()) == {
            "cloud-1", "edge-1"} and min(memory().values()) > 100_000)
        self.assertLess(max(memory().values()), 1 << 30)
        # Out of memory: nothing is told.
        cloud.admin("POST", "/system/scale-function/f", '{"replicas": 0}')
        wait_until("none is left", lambda: set(memory().values()) == {0})


if __name__ == "__main__":
    unittest.main()
