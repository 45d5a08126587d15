"""Nodes whose catalog is in Redis: crashes of the node, of Redis, of both."""
import shutil
import threading
import unittest
import uuid

from cluster import LIMIT, Redis, Scratch, library_bundle, wait_until


class OnRedis(unittest.TestCase):
    def setUp(self):
        if not shutil.which("redis-server"):
            self.skipTest("no redis-server here")
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.redis = self.server()

    def server(self, *more):
        server = Redis(self.scratch.folder, *more)
        self.scratch.parts.insert(0, server)
        return server

    def node(self, name="n1", **settings):
        return self.scratch.node(name, registry_redis=self.redis.socket,
                                 **settings)

    def try_deploy(self, node, name, digest, request_id=None):
        return node.post(name, digest, artifact="hello.so",
                         request_id=request_id)

    def deploys_again(self, node, name, digest):
        request_id = str(uuid.uuid4())
        wait_until("deploys are taken again", lambda: self.try_deploy(
            node, name, digest, request_id).status in (200, 202))
        wait_until(f"{name} answers", lambda: node.call(name).status == 200)

    def listed(self, node):
        answer = node.admin("GET", "/system/functions")
        self.assertEqual(answer.status, 200, answer)
        return {f["name"] for f in answer.json}


class Crash(OnRedis):
    def test_after_kill_9_every_acknowledged_deploy_is_there(self):
        node = self.node()
        digest, _ = node.upload(library_bundle("hello"))
        acknowledged, stop = [], threading.Event()

        def deploy_on():
            number = 0
            while not stop.is_set():
                try:
                    answer = self.try_deploy(node, f"f{number}", digest)
                except OSError:
                    return
                if answer.status in (200, 202):
                    acknowledged.append(f"f{number}")
                number += 1
        deployer = threading.Thread(target=deploy_on)
        deployer.start()
        wait_until("some deploys", lambda: len(acknowledged) >= 12)
        node.kill()
        stop.set()
        deployer.join()
        node.start()  # waits until its former self's lease has run out
        self.assertLessEqual(set(acknowledged), self.listed(node))
        for name in acknowledged:
            wait_until(name, lambda: node.call(name).status == 200)

    def test_node_and_redis_killed_together_lose_nothing(self):
        node = self.node()
        node.deploy("f", "hello")
        again = str(uuid.uuid4())
        digest, _ = node.upload(library_bundle("misbehave"))
        node.post("g", digest, artifact="misbehave.so", request_id=again)
        node.kill()
        self.redis.kill()
        self.redis.start()
        node.start()
        self.assertEqual(self.listed(node), {"f", "g"})
        node.post("g", digest, artifact="misbehave.so", request_id=again)
        self.assertEqual(node.describe("g")["petrel"]["version"], 1)
        wait_until("f answers", lambda: node.call("f").status == 200)


class Away(OnRedis):
    def test_while_redis_is_away_nodes_serve_and_deploys_get_503(self):
        node = self.node()
        node.deploy("f", "hello")
        digest, _ = node.upload(library_bundle("hello"))
        self.redis.kill()
        refused = self.try_deploy(node, "g", digest)
        self.assertEqual(refused.status, 503, refused)
        self.assertIn(self.redis.socket, refused.text)
        for _ in range(20):
            self.assertEqual(node.call("f").status, 200)
        self.assertEqual(self.listed(node), {"f"})
        wait_until("the log says it", lambda: "the lease cannot be kept" in
                   node.output())
        self.assertEqual(node.call("f").status, 200)
        self.redis.start()
        self.deploys_again(node, "g", digest)
        self.assertFalse(node.ended())

    def test_a_redis_that_hangs_blocks_no_event(self):
        node = self.node()
        node.deploy("f", "hello")
        digest, _ = node.upload(library_bundle("hello"))
        self.redis.freeze()
        try:
            answers = []
            deployer = threading.Thread(target=lambda: answers.append(
                self.try_deploy(node, "g", digest)))
            deployer.start()
            while not answers:
                self.assertEqual(node.call("f").status, 200)
            deployer.join()
            self.assertEqual(answers[0].status, 503, answers)
        finally:
            self.redis.thaw()
        self.deploys_again(node, "h", digest)

    def test_an_emptied_redis_is_not_taken_for_an_empty_catalog(self):
        node = self.node()
        node.deploy("f", "hello")
        digest, _ = node.upload(library_bundle("hello"))
        self.redis.ask("FLUSHALL")
        refused = self.try_deploy(node, "g", digest)
        self.assertEqual(refused.status, 503, refused)
        self.assertEqual(node.call("f").status, 200)
        node.kill()
        node.start(ready=False)
        self.assertNotEqual(node.child.wait(LIMIT), 0)
        self.assertIn("emptied", node.output())
        self.assertIn("redis-witness", node.output())
        (self.scratch.folder / "n1" / "redis-witness").unlink()
        node.start()
        self.assertEqual(self.listed(node), set())

    def test_a_node_without_its_redis_says_so_at_start(self):
        self.redis.kill()
        node = self.node(ready=False)
        self.assertNotEqual(node.child.wait(LIMIT), 0)
        self.assertIn(self.redis.socket, node.output())
        self.assertIn("next:", node.output())


class Password(OnRedis):
    def server(self, *more):
        return super().server("--requirepass", "s3cret")

    def test_the_password_comes_from_a_file_and_is_never_shown(self):
        file = self.scratch.folder / "password"
        file.write_text("wr0ng\n")
        node = self.node(registry_redis__password__file=file, ready=False)
        self.assertNotEqual(node.child.wait(LIMIT), 0)
        self.assertIn("WRONGPASS", node.output())
        self.assertNotIn("wr0ng", node.output())
        file.write_text("s3cret\n")
        node.start()
        node.deploy("f", "hello")
        self.assertNotIn("s3cret", node.output())


if __name__ == "__main__":
    unittest.main()
