"""Python functions of every kind, and handlers written for others, from their
folder with a requirements.txt to the answer. Wheels come from
.deps/python-wheels (tools/setup-python), without a network."""
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import unittest

from cluster import BUILD, LIMIT, SOURCE, Scratch, request, wait_until

WHEELS = SOURCE.resolve() / ".deps" / "python-wheels"

STACK = r'''
functions:
  worker:
    handler: ./worker
    petrel:
      runtime: process
      protocol: worker
      command: [python3, -m, petrel, handler.py]
      timeout: 20s
  arrays:
    handler: ./arrays
    petrel:
      runtime: process
      protocol: worker
      command: [python3, -m, petrel, handler.py]
      concurrency: 8
      timeout: 20s
  lambda:
    handler: ./lambda
    petrel:
      runtime: process
      protocol: lambda
      command: [python3, -m, awslambdaric, app.handler]
      timeout: 5s
  framework:
    handler: ./framework
    environment: {GUNICORN_CMD_ARGS: "--worker-tmp-dir /tmp"}
    petrel:
      runtime: process
      command: [python3, serve.py]
      timeout: 20s
  openfaas-python:
    handler: ./openfaas-python
    petrel:
      runtime: process
      protocol: worker
      command: [python3, -m, petrel.openfaas, handler.py]
  openfaas-flask:
    handler: ./openfaas-flask
    environment: {upstream_url: "http://127.0.0.1:5000"}
    petrel:
      runtime: process
      command: [python3, -u, index.py]
      timeout: 20s
  openfaas-node:
    handler: ./openfaas-node
    petrel: {runtime: process, command: [node, openfaas.js], listen: unix}
'''

WORKER = r'''
import os
import petrel

@petrel.function
def handle(event):
    event.log.info("a line of this call")
    if event.path == "/crash":
        print("about to crash")
        os._exit(3)
    if event.path == "/raise":
        raise ValueError("why")
    if event.path == "/hang":
        while True:
            pass
    return petrel.Response(bytes(reversed(bytes(event.body))), status=201,
                           headers={"X-Pid": str(os.getpid()),
                                    "X-Saw-Call": event.id})
'''

ARRAYS = r'''
import os
import numpy
import petrel

@petrel.function
async def handle(event):
    array = event.array("float32")
    assert not array.flags.owndata and not array.flags.writeable
    return petrel.Response(numpy.sqrt(array),
                           headers={"X-Pid": str(os.getpid())})
'''

LAMBDA = r'''
import os

def handler(event, context):
    if event == "crash":
        print("about to crash", flush=True)
        os._exit(3)
    if event == "raise":
        raise KeyError("no such thing")
    if event == "hang":
        while True:
            pass
    return {"got": event, "id": context.aws_request_id,
            "arn": context.invoked_function_arn,
            "time": 0 < context.get_remaining_time_in_millis() <= 5000}
'''

FRAMEWORK = r'''
import functions_framework

@functions_framework.http
def hello(request):
    return f"hello {request.get_data(as_text=True)} {request.path}", 201, {
        "X-Method": request.method}
'''

SERVE = r'''
import os, sys
sys.argv = ["functions-framework", "--target", "hello", "--source", "main.py",
            "--host", "127.0.0.1", "--port", os.environ["PORT"]]
from functions_framework._cli import _cli
_cli()
'''

# A handler in the form of OpenFaaS's template python3-http.
OPENFAAS_PYTHON = r'''
def handle(event, context):
    return {
        "statusCode": 201,
        "headers": {"X-Method": event.method},
        "body": {"path": event.path, "q": event.query.get("q"),
                 "type": event.headers.get("Content-Type"),
                 "body": event.body.decode("utf-8")}
    }
'''

# What the template puts around it, in few lines: flask and waitress on the
# port that of-watchdog is told.
FLASK = r'''
from flask import Flask, jsonify, request
from waitress import serve
from handler import handle

app = Flask(__name__)

class Event:
    def __init__(self):
        self.body, self.headers = request.get_data(), request.headers
        self.method, self.query = request.method, request.args
        self.path = request.path

@app.route("/", defaults={"path": ""}, methods=["GET", "PUT", "POST"])
@app.route("/<path:path>", methods=["GET", "PUT", "POST"])
def call(path):
    said = handle(Event(), None)
    return jsonify(said["body"]), said["statusCode"], said["headers"]

serve(app, host="0.0.0.0", port=5000)
'''

