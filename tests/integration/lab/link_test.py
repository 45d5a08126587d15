"""link-emulator with several targets on one link."""
import os
import pathlib
import socket
import socketserver
import subprocess
import threading
import unittest

EMULATOR = (pathlib.Path(os.environ.get("PETREL_BUILD", "build/dev")) / "bin"
            / "link-emulator")
SECONDS = 60


class Says(socketserver.ThreadingTCPServer):
    """Answers each byte by its own letter."""
    daemon_threads = True

    def __init__(self, letter):
        self.letter = letter
        super().__init__(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    def close(self):
        self.shutdown()
        self.server_close()
        self.thread.join()


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(1):
            self.request.sendall(self.server.letter)


class Link(unittest.TestCase):
    def setUp(self):
        targets = [Says(b"a"), Says(b"b"), Says(b"c")]
        for one in targets:
            self.addCleanup(one.close)
        words = [word for one in targets for word in
                 ("--to", "127.0.0.1:%d" % one.server_address[1])]
        self.emulator = subprocess.Popen(
            [EMULATOR, *words, "--rtt", "1"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.emulator.communicate, timeout=SECONDS)
        word, *ports = self.emulator.stdout.readline().split()
        self.assertEqual((word, len(set(ports))), ("listening", 3))
        self.ends = []
        for port in ports:
            end = socket.create_connection(("127.0.0.1", int(port)), SECONDS)
            self.addCleanup(end.close)
            self.ends.append(end)

    def test_each_port_leads_to_its_target(self):
        for end in self.ends:
            end.sendall(b"?")
        self.assertEqual([end.recv(1) for end in self.ends],
                         [b"a", b"b", b"c"])

    def test_a_command_is_for_all_of_them(self):
        for end in self.ends:  # all are through
            end.sendall(b"?")
            end.recv(1)
        self.emulator.stdin.write("drop\n")
        self.emulator.stdin.flush()
        self.assertEqual([end.recv(1) for end in self.ends], [b"", b"", b""])


if __name__ == "__main__":
    unittest.main()
