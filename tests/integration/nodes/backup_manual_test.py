"""The commands of docs/operations.md, "Backup and restore", line by line as they
stand there."""
import os
import re
import shutil
import subprocess
import unittest

from cluster import BUILD, LIMIT, SOURCE, Scratch, free_port

# The manual's commands use the default ports.
NODE = """#!/bin/bash
data=; for word in "$@"; do [ "$last" = --data ] && data=$word; last=$word; done
echo "$data" > {folder}/current
exec {real}/faas-node "$@" --set gateway.port={port} --set link.port=0 \
  >> {folder}/node.log 2>&1
"""
# A person types the next command when the node has said "ready".
CLI = """#!/bin/bash
for _ in {{1..600}}; do
  (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && break; sleep 0.1
done
export PETREL_TOKEN_FILE=$(cat {folder}/current)/admin-token
exec {real}/faas-cli "$@"
"""
# What an operator has by then, and what shows that the commands worked.
FILL = """
faas-cli secret create db --from-literal the-value-of-the-test
mkdir f && printf 'version: 1.0\\nprovider: {{name: openfaas}}\\nfunctions:\\n  hello:\\n    lang: cpp\\n    handler: ./f\\n    image: hello\\n    petrel: {{artifact: libhello.so, mode: threads}}\\n' > stack.yml
cp {library} f/libhello.so
faas-cli pack
faas-cli deploy --no-wait
"""
LOOK = """
faas-cli list -q | grep -qx hello || {{ echo "LOST after: {what}"; exit 9; }}
faas-cli secret list --json | grep -q '"db"' || {{ echo "LOST secret after: {what}"; exit 9; }}
echo "SEEN {what}"
"""


def blocks():
    text = (SOURCE / "docs/operations.md").read_text()
    section = text.split("\n## Backup and restore\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.S)


class Manual(unittest.TestCase):
    def setUp(self):
        if not shutil.which("redis-server"):
            self.skipTest("no redis-server here")
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.folder = self.scratch.folder
        port = free_port()
        self.gateway = f"http://127.0.0.1:{port}"
        (self.folder / "bin").mkdir()
        real = BUILD.resolve() / "bin"
        for name, text in (("faas-node", NODE), ("faas-cli", CLI)):
            program = self.folder / "bin" / name
            program.write_text(text.format(real=real, folder=self.folder,
                                           port=port))
            program.chmod(0o755)

    def script(self):
        library = (BUILD / "test-functions" / "hello.so").resolve()
        lines = ["set -e"]
        for number, block in enumerate(blocks()):
            if "$PWD/new" in block:  # that machine is lost
                lines.append("kill %%; wait %% || true")
            lines.append(block)
            if number == 0:
                lines.append(FILL.format(library=library))
            lines.append(LOOK.format(what=f"block {number}"))
        lines.append("kill %%; wait %% || true")
        return "\n".join(lines)

    def test_every_command_works_as_it_stands_there(self):
        count = len(blocks())
        self.assertGreaterEqual(count, 7)
        done = subprocess.run(
            ["bash", "-mc", self.script()], cwd=self.folder,
            capture_output=True, text=True, timeout=4 * LIMIT,
            env={**os.environ, "PETREL_GATEWAY": self.gateway,
                 "PATH": f"{self.folder}/bin:{os.environ['PATH']}"})
        seen = done.stdout + done.stderr + (self.folder
                                            / "node.log").read_text()
        pid = self.folder / "redis.pid"
        if pid.exists():  # broken off in between
            subprocess.run(["kill", pid.read_text().strip()], check=False)
        self.assertEqual(done.returncode, 0, seen)
        for number in range(count):
            self.assertIn(f"SEEN block {number}", done.stdout, seen)
        self.assertIn("catalog-000001-", done.stdout)  # the copies


if __name__ == "__main__":
    unittest.main()
