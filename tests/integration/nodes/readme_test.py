"""The commands of README.md, "From source to answer", as they stand there."""
import os
import re
import subprocess
import unittest

from cluster import BUILD, LIMIT, SOURCE, Scratch, free_port

NODE = """#!/bin/sh
exec {real}/faas-node "$@" --set gateway.port={port} --set node.data={folder}/data \
  >{folder}/node.log 2>&1
"""
# A person types the next command when the node has said "ready".
CLI = """#!/bin/bash
for _ in {{1..600}}; do grep -qx ready {folder}/node.log && break; sleep 0.1; done
exec {real}/faas-cli "$@"
"""


def commands():
    """The sh block and the function's source of that section."""
    text = (SOURCE / "README.md").read_text()
    section = text.split("## From source to answer")[1].split("\n## ")[0]
    shell = re.search(r"```sh\n(.*?)```", section, re.S)[1]
    source = re.search(r"```cpp\n(.*?)```", section, re.S)[1]
    return shell, source


class Readme(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.folder = self.scratch.folder
        self.bin = self.folder / "build/release/bin"
        self.bin.mkdir(parents=True)
        self.port = free_port()
        real = BUILD.resolve() / "bin"
        for name, text in (("faas-node", NODE), ("faas-cli", CLI)):
            program = self.bin / name
            program.write_text(text.format(real=real, folder=self.folder,
                                           port=self.port))
            program.chmod(0o755)

    def test_a_function_from_source_to_answer(self):
        shell, source = commands()
        script = f"set -e\n{shell}\ncat hello.cpp\nkill %1\nwait %1 || true\n"
        done = subprocess.run(
            ["bash", "-mc", script], cwd=self.folder, capture_output=True,
            text=True, timeout=3 * LIMIT,
            env={**os.environ, "PETREL_GATEWAY":
                 f"http://127.0.0.1:{self.port}",
                 "PETREL_TOKEN_FILE": f"{self.folder}/data/admin-token"})
        log = self.folder / "node.log"
        seen = done.stdout + done.stderr
        if log.exists():
            seen += log.read_text()
        self.assertEqual(done.returncode, 0, seen)
        self.assertIn("Hello, Ada", done.stdout, seen)
        self.assertIn(source, done.stdout)  # what `new` writes is shown there


if __name__ == "__main__":
    unittest.main()
