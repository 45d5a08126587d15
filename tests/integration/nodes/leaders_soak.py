"""Two controllers and an edge on one Redis, under load, while leaders die.

    PETREL_BUILD=build/dev python3 tests/integration/nodes/leaders_soak.py \\
        --seconds 190 --kills 10 --stops 5 --rate 200

Events come at a fixed rate (open loop) at the edge and at the controllers that
are ready. Versions are deployed once a second, each repeated with its request id
until it is acknowledged. Leaders are killed (kill -9) and stopped (SIGSTOP) in
turn. At the end:

- no event has failed. An event sent to a controller that was killed or stopped
  at that moment is sent to the edge again by its client and is counted;
- the catalog in Redis has each acknowledged change, once, and no other;
- every function answers with its last version, also at the controllers.

Prints the times from kill or stop until the other controller leads."""
import argparse
import http.client
import json
import queue
import random
import statistics
import threading
import time
import uuid

from cluster import LIMIT, Redis, Scratch, free_port, library_bundle, \
    request, wait_until

FUNCTIONS = [f"f{i}" for i in range(4)]
TERM = 3.0  # seconds, of the lease
STOPPED = 3 * TERM  # how long a leader stays stopped


class Gateway:
    """A node as clients see it: ready or not, and when it was disturbed."""

    def __init__(self, node):
        self.node = node
        self.ready = True
        self.troubles = []  # (from, until)

    def begin_trouble(self):
        self.ready = False
        self.troubles.append([time.monotonic(), None])

    def end_trouble(self):
        self.troubles[-1][1] = time.monotonic()
        self.ready = True

    def disturbed(self, start, end):
        """Whether it was killed or stopped in that time."""
        return any(a <= end and (b is None or start <= b)
                   for a, b in self.troubles)


class Load:
    """Events at a fixed rate, whatever becomes of them."""

    def __init__(self, edge, controllers, rate, threads=48):
        self.edge, self.controllers, self.rate = edge, controllers, rate
        self.todo = queue.SimpleQueue()
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.sent, self.done, self.again = 0, 0, 0
        self.failed, self.late, self.times = [], 0, []
        self.sites = {}
        self.threads = [threading.Thread(target=self.work)
                        for _ in range(threads)]
        self.threads.append(threading.Thread(target=self.pace))
        for thread in self.threads:
            thread.start()

    def pace(self):
        dice = random.Random(1)
        start = time.monotonic()
        while not self.stop.is_set():
            due = start + self.sent / self.rate
            pause = due - time.monotonic()
            if pause > 0:
                self.stop.wait(pause)
                continue
            ready = [g for g in self.controllers if g.ready]
            gateway = dice.choice([self.edge] * len(ready) + ready) \
                if ready else self.edge
            self.sent += 1
            self.todo.put((self.sent, due, gateway))
        for _ in self.threads:
            self.todo.put(None)

    def work(self):
        kept = {}
        while True:
            item = self.todo.get()
            if item is None:
                return
            number, due, gateway = item
            began = time.monotonic()
            # An idle client is no open loop: say how late events were sent.
            late = began - due > 0.5
            trouble = self.one(kept, gateway, number)
            again = bool(trouble) and gateway is not self.edge \
                and gateway.disturbed(began, time.monotonic())
            if again:
                trouble = self.one(kept, self.edge, number)
            with self.lock:
                self.done += 1
                self.again += again
                self.late += late
                self.times.append(time.monotonic() - due)
                if trouble:
                    self.failed.append(
                        (round(time.monotonic(), 2), gateway.node.name,
                         trouble))

    def one(self, kept, gateway, number):
        """Empty when it was answered right, else what went wrong."""
        port = gateway.node.port
        run = (port, gateway.node.runs)  # what died took its connections along
        function = FUNCTIONS[number % len(FUNCTIONS)]
        connection = kept.pop(run, None)
        if connection is None:
            connection = http.client.HTTPConnection(
                "127.0.0.1", port,
                timeout=20 if gateway is self.edge else 3)
        try:
            connection.request("POST", f"/function/{function}", str(number))
            answer = connection.getresponse()
            body = answer.read()
            kept[run] = connection
        except (OSError, http.client.HTTPException) as failed:
            connection.close()
            return repr(failed)
        if answer.status != 200 or body != f"Hello, {number}!\n".encode():
            return f"{answer.status} {body[:300]!r}"
        with self.lock:
            site = answer.headers.get("x-faas-site", "")
            self.sites[site] = self.sites.get(site, 0) + 1
        return ""

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(LIMIT)
            assert not thread.is_alive(), "an event was never answered"


