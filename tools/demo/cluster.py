"""Starts and stops the processes of a demo cluster: broker, link emulator, two
nodes; limits their CPU. Everything listens on loopback and lives in one folder.
"""
import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import urllib.request

from allowance import Allowance

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEADY_CORE = ["/usr/bin/python3", "-IS", str(ROOT / "tools/demo/steady_core.py")]
# One core of a machine of its own: what a core here gives even while its
# neighbours on the host are busy.
CLOUD_CORES = 0.6


LIBC = ctypes.CDLL(None)


def die_with_parent():
    """A preexec_fn: the child ends when this program ends, however."""
    parent = os.getpid()

    def in_child():
        LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it ended before it could be asked for
            os.kill(os.getpid(), signal.SIGKILL)
    return in_child


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what, condition, seconds=20.0):
    """Polls a condition that another process brings about."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise RuntimeError(f"{what} did not happen within {seconds:.0f} s")


def best_spin_ns():
    """What the cores can do at their best, for CpuLimit."""
    probes = [subprocess.Popen(
        [*STEADY_CORE, str(core), "--best"], stdout=subprocess.PIPE, text=True,
        preexec_fn=die_with_parent()) for core in os.sched_getaffinity(0)]
    return min(float(probe.communicate()[0]) for probe in probes)


class CpuLimit:
    """Limits a process to a share of one core at its best: by cgroup v1 quota
    where it can be written, which steady_core.py adapts to the core's present
    speed, else by stopping and continuing the process (duty cycle). The period
    is short, so that a slow core is smooth and not a fast one that pauses."""

    PERIOD_S = 0.001
    SHARES = 8192  # before other work on the machine: it is being measured

    def __init__(self, pid, name, cpu, best_ns):
        self.pid = pid
        self.cpu = cpu
        self.best_ns = best_ns
        self.holder = None
        self.share = None
        self.folder = pathlib.Path(f"/sys/fs/cgroup/cpu/petrel-{name}-{pid}")
        self.thread = None
        try:
            self.folder.mkdir()
            (self.folder / "cpu.shares").write_text(str(self.SHARES))
            (self.folder / "cgroup.procs").write_text(str(pid))
            self._check_group()
            self.mechanism = "cgroup v1 CPU quota, at a steady speed"
        except OSError:
            self.folder = None
            self.mechanism = "duty cycle (SIGSTOP/SIGCONT)"

    def _check_group(self):
        """In a chroot or container the folder may be one like any other, which
        takes all that is written and limits nothing."""
        groups = pathlib.Path(f"/proc/{self.pid}/cgroup").read_text()
        if self.folder.name not in groups:
            raise OSError(f"{self.folder} is no control group")

    @property
    def steady(self):
        """Stopping and continuing is too rough for a fast node."""
        return self.folder is not None

    def set(self, share):
        """share: cores; None: no limit."""
        self.share = share
        if self.folder and share is None:
            self._let_go()
        elif self.folder and self.holder:
            self.holder.stdin.write(f"{share}\n".encode())
            self.holder.stdin.flush()
        elif self.folder:
            self.holder = subprocess.Popen(
                ["chrt", "-f", "1", *STEADY_CORE, str(self.cpu),
                 str(self.folder), str(self.best_ns), str(share)],
                stdin=subprocess.PIPE, preexec_fn=die_with_parent())
        elif self.thread is None:
            self.thread = threading.Thread(target=self._duty, daemon=True)
            self.thread.start()

    def _let_go(self):
        if self.holder:
            self.holder.kill()
            self.holder.wait()
            self.holder = None
        (self.folder / "cpu.cfs_quota_us").write_text("-1")

    def _duty(self):
        clock = (~self.pid << 3) | 2  # the process's CPU time
        allowance, stopped = Allowance(self.PERIOD_S), False
        while True:
            try:
                run = self.share is None or allowance.allows(
                    self.share, time.monotonic(), time.clock_gettime(clock))
                if run == stopped:
                    os.kill(self.pid, signal.SIGCONT if run
                            else signal.SIGSTOP)
                    stopped = not run
                time.sleep(self.PERIOD_S)
            except OSError:
                return  # it has ended

    def remove(self):
        if self.folder:
            try:
                self.folder.rmdir()
            except OSError:
                pass  # the process is still ending; an empty group costs nothing


class Process:
    def __init__(self, name, command, folder, ready=None, stdin=None):
        self.name = name
        self.log = folder / f"{name}.log"
        with open(self.log, "wb") as out:
            self.child = subprocess.Popen(
                [str(part) for part in command], stdin=stdin, stdout=out,
                stderr=subprocess.STDOUT, preexec_fn=die_with_parent())
        if ready:
            wait_until(f"start of {name} (see {self.log})",
                       lambda: self.failed() or ready in self.text())
            if ready not in self.text():
                raise RuntimeError(f"{name} ended: {self.text()[-500:]}")

    def failed(self):
        return self.child.poll() is not None

    def text(self):
        return self.log.read_text(errors="replace")

    def stop(self):
        if self.failed():
            return
        self.child.terminate()
        try:
            self.child.wait(15)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class Cluster:
    """An edge node (the acceptor) and a cloud node (with the controller) over
    an emulated link, and a broker for the edge."""

    def __init__(self, folder, programs, rtt_ms=40, mbit=20, edge_cores=0.2,
                 cloud_cores=CLOUD_CORES, best_ns=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.programs = pathlib.Path(programs)
        self.edge_cores = edge_cores
        self.best_ns = best_ns or best_spin_ns()
        self.parts = []
        self.limits = []
        try:
            self._start(rtt_ms, mbit, cloud_cores)
        except BaseException:
            self.stop()
            raise

    def _run(self, name, command, **options):
        part = Process(name, command, self.folder, **options)
        self.parts.append(part)
        return part

    def _node(self, name, cpu, *settings, join=None):
        # Each node has one core: a quota is exact only where its threads share
        # one run queue.
        cores = sorted(os.sched_getaffinity(0))
        core = cores[cpu % len(cores)]
        command = ["taskset", "-c", str(core),
                   self.programs / "faas-node", "--dev",
                   "--set", f"node.name={name}",
                   "--set", f"node.data={self.folder / name}",
                   "--set", "gateway.port=0"]
        for setting in settings:
            command += ["--set", setting]
        if join:
            command += ["join", join]
        node = self._run(name, command, ready="\nready")
        limit = CpuLimit(node.child.pid, name, core, self.best_ns)
        self.limits.append(limit)
        gateway = next(line.split()[-1] for line in node.text().splitlines()
                       if line.strip().startswith("gateway"))
        return node, limit, gateway

    def _start(self, rtt_ms, mbit, cloud_cores):
        self.broker_port = free_port()
        config = self.folder / "mosquitto.conf"
        config.write_text(f"listener {self.broker_port} 127.0.0.1\n"
                          "allow_anonymous true\nmax_queued_messages 10000\n"
                          "user root\npersistence false\n")
        broker = "/usr/sbin/mosquitto"
        self._run("mosquitto", [broker, "-c", config], ready="running")
        self.cloud, self.cloud_limit, self.cloud_url = self._node(
            "cloud-1", 0, "node.tier=cloud", "link.listen=true", "link.port=0",
            "functions.executors=1")
        link_port = next(line.split(":")[-1]
                         for line in self.cloud.text().splitlines()
                         if line.strip().startswith("links"))
        self.emulator = self._run(
            "link-emulator",
            [self.programs / "link-emulator", "--to", f"127.0.0.1:{link_port}",
             "--rtt", rtt_ms, "--mbit", mbit],
            ready="listening", stdin=subprocess.PIPE)
        port = self.emulator.text().split()[1]
        self.edge, self.edge_limit, self.edge_url = self._node(
            "edge-1", 1, "node.tier=edge", "functions.executors=1",
            f"mqtt.broker=127.0.0.1:{self.broker_port}",
            join=self.join_token(f"127.0.0.1:{port}"))
        wait_until("connection of the two nodes",
                   lambda: "is connected" in self.edge.text())
        if self.cloud_limit.steady:
            self.cloud_limit.set(cloud_cores)

    def cli(self, *words):
        """What faas-cli prints, asked of the cloud node."""
        env = dict(os.environ, PETREL_GATEWAY=self.cloud_url,
                   PETREL_TOKEN_FILE=str(self.folder / "cloud-1/admin-token"))
        done = subprocess.run([self.programs / "faas-cli", *words], env=env,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"faas-cli {words[0]} failed: {done.stderr}")
        return done.stdout

    def join_token(self, address):
        return self.cli("node", "token", "--tier", "edge", "--address",
                        address).strip()

    def deploy(self, manifest):
        """faas-cli up, then waits until both sites serve every function."""
        return self.cli("up", "-f", manifest)

    def sites(self, function, size=38):
        token = (self.folder / "edge-1/admin-token").read_text().strip()
        request = urllib.request.Request(
            f"{self.edge_url}/system/sites/{function}?size={size}",
            headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError:
            return []

    def metrics(self):
        with urllib.request.urlopen(f"{self.edge_url}/metrics",
                                    timeout=5) as answer:
            return answer.read().decode()

    def slow_edge(self, factor):
        """The edge gets 1/factor of its CPU."""
        self.edge_limit.set(self.edge_cores / factor)

    def stop(self):
        for limit in self.limits:
            try:
                limit.set(None)
            except OSError:
                pass
        for part in reversed(self.parts):
            part.stop()
        for limit in self.limits:
            limit.remove()
        self.parts = []
        self.limits = []
