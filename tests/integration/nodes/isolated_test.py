"""Mode isolated, the default: native functions in worker processes, deployed by
faas-cli on a node that trusts nobody."""
import json
import os
import pathlib
import signal
import subprocess
import unittest

from cluster import BUILD, FUNCTIONS, Calls, Scratch, wait_until

STACK = """version: 1.0
provider: {{name: openfaas}}
functions:
  {name}:
    handler: .
    environment: {environment}
    petrel:
      artifact: {library}.so
      {more}
"""


def children(pid):
    """All descendants of a process that are no zombies."""
    found, parents = [], {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    todo = [pid]
    while todo:
        for child in parents.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found


def runs(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rsplit(") ", 1)[1][0] != "Z"


class Isolated(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def node(self, **settings):
        """Trusts nothing; where this machine has no sandbox it is told so."""
        node = self.scratch.node("n1", dev=False,
                                 functions_accept__unsandboxed=True,
                                 **settings)
        self.assertIn("workers", node.output())
        return node

    def cli(self, node, *words, cwd=None):
        environment = dict(
            os.environ, PETREL_GATEWAY=f"http://127.0.0.1:{node.port}",
            PETREL_TOKEN_FILE=str(pathlib.Path(node.settings["node.data"])
                                  / "admin-token"))
        return subprocess.run(
            [str(BUILD.resolve() / "bin" / "faas-cli"), *words], cwd=cwd,
            env=environment, capture_output=True, text=True, timeout=120)

    def up(self, node, name, library, environment="{}", more=""):
        folder = self.scratch.folder / f"function-{name}"
        folder.mkdir()
        (folder / f"{library}.so").write_bytes(
            (FUNCTIONS / f"{library}.so").read_bytes())
        (folder / "stack.yml").write_text(STACK.format(
            name=name, library=library, environment=environment, more=more))
        done = self.cli(node, "up", cwd=folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        wait_until(f"{name} is ready: {node.reasons(name)}",
                   lambda: node.describe(name).get("availableReplicas"))

    def test_a_deployed_function_runs_in_a_process_of_its_own(self):
        node = self.node()
        self.up(node, "hello", "hello")
        answer = node.call("hello", "Ada")
        self.assertEqual((answer.status, answer.text), (200, "Hello, Ada!\n"))
        self.assertIn('"isolated"', node.reasons("hello"))
        big = "x" * 1_000_000
        self.assertEqual(node.call("hello", big).text, f"Hello, {big}!\n")
        calls = Calls()
        for turn in range(20):
            calls.start(node, "hello", f"{turn}", 4)
        calls.wait()
        self.assertEqual(calls.statuses(), [200] * 80)
        self.assertEqual(node.terminate(), 0)

    def test_a_crash_disturbs_nobody_else(self):
        node = self.node()
        self.up(node, "hostile", "hostile")
        self.up(node, "misbehave", "misbehave")
        calls = Calls()
        calls.start(node, "misbehave", "block 1500", 1)
        for word, said in (("segv", "SIGSEGV"), ("exit 3", "3"),
                           ("scribble-all", "overwrote")):
            answer = node.call("hostile", word)
            if word == "segv" and "Sanitizer" in answer.text:
                said = "Sanitizer"  # which catches the signal
            self.assertEqual(answer.status, 502, answer)
            self.assertIn(said, answer.text)
            self.assertEqual(node.call("hostile", "calls").text, "1")
        calls.wait()
        self.assertEqual(calls.statuses(), [200])
        self.assertEqual(node.call("misbehave", "calls").text, "2")

    def test_a_hang_is_answered_and_the_worker_replaced(self):
        node = self.node()
        self.up(node, "misbehave", "misbehave", more="timeout: 500ms")
        self.assertEqual(node.call("misbehave", "forever").status, 504)
        self.assertEqual(node.call("misbehave", "calls").text, "1")

    def test_a_crash_loop_is_stopped_with_the_reason(self):
        node = self.node()
        self.up(node, "hostile", "hostile")
        for _ in range(5):
            self.assertEqual(node.call("hostile", "quick-exit 9").status, 502)
        answer = node.call("hostile", "fine")
        self.assertEqual(answer.status, 503, answer)
        wait_until("the state says why",
                   lambda: "5 times in a row" in node.reasons("hostile"))

    def test_what_it_prints_is_in_its_log(self):
        node = self.node()
        self.up(node, "hostile", "hostile")
        node.call("hostile", "print a line to find")
        wait_until("the line is there", lambda: "a line to find" in self.cli(
            node, "logs", "hostile").stdout)

    def test_kill_9_of_the_node_leaves_no_worker(self):
        node = self.node()
        self.up(node, "hello", "hello")
        self.up(node, "misbehave", "misbehave")
        calls = Calls()
        calls.start(node, "misbehave", "forever", 1)
        wait_until("the call runs", lambda: len(children(node.child.pid)) >= 2)
        workers = children(node.child.pid)
        node.kill()
        wait_until("no worker is left",
                   lambda: not any(runs(pid) for pid in workers))
        calls.wait()

    def test_sigterm_leaves_no_worker(self):
        node = self.node()
        self.up(node, "hello", "hello")
        workers = children(node.child.pid)
        self.assertTrue(workers)
        self.assertEqual(node.terminate(), 0)
        wait_until("no worker is left",
                   lambda: not any(runs(pid) for pid in workers))

    def test_a_killed_worker_is_replaced(self):
        node = self.node()
        self.up(node, "hello", "hello")
        for pid in children(node.child.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # ended with its parent
        wait_until("it serves again",
                   lambda: node.call("hello", "Ada").status == 200)

    def test_without_a_sandbox_only_what_is_accepted_runs(self):
        node = self.scratch.node("n1", dev=False)
        node.deploy("hello", "hello", mode="isolated", wait=False)
        if "not sandboxed" in node.output():
            wait_until("it is refused",
                       lambda: '"failed"' in node.reasons("hello"))
            self.assertIn("accept_unsandboxed", node.reasons("hello"))
        else:
            wait_until("it runs", lambda: node.describe("hello").get(
                "availableReplicas"))
            facts = json.dumps(node.describe("hello"))
            self.assertIn("sandbox", facts)

    def test_secrets_are_there_and_nobody_elses_files(self):
        node = self.node()
        made = self.cli(node, "secret", "create", "token", "--from-literal",
                        "open sesame")
        self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
        folder = self.scratch.folder / "function-secret"
        folder.mkdir()
        (folder / "secret.so").write_bytes(
            (FUNCTIONS / "secret.so").read_bytes())
        (folder / "stack.yml").write_text(
            STACK.format(name="secret", library="secret",
                         environment="{SECRET: token}", more="")
            .replace("    petrel:", "    secrets: [token]\n    petrel:"))
        done = self.cli(node, "up", cwd=folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        wait_until(f"it is ready: {node.reasons('secret')}",
                   lambda: node.describe("secret").get("availableReplicas"))
        self.assertEqual(node.call("secret", "now").text, "open sesame")
        if "not sandboxed" not in node.output():
            self.up(node, "hostile", "hostile")
            token = pathlib.Path(node.settings["node.data"]) / "admin-token"
            path = node.call("secret", "path").text
            for file in (token, path):
                self.assertEqual(
                    node.call("hostile", f"read {file}").text, "cannot read")


if __name__ == "__main__":
    unittest.main()