class Deployer:
    """Deploys again and again, each until it is acknowledged."""

    def __init__(self, gateways, pause):
        self.gateways, self.pause = gateways, pause
        self.acknowledged = []  # (function, version, request id, salt)
        self.counts = {name: 0 for name in FUNCTIONS}
        self.attempts, self.repeated, self.longest = 0, 0, 0.0
        self.troubles = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        number = len(self.acknowledged)
        while not self.stop.wait(self.pause):
            try:
                self.deploy(FUNCTIONS[number % len(FUNCTIONS)], f"s{number}")
            except AssertionError as failed:
                self.troubles.append(str(failed))
                return
            number += 1

    def deploy(self, name, salt):
        packed = library_bundle("hello", salt=salt)
        request_id, began, reasons = str(uuid.uuid4()), time.monotonic(), []
        while time.monotonic() - began < LIMIT:
            for gateway in self.gateways:
                if not gateway.ready:
                    continue
                self.attempts += 1
                answer = self.attempt(gateway.node, name, packed, request_id)
                if answer is not None and answer.status in (200, 202):
                    self.longest = max(self.longest,
                                       time.monotonic() - began)
                    told = answer.json
                    self.repeated += bool(told.get("repeated"))
                    self.counts[name] += 1
                    self.acknowledged.append(
                        (name, told["version"], request_id, salt))
                    return
                reasons.append(str(answer)[:200])
            time.sleep(0.05)
        raise AssertionError(f"{name} cannot be deployed: {reasons[-4:]}")

    @staticmethod
    def attempt(node, name, packed, request_id):
        try:
            digest, answer = node.upload(packed)
            if answer.status not in (200, 201):
                return answer
            return node.post(name, digest, request_id=request_id,
                             artifact="hello.so", idempotent=True,
                             concurrency=4)
        except (OSError, http.client.HTTPException):
            return None


def is_ready(node):
    try:
        return not node.ended() and request(
            node.port, "GET", "/readyz", timeout=2).status == 200
    except OSError:
        return False


class Soak:
    def __init__(self, scratch):
        self.redis = Redis(scratch.folder)
        scratch.parts.insert(0, self.redis)
        self.one, self.two = scratch.controllers(self.redis,
                                                 gateway_loops=1)
        for node in (self.one, self.two):
            node.set("gateway_port", node.port)  # the same after a restart
            node.patience = 4
        self.edge = scratch.node("edge-1", join=self.one.join_token(),
                                 node_tier="edge")
        wait_until("the edge knows both", lambda: {"n1", "n2"} <= {
            n for n, row in self.edge.nodes().items()
            if row["state"] == "alive"})
        self.gateways = [Gateway(self.one), Gateway(self.two)]
        self.kills, self.stops = [], []

    def leader(self):
        return wait_until("somebody leads", lambda: next(
            (g for g in self.gateways if g.ready and g.node.leads()), None))

    def other(self, gateway):
        return next(g for g in self.gateways if g is not gateway)

    def back(self, gateway):
        """As a load balancer: it gets events again once it is ready."""
        wait_until(f"{gateway.node.name} is back", lambda:
                   is_ready(gateway.node) and all(
                       gateway.node.nodes().get(n, {}).get("state") == "alive"
                       for n in ("edge-1", self.other(gateway).node.name)))
        gateway.end_trouble()

    def kill_leader(self):
        old = self.leader()
        old.begin_trouble()
        began = time.monotonic()
        old.node.kill()
        new = self.other(old)
        wait_until(f"{new.node.name} leads", new.node.leads)
        self.kills.append(time.monotonic() - began)
        old.node.start()
        self.back(old)

    def stop_leader(self):
        old = self.leader()
        old.begin_trouble()
        began = time.monotonic()
        old.node.freeze()
        try:
            new = self.other(old)
            wait_until(f"{new.node.name} leads", new.node.leads)
            self.stops.append(time.monotonic() - began)
            time.sleep(max(0, began + STOPPED - time.monotonic()))
        finally:
            old.node.thaw()
        self.back(old)
        wait_until(f"{old.node.name} knows", lambda: not old.node.leads())
        assert new.node.leads()

    def check_catalog(self, deployer):
        """Redis has what was acknowledged, each once."""
        number = int(self.redis.ask("HGET", "petrel:catalog", "number"))
        wanted = len(deployer.acknowledged)
        assert number == wanted, f"{wanted} acknowledged, revision {number}"
        assert sum(deployer.counts.values()) == wanted
        for name in FUNCTIONS:
            record = json.loads(self.redis.ask("HGET", "petrel:functions",
                                               name))
            mine = [a for a in deployer.acknowledged if a[0] == name]
            assert [a[1] for a in mine] == list(range(1, len(mine) + 1)), mine
            assert record["last"] == record["current"] == len(mine), record
        for _, version, request_id, _ in deployer.acknowledged:
            kept = self.redis.ask("HGET", "petrel:requests", request_id)
            assert kept.split()[1] == str(version), (request_id, kept)

    def check_versions(self, deployer):
        """All nodes serve the last version of each function."""
        for node in (self.edge, self.one, self.two):
            for name, count in deployer.counts.items():
                wait_until(f"{name} {count} at {node.name}", lambda: node.call(
                    name, "x").headers.get("x-faas-version") == str(count))


