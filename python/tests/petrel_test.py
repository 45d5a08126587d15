"""The Python package without a node: events, answers, frames, the test
runner, and a link whose other end is this test."""
import asyncio
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "src"
sys.path.insert(0, str(SOURCE))

import petrel  # noqa: E402
import petrel.openfaas  # noqa: E402
import petrel.testing  # noqa: E402
from petrel import _wire  # noqa: E402
from petrel._event import Event, response_of  # noqa: E402

LIMIT = 60.0
AREA = 1 << 20


@petrel.function
def mirror(event):
    event.log.info("seen")
    return bytes(reversed(event.body))


@petrel.function
async def later(event):
    await asyncio.sleep(0)
    return {"path": event.path}


class Answers(unittest.TestCase):
    def test_what_a_handler_may_return(self):
        for value, body, kind in (
                (None, b"", ""),
                (b"x", b"x", "application/octet-stream"),
                (bytearray(b"x"), b"x", "application/octet-stream"),
                ("é", "é".encode(), "text/plain; charset=utf-8"),
                ({"a": [1]}, b'{"a":[1]}', "application/json"),
                (3, b"3", "application/json"),
                (petrel.Response("x", content_type="a/b"), b"x", "a/b"),
                (petrel.Response("x", headers={"Content-Type": "c/d"}), b"x",
                 "c/d")):
            made = response_of(value)
            self.assertEqual((bytes(made.body), made.content_type),
                             (body, kind))

    def test_what_it_may_not(self):
        for wrong in ({"status": 99}, {"status": 600},
                      {"headers": {"a b": "c"}},
                      {"headers": {"a": "b\r\nc: d"}},
                      {"content_type": "a\nb"}):
            with self.assertRaises(ValueError, msg=str(wrong)):
                petrel.Response(b"", **wrong)
        with self.assertRaises(TypeError):
            response_of(object())

    def test_headers_have_no_case(self):
        event = Event(headers=[("X-A", "1"), ("x-a", "2"), ("B", "3")])
        self.assertEqual(event.headers["x-A"], "1")
        self.assertEqual(event.headers.get_all("X-a"), ["1", "2"])
        self.assertEqual(len(event.headers), 2)
        self.assertEqual(list(event.headers), ["X-A", "B"])
        self.assertIsNone(event.headers.get("c"))


class OpenFaas(unittest.TestCase):
    """Handlers of OpenFaaS's templates, as they are."""

    def test_python3_http(self):
        def handle(event, context):
            return {"statusCode": 201, "headers": {"X-A": 1},
                    "body": {"method": event.method, "path": event.path,
                             "q": event.query.get("q"),
                             "all": event.query.getlist("q"),
                             "type": event.headers.get("content-type"),
                             "host": bool(context.hostname),
                             "body": event.body.decode()}}
        answer = petrel.testing.call(
            petrel.openfaas.adapt(handle), b"x", method="PUT", path="/a%20b",
            query="q=1&q=2", content_type="a/b")
        self.assertEqual((answer.status, answer.headers),
                         (201, [("X-A", "1")]))
        self.assertEqual(answer.json(), {
            "method": "PUT", "path": "/a b", "q": "1", "all": ["1", "2"],
            "type": "a/b", "host": True, "body": "x"})

    def test_what_else_it_may_return(self):
        for said, status, body in (("text", 200, b"text"), (b"b", 200, b"b"),
                                   ({"statusCode": 404}, 404, b""),
                                   ({"other": 1}, 200, b'{"other":1}')):
            answer = petrel.testing.call(
                petrel.openfaas.adapt(lambda event, context: said))
            self.assertEqual((answer.status, answer.body), (status, body))

    def test_python3(self):
        answer = petrel.testing.call(
            petrel.openfaas.adapt(lambda req: req.upper()), "hé")
        self.assertEqual(answer.text, "HÉ")


class TestRunner(unittest.TestCase):
    def test_a_handler_is_called_as_the_node_would(self):
        answer = petrel.testing.call(mirror, b"abc")
        self.assertEqual((answer.status, answer.body), (200, b"cba"))
        self.assertEqual(answer.log, [(1, "seen")])

    def test_an_async_one_too(self):
        answer = petrel.testing.call(later, path="/x")
        self.assertEqual(answer.json(), {"path": "/x"})

    def test_time_and_cancellation(self):
        def handle(event):
            return f"{event.remaining() < 5} {event.cancelled}"
        self.assertEqual(petrel.testing.call(handle, timeout=5).text,
                         "True False")
        self.assertEqual(
            petrel.testing.call(handle, cancelled=True).text, "False True")

    def test_what_it_raises_is_raised(self):
        def handle(event):
            raise KeyError("x")
        with self.assertRaises(KeyError):
            petrel.testing.call(handle)


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


