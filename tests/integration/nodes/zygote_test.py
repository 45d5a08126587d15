"""Python functions that come from a node's zygote: fast after they left the
memory, apart from each other, and gone with the node."""
import os
import pathlib
import signal
import subprocess
import unittest

from cluster import BUILD, LIMIT, Scratch, request, wait_until

STACK = r'''
functions:
  quick:
    handler: ./quick
    environment: {WORD: "of quick"}
    secrets: [key]
    petrel: &python
      runtime: process
      protocol: worker
      command: [python3, -m, petrel, handler.py]
      concurrency: 2
      scale: {min: 0, idle: 1s, learn: false, prewarm: false}
  other:
    handler: ./other
    petrel: *python
  cold:
    handler: ./quick
    environment: {PYTHONHASHSEED: "0"}
    secrets: [key]
    petrel: *python
'''

HANDLER = r'''
import os, pathlib, signal
import petrel

def look(path):
    try:
        return path.read_text()
    except OSError as failure:
        return type(failure).__name__

@petrel.function
def handle(event):
    if event.path == "/crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    return {"word": os.environ.get("WORD"), "pid": os.getpid(),
            "key": look(pathlib.Path("/var/openfaas/secrets/key")),
            "file": look(pathlib.Path(event.path)),
            "processes": [p for p in os.listdir("/proc") if p.isdigit()]}
'''


def stat(pid):
    """Name, parent and state; None when it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    rest = text.rsplit(")", 1)[1].split()
    return text.split("(", 1)[1].rsplit(")", 1)[0], int(rest[1]), rest[0]


def descendants(pid):
    """Of a process, with their whole tree."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        found = entry.name.isdigit() and stat(entry.name)
        if found:
            parents.setdefault(found[1], []).append(int(entry.name))
    out, rest = [], [pid]
    while rest:
        children = parents.get(rest.pop(), [])
        out += children
        rest += children
    return out


def zygotes(node):
    """The node's processes that have the zygote's command line: itself, its
    forks that wait, and functions."""
    found = []
    for pid in descendants(node.child.pid):
        try:
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"_petrel_zygote" in line:
            found.append(pid)
    return found


class Zygote(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.close)
        cls.project = cls.scratch.folder / "project"
        for name in ("quick", "other"):
            (cls.project / name).mkdir(parents=True)
            (cls.project / name / "handler.py").write_text(
                HANDLER + f"# {name}\n")
        (cls.project / "stack.yml").write_text(STACK)
        cls.node = cls.start("n1")

    @classmethod
    def start(cls, name, **settings):
        node = cls.scratch.node(name, functions_executors=4, **settings)
        cls.cli(node, "secret", "create", "key", "--from-literal", "s3cret")
        cls.cli(node, "up", "--timeout", "120s")
        return node

    @classmethod
    def cli(cls, node, *words):
        done = subprocess.run(
            [str(BUILD.resolve() / "bin" / "faas-cli"), *words],
            cwd=cls.project, capture_output=True, text=True, timeout=4 * LIMIT,
            env={**os.environ, "PETREL_PYTHON": "/usr/bin/python3",
                 "PETREL_GATEWAY": f"http://127.0.0.1:{node.port}",
                 "PETREL_TOKEN_FILE": str(pathlib.Path(
                     node.settings["node.data"]) / "admin-token")})
        assert done.returncode == 0, done.stdout + done.stderr

    def facts(self, function, node=None):
        found = (node or self.node).describe(function).get("petrel", {})
        return (found.get("placements") or [{}])[0].get("facts", {})

    def ask(self, function, path="/", node=None):
        return request((node or self.node).port, "POST",
                       f"/function/{function}{path}", "x")

    def out_of_memory(self, function, node=None):
        wait_until(f"{function} leaves the memory: {self.facts(function)}",
                   lambda: self.facts(function, node).get("in_memory") == "no")

    def forked(self, function):
        """Asks after it left, until a start came from the zygote."""
        def asked():
            answer = self.ask(function)
            self.assertEqual(answer.status, 200, answer)
            if "forked" in self.facts(function):
                return answer
            self.out_of_memory(function)
        return wait_until("a start from the zygote", asked)

    def test_a_start_after_idle_time_comes_from_the_pool(self):
        self.forked("quick")
        self.assertEqual(self.facts("quick").get("zygote"), "yes")
        before = self.facts("quick")["starts"]
        self.out_of_memory("quick")
        answer = self.ask("quick")
        self.assertEqual(answer.json["word"], "of quick")
        self.assertEqual(answer.json["key"], "s3cret")
        wait_until(
            f"it is counted: {before}",
            lambda: self.facts("quick")["starts"] != before and
            int(self.facts("quick")["starts"].split()[2]) > 0)
        metrics = request(self.node.port, "GET", "/metrics").text
        self.assertRegex(
            metrics, r'petrel_starts_total\{[^}]*kind="pool"[^}]*\} [1-9]')

    def test_functions_do_not_see_each_other(self):
        self.forked("quick")
        answer = self.forked("other").json
        self.assertEqual(answer["key"], "FileNotFoundError")
        self.assertIsNone(answer["word"])
        self.assertLessEqual(len(answer["processes"]), 2)
        bundles = [entry for entry in (pathlib.Path(
            self.node.settings["node.data"])).rglob("handler.py")]
        self.assertGreaterEqual(len(bundles), 2)
        seen = [self.ask("other", str(one)).json["file"] for one in bundles]
        self.assertEqual([one.endswith("# other\n") for one in seen].count(True),
                         1, seen)
        self.assertEqual(seen.count("FileNotFoundError"), len(seen) - 1)

    def test_what_cannot_be_forked_starts_its_interpreter(self):
        answer = self.ask("cold")
        self.assertEqual(answer.json["key"], "s3cret")
        self.assertEqual(self.facts("cold").get("zygote"),
                         "no: its environment has PYTHONHASHSEED")
        self.assertNotIn("forked", self.facts("cold"))

    def test_a_crash_and_a_killed_zygote_cost_nobody_else(self):
        self.forked("quick")
        self.assertEqual(self.ask("quick", "/crash").status, 502)
        self.assertEqual(self.ask("quick").status, 200)
        before = zygotes(self.node)
        own = [pid for pid in before
               if stat(pid) and stat(pid)[1] == self.node.child.pid]
        for pid in own:  # the zygote and its forks, first processes as well
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.out_of_memory("quick")
        self.assertEqual(self.ask("quick").status, 200)
        wait_until("there is another zygote",
                   lambda: set(zygotes(self.node)) - set(before))
        self.forked("quick")

    def test_a_killed_node_leaves_no_process(self):
        node = self.start("n2")
        wait_until("forks wait", lambda: len(zygotes(node)) >= 3)
        self.assertEqual(self.ask("quick", node=node).status, 200)
        left = descendants(node.child.pid)
        node.kill()
        wait_until("all have ended", lambda: not [
            pid for pid in left if stat(pid) and stat(pid)[2] != "Z"])

    def test_a_node_may_have_none(self):
        node = self.start("n3", functions_python__waiting=0)
        self.assertEqual(self.ask("quick", node=node).status, 200)
        self.assertNotIn("zygote", self.facts("quick", node))
        self.assertEqual(zygotes(node), [])


if __name__ == "__main__":
    unittest.main()
