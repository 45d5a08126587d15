"""Requests per second of the same work on Petrel and on what people use for it
today, in one run: handlers in Python and JavaScript beside functions-framework
(PyPI, npm), a shell tool beside a fork for each request as of-watchdog does it. Used by
tools/bench. Peers that are not there are left out and named; `setup-peers` beside
this file gets them."""
import contextlib
import importlib.util
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
PEERS = ROOT / ".deps" / "peers"
BODY = "x" * 1024

_spec = importlib.util.spec_from_file_location(
    "node_measure", ROOT / "tools/benchmarks/node/measure.py")
node_measure = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(node_measure)
http_run = node_measure.http_run

STACK = """version: 1.0
provider: {name: openfaas}
functions:
  py-worker:
    handler: ./py
    petrel: {runtime: process, protocol: worker, concurrency: 32, queue: 1000,
             command: [python3, -m, petrel, handler.py]}
  py-two:
    handler: ./py
    petrel: {runtime: process, protocol: worker, concurrency: 2, queue: 1000,
             command: [python3, -m, petrel, threads.py]}
  js-http:
    handler: ./js
    petrel: {runtime: process, command: [node, serve.js], listen: unix,
             concurrency: 32, queue: 1000}
  tr-fork:
    handler: ./sh
    petrel: {runtime: process, protocol: fork, command: [tr, a-z, A-Z],
             concurrency: 4, queue: 1000}
  native:
    handler: ./native
    petrel: {artifact: native.so, mode: isolated, concurrency: 2, queue: 1000}
"""

FILES = {
    "py/handler.py": """import petrel

@petrel.function
async def handle(event):
    return bytes(event.body).upper()
""",
    "py/threads.py": """import petrel

@petrel.function
def handle(event):
    return bytes(event.body).upper()
""",
    "js/serve.js": """require('http').createServer((request, response) => {
  const parts = [];
  request.on('data', part => parts.push(part));
  request.on('end', () => response.end(
    Buffer.concat(parts).toString().toUpperCase()));
}).listen(process.env.PETREL_SOCKET);
""",
    "sh/empty": "",
    "native/native.cpp": """#include <faas/function.hpp>
#include <algorithm>

std::string handle(const faas::sdk::request& event) {
  std::string text{event.body()};
  for (auto& c : text)
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

FAAS_FUNCTION(handle)
""",
    "peer/main.py": """import functions_framework

@functions_framework.http
def hello(request):
    return request.get_data().upper()
""",
    "peer/index.js": """const functions = require('@google-cloud/functions-framework');
functions.http('hello', (request, response) =>
  response.send(request.rawBody.toString().toUpperCase()));
""",
    "post.lua": f"""wrk.method = "POST"
wrk.headers["Content-Type"] = "text/plain"
wrk.body = string.rep("x", {len(BODY)})
""",
}


class Server:
    """A peer's program on a port of its own."""

    def __init__(self, command, folder, **variables):
        self.port = http_run.free_port()
        words = [str(w).replace("PORT", str(self.port)) for w in command]
        log = open(folder / "peer.log", "ab")
        self.process = http_run.start(
            words, cwd=folder, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, **{k: v.replace("PORT", str(self.port))
                                  for k, v in variables.items()}})
        self.path = "/"

    def stop(self):
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # and what it started
        self.process.wait(10)


class Function:
    def __init__(self, node, name):
        self.port, self.path = node.port, f"/function/{name}"

    def stop(self):
        pass


def wait_for_answer(server, seconds=30):
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            request = urllib.request.Request(
                f"http://127.0.0.1:{server.port}{server.path}",
                BODY.encode(), {"Content-Type": "text/plain"})
            with urllib.request.urlopen(request, timeout=5) as answer:
                said = answer.read().decode()
                if said == BODY.upper():
                    return
                raise SystemExit(f"{server.path}: wrong answer {said[:80]!r}")
        if time.monotonic() > end:
            raise SystemExit(f"port {server.port}{server.path} never answered")
        time.sleep(0.05)


