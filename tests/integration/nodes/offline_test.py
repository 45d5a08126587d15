"""An edge that restarts without controller and network, and catches up later."""
import shutil
import unittest

from cluster import Scratch, library_bundle, request, wait_until

CLOUD, EDGE = "cloud-1/cpu", "edge-1/cpu"


class Offline(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.edge, self.cloud, self.link = self.scratch.pair(emulated=True)
        self.cloud.set("link_port", self.cloud.link_port)

    def deploy(self, name, version=1, **more):
        more.setdefault("needs", {"tiers": ["edge"]})
        return self.cloud.deploy(
            name, packed=library_bundle("misbehave", f"{name}{version}"),
            artifact="misbehave.so", update=version > 1, **more)

    def serves(self, name, version=1):
        wait_until(f"{name}:{version} here", lambda: (
            lambda a: a.status == 200 and a.site == EDGE
            and a.headers.get("x-faas-version") == str(version))(
                self.edge.call(name, "x")))

    def ready(self):
        wait_until("ready", lambda: request(self.edge.port, "GET",
                                            "/readyz").status == 200)

    def written_down(self, mark):
        """What the edge serves is in its replica: one actor writes it and then
        fetches the bundle of a function that is deployed later."""
        self.deploy(mark)
        self.serves(mark)

    def restart_alone(self):
        """Kill -9, no link, start."""
        self.link.tell("cut")
        self.edge.kill()
        self.edge.start()
        self.ready()
        self.assertIn("serving by the assignments", self.edge.output())

    def test_it_serves_alone_and_catches_up_by_revision(self):
        for name in ("f", "gone"):
            self.deploy(name)
            self.serves(name)
        self.cloud.deploy("far", needs={"tiers": ["cloud"]})
        wait_until("far answers", lambda: self.edge.call("far").status == 200)
        self.deploy("f", 2)
        self.serves("f", 2)
        self.written_down("mark-1")
        self.restart_alone()
        self.serves("f", 2)
        self.serves("gone")
        # It knows what it cannot reach, if it had the time to write that down.
        self.assertIn(self.edge.call("far").status, (404, 503))
        # Meanwhile the world goes on.
        self.deploy("f", 3, wait=False)
        self.deploy("fresh", wait=False)
        answer = self.cloud.admin("DELETE", "/system/functions",
                                  '{"functionName":"gone"}')
        self.assertIn(answer.status, (200, 202))
        self.serves("f", 2)
        self.serves("gone")
        self.link.tell("heal")
        self.serves("f", 3)
        self.serves("fresh")
        wait_until("it is gone", lambda: self.edge.call("gone").status == 404)
        # And that is what it goes by from now on.
        self.written_down("mark-2")
        self.restart_alone()
        self.serves("f", 3)
        self.serves("fresh")
        self.assertEqual(self.edge.call("gone").status, 404)

    def test_a_store_that_was_emptied_takes_no_function_away(self):
        self.deploy("f")
        self.deploy("g")
        for name in ("f", "g"):
            self.serves(name)
        self.cloud.kill()
        for file in (self.scratch.folder / "cloud-1").glob("catalog.db*"):
            file.unlink()
        self.cloud.start()
        wait_until("the node says so", lambda: "kept: f, g" in
                   self.edge.output())
        for name in ("f", "g"):
            self.assertEqual(self.edge.call(name, "x").site, EDGE)
        self.restart_alone()
        self.serves("f")
        self.link.tell("heal")
        wait_until("it is back", lambda: self.cloud.nodes().get(
            "edge-1", {}).get("state") == "alive")
        self.serves("g")
        # Deployed again, f is the store's; removed there, it goes.
        self.deploy("f")
        self.serves("f")
        self.cloud.admin("DELETE", "/system/functions",
                         '{"functionName":"f"}')
        wait_until("it is gone", lambda: self.edge.call("f").status == 404)
        self.serves("g")

    def test_a_store_that_went_back_is_refused(self):
        self.deploy("f")
        self.serves("f")
        self.cloud.kill()
        copy = self.scratch.folder / "copy"
        shutil.copytree(self.scratch.folder / "cloud-1", copy)
        self.cloud.start()
        wait_until("linked", lambda: self.cloud.nodes().get(
            "edge-1", {}).get("state") == "alive")
        self.deploy("g")
        self.serves("g")
        self.restart_alone()  # what it knows counts over a restart
        self.cloud.kill()
        shutil.rmtree(self.scratch.folder / "cloud-1")
        shutil.copytree(copy, self.scratch.folder / "cloud-1")
        self.cloud.start()
        self.link.tell("heal")
        wait_until("the node says so", lambda: "an older copy was restored" in
                   self.edge.output())
        for name in ("f", "g"):
            self.serves(name)

    def test_a_damaged_replica_is_as_none(self):
        self.deploy("f")
        self.serves("f")
        self.edge.kill()
        replica = self.scratch.folder / "edge-1" / "replica"
        replica.write_bytes(replica.read_bytes()[:-1])
        self.edge.start()
        self.assertIn("is damaged", self.edge.output())
        self.serves("f")


if __name__ == "__main__":
    unittest.main()
