#!/usr/bin/python3
"""An HTTP front for Petrel's benchmark (docs/benchmark.md): each request goes to
the site with the fewest requests under way per server. It shows the interface;
it is no fast proxy.

    faas-lab run SCENARIO.yml --front mine=examples/routers/front.py
"""
import http.client
import http.server
import os
import socket
import threading

LOCAL = threading.local()  # connections of a thread, by site
LOCK = threading.Lock()
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Site:
    def __init__(self, text):
        self.name, address, servers = text.split("=")
        self.host, port = address.split(":")
        self.port, self.servers = int(port), int(servers)
        self.under_way = 0

    def ask(self, *request):
        known = LOCAL.__dict__.setdefault("connections", {})
        if self.name not in known:
            made = http.client.HTTPConnection(self.host, self.port, timeout=90)
            made.connect()
            made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            known[self.name] = made
        try:
            known[self.name].request(*request)
            answer = known[self.name].getresponse()
            return answer, answer.read()
        except (OSError, http.client.HTTPException):
            known.pop(self.name).close()
            raise


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {key: value for key, value in self.headers.items()
                   if key.lower() not in HOP}
        try:
            answer, text = self.ask_one(body, headers)
        except (OSError, http.client.HTTPException):
            return self.send_error(502)
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in HOP:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def ask_one(self, body, headers):
        refused = set()
        while True:
            with LOCK:
                site = min((s for s in SITES if s not in refused),
                           key=lambda s: (s.under_way / s.servers, s.name))
                site.under_way += 1
            try:
                return site.ask(self.command, self.path, body, headers)
            except ConnectionRefusedError:  # nothing was sent: another may
                refused.add(site)
                if len(refused) == len(SITES):
                    raise
            finally:
                with LOCK:
                    site.under_way -= 1

    do_GET = do_POST = forward

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256


SITES = [Site(text) for text in os.environ.get("FRONT_SITES", "").split()]

if __name__ == "__main__":
    Server(("127.0.0.1", int(os.environ["FRONT_PORT"])), Front).serve_forever()
