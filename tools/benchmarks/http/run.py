#!/usr/bin/env python3
"""Compares the gateway with nginx and with a bare Beast server.

Interleaved rounds on one machine; prints medians, ratios within a round, and
CPU microseconds per request from /proc/PID/stat. Example:

    tools/benchmarks/http/run.py --build build --rounds 3 --seconds 5 --json out.json
"""
import argparse
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def start(command, **options):
    """A child that ends when this program ends, however it ends."""
    parent = os.getpid()

    def end_with_parent():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before it could be asked for
            os.kill(os.getpid(), signal.SIGKILL)
    return subprocess.Popen(command, preexec_fn=end_with_parent, **options)


def first_child(pid, seconds=5):
    """nginx accepts on its socket before its worker is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            children = f.read().split()
        if children:
            return int(children[0])
        time.sleep(0.005)
    sys.exit(f"process {pid} has started no worker in {seconds} s")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Program:
    """A server that prints its port and stops at the end of its input."""

    def __init__(self, *command):
        self.process = start(command, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.pid = self.process.pid

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


class Nginx:
    CONF = """worker_processes 1; daemon off; pid {dir}/nginx.pid;
error_log {dir}/error.log; events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000000;
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p;
  fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{ listen 127.0.0.1:{port};
    location / {{ return 200 "hello\\n"; }} }} }}
"""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="bench-nginx-"))
        self.port = free_port()
        conf = self.dir / "nginx.conf"
        conf.write_text(self.CONF.format(dir=self.dir, port=self.port))
        self.process = start(["nginx", "-p", str(self.dir), "-c", str(conf)],
                             stderr=subprocess.DEVNULL)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                if self.process.poll() is not None:
                    sys.exit("nginx did not start")
        self.pid = first_child(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)


def wrk(port, connections, seconds, path):
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
         f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True,
        timeout=seconds + 20).stdout
    scale = {"us": 1, "ms": 1e3, "s": 1e6}
    latency = {}
    for name in ("50", "99"):
        value, unit = re.search(rf"{name}%\s+([\d.]+)(us|ms|s)", out).groups()
        latency[name] = float(value) * scale[unit]
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if failed:
        sys.exit(f"{failed.group(1)} bad answers from {path}")
    return {"requests_per_second":
            float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
            "requests": int(re.search(r"(\d+) requests in", out).group(1)),
            "p50_us": latency["50"], "p99_us": latency["99"]}


def measure(server, connections, seconds, path):
    before = cpu_seconds(server.pid)
    seen = wrk(server.port, connections, seconds, path)
    seen["cpu_us"] = (cpu_seconds(server.pid) - before) * 1e6 / seen["requests"]
    return seen


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--build", default="build")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=int, default=5)
    options.add_argument("--json")
    options = options.parse_args()
    programs = pathlib.Path(options.build) / "bin"
    gateway = str(programs / "bench_gateway_with_fake")
    servers = {"nginx": Nginx(),
               "beast": Program(str(programs / "bench_bare_beast"), "0"),
               "gateway": Program(gateway, "0", "1"),
               "gateway-2-loops": Program(gateway, "0", "2")}
    paths = {"nginx": "/", "beast": "/"}
    rounds = {}
    try:
        for number in range(options.rounds):
            for connections in (32, 1):
                for name, server in servers.items():
                    seen = measure(server, connections, options.seconds,
                                   paths.get(name, "/function/hello"))
                    rounds.setdefault((name, connections), []).append(seen)
                    print(f"round {number + 1} c={connections:<3}{name:16}"
                          f"{seen['requests_per_second']:10.0f}/s "
                          f"p50 {seen['p50_us']:.0f} us "
                          f"p99 {seen['p99_us']:.0f} us "
                          f"cpu {seen['cpu_us']:.2f} us", flush=True)
    finally:
        for server in servers.values():
            server.stop()

    def median_ratio(key, connections, name, base):
        pairs = zip(rounds[name, connections], rounds[base, connections])
        return round(statistics.median(a[key] / b[key] for a, b in pairs), 3)

    summary = {
        "gateway_over_nginx_32":
        median_ratio("requests_per_second", 32, "gateway", "nginx"),
        "gateway_over_beast_32":
        median_ratio("requests_per_second", 32, "gateway", "beast"),
        "beast_over_nginx_32":
        median_ratio("requests_per_second", 32, "beast", "nginx"),
        "gateway_p50_over_beast_1":
        median_ratio("p50_us", 1, "gateway", "beast"),
        "cpu_us": {name: round(statistics.median(
            seen["cpu_us"] for seen in rounds[name, 32]), 2)
            for name in servers},
        "cpu_two_loops_over_one":
        median_ratio("cpu_us", 32, "gateway-2-loops", "gateway"),
    }
    print(json.dumps(summary, indent=2))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(
            {"summary": summary, "rounds": {
                f"{name}-{c}": seen for (name, c), seen in rounds.items()}},
            indent=2) + "\n")


if __name__ == "__main__":
    main()
