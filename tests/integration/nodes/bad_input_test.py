"""Bad input and bad functions, each against one real node that must survive."""
import hashlib
import json
import socket
import unittest

from cluster import (Calls, FUNCTIONS, Scratch, bundle_of, library_bundle,
                     request, wait_until)


class OneNode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        try:
            cls.node = cls.scratch.node("n1", gateway_loops=2)
            cls.node.deploy("hello", "hello")
        except BaseException:
            cls.scratch.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.scratch.close()

    def tearDown(self):
        """Whatever came before, the node lives and serves others."""
        self.assertFalse(self.node.ended(), self.node.output())
        self.assertEqual(self.node.call("hello").status, 200)


class BadRequests(OneNode):
    def test_unknown_function_is_404_and_says_what_to_do(self):
        answer = self.node.call("nobody")
        self.assertEqual(answer.status, 404)
        self.assertEqual(answer.json["error"]["code"], "not_found")
        self.assertTrue(answer.json["error"]["next"])

    def test_oversized_body_is_413(self):
        self.node.deploy("small", max_body="1Ki")
        self.assertEqual(self.node.call("small", "x" * 1024).status, 200)
        self.assertEqual(self.node.call("small", "x" * 1025).status, 413)

    def test_management_needs_the_right_credential(self):
        path = "/system/functions"
        self.assertEqual(request(self.node.port, "GET", path).status, 401)
        self.assertEqual(
            self.node.admin("GET", path, token="x" * 40).status, 401)
        self.assertEqual(self.node.admin("GET", path).status, 200)

    def test_malformed_deployments_are_400_and_change_nothing(self):
        before = self.node.admin("GET", "/system/functions").json
        for body in ("{", "[]", "{}", '{"service":"A b","image":"x"}',
                     json.dumps({"service": "f", "image": "no-digest"}),
                     json.dumps({"service": "f",
                                 "image": "sha256:" + "a" * 64,
                                 "petrel": {"mode": "magic"}}),
                     json.dumps({"service": "f",
                                 "image": "sha256:" + "a" * 64,
                                 "petrel": {"timeout": "-1s"}})):
            answer = self.node.admin("POST", "/system/functions", body)
            self.assertEqual(answer.status, 400, (body, answer))
            self.assertTrue(answer.json["error"]["message"])
        after = self.node.admin("GET", "/system/functions").json
        self.assertEqual([f["name"] for f in before],
                         [f["name"] for f in after])

    def test_a_deploy_without_its_bundle_says_to_upload_it(self):
        answer = self.node.post("f", "b" * 64, artifact="f.so")
        self.assertIn(answer.status, (400, 404, 409, 422), answer)
        self.assertIn("PUT /system/bundles/", answer.text)

    def test_client_that_leaves_in_the_middle_hurts_nobody(self):
        self.node.deploy("leaver", timeout="5s")
        for part in ("POST /function/leaver HTTP/1.1\r\nHost: x\r\n",
                     "POST /function/leaver HTTP/1.1\r\nHost: x\r\n"
                     "Content-Length: 100\r\n\r\nhalf",
                     "POST /function/leaver HTTP/1.1\r\nHost: x\r\n"
                     "Content-Length: 9\r\n\r\nblock 300"):
            with socket.create_connection(("127.0.0.1", self.node.port)) as s:
                s.sendall(part.encode())
        self.assertEqual(self.node.call("leaver", "still").text, "still")

    def test_a_function_learns_that_its_client_left(self):
        self.node.deploy("waiter", timeout="50s", concurrency=1)
        with socket.create_connection(("127.0.0.1", self.node.port)) as s:
            s.sendall(b"POST /function/waiter HTTP/1.1\r\nHost: x\r\n"
                      b"Content-Length: 15\r\n\r\nuntil-cancelled")
            wait_until("it runs", lambda: 'petrel_in_flight{function="waiter"'
                       in request(self.node.port, "GET", "/metrics").text)
        # One slot: this answer comes only when the first call has ended.
        self.assertEqual(self.node.call("waiter", "next", timeout=30).text,
                         "next")


