"""A program of the package, with the test as its node."""
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "src"
LIMIT = 60.0
AREA = 1 << 20


def text(what):
    return struct.pack("<I", len(what)) + what


class Program:
    """python3 -m petrel with this test as its node."""

    def __init__(self, source, areas=1, version=1, features=b"\1\0\0\0"):
        self.folder = tempfile.TemporaryDirectory()
        (pathlib.Path(self.folder.name) / "handler.py").write_text(source)
        self.link, theirs = socket.socketpair()
        self.link.settimeout(LIMIT)
        self.memory = os.memfd_create("bodies")
        os.ftruncate(self.memory, 2 * AREA * areas)
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-m", "petrel", "handler.py"],
            cwd=self.folder.name, pass_fds=(theirs.fileno(), self.memory),
            stderr=subprocess.PIPE, text=True, env={
                "PYTHONPATH": str(SOURCE), "PATH": os.environ["PATH"],
                "PETREL_WORKER_FD": str(theirs.fileno()),
                "PETREL_WORKER_MEMORY_FD": str(self.memory)})
        theirs.close()
        self.send(1, 0, struct.pack("<HHIQQ", version, areas, 65536, AREA,
                                    AREA) + features)

    def taken(self, number, what):
        self.send(4, number, bytes((what,)))

    def send(self, kind, call, payload):
        self.link.sendall(struct.pack("<IIQ", len(payload), kind, call)
                          + payload)

    def call(self, number, body=b"", path=b"/", area=0, size=None):
        self.send(2, number, struct.pack(
            "<QHHIQ", 60_000_000, area, 0 if size is None else 1, 0,
            len(body) if size is None else size)
            + text(b"id") + text(b"POST") + text(path) + 4 * text(b"") + body)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.link.recv(count - len(data))
            if not more:
                raise EOFError(self.process.stderr.read())
            data += more
        return data

    def frame(self):
        size, kind, call = struct.unpack("<IIQ", self.exactly(16))
        return kind, call, self.exactly(size)

    def end(self):
        """Closes the link; the program's exit status and last words."""
        self.link.close()
        said = self.process.communicate(timeout=LIMIT)[1]
        return self.process.returncode, said

    def close(self):
        self.link.close()
        self.process.kill()
        self.process.wait(LIMIT)
        self.process.stderr.close()
        os.close(self.memory)
        self.folder.cleanup()