def peers(folder):
    """Name -> how to start it; and what is missing."""
    found, missing = {}, []
    python = PEERS / "python" / "bin" / "functions-framework"
    if python.exists():
        # As its own image runs it: gunicorn, one process, its default threads.
        found["functions-framework (PyPI)"] = lambda: Server(
            [python, "--target", "hello", "--source", "main.py", "--host",
             "127.0.0.1", "--port", "PORT"], folder)
    else:
        missing.append("functions-framework of PyPI")
    node = PEERS / "node" / "node_modules"
    if (node / ".bin" / "functions-framework").exists():
        if not (folder / "node_modules").exists():
            (folder / "node_modules").symlink_to(node)
        found["functions-framework (npm)"] = lambda: Server(
            [node / ".bin" / "functions-framework", "--target=hello",
             "--port=PORT", "--signature-type=http"], folder)
    else:
        missing.append("functions-framework of npm")
    fork = PEERS / "bin" / "fork_peer"
    if fork.exists():
        found["fork for each request (Go)"] = lambda: Server(
            [fork, "PORT", "tr", "a-z", "A-Z"], folder)
    else:
        missing.append("the fork for each request")
    return found, missing


def wrk(server, script, connections, seconds):
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
         "-s", str(script), "--timeout", "10s",
         f"http://127.0.0.1:{server.port}{server.path}"],
        capture_output=True, text=True, check=True,
        timeout=seconds + 30).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    latency = {}
    for name in ("50", "99"):
        value, unit = re.search(rf"{name}%\s+([\d.]+)(us|ms|s)",
                                out).groups()
        latency[name] = float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]
    return {"per_second": float(re.search(r"Requests/sec:\s+([\d.]+)",
                                          out)[1]),
            "p50_us": latency["50"], "p99_us": latency["99"],
            "failed": int(failed[1]) if failed else 0}


PAIRS = [("py-worker", "functions-framework (PyPI)"),
         ("js-http", "functions-framework (npm)"),
         ("py-worker", "fork for each request (Go)"), ("native", "fork for each request (Go)"),
         ("tr-fork", "fork for each request (Go)")]


def run(programs, rounds, seconds, say):
    with contextlib.ExitStack() as owned:
        folder = pathlib.Path(owned.enter_context(
            tempfile.TemporaryDirectory(prefix="petrel-bench-")))
        for name, text in FILES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        (folder / "stack.yml").write_text(STACK)
        node = node_measure.Node(programs, folder, "one")
        owned.callback(node.stop)
        node.cli("up", "-f", "stack.yml", cwd=folder)
        servers = {name: Function(node, name) for name in
                   ("py-worker", "py-two", "js-http", "tr-fork", "native")}
        ways, missing = peers(folder / "peer")
        for name, begin in ways.items():
            servers[name] = begin()
            owned.callback(servers[name].stop)
        for each in missing:
            say(f"without {each}: tools/benchmarks/runtimes/setup-peers")
        for server in servers.values():
            wait_for_answer(server)
        seen = {}
        for number in range(rounds):
            for connections in (32, 1):
                for name, server in servers.items():
                    row = wrk(server, folder / "post.lua", connections,
                              seconds)
                    seen.setdefault((name, connections), []).append(row)
                    say(f"round {number + 1} c={connections:<3}{name:28}"
                        f"{row['per_second']:9.0f}/s p50 {row['p50_us']:.0f} "
                        f"us p99 {row['p99_us']:.0f} us failed "
                        f"{row['failed']}")
        return summary(seen, missing)


def summary(seen, missing):
    rows = []
    for (name, connections), all_rounds in seen.items():
        rows.append({"name": name, "connections": connections, **{
            key: statistics.median(r[key] for r in all_rounds)
            for key in ("per_second", "p50_us", "p99_us", "failed")}})
    ratios = {}
    for ours, theirs in PAIRS:
        pairs = zip(seen.get((ours, 32), []), seen.get((theirs, 32), []))
        each = [a["per_second"] / b["per_second"] for a, b in pairs]
        if each:
            ratios[f"{ours} / {theirs}"] = statistics.median(each)
    return {"rows": rows, "ratios": ratios, "missing": missing}


def table(seen):
    lines = ["| way | connections | requests/s | p50 us | p99 us | failed |",
             "| --- | --- | --- | --- | --- | --- |"]
    for row in seen["rows"]:
        lines.append(f"| {row['name']} | {row['connections']} | "
                     f"{row['per_second']:.0f} | {row['p50_us']:.0f} | "
                     f"{row['p99_us']:.0f} | {row['failed']:.0f} |")
    lines += ["", "| at 32 connections | ratio |", "| --- | --- |"]
    lines += [f"| {name} | {value:.2f} |"
              for name, value in seen["ratios"].items()]
    return "\n".join(lines)
