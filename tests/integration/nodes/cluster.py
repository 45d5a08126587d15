"""Real nodes for integration tests: each a faas-node process on loopback with a
folder of its own. Programs come from $PETREL_BUILD/bin. Waits poll a condition
with a generous limit; passing the limit is a failure, not a pause."""
import base64
import ctypes
import hashlib
import http.client
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import threading
import time
import uuid

BUILD = pathlib.Path(os.environ.get("PETREL_BUILD", "build/dev"))
SOURCE = pathlib.Path(os.environ.get("PETREL_SOURCE", "."))
FUNCTIONS = BUILD / "test-functions"
LIMIT = 60.0  # seconds; a loaded machine under ASan


def wait_until(what, condition, seconds=LIMIT):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen in {seconds:.0f} s")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def zstd(data):
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_compressBound.restype = ctypes.c_size_t
    library.ZSTD_compressBound.argtypes = [ctypes.c_size_t]
    library.ZSTD_compress.restype = ctypes.c_size_t
    library.ZSTD_compress.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t,
        ctypes.c_int]
    out = ctypes.create_string_buffer(library.ZSTD_compressBound(len(data)))
    size = library.ZSTD_compress(out, len(out), data, len(data), 3)
    return out.raw[:size]


def bundle_of(files, links=()):
    """A packed bundle. files: name -> bytes; links: (name, target)."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            entry.mode = 0o755
            tar.addfile(entry, io.BytesIO(data))
        for name, target in links:
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.SYMTYPE
            entry.linkname = target
            tar.addfile(entry)
    return zstd(packed.getvalue())


def library_bundle(library, salt=""):
    """A bundle with one of tests/support/functions; `salt` makes it differ."""
    files = {f"{library}.so": (FUNCTIONS / f"{library}.so").read_bytes()}
    if salt:
        files["salt"] = salt.encode()
    return bundle_of(files)


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.body = body

    @property
    def text(self):
        return self.body.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def site(self):
        return self.headers.get("x-faas-site", "")

    def __repr__(self):
        return f"{self.status} {self.text[:300]!r}"


def request(port, method, path, body=None, headers=None, timeout=LIMIT):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response, response.read())
    finally:
        connection.close()


class Process:
    """What this test started, as `child`."""

    def kill(self):
        self.child.kill()
        self.child.wait()

    def freeze(self):
        os.kill(self.child.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.child.pid, signal.SIGCONT)


class Node(Process):
    """One faas-node. Keyword settings: gateway_loops=2 means gateway.loops."""

    def __init__(self, folder, name, *flags, dev=True, ready=True, join=None,
                 **settings):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.flags = list(flags) + (["--dev"] if dev else [])
        self.settings = {"node.name": name,
                         "node.data": str(self.folder / name),
                         "gateway.port": "0", "node.seed": "1",
                         "functions.executors": "2"}
        if os.geteuid() != 0:  # else /proc/PID of the node is root's
            self.settings["node.core_dumps"] = "true"
        for key, value in settings.items():
            self.set(key, value)
        self.runs = 0
        self.patience = LIMIT  # for answers to management calls
        self.child = None
        self.start(ready, join)

    def set(self, key, value):
        area, _, rest = key.partition("_")
        rest = rest.replace("__", "_")
        text = str(value).lower() if isinstance(value, bool) else str(value)
        self.settings[f"{area}.{rest}"] = text

    def start(self, ready=True, join=None):
        """With `join`, a token: joins first, then runs."""
        self.runs += 1
        self.log = self.folder / f"{self.name}-{self.runs}.log"
        command = [BUILD / "bin" / "faas-node", *self.flags]
        if join:
            command += ["join", join]
        for key, value in self.settings.items():
            command += ["--set", f"{key}={value}"]
        with open(self.log, "wb") as out:
            self.child = subprocess.Popen([str(c) for c in command],
                                          stdout=out, stderr=out)
        if ready:
            wait_until(f"start of {self.name} ({self.output()[-2000:]})",
                       lambda: self.banner_value("gateway") or self.ended())
            assert not self.ended(), self.output()
            self.port = int(self.banner_value("gateway").rsplit(":", 1)[1])
            links = self.banner_value("links")
            self.link_port = int(links.rsplit(":", 1)[1]) if links else 0
            token = pathlib.Path(self.settings["node.data"]) / "admin-token"
            self.token = token.read_text().strip()

    def output(self):
        return self.log.read_text(errors="replace")

    def banner_value(self, key):
        lines = self.output().splitlines()
        if "ready" not in lines:
            return ""
        for line in lines:
            words = line.split()
            if len(words) == 2 and words[0] == key:
                return words[1]
        return ""

    def ended(self):
        return self.child.poll() is not None

    def terminate(self, seconds=LIMIT):
        """SIGTERM; the exit status."""
        self.child.terminate()
        return self.child.wait(seconds)

    def close(self):
        if self.ended():
            return
        self.thaw()
        self.child.terminate()
        try:
            self.child.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end: {self.output()}")

    # -- calls ----------------------------------------------------------------

    def call(self, function, body="", headers=None, timeout=LIMIT):
        return request(self.port, "POST", f"/function/{function}", body,
                       headers, timeout)

    def admin(self, method, path, body=None, headers=None, token=None):
        key = base64.b64encode(f"admin:{token or self.token}".encode())
        return request(self.port, method, path, body,
                       {"Authorization": "Basic " + key.decode(),
                        **(headers or {})}, self.patience)

    def upload(self, packed, digest=None):
        digest = digest or hashlib.sha256(packed).hexdigest()
        return digest, self.admin("PUT", f"/system/bundles/{digest}", packed)

    def post(self, name, digest, method="POST", request_id=None, **petrel):
        body = {"service": name, "image": f"sha256:{digest}",
                "petrel": {"mode": "threads", **petrel}}
        return self.admin(method, "/system/functions", json.dumps(body),
                          {"X-Request-Id": request_id or str(uuid.uuid4())})

    def deploy(self, name, library=None, packed=None, update=False,
               wait=True, **petrel):
        """Uploads and deploys one of the test functions."""
        if library is None and packed is None:
            library = "misbehave"
        packed = packed or library_bundle(library)
        petrel.setdefault("artifact", f"{library}.so")
        digest, answer = self.upload(packed)
        assert answer.status in (200, 201), answer
        answer = self.post(name, digest, "PUT" if update else "POST", **petrel)
        assert answer.status in (200, 202), answer
        if wait:
            wait_until(f"{name} ready: {self.describe(name)}",
                       lambda: self.describe(name).get("availableReplicas"))
        return answer

    def describe(self, name):
        answer = self.admin("GET", f"/system/function/{name}")
        return answer.json if answer.status == 200 else {}

    def reasons(self, name):
        return json.dumps(self.describe(name).get("petrel", {}))

    def join_token(self, *addresses, **fields):
        """A token of this node, which has the controller."""
        if addresses:
            fields["addresses"] = [f"127.0.0.1:{port}" for port in addresses]
        answer = self.admin("POST", "/system/nodes/tokens",
                            json.dumps(fields))
        assert answer.status == 201, answer
        return answer.json["token"]

    def nodes(self):
        answer = self.admin("GET", "/system/nodes").json
        rows = answer["nodes"] if isinstance(answer, dict) else answer
        return {row["name"]: row for row in rows}

    def leads(self):
        """Whether this node says of itself that it leads."""
        try:
            return self.nodes().get(self.name, {}).get("controller", False)
        except OSError:
            return False

    def sites(self, name):
        answer = self.admin("GET", f"/system/sites/{name}")
        if answer.status != 200:
            return {}
        rows = answer.json
        rows = rows["sites"] if isinstance(rows, dict) else rows
        return {row["site"]: row for row in rows}

    def candidates(self, name):
        """Those that serve; not those where it is still being brought to."""
        return sorted(s for s, row in self.sites(name).items()
                      if row.get("candidate") and "ready_in_ms" not in row)


class Emulator:
    """tools/link-emulator in front of a node's link port."""

    def __init__(self, folder, to_port, rtt=5, mbit=100):
        self.port = free_port()
        with open(pathlib.Path(folder) / "emulator.log", "wb") as out:
            self.child = subprocess.Popen(
                [str(BUILD / "bin" / "link-emulator"), "--listen",
                 str(self.port), "--to", f"127.0.0.1:{to_port}", "--rtt",
                 str(rtt), "--mbit", str(mbit)], stdin=subprocess.PIPE,
                stdout=out, stderr=subprocess.STDOUT)

    def tell(self, command):
        self.child.stdin.write(command.encode() + b"\n")
        self.child.stdin.flush()

    def close(self):
        if self.child.poll() is None:
            self.child.stdin.close()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


