"""The processes of one play: gateway nodes, a node per site behind a link
emulator each; or, with another proxy in front, site nodes that know nothing of
each other. All on loopback, all gone when this process is."""
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request

from lab import absence, emulation
from lab.common import CpuLimit, Process, wait_until
from lab.scenario import GATEWAY
from lab.timetable import Timetable

QUEUE = 20_000
FUNCTION = "lab-service.so"
# Sites learn where a controller says that it may be dialled, and try it when
# their link is down. It must not be a way around the emulated one.
NOWHERE = "127.0.0.1:1"


def manifest(scenario, folder, policy):
    """One bundle, a function per function of the scenario."""
    sites = scenario.sites
    keep = [s.keep_ms for s in sites if s.keep_ms > 0]
    lines = ["version: 1.0", "provider: {name: openfaas}", "functions:"]
    for one in scenario.functions:
        lines += [
            f"  {one['name']}:", f"    handler: {folder}", "    petrel:",
            f"      artifact: {FUNCTION}", "      mode: threads",
            f"      concurrency: {max(s.servers for s in sites)}",
            f"      queue: {QUEUE}", "      timeout: 60s",
            "      size: {from: header, name: X-Lab-Size}",
            f"      policy: {deployed_policy(policy)}"]
        if policy is not None and ("hedge=" in policy or crashes(sites)):
            lines += ["      idempotent: true"]
        if policy is not None:
            names = ", ".join(s.name for s in sites)
            lines += [f"      needs: {{nodes: [{names}]}}"]
        if keep:
            lines += [f"      scale: {{min: 0, idle: {round(max(keep))}ms, "
                      "learn: false, prewarm: false}"]
    return "\n".join(lines) + "\n"


def crashes(sites):
    """Then events that a crash loses are sent again, as in the simulator, where
    all functions count as idempotent."""
    return any(absence.crashes(gone) for site in sites for gone in site.absent)


def deployed_policy(policy):
    """A scenario says static:SITE; a node's own site is SITE/cpu. None: the node
    itself, which stands behind a proxy."""
    if policy is None:
        return "min-latency"
    kind, colon, site = policy.partition(":")
    return f"static:{site}/cpu" if kind == "static" and colon else policy


def candidates(answer):
    """Names of the sites that would take events, of what /system/sites said."""
    rows = answer.get("sites", []) if isinstance(answer, dict) else answer
    return {row["site"].split("/")[0] for row in rows if row.get("candidate")}


