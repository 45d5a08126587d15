"""What the registry costs on a whole node: deploys one by one with either
engine, lists, many functions. Used by tools/bench."""
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

import measure

DEPLOYS = 1000
MANY = 10_000
FEW = 10


class Redis:
    """A server on a unix socket that syncs each change to disk."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "redis"
        self.folder.mkdir()
        self.socket = str(self.folder / "sock")
        self.child = measure.http_run.start(
            ["redis-server", "--port", "0", "--unixsocket", self.socket,
             "--dir", str(self.folder), "--save", "", "--appendonly", "yes",
             "--appendfsync", "always"], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while subprocess.run(["redis-cli", "-s", self.socket, "PING"],
                             capture_output=True).stdout != b"PONG\n":
            if time.monotonic() > end:
                raise RuntimeError("Redis does not answer")
            time.sleep(0.01)

    def stop(self):
        self.child.terminate()
        self.child.wait(10)


class Admin:
    """One kept connection to a node's management API."""

    def __init__(self, node):
        self.token = (node.folder / "admin-token").read_text().strip()
        self.connection = http.client.HTTPConnection("127.0.0.1", node.port,
                                                     timeout=60)

    def ask(self, method, path, body=None):
        self.connection.request(
            method, path, body=json.dumps(body) if body else None,
            headers={"Authorization": f"Bearer {self.token}",
                     "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status not in (200, 202):
            raise RuntimeError(f"{method} {path}: {answer.status} {data!r}")
        return data

    def deploy(self, name, digest, **labels):
        self.ask("POST", "/system/functions",
                 {"service": name, "image": f"sha256:{digest}",
                  "labels": labels,
                  "petrel": {"artifact": "hello.so", "mode": "inline"}})


def bundle_on(node, folder):
    """Uploads hello; gives its digest."""
    work = measure.hello_folder(folder, "inline")
    node.cli("up", "-f", "stack.yml", cwd=work)
    text = node.cli("describe", "hello-inline", "--json").stdout
    return re.search(r"[0-9a-f]{64}", text)[0]


def answered(node, name, seconds=60):
    """Waits for the function's first answer."""
    end = time.monotonic() + seconds
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", node.port,
                                                timeout=60)
        connection.request("POST", f"/function/{name}", b"x")
        status = connection.getresponse().status
        connection.close()
        if status == 200:
            return
        if time.monotonic() > end:
            raise RuntimeError(f"{name} answers {status}")
        time.sleep(0.005)


def together(node, digest, connections=32, each=32):
    """Changes per second when many clients deploy at once."""
    def client(number):
        admin = Admin(node)
        for i in range(each):
            admin.deploy(f"t{number}-{i}", digest)
    clients = [threading.Thread(target=client, args=(n,))
               for n in range(connections)]
    begin = time.monotonic()
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return connections * each / (time.monotonic() - begin)


def deploys(programs, engine, say):
    """1,000 deploys one by one, then `list` of them."""
    with contextlib.ExitStack() as owned:
        folder = owned.enter_context(tempfile.TemporaryDirectory())
        settings = []
        if engine == "redis":
            redis = Redis(folder)
            owned.callback(redis.stop)
            settings = [f"registry.redis={redis.socket}"]
        node = measure.Node(programs, folder, engine, *settings)
        owned.callback(node.stop)
        digest = bundle_on(node, folder)
        admin = Admin(node)
        took = []
        for number in range(DEPLOYS):
            begin = time.monotonic()
            admin.deploy(f"f{number}", digest)
            took.append(time.monotonic() - begin)
        answered(node, f"f{DEPLOYS - 1}")
        lists = []
        for _ in range(21):
            begin = time.monotonic()
            listed = admin.ask("GET", "/system/functions")
            lists.append(1000 * (time.monotonic() - begin))
        assert len(json.loads(listed)) == DEPLOYS + 1
        row = {"seconds": round(sum(took), 2),
               "p50_ms": round(1000 * statistics.median(took), 2),
               "p99_ms": round(1000 * sorted(took)[DEPLOYS * 99 // 100], 2),
               "list_ms": round(statistics.median(lists), 2),
               "list_worst_ms": round(max(lists), 2)}
        row["together_per_second"] = round(together(node, digest))
        say(f"{engine}: {json.dumps(row)}")
        return row


def memory_mib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


def look_up_us(node, names, count=2000):
    """Median time of one request, each to another function."""
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
    took = []
    for i in range(count):
        begin = time.perf_counter()
        connection.request("POST", f"/function/{names[i % len(names)]}", b"x")
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - begin)
        assert answer.status == 200, answer.status
    return 1e6 * statistics.median(took)


def filled(programs, folder, count):
    """A node that was stopped with so many functions in its catalog, started
    again; the seconds until one of them answered."""
    name = f"with-{count}"
    node = measure.Node(programs, folder, name)
    digest = bundle_on(node, folder)
    node.cli("remove", "hello-inline")
    node.stop()
    shutil.rmtree(pathlib.Path(folder) / "hello-inline")
    subprocess.run([str(pathlib.Path(programs) / "bench_registry"), "fill",
                    str(node.folder / "catalog.db"), str(count), digest,
                    "hello.so"], check=True, timeout=120)
    begin = time.monotonic()
    node = measure.Node(programs, folder, name)
    names = [f"f{i + 1}" for i in range(count)]
    answered(node, names[-1])
    answered(node, names[0])
    return node, names, time.monotonic() - begin


def many(programs, rounds, say):
    """A node with 10,000 functions beside one with 10."""
    with contextlib.ExitStack() as owned:
        folder = owned.enter_context(tempfile.TemporaryDirectory())
        few, few_names, _ = filled(programs, folder, FEW)
        owned.callback(few.stop)
        node, names, seconds = filled(programs, folder, MANY)
        owned.callback(node.stop)
        for name in names:  # all have been started
            answered(node, name)
        random.Random(1).shuffle(names)
        ratios = []
        for _ in range(rounds):
            base = look_up_us(few, few_names)
            ratios.append(look_up_us(node, names) / base)
        row = {"serves_after_s": round(seconds, 2),
               "memory_mib": round(memory_mib(node.pid)),
               "look_up_over_few": round(statistics.median(ratios), 3),
               "request_us_few": round(base, 1)}
        say(f"{MANY} functions: {json.dumps(row)}")
        return row


def commits(programs, say):
    with contextlib.ExitStack() as owned:
        folder = owned.enter_context(tempfile.TemporaryDirectory())
        redis = Redis(folder)
        owned.callback(redis.stop)
        done = subprocess.run(
            [str(pathlib.Path(programs) / "bench_registry"), "commits", folder,
             redis.socket], capture_output=True, text=True, check=True,
            timeout=300)
        say(done.stdout)
        return done.stdout


def measure_all(programs, rounds, say):
    found = {"commits": commits(programs, say)}
    for engine in ("sqlite", "redis"):
        found[engine] = deploys(programs, engine, say)
    found["many"] = many(programs, rounds, say)
    return found