SENT, KEPT, STOP = 0, 1, 2
ANSWER, FAILURE, PART = 17, 18, 20

GENERATORS = {
    "sync": """
import petrel
@petrel.function
def f(event):
    try:
        for i in range(int(event.body.decode() or 3)):
            yield f"part {i};"
    finally:
        event.log.info("over")
""",
    "async": """
import asyncio, petrel
@petrel.function
async def f(event):
    try:
        for i in range(int(event.body.decode() or 3)):
            await asyncio.sleep(0)
            yield f"part {i};"
    finally:
        event.log.info("over")
"""}


class InParts(unittest.TestCase):
    """Handlers that are generators."""

    def each(self, **how):
        for name, source in GENERATORS.items():
            with self.subTest(name):
                program = Program(source, **how)
                self.addCleanup(program.close)
                program.frame()
                yield program

    def test_what_it_yields_is_sent_at_once(self):
        for program in self.each():
            for number in (1, 2):
                program.call(number)
                for i in range(3):
                    kind, call, payload = program.frame()
                    self.assertEqual((kind, call), (PART, number))
                    self.assertTrue(payload.endswith(b"part %d;" % i))
                    self.assertIn(b"text/plain", payload)
                    program.taken(number, SENT)
                self.assertEqual(program.frame()[0], 19)
                kind, call, payload = program.frame()
                self.assertEqual((kind, call), (ANSWER, number))
                self.assertEqual(payload[8:16], bytes(8))
            self.assertEqual(program.end(), (0, ""))

    def test_it_waits_until_a_part_is_taken(self):
        for program in self.each():
            program.call(1)
            self.assertEqual(program.frame()[0], PART)
            program.link.settimeout(0.2)
            with self.assertRaises(TimeoutError):
                program.frame()

    def test_wanted_whole_it_is_gathered(self):
        for program in self.each():
            program.call(1)
            self.assertEqual(program.frame()[0], PART)
            program.taken(1, KEPT)
            self.assertEqual(program.frame()[0], 19)
            kind, _, payload = program.frame()
            self.assertEqual(kind, ANSWER)
            self.assertTrue(payload.endswith(b"part 0;part 1;part 2;"))

    def test_older_nodes_get_it_whole(self):
        for program in self.each(features=b""):
            program.call(1)
            self.assertEqual(program.frame()[0], 19)
            kind, _, payload = program.frame()
            self.assertEqual(kind, ANSWER)
            self.assertTrue(payload.endswith(b"part 0;part 1;part 2;"))

    def test_it_is_closed_when_nobody_waits(self):
        for program in self.each():
            program.call(1, b"1000000000")
            self.assertEqual(program.frame()[0], PART)
            program.taken(1, STOP)
            self.assertEqual([program.frame()[0] for _ in range(2)],
                             [19, FAILURE])
            program.call(2)  # it goes on
            self.assertEqual(program.frame()[:2], (PART, 2))

    def test_cancelled_between_parts(self):
        for program in self.each():
            program.call(1, b"1000000000")
            self.assertEqual(program.frame()[0], PART)
            program.send(3, 1, b"")
            program.taken(1, STOP)
            self.assertEqual([program.frame()[0] for _ in range(2)],
                             [19, FAILURE])

    def test_a_large_part_goes_in_pieces(self):
        program = Program("import petrel\n@petrel.function\ndef f(event):\n"
                          "    yield b'x' * 150_000\n")
        self.addCleanup(program.close)
        program.frame()
        program.call(1)
        sizes = []
        while True:
            kind, _, payload = program.frame()
            if kind != PART:
                break
            sizes.append(struct.unpack_from("<HHIQ", payload)[3])
            program.taken(1, SENT)
        self.assertEqual(sizes, [65536, 65536, 150_000 - 2 * 65536])

    def test_what_is_no_part_is_told(self):
        for value, said in (("{'a': 1}", b"must be bytes or str, not dict"),
                            ("1 / 0", b"division by zero")):
            program = Program("import petrel\n@petrel.function\n"
                              f"def f(event):\n    yield {value}\n")
            self.addCleanup(program.close)
            program.frame()
            program.call(1)
            self.assertEqual(program.frame()[0], 19)
            kind, _, payload = program.frame()
            self.assertEqual(kind, FAILURE)
            self.assertIn(said, payload)

    def test_a_response_with_status_and_type(self):
        def handle(event):
            return petrel.Response((f"data: {i}\n\n" for i in range(2)),
                                   status=201,
                                   content_type="text/event-stream")
        answer = petrel.testing.call(handle)
        self.assertEqual((answer.status, answer.content_type, answer.parts),
                         (201, "text/event-stream",
                          [b"data: 0\n\n", b"data: 1\n\n"]))


