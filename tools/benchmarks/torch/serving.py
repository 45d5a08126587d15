"""A model behind HTTP: single images as events, joined into batches by the node,
beside LitServe and MLServer (PyPI) and a bare libtorch loop at its best batch
size, in one run on the same cores. Used by tools/bench. One torch thread and one
worker each; Petrel also with two executors. Peers that are not there are left out
and named; `setup-peers` beside this file gets them."""
import base64
import contextlib
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import throughput
from throughput import Function, Server, http_run, node_measure

ROOT = pathlib.Path(__file__).resolve().parents[3]
PEERS = ROOT / ".deps" / "peers" / "torch" / "bin"
EXAMPLE = ROOT / "examples" / "classify"
IMAGE_BYTES = 784
CONNECTIONS = (1, 8, 32, 64)

LITSERVE = '''
import base64, sys
import litserve, torch

class Model(litserve.LitAPI):
    def setup(self, device):
        torch.set_num_threads(1)
        self.model = torch.jit.optimize_for_inference(
            torch.jit.load("model.pt").eval())

    def decode_request(self, request):
        return torch.frombuffer(bytearray(base64.b64decode(request["image"])),
                                dtype=torch.uint8).view(1, 28, 28)

    def batch(self, inputs):
        return torch.stack(inputs)

    def predict(self, x):
        with torch.inference_mode():
            return self.model(x)[0].tolist()

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return {"labels": [output]}

if __name__ == "__main__":
    litserve.LitServer(Model(max_batch_size=32, batch_timeout=0.001),
                       accelerator="cpu", workers_per_device=1).run(
        host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1,
        log_level="warning", generate_client_file=False)
'''

MLSERVER = '''
import torch
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse
import numpy

class Model(MLModel):
    async def load(self):
        torch.set_num_threads(1)
        self.model = torch.jit.optimize_for_inference(
            torch.jit.load("model.pt").eval())
        return True

    async def predict(self, payload):
        pixels = NumpyCodec.decode_input(payload.inputs[0]).astype(numpy.uint8)
        with torch.inference_mode():
            labels = self.model(torch.from_numpy(pixels))[0].numpy()
        return InferenceResponse(model_name=self.name, outputs=[
            NumpyCodec.encode_output("labels", labels.reshape(-1, 1))])
'''


def image():
    seed, made = 1, bytearray()
    for _ in range(IMAGE_BYTES):
        seed = (seed * 1664525 + 1013904223) & 0xffffffff
        made.append(seed >> 24)
    return bytes(made)


class Way:
    """A running server: where to ask it, and what to send."""

    def __init__(self, name, server, body, content_type):
        self.name, self.server = name, server
        self.body, self.content_type = body, content_type

    def files(self, folder):
        """The body, and wrk's script that sends it."""
        safe = "".join(c if c.isalnum() else "-" for c in self.name)
        body, script = folder / f"{safe}.body", folder / f"{safe}.lua"
        body.write_bytes(self.body)
        script.write_text(
            f'local file = io.open("{body}", "rb")\n'
            'wrk.method = "POST"\nwrk.body = file:read("*a")\n'
            f'wrk.headers["Content-Type"] = "{self.content_type}"\n')
        return body, script


def litserve(folder):
    (folder / "lit.py").write_text(LITSERVE)
    server = Server([PEERS / "python", "lit.py", "PORT"], folder)
    server.path = "/predict"
    body = json.dumps({"image": base64.b64encode(image()).decode()}).encode()
    return Way("LitServe, batch 32", server, body, "application/json")


def mlserver(folder):
    (folder / "model.py").write_text(MLSERVER)
    (folder / "model-settings.json").write_text(json.dumps(
        {"name": "classify", "implementation": "model.Model"}))
    port, grpc, metrics = (http_run.free_port() for _ in range(3))
    (folder / "settings.json").write_text(json.dumps(
        {"http_port": port, "grpc_port": grpc, "metrics_port": metrics,
         "host": "127.0.0.1", "parallel_workers": 0, "debug": False}))
    server = Server([PEERS / "mlserver", "start", "."], folder)
    server.port, server.path = port, "/v2/models/classify/infer"
    body = json.dumps({"inputs": [{
        "name": "images", "shape": [1, 1, 28, 28], "datatype": "UINT8",
        "data": list(image())}]}).encode()
    return Way("MLServer, in process", server, body, "application/json")