class Redis(Process):
    """A server on a unix socket; every change is on disk before its answer."""

    def __init__(self, folder, *more):
        self.folder = pathlib.Path(folder) / "redis"
        self.folder.mkdir()
        self.socket = str(self.folder / "sock")
        self.more = more
        self.start()

    def start(self):
        self.child = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket,
             "--dir", str(self.folder), "--save", "", "--appendonly", "yes",
             "--appendfsync", "always", "--logfile",
             str(self.folder / "log"), *self.more])
        wait_until("start of Redis", lambda: self.ask("PING") != "")

    def ask(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.socket, *words],
                              capture_output=True, text=True, timeout=LIMIT)
        return done.stdout.strip() if done.returncode == 0 else ""

    def close(self):
        self.kill()


class Calls:
    """Calls in the background; each is counted when it is answered."""

    def __init__(self):
        self.answers = []
        self.failures = []
        self.threads = []
        self.lock = threading.Lock()

    def start(self, node, function, body, count=1, **options):
        for _ in range(count):
            thread = threading.Thread(
                target=self._one, args=(node.port, function, body, options))
            thread.start()
            self.threads.append(thread)

    def _one(self, port, function, body, options):
        try:
            answer = request(port, "POST", f"/function/{function}", body,
                             **options)
            with self.lock:
                self.answers.append(answer)
        except Exception as failed:  # a lost answer is what is being tested
            with self.lock:
                self.failures.append(failed)

    def wait(self, seconds=LIMIT):
        for thread in self.threads:
            thread.join(seconds)
            assert not thread.is_alive(), "a call was never answered"
        return self.answers

    def statuses(self):
        return sorted(a.status for a in self.answers)