class Frames(unittest.TestCase):
    def program(self, source, **how):
        made = Program(source, **how)
        self.addCleanup(made.close)
        return made

    def test_calls_are_answered_until_the_link_closes(self):
        program = self.program(
            "import petrel\n@petrel.function\ndef f(event):\n"
            "    return bytes(reversed(bytes(event.body)))\n")
        kind, _, payload = program.frame()
        self.assertEqual((kind, payload[:4]), (16, struct.pack("<HH", 1, 1)))
        for number in (1, 2):
            program.call(number, b"abc")
            kind, call, payload = program.frame()
            self.assertEqual((kind, call), (17, number))
            self.assertTrue(payload.endswith(b"cba"))
        os.pwrite(program.memory, b"y" + b"x" * 99_999, 0)
        program.call(3, size=100_000)
        _, _, payload = program.frame()
        self.assertEqual(struct.unpack_from("<HHIQ", payload),
                         (200, 1, 0, 100_000))
        self.assertEqual(os.pread(program.memory, 100_000, AREA),
                         b"x" * 99_999 + b"y")
        self.assertEqual(program.end(), (0, ""))

    def test_a_cancelled_sync_handler_finds_out(self):
        program = self.program(
            "import petrel\n@petrel.function\ndef f(event):\n"
            "    event.log.info('running')\n"
            "    while not event.cancelled:\n        pass\n"
            "    return 'noticed'\n")
        program.frame()
        program.call(1)
        self.assertEqual(program.frame()[0], 19)
        program.send(3, 1, b"")
        self.assertTrue(program.frame()[2].endswith(b"noticed"))
        self.assertEqual(program.end()[0], 0)

    def test_async_calls_overlap_and_end_out_of_order(self):
        program = self.program(
            "import asyncio, petrel\nevents = {}\n@petrel.function\n"
            "async def f(event):\n"
            "    if event.path == '/set':\n        first.set()\n"
            "    elif event.path == '/wait':\n        await first.wait()\n"
            "    elif event.path == '/forever':\n"
            "        await asyncio.sleep(10000)\n"
            "    return event.path\n"
            "first = asyncio.Event()\n", areas=3)
        _, _, payload = program.frame()
        self.assertEqual(payload[:4], struct.pack("<HH", 1, 3))
        program.call(1, path=b"/wait")
        program.call(2, path=b"/forever", area=1)
        program.call(3, path=b"/set", area=2)
        self.assertEqual([program.frame()[1] for _ in range(2)], [3, 1])
        program.send(3, 2, b"")
        self.assertEqual(program.frame()[:2], (18, 2))  # cancelled
        self.assertEqual(program.end()[0], 0)

    def test_an_exception_becomes_a_failure_and_a_log_line(self):
        program = self.program(
            "import petrel\n@petrel.function\ndef f(event):\n"
            "    raise ValueError('why')\n")
        program.frame()
        program.call(1)
        kind, call, payload = program.frame()
        self.assertEqual((kind, call, payload[0]), (19, 1, 3))
        self.assertIn(b"Traceback", payload)
        self.assertEqual(program.frame(), (18, 1, text(b"ValueError: why")))

    def test_another_version_is_refused(self):
        program = self.program("", version=9)
        status, said = program.process.wait(LIMIT), None
        said = program.process.stderr.read()
        self.assertNotEqual(status, 0)
        self.assertIn("version 9", said)

    def test_a_file_without_one_handler_says_so(self):
        for source, part in (("", "has 0 handlers"),
                             ("import petrel\nf = petrel.function(print)\n"
                              "g = petrel.function(len)\n", "2 handlers"),
                             ("raise KeyError('x')", "KeyError")):
            program = self.program(source)
            self.assertEqual(program.process.wait(LIMIT), 1)
            self.assertIn(part, program.process.stderr.read())

    def test_any_bytes_of_the_node_are_taken(self):
        for junk in (b"\xff" * 64, struct.pack("<IIQ", 4, 2, 1) + b"abcd"):
            program = self.program(
                "import petrel\n@petrel.function\ndef f(event):\n    pass\n")
            program.frame()
            program.link.sendall(junk)
            self.assertEqual(program.process.wait(LIMIT), 1)

    def test_without_a_node_it_says_what_to_do(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "h.py"
            path.write_text("import petrel\n@petrel.function\n"
                            "def f(event):\n    pass\n")
            done = subprocess.run(
                [sys.executable, "-B", "-m", "petrel", str(path)],
                capture_output=True, text=True, timeout=LIMIT,
                env={"PYTHONPATH": str(SOURCE)})
        self.assertEqual(done.returncode, 1)
        self.assertIn("petrel.testing.call", done.stderr)


if __name__ == "__main__":
    unittest.main()
