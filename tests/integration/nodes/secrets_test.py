"""Secrets from the command line to the function, and where they must not be."""
import base64
import hashlib
import json
import os
import pathlib
import sqlite3
import subprocess
import threading
import unittest
import uuid

from cluster import BUILD, Scratch, library_bundle, request, wait_until

TMPFS = 0x01021994
VALUE = "the-first-value-of-db-57c1"
OTHER = "another-value-of-db-9f3a"


class Secrets(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def put(self, node, name, value, method="POST", request_id=None, raw=None):
        body = {"name": name}
        if raw is not None:
            body["rawValue"] = base64.b64encode(raw).decode()
        else:
            body["value"] = value
        return node.admin(method, "/system/secrets", json.dumps(body),
                          {"X-Request-Id": request_id or str(uuid.uuid4())})

    def update(self, node, name, value):
        answer = self.put(node, name, value, "PUT")
        self.assertEqual(answer.status, 200, answer)

    def create(self, node, name="db", value=VALUE):
        answer = self.put(node, name, value)
        self.assertEqual(answer.status, 201, answer)

    def names(self, node):
        return [s["name"] for s in node.admin("GET", "/system/secrets").json]

    def deploy(self, node, name="f", secrets=("db",), wait=True, salt="",
               **petrel):
        packed = library_bundle("secret", salt)
        digest = hashlib.sha256(packed).hexdigest()
        if not self.seen(node, digest):
            _, answer = node.upload(packed)
            self.assertIn(answer.status, (200, 201), answer)
        body = {"service": name, "image": f"sha256:{digest}",
                "secrets": list(secrets), "envVars": {"SECRET": "db"},
                "petrel": {"mode": "threads", "artifact": "secret.so",
                           **petrel}}
        answer = node.admin("POST", "/system/functions", json.dumps(body),
                            {"X-Request-Id": str(uuid.uuid4())})
        if wait:
            self.assertIn(answer.status, (200, 202), answer)
            wait_until(f"{name} is ready: {node.reasons(name)}",
                       lambda: node.describe(name).get("availableReplicas"))
        return answer

    def seen(self, node, digest):
        return node.admin("HEAD", f"/system/bundles/{digest}").status == 200

    def ask(self, node, what, function="f"):
        answer = node.call(function, what)
        self.assertEqual(answer.status, 200, answer)
        return answer.text

    def nowhere(self, node, *values):
        """None of the values is in the node's files, log, environment."""
        where = [p for p in pathlib.Path(node.settings["node.data"])
                 .rglob("*") if p.is_file()]
        where += list(node.folder.glob("*.log"))
        if not node.ended():
            where += [pathlib.Path(f"/proc/{node.child.pid}/environ"),
                      pathlib.Path(f"/proc/{node.child.pid}/cmdline")]
        for file in where:
            content = file.read_bytes()
            for value in values:
                for form in (value.encode(),
                             base64.b64encode(value.encode())[:-4],
                             value.encode().hex().encode()):
                    self.assertNotIn(form, content, file)


class OneNode(Secrets):
    def test_a_function_reads_its_secret_and_nobody_else_sees_it(self):
        node = self.scratch.node("n1")
        self.create(node)
        self.assertEqual(self.put(node, "db", OTHER).status, 409)
        self.assertEqual(self.put(node, "nope", OTHER, "PUT").status, 404)
        self.deploy(node)
        self.assertEqual(self.ask(node, "now"), VALUE)
        self.assertEqual(self.ask(node, "begun"), VALUE)
        self.assertEqual(self.ask(node, "other"), "")
        mode, system = self.ask(node, "stat").split()
        self.assertEqual(int(mode), 0o444)
        self.assertEqual(int(system), TMPFS)
        listed = node.admin("GET", "/system/secrets")
        self.assertEqual(listed.json[0]["name"], "db")
        self.assertEqual(listed.json[0]["petrel"]["users"], ["f"])
        for path in ("/system/secrets", "/system/functions",
                     "/system/function/f", "/system/versions/f",
                     "/system/logs?name=f", "/metrics"):
            self.assertNotIn(VALUE, node.admin("GET", path).text, path)
        self.nowhere(node, VALUE)
        # No core dump would show it, and no debugger of this user.
        if os.geteuid() == 0:  # else cluster.py allows both
            proc = pathlib.Path(f"/proc/{node.child.pid}")
            core = [line for line in (proc / "limits").read_text().splitlines()
                    if "core file" in line][0]
            self.assertEqual(core.split()[4:6], ["0", "0"])
        path = pathlib.Path(self.ask(node, "path"))
        self.assertTrue(path.exists())
        node.terminate()
        self.assertFalse(path.parent.parent.exists())
        self.nowhere(node, VALUE)

    def test_bytes_of_any_kind_and_bad_input(self):
        node = self.scratch.node("n1")
        raw = bytes(range(256))
        self.assertEqual(self.put(node, "db", None, raw=raw).status, 201)
        self.deploy(node)
        self.assertEqual(node.call("f", "now").body, raw)
        for name in ("", "Bad", "../db", "a/b", "a_b", "x" * 64, ".", "a\n"):
            answer = self.put(node, name, "v")
            self.assertEqual(answer.status, 400, (name, answer))
            self.assertTrue(answer.json["error"]["next"])
        secret = "do-not-repeat-me-"
        answer = self.put(node, "big", secret * 8000)
        self.assertEqual(answer.status, 413, answer)
        self.assertNotIn(secret, answer.text)
        self.assertEqual(self.put(node, "empty", "").status, 400)
        for body in ("", "[]", "{", '{"name":1}', '{"name":"a","value":7}',
                     '{"name":"a","rawValue":"%%%"}'):
            answer = node.admin("POST", "/system/secrets", body)
            self.assertEqual(answer.status, 400, (body, answer))
        answer = node.admin("DELETE", "/system/secrets", '{"name":"nope"}')
        self.assertEqual(answer.status, 404)
        answer = request(node.port, "GET", "/system/secrets")
        self.assertEqual(answer.status, 401)
        self.assertEqual(self.names(node), ["db"])

    def test_an_unknown_secret_stops_a_deploy_before_anything_starts(self):
        node = self.scratch.node("n1")
        self.create(node)
        answer = self.deploy(node, secrets=("db", "missing"), wait=False)
        self.assertEqual(answer.status, 400, answer)
        self.assertIn("'missing'", answer.json["error"]["message"])
        self.assertIn("secret create", answer.json["error"]["next"])
        self.assertEqual(node.admin("GET", "/system/functions").json, [])
        self.assertEqual(node.call("f").status, 404)

    def test_a_secret_in_use_is_not_removed(self):
        node = self.scratch.node("n1")
        self.create(node)
        self.deploy(node)
        self.deploy(node, "g")
        remove = lambda: node.admin("DELETE", "/system/secrets",
                                    '{"name":"db"}')
        answer = remove()
        self.assertEqual(answer.status, 409, answer)
        self.assertIn("f, g", answer.json["error"]["message"])
        self.assertEqual(self.ask(node, "now"), VALUE)
        path = pathlib.Path(self.ask(node, "path"))
        for name in ("f", "g"):
            node.admin("DELETE", "/system/functions",
                       json.dumps({"functionName": name}))
        self.assertEqual(remove().status, 200)
        self.assertEqual(self.names(node), [])
        wait_until("its files go", lambda: not path.parent.exists())

    def test_a_change_replaces_the_instances_and_no_event_fails(self):
        node = self.scratch.node("n1")
        self.create(node)
        self.deploy(node, concurrency=2)
        stop, failed, seen = threading.Event(), [], set()

        def call_on():
            while not stop.is_set():
                answer = node.call("f", "begun")
                if answer.status != 200:
                    failed.append(answer)
                seen.add(answer.text)
        callers = [threading.Thread(target=call_on) for _ in range(3)]
        for caller in callers:
            caller.start()
        values = [f"{OTHER}-{i}" for i in range(3)]
        try:
            wait_until("first calls", lambda: VALUE in seen)
            for value in values:
                self.update(node, "db", value)
                wait_until("new instances", lambda: value in seen)
        finally:
            stop.set()
            for caller in callers:
                caller.join()
        self.assertEqual(failed, [])
        self.assertEqual(seen, {VALUE, *values})
        self.assertEqual(node.describe("f")["petrel"]["version"], 1)
        self.nowhere(node, VALUE, *values)

    def test_a_function_that_is_told_keeps_its_instances(self):
        node = self.scratch.node("n1")
        self.create(node)
        self.deploy(node, secret_change="notify")
        before = self.ask(node, "instances")
        self.assertEqual(self.ask(node, "told"), "")
        self.update(node, "db", OTHER)
        wait_until("it is told", lambda: self.ask(node, "told") == "db")
        self.assertEqual(self.ask(node, "now"), OTHER)
        self.assertEqual(self.ask(node, "begun"), VALUE)
        self.assertEqual(self.ask(node, "instances"), before)
        self.update(node, "db", OTHER)  # the same value: nobody is told
        self.update(node, "db", VALUE)
        wait_until("again", lambda: self.ask(node, "told") == "db,db")

    def test_instances_that_cannot_start_leave_the_old_ones(self):
        node = self.scratch.node("n1")
        self.create(node)
        self.deploy(node)
        self.update(node, "db", "poison")
        wait_until("the reason",
                   lambda: "of no use" in node.reasons("f"))
        self.assertEqual(self.ask(node, "begun"), VALUE)
        self.assertTrue(node.describe("f")["availableReplicas"])
        self.update(node, "db", OTHER)
        wait_until("mended", lambda: self.ask(node, "begun") == OTHER)
        self.assertNotIn("of no use", node.reasons("f"))

    def test_a_rollback_to_a_version_whose_secret_has_gone_is_refused(self):
        node = self.scratch.node("n1")
        self.create(node)
        self.deploy(node)
        self.deploy(node, secrets=(), salt="2")
        wait_until("version 2", lambda: self.ask(node, "now") == "")
        removed = node.admin("DELETE", "/system/secrets", '{"name":"db"}')
        self.assertEqual(removed.status, 200, removed)
        answer = node.admin("POST", "/system/rollback/f")
        self.assertEqual(answer.status, 400, answer)
        self.assertIn("'db'", answer.text)
        self.create(node)
        self.assertEqual(node.admin("POST", "/system/rollback/f").status, 202)
        wait_until("version 1", lambda: self.ask(node, "now") == VALUE)

    def test_faas_cli(self):
        node = self.scratch.node("n1")
        token = pathlib.Path(node.settings["node.data"]) / "admin-token"

        def cli(*words, stdin=""):
            done = subprocess.run(
                [str(BUILD / "bin" / "faas-cli"), *words, "-g",
                 f"http://127.0.0.1:{node.port}", "--token-file", str(token)],
                input=stdin.encode(), capture_output=True, timeout=60)
            return done.returncode, done.stdout.decode(), done.stderr.decode()
        code, out, err = cli("secret", "create", "db", stdin=f"  {VALUE}\n")
        self.assertEqual(code, 0, err)
        self.assertNotIn(VALUE, out + err)
        self.deploy(node)
        self.assertEqual(self.ask(node, "now"), VALUE)
        self.assertNotEqual(cli("secret", "create", "db", stdin="x")[0], 0)
        file = self.scratch.folder / "value"
        file.write_text(OTHER + "\n")
        code, out, err = cli("secret", "update", "db", "--from-file",
                             str(file), "--trim=false")
        self.assertEqual(code, 0, err)
        wait_until("update", lambda: self.ask(node, "now") == OTHER + "\n")
        code, out, err = cli("secret", "list", "--json")
        self.assertEqual([s["name"] for s in json.loads(out)], ["db"])
        self.assertNotIn(OTHER, out)
        code, out, err = cli("secret", "list")
        self.assertIn("db", out)
        code, out, err = cli("secret", "remove", "db")
        self.assertEqual(code, 1, err)
        self.assertIn("used by f", err)
        code, out, err = cli("secret", "create", "other", "--from-literal",
                             "v", "--json")
        self.assertEqual(json.loads(out)["name"], "other")
        self.assertEqual(cli("secret", "remove", "other")[0], 0)
        self.assertEqual(cli("secret", "remove", "other")[0], 3)


class Trouble(Secrets):
    def test_after_kill_9_every_acknowledged_secret_is_there(self):
        node = self.scratch.node("n1")
        acknowledged, open_one, stop = {}, {}, threading.Event()

        def create_on():
            number = 0
            while not stop.is_set():
                name, value = f"s{number}", f"value-{number}-7d2b"
                open_one.clear()
                open_one.update(name=name, value=value, id=str(uuid.uuid4()))
                try:
                    answer = self.put(node, name, value,
                                      request_id=open_one["id"])
                except OSError:
                    return
                if answer.status == 201:
                    acknowledged[name] = value
                number += 1
        creator = threading.Thread(target=create_on)
        creator.start()
        wait_until("some secrets", lambda: len(acknowledged) >= 12)
        node.kill()  # in the middle of one
        stop.set()
        creator.join()
        node.start()
        names = set(self.names(node))
        self.assertLessEqual(set(acknowledged), names)
        self.assertLessEqual(names, set(acknowledged) | {open_one["name"]})
        # Its command repeated has one effect, whether it was stored or not.
        again = self.put(node, open_one["name"], open_one["value"],
                         request_id=open_one["id"])
        self.assertEqual(again.status, 201, again)
        self.nowhere(node, *acknowledged.values())
        for name in list(acknowledged)[:3]:
            answer = self.put(node, name, acknowledged[name], "PUT")
            self.assertTrue(answer.json["unchanged"], "it has that value")

    def test_what_a_killed_node_left_in_memory_goes_at_its_start(self):
        node = self.scratch.node("n1")
        self.create(node)
        self.deploy(node)
        path = pathlib.Path(self.ask(node, "path"))
        node.kill()
        self.assertTrue(path.exists())  # nobody could remove it
        stray = path.parent.parent / "gone.7"
        stray.mkdir()
        (stray / "db").write_text("x")
        node.start()
        wait_until("it serves again", lambda: node.call("f").status == 200)
        self.assertEqual(self.ask(node, "now"), VALUE)
        self.assertFalse(stray.exists())

    def test_a_lost_or_wrong_key_says_so_and_serves_the_rest(self):
        node = self.scratch.node("n1")
        self.create(node)
        self.deploy(node)
        node.deploy("plain", "hello")
        node.terminate()
        key = pathlib.Path(node.settings["node.data"]) / "secret-key"
        good = key.read_text()
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        key.unlink()
        node.start()
        self.assertFalse(key.exists(), "no other key is made by itself")
        self.assertIn("secret-key is missing", node.output())
        wait_until("the rest serves",
                   lambda: node.call("plain", "x").status == 200)
        wait_until("the reason", lambda: "is missing" in node.reasons("f"))
        self.assertEqual(self.names(node), ["db"])
        answer = self.put(node, "more", "v")
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("backup", answer.json["error"]["next"])
        node.terminate()
        key.write_text("ab" * 32 + "\n")
        key.chmod(0o600)
        node.start()
        wait_until("both keys are named", lambda: "was sealed with key"
                   in node.reasons("f"))
        # A new key goes on by an update of each secret.
        self.update(node, "db", OTHER)
        wait_until("mended", lambda: node.call("f", "now").text == OTHER)
        node.terminate()
        key.write_text(good)
        key.chmod(0o644)
        node.start()
        self.assertIn("others may read", node.output())

    def test_a_changed_record_is_noticed(self):
        node = self.scratch.node("n1")
        self.create(node, "db", VALUE)
        self.create(node, "two", OTHER)
        self.deploy(node)
        node.terminate()
        file = pathlib.Path(node.settings["node.data"]) / "secrets.db"
        with sqlite3.connect(file) as db:
            boxes = dict(db.execute("SELECT name, box FROM secrets"))
            db.execute("UPDATE secrets SET box = ? WHERE name = 'db'",
                       (boxes["two"],))
        node.start()
        wait_until("the reason", lambda: "was changed or belongs to another"
                   in node.reasons("f"))
        self.assertEqual(node.call("f").status, 503)
        self.update(node, "db", VALUE)
        wait_until("mended", lambda: node.call("f", "now").text == VALUE)

    def test_a_folder_on_a_disk_is_refused(self):
        node = self.scratch.node("n1", ready=False,
                                 node_secrets__folder="/proc")
        self.assertNotEqual(node.child.wait(60), 0)
        self.assertIn("/proc is not in memory", node.output())


class TwoNodes(Secrets):
    def test_a_node_gets_what_it_needs_and_keeps_nothing_on_its_disk(self):
        edge, cloud, _ = self.scratch.pair(emulated=True)
        self.create(cloud)
        self.create(cloud, "unused", "a-value-that-no-node-needs")
        self.deploy(cloud, needs={"tiers": ["edge"]})
        wait_until("the edge routes it", lambda: edge.candidates("f"))
        self.assertEqual(self.ask(edge, "now"), VALUE)
        mode, system = self.ask(edge, "stat").split()
        self.assertEqual((int(mode), int(system)), (0o444, TMPFS))
        path = pathlib.Path(self.ask(edge, "path"))
        self.assertEqual([p.name for p in path.parent.iterdir()], ["db"])
        self.update(cloud, "db", OTHER)
        wait_until("the new value", lambda: self.ask(edge, "begun") == OTHER)
        for node in (edge, cloud):
            self.nowhere(node, VALUE, OTHER, "a-value-that-no-node-needs")
        # Killed, it gets it again; what was in its memory is gone.
        edge.kill()
        self.update(cloud, "db", VALUE)
        edge.start()
        wait_until("it serves again",
                   lambda: edge.call("f", "now").text == VALUE)
        cloud.admin("DELETE", "/system/functions", '{"functionName":"f"}')
        wait_until("its files go", lambda: not path.parent.exists())

    def test_cut_off_it_serves_on_and_catches_up(self):
        edge, cloud, link = self.scratch.pair(emulated=True)
        self.create(cloud)
        self.deploy(cloud, needs={"tiers": ["edge"]})
        wait_until("the edge routes it", lambda: edge.candidates("f"))
        link.tell("cut")
        wait_until("the link is lost",
                   lambda: cloud.nodes()["edge-1"]["state"] != "alive")
        self.update(cloud, "db", OTHER)
        for _ in range(20):
            self.assertEqual(self.ask(edge, "now"), VALUE)
        link.tell("heal")
        wait_until("the new value", lambda: self.ask(edge, "now") == OTHER)


if __name__ == "__main__":
    unittest.main()