def line(name, times):
    return (f"{name}: {len(times)}, median {statistics.median(times):.2f} s, "
            f"longest {max(times):.2f} s" if times else f"{name}: none")


def run(seconds, kills, stops, rate, pause=1.0):
    scratch = Scratch()
    try:
        soak = Soak(scratch)
        deployer = Deployer(soak.gateways, pause)
        for name in FUNCTIONS:
            deployer.deploy(name, f"first-{name}")
        soak.check_versions(deployer)
        faults = [soak.stop_leader if i % 3 == 2 and i // 3 < stops
                  else soak.kill_leader for i in range(kills + stops)]
        spare = stops - sum(f == soak.stop_leader for f in faults)
        assert spare == 0, "at least two kills for each stop"
        load = Load(Gateway(soak.edge), soak.gateways, rate)
        began = time.monotonic()
        deployer.thread.start()
        try:
            for i, fault in enumerate(faults):
                due = began + seconds * (i + 0.5) / len(faults)
                time.sleep(max(0, due - time.monotonic()))
                fault()
            time.sleep(max(0, began + seconds - time.monotonic()))
        finally:
            took = time.monotonic() - began
            deployer.stop.set()
            deployer.thread.join(2 * LIMIT)
            load.end()
        times = sorted(load.times)
        print(f"{took:.0f} s, {load.sent} events sent, {load.done} answered, "
              f"{len(load.failed)} failed; {load.again} sent again because "
              f"their controller was killed or stopped; {load.late} sent late")
        print(f"latency: p50 {1e3 * times[len(times) // 2]:.1f} ms, p99 "
              f"{1e3 * times[len(times) * 99 // 100]:.1f} ms, longest "
              f"{1e3 * times[-1]:.0f} ms; by site {load.sites}")
        print(f"{len(deployer.acknowledged)} changes acknowledged in "
              f"{deployer.attempts} attempts ({deployer.repeated} had been "
              f"made already); longest {deployer.longest:.2f} s")
        print(line("take-over after kill -9", soak.kills))
        print(line("take-over after SIGSTOP", soak.stops), flush=True)
        assert not deployer.troubles, deployer.troubles
        assert not load.failed, load.failed[:10]
        assert load.done == load.sent
        soak.check_catalog(deployer)
        soak.check_versions(deployer)
        return soak
    finally:
        scratch.close()


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--seconds", type=float, default=190)
    options.add_argument("--kills", type=int, default=10)
    options.add_argument("--stops", type=int, default=5)
    options.add_argument("--rate", type=float, default=200)
    given = options.parse_args()
    soak = run(given.seconds, given.kills, given.stops, given.rate)
    assert max(soak.kills, default=0) <= 5, "slower than 5 s after a kill"
    assert max(soak.stops, default=0) <= 2 * TERM, "slower than two terms"
    print("nothing lost, nothing doubled, no event failed")


if __name__ == "__main__":
    main()
