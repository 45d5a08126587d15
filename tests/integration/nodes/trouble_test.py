"""Bad input and trouble of the registry, the same on SQLite and on Redis."""
import hashlib
import json
import pathlib
import shutil
import sqlite3
import threading
import unittest

from cluster import Redis, Scratch, library_bundle, wait_until


class Trouble:
    """What both engines must do; `world()` gives the settings of a node."""

    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.node = self.scratch.node("n1", **self.world())

    def listed(self):
        return {f["name"]: f for f in
                self.node.admin("GET", "/system/functions").json}

    def test_two_deploys_of_one_function_at_once_make_two_versions(self):
        digest, _ = self.node.upload(library_bundle("hello"))
        self.node.post("f", digest, artifact="hello.so")
        answers, lock = [], threading.Lock()

        def deploy(number):
            answer = self.node.post("f", digest, "PUT", artifact="hello.so",
                                    topics=[f"t/{number}"])
            with lock:
                answers.append(answer)
        threads = [threading.Thread(target=deploy, args=(n,))
                   for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({a.status for a in answers} - {200, 202}, set())
        versions = self.node.admin("GET", "/system/versions/f").json
        numbers = sorted(v["version"] for v in versions)
        self.assertEqual(numbers, list(range(1, 10)))
        self.assertEqual([v["version"] for v in versions if v["current"]], [9])
        self.again()
        self.assertEqual(self.node.describe("f")["petrel"]["version"], 9)

    def test_shares_that_do_not_add_up_change_nothing(self):
        self.node.deploy("f", "hello")
        self.node.deploy("f", packed=library_bundle("hello", "two"),
                         artifact="hello.so", update=True)
        before = self.node.admin("GET", "/system/traffic/f").json
        for weights in ({"1": 50, "2": 49}, {"1": 100, "2": 1}, {"1": 0},
                        {}, {"1": -1, "2": 101}, {"9": 100}, {"x": 100},
                        {"1": "50", "2": "50"}, {"1": 4294967346, "2": 50}):
            answer = self.node.admin("POST", "/system/traffic/f",
                                     json.dumps({"weights": weights}))
            self.assertIn(answer.status, (400, 404), (weights, answer))
        self.assertEqual(self.node.admin("GET", "/system/traffic/f").json,
                         before)

    def test_a_bundle_with_another_digest_is_refused_and_not_kept(self):
        packed = library_bundle("hello")
        wrong = hashlib.sha256(b"other").hexdigest()
        _, answer = self.node.upload(packed, wrong)
        self.assertEqual(answer.status, 422, answer)
        self.assertEqual(
            self.node.admin("HEAD", f"/system/bundles/{wrong}").status, 404)
        answer = self.node.post("f", wrong, artifact="hello.so")
        self.assertIn("PUT /system/bundles/", answer.text)
        self.assertEqual(self.listed(), {})

    def test_bad_names_of_everything(self):
        digest, _ = self.node.upload(library_bundle("hello"))
        self.node.post("f", digest, artifact="hello.so")
        for name in ("", "UPPER", "../x", "a b", "-a", "a-", "x" * 64, "é",
                     "a\u0000b", "a;DROP TABLE functions"):
            answer = self.node.post(name, digest, artifact="hello.so")
            self.assertEqual(answer.status, 400, (name, answer))
            answer = self.node.admin("POST", "/system/secrets", json.dumps(
                {"name": name, "value": "x"}))
            self.assertEqual(answer.status, 400, (name, answer))
        for alias in ("UPPER", "1", "a/b", "x" * 64):
            answer = self.node.admin(
                "PUT", f"/system/alias/f?alias={alias}&version=1")
            self.assertEqual(answer.status, 400, (alias, answer))
        self.assertEqual(set(self.listed()), {"f"})
        self.assertEqual(self.node.admin("GET", "/system/secrets").json, [])

    def test_an_oversized_secret_is_refused(self):
        for size, status in ((65536, 201), (65537, 413)):
            answer = self.node.admin("POST", "/system/secrets", json.dumps(
                {"name": f"s{size}", "value": "x" * size}))
            self.assertEqual(answer.status, status, answer)
        self.again()
        names = [s["name"] for s in
                 self.node.admin("GET", "/system/secrets").json]
        self.assertEqual(names, ["s65536"])

    def test_after_kill_9_every_acknowledged_change_is_there(self):
        """Deploys, aliases, rollbacks, secrets: the state after the last one
        that was acknowledged, or after the one in work."""
        digests = [self.node.upload(library_bundle("hello", f"v{n}"))[0]
                   for n in range(2)]
        self.node.post("f", digests[0], artifact="hello.so")
        self.node.admin("POST", "/system/secrets", json.dumps(
            {"name": "s", "value": "0"}))
        # A version with an alias is never too old to be kept.
        self.node.admin("PUT", "/system/alias/f?alias=first&version=1")
        for round_ in range(4):
            states, stop = [self.state()], threading.Event()

            def work():
                number = 0
                while not stop.is_set():
                    expected = dict(states[-1])
                    number += 1
                    try:
                        done = self.step(number % 4, digests[number // 4 % 2],
                                         expected, round_ * 1000 + number)
                    except OSError:
                        states.append(expected)  # in work, perhaps
                        return
                    self.assertIn(done.status, (200, 201, 202), done)
                    states.append(expected)
            worker = threading.Thread(target=work)
            worker.start()
            wait_until("some changes", lambda: len(states) > 6 + 3 * round_)
            self.node.kill()
            stop.set()
            worker.join()
            self.node.start()
            self.assertIn(self.state(), states[-2:], round_)

    def step(self, kind, digest, expected, salt):
        if kind == 0:
            expected["last"] += 1
            expected["current"] = expected["last"]
            return self.node.post("f", digest, "PUT", artifact="hello.so",
                                  topics=[f"t/{salt}"])
        if kind == 1:
            expected["alias"] = expected["current"]
            return self.node.admin(
                "PUT", f"/system/alias/f?alias=prod&version="
                f"{expected['current']}")
        if kind == 2:
            expected["secret"] += 1
            return self.node.admin("PUT", "/system/secrets", json.dumps(
                {"name": "s", "value": f"v{salt}"}))
        expected["current"] = 1
        return self.node.admin("POST", "/system/rollback/f?version=1")

    def state(self):
        versions = self.node.admin("GET", "/system/versions/f").json
        traffic = self.node.admin("GET", "/system/traffic/f").json
        secrets = self.node.admin("GET", "/system/secrets").json
        return {"last": max(v["version"] for v in versions),
                "current": [v["version"] for v in versions if v["current"]][0],
                "alias": traffic["aliases"].get("prod"),
                "secret": secrets[0]["petrel"]["version"]}

    def again(self):
        self.node.kill()
        self.node.start()


class OnSqlite(Trouble, unittest.TestCase):
    def world(self):
        return {}

    def data(self):
        return pathlib.Path(self.node.settings["node.data"])

    def refused(self):
        self.node.start(ready=False)
        self.assertNotEqual(self.node.child.wait(30), 0)
        return self.node.output()

    def test_a_damaged_catalog_names_its_newest_copy(self):
        self.node.deploy("f", "hello")
        self.node.kill()
        for extra in self.data().glob("catalog.db-*"):
            extra.unlink()
        (self.data() / "catalog.db").write_bytes(b"no database" * 1000)
        said = self.refused()
        copy = next((self.data() / "backups").glob("catalog-*.db"))
        self.assertIn(f"go back to the backup {copy}", said)
        shutil.copy(copy, self.data() / "catalog.db")
        self.node.start()
        wait_until("it serves again", lambda: self.node.call("f").status == 200)

    def test_a_store_of_a_newer_version_is_refused_with_what_to_do(self):
        self.node.deploy("f", "hello")
        self.node.terminate()
        for name in ("catalog", "secrets"):
            file = self.data() / f"{name}.db"
            before = file.read_bytes()
            with sqlite3.connect(file) as db:
                db.execute("UPDATE petrel_schema SET version = 99")
            db.close()
            said = self.refused()
            self.assertIn("newer Petrel (schema 99", said)
            self.assertIn("start the newer faas-node", said)
            file.write_bytes(before)
            for extra in self.data().glob(f"{name}.db-*"):
                extra.unlink()
        self.node.start()
        wait_until("it serves again", lambda: self.node.call("f").status == 200)


class OnRedis(Trouble, unittest.TestCase):
    def world(self):
        if not shutil.which("redis-server"):
            self.skipTest("no redis-server here")
        self.redis = Redis(self.scratch.folder)
        self.scratch.parts.insert(0, self.redis)
        return {"registry_redis": self.redis.socket}

    def test_a_store_of_a_newer_version_is_refused_with_what_to_do(self):
        self.node.deploy("f", "hello")
        self.node.terminate()
        self.redis.ask("HSET", "petrel:catalog", "schema", "99")
        self.node.start(ready=False)
        self.assertNotEqual(self.node.child.wait(30), 0)
        self.assertIn("schema 99", self.node.output())
        self.assertIn("start the faas-node version", self.node.output())
        self.redis.ask("HSET", "petrel:catalog", "schema", "1")
        self.node.start()
        wait_until("it serves again", lambda: self.node.call("f").status == 200)


if __name__ == "__main__":
    unittest.main()
