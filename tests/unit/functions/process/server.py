"""A program that serves HTTP, and misbehaves on request. One thread per
connection, raw sockets: it can send what a real server would not."""
import os
import signal
import socket
import sys
import threading
import time

CONNECTIONS = 0
ASKED_READY = 0


def read_request(stream):
    line = stream.readline()
    if not line:
        return None
    method, target, _ = line.decode().split()
    headers = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode().rstrip("\r\n").partition(": ")
        headers.append((name, value))
    size = int(dict((n.lower(), v) for n, v in headers).get(
        "content-length", 0))
    return method, target, headers, stream.read(size)


def answer(body, status="200 OK", *headers):
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def handle(method, target, headers, body, number):
    global ASKED_READY
    path = target.partition("?")[0]
    if path == "/echo":
        text = f"{method} {target}\n" + "".join(
            f"{n}: {v}\n" for n, v in headers)
        return answer(text.encode() + body, "201 Created",
                      "Content-Type: text/x", f"X-Connection: {number}",
                      "Connection: keep-alive, X-Hop", "X-Hop: 1")
    if path == "/connection":
        return answer(str(number))
    if path == "/pid":
        return answer(str(os.getpid()))
    if path == "/say":
        print(body.decode(), flush=True)
        time.sleep(float(os.environ.get("AFTER", "0")))
        return answer("said")
    if path == "/crash":
        print("about to crash", file=sys.stderr, flush=True)
        os._exit(3)
    if path == "/hang":
        threading.Event().wait()
    if path == "/late":  # until its own file is there
        while not os.path.exists(body.decode()):
            time.sleep(0.01)
        return answer("late")
    if path == "/twice":
        return answer("first") + answer("second")
    if path == "/garbage":
        return b"this is no HTTP\r\n\r\n"
    if path == "/half":
        return b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", True
    if path == "/big":
        return answer(b"x" * int(body))
    if path == "/close":
        return answer("closed soon"), True
    if path == "/print":
        line = b"y" * 99 + b"\n"
        for _ in range(int(body) // (1 << 20) + 1):
            os.write(1, line * 10485)
        os.write(1, b"z" * 100_000 + b"\n")
        return answer("printed")
    if path == "/ready":
        ASKED_READY += 1
        return answer("", "200 OK" if ASKED_READY > 2 else "503 Not Yet")
    if path == "/asked":
        return answer(str(ASKED_READY))
    return answer("what?", "404 Not Found")


def serve(connection, number):
    with connection, connection.makefile("rb") as stream:
        while request := read_request(stream):
            made = handle(*request, number)
            data, closes = made if isinstance(made, tuple) else (made, False)
            connection.sendall(data)
            if closes:
                return


def main():
    global CONNECTIONS
    if "stubborn" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.environ.get("PETREL_SOCKET"):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.environ["PETREL_SOCKET"])
    else:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(os.environ["PORT"])))
    listener.listen()
    print("serving", flush=True)
    while True:
        connection, _ = listener.accept()
        CONNECTIONS += 1
        threading.Thread(target=serve, args=(connection, CONNECTIONS),
                         daemon=True).start()


main()
