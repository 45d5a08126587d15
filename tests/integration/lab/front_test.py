"""examples/routers/front.py as faas-lab starts it, before sites of the test."""
import contextlib
import http.client
import http.server
import os
import pathlib
import socket
import subprocess
import sys
import threading
import unittest

SOURCE = pathlib.Path(os.environ.get("PETREL_SOURCE",
                                     pathlib.Path(__file__).parents[3]))
sys.path.insert(0, str(SOURCE / "tools"))
from lab import fronts  # noqa: E402
from lab.common import free_port, wait_until  # noqa: E402

LIMIT = 20.0  # of each wait, seconds


class Site:
    """Echoes what it is asked. `hold`: until release(); `drop`: it ends the
    connection in place of an answer."""

    def __init__(self, name, hold=False, drop=False):
        self.name = name
        self.seen = []  # (path, X-Lab-Event, body)
        self.changed = threading.Condition()
        self.released = threading.Event()
        if not hold:
            self.released.set()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with site.changed:
                    site.seen.append((self.path, self.headers["X-Lab-Event"],
                                      body))
                    site.changed.notify_all()
                if drop:
                    self.close_connection = True
                    return
                site.released.wait(LIMIT)
                self.send_response(200)
                self.send_header("Server-Timing", f"at;desc={site.name}")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       args=(0.02,), daemon=True)
        self.thread.start()

    def has_seen(self, count):
        with self.changed:
            return self.changed.wait_for(lambda: len(self.seen) >= count,
                                         LIMIT)

    def release(self):
        self.released.set()

    def close(self):
        self.release()
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def nobody():
    """A port of which every connection is refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


class Front(unittest.TestCase):
    def site(self, name, **how):
        made = Site(name, **how)
        self.addCleanup(made.close)
        return made

    def start(self, *sites):
        """The front's port; `sites`: (name, port, servers)."""
        for _ in range(5):  # another program may take the port first
            port = free_port()
            child = subprocess.Popen(
                [sys.executable, "-B", SOURCE / "examples/routers/front.py"],
                env={**os.environ, **fronts.environment(port, sites)},
                stderr=subprocess.DEVNULL)
            self.addCleanup(child.wait, LIMIT)
            self.addCleanup(child.kill)
            wait_until("start of the front", lambda: child.poll() is not None
                       or fronts.listens(port), LIMIT)
            if child.poll() is None:
                self.child = child
                return port
        self.fail("the front does not start")

    def ask(self, port, number):
        """(status, site that answered, body)"""
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
        with contextlib.closing(asked):
            asked.request("POST", "/function/work", f"body {number}",
                          {"X-Lab-Event": str(number)})
            answer = asked.getresponse()
            return (answer.status, answer.getheader("Server-Timing"),
                    answer.read())

    def test_requests_are_spread_by_servers_and_answered(self):
        a, b = self.site("a", hold=True), self.site("b", hold=True)
        port = self.start(("a", a.port, 2), ("b", b.port, 1))
        answers = {}

        def ask(number):
            answers[number] = self.ask(port, number)

        callers = [threading.Thread(target=ask, args=(n,), daemon=True)
                   for n in range(6)]
        for one in callers:
            one.start()
        # None is answered before all of them are under way.
        self.assertTrue(a.has_seen(4), f"a has {len(a.seen)} of 4")
        self.assertTrue(b.has_seen(2), f"b has {len(b.seen)} of 2")
        for site in (a, b):
            site.release()
        for one in callers:
            one.join(LIMIT)
        self.assertEqual(sorted(answers), list(range(6)))
        for number, (status, at, body) in answers.items():
            self.assertEqual((status, body), (200, b"body %d" % number))
            site = {"at;desc=a": a, "at;desc=b": b}[at]
            self.assertIn(("/function/work", str(number), body), site.seen)
        self.assertEqual((len(a.seen), len(b.seen)), (4, 2))
        # What was answered is under way no more: "a" is the first of two idle.
        for number in range(6, 9):
            self.assertEqual(self.ask(port, number)[1], "at;desc=a")

    def test_a_site_that_is_down_costs_no_request(self):
        b = self.site("b")
        with nobody() as down:  # first among equals, by its name
            port = self.start(("a", down, 1), ("b", b.port, 1))
            for number in range(6):
                self.assertEqual(self.ask(port, number), (
                    200, "at;desc=b", b"body %d" % number))
        self.assertEqual(len(b.seen), 6)

    def test_with_no_site_left_it_says_so_and_goes_on(self):
        with nobody() as one, nobody() as other:
            port = self.start(("a", one, 1), ("b", other, 1))
            for number in range(3):
                self.assertEqual(self.ask(port, number)[0], 502)
        self.assertIsNone(self.child.poll())

    def test_what_may_have_run_is_not_sent_again(self):
        a, b = self.site("a", drop=True), self.site("b")
        port = self.start(("a", a.port, 1), ("b", b.port, 1))
        self.assertEqual(self.ask(port, 1)[0], 502)
        self.assertEqual((len(a.seen), len(b.seen)), (1, 0))


if __name__ == "__main__":
    unittest.main()
