"""Canaries, shares and aliases on two real nodes under load."""
import unittest

from cluster import Load, Scratch, library_bundle, wait_until

CLOUD, EDGE = "cloud-1/cpu", "edge-1/cpu"
LONG = 120  # seconds; a rollout waits for enough events


class Rollout(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.edge, self.cloud = self.scratch.pair()
        self.deploy(1)
        for node in (self.edge, self.cloud):
            wait_until("both sites", lambda n=node: n.candidates("f") ==
                       sorted((CLOUD, EDGE)))

    def deploy(self, version, library="misbehave", steps=None, **more):
        if steps:
            more["rollout"] = {"steps": steps, "least": "1s"}
        return self.cloud.deploy(
            "f", packed=library_bundle(library, str(version)),
            artifact=f"{library}.so", update=version > 1, concurrency=4,
            policy="round-robin", **more)

    def traffic(self):
        return self.cloud.admin("GET", "/system/rollout/f").json

    def phase(self):
        return (self.traffic()["rollout"] or {}).get("phase")

    def load(self):
        load = Load(self.edge, self.cloud, self.edge, self.cloud)
        self.addCleanup(load.end)
        return load

    def check(self, load):
        load.end()
        self.assertFalse(load.troubles)
        bad = [a for a in load.answers if a.status != 200]
        self.assertFalse(bad, f"{len(bad)} of {len(load.answers)}: {bad[:3]}")

    def test_a_good_canary_is_promoted_by_itself(self):
        load = self.load()
        self.deploy(2, steps=[20, 50])
        wait_until(f"a step: {self.traffic()}",
                   lambda: self.phase() == "stepping")
        wait_until("both answer", lambda: load.versions() == {"1", "2"}, LONG)
        wait_until(f"the end: {self.traffic()}",
                   lambda: self.phase() not in ("stepping", "warming"), LONG)
        self.assertEqual(self.phase(), "promoted", self.traffic())
        wait_until("version 2 alone", lambda: load.versions() == {"2"})
        self.check(load)
        self.assertEqual(self.traffic()["shares"], {"2": 100})

    def test_a_slow_canary_is_rolled_back_by_itself(self):
        load = self.load()
        self.deploy(2, library="late", steps=[20, 50])
        wait_until(f"the end: {self.traffic()}",
                   lambda: self.phase() not in ("stepping", "warming"), LONG)
        self.assertEqual(self.phase(), "rolled-back", self.traffic())
        self.assertIn("too slow", self.traffic()["rollout"]["reason"])
        wait_until("version 1 alone", lambda: load.versions() == {"1"})
        self.check(load)
        self.assertIn("too slow", self.cloud.reasons("f"))

    def test_one_that_cannot_start_never_gets_an_event(self):
        load = self.load()
        self.deploy(2, library="no_table", steps=[50], wait=False)
        wait_until(f"the end: {self.traffic()}",
                   lambda: self.phase() == "rolled-back")
        self.assertIn("cannot start", self.traffic()["rollout"]["reason"])
        self.check(load)
        self.assertEqual(load.versions(len(load.answers)), {"1"})

    def test_it_survives_a_restart_of_the_controller(self):
        self.cloud.set("link_port", self.cloud.link_port)
        self.deploy(2, steps=[30])
        wait_until("a step", lambda: self.phase() == "stepping")
        self.cloud.kill()
        self.cloud.start()
        self.assertEqual(self.traffic()["rollout"]["share"], 30)
        self.assertEqual(self.cloud.admin(
            "POST", "/system/rollout/f?action=abort").status, 202)
        self.assertEqual(self.phase(), "aborted")
        wait_until("version 1 alone", lambda: self.edge.call(
            "f", "x").headers.get("x-faas-version") == "1")

    def test_shares_and_aliases(self):
        self.deploy(2)
        wait_until("version 2", lambda: self.edge.call(
            "f", "x").headers.get("x-faas-version") == "2")
        answer = self.cloud.admin("POST", "/system/traffic/f",
                                  '{"weights":{"1":50,"2":51}}')
        self.assertEqual(answer.status, 400, answer)
        answer = self.cloud.admin("POST", "/system/traffic/f",
                                  '{"weights":{"1":50,"2":50}}')
        self.assertEqual(answer.status, 202, answer)
        wait_until("both answer", lambda: {self.edge.call(
            "f", "x").headers["x-faas-version"] for _ in range(20)} ==
            {"1", "2"})
        self.assertEqual(self.cloud.admin(
            "PUT", "/system/alias/f?alias=prod&version=1").status, 202)
        self.assertEqual(self.cloud.admin(
            "POST", "/system/rollback/f?version=2").status, 202)
        for node in (self.edge, self.cloud):
            wait_until("the alias answers", lambda n=node: n.call(
                "f:prod", "x").headers.get("x-faas-version") == "1")
            self.assertEqual(node.call("f:2", "y").text, "y")
            self.assertEqual(node.call("f:7", "y").status, 404)
            wait_until("version 2 alone", lambda n=node: {n.call(
                "f", "x").headers["x-faas-version"] for _ in range(20)} ==
                {"2"})
        self.cloud.admin("DELETE", "/system/alias/f?alias=prod")
        wait_until("it is gone",
                   lambda: self.edge.call("f:prod", "x").status == 404)


if __name__ == "__main__":
    unittest.main()