class Load:
    """Callers on the nodes, without a pause between their events."""

    def __init__(self, *nodes, function="f", body="block 3"):
        self.function, self.body = function, body
        self.stop, self.answers, self.troubles = threading.Event(), [], []
        self.threads = [threading.Thread(target=self.call, args=(n,))
                        for n in nodes]
        for thread in self.threads:
            thread.start()

    def call(self, node):
        while not self.stop.is_set():
            try:
                self.answers.append(node.call(self.function, self.body))
            except OSError as lost:
                self.troubles.append(lost)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def versions(self, last=40):
        return {a.headers.get("x-faas-version") for a in self.answers[-last:]}


class Scratch:
    """A folder of one test and what runs in it; closes everything, then says
    what did not end."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="petrel-it-"))
        self.parts = []

    def node(self, name, *flags, **settings):
        node = Node(self.folder, name, *flags, **settings)
        self.parts.append(node)
        return node

    def emulator(self, to_port, **options):
        part = Emulator(self.folder, to_port, **options)
        self.parts.append(part)
        return part

    def pair(self, emulated=False, cloud=None, edge=None):
        """An acceptor and a node with the controller, which it joins by a token
        over an encrypted link."""
        cloud_node = self.node("cloud-1", node_tier="cloud", link_listen=True,
                               link_port=0, **(cloud or {}))
        port, link = cloud_node.link_port, None
        if emulated:
            link = self.emulator(port)
            port = link.port
        edge_node = self.node("edge-1", join=cloud_node.join_token(port),
                              node_tier="edge", **(edge or {}))
        wait_until("edge connects", lambda: cloud_node.nodes().get(
            "edge-1", {}).get("state") == "alive")
        return (edge_node, cloud_node, link) if emulated else (edge_node,
                                                               cloud_node)

    def controllers(self, redis, names=("n1", "n2"), **settings):
        """Nodes with controllers on one Redis; the first leads, and the others
        know its cluster key and address."""
        first, all_nodes = None, []
        for name in names:
            more = {} if first is None else {
                "registry_key__file": self.folder / names[0] / "cluster-key",
                "link_join": f"127.0.0.1:{first.link_port}"}
            node = self.node(name, registry_redis=redis.socket,
                             node_tier="cloud", link_listen=True,
                             link_port=free_port(), **more, **settings)
            first = first or node
            all_nodes.append(node)
        for node in all_nodes:
            wait_until(f"{node.name} knows the others", lambda: {
                name for name, row in node.nodes().items()
                if row["state"] == "alive"} >= set(names))
        return all_nodes

    def close(self):
        troubles = []
        for part in reversed(self.parts):
            try:
                part.close()
            except AssertionError as trouble:
                troubles.append(str(trouble))
        logs = [(p.name, p.log) for p in self.parts if isinstance(p, Node)]
        for name, log in logs:
            text = log.read_text(errors="replace")
            found = [text.index(mark) for mark in
                     ("AddressSanitizer", "runtime error:", "LeakSanitizer")
                     if mark in text]
            if found:
                troubles.append(f"{name}: {text[min(found):][:4000]}")
        shutil.rmtree(self.folder, ignore_errors=True)
        assert not troubles, "\n".join(troubles)