class BadBundles(OneNode):
    def refused_upload(self, packed, word, digest=None):
        _, answer = self.node.upload(packed, digest)
        self.assertEqual(answer.status, 422, answer)
        self.assertIn(word, answer.text)

    def test_wrong_digest(self):
        self.refused_upload(library_bundle("hello", "other"), "digest",
                            "c" * 64)

    def test_path_traversal_and_links_out_of_the_bundle(self):
        for packed in (bundle_of({"../evil": b"x"}),
                       bundle_of({"/etc/evil": b"x"}),
                       bundle_of({"a/../../evil": b"x"}),
                       bundle_of({}, [("evil", "/etc/passwd")]),
                       bundle_of({}, [("evil", "../../catalog.db")])):
            self.refused_upload(packed, "bad_bundle")
        self.assertFalse(list(self.scratch.folder.rglob("evil")))

    def test_garbage_is_no_bundle(self):
        self.refused_upload(b"this is no archive" * 50, "bad_bundle")

    def failed(self, name, library, **petrel):
        """Deploys what must fail; the reason."""
        self.node.deploy(name, library, wait=False, **petrel)

        def state():
            text = self.node.reasons(name)
            return text if '"failed"' in text else ""
        return wait_until(f"{name} fails", state)

    def test_libraries_that_are_none_say_why(self):
        for library, word in (("no_table", "table"), ("wrong_version",
                                                      "version"),
                              ("bad_table", "table"), ("no_calls", ""),
                              ("unresolved", "symbol"), ("bad_create", "")):
            with self.subTest(library):
                name = library.replace("_", "-")
                reason = self.failed(name, library)
                self.assertIn(word, reason)
                answer = self.node.call(name)
                self.assertEqual(answer.status, 503, answer)
                self.assertIn("bad_bundle" if word else "n1", answer.text)

    def test_an_artifact_that_is_not_in_the_bundle_is_named(self):
        reason = self.failed("absent", "hello", artifact="other.so")
        self.assertIn("other.so", reason)

    def test_a_bad_new_version_leaves_the_old_one_serving(self):
        self.node.deploy("steady", "hello")
        self.node.deploy("steady", "no_table", update=True, wait=False)
        wait_until("it fails",
                   lambda: '"failed"' in self.node.reasons("steady"))
        answer = self.node.call("steady")
        self.assertEqual(answer.status, 200, answer)


class BadFunctions(OneNode):
    def test_a_function_that_throws_is_a_500_with_its_words(self):
        self.node.deploy("thrower")
        answer = self.node.call("thrower", "throw")
        self.assertEqual(answer.status, 500)
        self.assertIn("thrown on purpose", answer.text)
        self.assertEqual(self.node.call("thrower", "throw-int").status, 500)
        self.assertEqual(self.node.call("thrower", "fine").text, "fine")

    def test_answers_twice_and_never(self):
        self.node.deploy("raw", "raw_table")
        for word in ("twice", "silent", "code", "escape"):
            answer = self.node.call("raw", word)
            self.assertEqual(answer.status, 500, (word, answer))
            self.assertEqual(answer.json["error"]["code"], "function_failed")
        self.assertEqual(self.node.call("raw", "parts").status, 201)

    def test_blocking_past_the_deadline_is_504_then_quarantine(self):
        self.node.deploy("blocker", timeout="300ms", concurrency=1)
        for _ in range(3):
            self.assertEqual(self.node.call("blocker", "forever").status, 504)
        wait_until("quarantine", lambda: '"quarantined"'
                   in self.node.reasons("blocker"))
        answer = self.node.call("blocker", "fine")
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("deadline", answer.text + self.node.reasons("blocker"))

    def test_an_inline_function_that_stalls_is_moved_and_named(self):
        self.node.deploy("staller", mode="inline", timeout="5s")
        calls = Calls()
        calls.start(self.node, "staller", "block 300", count=3)
        self.assertEqual({a.status for a in calls.wait()}, {200})
        logs = wait_until(
            "the log names it", lambda: self.node.admin(
                "GET", "/system/logs?name=staller&follow=false").text)
        self.assertEqual(logs.count("leaves the gateway loop"), 1, logs)

    def test_a_full_queue_is_429_with_retry_after(self):
        self.node.deploy("narrow", concurrency=1, queue=1, timeout="20s")
        calls = Calls()
        calls.start(self.node, "narrow", "block 500", count=8)
        answers = calls.wait()
        self.assertEqual(len(answers), 8, calls.failures)
        refused = [a for a in answers if a.status == 429]
        self.assertTrue(refused, calls.statuses())
        self.assertTrue(all(a.status in (200, 429) for a in answers))
        for answer in refused:
            self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)


class Untrusted(unittest.TestCase):
    def test_an_untrusted_bundle_is_refused_a_trusted_one_runs(self):
        scratch = Scratch()
        self.addCleanup(scratch.close)
        digest = hashlib.sha256(library_bundle("hello")).hexdigest()
        node = scratch.node("n1", dev=False, functions_trust=digest)
        node.deploy("misbehave", wait=False)
        wait_until("it is refused",
                   lambda: '"failed"' in node.reasons("misbehave"))
        answer = node.call("misbehave")
        self.assertEqual(answer.status, 503)
        self.assertIn("trust", answer.text)
        node.deploy("hello", "hello")
        self.assertEqual(node.call("hello").status, 200)


if __name__ == "__main__":
    unittest.main()
