"""Functions that are programs, from stack.yml to the answer: a shell tool,
Python and Node; and how they fail, seen from outside."""
import json
import os
import pathlib
import subprocess
import unittest

from cluster import BUILD, LIMIT, Calls, Scratch, request, wait_until

PYTHON = r'''
import http.server, os, sys, threading, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/crash":
            print("about to crash", flush=True)
            os._exit(3)
        if self.path == "/hang":
            threading.Event().wait()
        if self.path == "/print":
            for _ in range(500):
                os.write(1, b"many words\n" * 1000)
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Pid", str(os.getpid()))
        self.send_header("X-Path", self.path)
        self.send_header("X-Saw-Call", self.headers["X-Call-Id"])
        self.end_headers()
        self.wfile.write(body[::-1])
    def log_message(self, *ignored):
        pass

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
print("python serves", flush=True)
server.serve_forever()
'''

NODE = r'''
const http = require('http');
http.createServer((request, response) => {
  const parts = [];
  request.on('data', part => parts.push(part));
  request.on('end', () => {
    const name = JSON.parse(Buffer.concat(parts)).name;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({hello: name, greeting: process.env.GREETING}));
  });
}).listen(process.env.PETREL_SOCKET);
'''

STACK = r'''
functions:
  shout:
    handler: ./shout
    petrel: {runtime: process, protocol: fork, command: [tr, a-z, A-Z]}
  openfaas:
    handler: ./shout
    fprocess: ./env.sh
    environment: {content_type: text/x}
    petrel: {runtime: process, protocol: fork, timeout: 3s}
  secret:
    handler: ./shout
    secrets: [key]
    petrel: {runtime: process, protocol: fork, command: [sh, -c, cat $$PETREL_SECRETS/key]}
  mirror:
    handler: ./mirror
    petrel:
      runtime: process
      command: [python3, -u, app.py]
      concurrency: 4
      timeout: 20s
  hello:
    handler: ./hello
    environment: {GREETING: hi}
    petrel: {runtime: process, command: [node, app.js], listen: unix}
'''


