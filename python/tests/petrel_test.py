"""The Python package without a node: events, answers, frames, the test
runner, and a link whose other end is this test."""
import asyncio
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "src"))

import petrel  # noqa: E402
import petrel.openfaas  # noqa: E402
import petrel.testing  # noqa: E402
from petrel import _wire  # noqa: E402
from petrel._event import Event, response_of  # noqa: E402
from program import AREA, LIMIT, SOURCE, Program, text  # noqa: E402


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
