"""The whole registry out of one node and into another, by faas-cli."""
import json
import os
import pathlib
import shutil
import subprocess
import threading
import unittest
import uuid

from cluster import (BUILD, LIMIT, Redis, Scratch, library_bundle, request,
                     wait_until)

VALUE = "the-value-of-db-2d9c"


class World(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.folder = self.scratch.folder
        for name, text in (("phrase", "a phrase of the test\n"),
                           ("other-phrase", "another phrase, not it\n"),
                           ("key", "c" * 64 + "\n")):
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o600)

    def node(self, name="n1", **settings):
        return self.scratch.node(name, **settings)

    def cli(self, node, *words, code=0):
        done = subprocess.run(
            [str(BUILD.resolve() / "bin" / "faas-cli"), *words, "-g",
             f"http://127.0.0.1:{node.port}", "--token-file",
             str(pathlib.Path(node.settings["node.data"]) / "admin-token")],
            cwd=self.folder, capture_output=True, text=True, timeout=3 * LIMIT)
        self.assertEqual(done.returncode, code, (words, done.stdout,
                                                 done.stderr))
        return done.stdout + done.stderr

    def export(self, node, name="all.petrel", *more):
        return self.cli(node, "export", name, "--passphrase-file", "phrase",
                        *more)

    def bring(self, node, name="all.petrel", *more, code=0):
        return self.cli(node, "import", name, "--passphrase-file", "phrase",
                        *more, code=code)

    def secret(self, node, name="db", value=VALUE):
        answer = node.admin("POST", "/system/secrets", json.dumps(
            {"name": name, "value": value}))
        self.assertEqual(answer.status, 201, answer)

    def fill(self, node):
        """Versions, an alias, shares, a rollout under way, a removed function,
        a secret that a function uses."""
        self.secret(node)
        for number in range(3):
            node.deploy("f", packed=library_bundle("hello", f"f{number}"),
                        artifact="hello.so", update=number > 0)
        for words in (("alias", "f", "set", "prod=1"),
                      ("traffic", "f", "1=30", "3=70")):
            self.cli(node, *words)
        node.deploy("canary", packed=library_bundle("hello", "c1"),
                    artifact="hello.so")
        digest, _ = node.upload(library_bundle("hello", "c2"))
        answer = node.post("canary", digest, "PUT", artifact="hello.so",
                           rollout={"steps": [10, 50], "least": "1h"})
        self.assertIn(answer.status, (200, 202), answer)
        wait_until("the rollout steps", lambda: self.phase(node) == "stepping")
        node.deploy("gone", packed=library_bundle("hello", "g"),
                    artifact="hello.so")
        self.cli(node, "remove", "gone")
        self.keeper(node)

    def keeper(self, node):
        """A function that answers with the secret."""
        packed = library_bundle("secret")
        digest, _ = node.upload(packed)
        answer = node.admin("POST", "/system/functions", json.dumps(
            {"service": "keeper", "image": f"sha256:{digest}",
             "secrets": ["db"], "envVars": {"SECRET": "db"},
             "petrel": {"mode": "threads", "artifact": "secret.so"}}),
            {"X-Request-Id": str(uuid.uuid4())})
        self.assertIn(answer.status, (200, 202), answer)
        self.wait_for_secret(node)

    def phase(self, node):
        answer = node.admin("GET", "/system/rollout/canary").json
        return (answer.get("rollout") or {}).get("phase")

    def wait_for_secret(self, node):
        wait_until("the secret is read", lambda: node.call(
            "keeper", "now").text == VALUE)

    def registry(self, node):
        """What an export says, without what may differ: history, number, seals;
        a rollout's `since` stays."""
        answer = node.admin("POST", "/system/registry/export",
                            json.dumps({"key": "d" * 64}))
        self.assertEqual(answer.status, 200, answer)
        head, *lines, _ = [json.loads(x) for x in answer.text.splitlines()]
        for line in lines:
            if "secret" in line:
                line["record"].pop("box")
        return head, [x for x in lines if "trust" not in x]

    def same(self, one, other):
        self.assertEqual(self.registry(one)[1], self.registry(other)[1])

    def answers(self, node):
        """It works: versions, alias, shares, the secret's value."""
        wait_until("f answers", lambda: node.call("f").status == 200)
        wait_until("its alias answers", lambda: node.call("f:prod").headers.get(
            "x-faas-version") == "1")
        self.assertEqual(node.admin("GET", "/system/traffic/f").json["shares"],
                         {"1": 30, "3": 70})
        self.assertEqual(self.phase(node), "stepping")
        self.wait_for_secret(node)
        # A removed function's numbers are not given again.
        node.deploy("gone", packed=library_bundle("hello", "again"),
                    artifact="hello.so")
        self.assertEqual(node.describe("gone")["petrel"]["version"], 2)


