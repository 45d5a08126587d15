"""Secrets of controllers whose store is Redis."""
import pathlib
import shutil
import unittest

from cluster import wait_until
from redis_test import Redis
from secrets_test import OTHER, VALUE, Secrets


class OnRedis(Secrets):
    def setUp(self):
        if not shutil.which("redis-server"):
            self.skipTest("no redis-server here")
        super().setUp()
        self.redis = Redis(self.scratch.folder)
        self.scratch.parts.insert(0, self.redis)

    def node(self, name="n1", **settings):
        return self.scratch.node(name, registry_redis=self.redis.socket,
                                 **settings)

    def nowhere_in_redis(self, *values):
        for file in self.redis.folder.rglob("*"):
            if file.is_file():
                for value in values:
                    raw = value if isinstance(value, bytes) else value.encode()
                    self.assertNotIn(raw, file.read_bytes(), file)

    def test_a_killed_controller_and_a_killed_redis_lose_no_secret(self):
        node = self.node()
        self.create(node)
        self.deploy(node)
        self.assertEqual(self.ask(node, "now"), VALUE)
        self.redis.kill()
        answer = self.put(node, "db", OTHER, "PUT", request_id="again")
        self.assertEqual(answer.status, 503, answer)
        self.assertEqual(self.ask(node, "now"), VALUE)
        self.redis.start()
        wait_until("updates are taken again", lambda: self.put(
            node, "db", OTHER, "PUT", request_id="again").status == 200)
        wait_until("the new value", lambda: self.ask(node, "begun") == OTHER)
        node.kill()
        node.start()
        wait_until("it serves again", lambda: node.call("f").status == 200)
        self.assertEqual(self.ask(node, "now"), OTHER)
        self.nowhere(node, VALUE, OTHER)
        self.nowhere_in_redis(VALUE, OTHER)

    def second(self, first, **settings):
        """Another controller, with the first one's cluster key."""
        data = pathlib.Path(first.settings["node.data"])
        return self.node("n2", registry_key__file=data / "cluster-key",
                         **settings)

    def key_of(self, node):
        return pathlib.Path(node.settings["node.data"]) / "secret-key"

    def test_a_controller_that_takes_over_gets_the_key(self):
        first = self.node("n1")
        self.create(first)
        first.kill()
        second = self.second(first)
        wait_until("it leads", second.leads)
        self.assertEqual(self.names(second), ["db"])
        self.deploy(second)
        self.assertEqual(self.ask(second, "now"), VALUE)
        key = self.key_of(second)
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        self.assertEqual(key.read_text(), self.key_of(first).read_text())
        self.nowhere_in_redis(VALUE, key.read_text().strip(),
                              bytes.fromhex(key.read_text().strip()))

    def test_a_controller_with_another_key_says_so_and_keeps_its_file(self):
        first = self.node("n1")
        self.create(first)
        first.kill()
        other = self.scratch.folder / "n2" / "secret-key"
        other.parent.mkdir()
        other.write_text("ab" * 32 + "\n")
        other.chmod(0o600)
        second = self.second(first)
        wait_until("it leads", second.leads)
        wait_until("it says so", lambda: "another than that of the cluster"
                   in second.output())
        self.assertEqual(self.names(second), ["db"])
        self.assertEqual(self.put(second, "more", "v").status, 503)
        self.assertEqual(other.read_text(), "ab" * 32 + "\n")
        # A named one is not shared: it is what the operator says.
        second.terminate()
        second.set("registry_secret__key__file", self.key_of(first))
        second.start()
        wait_until("it leads", second.leads)
        self.assertEqual(self.put(second, "more", "v").status, 201)
        self.deploy(second)
        self.assertEqual(self.ask(second, "now"), VALUE)

    def test_an_emptied_redis_is_not_written_to(self):
        node = self.node()
        self.create(node)
        self.deploy(node)
        self.redis.ask("FLUSHALL")
        answer = self.put(node, "db", OTHER, "PUT")
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("gone", answer.json["error"]["message"])
        self.assertEqual(self.ask(node, "now"), VALUE)
        self.assertEqual(self.redis.ask("EXISTS", "petrel:secrets"), "0")


del Secrets  # a base, no test of its own here

if __name__ == "__main__":
    unittest.main()
