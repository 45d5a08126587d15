"""The commands of docs/operations.md, "Redis", as they stand there, but for
folders and ports."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

from cluster import BUILD, LIMIT, SOURCE, Scratch, free_port

PORTS = ("8080", "8081", "8083", "8084", "8090", "8091", "6390", "6391",
         "6392", "26391")
NODE = """#!/bin/bash
# The defaults of a first node, elsewhere.
case "$*" in *gateway.port*) ;; *) set -- "$@" --set gateway.port=8080;; esac
case "$*" in *link.port*) ;; *) set -- "$@" --set link.port=8090;; esac
name=$(sed 's/.*node.name=\\([a-z0-9]*\\).*/\\1/' <<<"$*")
echo $$ >> FOLDER/pids
: > FOLDER/$name.log
exec BIN/faas-node "$@" > FOLDER/$name.log 2>&1
"""
CLI = """#!/bin/bash
case "$*" in *--gateway*) ;; *) set -- "$@" --gateway http://127.0.0.1:8080;; esac
exec BIN/faas-cli "$@"
"""
SERVER = """#!/bin/bash
setsid REDIS "$@" --daemonize no >> FOLDER/redis.log 2>&1 &
echo $! >> FOLDER/pids
"""
WAIT = """
for _ in {{1..600}}; do grep -qs '{what}' FOLDER/{log}.log && break; sleep 0.1; done
grep -qs '{what}' FOLDER/{log}.log || {{ cat FOLDER/{log}.log; exit 1; }}
"""


def blocks():
    text = (SOURCE / "docs/operations.md").read_text()
    section = text.split("\n## Redis\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.S)


def typed(block):
    """As a person does it, who types the next command when the nodes have said
    "ready" and, where they join n1, that it knows them."""
    nodes = re.findall(r"faas-node .*?node\.name=(\w+)(.*?)(?:&|$)", block,
                       re.S)
    waits = [WAIT.format(what="^ready$", log=name) for name, _ in nodes]
    waits += [WAIT.format(what=f"node {name} (", log="n1")
              for name, rest in nodes if "link.join" in rest]
    logs = " ".join(f"FOLDER/{name}.log" for name, _ in nodes)
    return f"rm -f {logs}\n{block}{''.join(waits)}"


class Operations(unittest.TestCase):
    def setUp(self):
        if not shutil.which("redis-server") or not shutil.which("openssl"):
            self.skipTest("no redis-server or no openssl here")
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.folder = self.scratch.folder
        self.ports = {port: str(free_port()) for port in PORTS}
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        (self.folder / "pids").touch()
        self.addCleanup(self.end_all)
        for name, text in (("faas-node", NODE), ("faas-cli", CLI),
                           ("redis-server", SERVER)):
            (self.bin / name).write_text(self.here(text))
            (self.bin / name).chmod(0o755)

    def here(self, text):
        text = re.sub(r"\b\d{4,5}\b",
                      lambda m: self.ports.get(m[0], m[0]), text)
        text = text.replace("/tmp/petrel", f"{self.folder}/petrel")
        text = text.replace("REDIS", shutil.which("redis-server"))
        return text.replace("FOLDER", str(self.folder)).replace(
            "BIN", str(BUILD.resolve() / "bin"))

    def end_all(self):
        for pid in map(int, (self.folder / "pids").read_text().split()):
            try:
                # Only what this test started: its number may be another's now.
                line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                if b"faas-node" in line or b"redis-server" in line:
                    os.kill(pid, signal.SIGKILL)
            except OSError:
                pass

    def certificates(self):
        folder = self.folder / "petrel" / "tls"
        folder.mkdir(parents=True)

        def openssl(*words):
            subprocess.run(["openssl", *words], cwd=folder, check=True,
                           capture_output=True, timeout=LIMIT)
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes", "-keyout"]
        openssl("req", "-x509", *key, "ca.key", "-subj", "/CN=ca", "-out",
                "ca.crt")
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        for name in ("redis", "node"):
            openssl("req", *key, f"{name}.key", "-subj", f"/CN={name}", "-out",
                    f"{name}.csr")
            openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt",
                    "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names",
                    "-out", f"{name}.crt")

    def test_every_command_of_the_redis_section(self):
        self.certificates()
        script = "set -e\n" + "".join(
            self.here(typed(block)) for block in blocks())
        done = subprocess.run(
            ["bash", "-mc", script], cwd=self.folder, capture_output=True,
            text=True, timeout=4 * LIMIT,
            env={**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}"})
        seen = done.stdout + done.stderr + "".join(
            f"\n-- {log}\n{log.read_text()}"
            for log in sorted(self.folder.glob("n?.log")))
        self.assertEqual(done.returncode, 0, seen)
        self.assertRegex(done.stdout, r"n1 \* .*controller", seen)
        self.assertRegex(done.stdout, r"n2 .*standby", seen)
        self.assertEqual(len(list(self.folder.glob("n?.log"))), 4)
        self.assertIn("leads now", (self.folder / "n2.log").read_text(), seen)


if __name__ == "__main__":
    unittest.main()
