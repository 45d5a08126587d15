"""The commands of docs/operations.md on nodes, bundles and secrets, as they
stand there, but for addresses, ports and folders."""
import os
import pathlib
import re
import signal
import subprocess
import unittest

from cluster import BUILD, LIMIT, SOURCE, Scratch, free_port, wait_until

# Returns when the node says "ready": a person types the next command then.
NODE = """#!/bin/bash
name=cloud-1; port=CLOUD_PORT
case "$*" in *join*) name=edge-1; port=EDGE_PORT;; esac
: > FOLDER/$name.log
setsid BIN/faas-node "$@" --set node.name=$name --set node.data=FOLDER/$name \\
  --set gateway.port=$port --set link.port=LINK_PORT > FOLDER/$name.log 2>&1 &
echo $! > FOLDER/$name.pid
for _ in {1..600}; do
  grep -qx ready FOLDER/$name.log && exit 0
  kill -0 $! 2>/dev/null || break
  sleep 0.1
done
cat FOLDER/$name.log
exit 1
"""
CLI = """#!/bin/bash
export PETREL_GATEWAY=http://127.0.0.1:CLOUD_PORT
export PETREL_TOKEN_FILE=FOLDER/cloud-1/admin-token
BIN/faas-cli "$@"
"""


def blocks(title):
    text = (SOURCE / "docs/operations.md").read_text()
    section = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.S)


class Operations(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.folder = self.scratch.folder
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        self.words = {"CLOUD_PORT": str(free_port()),
                      "EDGE_PORT": str(free_port()),
                      "LINK_PORT": str(free_port()),
                      "FOLDER": str(self.folder),
                      "BIN": str(BUILD.resolve() / "bin")}
        for name, text in (("faas-node", NODE), ("faas-cli", CLI)):
            for word, value in self.words.items():
                text = text.replace(word, value)
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        for name in ("cloud-1", "edge-1"):
            self.addCleanup(self.end, name)

    def pid(self, name):
        """Of the node, when it still is ours."""
        try:
            pid = int((self.folder / f"{name}.pid").read_text())
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if str(self.folder).encode() in line else None

    def end(self, name):
        if (pid := self.pid(name)) is None:
            return
        os.kill(pid, signal.SIGTERM)
        wait_until(f"end of {name}", lambda: self.pid(name) is None)

    def log(self, name):
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def type(self, block, given="", ok=True):
        """Types a block of the page; gives what was printed."""
        block = block.replace("cloud.example:8090",
                              f"127.0.0.1:{self.words['LINK_PORT']}")
        block = block.replace("0.0.0.0", "127.0.0.1")
        block = block.replace("DATA/", f"{self.folder}/cloud-1/")
        done = subprocess.run(
            ["bash", "-ec", block], cwd=self.folder, input=given,
            capture_output=True, text=True, timeout=2 * LIMIT,
            env={**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}"})
        seen = "\n".join([block, done.stdout, done.stderr,
                          self.log("cloud-1"), self.log("edge-1")])
        if ok:
            self.assertEqual(done.returncode, 0, seen)
        return done.stdout + done.stderr

    def state(self, name):
        return next((line for line in self.type("faas-cli nodes").splitlines()
                     if line.split()[:1] == [name]), "")

    def join(self, token_block, join_block):
        token = re.search(r"petrel1_\S+", self.type(token_block))[0]
        self.type(join_block.replace("petrel1_...", token))
        wait_until("edge-1 is connected",
                   lambda: "alive" in self.state("edge-1"))

    def test_every_command_on_nodes_bundles_and_secrets(self):
        start, token, join, revoke = blocks("Joining nodes")
        self.type(start)
        self.join(token, join)
        self.type(revoke)
        wait_until("edge-1 is refused", lambda: "alive" not in
                   self.state("edge-1") and "revoked" in self.log("edge-1"))
        self.end("edge-1")
        self.join(token, join)  # a new token lets it in again

        for block in blocks("Bundles"):
            self.type(block)
        cordon, = blocks("Taking a node out of service")
        for line in cordon.splitlines():
            self.type(line)
            if " cordon " in line:
                self.assertIn("cordoned", self.state("edge-1"))
            elif " drain " in line:
                self.assertIn("drained", self.state("edge-1"))
        wait_until("edge-1 is gone", lambda: not self.state("edge-1"))
        wait_until("edge-1 knows", lambda: "removed from the cluster"
                   in self.log("edge-1"))

        make, new_key = blocks("Secrets")
        self.assertIn("db-password", self.type(make))
        self.end("cloud-1")
        key, update = new_key.splitlines()
        self.type(key)
        self.type(start)
        update = update.replace("NAME", "db-password").split("#")[0]
        self.type(update, given="another value\n")
        self.assertIn("db-password", self.type("faas-cli secret list"))


if __name__ == "__main__":
    unittest.main()
