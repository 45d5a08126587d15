"""lab-player alone, in front of a server that does what the path says."""
import csv
import http.server
import io
import os
import pathlib
import subprocess
import threading
import time
import unittest

PLAYER = (pathlib.Path(os.environ.get("PETREL_BUILD", "build/dev")) / "bin"
          / "lab-player")
NAMES = "at_ms,path,size,bytes,work_ms\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, len(body),
                                 self.headers["X-Lab-Size"],
                                 self.headers["X-Lab-Work"]))
        if self.path == "/hold":  # until another event has been answered
            self.server.others.wait(30)
        if self.path == "/drop":
            self.close_connection = True
            return
        self.send_response(503 if self.path == "/busy" else 200)
        self.send_header("Content-Length", "2")
        self.send_header("X-Faas-Site", "edge/cpu")
        self.send_header("Server-Timing",
                         "queue;dur=1.5, service;dur=20.25, total;dur=30")
        self.end_headers()
        self.wfile.write(b"ok")
        self.server.others.set()

    def log_message(self, *_):
        pass


class Player(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.server.daemon_threads = True
        self.server.seen, self.server.others = [], threading.Event()
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def play(self, lines, ahead_s=0.2):
        begin = time.monotonic_ns() + int(ahead_s * 1e9)
        return subprocess.run(
            [PLAYER, str(self.server.server_address[1]), str(begin)],
            input=NAMES + lines, capture_output=True, text=True, timeout=60)

    def rows(self, done):
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        made = csv.DictReader(io.StringIO(done.stdout))
        return {int(row["id"]): row for row in made}

    def test_an_event_does_not_wait_for_the_one_before(self):
        rows = self.rows(self.play("0,/hold,1,10,1\n5,/f,2.5,0,7.25\n"))
        self.assertEqual([rows[i]["status"] for i in (0, 1)], ["200", "200"])
        # The held one was answered after the one that came later.
        self.assertGreater(float(rows[0]["latency_ms"]), 5)
        self.assertIn(("/f", 0, "2.5", "7.25"), self.server.seen)
        self.assertIn(("/hold", 10, "1", "1"), self.server.seen)

    def test_latency_counts_from_the_intended_time(self):
        # All of these should have been sent a second ago.
        rows = self.rows(self.play("0,/f,1,0,1\n1,/f,1,0,1\n", ahead_s=-1.0))
        for row in rows.values():
            self.assertGreaterEqual(float(row["latency_ms"]), 999)
            self.assertGreaterEqual(float(row["sent_ms"]), 999)

    def test_parts_and_failures_are_told(self):
        rows = self.rows(self.play("0,/f,1,0,1\n1,/busy,1,0,1\n2,/drop,1,0,1\n"
                                   "3,/f,1,0,1\n"))
        self.assertEqual([rows[i]["status"] for i in range(4)],
                         ["200", "503", "599", "200"])
        self.assertEqual((rows[0]["site"], rows[0]["queue_ms"],
                          rows[0]["service_ms"], rows[0]["cold_ms"],
                          rows[0]["total_ms"]),
                         ("edge/cpu", "1.5", "20.25", "", "30"))

    def test_nobody_there_is_a_failed_event(self):
        self.server.shutdown()
        self.server.server_close()
        rows = self.rows(self.play("0,/f,1,0,1\n"))
        self.assertEqual(rows[0]["status"], "599")

    def test_wrong_events_are_refused(self):
        for lines in ("1,/f,1\n", "nonsense\n", "1,/f,1,99999999,1\n"):
            done = self.play(lines)
            self.assertEqual(done.returncode, 2, lines)
            self.assertIn("no event", done.stderr)
            self.assertEqual(self.server.seen, [])


if __name__ == "__main__":
    unittest.main()