class Node:
    """A faas-node and what it said of itself."""

    def __init__(self, process, data):
        self.process = process
        self.data = data
        self.url = self._said("gateway")
        self.token_file = data / "admin-token"

    def _said(self, key):
        return next((line.split()[-1] for line in self.process.text()
                     .splitlines() if line.strip().startswith(key + " ")), "")

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    @property
    def link(self):
        return int(self._said("links").rsplit(":", 1)[1])

    def ask(self, path, body=None):
        """JSON of a management call; {} for an error of HTTP."""
        request = urllib.request.Request(
            self.url + path, method="GET" if body is None else "POST",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization":
                     f"Bearer {self.token_file.read_text().strip()}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                text = answer.read()
                return json.loads(text) if text.strip() else {}
        except urllib.error.HTTPError:
            return {}


def gateway_name(number):
    return GATEWAY if number == 0 else f"{GATEWAY}-{number + 1}"


class Cluster:
    """`policy` None: no gateway node; each site serves what comes to it.
    `site_texts`: what sites do before the begin, in place of the scenario's."""

    def __init__(self, folder, programs, scenario, policy, throttle=None,
                 traces=None, site_texts=None):
        self.folder = pathlib.Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.programs = programs
        self.scenario = scenario
        self.policy = policy
        self.throttle = throttle  # lab.throttle.Throttle; None: work sleeps
        self.traces = traces or {}  # site -> file, in place of its steps
        self.site_texts = site_texts or {}
        self.parts, self.limits = {}, {}
        self.sites, self.relays = {}, {}
        self.commands = {}  # site -> what starts its node again
        self.starts = {}    # site -> how often that was done
        self.away = set()   # sites that were killed and not started again
        self.gateways = []  # of Node; none where another proxy is in front
        self.absences = absence.Absences(self, scenario.sites)
        self.timetable = None
        # Set once, before processes are ended: none is started then, and what
        # the timetable's thread changes it changes under the lock.
        self.ending, self.lock = threading.Event(), threading.Lock()
        try:
            self._start()
            self._deploy()
        except BaseException:
            self.stop()
            raise

    # -- starting -------------------------------------------------------------

    def run(self, name, command, **options):
        part = Process(name, command, self.folder, **options)
        self.parts[name] = part
        return part

    def _node(self, name, settings, join=None, core=None):
        data = self.folder / name
        settings = {"node.name": name, "node.data": data, "gateway.port": 0,
                    "functions.trust_all": "true",
                    "functions.python_waiting": 0, **settings}
        command = ["env", f"PETREL_LAB_SITE={self.folder / (name + '.site')}"]
        if core is not None:
            command += ["taskset", "-c", core]
        command += [self.programs / "faas-node", "--dev"]
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        self.commands[name] = (list(command), core)
        if join:
            command += ["join", join]
        return Node(self.run(name, command, ready="\nready"), data)

    @property
    def gateway(self):
        """The one that has the controller; None: there is none."""
        return self.gateways[0] if self.gateways else None

    def _relay(self, site, ports, towards_site):
        """One link for all of these ports; its own, in their order."""
        to = [word for port in ports for word in ("--to", f"127.0.0.1:{port}")]
        relay = self.run(
            f"link-{site.name}", [self.programs / "link-emulator", *to,
                                  *emulation.link_options(site, towards_site)],
            ready="listening", stdin=subprocess.PIPE)
        self.relays[site.name] = relay
        return relay.text().splitlines()[0].split()[1:]

    def _start_gateways(self):
        for number in range(self.scenario.gateways):
            token = self._token("gateway", self.gateway.link) if number else None
            self.gateways.append(self._node(gateway_name(number), {
                "node.tier": "gateway", "link.listen": "true", "link.port": 0,
                "link.advertise": NOWHERE, "functions.executors": 1},
                join=token))

    def _token(self, tier, port):
        return self.cli(self.gateway, "node", "token", "--tier", tier,
                        "--address", f"127.0.0.1:{port}").strip()

    def _start(self):
        if self.policy is not None:
            self._start_gateways()
        for number, site in enumerate(self.scenario.sites):
            self._start_site(number, site)
        if self.gateway:
            wait_until("connection of all sites", lambda: all(
                self._connected(s.name) for s in self.scenario.sites), 30)

    def _connected(self, name):
        text = self.parts[name].text()
        return all(f"node {gateway_name(number)} (gateway) is connected" in text
                   for number in range(len(self.gateways)))

    def _start_site(self, number, site):
        emulation.replace(self.folder / (site.name + ".site"),
                          self.site_texts.get(site.name)
                          or emulation.site_file(site))
        # Where work sleeps, a probe of the processor says that nothing changed.
        settings = {"node.tier": site.tier,
                    "functions.cpu_probes": "true" if self.throttle else "false",
                    "functions.executors": site.servers}
        core = self.throttle.core(number) if self.throttle else None
        if self.gateway:
            ports = self._relay(site, [one.link for one in self.gateways],
                                towards_site=False)
            token = self._token(site.tier, ports[0])
            settings["link.join"] = ",".join(f"127.0.0.1:{port}"
                                             for port in ports)
            node = self._node(site.name, settings, join=token, core=core)
        else:
            node = self._node(site.name, settings, core=core)
            node.relay_port = int(self._relay(site, [node.port],
                                              towards_site=True)[0])
        self.sites[site.name] = node
        self._limit(site.name, node.process, core)

    def _limit(self, name, process, core):
        if self.throttle:
            self.limits[name] = CpuLimit(process.child.pid, name, core,
                                         self.throttle.best_ns)

    def cli(self, node, *words):
        env = dict(os.environ, PETREL_GATEWAY=node.url,
                   PETREL_TOKEN_FILE=str(node.token_file))
        done = subprocess.run([self.programs / "faas-cli", *words], env=env,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"faas-cli {words[0]} failed: "
                               f"{done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def _deploy(self):
        bundle = self.folder / "function"
        bundle.mkdir()
        shutil.copy(self.programs / FUNCTION, bundle / FUNCTION)
        self._up()

    def change_policy(self, policy):
        """At run time: the next version, which does the same work. Events go by
        it a moment after this returns: loops learn of it by themselves."""
        self.policy = policy
        before = [self._served(one["name"]) for one in self.scenario.functions]
        self._up()
        for one, then in zip(self.scenario.functions, before):
            wait_until(f"the next version of {one['name']}", lambda one=one,
                       then=then: self._served(one["name"]) > then, 30)
            wait_until("its sites", lambda one=one: len(self._candidates(
                self.gateway, one["name"])) == len(self.sites), 30)

    def _served(self, function):
        """The version that has all the traffic; 0: none has."""
        shares = self.gateway.ask(f"/system/function/{function}").get(
            "petrel", {}).get("traffic", {}).get("shares", {})
        return next((int(version) for version, share in shares.items()
                     if share == 100), 0)

    def _up(self):
        file = self.folder / "stack.yml"
        file.write_text(manifest(self.scenario, self.folder / "function",
                                 self.policy))
        for node in self.gateways[:1] or self.sites.values():
            self.cli(node, "up", "-f", str(file))
        count = len(self.sites) if self.gateway else 1
        for one in self.scenario.functions:
            for node in self.gateways or self.sites.values():
                wait_until(f"{one['name']} ready", lambda node=node, one=one:
                           len(self._candidates(node, one["name"])) == count,
                           30)

    @staticmethod
    def _candidates(node, function):
        return candidates(node.ask(f"/system/sites/{function}"))

    # -- playing --------------------------------------------------------------

    def forget_functions(self):
        """Where sites can be cold, a scenario begins with cold ones."""
        if not any(s.keep_ms > 0 for s in self.scenario.sites):
            return
        for node in [self.gateway] if self.gateway else self.sites.values():
            for one in self.scenario.functions:
                name = one["name"]
                node.ask(f"/system/scale-function/{name}",
                         {"serviceName": name, "replicas": 0})
                wait_until(f"{name} out of memory", lambda: node.ask(
                    f"/system/function/{name}").get("availableReplicas") == 0,
                    30)

    def begin(self, at):
        """The scenario begins at this time.monotonic(): the sites learn it
        ahead; what has its time is done from a thread."""
        for site in self.scenario.sites:
            loops = self.throttle.loops_per_ms if self.throttle else 0
            emulation.replace(
                self.folder / (site.name + ".site"),
                emulation.site_file(site, int(at * 1e9), loops))
            if self.throttle:
                self._share(site, 0)
        self.begun = self.absences.begin = at
        steps = [(0, self._play_links), *self._slowdowns(),
                 *self.absences.timed()]
        self.timetable = Timetable(at, sorted(steps, key=lambda one: one[0]),
                                   self.absences.poll, self.ending)

    def _play_links(self):
        for site in self.scenario.sites:
            text = emulation.link_script(site, self.gateway is None)
            script = self.folder / f"link-{site.name}.script"
            script.write_text(text)
            script = self.traces.get(site.name, script)
            if text or site.name in self.traces:
                self.tell_link(site.name, f"play {script}")

    def tell_link(self, name, command):
        relay = self.relays[name].child.stdin
        relay.write((command + "\n").encode())
        relay.flush()

    def _slowdowns(self):
        """Of shares of cores, for the timetable."""
        if not self.throttle:
            return []
        return [(begin, lambda site=site, begin=begin: self._share(site, begin))
                for site in self.scenario.sites
                for begin, _ in site.steps.get("slowdown", [])]

    def _share(self, site, at_ms):
        with self.lock:
            if site.name in self.limits and not self.ending.is_set():
                self.limits[site.name].set(
                    emulation.site_cores(site, at_ms, self.throttle.unit))

    # -- sites that are absent ------------------------------------------------

    def leave_first(self):
        """Those that are absent from the begin; after forget_functions."""
        for name in self.absences.leave_first():
            wait_until(f"{name} out of the candidates", lambda name=name:
                       not any(self._seen(name)), 30)

    def _seen(self, name):
        """By gateway and function: whether that site would get events."""
        return [name in self._candidates(gateway, one["name"])
                for gateway in self.gateways for one in self.scenario.functions]

    def set_duty(self, name, action):
        """cordon: no new events go there, what is there is finished; uncordon:
        they do again. The controller has it when this returns."""
        said = self.gateway.ask(f"/system/node/{name}?action={action}", {})
        wanted = {"cordon": "cordoned", "uncordon": "active"}[action]
        if said.get("duty") != wanted:
            raise RuntimeError(f"{action} of {name} was refused; see "
                               f"{self.folder}/{GATEWAY}.log")

    def kill_site(self, name):
        """SIGKILL: its node has what is on its disk, and no more."""
        with self.lock:
            if self.ending.is_set():
                return
            self.away.add(name)
            limit = self.limits.pop(name, None)
            process = self.parts[name].child
            process.kill()
            process.wait(15)
            if limit:
                drop_limit(limit)

    def start_again(self, name):
        """With the same settings and data; returns before it is ready."""
        command, core = self.commands[name]
        with self.lock:
            if self.ending.is_set():
                return
            self.starts[name] = self.starts.get(name, 0) + 1
            part = Process(f"{name}.{self.starts[name]}", command, self.folder)
            self.parts[name] = part
            self.away.discard(name)
            self._limit(name, part, core)
        if self.throttle:
            self._share(self.scenario.site(name),
                        1000 * (time.monotonic() - self.begun))

    def is_back(self, name):
        """Whether it is connected, and all gateways would send it events."""
        return self._connected(name) and all(self._seen(name))

    def trouble(self):
        """Why the timetable has stopped; None: it goes on."""
        return self.timetable.failed if self.timetable else None

    def processes(self):
        with self.lock:
            made = {name: part.child.pid for name, part in self.parts.items()}
            made.update({f"{name}-quota": limit.holder.pid for name, limit
                         in self.limits.items() if limit.holder})
        return made

    def dead(self):
        """Names of processes that ended by themselves."""
        with self.lock:
            return [name for name, part in self.parts.items()
                    if part.failed() and name not in self.away]

    def stop(self):
        with self.lock:
            self.ending.set()
        limits, self.limits = self.limits, {}
        for limit in limits.values():
            try:
                limit.set(None)
            except OSError:
                pass
        for part in reversed(list(self.parts.values())):
            part.stop()
        for limit in limits.values():
            limit.remove()
        self.parts = {}
        if self.timetable:
            self.timetable.release()


def drop_limit(limit):
    """Of a process that has ended."""
    try:
        limit.set(None)
    except OSError:
        pass
    limit.remove()