class Export(World):
    def test_sqlite_to_redis_and_back_is_the_same(self):
        if not shutil.which("redis-server"):
            self.skipTest("no redis-server here")
        first = self.node("n1")
        self.fill(first)
        said = self.export(first)
        self.assertIn("3 functions, 6 bundles, 1 secrets, the CA", said)
        whole = (self.folder / "all.petrel").read_bytes()
        for clear in (VALUE, "a phrase of the test", "PRIVATE KEY"):
            self.assertNotIn(clear.encode(), whole)
        redis = Redis(self.folder)
        self.scratch.parts.insert(0, redis)
        second = self.node("n2", registry_redis=redis.socket)
        before = self.registry(second)[0]
        self.bring(second)
        self.same(first, second)
        head = self.registry(second)[0]
        self.assertNotIn(head["history"], (before["history"],
                                           self.registry(first)[0]["history"]))
        self.assertEqual(
            [k for k in redis.ask("KEYS", "*").splitlines()
             if "import" in k or "staged" in k], [])
        self.export(second, "back.petrel")
        third = self.node("n3")
        self.bring(third, "back.petrel")
        self.same(first, third)
        # Each of them goes on after a kill.
        for node in (second, third):
            node.kill()
            node.start()
            self.same(first, node)
            self.answers(node)

    def test_what_is_there_goes_only_when_told_so(self):
        first, second = self.node("n1"), self.node("n2")
        first.deploy("f", "hello")
        self.export(first)
        second.deploy("mine", "hello")
        said = self.bring(second, code=1)
        self.assertIn("not empty: it has 1 functions", said)
        self.assertIn("--replace", said)
        self.assertEqual(second.call("mine").status, 200)
        self.bring(second, "all.petrel", "--replace")
        wait_until("f is there", lambda: second.call("f").status == 200)
        self.assertEqual(second.describe("mine"), {})
        wait_until("mine is gone", lambda: second.call("mine").status == 404)

    def test_without_a_key_secrets_are_left_out_and_the_file_says_so(self):
        first, second = self.node("n1"), self.node("n2")
        self.secret(first)
        first.deploy("f", "hello")
        said = self.cli(first, "export", "open.petrel")
        self.assertIn("no secrets and no CA", said)
        self.assertIn('"key":null', (self.folder / "open.petrel").read_text(
            errors="replace"))
        told = json.loads(self.cli(second, "import", "open.petrel", "--json"))
        self.assertEqual(told["secrets"], 0)
        self.assertEqual(told["functions"], 1)

    def test_a_bad_file_or_key_changes_nothing(self):
        first, second = self.node("n1"), self.node("n2")
        self.secret(first)
        first.deploy("f", "hello")
        self.export(first)
        whole = (self.folder / "all.petrel").read_bytes()
        (self.folder / "cut.petrel").write_bytes(whole[:-100])
        middle = len(whole) // 2
        (self.folder / "changed.petrel").write_bytes(
            whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:])
        before = self.registry(second)
        for name in ("cut.petrel", "changed.petrel"):
            said = self.bring(second, name, code=1)
            self.assertIn("nothing was changed", said)
        said = self.cli(second, "import", "all.petrel", "--passphrase-file",
                        "other-phrase", code=4)
        self.assertIn("not the key", said)
        self.assertEqual(self.registry(second), before)
        self.assertEqual(second.admin("GET", "/system/bundles").json["bundles"],
                         [])


