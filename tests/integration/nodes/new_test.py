"""What `faas-cli new` makes, as its user goes on with it: its own test, then
`up` and `invoke`; and `local-run`, with a change in between."""
import os
import pathlib
import re
import signal
import subprocess
import unittest

from cluster import BUILD, LIMIT, SOURCE, Scratch, request, wait_until

CLI = BUILD.resolve() / "bin" / "faas-cli"
ANSWERS = {"cpp": "Hello, Ada", "c": "Ada", "python": "Hello, Ada", "node": "Hello, Ada",
           "shell": "words: 1"}
TESTS = {"python": ["/usr/bin/python3", "-m", "unittest"],
         "node": ["node", "--test"], "shell": ["./test.sh"]}


class New(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.close)
        cls.node = cls.scratch.node("n1")

    def environment(self):
        return {**os.environ, "PYTHONPATH": str(SOURCE / "python/src"),
                "PETREL_GATEWAY": f"http://127.0.0.1:{self.node.port}",
                "PETREL_TOKEN_FILE": str(pathlib.Path(
                    self.node.settings["node.data"]) / "admin-token")}

    def run_in(self, folder, words, **more):
        done = subprocess.run([str(w) for w in words], cwd=folder, text=True,
                              capture_output=True, timeout=2 * LIMIT,
                              env=self.environment(), **more)
        self.assertEqual(done.returncode, 0, f"{words}: {done.stdout}"
                         + done.stderr)
        return done.stdout

    def make(self, language, name=None):
        name = name or f"my-{language}"
        self.run_in(self.scratch.folder, [CLI, "new", name, "--lang",
                                          language])
        return self.scratch.folder / name

    def try_language(self, language):
        folder = self.make(language)
        if language in TESTS:
            self.run_in(folder, TESTS[language])
        self.run_in(folder, [CLI, "up", "--timeout", "60s"])
        said = self.run_in(folder, [CLI, "invoke", folder.name], input="Ada")
        self.assertIn(ANSWERS[language], said)

    def test_every_listed_language_is_tried_here_or_with_the_models(self):
        listed = {line.split()[0] for line in self.run_in(
            self.scratch.folder, [CLI, "new", "--list"]).splitlines()
            if line and not line.startswith("Next")}
        self.assertEqual(listed, set(ANSWERS) | {"torch"})

    def test_local_run_until_interrupted(self):
        folder = self.make("shell", "local")
        with open(folder.parent / "local.log", "wb") as out:
            running = subprocess.Popen([str(CLI), "local-run"], cwd=folder,
                                       stdout=out, stderr=out)
        self.addCleanup(lambda: running.poll() is not None or running.kill())

        def said(pattern):
            text = (folder.parent / "local.log").read_text()
            self.assertIsNone(running.poll(), text)
            return re.search(pattern, text)

        port = int(wait_until("local-run serves", lambda: said(
            r"version 1 on http://127.0.0.1:(\d+)/function/local"))[1])
        token = wait_until("it tells how to ask", lambda: said(
            r"PETREL_TOKEN_FILE=(\S+)"))[1]

        def ask(body):
            return request(port, "POST", "/function/local", body).text

        self.assertEqual(ask("one two"), "words: 2\n")
        wait_until("its log is shown", lambda: said("counted 2 words"))
        script = folder / "run.sh"
        script.write_text(script.read_text().replace("words: ", "count: "))
        wait_until("the change is deployed", lambda: said("version 2 on"))
        wait_until("it answers", lambda: ask("one two") == "count: 2\n")
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(LIMIT), 0)
        self.assertFalse(pathlib.Path(token).parent.exists())
        with self.assertRaises(OSError):
            ask("one")


def add(language):
    setattr(New, f"test_{language}", lambda self: self.try_language(language))


for each in ANSWERS:
    add(each)

if __name__ == "__main__":
    unittest.main(verbosity=2)