def write(path, text, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


class Processes(unittest.TestCase):
    """One node for all: each case has functions of its own or leaves those of
    the others as they were."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.close)
        cls.node = cls.scratch.node("n1", functions_executors=4)
        cls.project = cls.scratch.folder / "project"
        write(cls.project / "stack.yml", STACK)
        write(cls.project / "shout/env.sh",
              "#!/bin/sh\necho careful >&2\n"
              "[ \"$Http_Path\" = /fail ] && { echo broken >&2; exit 4; }\n"
              "[ \"$Http_Path\" = /long ] && exec sleep 1000\n"
              "echo \"$Http_Method $Http_Path $Http_Query $Http_X_A\"\ncat\n",
              0o755)
        write(cls.project / "mirror/app.py", PYTHON)
        write(cls.project / "hello/app.js", NODE)
        made = cls.cli("secret", "create", "key", "--from-literal", "opened")
        assert made.returncode == 0, made.stderr
        done = cls.cli("up", "--timeout", "60s")
        assert done.returncode == 0, done.stdout + done.stderr

    @classmethod
    def cli(cls, *words):
        return subprocess.run(
            [str(BUILD.resolve() / "bin" / "faas-cli"), *words],
            cwd=cls.project, capture_output=True, text=True,
            timeout=2 * LIMIT, env={
                **os.environ,
                "PETREL_GATEWAY": f"http://127.0.0.1:{cls.node.port}",
                "PETREL_TOKEN_FILE": str(pathlib.Path(
                    cls.node.settings["node.data"]) / "admin-token")})

    def ask(self, function, path="", body="", method="POST", **headers):
        return request(self.node.port, method, f"/function/{function}{path}",
                       body, {k.replace("_", "-"): v
                              for k, v in headers.items()})

    def facts(self, function):
        found = self.node.describe(function).get("petrel", {})
        return (found.get("placements") or [{}])[0].get("facts", {})

    def logs(self, function):
        return self.node.admin(
            "GET", f"/system/logs?name={function}&follow=false").text

    def deploy(self, name, script, **petrel):
        """A function that is a shell script."""
        write(self.project / f"{name}-src/run.sh", "#!/bin/sh\n" + script,
              0o755)
        keys = {"runtime": "process", "command": ["./run.sh"], **petrel}
        write(self.project / f"{name}.yml", json.dumps({"functions": {name: {
            "handler": f"./{name}-src", "petrel": keys}}}))
        return self.cli("up", "-f", f"{name}.yml", "--timeout", "60s")

    # -- what works -----------------------------------------------------------

    def test_a_shell_filter_answers(self):
        answer = self.ask("shout", body="hello")
        self.assertEqual((answer.status, answer.text), (200, "HELLO"), answer)
        big = "x" * (1 << 20)
        self.assertEqual(self.ask("shout", body=big).text, big.upper())

    def test_fprocess_gets_the_event_as_of_watchdog_gives_it(self):
        answer = self.ask("openfaas", "/a%20b?q=1", "body", "PUT", X_A="v")
        self.assertEqual(answer.text, "PUT /a b q=1 v\nbody")
        self.assertEqual(answer.headers["content-type"], "text/x")
        wait_until("its error output is in the log",
                   lambda: "careful" in self.logs("openfaas"))

    def test_python_serves_http_on_a_port_of_its_own_network(self):
        answer = self.ask("mirror", "/some/path?q=1", "abc")
        self.assertEqual((answer.status, answer.text), (201, "cba"), answer)
        self.assertEqual(answer.headers["x-path"], "/some/path?q=1")
        self.assertEqual(answer.headers["x-saw-call"],
                         answer.headers["x-call-id"])
        facts = self.facts("mirror")
        self.assertEqual(facts.get("protocol"), "http", facts)
        self.assertEqual(facts.get("listen"), "port 8080", facts)
        wait_until("its output is in the log",
                   lambda: "python serves" in self.logs("mirror"))

    def test_node_serves_http_on_a_unix_socket(self):
        answer = self.ask("hello", body='{"name": "petrel"}')
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json, {"hello": "petrel", "greeting": "hi"})
        self.assertEqual(answer.headers["content-type"], "application/json")

    def test_a_program_reads_its_secret(self):
        answer = self.ask("secret")
        self.assertEqual((answer.status, answer.text), (200, "opened"), answer)

    def test_describe_shows_the_program(self):
        wait_until("it runs",
                   lambda: self.facts("mirror").get("program") == "running")
        told = self.cli("describe", "mirror")
        self.assertEqual(told.returncode, 0, told.stderr)
        for part in ("process", "python3", "protocol=http", "restarts=",
                     "program=running", "pid="):
            self.assertIn(part, told.stdout)
        pid = int(self.facts("mirror")["pid"])
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        self.assertIn(b"app.py", command)

    # -- what fails -----------------------------------------------------------

    def test_a_bad_exit_is_told_with_its_last_lines(self):
        answer = self.ask("openfaas", "/fail")
        self.assertEqual(answer.status, 500, answer)
        self.assertIn("exited with status 4", answer.text)
        self.assertIn("broken", answer.text)

    def test_the_deadline_is_kept_and_the_next_event_served(self):
        for _ in range(4):  # more than a version may lose threads
            answer = self.ask("openfaas", "/long")
            self.assertEqual(answer.status, 504, answer)
        self.assertEqual(self.ask("openfaas", "/x").status, 200)

    def test_a_crash_costs_one_event_and_is_mended(self):
        before = self.ask("mirror", body="a").headers["x-pid"]
        restarts = int(self.facts("mirror")["restarts"])
        answer = self.ask("mirror", "/crash")
        self.assertEqual(answer.status, 502, answer)
        self.assertIn("exited with status 3", answer.text)
        self.assertIn("about to crash", answer.text)
        self.assertEqual(self.ask("mirror", body="ab").text, "ba")
        wait_until("the restart is shown", lambda: self.facts("mirror").get(
            "restarts") == str(restarts + 1))
        self.assertTrue(before)

    def test_output_without_end_does_no_harm(self):
        write(self.project / "printing-src/app.py", PYTHON)
        done = self.deploy("printing", "exec python3 -u app.py\n")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        answer = self.ask("printing", "/print", "abc")
        self.assertEqual(answer.text, "cba", answer)
        self.assertLess(len(self.logs("printing")), 4 << 20)
        self.assertEqual(self.ask("printing", body="ab").text, "ba")

    def test_a_hang_is_found_and_ended(self):
        done = self.deploy(
            "hanging", "exec python3 -u app.py\n", timeout="1s", concurrency=2)
        self.assertNotEqual(done.returncode, 0)  # app.py is not there yet
        write(self.project / "hanging-src/app.py", PYTHON)
        done = self.deploy(
            "hanging", "exec python3 -u app.py\n", timeout="1s", concurrency=2)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

        def restarted():
            self.assertIn(self.ask("hanging", "/hang").status, (504, 503))
            return self.facts("hanging").get("restarts", "0") != "0"
        wait_until("it is restarted", restarted)
        self.assertIn("it hung", self.facts("hanging")["last_end"])
        wait_until("it serves again",
                   lambda: self.ask("hanging", body="ab").text == "ba")

    def test_a_program_that_ends_at_start_shows_its_last_lines(self):
        done = self.deploy("broken", "echo no configuration >&2; exit 7\n")
        self.assertNotEqual(done.returncode, 0)
        said = done.stdout + done.stderr
        self.assertIn("exited with status 7", said)
        self.assertIn("no configuration", said)

    def test_an_unknown_protocol_is_refused_before_anything_is_sent(self):
        done = self.deploy("later", "", protocol="grpc")
        self.assertEqual(done.returncode, 2, done)
        self.assertIn('"grpc" must be one of: http, fork, worker, lambda', done.stderr)

    def test_a_removed_function_leaves_no_process(self):
        done = self.deploy("leaving", "trap '' TERM\necho up\n"
                           "exec python3 -u app.py\n")
        write(self.project / "leaving-src/app.py", PYTHON)
        done = self.deploy("leaving", "exec python3 -u app.py\n")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        pid = int(self.facts("leaving")["pid"])
        self.assertEqual(self.cli("remove", "leaving").returncode, 0)
        wait_until("its program is gone",
                   lambda: not pathlib.Path(f"/proc/{pid}").exists())

    def test_no_event_is_left_without_an_answer_in_crashes(self):
        calls = Calls()
        for i in range(24):
            path = "mirror/crash" if i % 8 == 0 else "mirror"
            calls.start(self.node, path, "ab")
        calls.wait()
        self.assertEqual(calls.failures, [])
        self.assertEqual(len(calls.answers), 24)
        self.assertTrue(set(calls.statuses()) <= {201, 502, 503},
                        calls.statuses())
        wait_until("it serves again",
                   lambda: self.ask("mirror", body="ab").status == 201)


if __name__ == "__main__":
    unittest.main()