# A handler in the form of OpenFaaS's template node.
OPENFAAS_NODE = r'''
'use strict'

module.exports = async (event, context) => {
  const result = {
    'body': event.body,
    'content-type': event.headers["content-type"],
    'query': event.query.q,
    'path': event.path
  }

  return context
    .status(201)
    .headers({"X-Method": event.method})
    .succeed(result)
}
'''


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


class Python(unittest.TestCase):
    """One node for all."""

    @classmethod
    def setUpClass(cls):
        assert (WHEELS / ".complete").exists(), \
            f"no wheels in {WHEELS}: run tools/setup-python"
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.close)
        cls.node = cls.scratch.node("n1", functions_executors=4)
        cls.project = cls.scratch.folder / "project"
        pins = (SOURCE / "tools/python-wheels.txt").read_text().splitlines()
        cls.pins = {line.split("==")[0]: line for line in pins
                    if "==" in line}
        write(cls.project / "stack.yml", STACK)
        write(cls.project / "worker/handler.py", WORKER)
        write(cls.project / "arrays/handler.py", ARRAYS)
        write(cls.project / "arrays/requirements.txt", "numpy\n")
        write(cls.project / "lambda/app.py", LAMBDA)
        write(cls.project / "lambda/requirements.txt", "awslambdaric==2.2.1\n")
        write(cls.project / "framework/main.py", FRAMEWORK)
        write(cls.project / "framework/serve.py", SERVE)
        write(cls.project / "framework/requirements.txt",
              "functions-framework>=3.10\n")
        for kind in ("openfaas-python", "openfaas-flask"):
            write(cls.project / kind / "handler.py", OPENFAAS_PYTHON)
        write(cls.project / "openfaas-flask/index.py", FLASK)
        write(cls.project / "openfaas-flask/requirements.txt",
              "flask\nwaitress\n")
        write(cls.project / "openfaas-node/function/handler.js",
              OPENFAAS_NODE)
        shutil.copy(SOURCE / "node/openfaas.js", cls.project / "openfaas-node")
        done = cls.cli("up", "--timeout", "120s")
        assert done.returncode == 0, done.stdout + done.stderr

    @classmethod
    def cli(cls, *words, **more):
        return subprocess.run(
            [str(BUILD.resolve() / "bin" / "faas-cli"), *words],
            cwd=cls.project, capture_output=True, text=True,
            timeout=4 * LIMIT, env={
                **os.environ, "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(WHEELS),
                "PETREL_PYTHON": "/usr/bin/python3",
                "PETREL_GATEWAY": f"http://127.0.0.1:{cls.node.port}",
                "PETREL_TOKEN_FILE": str(pathlib.Path(
                    cls.node.settings["node.data"]) / "admin-token"), **more})

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

    # -- worker ---------------------------------------------------------------

    def test_a_worker_answers_small_and_large_bodies(self):
        answer = self.ask("worker", "/x", "abc")
        self.assertEqual((answer.status, answer.text), (201, "cba"), answer)
        self.assertEqual(answer.headers["x-saw-call"],
                         answer.headers["x-call-id"])
        large = "x" * (3 << 20) + "y"
        self.assertEqual(self.ask("worker", body=large).text, large[::-1])
        wait_until("its line is in the log",
                   lambda: "a line of this call" in self.logs("worker"))
        self.assertEqual(self.facts("worker").get("protocol"), "worker")
        self.assertIn("petrel-python", self.facts("worker").get("speaks", ""))

    def test_a_worker_fails_by_itself(self):
        answer = self.ask("worker", "/raise")
        self.assertEqual(answer.status, 500, answer)
        self.assertIn("ValueError: why", answer.text)
        wait_until("its traceback is in the log",
                   lambda: "Traceback" in self.logs("worker"))
        answer = self.ask("worker", "/crash")
        self.assertEqual(answer.status, 502, answer)
        self.assertIn("exited with status 3", answer.text)
        self.assertIn("about to crash", answer.text)
        self.assertEqual(self.ask("worker", body="ab").text, "ba")

    def test_arrays_pass_without_copies_in_one_process(self):
        import array
        numbers = array.array("f", [1, 4, 9] * 50_000)
        pids = set()
        for _ in range(3):
            answer = self.ask("arrays", body=numbers.tobytes())
            self.assertEqual(answer.status, 200, answer.text[:500])
            got = array.array("f")
            got.frombytes(answer.body)
            self.assertEqual(got[:3].tolist(), [1, 2, 3])
            pids.add(answer.headers["x-pid"])
        self.assertEqual(len(pids), 1)

    # -- lambda ---------------------------------------------------------------

    def test_awslambdaric_works_unedited(self):
        for value in ({"a": [1, "é"]}, 5):
            answer = self.ask("lambda", body=json.dumps(value))
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.json["got"], value)
            self.assertTrue(answer.json["time"])
            self.assertEqual(answer.json["id"], answer.headers["x-call-id"])
            self.assertIn(":function:lambda:", answer.json["arn"])

    def test_its_errors_have_type_and_message(self):
        answer = self.ask("lambda", body='"raise"')
        self.assertEqual(answer.status, 502, answer)
        self.assertEqual(answer.json, {"errorType": "KeyError",
                                       "errorMessage": "'no such thing'"})
        answer = self.ask("lambda", body='"crash"')
        self.assertEqual(answer.status, 502, answer)
        self.assertIn("exited with status 3", answer.text)
        self.assertEqual(self.ask("lambda", body='"hang"').status, 504)
        self.assertEqual(self.ask("lambda", body="1").json["got"], 1)

    # -- http -----------------------------------------------------------------

    def test_functions_framework_works_unedited(self):
        answer = self.ask("framework", "/p", "petrel", "PUT")
        self.assertEqual((answer.status, answer.text),
                         (201, "hello petrel /p"), answer)
        self.assertEqual(answer.headers["x-method"], "PUT")

    def openfaas(self, function):
        answer = self.ask(function, "/a/b?q=1", '{"x": 1}', "PUT",
                          Content_Type="application/json")
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.headers["x-method"], "PUT")
        return answer.json

    def test_an_openfaas_python_handler_works_unedited(self):
        for function in ("openfaas-python", "openfaas-flask"):
            self.assertEqual(self.openfaas(function), {
                "path": "/a/b", "q": "1", "type": "application/json",
                "body": '{"x": 1}'})

    def test_an_openfaas_node_handler_works_unedited(self):
        self.assertEqual(self.openfaas("openfaas-node"), {
            "path": "/a/b", "query": "1", "content-type": "application/json",
            "body": {"x": 1}})

    # -- packing --------------------------------------------------------------

    def packed(self, name):
        file = self.project / ".petrel" / f"{name}.tar.zst"
        plain = self.scratch.folder / f"{name}.tar"
        subprocess.run(["zstd", "-q", "-d", "-f", file, "-o", plain],
                       check=True, timeout=LIMIT)
        with tarfile.open(plain) as tar:
            return {item.name: tar.extractfile(item).read()
                    for item in tar if item.isfile()}

    def test_the_bundle_has_packages_and_a_lock_with_hashes(self):
        files = self.packed("lambda")
        self.assertIn("python_packages/awslambdaric/__init__.py", files)
        lock = files["python_packages/requirements.lock"].decode()
        self.assertEqual(set(lock.splitlines()), {
            self.pins["awslambdaric"], self.pins["simplejson"]})
        self.assertIn("python_packages/petrel/__init__.py",
                      self.packed("worker"))

    def test_a_lock_beside_it_is_kept_to(self):
        folder = self.project / "locked"
        write(self.project / "locked.yml", json.dumps({"functions": {
            "locked": {"handler": "./locked", "petrel": {
                "runtime": "process", "command": ["python3", "a.py"]}}}}))
        write(folder / "a.py", "")
        write(folder / "requirements.txt", "itsdangerous\n")
        write(folder / "requirements.lock", self.pins["itsdangerous"] + "\n")
        done = self.cli("pack", "-f", "locked.yml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        again = self.cli("pack", "-f", "locked.yml")
        self.assertNotIn("installing", again.stderr)  # nothing changed
        self.assertEqual(done.stdout, again.stdout)
        write(folder / "requirements.lock",
              self.pins["itsdangerous"].replace("sha256:", "sha256:0")[:-1])
        done = self.cli("pack", "-f", "locked.yml")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("remove requirements.lock and pack again", done.stderr)

    def test_a_package_that_is_not_there_says_what_to_do(self):
        write(self.project / "missing.yml", json.dumps({"functions": {
            "missing": {"handler": "./missing", "petrel": {
                "runtime": "process", "command": ["python3", "a.py"]}}}}))
        write(self.project / "missing/a.py", "")
        write(self.project / "missing/requirements.txt",
              "petrel-has-no-such-package==1\n")
        done = self.cli("up", "-f", "missing.yml")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("pip could not install requirements.txt", done.stderr)
        self.assertIn("PIP_FIND_LINKS", done.stderr)


if __name__ == "__main__":
    unittest.main()
