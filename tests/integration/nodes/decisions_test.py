"""Decisions of real nodes: explained after the call, after a restart, with a
damaged log, by the wrong node; the log replayed."""
import io
import os
import pathlib
import subprocess
import unittest
import uuid
import zipfile

from cluster import BUILD, Scratch, request, wait_until

CLOUD, EDGE = "cloud-1/cpu", "edge-1/cpu"


def explained(node, call):
    return node.admin("GET", f"/system/decisions/{call}")


def attempts_of(node, call):
    answer = explained(node, call)
    assert answer.status == 200, answer
    assert answer.json["call"] == call
    return answer.json["attempts"]


class Decisions(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def call(self, node, body="hello"):
        answer = node.call("f", body)
        self.assertEqual(answer.status, 200, answer)
        return answer.headers["x-call-id"]

    def tool(self, name, *words, code=0):
        done = subprocess.run([BUILD.resolve() / "bin" / name,
                               *map(str, words)],
                              capture_output=True, text=True, timeout=60,
                              cwd=self.scratch.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def cli(self, node, *words, code=0):
        token = pathlib.Path(node.settings["node.data"]) / "admin-token"
        return self.tool("faas-cli", *words, "-g",
                         f"http://127.0.0.1:{node.port}", "--token-file",
                         token, code=code)


def multipart(*parts):
    """A body of that many parts, and its header."""
    text = "".join("--edge\r\nContent-Disposition: form-data; "
                   f'name="image"; filename="{i}"\r\n\r\n{part}\r\n'
                   for i, part in enumerate(parts))
    return text + "--edge--\r\n", "multipart/form-data; boundary=edge"


def zipped(*files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for i, file in enumerate(files):
            archive.writestr(f"{i}.png", file)
    return held.getvalue(), "application/zip"


class Batches(Decisions):
    """An event of many items, at another node."""

    def test_items_are_counted_predicted_and_measured(self):
        edge, cloud = self.scratch.pair()
        cloud.deploy("f", size={"from": "items"}, needs={"tiers": ["cloud"]})
        wait_until("it is ready", lambda: edge.candidates("f") == [CLOUD])
        for body, kind, items in (
                (*multipart("a", "bb", "ccc"), 3), (*zipped(*"abcde"), 5),
                (*zipped("x"), 1)):
            answer = edge.call("f", body, {"Content-Type": kind})
            self.assertEqual(answer.status, 200, answer)
            one, = attempts_of(edge, answer.headers["x-call-id"])
            self.assertEqual((one["chosen"], one["size"]), (CLOUD, items))
            said, = one["sites"]
            self.assertGreater(said["service_ms"], 0)
            self.assertGreater(said["network_ms"], 0)
            took = one["outcome"]
            self.assertEqual(took["ending"], "ok")
            self.assertGreater(took["service_ms"], 0)
            self.assertGreater(took["network_ms"], 0)
            # The whole is measured by itself, and its parts add up to it.
            self.assertAlmostEqual(
                took["total_ms"], took["network_ms"] + took["queue_ms"]
                + took["service_ms"] + took["cold_ms"],
                delta=0.01 * took["total_ms"])


class OneNode(Decisions):
    def test_a_call_is_explained_at_once_and_after_a_restart(self):
        node = self.scratch.node("edge-1")
        node.deploy("f")
        call = self.call(node)
        one, = attempts_of(node, call)
        self.assertEqual((one["function"], one["version"], one["policy"]),
                         ("f", 1, "min-latency"))
        self.assertEqual((one["chosen"], one["reason"], one["propensity"]),
                         (EDGE, "only-candidate", 1))
        self.assertEqual(one["outcome"]["ending"], "ok")
        parts = one["outcome"]
        self.assertGreater(parts["total_ms"], 0)
        self.assertAlmostEqual(
            parts["total_ms"], parts["network_ms"] + parts["queue_ms"]
            + parts["service_ms"] + parts["cold_ms"],
            delta=0.01 * parts["total_ms"])
        text = self.cli(node, "explain", call)
        self.assertIn("chose edge-1/cpu: no other site could take it", text)
        self.assertIn("It took", text)
        self.assertIn(call, self.cli(node, "decisions", "f"))
        self.assertEqual(node.terminate(), 0)
        node.start()
        self.assertEqual(attempts_of(node, call), [one])
        wait_until("the function is back", lambda: node.describe("f").get(
            "availableReplicas"))
        self.call(node)
        wait_until("measures of the predictions",
                   lambda: 'petrel_prediction_nis{function="f",version="1",'
                   in request(node.port, "GET", "/metrics").text)
        metrics = request(node.port, "GET", "/metrics").text
        self.assertIn("petrel_decision_log_writing 1", metrics)
        self.assertIn("petrel_predicted_regret_seconds_total{", metrics)

    def test_a_torn_log_costs_its_tail_only(self):
        node = self.scratch.node("edge-1")
        node.deploy("f")
        first = self.call(node)
        attempts_of(node, first)
        last = self.call(node)
        attempts_of(node, last)
        node.kill()
        log, = (node.folder / "edge-1/decisions").glob("*.dlog")
        os.truncate(log, log.stat().st_size - 2)
        node.start()
        self.assertEqual(len(attempts_of(node, first)), 1)
        answer = explained(node, last)
        self.assertEqual(answer.status, 404)
        self.assertIn("goes back to 20", answer.text)
        node.kill()
        log.write_bytes(b"PETRELDL" + os.urandom(300))
        node.start()
        self.assertEqual(explained(node, first).status, 404)
        wait_until("the node serves", lambda: node.describe("f").get(
            "availableReplicas"))
        again = self.call(node)
        self.assertEqual(len(attempts_of(node, again)), 1)

    def test_why_there_is_no_decision_is_told(self):
        node = self.scratch.node("edge-1", decisions_share=0.0001)
        node.deploy("f")
        call = self.call(node)
        answer = explained(node, call)
        self.assertEqual(answer.status, 404)
        self.assertIn("decisions.share 0.0001", answer.text)
        self.assertIn("set decisions.share to 1", answer.text)
        self.assertEqual(explained(node, "no-id").status, 400)
        self.assertEqual(request(node.port, "GET",
                                 f"/system/decisions/{call}").status, 401)
        text = self.cli(node, "explain", call, code=3)
        self.assertIn("not in the sample", text)
        node.terminate()
        node.set("decisions_share", 0)
        node.start()
        answer = explained(node, call)
        self.assertEqual(answer.status, 503)
        self.assertIn("logs no decisions", answer.text)

    def test_the_same_calls_are_sampled_everywhere(self):
        nodes = [self.scratch.node(name, decisions_share=0.3)
                 for name in ("edge-1", "edge-2")]
        ids = [str(uuid.UUID(int=i + 1)) for i in range(40)]
        logged = []
        for node in nodes:
            node.deploy("f")
            for call in ids:
                answer = node.call("f", "x", {"X-Call-Id": call})
                self.assertEqual(answer.headers["x-call-id"], call)
            newest = f"/system/decisions?limit={len(ids)}"
            wait_until("the last call is logged", lambda: len(
                node.admin("GET", newest).json) > 3)
            explained(node, ids[-1])  # waits for what is under way
            logged.append({one["call"]
                           for one in node.admin("GET", newest).json})
        self.assertEqual(logged[0], logged[1])
        self.assertTrue(3 < len(logged[0]) < 30, logged[0])


class TwoNodes(Decisions):
    def test_two_candidates_are_weighed_and_the_log_is_replayed(self):
        edge, cloud = self.scratch.pair()
        cloud.deploy("f", policy="random")
        wait_until("both sites", lambda: edge.candidates("f")
                   == sorted([CLOUD, EDGE]))
        calls = [self.call(edge) for _ in range(60)]
        one = attempts_of(edge, calls[-1])[0]
        self.assertEqual(one["propensity"], 0.5)
        self.assertEqual({site["site"] for site in one["sites"]},
                         {CLOUD, EDGE})
        self.assertEqual({one["chosen"], one["runner_up"]}, {CLOUD, EDGE})
        away, = [site for site in one["sites"] if site["site"] == CLOUD]
        self.assertGreater(away["network_ms"], 0)
        text = self.cli(edge, "explain", calls[-1])
        self.assertIn("by lot", text)
        self.assertIn("probability 0.5", text)
        # The node that ran it did not choose, but has the controller: it asks.
        told = explained(cloud, calls[-1])
        self.assertEqual(told.status, 200, told)
        self.assertEqual(told.json["node"], "edge-1")
        self.assertEqual(told.json["attempts"], [one])
        self.assertIn("Another node took it: edge-1",
                      self.cli(cloud, "explain", calls[-1]))
        # The other way round nobody is asked; the answer says whom to ask.
        answer = explained(edge, self.call(cloud))
        self.assertEqual(answer.status, 404)
        self.assertIn("another node took", answer.text)
        self.assertIn("cloud-1 (-g http://", answer.text)
        # Nobody has it.
        answer = explained(cloud, str(uuid.uuid4()))
        self.assertEqual(answer.status, 404)
        self.assertIn("edge-1 (-g http://", answer.text)

        self.cli(edge, "decisions", "--export", "today.dlog")
        text = self.tool("faas-sim", "replay", "today.dlog", "--policy",
                         f"static:{EDGE}", "--policy", "min-latency")
        self.assertIn("# f version 1", text)
        self.assertIn("random (60); 60 of them by lot", text)
        self.assertIn(f"| static:{EDGE} |", text)
        self.assertIn("Modelled: that events do not change each other", text)
        text = self.tool("faas-sim", "replay", "today.dlog", "--policy",
                         "fastest", code=2)
        self.assertIn("unknown policy", text)
        (self.scratch.folder / "none.dlog").write_text("no log")
        text = self.tool("faas-sim", "replay", "none.dlog", code=2)
        self.assertIn("no decision log", text)


if __name__ == "__main__":
    unittest.main()