def pss_mib(pid):
    """Proportional set size of a process and its descendants."""
    total, todo = 0, [pid]
    while todo:
        one = todo.pop()
        with contextlib.suppress(OSError):
            for task in pathlib.Path(f"/proc/{one}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())
            for line in open(f"/proc/{one}/smaps_rollup"):
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


def wait_for_answer(way, folder, programs, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if open_loop(way, folder, programs, 5, 1)["failed"] == 0:
            return
    raise SystemExit(f"{way.name} never answered: see {folder}/peer.log")


def open_loop(way, folder, programs, rate, seconds):
    body, _ = way.files(folder)
    done = subprocess.run(
        [str(programs / "bench_open_loop"), str(way.server.port),
         way.server.path, str(body), str(rate), str(seconds),
         way.content_type],
        capture_output=True, text=True, check=True, timeout=seconds + 60)
    return json.loads(done.stdout)


def closed_loop(way, folder, connections, seconds):
    _, script = way.files(folder)
    return throughput.wrk(way.server, script, connections, seconds)


def bare(programs):
    done = subprocess.run(
        [str(programs / "bench_torch_joined"), str(EXAMPLE), "bare"],
        capture_output=True, text=True, check=True, timeout=120)
    return float(done.stdout)


def fed(programs, rate, seconds):
    """The bare loop with the same arrivals as the open loop."""
    done = subprocess.run(
        [str(programs / "bench_torch_joined"), str(EXAMPLE), "fed", str(rate),
         str(seconds)], capture_output=True, text=True, check=True,
        timeout=seconds + 60)
    return json.loads(done.stdout)


def begin(programs, folder, owned):
    """The ways, each with an answer; the names of what is missing; pids."""
    ways, missing = [], []
    for name, executors in (("Petrel", 1), ("Petrel, 2 executors", 2)):
        node = node_measure.Node(programs, folder, f"n{executors}",
                                 f"functions.executors={executors}")
        owned.callback(node.stop)
        node.cli("up", "-f", str(EXAMPLE / "stack.yml"), cwd=EXAMPLE)
        petrel = Function(node, "classify")
        petrel.process = node.child
        ways.append(Way(name, petrel, image(), "application/octet-stream"))
    for name, program, start in (("LitServe", "litserve", litserve),
                                 ("MLServer", "mlserver", mlserver)):
        if not (PEERS / program).exists():
            missing.append(name)
            continue
        place = folder / program
        place.mkdir()
        (place / "model.pt").symlink_to(EXAMPLE / "model.pt")
        ways.append(start(place))
        owned.callback(ways[-1].server.stop)
    for way in ways:
        wait_for_answer(way, folder, programs)
    return ways, missing


def run(programs, rounds, seconds, say):
    if not (programs / "bench_torch_joined").exists():
        return {"skipped": "built without libtorch"}
    with contextlib.ExitStack() as owned:
        folder = pathlib.Path(owned.enter_context(
            tempfile.TemporaryDirectory(prefix="petrel-bench-")))
        ways, missing = begin(programs, folder, owned)
        for each in missing:
            say(f"without {each}: tools/benchmarks/torch/setup-peers")
        seen, best = {way.name: {} for way in ways}, []
        for number in range(rounds):
            best.append(bare(programs))
            say(f"round {number + 1} bare loop {best[-1]:.0f} images/s")
            for way in ways:
                for connections in CONNECTIONS:
                    row = closed_loop(way, folder, connections, seconds)
                    seen[way.name].setdefault(connections, []).append(row)
                    say(f"round {number + 1} c={connections:<3}{way.name:22}"
                        f"{row['per_second']:8.0f}/s p50 "
                        f"{row['p50_us'] / 1000:.2f} ms p99 "
                        f"{row['p99_us'] / 1000:.2f} ms failed "
                        f"{row['failed']}")
        rows = [summary(way, seen[way.name], best) for way in ways]
        for way, row in zip(ways, rows):
            half = [open_loop(way, folder, programs, row["best"] / 2, seconds)
                    for _ in range(rounds)]
            for key in ("p50_ms", "p99_ms", "failed"):
                row[f"half_{key}"] = statistics.median(h[key] for h in half)
            row["pss_mib"] = pss_mib(way.server.process.pid)
            say(json.dumps(row))
        alone = [fed(programs, rows[0]["best"] / 2, seconds)
                 for _ in range(rounds)]
        return {"bare": statistics.median(best), "rows": rows,
                "fed": {key: statistics.median(each[key] for each in alone)
                        for key in ("p50_ms", "p99_ms")},
                "missing": missing}


def summary(way, by_connections, best):
    """Medians; the share of the bare loop is taken within each round."""
    rates = {c: statistics.median(r["per_second"] for r in rows)
             for c, rows in by_connections.items()}
    top = max(rates, key=rates.get)
    return {"name": way.name, "rates": rates, "best": rates[top],
            "of_bare": statistics.median(
                row["per_second"] / loop
                for row, loop in zip(by_connections[top], best)),
            "p50_ms": statistics.median(
                r["p50_us"] for r in by_connections[1]) / 1000,
            "failed": sum(r["failed"] for rows in by_connections.values()
                          for r in rows)}


def table(seen):
    if "rows" not in seen:
        return seen.get("skipped", "")
    lines = [f"Bare loop, one thread, best batch size: {seen['bare']:.0f} "
             "images/s.", "",
             "| server | " + " | ".join(f"c={c}" for c in CONNECTIONS)
             + " | of bare | p50 ms, c=1 | p50/p99 ms at half load | PSS MiB "
             "| failed |",
             "| --- |" + " ---: |" * (len(CONNECTIONS) + 5)]
    for row in seen["rows"]:
        rates = " | ".join(f"{row['rates'][c]:.0f}" for c in CONNECTIONS)
        lines.append(
            f"| {row['name']} | {rates} | {row['of_bare']:.2f} | "
            f"{row['p50_ms']:.2f} | {row['half_p50_ms']:.1f}/"
            f"{row['half_p99_ms']:.1f} | {row['pss_mib']:.0f} | "
            f"{row['failed']} |")
    lines.append(f"\nThe bare loop alone, fed as the first row at half load: "
                 f"{seen['fed']['p50_ms']:.1f}/{seen['fed']['p99_ms']:.1f} ms.")
    for each in seen["missing"]:
        lines.append(f"\nWithout {each}: it was not there.")
    return "\n".join(lines)
