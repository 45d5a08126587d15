"""Whole-node measurements: HTTP hot path beside nginx and bare Beast, start and
deploy times. Used by tools/bench."""
import contextlib
import importlib.util
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
_spec = importlib.util.spec_from_file_location(
    "http_run", ROOT / "tools/benchmarks/http/run.py")
http_run = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(http_run)


class Node:
    """A faas-node with port 0; `port` and `pid` as http_run.measure wants."""

    def __init__(self, programs, folder, name, *settings, join=None):
        self.folder = pathlib.Path(folder) / name
        self.programs = pathlib.Path(programs)
        self.log = pathlib.Path(folder) / f"{name}.log"
        command = [str(self.programs / "faas-node"), "--dev",
                   "--set", f"node.name={name}",
                   "--set", f"node.data={self.folder}",
                   "--set", "gateway.port=0"]
        for setting in settings:
            command += ["--set", setting]
        if join:
            command += ["join", join]
        begin = time.monotonic()
        self.child = http_run.start(command, stdout=open(self.log, "wb"),
                                    stderr=subprocess.STDOUT)
        self.wait("\nready")
        self.ready_ms = 1000 * (time.monotonic() - begin)
        self.pid = self.child.pid
        self.port = int(self.banner("gateway").rsplit(":", 1)[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def wait(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.log.read_text():
            if self.child.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{self.log}: {self.log.read_text()}")
            time.sleep(0.002)

    def banner(self, what):
        return next(line.split()[-1] for line
                    in self.log.read_text().splitlines()
                    if line.strip().startswith(what))

    def cli(self, *arguments, **options):
        env = dict(os.environ, PETREL_GATEWAY=self.url,
                   PETREL_TOKEN_FILE=str(self.folder / "admin-token"))
        return subprocess.run([str(self.programs / "faas-cli"), *arguments],
                              env=env, capture_output=True, text=True,
                              check=True, timeout=60, **options)

    def stop(self):
        self.child.terminate()
        self.child.wait(30)


def hello_folder(folder, mode, policy="min-latency"):
    """examples/hello as a bundle of its own, built once."""
    work = pathlib.Path(folder) / f"hello-{mode}"
    work.mkdir()
    shutil.copy(ROOT / "examples/hello/hello.cpp", work)
    (work / "stack.yml").write_text(f"""version: 1.0
provider: {{name: openfaas}}
functions:
  hello-{mode}:
    lang: cpp
    handler: .
    petrel: {{artifact: hello.so, mode: {mode}, timeout: 2s, idempotent: true,
             concurrency: 2, policy: "{policy}"}}
""")
    return work


def hot_path(programs, rounds, seconds, say):
    """hello with deadline check, metrics, prediction and two candidate sites:
    a second node offers the same function."""
    with contextlib.ExitStack() as owned:
        folder = owned.enter_context(tempfile.TemporaryDirectory())

        def own(server):
            owned.callback(server.stop)
            return server

        def pair(name, loops):
            """A node whose functions a second one offers as well."""
            node = own(Node(programs, folder, name, "link.listen=true",
                            "link.port=0", f"gateway.loops={loops}"))
            token = node.cli("node", "token").stdout.strip()
            own(Node(programs, folder, f"{name}-peer",
                     join=token)).wait("is connected")
            return node

        one, two = pair("one", 1), pair("two", 2)
        for mode in ("inline", "threads"):
            work = hello_folder(folder, mode)
            for node in (one, two):
                node.cli("up", "-f", "stack.yml", cwd=work)
        for node in (one, two):
            wait_for_two_sites(node, "hello-inline")
        servers = {
            "nginx": (own(http_run.Nginx()), "/"),
            "beast": (own(http_run.Program(
                str(programs / "bench_bare_beast"), "0")), "/"),
            "inline": (one, "/function/hello-inline"),
            "inline-2-loops": (two, "/function/hello-inline"),
            "threads": (one, "/function/hello-threads"),
        }
        seen = {}
        for number in range(rounds):
            for connections in (32, 1):
                for name, (server, path) in servers.items():
                    if connections == 1 and name not in ("beast", "inline",
                                                         "nginx"):
                        continue
                    row = http_run.measure(server, connections, seconds, path)
                    seen.setdefault((name, connections), []).append(row)
                    say(f"round {number + 1} c={connections:<3}{name:16}"
                        f"{row['requests_per_second']:9.0f}/s p50 "
                        f"{row['p50_us']:.0f} us p99 {row['p99_us']:.0f} us"
                        f" cpu {row['cpu_us']:.2f} us/request")
    return summary(seen)


def wait_for_two_sites(node, function):
    token = (node.folder / "admin-token").read_text().strip()
    request = urllib.request.Request(
        f"{node.url}/system/sites/{function}?size=1",
        headers={"Authorization": f"Bearer {token}"})
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with urllib.request.urlopen(request) as answer:
            if answer.read().count(b'"candidate":true') == 2:
                return
        time.sleep(0.02)
    raise RuntimeError("the second node offers no site")


def summary(seen):
    def ratio(key, connections, name, base):
        pairs = zip(seen[name, connections], seen[base, connections])
        return round(statistics.median(a[key] / b[key] for a, b in pairs), 3)

    def median(key, connections, name):
        return round(statistics.median(
            row[key] for row in seen[name, connections]), 2)

    return {
        "inline_over_nginx_32": ratio("requests_per_second", 32, "inline",
                                      "nginx"),
        "inline_over_beast_32": ratio("requests_per_second", 32, "inline",
                                      "beast"),
        "threads_over_nginx_32": ratio("requests_per_second", 32, "threads",
                                       "nginx"),
        "inline_p50_over_beast_1": ratio("p50_us", 1, "inline", "beast"),
        "cpu_two_loops_over_one": ratio("cpu_us", 32, "inline-2-loops",
                                        "inline"),
        "cpu_us_per_request": {name: median("cpu_us", 32, name)
                               for name in ("nginx", "beast", "inline",
                                            "inline-2-loops", "threads")},
        "requests_per_second_32": {name: median("requests_per_second", 32, name)
                                   for name in ("nginx", "beast", "inline",
                                                "inline-2-loops", "threads")},
        "p50_us_1": {name: median("p50_us", 1, name)
                     for name in ("nginx", "beast", "inline")},
        "rounds": {f"{n}-{c}": rows for (n, c), rows in seen.items()},
    }


def start_and_deploy(programs, rounds, say):
    """faas-node to ready; faas-cli up (compiled already, and from source) to
    the first answer."""
    ready, built, source = [], [], []
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            node = Node(programs, folder, "start")
            ready.append(node.ready_ms)
            work = hello_folder(folder, "threads")
            for times in (source, built):
                begin = time.monotonic()
                node.cli("up", "-f", "stack.yml", cwd=work)
                with urllib.request.urlopen(
                        f"{node.url}/function/hello-threads", b"x") as answer:
                    answer.read()
                times.append(1000 * (time.monotonic() - begin))
                node.cli("remove", "hello-threads")
            node.stop()
        say(f"round {number + 1} ready {ready[-1]:.0f} ms, up from source "
            f"{source[-1]:.0f} ms, up when compiled {built[-1]:.0f} ms")
    return {"ready_ms": statistics.median(ready),
            "up_from_source_ms": statistics.median(source),
            "up_compiled_ms": statistics.median(built)}


def google_benchmark(program, pattern=r"^(\S+)\s+([\d.]+) (ns|us|ms)"):
    """Median real times in ns by name."""
    text = subprocess.run([str(program)], capture_output=True, text=True,
                          check=True).stdout
    scale = {"ns": 1, "us": 1e3, "ms": 1e6}
    return {m[0]: float(m[1]) * scale[m[2]]
            for m in re.findall(pattern, text, re.MULTILINE)}, text
