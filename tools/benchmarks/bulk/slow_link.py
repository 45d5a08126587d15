#!/usr/bin/env python3
"""Small events between two nodes whose link has 10 Mbit/s, alone and while a
bundle fills it. Used by tools/bench; alone:

    tools/benchmarks/bulk/slow_link.py [--seconds S] [--programs DIR]
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import queue
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools/benchmarks/node"))
import measure  # noqa: E402

RATE = 100  # events per second
MBIT, RTT_MS = 10, 20
CALLERS = 64


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def metric(node, name, **labels):
    with urllib.request.urlopen(f"{node.url}/metrics") as answer:
        text = answer.read().decode()
    for line in text.splitlines():
        found = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
        if found and all(f'{key}="{value}"' in (found[1] or "")
                         for key, value in labels.items()):
            return float(found[2])
    return 0.0


def wait_until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not happen in {seconds} s")
        time.sleep(0.02)


class Cluster:
    """cloud-1 with the controller; edge-1 behind the slow link."""

    def __init__(self, programs, folder, owned, edge=()):
        self.folder = pathlib.Path(folder)
        port, shown = free_port(), free_port()
        self.cloud = measure.Node(
            programs, folder, "cloud-1", "node.tier=cloud", "link.listen=true",
            f"link.port={port}", f"link.advertise=127.0.0.1:{shown}")
        owned.callback(self.cloud.stop)
        self.link = measure.http_run.start(
            [str(programs / "link-emulator"), "--listen", str(shown), "--to",
             f"127.0.0.1:{port}", "--rtt", str(RTT_MS), "--mbit", "1000"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        owned.callback(self.link.kill)
        token = self.cloud.cli("node", "token").stdout.strip()
        self.edge = measure.Node(programs, folder, "edge-1", "node.tier=edge",
                                 *edge, join=token)
        owned.callback(self.edge.stop)
        self.edge.wait("is connected")

    def slow(self, mbit):
        self.link.stdin.write(f"mbit {mbit}\n")
        self.link.stdin.flush()

    def function(self, name, noise=0):
        """hello for the edge only; with noise it is a big bundle."""
        work = self.folder / name
        work.mkdir()
        hello = ROOT / "examples/hello/hello.cpp"
        (work / "hello.cpp").write_text(hello.read_text())
        (work / "stack.yml").write_text(f"""version: 1.0
provider: {{name: openfaas}}
functions:
  {name}:
    lang: cpp
    handler: .
    petrel: {{artifact: hello.so, mode: inline, timeout: 10s,
             needs: {{tiers: [edge]}}}}
""")
        if noise:
            (work / "model.bin").write_bytes(os.urandom(noise))
        return work

    def suspicions(self):
        return sum(metric(node, "petrel_link_suspicions_total")
                   for node in (self.cloud, self.edge))


def open_loop(port, function, seconds):
    """Milliseconds from when each event was due to its answer."""
    due, times, failures = queue.Queue(), [], []
    body = b"x" * 128

    def caller():
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while (at := due.get()) is not None:
            try:
                line.request("POST", f"/function/{function}", body)
                answer = line.getresponse()
                answer.read()
                if answer.status != 200:
                    failures.append(answer.status)
                times.append(1000 * (time.monotonic() - at))
            except OSError as lost:
                failures.append(str(lost))
                line.close()
        line.close()

    threads = [threading.Thread(target=caller) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    begin = time.monotonic()
    for n in range(int(RATE * seconds)):
        at = begin + n / RATE
        time.sleep(max(0.0, at - time.monotonic()))
        due.put(at)
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join()
    times.sort()
    return {"events": len(times), "failed": len(failures),
            "p50_ms": round(times[len(times) // 2], 2),
            "p99_ms": round(times[int(len(times) * 0.99)], 2),
            "max_ms": round(times[-1], 2)}


def one_way(programs, seconds, edge, say, name):
    with contextlib.ExitStack() as owned:
        folder = owned.enter_context(tempfile.TemporaryDirectory())
        cluster = Cluster(programs, folder, owned, edge)
        cluster.cloud.cli("up", "-f", "stack.yml",
                          cwd=cluster.function("small"))
        # More than the link carries in the time.
        big = cluster.function("big", int(MBIT * 125_000 * (seconds + 8)))
        cluster.slow(MBIT)
        open_loop(cluster.cloud.port, "small", 2)  # warm
        alone = open_loop(cluster.cloud.port, "small", seconds)
        before = cluster.suspicions()
        incoming = cluster.edge.folder / "bundles/incoming"
        cluster.cloud.cli("up", "-f", "stack.yml", "--no-wait", cwd=big)

        def came():
            return sum(file.stat().st_size for file in incoming.glob("*")
                       if file.suffix != ".log")

        wait_until("the pull begins", lambda: came() > 200_000)
        first, begin = came(), time.monotonic()
        beside = open_loop(cluster.cloud.port, "small", seconds)
        mbit = (came() - first) * 8e-6 / (time.monotonic() - begin)
        out = {"alone": alone, "beside_bulk": beside,
               "p99_growth_ms": round(beside["p99_ms"] - alone["p99_ms"], 2),
               "bulk_mbit": round(mbit, 2),
               "late_heartbeats": cluster.suspicions() - before,
               "links_lost": (cluster.edge.log.read_text()
                              + cluster.cloud.log.read_text()
                              ).count("is gone"),
               "by_bulk_bytes": metric(cluster.edge, "petrel_bulk_bytes_total",
                                       direction="received")}
        say(f"{name}: {json.dumps(out)}")
        return out


def run(programs, seconds, say):
    programs = pathlib.Path(programs)
    return {"link": f"{MBIT} Mbit/s, {RTT_MS} ms, {RATE} events/s",
            "bulk_connection": one_way(programs, seconds, (), say,
                                       "by a bulk connection"),
            # As before bulk connections: in frames of the link.
            "over_the_link": one_way(programs, seconds, ("link.protocol=1",),
                                     say, "over the link")}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--programs", default=str(ROOT / "build/release/bin"))
    options = parser.parse_args()
    print(json.dumps(run(options.programs, options.seconds, print), indent=1))
