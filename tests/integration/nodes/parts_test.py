"""Answers in parts, from functions of every kind to a client: `curl -N`."""
import http.client
import os
import pathlib
import shutil
import subprocess
import unittest

from cluster import BUILD, FUNCTIONS, LIMIT, Scratch, request, wait_until

STACK = r'''
functions:
  native:
    handler: ./native
    petrel: {artifact: in_parts.so, timeout: 60s}
  threads:
    handler: ./native
    petrel: {artifact: in_parts.so, mode: threads, timeout: 60s}
  python:
    handler: ./python
    petrel:
      runtime: process
      protocol: worker
      command: [python3, -m, petrel, handler.py]
      concurrency: 4
      timeout: 60s
  server:
    handler: ./server
    petrel:
      runtime: process
      command: [python3, -u, app.py]
      concurrency: 4
      timeout: 60s
  filter:
    handler: ./filter
    environment: {content_type: application/x-ndjson}
    petrel:
      runtime: process
      protocol: fork
      command: [./run.sh]
      timeout: 60s
'''

PYTHON = r'''
import asyncio
import petrel

go = asyncio.Event()

@petrel.function
async def handle(event):
    if event.path == "/go":
        go.set()
        return "went"
    return petrel.Response(parts(event), content_type="text/event-stream")

async def parts(event):
    try:
        yield "data: 0\n"
        if event.path == "/endless":
            while True:
                await asyncio.sleep(0)
                yield "data: more\n"
        await go.wait()
        if event.path == "/raise":
            raise ValueError("in the middle")
        yield "data: 1\n"
    finally:
        event.log.info(f"over {event.path}")
'''

SERVER = r'''
import http.server, os, threading

go = threading.Event()

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        if self.path == "/go":
            go.set()
            self.send_response(204)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.part(b"data: 0\n")
        go.wait()
        if self.path == "/break":
            self.close_connection = True
            return
        self.part(b"data: 1\n")
        self.part(b"")

    def part(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''


class Parts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.close)
        cls.node = cls.scratch.node("n1")
        project = cls.scratch.folder / "project"
        for name in ("native", "python", "server", "filter"):
            (project / name).mkdir(parents=True)
        shutil.copy(FUNCTIONS / "in_parts.so", project / "native")
        (project / "python" / "handler.py").write_text(PYTHON)
        (project / "server" / "app.py").write_text(SERVER)
        script = project / "filter" / "run.sh"
        script.write_text("#!/bin/sh\necho 0\nexec cat\n")
        script.chmod(0o755)
        (project / "stack.yml").write_text(STACK)
        environment = {
            **os.environ, "PETREL_GATEWAY": f"http://127.0.0.1:{cls.node.port}",
            "PETREL_TOKEN_FILE": str(pathlib.Path(
                cls.node.settings["node.data"]) / "admin-token")}
        done = subprocess.run(
            [str(BUILD.resolve() / "bin" / "faas-cli"), "up"], cwd=project,
            text=True, capture_output=True, timeout=2 * LIMIT, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr

    def open(self, path, body=""):
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port,
                                                timeout=LIMIT)
        self.addCleanup(connection.close)
        connection.request("POST", "/function/" + path, body)
        answer = connection.getresponse()
        self.assertEqual(answer.headers["Transfer-Encoding"], "chunked")
        self.assertEqual(len(answer.headers["X-Call-Id"]), 36)
        return connection, answer

    def logged(self, function, text):
        lines = self.node.admin(
            "GET", f"/system/logs?name={function}&follow=false").text
        return text in lines

    def test_native_functions(self):
        for name in ("native", "threads"):
            with self.subTest(name):
                _, answer = self.open(name, "parts 3")
                self.assertEqual((answer.status, answer.read()),
                                 (201, b"part 0;part 1;part 2;end"))
                connection, answer = self.open(name, "endless 0")
                self.assertEqual(answer.read(4), b"xxxx")
                connection.close()
                answer.close()
                wait_until("it notices", lambda: self.logged(
                    name, "stopped after"))
                self.assertEqual(request(self.node.port, "POST",
                                         f"/function/{name}", "parts 1").text,
                                 "part 0;end")

    def test_a_fault_cuts_the_answer_off(self):
        for path, body in (("native", "throw 2"), ("python/raise", ""),
                           ("server/break", "")):
            with self.subTest(path):
                _, answer = self.open(path, body)
                self.go(path)
                with self.assertRaises(http.client.IncompleteRead):
                    answer.read()

    def go(self, path):
        name = path.split("/")[0]
        if name in ("python", "server"):
            request(self.node.port, "POST", f"/function/{name}/go", "")

    def test_programs(self):
        for name in ("python", "server"):
            with self.subTest(name):
                _, answer = self.open(name)
                self.assertEqual(answer.headers["Content-Type"],
                                 "text/event-stream")
                self.assertEqual(answer.readline(), b"data: 0\n")
                self.go(name)  # the rest is made only now
                self.assertEqual(answer.read(), b"data: 1\n")

    def test_a_client_that_leaves(self):
        connection, answer = self.open("python/endless")
        self.assertEqual(answer.readline(), b"data: 0\n")
        connection.close()
        answer.close()
        wait_until("the generator is closed",
                   lambda: self.logged("python", "over /endless"))

    def test_a_filter(self):
        _, answer = self.open("filter", "1\n2\n")
        self.assertEqual(answer.headers["Content-Type"],
                         "application/x-ndjson")
        self.assertEqual(answer.read(), b"0\n1\n2\n")


if __name__ == "__main__":
    unittest.main()