class Cut(World):
    def check(self, make):
        """A node killed during an import has what was, or all that came."""
        first = self.node("n1")
        self.fill(first)
        self.export(first)
        wanted = self.registry(first)[1]
        second = make()
        second.deploy("mine", "hello")
        self.secret(second, "mine", "x")
        was = self.registry(second)[1]
        seen = {"old": 0, "new": 0}
        for delay in (0, 5, 10, 15, 20, 30, 40, 60, 80, 120):
            work = subprocess.Popen(
                [str(BUILD.resolve() / "bin" / "faas-cli"), "import",
                 "all.petrel", "--passphrase-file", "phrase", "--replace",
                 "-g", f"http://127.0.0.1:{second.port}", "--token-file",
                 str(pathlib.Path(second.settings["node.data"])
                     / "admin-token")],
                cwd=self.folder, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
            # From the moment the file is being sent; the delay moves the kill.
            done = threading.Event()
            done.wait((150 + delay) / 1000)
            second.kill()
            work.kill()
            work.wait()
            second.start()
            now = self.registry(second)[1]
            self.assertIn(now, (was, wanted), delay)
            seen["old" if now == was else "new"] += 1
            was = now
            if now == wanted:  # back to the other one
                self.cli(second, "remove", "f", "canary", "keeper")
                second.deploy("mine", "hello")
                was = self.registry(second)[1]
        print(seen)
        self.bring(second, "all.petrel", "--replace")  # it goes on
        self.assertEqual(self.registry(second)[1], wanted)

    def test_a_kill_during_an_import_on_sqlite(self):
        self.check(lambda: self.node("n2"))

    def test_a_kill_during_an_import_on_redis(self):
        if not shutil.which("redis-server"):
            self.skipTest("no redis-server here")
        redis = Redis(self.folder)
        self.scratch.parts.insert(0, redis)
        self.check(lambda: self.node("n2", registry_redis=redis.socket))


class SharedLead(World):
    def test_an_import_at_the_leader_is_the_next_leaders_too(self):
        if not shutil.which("redis-server"):
            self.skipTest("no redis-server here")
        first = self.node("first")
        self.secret(first)
        first.deploy("f", "hello")
        self.keeper(first)
        self.export(first)
        redis = Redis(self.folder)
        self.scratch.parts.insert(0, redis)
        one, two = self.scratch.controllers(redis)
        two_says = two.admin("POST", "/system/registry/export", "{}")
        self.assertEqual(two_says.status, 503, two_says)
        self.assertIn("n1", two_says.text)
        said = self.cli(one, "import", "all.petrel", "--passphrase-file",
                        "phrase", "--ca", code=4)
        self.assertIn("without --ca", said)
        self.assertEqual(one.admin("GET", "/system/functions").json, [])
        self.bring(one)
        self.same(first, one)
        self.wait_for_secret(one)
        for function in ("f", "keeper"):  # bundles come by themselves
            wait_until(f"n2 runs {function}", lambda: two.call(
                function, "now").site == "n2/cpu")
        one.kill()
        wait_until("n2 leads", two.leads)
        self.same(first, two)
        self.wait_for_secret(two)
        self.export(two, "next.petrel")


class Authority(World):
    def test_nodes_of_a_lost_controller_come_back_to_a_new_one(self):
        edge, cloud = self.scratch.pair()
        self.secret(cloud)
        cloud.deploy("f", "hello")
        self.export(cloud)
        port = cloud.link_port
        cluster = cloud.banner_value("cluster")
        cloud.kill()  # and its disk is gone
        shutil.rmtree(cloud.settings["node.data"])
        fresh = self.node("cloud-2", node_tier="cloud", link_listen=True,
                          link_port=port)
        self.assertNotEqual(fresh.banner_value("cluster"), cluster)
        said = self.bring(fresh, "all.petrel", "--ca")
        self.assertIn("restart the node", said)
        self.assertIn(cluster, said)
        self.assertEqual(fresh.terminate(), 0)
        fresh.start()
        self.assertEqual(fresh.banner_value("cluster"), cluster)
        wait_until("the edge is back", lambda: fresh.nodes().get(
            "edge-1", {}).get("state") == "alive")
        wait_until("the function is served", lambda: request(
            edge.port, "POST", "/function/f").status == 200)
        # Once more changes nothing.
        self.assertNotIn("restart the node", self.bring(
            fresh, "all.petrel", "--replace", "--ca"))


if __name__ == "__main__":
    unittest.main()
